package sonetel

import (
	"context"
	"strings"

	"tandem/internal/dialect/sonetelapp"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// countRounds is the counter of menu rounds without success.
const countRounds = "rounds"

// dotted writes a JSON Pointer as clients name fields: menu.digit_1.id.
func dotted(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}

// ivr compiles a menu or announcement: welcome, then the menu when play_menu or
// get_extension ask for one, else the final action.
func (b *builder) ivr(ctx context.Context) error {
	first := flow.NodeID("final")
	if b.hasMenu() {
		first = nodeMenu
	}
	if b.doc.PlayWelcome == "yes" {
		b.start("welcome")
		b.add("welcome", "/play_welcome", flow.Play{Prompts: []voice.Prompt{b.standard(phraseWelcome)}, BargeIn: b.hasMenu()},
			exits{flow.Next: first})
	} else {
		b.start(first)
	}
	var err error
	if b.hasMenu() {
		err = b.menu(ctx)
	} else {
		err = b.final(ctx)
	}
	b.addShared()
	return err
}

func (b *builder) hasMenu() bool { return b.doc.PlayMenu == "yes" || b.doc.GetExtension == "yes" }

// final is the end of an announcement.
func (b *builder) final(ctx context.Context) error {
	end := func() flow.NodeID { return "" }
	lost := func() flow.NodeID { return b.sharedNode(nodeLost) }
	id, err := b.action(ctx, "final", "/final_action", b.doc.FinalAction, ways{played: end, failed: lost})
	if err == nil && id == "" {
		b.add("final", "/final_action", flow.Hangup{Cause: voice.CauseNormal, Words: "the announcement is over"}, nil)
		b.program.Nodes[len(b.program.Nodes)-1].Meta = map[string]string{sonetelapp.MetaNone: "yes"}
	}
	return err
}

// menu compiles the gather and what its ends lead to. Its nodes stand after it,
// so that the program reads in the order of the document.
func (b *builder) menu(ctx context.Context) error {
	g := flow.Gather{BargeIn: true, Extensions: b.doc.GetExtension == "yes",
		FirstDigit: b.timers.FirstDigit, InterDigit: b.timers.InterDigit}
	if b.doc.PlayMenu == "yes" {
		g.Prompts = append(g.Prompts, b.standard(phraseMenu))
	}
	if g.Extensions {
		g.Prompts = append(g.Prompts, b.standard(phraseEnterExt))
	}
	at := len(b.program.Nodes)
	b.add(nodeMenu, "/menu", flow.Gather{}, nil)
	out := exits{flow.NoInput: nodeRounds}

	back := ways{played: func() flow.NodeID { return b.sharedNode(nodeBack) },
		failed: func() flow.NodeID { return b.sharedNode(nodeUnreachable) }, barge: true}
	if b.doc.PlayMenu == "yes" {
		for _, key := range keys() {
			digit, ok := strings.CutPrefix(key, "digit_")
			if !ok {
				continue
			}
			id, err := b.action(ctx, flow.NodeID(key), "/menu/"+key, b.doc.Menu[key], back)
			if err != nil {
				return err
			}
			if id != "" {
				g.Keys = append(g.Keys, voice.Digits(digit))
				out[flow.Key(voice.Digits(digit))] = id
			}
		}
	}
	if g.Extensions {
		b.extension(out)
	}
	b.invalid(g, out)
	if err := b.timeout(ctx, out); err != nil {
		return err
	}
	if len(g.Keys) == 0 && !g.Extensions {
		g.MaxDigits = 1 // nothing is assigned: any key is an invalid entry
	}
	b.program.Nodes[at].Step, b.program.Nodes[at].Exits = g, out
	return nil
}

// extension calls the extension that was keyed.
func (b *builder) extension(out exits) {
	const origin = "/get_extension"
	out[flow.Extension], out[flow.UnknownExt] = "extension", "invalid-extension"
	failed := b.sharedNode(nodeUnreachable)
	b.add("extension", origin, flow.Play{Prompts: []voice.Prompt{b.standard(phraseWait)}}, exits{flow.Next: "extension.dial"})
	b.add("extension.dial", origin, flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension},
		exits{flow.Busy: failed, flow.NoAnswer: failed, flow.Failed: failed})
	b.add("invalid-extension", origin, flow.Play{Prompts: []voice.Prompt{b.standard(phraseInvalidExt)}},
		exits{flow.Next: nodeRounds})
}

