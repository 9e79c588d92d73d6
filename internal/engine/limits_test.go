package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestNumbersThatMayBeDialled asks for numbers through trunks whose carrier
// refuses all calls: which numbers reach it at all is what counts.
func TestNumbersThatMayBeDialled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		number   string
		prefixes []string
		refused  string // words, "" = reaches the carrier
		cause    voice.Cause
	}{
		{"+46850000000", nil, "", voice.CauseNotFound},
		{"0046 8 50 00 00 00", nil, "", voice.CauseNotFound},
		{"+46850000000", []string{"+46"}, "", voice.CauseNotFound},
		{"+46850000000", []string{"+47", "+45"}, "does not take +46850000000: its prefixes are +47, +45", voice.CausePolicy},
		{"+19005550100", nil, "high-risk range +1900", voice.CausePolicy},
		{"+1 (900) 555-0100", nil, "high-risk range +1900", voice.CausePolicy},
		{"+19005550100", []string{"+1900"}, "", voice.CauseNotFound},
		{"+4690012345", nil, "high-risk range +46900", voice.CausePolicy},
		{"+4690012345", []string{"+46"}, "", voice.CauseNotFound},
		{"+881612345678", nil, "high-risk range +881", voice.CausePolicy},
		{"+88216123456", nil, "high-risk range +882", voice.CausePolicy},
		{"112", nil, "digits", voice.CauseNotFound},
		{"+46850000000,,1", nil, "is not part of a telephone number", voice.CauseNotFound},
		{"+46850000000;ext=1", nil, "is not part of a telephone number", voice.CauseNotFound},
		{"+٤٦٨٥٠٠٠٠٠٠٠", nil, "is not part of a telephone number", voice.CauseNotFound},
		{"+461234567890123456", nil, "digits", voice.CauseNotFound},
	} {
		t.Run(tt.number+" "+strings.Join(tt.prefixes, ""), func(t *testing.T) {
			t.Parallel()
			carrier := farPhone(t, phone.Options{})
			var res voice.DialResult
			r := newRig(t, func(ctx context.Context, c *engine.Call) (err error) {
				res, err = c.Dial(ctx, voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToNumber, ID: tt.number}}})
				return err
			})
			k := voice.Trunk{ID: "K", Tenant: tenant, Name: "carrier", Host: carrier.Addr().String(), Prefixes: tt.prefixes, Created: time.Now()}
			if err := r.store.AddTrunk(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			r.call(phone.Options{})
			if tt.refused == "" {
				b := incoming(t, carrier)
				b.Reject(404)
			}
			if err := r.over(); err != nil {
				t.Fatal(err)
			}
			if res.End != voice.DialFailed || res.Cause != tt.cause || !strings.Contains(res.Words, tt.refused) {
				t.Errorf("result: %+v", res)
			}
			select {
			case <-carrier.Incoming():
				t.Error("the number reached the carrier")
			default:
			}
		})
	}
}

// TestOutboundLimits counts legs at once and legs a minute, each account for itself.
func TestOutboundLimits(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	var mu sync.Mutex
	var results []voice.DialResult
	dial := func(ctx context.Context, c *engine.Call) error {
		res, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far)})
		mu.Lock()
		defer mu.Unlock()
		results = append(results, res)
		return err
	}
	r := newRig(t, dial)
	limits := func(calls, perMinute int) {
		t.Helper()
		err := r.store.UpdateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Test", Created: time.Now(), Limits: voice.Limits{OutboundCalls: calls, OutboundPerMinute: perMinute}})
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(words string) {
		t.Helper()
		r.call(phone.Options{})
		if err := r.over(); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if last := results[len(results)-1]; last.Cause != voice.CausePolicy || !strings.Contains(last.Words, words) {
			t.Errorf("result: %+v, want %q", last, words)
		}
	}
	limits(1, 3)
	r.call(phone.Options{})
	first := incoming(t, far)
	if err := first.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused("1 outbound calls up, its limit")
	first.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what failed gives its place back too
		r.call(phone.Options{})
		incoming(t, far).Reject(486)
		if err := r.over(); err != nil {
			t.Fatal(err)
		}
	}
	refused("3 outbound calls in the last minute")
	limits(0, 0)
	r.call(phone.Options{})
	incoming(t, far).Reject(486) // the defaults let it through
	r.over()
}

