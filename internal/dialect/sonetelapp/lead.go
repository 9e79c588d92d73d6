package sonetelapp

import (
	"slices"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// lead reads a way up to what the app is: a menu, a message, a call, an end. It
// gives the prompts before that, and the way from there.
func (e *expresser) lead(w outline.Way) ([]said, outline.Way) {
	var heard []said
	passed := map[flow.NodeID]bool{} // decisions; a flow may turn in circles
	for {
		var next flow.NodeID
		for i, a := range w.Actions {
			if e.stops(w.After(i)) {
				return heard, w.After(i)
			}
			if passed[a.Node.ID] {
				continue // to the end of the circle
			}
			heard = append(heard, e.hear(a)...)
			if _, straight := outline.Main(a.Node.Step); !straight {
				next = e.bend(a)
			}
		}
		switch {
		case w.End != outline.Branches:
			return heard, w.After(len(w.Actions))
		case passed[w.At.ID]:
			e.lose(w.At, "a flow that turns in circles", "a voice app asks, acts or ends", "hanging up")
			return heard, outline.Way{End: outline.Stops}
		}
		passed[w.At.ID] = true
		w = e.o.Way(next)
	}
}

// stops reports whether an app can be made of a way from its first action on.
func (e *expresser) stops(w outline.Way) bool {
	switch w.Actions[0].Node.Step.(type) {
	case flow.Dial, flow.Goto, flow.Subflow, flow.Queue:
		return true
	case flow.Record:
		_, ok := w.Voicemail()
		return ok
	}
	return false
}

// hear takes what an action plays, and reports what else it does.
func (e *expresser) hear(a outline.Action) []said {
	n := a.Node
	switch s := n.Step.(type) {
	case flow.Answer, flow.Reset:
		e.ledger.Tell(n.ID)
	case flow.Play:
		e.ledger.Tell(n.ID)
		if len(s.In) > 0 {
			e.lose(n, "the prompts of other languages", "a voice app has one voice", "the prompts of the first language")
		}
		var list []said
		for _, p := range s.Prompts {
			list = append(list, said{n, p})
		}
		for _, b := range a.Branches {
			e.lose(n, "where a key during the prompt leads: "+e.o.Way(b.To).Words(), "a key during a prompt only cuts it", "")
		}
		return list
	case flow.Set:
		if s.Name == flow.VarLanguage && voiceOf(string(s.Value)) == e.app.Voice {
			e.ledger.Tell(n.ID)
			return nil
		}
		e.lose(n, flow.Words(s), "a voice app has no variables", "")
	case flow.Hours, flow.If, flow.Count, flow.Listen: // bend reports them
	default:
		e.lose(n, flow.Words(s), "a voice app has no such step", "")
	}
	return nil
}

// bend chooses the branch of a decision that a voice app can't make.
func (e *expresser) bend(a outline.Action) flow.NodeID {
	choices := map[flow.Exit]string{flow.Open: "the way of opening hours", flow.Yes: "the way of yes", flow.Again: "the way below the limit",
		flow.NoInput: "the way of no input", flow.Next: "the next step"}
	for _, exit := range []flow.Exit{flow.Open, flow.Yes, flow.Again, flow.NoInput} {
		if !slices.Contains(a.Node.Step.Exits(), exit) {
			continue
		}
		e.lose(a.Node, flow.Words(a.Node.Step)+", which decides the way", "a voice app decides by keys alone", choices[exit])
		return a.Node.Exits[exit]
	}
	return ""
}

// isPhrase reports whether a prompt is a standard one: the phrase, or the slot
// that an app has for it.
func isPhrase(p voice.Prompt, phrases ...string) bool {
	return (p.Kind == voice.PromptStandard || p.Kind == voice.PromptSound) && slices.Contains(phrases, p.Standard)
}

// intoSlot reports prompts that are to stand in a standard prompt of the app,
// whose audio no document holds. Prompts that are that one already are no loss.
func (e *expresser) intoSlot(heard []said, slot string, phrases ...string) {
	for _, s := range heard {
		if !isPhrase(s.prompt, phrases...) {
			e.lose(s.node, "what is played: "+s.prompt.String(), "a voice app names no audio for this place",
				"the app's prompt "+slot+", which needs this audio")
		}
	}
}

// announcement writes a way that asks for nothing. The last prompt is the final
// action where it can be.
func (e *expresser) announcement(heard []said, rest outline.Way) error {
	e.app.PlayMenu, e.app.GetExtension = "no", "no"
	heard = e.welcome(heard, func(left []said) int {
		n := len(left)
		if n > 0 && (rest.IsEnd() && custom(left[n-1].prompt) || isPhrase(left[n-1].prompt, e.rules.Wait)) {
			return n - 1
		}
		return n
	})
	a, err := e.action(finalKey, heard, rest)
	if err == nil && a != (Action{}) {
		e.app.FinalAction = &a
	}
	return err
}

// custom reports whether a prompt can be named by its id.
func custom(p voice.Prompt) bool {
	return p.Kind == voice.PromptSound && p.Standard == "" && !p.Template
}

// welcome makes the first prompts the app's welcome: the standard one alone, or
// as many as upTo says. It gives the others.
func (e *expresser) welcome(heard []said, upTo func(left []said) int) []said {
	e.app.PlayWelcome = "no"
	if len(heard) > 0 && isPhrase(heard[0].prompt, e.rules.Welcome) {
		e.app.PlayWelcome = "yes"
		heard = heard[1:]
	}
	n := upTo(heard)
	if n > 0 {
		e.app.PlayWelcome = "yes"
		e.intoSlot(heard[:n], "Welcome", e.rules.Welcome)
	}
	return heard[n:]
}

// mailbox writes a way that takes a message.
func (e *expresser) mailbox(heard []said, rest outline.Way, v outline.Voicemail) {
	const none = "a mailbox has no such field"
	e.app.Type, e.app.Greeting, e.app.Goodbye, e.app.DeliverTo = typeMailbox, "no", "no", "user"
	e.ledger.Tell(v.Nodes...)
	record := rest.Actions[0].Node
	if len(heard) > 0 {
		e.app.Greeting = "yes"
		e.intoSlot(heard, "Greeting", e.rules.Greeting)
	}
	goodbye, end := e.spoken(v.Goodbye)
	if len(goodbye) > 0 {
		e.app.Goodbye = "yes"
		e.intoSlot(goodbye, "Goodbye", e.rules.Goodbye)
	}
	if !end.IsEnd() {
		e.lose(end.At, "what follows the message: "+end.Words(), "a mailbox hangs up then", "hanging up")
	}
	e.ledger.Tell(end.Nodes()...)
	if v.None != v.Goodbye.From {
		e.lose(record, "what follows when no message is left: "+e.o.Way(v.None).Words(), "a mailbox goes on as after a message", "")
		e.ledger.Tell(e.o.Way(v.None).Nodes()...)
	}
	for _, lost := range []flow.NodeID{v.Lost, rest.Actions[1].Branch(flow.Failed)} {
		if kind := e.system(e.o.Way(lost), 0); lost != "" && kind != endsCall {
			e.lose(record, "what follows when a message can't be kept: "+e.o.Way(lost).Words(), "a mailbox says so and hangs up", "")
			e.ledger.Tell(e.o.Way(lost).Nodes()...)
		}
	}
	s := v.Record
	if !s.Beep || s.Finish != "#" || s.MaxLength != e.rules.MessageMax || s.Silence != e.rules.MessageSilence || s.MinLength != e.rules.MessageMin {
		e.lose(record, "the beep, finish key, lengths and silence of the recording, as far as they are not the usual ones", none, "those of every mailbox")
	}
	box := v.Mailbox
	switch {
	case box.Email != "":
		e.app.DeliverTo, e.app.DeliverToDetails = "email", box.Email
		if i := slices.Index([]byte(box.Email), ','); i >= 0 {
			e.app.DeliverToDetails = box.Email[:i]
			e.lose(rest.Actions[1].Node, "further addresses: "+box.Email[i+1:], "a mailbox has one address", "the first address")
		}
	case box.User != "":
		e.app.DeliverToDetails = string(box.User)
	}
	if box.NoAttachment {
		e.lose(rest.Actions[1].Node, "the notice without the message", none, "the message goes with the mail")
	}
}
