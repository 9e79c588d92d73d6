package switchboard_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

func usual() *world {
	end := func(app voice.AppID) *flow.Program { return program(app, flow.Hangup{Words: "ran " + string(app)}) }
	return &world{
		numbers: map[voice.E164]voice.Number{
			"+4610000001": number("+4610000001", ours, voice.ToApp, "menu"),
			"+4610000002": number("+4610000002", theirs, voice.ToExtension, "901"),
			"+4610000003": number("+4610000003", ours, "", ""),
			"+4610000004": number("+4610000004", ours, voice.ToApp, "deleted"),
			"+4610000005": number("+4610000005", ours, voice.ToExtension, "101"),
			"+4610000006": number("+4610000006", ours, voice.ToApp, "broken"),
		},
		extensions: map[string]bool{"101": true},
		programs:   map[voice.AppID]*flow.Program{"menu": end("menu")},
		dialled:    map[string]*flow.Program{"*21": end("short")},
	}
}

// TestWhatIsReached tells who reaches what: strangers configured numbers alone,
// trunks those of their own account, extensions what is their account's and,
// with a full number, the outside.
func TestWhatIsReached(t *testing.T) {
	t.Parallel()
	stranger := voice.CallInfo{}
	trunk := voice.CallInfo{Tenant: ours, Trunk: "TR1"}
	extension := voice.CallInfo{Tenant: ours, Extension: "102"}
	for _, tt := range []struct {
		name  string
		from  voice.CallInfo
		to    string
		cause voice.Cause
		words string
	}{
		{"app of a number", stranger, "+4610000001", voice.CauseNormal, "ran menu"},
		{"the same number as a carrier writes it", stranger, "004610000001", voice.CauseNormal, "ran menu"},
		{"number that nobody has", stranger, "+4610000009", voice.CauseNotFound, "no number +4610000009"},
		{"number that goes nowhere", stranger, "+4610000003", voice.CauseNotFound, "not connected"},
		{"number whose app is gone", stranger, "+4610000004", voice.CauseNotFound, "is gone"},
		{"stranger to an extension", stranger, "101", voice.CauseNotFound, "no number 101"},
		{"stranger to a short code", stranger, "*21", voice.CauseNotFound, "no number *21"},
		{"stranger to the outside", stranger, "+4699999999", voice.CauseNotFound, "no number"},
		{"trunk to its account's number", trunk, "+4610000001", voice.CauseNormal, "ran menu"},
		{"trunk to another account's number", trunk, "+4610000002", voice.CauseNotFound, "no number +4610000002"},
		{"trunk to the outside", trunk, "+4699999999", voice.CauseNotFound, "no number"},
		{"extension to its account's number", extension, "+4610000001", voice.CauseNormal, "ran menu"},
		{"extension to an extension", extension, "101", voice.CauseNormal, "far end hung up"},
		{"extension to a short code", extension, "*21", voice.CauseNormal, "ran short"},
		{"extension to the outside", extension, "0046700000001", voice.CauseNormal, "far end hung up"},
		{"extension to another account's number, by trunk", extension, "+4610000002", voice.CauseNormal, "far end hung up"},
		{"extension to an unknown short number", extension, "777", voice.CauseNotFound, "nothing is behind"},
		{"extension to a number without a country", extension, "5550100", voice.CauseNotFound, "nothing is behind"},
		{"extension to a number too long", extension, "+46123456789012345", voice.CauseNotFound, "digits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			s := w.board(t)
			tt.from.To = tt.to
			answers := sim.FarEnd{Does: sim.Answers, Talk: time.Second}
			c := newCall(tt.from, sim.Script{Far: map[string]sim.FarEnd{
				"extension 101": answers, "number +46700000001": answers, "number +4610000002": answers,
			}})
			s.Arrive(c)
			if e := c.ending(t); e.Cause != tt.cause || !strings.Contains(e.Words, tt.words) {
				t.Errorf("ended %+v, want %q with %q", e, tt.cause, tt.words)
			}
			if refused := tt.cause == voice.CauseNotFound; c.noted(voice.EventCallRefused) != refused {
				t.Errorf("the timeline names a refusal: %t", !refused)
			}
			if f := w.final(); len(f) != 1 || f[0].Cause != tt.cause || f[0].To != tt.to {
				t.Errorf("records: %+v", f)
			}
		})
	}
}

