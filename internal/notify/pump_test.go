package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	facts      []dialect.Fact
	queued     []voice.Delivery
	expected   []voice.CallID
	subscribed []voice.TenantID
	unread     bool
	away       int // so often the dialect's store is away
	changes    atomic.Uint64
	lists      int // how often subscriptions were read
	told       []voice.Delivery
	broken     bool // the dialect fails
}

func (e *ear) Deliveries(_ context.Context, f dialect.Fact) ([]voice.Delivery, error) {
	if e.broken {
		panic("a fault of the dialect")
	}
	if e.away > 0 {
		e.away--
		return nil, voice.Errorf("test", voice.Unavailable, "away")
	}
	e.facts = append(e.facts, f)
	if f.Event.Kind == voice.EventStep {
		return nil, errors.New("not rendered")
	}
	return []voice.Delivery{{Endpoint: "e", Purpose: string(f.Event.Kind), Method: "POST", URL: "https://example.com/"}}, nil
}

func (e *ear) start(more ...dialect.Notifier) *notify.Pump {
	return notify.NewPump(notify.PumpConfig{
		Subscribed: func(context.Context) ([]voice.TenantID, error) {
			e.lists++
			if e.unread {
				return nil, errors.New("not read")
			}
			return e.subscribed, nil
		},
		Changes: e.changes.Load, Notifiers: append([]dialect.Notifier{e}, more...),
		Expect: func(id voice.CallID) { e.expected = append(e.expected, id) }, Queue: func(ds []voice.Delivery) { e.told = append(e.told, ds...) },
	})
}

// take has the pump follow events and keeps what is queued.
func (e *ear) take(t *testing.T, p *notify.Pump, events ...voice.Event) {
	t.Helper()
	for _, x := range events {
		var cdr *voice.CDR
		if x.Kind == voice.EventCallEnded {
			cdr = &voice.CDR{Call: x.Call, Tenant: x.Tenant, Words: "over"}
		}
		render := p.Follow(x, cdr)
		if render == nil {
			continue
		}
		for tries := 0; ; tries++ {
			ds, err := render(t.Context())
			if err == nil {
				e.queued = append(e.queued, ds...)
				break
			}
			if !voice.IsKind(err, voice.Unavailable) || tries == 10 {
				t.Fatal(err)
			}
		}
	}
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
	e.take(t, p, events...)
	p.Queued([]voice.Delivery{{ID: "d"}})
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
	if len(e.queued) != len(want) || len(e.told) != 1 || len(e.expected) != 1 || e.expected[0] != "c1" {
		t.Errorf("%d queued, %d told of, expected %v", len(e.queued), len(e.told), e.expected)
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
	e.take(t, p, life("c1")...)
	e.take(t, p, voice.Event{Call: "c2", Kind: voice.EventCallArrived}, voice.Event{Call: "c2", Kind: voice.EventCallEnded},
		voice.Event{Call: "c3", Tenant: "2", Kind: voice.EventAppEntered}, // was up before anybody listened
		voice.Event{Call: "c4", Tenant: "2", Kind: voice.EventCallArrived})
	if len(e.facts) != 1 || e.facts[0].Event.Call != "c4" {
		t.Errorf("told of %+v", e.facts)
	}
}

// TestNobodyListens looks that events cost no look-up, until one subscribes.
func TestNobodyListens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &ear{}
		p := e.start()
		for i := range 100 {
			e.take(t, p, life(voice.CallID(fmt.Sprint("c", i)))...)
		}
		if e.lists != 1 || len(e.facts) > 0 {
			t.Errorf("subscriptions were read %d times, %d facts", e.lists, len(e.facts))
		}
		e.subscribed = []voice.TenantID{"1"}
		e.changes.Add(1) // by this process: it counts at once
		e.take(t, p, life("now")...)
		if len(e.facts) == 0 || e.facts[0].Event.Call != "now" {
			t.Errorf("after the subscription: %d facts", len(e.facts))
		}
		e.subscribed, e.facts = nil, nil
		time.Sleep(6 * time.Second) // by another process: soon
		e.take(t, p, life("later")...)
		if len(e.facts) > 0 {
			t.Errorf("after the end of the subscription: %d facts", len(e.facts))
		}
	})
}

// TestSubscriptionsAreNotRead has everybody told until it is known who wants to be.
func TestSubscriptionsAreNotRead(t *testing.T) {
	e := &ear{unread: true}
	p := e.start()
	e.take(t, p, life("c1")...)
	if len(e.queued) != 12 {
		t.Errorf("%d queued", len(e.queued))
	}
}

// TestRenderingGoesOnWhereItFailed has a dialect's store away for a while: no
// dialect is asked twice about a fact that it has rendered.
func TestRenderingGoesOnWhereItFailed(t *testing.T) {
	e, other := &ear{subscribed: []voice.TenantID{"1"}}, &ear{away: 3}
	p := e.start(other)
	e.take(t, p, life("c1")...)
	if len(e.facts) != 12 || len(other.facts) != 12 || len(e.queued) != 24 {
		t.Errorf("%d and %d facts, %d queued", len(e.facts), len(other.facts), len(e.queued))
	}
}

// TestDialectsFault has one dialect that panics and another that does not.
func TestDialectsFault(t *testing.T) {
	e, sound := &ear{subscribed: []voice.TenantID{"1"}, broken: true}, &ear{}
	p := e.start(sound)
	e.take(t, p, life("c1")...)
	if len(e.queued) != 12 || len(sound.facts) != 12 {
		t.Errorf("%d queued for the other dialect, which was told %d facts", len(e.queued), len(sound.facts))
	}
	if p.Follow(voice.Event{Call: "c1", Tenant: "1", Kind: voice.EventStep}, nil) != nil {
		t.Error("a call that is over is followed")
	}
}

// TestDataOfACall looks what orders and notices leave: the latest of each key,
// within bounds, the same when the events are followed again.
func TestDataOfACall(t *testing.T) {
	e := &ear{subscribed: []voice.TenantID{"1"}}
	p := e.start()
	many := map[string]string{"long": strings.Repeat("x", 4097)}
	for i := range 150 {
		many[fmt.Sprintf("k%03d", i)] = "v"
	}
	n := 0
	event := func(k voice.EventKind, data map[string]string) voice.Event {
		n++
		return voice.Event{Call: "c1", Tenant: "1", Seq: n, Kind: k, Data: data}
	}
	events := []voice.Event{
		event(voice.EventCallArrived, map[string]string{"order": "o1", "notify": "https://a.example/"}),
		event(voice.EventNotice, map[string]string{"dialect": "hoiio", "tag": "one"}),
		event(voice.EventCallOrdered, map[string]string{"order": "play", "tag": "two"}),
		event(voice.EventDigit, map[string]string{"digit": "1", "other": "no"}),
		event(voice.EventMachine, map[string]string{"answered_by": "human"}),
		event(voice.EventNotice, many),
	}
	e.take(t, p, events...)
	if len(e.facts) != 6 || e.facts[1].Call.Data["tag"] != "one" {
		t.Fatalf("facts: %+v", e.facts)
	}
	got := e.facts[5].Call.Data
	for key, want := range map[string]string{"order": "play", "notify": "https://a.example/", "dialect": "hoiio", "tag": "two", "k095": "v", "k096": "", "long": "", "other": ""} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d keys", len(got))
	}
	again := &ear{subscribed: []voice.TenantID{"1"}}
	again.take(t, again.start(), events...)
	if d := cmp.Diff(e.facts, again.facts); d != "" {
		t.Errorf("followed again (-first +again):\n%s", d)
	}
}
