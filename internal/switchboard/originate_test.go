package switchboard_test

import (
	"context"
	"strings"
	"testing"

	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// originator gives one prepared call the info that it is asked to.
type originator struct{ call *call }

func (o originator) NewCall(info voice.CallInfo) switchboard.OutCall {
	o.call.info = info
	return o.call
}

func order(first, second string) switchboard.CallBack {
	return switchboard.CallBack{
		Tenant: ours, First: voice.Destination{Kind: voice.ToNumber, ID: first}, Second: voice.Destination{Kind: voice.ToNumber, ID: second},
		ShowFirst: "+4610000001", ShowSecond: "+4610000005", Text: "user 1",
	}
}

func TestCallBack(t *testing.T) {
	t.Parallel()
	reached := voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}
	busy := voice.DialResult{End: voice.DialBusy, Cause: voice.CauseBusy, Words: "486 Busy Here"}
	for _, tt := range []struct {
		name          string
		first, second voice.DialResult
		fails         error // of the first
		cause         voice.Cause
		why           voice.EndReason
		words         string
		dialled       bool // the second
	}{
		{"both answer", reached, reached, nil, voice.CauseNormal, voice.EndFarHungUp, "far end hung up", true},
		{"the first is busy", busy, reached, nil, voice.CauseBusy, voice.EndFirstMissed, "the first party was not reached: 486 Busy Here", false},
		{"the second is busy", reached, busy, nil, voice.CauseNormal, voice.EndSecondMissed, "the second party was not reached", true},
		{"the first can't be dialled", voice.DialResult{}, reached, voice.Errorf("test", voice.Limit, "too many calls"), voice.CauseFailed, voice.EndFirstMissed, "too many calls", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			s := w.board(t)
			c := newCall(voice.CallInfo{}, sim.Script{})
			c.place = func(_ context.Context, s voice.DialSpec) (voice.DialResult, error) {
				if s.CallerID != "+4610000001" {
					t.Errorf("the first sees %q", s.CallerID)
				}
				return tt.first, tt.fails
			}
			dialled := false
			c.dial = func(_ context.Context, s voice.DialSpec) (voice.DialResult, error) {
				if dialled = true; s.CallerID != "+4610000005" || s.Targets[0].ID != "+46222" {
					t.Errorf("the second is dialled %+v", s)
				}
				return tt.second, nil
			}
			id, err := s.CallBack(t.Context(), originator{c}, order("+46111", "+46222"))
			if err != nil || id == "" {
				t.Fatal(id, err)
			}
			<-c.over
			if err := s.End(t.Context()); err != nil {
				t.Fatal(err)
			}
			if e := c.ending(t); e.Cause != tt.cause || !strings.Contains(e.Words, tt.words) {
				t.Errorf("ended %+v", e)
			}
			if dialled != tt.dialled {
				t.Errorf("the second was dialled: %t", dialled)
			}
			f := w.final()
			if len(f) != 1 || f[0].Call != id || f[0].Tenant != ours || f[0].Direction != voice.Outbound || f[0].Cause != tt.cause || f[0].Reason != tt.why {
				t.Errorf("records: %+v", f)
			}
			if !c.noted(voice.EventCallArrived) || !c.noted(voice.EventCallEnded) {
				t.Errorf("timeline: %+v", c.events)
			}
		})
	}
}

func TestCallBackIsRefused(t *testing.T) {
	t.Parallel()
	s := usual().board(t)
	for _, cb := range []switchboard.CallBack{order("gone", "+46222"), order("+46111", "gone")} {
		if _, err := s.CallBack(t.Context(), originator{newCall(voice.CallInfo{}, sim.Script{})}, cb); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("to nowhere: %v", err)
		}
	}
	spoofed := order("+46111", "+46222")
	spoofed.ShowSecond = "+4610000002"
	if _, err := s.CallBack(t.Context(), originator{newCall(voice.CallInfo{}, sim.Script{})}, spoofed); !voice.IsKind(err, voice.Permission) {
		t.Errorf("with another account's number: %v", err)
	}
	s.Close(t.Context())
	if _, err := s.CallBack(t.Context(), originator{newCall(voice.CallInfo{}, sim.Script{})}, order("+46111", "+46222")); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("while the server stops: %v", err)
	}
}

// TestCallBackEndsWithTheServer rings for as long as it is let; a panic in the
// goroutine that rings ends nothing but the call.
func TestCallBackEndsWithTheServer(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(context.Context, voice.DialSpec) (voice.DialResult, error){
		"stop": func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
			<-ctx.Done()
			return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
		},
		"panic": func(context.Context, voice.DialSpec) (voice.DialResult, error) { panic("a fault") },
	} {
		w := usual()
		s := w.board(t)
		c := newCall(voice.CallInfo{}, sim.Script{})
		c.place = place
		if _, err := s.CallBack(t.Context(), originator{c}, order("+46111", "+46222")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]voice.Cause{"stop": voice.CauseShutdown, "panic": voice.CauseFailed}[name]
		why := map[string]voice.EndReason{"stop": voice.EndStopping, "panic": voice.EndFault}[name]
		if f := w.final(); len(f) != 1 || f[0].Cause != want || f[0].Reason != why {
			t.Errorf("%s: records %+v", name, f)
		}
	}
}
