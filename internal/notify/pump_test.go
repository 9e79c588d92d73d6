package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/dialect"
	"tandem/internal/notify"
	"tandem/internal/voice"
)

// ear is everything around a pump.
type ear struct {
	mu         sync.Mutex
	facts      []dialect.Fact
	queued     []voice.Delivery
	expected   []voice.CallID
	subscribed []voice.TenantID
	refuse     int // so often the store is away
	changes    atomic.Uint64
	lists      atomic.Int32 // how often subscriptions were read
	kicks      atomic.Int32
	broken     bool   // the dialect fails
	bad        string // purpose of deliveries that the store refuses
}

func (e *ear) Deliveries(_ context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken {
		panic("a fault of the dialect")
	}
	e.facts = append(e.facts, f)
	if f.Event.Kind == voice.EventStep {
		return nil, errors.New("not rendered")
	}
	return []voice.Delivery{{Endpoint: "e", Purpose: string(f.Event.Kind), Method: "POST", URL: "https://example.com/"}}, nil
}

func (e *ear) CreateDeliveries(_ context.Context, ds []voice.Delivery) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse > 0 {
		e.refuse--
		return voice.Errorf("test", voice.Unavailable, "away")
	}
	if slices.ContainsFunc(ds, func(d voice.Delivery) bool { return d.Purpose == e.bad }) {
		return voice.Errorf("test", voice.Invalid, "a byte that no text has")
	}
	e.queued = append(e.queued, ds...)
	return nil
}

func (e *ear) start(more ...dialect.Notifier) *notify.Pump {
	return notify.StartPump(notify.PumpConfig{
		Subscribed: func(context.Context) ([]voice.TenantID, error) {
			e.lists.Add(1)
			e.mu.Lock()
			defer e.mu.Unlock()
			return e.subscribed, nil
		},
		Changes: e.changes.Load, Notifiers: append([]dialect.Notifier{e}, more...), Store: e,
		Expect: func(id voice.CallID) { e.expected = append(e.expected, id) }, Kick: func() { e.kicks.Add(1) },
	})
}

var begun = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// life is the timeline of a call of tenant 1.
func life(id voice.CallID) []voice.Event {
	n := 0
	event := func(t voice.TenantID, k voice.EventKind, leg voice.LegID, data ...string) voice.Event {
		n++
		e := voice.Event{Call: id, Tenant: t, Seq: n, At: begun.Add(time.Duration(n) * time.Second), Kind: k, Leg: leg, Data: map[string]string{}}
		for i := 0; i+1 < len(data); i += 2 {
			e.Data[data[i]] = data[i+1]
		}
		return e
	}
	return []voice.Event{
		event("", voice.EventSIP, "a"),
		event("", voice.EventCallArrived, "", "from", "+461", "from_name", "Anna", "to", "+462", "direction", "inbound", "trunk", "TR1", "tag", "t", "order", "o"),
		event("", voice.EventCallRinging, "a"),
		event("1", voice.EventAppEntered, "", "app", "VA1"),
		event("1", voice.EventCallAnswered, "a"),
		event("1", voice.EventPromptStarted, "a"),
		event("1", voice.EventDigit, "a", "digit", "4"),
		event("1", voice.EventDigit, "a", "digit", "2"),
		event("1", voice.EventAppEntered, "", "app", "VA2"),
		event("1", voice.EventDialStarted, "", "to", "extension 101"),
		event("1", voice.EventLegAnswered, "b1", "with", "extension 101", "kind", "extension", "id", "101"),
		event("1", voice.EventDigit, "b1", "digit", "9"),
		event("1", voice.EventRecordingFinished, "a", "recording", "R1"),
		event("1", voice.EventCallEnded, ""),
	}
}

func TestFacts(t *testing.T) {
	e := &ear{subscribed: []voice.TenantID{"1"}}
	p := e.start()
	events := life("c1")
	last := len(events) - 1
	for _, x := range events[:last] {
		p.Take(x)
	}
	p.Ended(voice.CDR{Call: "c1", Tenant: "1", Words: "over"})
	p.Take(events[last])
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kinds []voice.EventKind
	for i, f := range e.facts {
		kinds = append(kinds, f.Event.Kind)
		if f.Event.Tenant != "1" || f.Call.Info.Tenant != "1" || f.Call.Info.ID != "c1" {
			t.Errorf("fact %d is about %q, %+v", i, f.Event.Tenant, f.Call.Info)
		}
	}
	want := []voice.EventKind{
		voice.EventCallArrived, voice.EventCallRinging, voice.EventAppEntered, voice.EventCallAnswered, voice.EventDigit, voice.EventDigit,
		voice.EventAppEntered, voice.EventDialStarted, voice.EventLegAnswered, voice.EventDigit, voice.EventRecordingFinished, voice.EventCallEnded,
	}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Fatalf("facts (-want +got):\n%s", d)
	}
	first, end := e.facts[0].Call, e.facts[len(e.facts)-1].Call
	wantEnd := dialect.CallState{
		Info: voice.CallInfo{ID: "c1", Tenant: "1", Direction: voice.Inbound, From: "+461", FromName: "Anna", To: "+462", Trunk: "TR1",
			Start: begun.Add(2 * time.Second), Tag: "t", Order: "o"},
		App: "VA2", Apps: []voice.AppID{"VA1", "VA2"}, Answered: begun.Add(5 * time.Second), Dialled: "extension 101", AnsweredBy: "extension 101",
		Digits: "42", CDR: &voice.CDR{Call: "c1", Tenant: "1", Words: "over"}, Recordings: []voice.RecordingID{"R1"},
	}
	if d := cmp.Diff(wantEnd, end); d != "" {
		t.Errorf("state at the end (-want +got):\n%s", d)
	}
	if first.App != "" || !first.Answered.IsZero() || first.CDR != nil {
		t.Errorf("state at the arrival: %+v", first)
	}
	if len(e.queued) != len(want) || e.kicks.Load() == 0 || len(e.expected) != 1 || e.expected[0] != "c1" {
		t.Errorf("%d queued, %d kicks, expected %v", len(e.queued), e.kicks.Load(), e.expected)
	}
	for i, d := range e.queued {
		if d.ID == "" || d.Tenant != "1" || d.Call != "c1" || d.State != voice.DeliveryQueued || d.Tries != 1 || d.Next.IsZero() || d.Created.IsZero() ||
			d.Purpose != string(want[i]) {
			t.Errorf("queued %d: %+v", i, d)
		}
	}
}

