package suite

import (
	"slices"
	"strings"

	"tandem/internal/voice"
)

// ref names a party as a sentence does: a name, or a kind and an id.
type ref struct {
	kind voice.DestinationKind
	id   string
	name string // without kind; "" with one, or for whoever was named last
}

func (r ref) String() string {
	if r.kind != "" {
		return string(r.kind) + " " + r.id
	}
	return r.name
}

// kinds are the words that a destination may begin with.
var kinds = []voice.DestinationKind{voice.ToUser, voice.ToExtension, voice.ToNumber, voice.ToSIP, voice.ToGroup, voice.ToApp, voice.ToMailbox, voice.ToPhones, voice.ToDialled}

// callerVerbs begin what a caller does or what happens to one.
var callerVerbs = []string{"hears", "presses", "says", "speaks", "waits", "hangs", "never", "joins", "leaves", "talks", "is", "dials", "goes"}

// partyVerbs come after who is rung or gets something.
var partyVerbs = []string{"answers", "does", "rings", "gets"}

// sentence reads what is to be done; nil when there is a fault.
func (r *reader) sentence(w *words) action {
	if do, is := worldSentence(w); is {
		r.beyond = true
		return do
	}
	if do, is := applicationSentence(w); is {
		r.beyond = true
		return do
	}
	switch {
	case w.has("dials") && w.peekAt(1) != "out":
		w.take("caller")
		return arrivalSentence(w)
	case w.take("caller"):
		return callerSentence(w)
	case w.take("call"):
		return callSentence(w, ref{})
	case w.take("flow"):
		return flowSentence(w)
	case w.take("log"):
		return logSentence(w)
	}
	who := ref{}
	if !slices.Contains(callerVerbs, w.peek()) {
		if slices.Contains(partyVerbs, w.peek()) {
			w.fail("who %s? A name is missing before it", w.peek())
			return nil
		}
		if own, is := strings.CutSuffix(w.peek(), "'s"); is && w.peekAt(1) == "call" {
			who.name = w.text("")[:len(own)]
			w.must("call")
			return callSentence(w, who)
		}
		at := w.place()
		who = w.party()
		if w.err == nil && !slices.Contains(callerVerbs, w.peek()) && !slices.Contains(partyVerbs, w.peek()) {
			w.failAt(at, "no sentence begins so; docs/flow-tests.md has them")
			return nil
		}
	}
	if w.err != nil {
		return nil
	}
	if (who != ref{}) {
		if do, is := r.partySentence(w, who); is {
			return do
		}
	}
	if do, is := expectSentence(w, who); is {
		return do
	}
	return callerAction(w, who)
}

// party reads "user 55", "+46…", "101" or a name.
func (w *words) party() ref {
	if k := voice.DestinationKind(w.peek()); slices.Contains(kinds, k) && w.next+1 < len(w.all) {
		w.next++
		return ref{kind: k, id: w.text("its id")}
	}
	s := w.text("a name")
	switch {
	case s == "":
		return ref{}
	case s[0] == '+':
		return ref{kind: voice.ToNumber, id: s}
	case strings.Trim(s, "0123456789") == "":
		return ref{kind: voice.ToExtension, id: s}
	}
	return ref{name: s}
}

// callerSentence reads what "caller" may begin besides an arrival.
func callerSentence(w *words) action {
	who := ref{name: "caller"}
	if do, is := personSentence(w, who); is {
		return do
	}
	if do, is := expectSentence(w, who); is {
		return do
	}
	return callerAction(w, who)
}

// arrivalSentence reads "[NAME] [+46…] ["Anna"] [extension 101] dials NUMBER".
func arrivalSentence(w *words) action {
	c := arrival{name: "caller"}
	for !w.over() && w.peek() != "dials" {
		quoted := w.all[w.next].quoted
		extension := w.take("extension")
		s := w.text("a number")
		switch {
		case extension:
			c.extension = s
		case quoted:
			c.shown = s
		case s != "" && (s[0] == '+' || strings.Trim(s, "0123456789") == "" || s == "anonymous"):
			c.from = s
		default:
			c.name = s
		}
	}
	w.must("dials")
	c.to = w.text("the number that is dialled")
	return func(d *director) error { return d.arrive(c) }
}

