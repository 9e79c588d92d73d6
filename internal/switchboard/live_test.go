package switchboard_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// talk is one that lasts until over closes.
type talk struct {
	with voice.Target
	over chan struct{}
}

func (t *talk) With() voice.Target    { return t.with }
func (t *talk) Since() time.Time      { return time.Unix(1, 0) }
func (t *talk) Over() <-chan struct{} { return t.over }

func (c *call) Talk() voice.Talk {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.talk == nil {
		return nil
	}
	return c.talk
}

func (c *call) talks(t *talk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.talk = t
}

func (c *call) Supervise(ctx context.Context, of voice.Talk, mode voice.SuperviseMode) error {
	return c.supervise(ctx, of, mode)
}

// ringing is a call that has arrived and rings somebody until it is told not
// to; each dial is given to dials.
func ringing(t *testing.T, s *switchboard.Switchboard) (c *call, dials chan voice.DialSpec) {
	t.Helper()
	return ringingFrom(t, s, "+46700000001")
}

func ringingFrom(t *testing.T, s *switchboard.Switchboard, from string) (c *call, dials chan voice.DialSpec) {
	t.Helper()
	c = newCall(voice.CallInfo{From: from, FromName: "Ann", To: "+4610000005", Tag: "t1"}, sim.Script{})
	dials = make(chan voice.DialSpec)
	c.dial = func(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
		select {
		case dials <- spec:
		case <-ctx.Done():
		}
		<-ctx.Done()
		return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
	}
	go s.Arrive(c)
	<-dials
	return c, dials
}

func TestLiveCallIsHungUp(t *testing.T) {
	t.Parallel()
	w := usual()
	s := w.board(t)
	c, _ := ringing(t, s)
	id := c.Info().ID
	for _, other := range []voice.TenantID{theirs, ""} {
		if err := s.Hangup(t.Context(), other, id, "mine"); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("tenant %q hangs up: %v", other, err)
		}
	}
	live := s.LiveCalls(ours)
	if len(live) != 1 || len(s.LiveCalls(theirs)) != 0 {
		t.Fatalf("live: %+v", live)
	}
	if v := live[0]; v.Info.ID != id || v.State != voice.LiveDialling || v.WithID.ID != "101" || v.With == "" || v.Tag != "t1" || v.Since.IsZero() {
		t.Errorf("live: %+v", v)
	}
	if v, err := s.LiveCall(ours, id); err != nil || v != live[0] {
		t.Errorf("alone: %+v, %v", v, err)
	}
	if _, err := s.LiveCall(theirs, id); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account's alone: %v", err)
	}
	c.talks(&talk{with: voice.Target{Kind: voice.ToExtension, ID: "102"}})
	if v := s.LiveCalls(ours)[0]; v.State != voice.LiveTalking || v.With != "extension 102" || v.WithID.ID != "102" || !v.Since.Equal(time.Unix(1, 0)) {
		t.Errorf("in a talk: %+v", v)
	}
	if err := s.Hangup(t.Context(), ours, id, "the operator had enough"); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if e := c.ending(t); e.Cause != voice.CauseNormal || e.Words != "the operator had enough" {
		t.Errorf("ended %+v", e)
	}
	if !c.noted(voice.EventCallOrdered) {
		t.Error("the order is not on the timeline")
	}
	if err := s.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := w.final(); len(f) != 1 || f[0].Words != "the operator had enough" || f[0].Tag != "t1" {
		t.Errorf("records: %+v", f)
	}
	if err := s.Hangup(t.Context(), ours, id, ""); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("a call that is over: %v", err)
	}
}