// TestSIPAddressesThatMayBeDialled takes plain addresses alone, and only to
// hosts that policy allows.
func TestSIPAddressesThatMayBeDialled(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	at := far.Addr().String()
	for _, tt := range []struct{ address, words string }{
		{"far@" + at, ""},
		{"SIP:far@" + at, ""},
		{"far@" + at + ";transport=udp", ""},
		{"far", "not a SIP address"},
		{"@" + at, "not a SIP address"},
		{"far@", "not a SIP address"},
		{"far@public.example@" + at, "not a SIP address"},
		{"far@public.example;maddr=127.0.0.1", "nothing else"},
		{"far@public.example;transport=udp;maddr=127.0.0.1", "nothing else"},
		{"far@" + at + "?Route=%3Csip:127.0.0.1%3E", "not a SIP address"},
		{"far\r\nX: y@" + at, "not a SIP address"},
		{"<sip:far@" + at + ">", "not a SIP address"},
		{"sips:far@" + at, "not a SIP address"},
		{"far@10.0.0.1", "10.0.0.1 is not allowed"},
	} {
		t.Run(tt.address, func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			address := strings.ReplaceAll(tt.address, at, far.Addr().String())
			var res voice.DialResult
			r := newRig(t, dialSIP(address, voice.DialSpec{}, func(d voice.DialResult, _ error) { res = d }), func(c *engine.Config) {
				c.CheckHost = func(_ context.Context, host string) error {
					if !strings.HasPrefix(host, "127.0.0.1") {
						return voice.Errorf("test", voice.Permission, "%s is not allowed", host)
					}
					return nil
				}
			})
			r.call(phone.Options{})
			if tt.words == "" {
				incoming(t, far).Reject(486)
			}
			if err := r.over(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(res.Words, tt.words) || tt.words == "" && res.End != voice.DialBusy {
				t.Errorf("result: %+v", res)
			}
		})
	}
}

// TestRoomForOrderedCalls holds room for both parties before the first is rung, and
// gives back what is not used.
func TestRoomForOrderedCalls(t *testing.T) {
	t.Parallel()
	one, two := farPhone(t, phone.Options{}), farPhone(t, phone.Options{})
	r := newRig(t, nil, func(c *engine.Config) { c.MaxCalls = 4 })
	made := 0
	order := func(l voice.Limits, rung, after int) (*engine.Call, string) {
		made++
		c := r.engine.NewCall(voice.CallInfo{ID: voice.CallID(fmt.Sprint("C", made)), Tenant: tenant, Direction: voice.Outbound, Start: time.Now()})
		if err := c.Reserve(l, rung, after); err != nil {
			return c, string(voice.KindOf(err)) + ": " + voice.Reason(err)
		}
		return c, ""
	}
	few := voice.Limits{OutboundCalls: 2, OutboundPerMinute: 4}
	expect := func(rung, after int, want string) {
		t.Helper()
		c, got := order(few, rung, after)
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("room for %d and %d: %q, want %q", rung, after, got, want)
		}
		c.Hangup(t.Context(), "", "")
	}
	if err := r.store.UpdateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Test", Created: time.Now(), Limits: few}); err != nil {
		t.Fatal(err)
	}
	expect(1, 2, "permission: the call needs 3 outbound calls at once")
	expect(0, 3, "permission")
	expect(20, 0, "") // as many as there may be are rung
	expect(20, 1, "")
	expect(0, 0, "")
	c, got := order(few, 1, 1)
	if got != "" {
		t.Fatal(got)
	}
	expect(1, 0, "limit: the account has 2 outbound calls up, its limit is 2")
	expect(0, 0, "")
	place := func(to *phone.Phone) voice.DialResult {
		t.Helper()
		res, err := c.Place(t.Context(), voice.DialSpec{Targets: sipTo(to)})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	go func() { incomingCall(one).Reject(486) }()
	if res := place(one); res.End != voice.DialBusy {
		t.Errorf("the first: %+v", res)
	}
	expect(1, 0, "limit: the account has 2") // it is held for the next that is rung
	go func() { incomingCall(one).Answer(t.Context()) }()
	if res := place(one); res.End != voice.DialCompleted {
		t.Fatalf("the first: %+v", res)
	}
	expect(1, 0, "limit: the account has 2")
	go func() { incomingCall(two).Reject(486) }()
	dial := func() voice.DialResult {
		t.Helper()
		res, err := c.Dial(t.Context(), voice.DialSpec{Targets: sipTo(two)})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := dial(); res.End != voice.DialBusy {
		t.Errorf("the second: %+v", res)
	}
	expect(1, 0, "") // it was held for the second, once
	expect(1, 1, "limit: the account has 1")
	other, got := order(few, 1, 0)
	if got != "" {
		t.Fatal(got)
	}
	if res := dial(); res.Cause != voice.CausePolicy {
		t.Errorf("the second has room that is another's: %+v", res)
	}
	other.Hangup(t.Context(), "", "")
	c.Hangup(t.Context(), "", "")
	expect(1, 1, "limit: the account has begun 3 outbound calls in the last minute, its limit is 4")
	expect(1, 0, "")
	var all []*engine.Call
	for range 4 {
		x, got := order(voice.Limits{}, 0, 0)
		if all = append(all, x); got != "" {
			t.Error(got)
		}
	}
	expect(0, 0, "unavailable: the server has as many calls up as it takes")
	for _, x := range all {
		x.Hangup(t.Context(), "", "")
	}
	expect(0, 0, "")
}

func incomingCall(p *phone.Phone) *phone.Call { return <-p.Incoming() }