// TestOnlyWhoSubscribed has an account that wants to be told, one that does not,
// and a call that nobody owns.
func TestOnlyWhoSubscribed(t *testing.T) {
	e := &ear{subscribed: []voice.TenantID{"2"}}
	p := e.start()
	for _, x := range life("c1") {
		p.Take(x)
	}
	p.Take(voice.Event{Call: "c2", Kind: voice.EventCallArrived})
	p.Take(voice.Event{Call: "c2", Kind: voice.EventCallEnded})
	p.Take(voice.Event{Call: "c3", Tenant: "2", Kind: voice.EventAppEntered}) // was up before anybody listened
	p.Take(voice.Event{Call: "c4", Tenant: "2", Kind: voice.EventCallArrived})
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(e.facts) != 1 || e.facts[0].Event.Call != "c4" {
		t.Errorf("told of %+v", e.facts)
	}
}

// TestNobodyListens looks that events are not even kept, until one subscribes.
func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{}
		p := e.start()
		synctest.Wait()
		reads := e.lists.Load()
		for i := range 100 {
			for _, x := range life(voice.CallID(fmt.Sprint("c", i))) {
				p.Take(x)
			}
		}
		synctest.Wait()
		if e.lists.Load() != reads || len(e.facts) > 0 {
			t.Errorf("subscriptions were read %d times more, %d facts", e.lists.Load()-reads, len(e.facts))
		}
		e.mu.Lock()
		e.subscribed = []voice.TenantID{"1"}
		e.mu.Unlock()
		e.changes.Add(1) // by this process: it counts at once
		for _, x := range life("now") {
			p.Take(x)
		}
		synctest.Wait()
		if len(e.facts) == 0 || e.facts[0].Event.Call != "now" {
			t.Errorf("after the subscription: %d facts", len(e.facts))
		}
		e.mu.Lock()
		e.subscribed, e.facts = nil, nil
		e.mu.Unlock()
		time.Sleep(6 * time.Second) // by another process: soon
		for _, x := range life("later") {
			p.Take(x)
		}
		if err := p.Close(t.Context()); err != nil || len(e.facts) > 0 {
			t.Errorf("after the end of the subscription: %d facts, %v", len(e.facts), err)
		}
	})
}

func TestStoreIsAwayForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{subscribed: []voice.TenantID{"1"}, refuse: 3}
		p := e.start()
		for _, x := range life("c1") {
			p.Take(x)
		}
		time.Sleep(10 * time.Second)
		e.mu.Lock()
		if len(e.queued) != 12 {
			t.Errorf("%d queued, want 12", len(e.queued))
		}
		e.refuse = 1_000_000
		e.mu.Unlock()
		for _, x := range life("c2") {
			p.Take(x)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := p.Close(ctx); err == nil {
			t.Error("what was lost is not told")
		}
	})
}

func TestOneIsRefusedByTheStore(t *testing.T) {
	e := &ear{subscribed: []voice.TenantID{"1"}, bad: string(voice.EventLegAnswered)}
	p := e.start()
	for _, x := range life("c1") {
		p.Take(x)
	}
	if err := p.Close(t.Context()); err != nil || len(e.queued) != 11 || e.queued[10].Purpose != string(voice.EventCallEnded) {
		t.Errorf("%d queued, want all but one in their order: %v", len(e.queued), err)
	}
}

// TestDialectsFault has one dialect that panics and another that does not.
func TestDialectsFault(t *testing.T) {
	e, sound := &ear{subscribed: []voice.TenantID{"1"}, broken: true}, &ear{}
	p := e.start(sound)
	for _, x := range life("c1") {
		p.Take(x)
	}
	p.Take(voice.Event{Call: "c1", Tenant: "1", Kind: voice.EventStep})
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(e.queued) != 12 || len(sound.facts) != 12 {
		t.Errorf("%d queued for the other dialect, which was told %d facts", len(e.queued), len(sound.facts))
	}
	p.Take(life("c2")[1]) // after the end: nothing
}
