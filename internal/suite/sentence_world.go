package suite

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// worldSentence reads what the world around the calls is like.
func worldSentence(w *words) (action, bool) {
	switch {
	case w.take("clock"):
		return clockSentence(w), true
	case w.take("time zone"):
		zone := w.text("the name of the time zone")
		if _, err := time.LoadLocation(zone); err != nil && w.err == nil {
			w.next--
			w.fail("there is no time zone %q", zone)
		}
		return func(d *director) error { d.house.zone = zone; return nil }, true
	case w.take("extensions"):
		var list []voice.Digits
		for !w.over() {
			list = append(list, w.keys())
		}
		return func(d *director) error { d.house.extensions = list; return nil }, true
	case w.take("may show"):
		n := w.text("a number")
		return func(d *director) error { d.house.shows = append(d.house.shows, n); return nil }, true
	case w.take("rescue app"):
		id := w.text("the app")
		return func(d *director) error { d.house.rescuer = voice.AppID(id); return nil }, true
	case w.take("sound"):
		return soundSentence(w), true
	case w.take("room"):
		return roomSentence(w), true
	case w.take("queue"):
		return queueSentence(w), true
	case w.take("web"):
		return webSentence(w), true
	case w.take("refer"):
		return referSentence(w), true
	case w.take("server stops"):
		return func(d *director) error { d.stopServer(); return nil }, true
	}
	for service, say := range map[string]string{"sms": "sms fails", "recogniser": "speech recognition fails", "storage": "storage fails",
		"records": "records fail", "queues": "queues fail", "account": "account fails", "mailboxes": "mailboxes fail", "extensions": "extensions fail"} {
		if w.take(say) {
			return func(d *director) error { d.house.refuses[service] = true; return nil }, true
		}
	}
	return nil, false
}

// clockSentence reads "clock 2026-12-24 10:30 [Europe/Stockholm]".
func clockSentence(w *words) action {
	at := w.place()
	day, hour := w.text("the date, as 2026-12-24,"), w.text("the time, as 10:30,")
	zone := "UTC"
	if !w.over() {
		zone = w.text("the time zone")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		w.failAt(at, "there is no time zone %q", zone)
		return nil
	}
	form := "2006-01-02 15:04"
	if strings.Count(hour, ":") == 2 {
		form += ":05"
	}
	t, err := time.ParseInLocation(form, day+" "+hour, loc)
	if err != nil {
		w.failAt(at, `a clock is set as "clock 2026-12-24 10:30 Europe/Stockholm"`)
	}
	return func(d *director) error { return d.setClock(t) }
}

func soundSentence(w *words) action {
	text := w.span("the sound", "lasts", "is")
	switch {
	case w.take("lasts"):
		t := w.duration()
		return func(d *director) error { d.house.sounds = append(d.house.sounds, soundRule{text, t}); return nil }
	case w.take("is missing"):
		return func(d *director) error { d.house.sounds = append(d.house.sounds, soundRule{text, -1}); return nil }
	}
	w.fail(`a sound "lasts 10s" or "is missing"`)
	return nil
}

func roomSentence(w *words) action {
	name := w.text("the room")
	switch {
	case w.take("is full"):
		return func(d *director) error { d.world.FillRoom(name); return nil }
	case w.take("ends"):
		return func(d *director) error { d.world.EndRoom(name); return nil }
	}
	w.fail(`a room "is full" or "ends"`)
	return nil
}

func queueSentence(w *words) action {
	name := w.text("the queue")
	switch {
	case w.take("has"):
		n := w.count("how many wait", 0, 1000)
		w.must("ahead")
		return func(d *director) error { d.house.line(name).strangers(n); return nil }
	case w.take("moves"):
		return func(d *director) error { return d.moves(name) }
	}
	w.fail(`a queue "has 2 ahead" or "moves"`)
	return nil
}

// webSentence reads "web [POST] URL answers 200 {…} [after 5s]", "web URL fails" and
// "web URL is silent". The body is the rest of the line, or a quotation.
func webSentence(w *words) action {
	a := webAnswer{}
	if slices.Contains(methods, w.peek()) {
		a.method = strings.ToUpper(w.text(""))
	}
	a.url = w.text("the address")
	switch {
	case w.take("fails"):
		a.fails = true
	case w.take("is silent"):
		a.silent = true
	case w.take("answers"):
		if w.take("after") {
			a.after = w.duration()
		}
		a.status = w.count("the status", 100, 599)
		switch {
		case w.over():
		case w.all[w.next].quoted:
			a.body = w.text("the body")
		default:
			a.body = w.rest("the body")
		}
	default:
		w.fail(`an address "answers 200 {…}", "fails" or "is silent"`)
	}
	return func(d *director) error { d.house.setWeb(a); return nil }
}

// referSentence reads what the caller's side does that is asked to call elsewhere.
func referSentence(w *words) action {
	ends := map[string]voice.TransferEnd{"is taken": voice.TransferDone, "finds it busy": voice.TransferBusy, "finds nobody": voice.TransferNoAnswer,
		"fails": voice.TransferFailed, "is refused": voice.TransferRefused}
	for say, end := range ends {
		if w.take(say) {
			var after time.Duration
			if w.take("after") {
				after = w.duration()
			}
			return func(d *director) error { d.house.refer.End, d.house.refer.After = end, cmp.Or(after, 0); return nil }
		}
	}
	w.fail("a REFER is taken, finds it busy, finds nobody, fails or is refused")
	return nil
}