// callerAction reads what a caller does.
func callerAction(w *words, who ref) action {
	switch {
	case w.take("presses"):
		keys := w.keys()
		return func(d *director) error { return d.press(who, keys) }
	case w.take("says"):
		text := w.span("what is said")
		return func(d *director) error { return d.speak(who, spoken(text), text) }
	case w.take("speaks"):
		t := w.duration()
		return func(d *director) error { return d.speak(who, t, "") }
	case w.take("waits"):
		t := w.duration()
		return func(d *director) error { return d.wait(who, t) }
	case w.take("hangs up"):
		return func(d *director) error { return d.hangUp(who) }
	}
	w.fail("%q is nothing that somebody does", w.peek())
	return nil
}

// personSentence reads who it is that speaks or answers.
func personSentence(w *words, who ref) (action, bool) {
	for by, text := range map[voice.AnsweredBy]string{voice.AnsweredByMachine: "is a machine", voice.AnsweredByHuman: "is a person", voice.AnsweredByUnknown: "is nobody known"} {
		if w.take(text) {
			return func(d *director) error { return d.isBy(who, by) }, true
		}
	}
	return nil, false
}

// partySentence reads what those do who are rung.
func (r *reader) partySentence(w *words, who ref) (action, bool) {
	if do, is := personSentence(w, who); is {
		return do, true
	}
	switch {
	case w.take("is busy"):
		return func(d *director) error { return d.does(who, isBusy) }, true
	case w.take("is unreachable"):
		return func(d *director) error { return d.does(who, fails) }, true
	case w.take("does not answer"):
		return func(d *director) error { return d.does(who, rings) }, true
	case w.take("is gone"):
		return func(d *director) error { return d.goes(who) }, true
	case w.take("answers"):
		return answerSentence(w, who), true
	case w.take("rings for"):
		t := w.duration()
		return func(d *director) error { return d.ringsFor(who, t) }, true
	case w.take("rings"):
		return r.rings(w, who), true
	case w.take("gets a message"):
		e := expectation{who: ref{}, what: "a message for " + who.String(), class: classMessage}
		return e.read(w, func(d *director, e *expectation) { e.match = d.messageFor(who) }), true
	case w.take("gets sms"):
		text := w.span("the text of the message")
		e := expectation{what: "an SMS to " + who.String(), class: classOutside}
		return e.read(w, func(_ *director, e *expectation) { e.match = says("sms to "+who.id+":", text) }), true
	}
	if w.peek() == "is" && w.peekAt(3) == "" && slices.Contains(kinds, voice.DestinationKind(w.peekAt(1))) && who.name != "" {
		w.must("is")
		if to := w.party(); w.err == nil {
			if r.test != nil {
				w.failAt(0, "names are given before the first test")
			}
			r.file.names[who.name] = to
		}
		return func(*director) error { return nil }, true
	}
	return nil, false
}

// answerSentence reads "answers [as a machine] [after 3s] [talks 20s]".
func answerSentence(w *words, who ref) action {
	a := answering{}
	for !w.over() {
		switch {
		case w.take("as a machine"):
			a.machine = true
		case w.take("after"):
			w.trimComma()
			a.after = w.duration()
		case w.take("talks"), w.take("and talks"):
			a.talks = w.duration()
		default:
			w.fail(`"after 3s", "talks 20s" or "as a machine" may follow`)
		}
	}
	return func(d *director) error { return d.answers(who, a) }
}

// rings reads "rings extension 101, 102 for 10s, then app B, then hangs up".
func (r *reader) rings(w *words, who ref) action {
	var route []stop
	for !w.over() {
		s := stop{}
		for !w.over() && w.peek() != "then" && w.peek() != "for" {
			if w.take("hangs up") || w.take("hangs up,") {
				s.over = true
				continue
			}
			w.trimComma()
			s.targets = append(s.targets, w.party())
			w.trimComma()
		}
		if w.take("for") {
			w.trimComma()
			s.time = w.duration()
		}
		if !s.over && len(s.targets) == 0 {
			w.fail("whom does it ring?")
		}
		route = append(route, s)
		if !w.over() {
			w.must("then")
		}
	}
	if len(route) == 0 {
		w.fail("whom does it ring?")
	}
	return func(d *director) error { return d.routes(who, route) }
}

// trimComma drops a comma behind the next word, or the next two.
func (w *words) trimComma() {
	for i := w.next; i < min(w.next+2, len(w.all)); i++ {
		w.all[i].text = strings.TrimSuffix(w.all[i].text, ",")
	}
}