func TestStoreAwayIsNotAnUnknownNumber(t *testing.T) {
	t.Parallel()
	for _, info := range []voice.CallInfo{{To: "+4610000001"}, {To: "+4610000001", Tenant: ours, Extension: "102"}} {
		w := usual()
		w.down = voice.Errorf("test", voice.Unavailable, "the database is away")
		c := newCall(info, sim.Script{})
		w.board(t).Arrive(c)
		if e := c.ending(t); e.Cause != voice.CauseUnavailable {
			t.Errorf("ended %+v", e)
		}
		if f := w.final(); len(f) != 1 || f[0].Reason != voice.EndNoService {
			t.Errorf("records: %+v", f)
		}
	}
}

// TestDirectEndsWithTheFarEndsReason is a number that goes straight to a phone:
// the caller is told what the phone said.
func TestDirectEndsWithTheFarEndsReason(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		result voice.DialResult
		want   voice.Cause
	}{
		{voice.DialResult{End: voice.DialBusy, Cause: voice.CauseBusy}, voice.CauseBusy},
		{voice.DialResult{End: voice.DialNoAnswer, Cause: voice.CauseNoAnswer}, voice.CauseNoAnswer},
		{voice.DialResult{End: voice.DialFailed, Cause: voice.CauseRejected, Words: "603 Decline"}, voice.CauseRejected},
		{voice.DialResult{End: voice.DialFailed, Cause: voice.CauseUnavailable}, voice.CauseUnavailable},
		{voice.DialResult{End: voice.DialMaxDuration, Cause: voice.CauseMaxDuration}, voice.CauseMaxDuration},
		{voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal}, voice.CauseNormal},
	} {
		c := newCall(voice.CallInfo{To: "+4610000005"}, sim.Script{})
		c.dial = func(context.Context, voice.DialSpec) (voice.DialResult, error) { return tt.result, nil }
		usual().board(t).Arrive(c)
		if e := c.ending(t); e.Cause != tt.want || !strings.Contains(e.Words, tt.result.Words) {
			t.Errorf("%+v: ended %+v", tt.result, e)
		}
	}
}

func TestPanicEndsOneCall(t *testing.T) {
	t.Parallel()
	for name, info := range map[string]voice.CallInfo{"in a step": {To: "+4610000005"}, "in the compiler": {To: "+4610000006"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			s := w.board(t)
			c := newCall(info, sim.Script{})
			c.dial = func(context.Context, voice.DialSpec) (voice.DialResult, error) { panic("a fault of the program") }
			s.Arrive(c)
			if e := c.ending(t); e.Cause != voice.CauseFailed || !c.noted(voice.EventFlowError) || !c.noted(voice.EventCallEnded) {
				t.Errorf("ended %+v", e)
			}
			next := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{})
			s.Arrive(next)
			if e := next.ending(t); e.Cause != voice.CauseNormal {
				t.Errorf("the next call ended %+v", e)
			}
			if f := w.final(); len(f) != 2 || f[0].Cause != voice.CauseFailed {
				t.Errorf("records: %+v", f)
			}
		})
	}
}

// held is a call whose dial lasts until its context ends.
func held(info voice.CallInfo) (*call, <-chan struct{}) {
	c := newCall(info, sim.Script{})
	up := make(chan struct{})
	c.dial = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
		close(up)
		<-ctx.Done()
		return voice.DialResult{}, voice.E("test", voice.Unavailable, context.Cause(ctx))
	}
	return c, up
}

func TestCloseEndsCallsAndStoresTheirRecords(t *testing.T) {
	t.Parallel()
	w := usual()
	s := w.board(t)
	var calls sync.WaitGroup
	c, up := held(voice.CallInfo{To: "+4610000005"})
	calls.Go(func() { s.Arrive(c) })
	<-up
	if live := s.Live(); len(live) != 1 || live[0].ID != c.Info().ID || live[0].Tenant != ours {
		t.Errorf("live: %+v", live)
	}
	if !s.Note(c.Info().ID, voice.Event{Kind: voice.EventMedia}) || s.Note("other", voice.Event{}) {
		t.Error("a note on a live call")
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
	if e := c.ending(t); e.Cause != voice.CauseShutdown {
		t.Errorf("ended %+v", e)
	}
	if f := w.final(); len(f) != 1 || f[0].Cause != voice.CauseShutdown {
		t.Errorf("records: %+v", f)
	}
	late := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{})
	s.Arrive(late)
	if e := late.ending(t); e.Cause != voice.CauseShutdown || !late.noted(voice.EventCallRefused) {
		t.Errorf("a call after the end: %+v", e)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// TestCloseDoesNotWaitForEver has a call that does not listen.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		s := w.board(t)
		c := newCall(voice.CallInfo{To: "+4610000005"}, sim.Script{})
		release := make(chan struct{})
		c.dial = func(context.Context, voice.DialSpec) (voice.DialResult, error) {
			<-release
			return voice.DialResult{}, voice.Errorf("test", voice.HungUp, "gone")
		}
		var calls sync.WaitGroup
		calls.Go(func() { s.Arrive(c) })
		synctest.Wait()
		s.Arrive(newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Close(ctx); err == nil {
			t.Error("closed with a call up")
		}
		if f := w.final(); len(f) != 1 {
			t.Errorf("the record of the call that was over is not stored: %+v", f)
		}
		close(release)
		calls.Wait()
	})
}

