package suite

import (
	"slices"
	"strings"

	"tandem/internal/voice"
)

// expectSentence reads what is expected of a caller's call.
func expectSentence(w *words, who ref) (action, bool) {
	e := expectation{who: who}
	switch {
	case w.take("hears nothing for"):
		t := w.duration()
		return func(d *director) error { return d.silence(who, t) }, true
	case w.take("hears all of"):
		e.class, e.text = classHear, w.span("what is heard")
		e.what, e.out = "hears all of "+quote(e.text), true
		return e.read(w, func(_ *director, e *expectation) { e.match = prompt(e.text) }), true
	case w.take("hears"):
		e.class, e.text = classHear, w.span("what is heard")
		e.what = "hears " + quote(e.text)
		return e.read(w, func(_ *director, e *expectation) { e.match = prompt(e.text) }), true
	case w.take("never hears"):
		text := w.span("what is never heard")
		return func(d *director) error { d.never(who, classHear, text); return nil }, true
	case w.take("never"):
		text := w.span("what never happens")
		return func(d *director) error { d.never(who, classAny, text); return nil }, true
	case w.take("is transferred to"), w.take("dials out to"):
		return e.to(w, "is transferred to ", classDial, dialled), true
	case w.take("is connected to"), w.take("talks with"):
		return e.to(w, "is connected to ", classTalk, connected), true
	case w.take("goes on in app"):
		return e.about(w, "goes on in app ", "the app", classApp, entered), true
	case w.take("is in queue"):
		return e.about(w, "is in queue ", "the queue", classQueue, func(s string) matcher { return says("in queue "+s, "") }), true
	case w.peekAt(3) == "in" && w.take("is number"):
		n := w.text("the place")
		w.must("in queue")
		return e.about(w, "is number "+n+" in queue ", "the queue", classQueue, func(s string) matcher { return says("place "+n+" in queue "+s, "") }), true
	case w.take("joins room"):
		return e.about(w, "joins room ", "the room", classRoom, func(s string) matcher { return room(voice.EventRoomJoined, s) }), true
	case w.take("leaves room"):
		return e.about(w, "leaves room ", "the room", classRoom, func(s string) matcher { return room(voice.EventRoomLeft, s) }), true
	case w.take("is recorded"):
		e.class, e.what = classRecord, "is recorded"
		return e.read(w, func(_ *director, e *expectation) { e.match = kindIs(voice.EventRecordingFinished) }), true
	case w.take("is put on record"):
		e.class, e.what = classRecord, "is put on record"
		return e.read(w, func(_ *director, e *expectation) { e.match = kindIs(voice.EventRecordingStarted) }), true
	}
	return nil, false
}

// about reads an expectation that a name ends.
func (e expectation) about(w *words, says, what, class string, m func(string) matcher) action {
	e.class, e.text = class, w.span(what)
	e.what = says + e.text
	return e.read(w, func(_ *director, e *expectation) { e.match = m(e.text) })
}

// to reads an expectation about a party.
func (e expectation) to(w *words, says, class string, m func(d *director, to ref) matcher) action {
	to := w.party()
	e.class, e.what = class, says+to.String()
	return e.read(w, func(d *director, e *expectation) { e.match = m(d, to) })
}

// read reads when an expected event has to be, and gives what waits for it; bind
// gives the expectation its matcher.
func (e expectation) read(w *words, bind func(*director, *expectation)) action {
	e.next, w.then = w.then, false
	for !w.over() {
		switch {
		case isDuration(w.peek()) && w.peekAt(1) == "later":
			e.later, e.timed = w.duration(), true
			w.must("later")
		case w.take("after"):
			e.quiet, e.silent = w.duration(), true
			w.must("of silence")
		default:
			w.fail(`only "6s later" or "after 6s of silence" may follow`)
		}
	}
	return func(d *director) error {
		e := e
		bind(d, &e)
		return d.expect(&e)
	}
}

// causes are the words for why calls end.
var causes = []voice.Cause{voice.CauseNormal, voice.CauseBusy, voice.CauseNoAnswer, voice.CauseRejected, voice.CauseNotFound, voice.CauseUnavailable,
	voice.CauseCancelled, voice.CausePolicy, voice.CauseMedia, voice.CauseMaxDuration, voice.CauseShutdown, voice.CauseFailed}

// callSentence reads "call ends [as busy] [because TEXT]".
func callSentence(w *words, who ref) action {
	e := expectation{who: who, class: classEnd, what: "call ends"}
	if w.take("goes on in app") {
		return e.about(w, "goes on in app ", "the app", classApp, entered)
	}
	w.must("ends")
	cause := voice.Cause("")
	for !w.over() && (w.peek() == "as" || w.peek() == "because") {
		if w.take("as") {
			at := w.place()
			cause = voice.Cause(strings.ToLower(w.span("a cause", "because")))
			if w.err == nil && !slices.Contains(causes, cause) {
				w.failAt(at, "%q is no cause; the causes are %s", cause, causeWords())
			}
			e.what += " as " + string(cause)
			continue
		}
		w.must("because")
		e.text = w.span("the reason", "as")
		e.what += " because " + quote(e.text)
	}
	return e.read(w, func(_ *director, e *expectation) { e.match = ended(cause, e.text) })
}

func causeWords() string {
	list := make([]string, len(causes))
	for i, c := range causes {
		list[i] = string(c)
	}
	return strings.Join(list, ", ")
}

// flowSentence reads what the flow does beside the call: "flow asks [POST] URL [with
// TEXT]", "flow keeps a record of TOPIC", "flow fails because TEXT".
func flowSentence(w *words) action {
	e := expectation{class: classOutside}
	switch {
	case w.take("asks"):
		method := ""
		if slices.Contains(methods, w.peek()) {
			method = strings.ToUpper(w.text(""))
		}
		url := w.text("the address")
		with := ""
		e.what = strings.TrimSpace("flow asks "+method) + " " + url
		if w.take("with") {
			with = w.span("what it is asked with")
			e.what += " with " + quote(with)
		}
		return e.read(w, func(_ *director, e *expectation) { e.match = asked(method, url, with) })
	case w.take("keeps a record of"):
		return e.about(w, "flow keeps a record of ", "the topic", classOutside, func(s string) matcher { return says("keeps a record of "+s, "") })
	case w.take("fails because"):
		return e.about(w, "flow fails because ", "the reason", classError, func(s string) matcher { return kindSays(voice.EventFlowError, s) })
	case w.take("tells the application"):
		e.what = "flow tells the application"
		return e.read(w, func(_ *director, e *expectation) { e.match = kindIs(voice.EventNotice) })
	}
	w.fail("a flow asks an address, keeps a record of something or fails because of something")
	return nil
}

// logSentence reads "log TEXT": anything that the timeline says.
func logSentence(w *words) action {
	e := expectation{class: classAny, text: w.span("what the timeline says")}
	e.what = "log " + quote(e.text)
	return e.read(w, func(_ *director, e *expectation) { e.match = says(e.text, "") })
}

var methods = []string{"get", "post", "put", "delete"}
