package engine_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

func sipTo(phones ...*phone.Phone) []voice.Target {
	var all []voice.Target
	for _, p := range phones {
		all = append(all, voice.Target{Kind: voice.ToSIP, ID: "far@" + p.Addr().String()})
	}
	return all
}

// TestEarlyMedia has a far end that speaks before it answers: the caller hears
// it, whether it hears us already or not, and then talks with it.
func TestEarlyMedia(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{false, true} {
		far := farPhone(t, phone.Options{})
		r := newRig(t, func(ctx context.Context, c *engine.Call) error {
			if answered {
				if err := c.Answer(ctx); err != nil {
					return err
				}
			}
			_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
			return err
		})
		near := r.call(phone.Options{})
		b := incoming(t, far)
		if err := b.Ring(true); err != nil {
			t.Fatal(err)
		}
		go b.Play(t.Context(), sine(900, 3*time.Second))
		if !lastTone(near, 900) {
			t.Fatalf("the caller does not hear what comes before the answer\n%s", r.timeline())
		}
		select {
		case <-near.Answered():
			if !answered {
				t.Error("the caller was answered before the far end")
			}
		default:
		}
		r.noted(voice.EventMedia, "before the answer")
		if err := b.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-near.Answered()
		go near.Play(t.Context(), sine(700, 3*time.Second))
		if !lastTone(b, 700) {
			t.Errorf("the far end does not hear the caller\n%s", r.timeline())
		}
		b.Hangup(t.Context())
		if err := r.over(); err != nil {
			t.Fatal(err)
		}
		if got := r.causes(); got != "a normal after an answer; b1 normal after an answer" {
			t.Errorf("legs: %s", got)
		}
	}
}

// TestEarlyMediaThenBusy is a far end that says why it is busy.
func TestEarlyMediaThenBusy(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{}, func(res voice.DialResult, err error) {
		if res.End != voice.DialBusy || res.Cause != voice.CauseBusy || !strings.Contains(res.Words, "486 Busy Here") {
			t.Errorf("result: %+v %v", res, err)
		}
	}))
	near := r.call(phone.Options{})
	b := incoming(t, far)
	b.Ring(true)
	go b.Play(t.Context(), sine(900, 3*time.Second))
	if !lastTone(near, 900) {
		t.Errorf("the announcement is not heard\n%s", r.timeline())
	}
	b.Reject(486)
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if got := r.causes(); got != "a normal; b1 busy" {
		t.Errorf("legs: %s", got)
	}
}

func TestRingGroup(t *testing.T) {
	t.Parallel()
	phones := []*phone.Phone{farPhone(t, phone.Options{}), farPhone(t, phone.Options{}), farPhone(t, phone.Options{})}
	var answered voice.Target
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(phones...)})
		answered = res.Answered
		return err
	})
	near := r.call(phone.Options{})
	var calls []*phone.Call
	for _, p := range phones {
		b := incoming(t, p)
		b.Ring(false)
		calls = append(calls, b)
	}
	if err := calls[1].Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-near.Answered()
	for _, i := range []int{0, 2} {
		select {
		case <-calls[i].Done():
		case <-time.After(5 * time.Second):
			t.Fatalf("phone %d still rings\n%s", i, r.timeline())
		}
		if e, _ := calls[i].Ending(); e.Method != "CANCEL" || !strings.Contains(e.Reason, "cause=200") || !strings.Contains(e.Reason, "completed elsewhere") {
			t.Errorf("phone %d: %+v", i, e)
		}
	}
	near.Hangup(t.Context())
	<-calls[1].Done()
	if err := r.over(); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("the flow ended with %v", err)
	}
	if answered != sipTo(phones[1])[0] {
		t.Errorf("answered by %v", answered)
	}
	legs := r.legs()
	if len(legs) != 4 || legs[0].ID != "a" {
		t.Fatalf("legs: %+v", legs)
	}
	won := slices.IndexFunc(legs[1:], func(l voice.LegRecord) bool { return !l.Answered.IsZero() })
	for i, l := range legs[1:] {
		if i != won && (l.Cause != voice.CauseCancelled || l.Words != "another phone answered first") {
			t.Errorf("leg: %+v", l)
		}
	}
}