// invalid tells the caller that a key is not assigned. Keys do not cut it, nor
// the one about extensions: the rest of a mistyped number must not count as
// further wrong entries.
func (b *builder) invalid(g flow.Gather, out exits) {
	if b.doc.PlayMenu != "yes" { // there are only extensions to get wrong
		out[flow.InvalidKey] = "invalid-extension"
		return
	}
	exit := flow.InvalidKey
	if len(g.Keys) == 0 && !g.Extensions {
		exit = flow.GotDigits
	}
	out[exit] = "invalid-entry"
	b.add("invalid-entry", "/menu", flow.Play{Prompts: []voice.Prompt{b.standard(phraseInvalidEntry)}},
		exits{flow.Next: nodeRounds})
}

// timeout adds what happens without a key, and when the rounds are used up:
// menu.timeout when it is assigned, else the next round or the end. A time-out
// action that comes back uses up a round, so that a silent call ends.
func (b *builder) timeout(ctx context.Context, out exits) error {
	const pointer = "/menu/" + timeoutKey
	a := b.doc.Menu[timeoutKey]
	comesBack := a.Action == "play" || a.Action == "call"
	spent := func() flow.NodeID { return "timeout.rounds" }
	id, err := b.action(ctx, timeoutKey, pointer, a, ways{played: spent, failed: spent, barge: true})
	if err != nil {
		return err
	}
	over := id
	switch {
	case id == "":
		if over, err = b.noTimeout(ctx); err != nil {
			return err
		}
	case comesBack:
		out[flow.NoInput] = id
		tooMany := func() flow.NodeID { return b.sharedNode(nodeTooMany) }
		b.add("timeout.rounds", pointer, flow.Count{Name: countRounds, Limit: b.timers.Rounds},
			exits{flow.Again: nodeMenu, flow.Over: tooMany()})
		diags := b.diags // the same action once more, for the last round
		over, err = b.action(ctx, "last", pointer, a, ways{played: tooMany, failed: tooMany})
		b.diags = diags
		if err != nil {
			return err
		}
	default:
		out[flow.NoInput] = id
	}
	b.add(nodeRounds, "/menu", flow.Count{Name: countRounds, Limit: b.timers.Rounds},
		exits{flow.Again: nodeMenu, flow.Over: over})
	return nil
}

// noTimeout is the end of the rounds without a time-out action: the final
// action, which only an app without play_menu has, else a system error.
func (b *builder) noTimeout(ctx context.Context) (flow.NodeID, error) {
	end := func() flow.NodeID { return "" }
	lost := func() flow.NodeID { return b.sharedNode(nodeLost) }
	id, err := b.action(ctx, "final", "/final_action", b.doc.FinalAction, ways{played: end, failed: lost})
	if id == "" && err == nil {
		id = b.sharedNode(nodeTooMany)
	}
	return id, err
}

// addShared adds the shared nodes that something leads to.
func (b *builder) addShared() {
	wired := map[flow.NodeID]bool{}
	for _, id := range b.shared {
		wired[id] = true
	}
	if wired[nodeUnreachable] {
		wired[nodeBack] = true
		b.add(nodeUnreachable, "/menu", flow.Play{Prompts: b.systemPrompts(phraseUnreachable), BargeIn: true}, exits{flow.Next: nodeBack})
	}
	if wired[nodeBack] {
		b.add(nodeBack, "/menu", flow.Reset{Name: countRounds}, exits{flow.Next: nodeMenu})
	}
	if wired[nodeTooMany] {
		b.add(nodeTooMany, "/menu", flow.Play{Prompts: b.systemPrompts(phraseTooMany)}, exits{flow.Next: nodeTooMany + ".hangup"})
		b.add(nodeTooMany+".hangup", "/menu", flow.Hangup{Cause: voice.CauseNormal, Words: "no valid key in the rounds of the menu"}, nil)
	}
	if wired[nodeLost] {
		b.add(nodeLost, "", flow.Play{Prompts: b.systemPrompts(phraseUnreachable)}, exits{flow.Next: "unreachable.hangup"})
		b.add("unreachable.hangup", "", flow.Hangup{Cause: voice.CauseUnavailable, Words: "the destination could not be reached"}, nil)
	}
}
