package switchboard_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// A part of the callers gets the canary, always the same ones, and is told of it on
// the timeline.
func TestCanary(t *testing.T) {
	w := usual()
	w.programs["menu canary"] = program("menu", flow.Hangup{Words: "ran the canary"})
	s := w.board(t)
	got := 0
	for i := range 40 {
		from := fmt.Sprintf("+4670000%04d", i)
		want := "ran menu"
		if (voice.Canary{Percent: 50}).Takes(from, "") {
			want = "ran the canary"
			got++
		}
		for range 2 {
			c := newCall(voice.CallInfo{From: from, To: "+4610000001"}, sim.Script{})
			s.Arrive(c)
			if e := c.ending(t); e.Words != want {
				t.Fatalf("caller %s: %q, want %q", from, e.Words, want)
			}
			if told := c.told("this caller gets the canary of app menu"); told != (want == "ran the canary") {
				t.Errorf("caller %s: told of the canary: %v", from, told)
			}
		}
	}
	if got < 10 || got > 30 {
		t.Errorf("half of 40 callers are %d", got)
	}
}

// told reports whether a step event says words.
func (c *call) told(words string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.events, func(e voice.Event) bool { return e.Text == words })
}

// A call that comes to an app again finds the revision that it was in, whatever
// has been published meanwhile.
func TestCallKeepsItsRevision(t *testing.T) {
	w := usual()
	w.programs["menu"] = program("menu", flow.Goto{App: "second"})
	round := 0
	w.programs["second"] = program("second", flow.Goto{App: "menu"})
	w.asked = func(app voice.AppID) {
		if app == "second" {
			round++
			w.programs["menu"] = program("menu", flow.Hangup{Words: "a new revision"})
		}
	}
	s := w.board(t)
	c := newCall(voice.CallInfo{From: "+46700000001", To: "+4610000001"}, sim.Script{})
	s.Arrive(c)
	if e := c.ending(t); strings.Contains(e.Words, "new revision") || round != 1 {
		t.Errorf("ended with %q after %d look-ups", e.Words, round)
	}
	c = newCall(voice.CallInfo{From: "+46700000001", To: "+4610000001"}, sim.Script{})
	s.Arrive(c)
	if e := c.ending(t); e.Words != "a new revision" {
		t.Errorf("the next call: %q", e.Words)
	}
}

// Who orders a call to an app sends its caller to what that caller would get there:
// the canary, or the revision that the call has been in.
func TestOrderedToTheCallersRevision(t *testing.T) {
	canary := voice.Canary{Percent: 50}
	for i, found := 0, map[bool]bool{}; len(found) < 2; i++ {
		from := fmt.Sprintf("+4670000%04d", i)
		takes := canary.Takes(from, "+4610000005")
		if found[takes] {
			continue
		}
		found[takes] = true
		for _, order := range []string{"redirect", "transfer"} {
			w := usual()
			w.programs["VAtwo"] = program("VAtwo", flow.Hangup{Words: "ran what is published"})
			w.programs["VAtwo canary"] = program("VAtwo", flow.Hangup{Words: "ran the canary"})
			s := w.board(t)
			c, _ := ringingFrom(t, s, from)
			to := voice.Destination{Kind: voice.ToApp, ID: "VAtwo"}
			var err error
			if order == "redirect" {
				err = s.Redirect(t.Context(), ours, c.Info().ID, to)
			} else {
				err = s.Transfer(t.Context(), ours, c.Info().ID, to, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			want := "ran what is published"
			if takes {
				want = "ran the canary"
			}
			<-c.over
			if e := c.ending(t); e.Words != want {
				t.Errorf("%s of %s: %q, want %q", order, from, e.Words, want)
			}
		}
	}
}

func TestOrderedBackKeepsTheRevision(t *testing.T) {
	w := usual()
	w.programs["VAtwo"] = program("VAtwo", flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+46444"}})
	s := w.board(t)
	c, dials := ringing(t, s)
	to := voice.Destination{Kind: voice.ToApp, ID: "VAtwo"}
	if err := s.Redirect(t.Context(), ours, c.Info().ID, to); err != nil {
		t.Fatal(err)
	}
	<-dials
	w.programs["VAtwo"] = program("VAtwo", flow.Hangup{Words: "a new revision"})
	if err := s.Redirect(t.Context(), ours, c.Info().ID, to); err != nil {
		t.Fatal(err)
	}
	if spec := <-dials; spec.Targets[0].ID != "+46444" {
		t.Errorf("dials %+v", spec)
	}
	if err := s.Hangup(t.Context(), ours, c.Info().ID, ""); err != nil {
		t.Fatal(err)
	}
	<-c.over
}
