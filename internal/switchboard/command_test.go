package switchboard_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// awaiting is an app that takes commands for ever.
func awaiting() *flow.Program {
	p := program("VAremote", flow.Await{Name: "ready", Idle: time.Hour})
	p.Nodes[0].Exits = map[flow.Exit]flow.NodeID{flow.Next: "only"}
	return p
}

// commandable is a call that waits for commands; music gets one for each time
// that it plays something.
func commandable(t *testing.T, w *world) (*switchboard.Switchboard, *waiter) {
	t.Helper()
	w.programs["VAremote"] = awaiting()
	w.numbers["+4610000077"] = number("+4610000077", ours, voice.ToApp, "VAremote")
	s := w.board(t)
	c := newWaiter(voice.CallInfo{From: "+46700000001", To: "+4610000077"}, sim.Script{})
	go s.Arrive(c)
	waitsAt(t, s, "ready")
	return s, c
}

// waitsAt waits until the one call of the account waits for commands at name.
func waitsAt(t *testing.T, s *switchboard.Switchboard, name string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		if live := s.LiveCalls(ours); len(live) == 1 && live[0].Awaits == name {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the call does not wait at %q: %+v", name, s.LiveCalls(ours))
		}
		<-time.After(time.Millisecond)
	}
}

func playing(text string) *flow.Program {
	return program("", flow.Play{Prompts: []voice.Prompt{{Kind: voice.PromptSpeech, Text: text}}})
}

func TestCommands(t *testing.T) {
	t.Parallel()
	w := usual()
	s, c := commandable(t, w)
	id := c.Info().ID
	for name, tt := range map[string]struct {
		tenant voice.TenantID
		id     voice.CallID
		cmd    flow.Command
		kind   voice.Kind
	}{
		"another account's":           {theirs, id, flow.Command{Program: playing("x")}, voice.NotExist},
		"no call":                     {ours, "none", flow.Command{Program: playing("x")}, voice.NotExist},
		"nothing to do":               {ours, id, flow.Command{}, voice.Invalid},
		"no such mode":                {ours, id, flow.Command{Mode: "over", Program: playing("x")}, voice.Invalid},
		"a program that can't be run": {ours, id, flow.Command{Program: &flow.Program{Entry: "gone"}}, voice.Invalid},
		"at another place":            {ours, id, flow.Command{At: "held", Program: playing("x")}, voice.Conflict},
	} {
		if err := s.Command(t.Context(), tt.tenant, tt.id, tt.cmd); !voice.IsKind(err, tt.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	block := flow.Command{At: "ready", Key: "k1", Text: "say it", Program: playing("first"), Data: map[string]string{"test.tag": "t1"}}
	if err := s.Command(t.Context(), ours, id, block); err != nil {
		t.Fatal(err)
	}
	<-c.music // the first plays, until something takes its place
	if err := s.Command(t.Context(), ours, id, block); err != nil {
		t.Errorf("the same order again: %v", err)
	}
	if err := s.Command(t.Context(), ours, id, flow.Command{At: "ready", Program: playing("x")}); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("while another is carried out: %v", err)
	}
	if err := s.Command(t.Context(), ours, id, flow.Command{Mode: voice.CommandInstead, Program: playing("second")}); err != nil {
		t.Fatal(err)
	}
	<-c.music
	last := flow.Command{Mode: voice.CommandInstead, Last: true, Program: program("", flow.Hangup{Words: "that was all"})}
	if err := s.Command(t.Context(), ours, id, last); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if e := c.ending(t); e.Words != "that was all" {
		t.Errorf("ended %+v", e)
	}
	if len(c.music) > 0 {
		t.Error("an order was carried out twice")
	}
	var noted bool
	for _, e := range c.events {
		noted = noted || e.Kind == voice.EventCallOrdered && e.Data["test.tag"] == "t1" && e.Data["order"] == "next"
	}
	if !noted {
		t.Errorf("the order is not on the timeline: %+v", c.events)
	}
	if err := s.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Command(t.Context(), ours, id, flow.Command{Program: playing("x")}); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// TestLongestTimeOfAnOrderedCall ends whatever the call does then.
func TestLongestTimeOfAnOrderedCall(t *testing.T) {
	t.Parallel()
	w := usual()
	s := w.board(t)
	c := newWaiter(voice.CallInfo{}, sim.Script{})
	c.place = func(context.Context, voice.DialSpec) (voice.DialResult, error) {
		return voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, nil
	}
	cb := order("+46111", "")
	cb.Second, cb.ShowSecond = voice.Destination{}, ""
	cb.Program, cb.MaxDuration, cb.Data = awaiting(), 20*time.Millisecond, map[string]string{"test.url": "http://x"}
	if _, err := s.CallBack(t.Context(), waiting{c}, cb); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if e := c.ending(t); e.Cause != voice.CauseMaxDuration {
		t.Errorf("ended %+v", e)
	}
	if err := s.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := w.final(); len(f) != 1 || f[0].Reason != voice.EndCallTime {
		t.Errorf("records: %+v", f)
	}
	if e := c.events[1]; e.Kind != voice.EventCallOrdered || e.Data["test.url"] != "http://x" {
		t.Errorf("what the order says is not on the timeline: %+v", e)
	}
}

// waiting gives one prepared call that really waits.
type waiting struct{ call *waiter }

func (o waiting) NewCall(info voice.CallInfo) switchboard.OutCall {
	o.call.info = info
	return o.call
}
