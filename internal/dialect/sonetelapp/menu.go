package sonetelapp

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/voice"
)

// The places of an app for actions that no key leads to.
const (
	timeoutKey = "timeout"
	finalKey   = "final_action"
)

// menu writes the app's menu. heard is what was played before it.
func (e *expresser) menu(heard []said) error {
	m := e.home
	g := m.Gather
	e.ledger.Tell(m.Node.ID)
	e.app.PlayMenu, e.app.GetExtension = "no", "no"
	if g.Extensions {
		e.app.GetExtension = "yes"
	}
	var prompts []said
	for _, p := range g.Prompts {
		prompts = append(prompts, said{m.Node, p})
	}
	if len(prompts) == 0 { // the document keeps them before the menu
		heard, prompts = e.partIntro(heard)
	}
	standard := func(s said) bool { return isPhrase(s.prompt, e.rules.Menu) }
	if len(g.Keys) > 0 || !g.Extensions || slices.ContainsFunc(prompts, standard) {
		e.app.PlayMenu = "yes"
	}
	e.welcome(heard, func(left []said) int { return len(left) })
	slot := "Main Menu"
	if e.app.PlayMenu == "no" {
		slot = "Enter Extension"
	}
	e.intoSlot(prompts, slot, e.rules.Menu, e.rules.EnterExtension)
	e.clocks(g)
	if err := e.keys(); err != nil {
		return err
	}
	if g.Extensions {
		if err := e.extension(); err != nil {
			return err
		}
	}
	if err := e.timeout(); err != nil {
		return err
	}
	return e.invalid()
}

// partIntro parts the prompts that the menu repeats from those before it.
func (e *expresser) partIntro(heard []said) (before, prompts []said) {
	for _, s := range heard {
		if slices.Contains(e.home.Intro, s.node) {
			prompts = append(prompts, s)
		} else {
			before = append(before, s)
		}
	}
	return before, prompts
}

// clocks reports what a voice app has no field for.
func (e *expresser) clocks(g flow.Gather) {
	n := e.home.Node
	const why = "a voice app has no field for it"
	or := func(d, usual time.Duration) time.Duration {
		if d == 0 {
			return usual
		}
		return d
	}
	if d := or(g.FirstDigit, voice.DefaultFirstDigit); d != e.rules.FirstDigit {
		e.lose(n, fmt.Sprintf("the wait of %s for a key", d), why, e.rules.FirstDigit.String())
	}
	if d := or(g.InterDigit, voice.DefaultInterDigit); d != e.rules.InterDigit {
		e.lose(n, fmt.Sprintf("the wait of %s for a further key", d), why, e.rules.InterDigit.String())
	}
	if !g.BargeIn && len(g.Prompts) > 0 {
		e.lose(n, "that keys do not cut the menu's prompt", why, "keys cut it")
	}
	if g.Whole || g.Finish != "" || g.Overall > 0 {
		e.lose(n, "how the input ends (finish key, whole input, time in all)", why, "a key, an extension or the wait ends it")
	}
	if len(g.In) > 0 {
		e.lose(n, "the prompts of other languages", "a voice app has one voice", "the prompts of the first language")
	}
}

// keys writes the keys of the menu.
func (e *expresser) keys() error {
	for _, c := range e.home.Keys {
		if len(c.Digits) != 1 || c.Digits[0] < '0' || c.Digits[0] > '9' {
			e.lose(e.home.Node, "key "+string(c.Digits)+": "+c.Way.Words(), "a menu has the keys 0 to 9", "")
			e.ledger.Tell(c.Way.Nodes()...)
			continue
		}
		key := "digit_" + string(c.Digits)
		heard, rest := e.spoken(c.Way)
		a, err := e.action(key, heard, rest)
		if err != nil {
			return err
		}
		if a != (Action{}) {
			e.assign(key, a)
		}
	}
	return nil
}

// extension holds what follows a keyed extension to what a voice app does.
func (e *expresser) extension() error {
	heard, rest := e.lead(e.home.Extension)
	for _, s := range heard {
		if !isPhrase(s.prompt, e.rules.Wait) {
			e.lose(s.node, "what is played before the extension is called: "+s.prompt.String(), "the app's prompt Please Wait is played there", "Please Wait")
		}
	}
	if len(rest.Actions) > 0 {
		if d, ok := rest.Actions[0].Node.Step.(flow.Dial); ok && d.ToVar == flow.VarExtension || d.ToVar == flow.VarDigits {
			e.ledger.Tell(rest.Actions[0].Node.ID)
			e.dialFields(rest.Actions[0].Node, d, 0)
			e.unreached("get_extension", rest.Actions[0])
			return nil
		}
	}
	e.lose(e.home.Node, "what follows an extension: "+rest.Words(), "a voice app calls the extension", "a call to the extension")
	return nil
}