func TestLiveCallIsRedirected(t *testing.T) {
	t.Parallel()
	w := usual()
	w.programs["VAtwo"] = program("VAtwo", flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+46444"}})
	s := w.board(t)
	c, dials := ringing(t, s)
	id := c.Info().ID
	for _, tt := range []struct {
		to   voice.Destination
		t    voice.TenantID
		kind voice.Kind
	}{
		{voice.Destination{Kind: voice.ToNumber, ID: "gone"}, ours, voice.NotExist},
		{voice.Destination{Kind: voice.ToApp, ID: "VAgone"}, ours, voice.NotExist},
		{voice.Destination{Kind: voice.ToNumber, ID: "+46333"}, theirs, voice.NotExist},
		{voice.Destination{}, ours, voice.Invalid},
	} {
		if err := s.Redirect(t.Context(), tt.t, id, tt.to); !voice.IsKind(err, tt.kind) {
			t.Errorf("to %v: %v", tt.to, err)
		}
	}
	for _, tt := range []struct {
		to   voice.Destination
		dial string
	}{
		{voice.Destination{Kind: voice.ToNumber, ID: "+46333"}, "+46333"},
		{voice.Destination{Kind: voice.ToApp, ID: "VAtwo"}, "+46444"},
	} {
		if err := s.Redirect(t.Context(), ours, id, tt.to); err != nil {
			t.Fatal(err)
		}
		if spec := <-dials; spec.Targets[0].ID != tt.dial {
			t.Errorf("redirected to %+v", spec)
		}
		c.mu.Lock()
		if len(c.hangups) != 0 {
			t.Errorf("the caller was hung up: %+v", c.hangups)
		}
		c.mu.Unlock()
	}
	if err := s.Hangup(t.Context(), ours, id, ""); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if e := c.ending(t); e.Words != "hung up by order" {
		t.Errorf("ended %+v", e)
	}
}

// A caller who is sent to a step of an app begins there, and the next caller of the
// app at its beginning.
func TestLiveCallIsRedirectedToAStep(t *testing.T) {
	t.Parallel()
	w := usual()
	two := program("VAtwo", flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+46444"}})
	two.Nodes = append(two.Nodes, flow.Node{ID: "later", Step: flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: "+46555"}}})
	w.programs["VAtwo"] = two
	s := w.board(t)
	c, dials := ringing(t, s)
	id := c.Info().ID
	if err := s.RedirectToStep(t.Context(), ours, id, "VAtwo", "nowhere"); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("to a step that is not there: %v", err)
	}
	if err := s.RedirectToStep(t.Context(), theirs, id, "VAtwo", "later"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account's call: %v", err)
	}
	if err := s.RedirectToStep(t.Context(), ours, id, "VAgone", "later"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("to an app that is gone: %v", err)
	}
	if err := s.RedirectToStep(t.Context(), ours, id, "VAtwo", "later"); err != nil {
		t.Fatal(err)
	}
	if spec := <-dials; spec.Targets[0].ID != "+46555" {
		t.Errorf("redirected to %+v", spec)
	}
	if err := s.Redirect(t.Context(), ours, id, voice.Destination{Kind: voice.ToApp, ID: "VAtwo"}); err != nil {
		t.Fatal(err)
	}
	if spec := <-dials; spec.Targets[0].ID != "+46444" {
		t.Errorf("the app begins at %+v", spec)
	}
	if err := s.Hangup(t.Context(), ours, id, ""); err != nil {
		t.Fatal(err)
	}
	<-c.over
}

// supervised is a call of ours in a talk.
func supervised(t *testing.T, w *world) (*switchboard.Switchboard, *call, *talk) {
	t.Helper()
	s := w.board(t)
	c, _ := ringing(t, s)
	if err := s.Supervise(t.Context(), nil, ours, c.Info().ID, voice.Monitor, voice.Destination{Kind: voice.ToExtension, ID: "103"}); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("nobody talks: %v", err)
	}
	k := &talk{with: voice.Target{Kind: voice.ToExtension, ID: "101"}, over: make(chan struct{})}
	c.talks(k)
	return s, c, k
}

func TestSupervise(t *testing.T) {
	t.Parallel()
	w := usual()
	s, c, k := supervised(t, w)
	id, boss := c.Info().ID, voice.Destination{Kind: voice.ToExtension, ID: "103"}
	with := make(chan voice.SuperviseMode, 1)
	for _, tt := range []struct {
		t    voice.TenantID
		mode voice.SuperviseMode
		by   string
		kind voice.Kind
	}{{theirs, voice.Monitor, "103", voice.NotExist}, {ours, "spy", "103", voice.Invalid}, {ours, voice.Barge, "gone", voice.NotExist}} {
		if err := s.Supervise(t.Context(), originator{newCall(voice.CallInfo{}, sim.Script{})}, tt.t, id, tt.mode, voice.Destination{Kind: voice.ToExtension, ID: tt.by}); !voice.IsKind(err, tt.kind) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	sup := newCall(voice.CallInfo{}, sim.Script{})
	sup.place = func(_ context.Context, spec voice.DialSpec) (voice.DialResult, error) {
		if spec.Targets[0].ID != "103" || spec.CallerName != "Ann (whisper)" || sup.Info().To != "+46700000001" {
			t.Errorf("the supervisor is rung %+v for %+v", spec, sup.Info())
		}
		return voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, nil
	}
	sup.supervise = func(_ context.Context, of voice.Talk, mode voice.SuperviseMode) error {
		with <- mode
		<-of.Over()
		return nil
	}
	if err := s.Supervise(t.Context(), originator{sup}, ours, id, voice.Whisper, boss); err != nil {
		t.Fatal(err)
	}
	if m := <-with; m != voice.Whisper {
		t.Errorf("joined to %s", m)
	}
	if live := s.LiveCalls(ours); len(live) != 2 || live[1].Info.ID != sup.Info().ID {
		t.Errorf("live: %+v", live)
	}
	if err := s.Redirect(t.Context(), ours, sup.Info().ID, boss); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("a supervisor is redirected: %v", err)
	}
	close(k.over)
	<-sup.over
	if e := sup.ending(t); e.Words != "the talk is over" {
		t.Errorf("ended %+v", e)
	}
	if e := sup.last(); e.Data["reason"] != string(voice.EndWatchedTalkEnd) {
		t.Errorf("the last event: %+v", e)
	}
	if !c.noted(voice.EventSuperviseStarted) || !c.noted(voice.EventSuperviseEnded) {
		t.Errorf("timeline: %+v", c.events)
	}
}

