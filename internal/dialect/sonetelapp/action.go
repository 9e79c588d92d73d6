package sonetelapp

import (
	"strings"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// action writes what follows a key as an action: the zero Action, and a loss,
// where there is none that does it. heard is what is played first.
func (e *expresser) action(place string, heard []said, rest outline.Way) (Action, error) {
	none := func(what string) (Action, error) {
		if len(heard) > 0 {
			what = "what is played: " + promptsWords(heard) + ", then " + what
		}
		e.lose(e.first(heard, rest), what, "no action of a voice app does it", instead(place))
		e.ledger.Tell(rest.Nodes()...)
		return Action{}, nil
	}
	if len(rest.Actions) > 0 {
		if v, ok := rest.Voicemail(); ok {
			e.ledger.Tell(v.Nodes...)
			return e.message(heard, rest, v)
		}
		more, later := e.lead(rest)
		heard = append(heard, more...)
		if len(later.Actions) > 0 {
			return e.reach(place, heard, later)
		}
		rest = later
	}
	switch {
	case rest.IsEnd():
		return e.end(place, heard, rest)
	case rest.End == outline.ToMenu && e.home != nil && rest.At == e.home.Node:
		if len(heard) == 1 && custom(heard[0].prompt) {
			return Action{"play", "prompt", string(heard[0].prompt.Sound)}, nil
		}
		return none("the menu again")
	case rest.End == outline.ToMenu:
		return none("a further menu, at " + outline.Where(rest.At))
	}
	return none(rest.Words())
}

// instead says what a voice app does where it has no action.
func instead(place string) string {
	switch place {
	case timeoutKey:
		return "the rounds of the menu"
	case finalKey:
		return "hanging up"
	}
	return "nothing: the key is not assigned"
}

// first is the node that a loss names.
func (e *expresser) first(heard []said, rest outline.Way) *flow.Node {
	switch {
	case len(heard) > 0:
		return heard[0].node
	case len(rest.Actions) > 0:
		return rest.Actions[0].Node
	case rest.At != nil && rest.End != outline.ToMenu:
		return rest.At
	}
	if e.home != nil {
		return e.home.Node
	}
	return rest.At
}

// end writes a way that plays prompts and ends the call.
func (e *expresser) end(place string, heard []said, rest outline.Way) (Action, error) {
	e.ledger.Tell(rest.Nodes()...)
	if place == finalKey && len(heard) == 1 && custom(heard[0].prompt) {
		return Action{"play", "prompt", string(heard[0].prompt.Sound)}, nil
	}
	e.dropped(heard, "an action that ends the call plays nothing")
	if place == finalKey && (rest.End != outline.HangsUp || rest.At.Meta[MetaNone] != "") {
		return Action{}, nil
	}
	if rest.End == outline.HangsUp && rest.At.Meta[MetaNone] != "" {
		return Action{}, nil
	}
	return Action{Action: "disconnect"}, nil
}

// dropped reports prompts that an action can't play.
func (e *expresser) dropped(heard []said, why string) {
	for _, s := range heard {
		e.lose(s.node, "what is played: "+s.prompt.String(), why, "")
	}
}

// message writes a way that takes a message: an app that does nothing else.
func (e *expresser) message(heard []said, rest outline.Way, v outline.Voicemail) (Action, error) {
	apps, err := e.r.Apps(e.ctx)
	if err != nil {
		return Action{}, err
	}
	n := rest.Actions[0].Node
	e.ledger.Tell(v.Goodbye.Nodes()...)
	for _, a := range apps {
		if a.Type != typeMailbox || !delivers(a, v.Mailbox) {
			continue
		}
		e.lose(n, "the mailbox within the flow", "a voice app takes messages in an app of its own", "a connection to the app "+string(a.ID))
		e.dropped(heard, "the mailbox has a greeting of its own")
		return Action{"connect", "app", string(a.ID)}, nil
	}
	e.lose(n, "taking a message: "+rest.Words(), "a voice app takes messages in an app of type mailbox, and there is none for this one", "")
	e.dropped(heard, "it belongs to the message that is lost")
	return Action{}, nil
}

// delivers reports whether a mailbox app brings messages where a mailbox does.
func delivers(a voice.App, box voice.Mailbox) bool {
	if box.App == a.ID {
		return true
	}
	address := strings.TrimSpace(string(box.User) + box.Email)
	return address != "" && strings.Contains(string(a.Document), `"deliver_to_details":"`+address+`"`)
}

// reach writes a way that calls someone or goes on in another app.
func (e *expresser) reach(place string, heard []said, rest outline.Way) (Action, error) {
	if v, ok := rest.Voicemail(); ok {
		e.ledger.Tell(v.Nodes...)
		return e.message(heard, rest, v)
	}
	a := rest.Actions[0]
	n := a.Node
	e.ledger.Tell(n.ID)
	switch s := n.Step.(type) {
	case flow.Goto:
		e.dropped(heard, "a connection to another app plays nothing before it")
		e.gone(a)
		return Action{"connect", "app", string(s.App)}, nil
	case flow.Subflow:
		e.dropped(heard, "a connection to another app plays nothing before it")
		e.lose(n, "what follows when the other app comes to its end: "+e.o.Way(n.Exits[flow.Next]).Words(), "an app does not come back", "a connection for good")
		return Action{"connect", "app", string(s.App)}, nil
	case flow.Queue:
		e.lose(n, flow.Words(s), "a voice app has no queues", "a call to its first member")
		if len(s.Members) == 0 {
			return Action{}, nil
		}
		return e.call(place, heard, a, flow.Dial{To: s.Members[0], RingTime: s.RingTime})
	case flow.Dial:
		return e.call(place, heard, a, s)
	}
	return Action{}, nil
}

// gone holds what follows when another app can't be entered to what a voice app
// does: a system error, then the end.
func (e *expresser) gone(a outline.Action) {
	to, _ := a.Otherwise()
	if to == "" || e.system(e.o.Way(to), 0) == endsCall {
		return
	}
	e.lose(a.Node, "what follows when the other app is gone: "+e.o.Way(to).Words(), "a voice app says so and hangs up", "a system error and hanging up")
}

// spoken parts the prompts at the beginning of a way from what follows.
func (e *expresser) spoken(w outline.Way) ([]said, outline.Way) {
	_, rest := w.Spoken()
	var heard []said
	for _, a := range w.Actions[:len(w.Actions)-len(rest.Actions)] {
		heard = append(heard, e.hear(a)...)
	}
	return heard, rest
}

func promptsWords(heard []said) string {
	words := make([]string, len(heard))
	for i, s := range heard {
		words[i] = s.prompt.String()
	}
	return strings.Join(words, ", ")
}
