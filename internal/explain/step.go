package explain

import (
	"cmp"
	"strings"
	"time"

	"tandem/internal/voice"
)

// step takes a step of the flow: its beginning, what it does, or its exit. The
// names of steps and exits are those of package flow, as they stand on timelines.
func (s *story) step(e voice.Event) {
	kind, node, exit := e.Data["step"], e.Data["node"], e.Data["exit"]
	if exit == "" {
		s.begins(e, kind, node)
		return
	}
	switch kind {
	case "gather":
		s.answers(e, node, exit)
	case "listen":
		s.says(e, node, exit)
	case "dial", "transfer":
		s.reached(e.At, exit)
	case "queue":
		s.leavesQueue(e.At, exit)
	case "record":
		s.recorded(e, exit)
	case "hours":
		if exit != "open" {
			s.add(e.At, "called outside the opening hours")
		}
	case "fetch", "request":
		s.asking = time.Time{}
		if exit == "failed" {
			s.add(e.At, "could not be served, as an application gave no usable answer")
			s.trouble("the application: %s", after(e.Text))
		}
	case "conference":
		if exit == "full" {
			s.add(e.At, "found the room full")
		}
	case "sms":
		if exit == "failed" {
			s.trouble("a text message was not sent: %s", after(e.Text))
		}
	}
}

// after gives what an exit's text says of why it was taken.
func after(text string) string {
	_, text, _ = strings.Cut(text, ": ")
	text, _, _ = strings.Cut(text, " → ")
	return text
}

func (s *story) begins(e voice.Event, kind, node string) {
	switch kind {
	case "gather", "listen":
		if s.question == node { // asked again without a way between
			s.asked++
			return
		}
		s.question, s.asked, s.askedAt, s.tooSoon = node, 1, e.At, nil
		if n := len(s.acts); n > 0 && s.acts[n-1].node == node && s.acts[n-1].idle {
			s.asked = s.acts[n-1].asked + 1
			s.acts = s.acts[:n-1]
		}
	case "queue":
		if s.queue == "" {
			s.queue, s.queuedAt = node, e.At
		}
		if _, name, ok := strings.Cut(e.Text, " in queue "); ok {
			s.queue = name
		}
	case "fetch", "request":
		s.asking = e.At
	}
}

// asks ends a question by what came of it; "" = nothing did.
func (s *story) asks(at time.Time, came string) {
	text := "heard the menu" + often(s.asked)
	if n := len(s.acts); n > 0 && s.acts[n-1].node == s.question {
		text = "heard it again"
	}
	if s.heard == 0 {
		text = "was at the menu" + often(s.asked)
	}
	if n := len(s.tooSoon); n > 0 {
		what := "several keys"
		if n == 1 {
			what = s.tooSoon[0]
		}
		text += ", pressed " + what + " while it sounded, which it doesn't take"
		switch came {
		case "":
		case "pressed nothing":
			came = "and then nothing"
		default:
			came = "and then " + came
		}
		s.tooSoon = nil
	}
	a := act{text: text, until: at, node: s.question, asked: s.asked}
	if came != "" {
		a.text += ", " + came
	}
	s.acts = append(s.acts, a)
	s.question, s.heard = "", 0
}

// keyed ends a question that is no menu by what was keyed.
func (s *story) keyed(at time.Time, what string) {
	if s.asked > 1 {
		what = "was asked" + often(s.asked) + " and " + what
	}
	s.add(at, "%s", what)
	s.question = ""
}

func (s *story) answers(e voice.Event, node, exit string) {
	s.question = node
	why := after(e.Text)
	switch {
	case exit == "no input":
		s.asks(e.At, "pressed nothing")
		s.acts[len(s.acts)-1].idle = true
		return
	case exit == "invalid":
		s.asks(e.At, "pressed "+key(why)+", which is not assigned")
		return
	case exit == "digits":
		s.keyed(e.At, "keyed "+digits(why))
	case exit == "extension":
		s.keyed(e.At, "keyed "+cut(why))
	case exit == "unknown extension":
		s.asks(e.At, "keyed an extension that does not exist")
	default:
		s.asks(e.At, "pressed "+strings.TrimPrefix(exit, "key "))
	}
	s.settled()
}

// settled makes the last question one that was answered: another visit of its step
// is another.
func (s *story) settled() { s.acts[len(s.acts)-1].node = "" }

// key gives the key of "key 7 is not expected"; what is longer may be a secret.
func key(why string) string {
	f := strings.Fields(why)
	if len(f) > 1 && f[0] == "key" && len(f[1]) <= 2 {
		return f[1]
	}
	return "several keys"
}

// digits says how many were keyed.
func digits(why string) string {
	switch n := len(strings.TrimPrefix(why, "digits ")); n {
	case 1:
		return "1 digit"
	default:
		return count(n, "digit")
	}
}

func (s *story) says(e voice.Event, node, exit string) {
	s.question = node
	switch exit {
	case "no input":
		s.asks(e.At, "said nothing")
		s.acts[len(s.acts)-1].idle = true
		return
	case "not understood":
		s.asks(e.At, "said what none of the phrases has")
		return
	case "failed":
		s.asks(e.At, "could not be understood, as the recogniser failed")
	case "digits":
		s.asks(e.At, "said or keyed digits")
	default:
		s.asks(e.At, "chose \""+cut(exit)+"\"")
	}
	s.settled()
}

func (s *story) reached(at time.Time, exit string) {
	switch exit {
	case "completed", "max duration":
		s.dial = dialled{} // the end of the talk has told it
	case "busy", "no answer", "failed":
		s.dial.why = cmp.Or(s.dial.why, exit)
		s.notReached(at)
	}
}

func (s *story) notReached(at time.Time) {
	to := cut(s.dial.to)
	if to == "" {
		to = "whom the flow calls"
	}
	switch voice.Cause(s.dial.why) {
	case voice.CauseBusy:
		s.add(at, "was to be connected with %s, who was busy", to)
	case voice.CauseNoAnswer:
		s.add(at, "was to be connected with %s, who did not answer in %s", to, span(at.Sub(s.dial.begun)))
	case voice.CauseRejected:
		s.add(at, "was to be connected with %s, who declined", to)
	case voice.CausePolicy:
		s.add(at, "was to be connected with %s, which is not allowed", to)
	case voice.CauseCancelled:
		s.add(at, "was being connected with %s", to)
	default:
		s.add(at, "was to be connected with %s, who could not be reached", to)
	}
	s.dial = dialled{}
}

func (s *story) leavesQueue(at time.Time, exit string) {
	waited := span(at.Sub(s.queuedAt))
	switch exit {
	case "full":
		s.add(at, "found queue %s full", cut(s.queue))
	case "no answer":
		s.add(at, "waited in queue %s for %s, where nobody became free", cut(s.queue), waited)
	case "left by key":
		s.add(at, "left queue %s by a key after %s", cut(s.queue), waited)
	case "failed":
		s.add(at, "could not be put into queue %s", cut(s.queue))
	}
	s.queue, s.dial = "", dialled{}
}

func (s *story) recorded(e voice.Event, exit string) {
	switch exit {
	case "recorded":
		how := after(e.Text) // "recorded 12s, ended by silence"
		length, _, _ := strings.Cut(strings.TrimPrefix(how, "recorded "), ",")
		if d, err := time.ParseDuration(length); err == nil {
			s.add(e.At, "left a recording of %s", span(d))
			return
		}
		s.add(e.At, "left a recording")
	case "not recorded":
		s.add(e.At, "left no message")
	case "failed":
		s.add(e.At, "could not be recorded")
	}
}