// timeout writes what happens when nothing is pressed.
func (e *expresser) timeout() error {
	r := e.home.Nothing
	n := e.home.Node
	e.ledger.Tell(r.Nodes...)
	final := e.app.PlayMenu == "no" && r.Limit == e.rules.Rounds && len(r.Before) == 0 && r.Loops
	switch {
	case r.Limit == 0 && r.Loops:
		e.retryPrompt(r)
		e.lose(n, "that silence repeats the menu for ever", "a voice app counts its rounds", fmt.Sprintf("%d rounds", e.rules.Rounds))
		return nil
	case r.Limit == 0:
		heard, rest := e.spoken(r.Way)
		return e.assignTimeout(heard, rest)
	case !(final && r.Over.IsEnd()) && e.system(r.Over, 0) == endsCall:
		e.retryPrompt(r)
		e.limit(r, "silence")
		return nil
	}
	heard, rest := e.spoken(r.Over)
	if final {
		a, err := e.action(finalKey, heard, rest)
		if err == nil && a != (Action{}) {
			e.app.FinalAction = &a
		}
		return err
	}
	if r.Limit > 1 {
		e.lose(n, "more tries for a caller who presses nothing: "+strconv.Itoa(r.Limit-1), "the time-out of a voice app does not wait for more", "the time-out, at once")
	}
	e.dropped(e.tryAgain(r), "nothing is played before the time-out of a voice app")
	return e.assignTimeout(heard, rest)
}

func (e *expresser) assignTimeout(heard []said, rest outline.Way) error {
	a, err := e.action(timeoutKey, heard, rest)
	if err == nil && a != (Action{}) {
		e.assign(timeoutKey, a)
	}
	return err
}

// retryPrompt makes a prompt that silence brings the time-out's, if it is one
// that has an id.
func (e *expresser) retryPrompt(r outline.Retry) {
	if all := e.tryAgain(r); len(all) == 1 && custom(all[0].prompt) {
		e.assign(timeoutKey, Action{"play", "prompt", string(all[0].prompt.Sound)})
	} else {
		e.dropped(all, "the time-out plays one prompt that is stored")
	}
}

// tryAgain lists what is played to a caller who may try again.
func (e *expresser) tryAgain(r outline.Retry) []said {
	heard, _ := e.spoken(r.Way)
	if r.Limit == 0 {
		return heard
	}
	again, _ := e.spoken(r.Again)
	return append(heard, again...)
}

// limit reports a count that is not the rounds of a voice app.
func (e *expresser) limit(r outline.Retry, what string) {
	apart := ""
	for _, other := range e.home.Retries() {
		if other.Limit > 0 && other.Counter != r.Counter {
			apart = ", counted by itself"
		}
	}
	if r.Limit != e.rules.Rounds || apart != "" {
		e.lose(e.home.Node, fmt.Sprintf("the limit of %d for %s%s", r.Limit, what, apart), "a voice app counts rounds of any kind together",
			fmt.Sprintf("%d rounds", e.rules.Rounds))
	}
}

// invalid holds what follows wrong keys to what a voice app does.
func (e *expresser) invalid() error {
	reported := map[flow.NodeID]bool{e.home.Nothing.Over.From: true}
	for _, r := range []outline.Retry{e.home.Invalid, e.home.Any, e.home.Unknown} {
		if r.Exit == "" {
			continue
		}
		what, slot := "a key that is not assigned", "Invalid Menu Entry"
		if r.Exit == flow.UnknownExt {
			what, slot = "an extension that does not exist", "Invalid Extension"
		}
		e.ledger.Tell(r.Nodes...)
		if r.Limit == 0 && !r.Loops {
			e.lose(e.home.Node, "what follows "+what+": "+r.Way.Words(), "a voice app plays the menu again", "the prompt "+slot+", then the menu")
			e.ledger.Tell(r.Way.Nodes()...)
			continue
		}
		e.intoSlot(e.tryAgain(r), slot, e.rules.InvalidEntry, e.rules.InvalidExtension)
		if r.Limit == 0 {
			e.lose(e.home.Node, "that "+what+" repeats the menu for ever", "a voice app counts its rounds", fmt.Sprintf("%d rounds", e.rules.Rounds))
			continue
		}
		if !r.Loops {
			e.lose(e.home.Node, "where "+what+" leads below the limit: "+r.Again.Words(), "a voice app plays the menu again", "the menu again")
		}
		e.limit(r, what)
		if !reported[r.Over.From] {
			reported[r.Over.From] = true
			if err := e.over(r, what); err != nil {
				return err
			}
		}
	}
	return nil
}

// over compares what follows the last wrong key with what a voice app does then:
// the time-out's action, else it says that there were too many tries.
func (e *expresser) over(r outline.Retry, what string) error {
	timeout := e.app.Menu[timeoutKey]
	if timeout == (Action{}) && e.system(r.Over, 0) == endsCall {
		return nil
	}
	before := len(e.losses)
	heard, rest := e.spoken(r.Over)
	heard = slices.DeleteFunc(heard, func(s said) bool { return isPhrase(s.prompt, e.rules.TooManyTries) })
	a := Action{}
	if len(heard) == 1 && custom(heard[0].prompt) && rest.IsEnd() {
		a = Action{"play", "prompt", string(heard[0].prompt.Sound)}
		e.ledger.Tell(rest.Nodes()...)
	} else {
		var err error
		if a, err = e.action(timeoutKey, heard, rest); err != nil {
			return err
		}
	}
	same := a == timeout && timeout != (Action{}) && len(e.losses) == before
	e.losses = e.losses[:before]
	if same {
		return nil
	}
	instead := "a system error and hanging up"
	if timeout != (Action{}) {
		instead = "what the time-out does"
	}
	e.lose(e.home.Node, "what follows the last try ("+what+"): "+r.Over.Words(), "the last round has one end, whatever was pressed", instead)
	return nil
}