func TestInboundLimitOfAnAccount(t *testing.T) {
	t.Parallel()
	w := usual()
	w.limit = 1
	s := w.board(t)
	first, up := held(voice.CallInfo{To: "+4610000005"})
	var calls sync.WaitGroup
	calls.Go(func() { s.Arrive(first) })
	<-up
	second := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{})
	s.Arrive(second)
	if e := second.ending(t); e.Cause != voice.CauseBusy || !strings.Contains(e.Words, "its limit") {
		t.Errorf("beyond the limit: %+v", e)
	}
	if f := w.final(); len(f) != 1 || f[0].Reason != voice.EndAccountLimit {
		t.Errorf("records: %+v", f)
	}
	other := newCall(voice.CallInfo{To: "+4610000002"}, sim.Script{Far: map[string]sim.FarEnd{"extension 901": {Does: sim.IsBusy}}})
	s.Arrive(other)
	if e := other.ending(t); e.Cause != voice.CauseBusy {
		t.Errorf("another account's call: %+v", e)
	}
	s.End(t.Context())
	calls.Wait()
}

func TestMessageIsDeliveredThoughTheServerStops(t *testing.T) {
	t.Parallel()
	w := usual()
	w.programs["menu"] = &flow.Program{App: "menu", Name: "box", Entry: "rec", Nodes: []flow.Node{
		{ID: "rec", Step: flow.Record{Purpose: voice.ForVoicemail}, Exits: map[flow.Exit]flow.NodeID{flow.Recorded: "send"}},
		{ID: "send", Step: flow.Deliver{}},
	}}
	s := w.board(t)
	// The server stops while the caller speaks; the caller hangs up then.
	c := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{Caller: []sim.Action{
		{Speak: 3 * time.Second}, {Do: func() { go s.End(context.Background()) }}, {HangUp: true},
	}})
	s.Arrive(c)
	if len(w.delivered) != 1 {
		t.Errorf("delivered: %+v", w.delivered)
	}
	if !s.Note(c.Info().ID, voice.Event{Kind: voice.EventMailSent}) || !c.noted(voice.EventMailSent) {
		t.Error("what becomes of the mail is not noted in the call's own order")
	}
}

// TestNotesEndAfterTheLastSIPMessage lets go of a call that left a message.
func TestNotesEndAfterTheLastSIPMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		w.programs["menu"] = &flow.Program{App: "menu", Name: "box", Entry: "rec", Nodes: []flow.Node{
			{ID: "rec", Step: flow.Record{Purpose: voice.ForVoicemail}, Exits: map[flow.Exit]flow.NodeID{flow.Recorded: "send"}},
			{ID: "send", Step: flow.Deliver{}},
		}}
		s := w.board(t)
		c := newCall(voice.CallInfo{To: "+4610000001"}, sim.Script{Caller: []sim.Action{{Speak: 3 * time.Second}, {HangUp: true}}})
		s.Arrive(c)
		time.Sleep(30 * time.Second) // of the bubble
		if !s.Note(c.Info().ID, voice.Event{}) {
			t.Error("no note after half a minute")
		}
		time.Sleep(30 * time.Second)
		if s.Note(c.Info().ID, voice.Event{}) {
			t.Error("the call is kept for ever")
		}
		expected := newCall(voice.CallInfo{To: "+4610000005"}, sim.Script{})
		expected.dial = func(context.Context, voice.DialSpec) (voice.DialResult, error) {
			s.Expect(expected.Info().ID)
			return voice.DialResult{End: voice.DialCompleted}, nil
		}
		s.Arrive(expected)
		if !s.Note(expected.Info().ID, voice.Event{}) {
			t.Error("no note on a call that expects one")
		}
		s.Close(t.Context())
	})
}
