package switchboard

import (
	"cmp"
	"context"
	"maps"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Command puts c into the mailbox of a tenant's live call and returns before it
// is carried out; a command with the key of an earlier one does nothing. Errors:
// NotExist when no such call is up, Conflict when it does not wait at c.At, has no
// party and flow yet or takes no more commands, Limit when too many wait, Invalid,
// in words, for a program that can't be run.
func (s *Switchboard) Command(_ context.Context, t voice.TenantID, id voice.CallID, c flow.Command) error {
	const op = "switchboard.Command"
	lc, err := s.owned(op, t, id)
	if err != nil {
		return err
	}
	switch c.Mode {
	case "":
		c.Mode = voice.CommandNext
	case voice.CommandNext, voice.CommandInstead:
	default:
		return voice.InvalidField(op, "mode", "there is no mode %q: next or instead", c.Mode)
	}
	if c.Program == nil {
		return voice.InvalidField(op, "program", "there is nothing to do")
	}
	if bad, is := flow.Validate(c.Program).FirstError(); is {
		return voice.InvalidField(op, "program", "%s", bad)
	}
	if err := s.commandable(op, lc, id); err != nil {
		return err
	}
	put, err := lc.mailbox.Accept(c)
	if err != nil || put == nil {
		return err
	}
	noteOrder(lc.call, "command ("+string(c.Mode)+"): "+cmp.Or(c.Text, c.Program.Name), string(c.Mode), c.Data)
	s.takeDown(lc, c)
	put()
	return nil
}

// commandable refuses a call that has nobody, or is about to end.
func (s *Switchboard) commandable(op string, lc *liveCall, id voice.CallID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !lc.running:
		return voice.Errorf(op, voice.Conflict, "call %s has no party and flow yet", id)
	case lc.order != nil:
		return voice.Errorf(op, voice.Conflict, "call %s has another order", id)
	}
	return nil
}

// noteOrder puts an order on the timeline, with what its giver wants to be known
// of the call.
func noteOrder(n voice.Noter, text, order string, data map[string]string) {
	all := maps.Clone(data)
	if all == nil {
		all = map[string]string{}
	}
	all["order"] = order
	n.Note(voice.Event{Kind: voice.EventCallOrdered, Text: text, Data: all})
}