// TestSupervisorWhoDoesNotCome rings until the talk is over.
func TestSupervisorWhoDoesNotCome(t *testing.T) {
	t.Parallel()
	s, c, k := supervised(t, usual())
	boss := voice.Destination{Kind: voice.ToExtension, ID: "103"}
	var sups []*call
	for range 4 {
		sup := newCall(voice.CallInfo{}, sim.Script{})
		sup.place = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
			<-ctx.Done()
			return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
		}
		err := s.Supervise(t.Context(), originator{sup}, ours, c.Info().ID, voice.Monitor, boss)
		switch {
		case len(sups) == 3 && !voice.IsKind(err, voice.Limit):
			t.Errorf("a fourth supervisor: %v", err)
		case len(sups) < 3 && err != nil:
			t.Fatal(err)
		case err == nil:
			sups = append(sups, sup)
		}
	}
	if err := s.Hangup(t.Context(), ours, sups[0].Info().ID, "not you"); err != nil {
		t.Fatal(err)
	}
	<-sups[0].over
	close(k.over)
	for i, sup := range sups {
		<-sup.over
		want := "the talk is over"
		if i == 0 {
			want = "not you"
		}
		if e := sup.ending(t); !strings.Contains(e.Words, want) {
			t.Errorf("supervisor %d ended %+v", i, e)
		}
		if e := sup.last(); e.Data["reason"] != string(voice.EndWatcherMissed) {
			t.Errorf("the last event of supervisor %d: %+v", i, e)
		}
	}
}

// TestCallBackOfMany rings three together for a time of its own and runs a
// program for whoever answers.
func TestCallBackOfMany(t *testing.T) {
	t.Parallel()
	w := usual()
	s := w.board(t)
	c := newCall(voice.CallInfo{}, sim.Script{})
	c.place = func(_ context.Context, spec voice.DialSpec) (voice.DialResult, error) {
		var ids []string
		for _, t := range spec.Targets {
			ids = append(ids, t.ID)
		}
		if !slices.Equal(ids, []string{"+46111", "+46112", "103"}) || spec.RingTime != 7*time.Second || spec.CallerID != "+4610000001" {
			t.Errorf("rung: %+v", spec)
		}
		return voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, nil
	}
	cb := order("+46111", "")
	cb.Second, cb.ShowSecond = voice.Destination{}, ""
	cb.More = []voice.Destination{{Kind: voice.ToNumber, ID: "+46112"}, {Kind: voice.ToExtension, ID: "103"}}
	cb.RingFirst, cb.Tag = 7*time.Second, "t9"
	cb.Program = program("VAthen", flow.Hangup{Words: "that was all"})
	id, err := s.CallBack(t.Context(), originator{c}, cb)
	if err != nil {
		t.Fatal(err)
	}
	<-c.over
	if err := s.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	f := w.final()
	if len(f) != 1 || f[0].Call != id || f[0].Tag != "t9" || f[0].Order == "" || f[0].App != "VAthen" || !strings.Contains(f[0].Words, "that was all") {
		t.Errorf("records: %+v", f)
	}
	cb.More = make([]voice.Destination, voice.MaxTargets)
	if _, err := s.CallBack(t.Context(), originator{c}, cb); !voice.IsKind(err, voice.Limit) {
		t.Errorf("too many: %v", err)
	}
}

// TestCallBackIsStopped hangs up a call that rings its first party.
func TestCallBackIsStopped(t *testing.T) {
	t.Parallel()
	w := usual()
	s := w.board(t)
	c := newCall(voice.CallInfo{}, sim.Script{})
	rings := make(chan struct{})
	c.place = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
		close(rings)
		<-ctx.Done()
		return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
	}
	id, err := s.CallBack(t.Context(), originator{c}, order("+46111", "+46222"))
	if err != nil {
		t.Fatal(err)
	}
	<-rings
	if v := s.LiveCalls(ours)[0]; v.State != voice.LiveDialling || v.WithID.ID != "+46111" {
		t.Errorf("live: %+v", v)
	}
	if err := s.Redirect(t.Context(), ours, id, voice.Destination{Kind: voice.ToNumber, ID: "+46333"}); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("a call without a party is redirected: %v", err)
	}
	if err := s.Hangup(t.Context(), ours, id, "no longer wanted"); err != nil {
		t.Fatal(err)
	}
	<-c.over
	if e := c.ending(t); e.Words != "no longer wanted" || e.Cause != voice.CauseNormal {
		t.Errorf("ended %+v", e)
	}
}