// TestRingGroupTellsTheBestReason has one phone that is busy among others.
func TestRingGroupTellsTheBestReason(t *testing.T) {
	t.Parallel()
	phones := []*phone.Phone{farPhone(t, phone.Options{}), farPhone(t, phone.Options{})}
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		targets := append([]voice.Target{{Kind: voice.ToExtension, ID: "101"}}, sipTo(phones...)...)
		res, err := c.Dial(ctx, voice.DialSpec{Targets: targets})
		if res.End != voice.DialBusy {
			t.Errorf("result: %+v", res)
		}
		return err
	})
	r.call(phone.Options{})
	incoming(t, phones[0]).Reject(486)
	incoming(t, phones[1]).Reject(404)
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	r.noted(voice.EventDialFailed, "no phone is registered as 101")
}

// TestTooManyTargets rings twenty and says that there were more.
func TestTooManyTargets(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		targets := make([]voice.Target, voice.MaxTargets+5)
		for i := range targets {
			targets[i] = voice.Target{Kind: voice.ToSIP, ID: "far@127.0.0.1:9;transport=tcp"} // nobody listens
		}
		_, err := c.Dial(ctx, voice.DialSpec{Targets: targets, RingTime: 2 * time.Second})
		return err
	})
	if err := r.store.UpdateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Test", Created: time.Now(), Limits: voice.Limits{OutboundCalls: 50, OutboundPerMinute: 50}}); err != nil {
		t.Fatal(err)
	}
	r.call(phone.Options{})
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	r.noted(voice.EventDialFailed, "5 more are not rung")
	if n := len(r.legs()); n != 1+voice.MaxTargets {
		t.Errorf("%d legs", n)
	}
}

// TestTrunksInTurn has a trunk whose host is not there, one that refuses, one
// that says nothing at all and one that works.
func TestTrunksInTurn(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	broken, carrier := farPhone(t, phone.Options{}), farPhone(t, phone.Options{})
	var result voice.DialResult
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		var err error
		result, err = c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToNumber, ID: "+4685000000"}}})
		return err
	})
	for i, host := range []string{"no-such-host.invalid", broken.Addr().String(), silent.LocalAddr().String(), carrier.Addr().String()} {
		k := voice.Trunk{ID: voice.TrunkID(string(rune('A' + i))), Tenant: tenant, Name: "trunk " + string(rune('A'+i)), Host: host, Priority: i, CallerID: "+4610000000", Created: time.Now()}
		if err := r.store.AddTrunk(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	r.call(phone.Options{})
	incoming(t, broken).Reject(503)
	b := incoming(t, carrier)
	if from := b.From(); !strings.Contains(from, "+4610000000") {
		t.Errorf("the carrier sees %q", from)
	}
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	if result.End != voice.DialCompleted {
		t.Errorf("result: %+v\n%s", result, r.timeline())
	}
	for _, name := range []string{"A", "B", "C"} {
		r.noted(voice.EventDialFailed, "trunk "+name+" failed")
	}
	if got := r.causes(); got != "a normal after an answer; b1 unavailable; b2 unavailable; b3 unavailable; b4 normal after an answer" {
		t.Errorf("legs: %s", got)
	}
}

// TestBusyIsNoReasonForAnotherTrunk ends with the called party's own word.
func TestBusyIsNoReasonForAnotherTrunk(t *testing.T) {
	t.Parallel()
	carrier := farPhone(t, phone.Options{})
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		res, err := c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToNumber, ID: "+4685000000"}}})
		if res.End != voice.DialBusy {
			t.Errorf("result: %+v", res)
		}
		return err
	})
	for _, id := range []voice.TrunkID{"A", "B"} {
		if err := r.store.AddTrunk(t.Context(), voice.Trunk{ID: id, Tenant: tenant, Name: string(id), Host: carrier.Addr().String(), Created: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	r.call(phone.Options{})
	incoming(t, carrier).Reject(486)
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-carrier.Incoming():
		t.Error("the second trunk was tried")
	default:
	}
}
