package switchboard_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// carrier is where ordered calls go: so many may be up at once, each for hold.
type carrier struct {
	w     *world
	board *switchboard.Switchboard
	hold  time.Duration
	most  int // of the server
	start time.Time

	mu    sync.Mutex
	never bool // the limits allow no call at all
	up    map[voice.TenantID]int
	peak  map[voice.TenantID]int
	begun map[voice.TenantID][]time.Duration
	order []voice.TenantID // in which they began
	calls map[voice.CallID]*call
}

// pacing runs a test in virtual time.
func pacing(t *testing.T, f func(t *testing.T, k *carrier)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := usual()
		k := &carrier{w: w, board: w.board(t), hold: 10 * time.Second, most: 1000, start: time.Now(), up: map[voice.TenantID]int{},
			peak: map[voice.TenantID]int{}, begun: map[voice.TenantID][]time.Duration{}, calls: map[voice.CallID]*call{}}
		f(t, k)
		if err := k.board.End(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func (k *carrier) NewCall(info voice.CallInfo) switchboard.OutCall {
	c := newCall(info, sim.Script{})
	t := info.Tenant
	c.reserve = func(l voice.Limits, rung, after int) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		all := 0
		for _, n := range k.up {
			all += n
		}
		switch {
		case k.never:
			return voice.Errorf("test", voice.Permission, "that is never allowed")
		case all >= k.most:
			return voice.Errorf("test", voice.Unavailable, "the server is full")
		case l.OutboundCalls > 0 && k.up[t]+rung+after > l.OutboundCalls:
			return voice.Errorf("test", voice.Limit, "the account has %d calls up", k.up[t])
		}
		k.up[t] += rung + after
		k.peak[t] = max(k.peak[t], k.up[t])
		k.begun[t] = append(k.begun[t], time.Since(k.start))
		k.order = append(k.order, t)
		c.room = func() { // given back when the call ends
			k.mu.Lock()
			defer k.mu.Unlock()
			k.up[t] -= rung + after
		}
		return nil
	}
	c.place = func(ctx context.Context, _ voice.DialSpec) (voice.DialResult, error) {
		select {
		case <-time.After(k.hold):
		case <-ctx.Done():
		}
		return voice.DialResult{End: voice.DialNoAnswer, Cause: voice.CauseNoAnswer, Words: "nobody"}, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls[info.ID] = c
	return c
}

// call orders a call to a number and then an extension.
func (k *carrier) call(t *testing.T, of voice.TenantID) (voice.CallID, error) {
	t.Helper()
	return k.board.CallBack(t.Context(), k, switchboard.CallBack{Tenant: of, Text: "user 1",
		First: voice.Destination{Kind: voice.ToNumber, ID: "+46111"}, Second: voice.Destination{Kind: voice.ToExtension, ID: "101"}})
}

func (k *carrier) many(t *testing.T, of voice.TenantID, n int) []voice.CallID {
	t.Helper()
	ids := make([]voice.CallID, n)
	for i := range ids {
		var err error
		if ids[i], err = k.call(t, of); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// limits changes those of every account.
func (k *carrier) limits(l voice.Limits) {
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	k.w.limits = l
}

// why gives the reasons on a call's timeline, in order.
func (k *carrier) why(id voice.CallID) string {
	k.mu.Lock()
	c := k.calls[id]
	k.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, e := range c.events {
		switch e.Kind {
		case voice.EventCallWaiting:
			all = append(all, e.Data["why"])
		case voice.EventCallBegun:
			all = append(all, "begun after "+e.Data["waited"])
		}
	}
	return strings.Join(all, ", ")
}

func (k *carrier) times(of voice.TenantID) []time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.begun[of])
}

// counts gives what is counted of our calls.
func (k *carrier) counts(what map[voice.TenantID]int) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return what[ours]
}

func (k *carrier) turns() []voice.TenantID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.order)
}

func TestOrdersBeginAtAPace(t *testing.T) {
	pacing(t, func(t *testing.T, k *carrier) {
		k.limits(voice.Limits{CallsPerSecond: 2})
		ids := k.many(t, ours, 4)
		other := k.many(t, theirs, 1)
		synctest.Wait()
		states := map[voice.LiveState]int{}
		for _, c := range k.board.LiveCalls(ours) {
			if states[c.State]++; !c.Since.Equal(k.start) {
				t.Errorf("live: %+v", c)
			}
		}
		if len(states) != 2 || states[voice.LiveDialling] != 1 || states[voice.LiveWaiting] != 3 {
			t.Errorf("live: %v", states)
		}
		time.Sleep(1100 * time.Millisecond)
		k.limits(voice.Limits{CallsPerSecond: 1}) // meanwhile
		time.Sleep(4900 * time.Millisecond)
		if got := k.times(ours); !slices.Equal(got, []time.Duration{0, time.Second / 2, time.Second, 1500 * time.Millisecond}) {
			t.Errorf("begun at %v", got)
		}
		if got := k.times(theirs); !slices.Equal(got, []time.Duration{0}) {
			t.Errorf("another account's begun at %v", got)
		}
		for id, want := range map[voice.CallID]string{ids[0]: "", ids[1]: "pace, begun after 0.500", ids[2]: "others, pace, begun after 1.000", other[0]: ""} {
			if got := k.why(id); got != want {
				t.Errorf("timeline: %q, want %q", got, want)
			}
		}
		k.many(t, ours, 3)
		time.Sleep(5 * time.Second)
		if got := k.times(ours)[4:]; !slices.Equal(got, []time.Duration{6 * time.Second, 7 * time.Second, 8 * time.Second}) {
			t.Errorf("at the slower pace they begin at %v", got)
		}
	})
}

// TestOrdersWaitForRoom gets thirty calls through where three may be up.
func TestOrdersWaitForRoom(t *testing.T) {
	pacing(t, func(t *testing.T, k *carrier) {
		k.limits(voice.Limits{OutboundCalls: 3})
		ids := k.many(t, ours, 30)
		time.Sleep(time.Second)
		k.many(t, theirs, 1)
		if got := k.times(theirs); !slices.Equal(got, []time.Duration{time.Second}) {
			t.Errorf("another account's begins at %v", got)
		}
		time.Sleep(2 * time.Minute)
		if got := k.times(ours); len(got) != 30 || k.counts(k.peak) != 3 || len(k.board.LiveCalls(ours)) != 0 {
			t.Errorf("%d begun, %d at once, %d up", len(got), k.counts(k.peak), len(k.board.LiveCalls(ours)))
		}
		if got := k.why(ids[3]); got != "others, pace, account, begun after 10.000" {
			t.Errorf("timeline: %q", got)
		}
		if f := k.w.final(); len(f) != 31 || f[30].Words != "the first party was not reached: nobody" {
			t.Errorf("records: %+v", f)
		}
	})
}

// TestAccountsTakeTurns has many orders of one account and two of another wait
// for a server that takes one call.
func TestAccountsTakeTurns(t *testing.T) {
	pacing(t, func(t *testing.T, k *carrier) {
		k.most = 1
		first := k.many(t, ours, 6)
		time.Sleep(time.Second)
		last := k.many(t, theirs, 2)
		time.Sleep(2 * time.Minute)
		if want := []voice.TenantID{ours, ours, theirs, ours, theirs, ours, ours, ours}; !slices.Equal(k.turns(), want) {
			t.Errorf("begun in the order %v", k.turns())
		}
		if got := k.why(first[1]); got != "pace, server, begun after 10.000" {
			t.Errorf("timeline: %q", got)
		}
		if got := k.why(last[0]); got != "server, begun after 19.000" {
			t.Errorf("timeline: %q", got)
		}
	})
}

func TestOrdersDoNotWaitForEver(t *testing.T) {
	for name, tt := range map[string]struct {
		most  int
		blind error
		cause voice.Cause
		words string
	}{
		"account": {1000, nil, voice.CausePolicy, "not begun in 10m0s: the account has 1 calls up"},
		"server":  {1, nil, voice.CauseUnavailable, "not begun in 10m0s: the server is full"},
		"unknown": {1000, voice.Errorf("test", voice.Unavailable, "no database"), voice.CauseUnavailable, "limits can't be read: no database"},
	} {
		t.Run(name, func(t *testing.T) {
			pacing(t, func(t *testing.T, k *carrier) {
				k.limits(voice.Limits{OutboundCalls: 1})
				k.most, k.hold = tt.most, time.Hour
				id := k.many(t, ours, 2)[1]
				k.w.mu.Lock()
				k.w.blind = tt.blind
				k.w.mu.Unlock()
				time.Sleep(10*time.Minute - time.Second)
				if f := k.w.final(); len(f) != 0 {
					t.Fatalf("too early: %+v", f)
				}
				time.Sleep(2 * time.Second)
				if f := k.w.final(); len(f) != 1 || f[0].Call != id || f[0].Cause != tt.cause || f[0].Reason != voice.EndNotBegun || !strings.Contains(f[0].Words, tt.words) {
					t.Errorf("records: %+v", f)
				}
			})
		})
	}
}

// TestWaitingOrdersEnd hangs one up in the middle and the first of a line; those
// behind go on. The server's end ends the rest.
func TestWaitingOrdersEnd(t *testing.T) {
	pacing(t, func(t *testing.T, k *carrier) {
		k.limits(voice.Limits{OutboundCalls: 1, MaxQueued: 4})
		ids := k.many(t, ours, 5)
		if _, err := k.call(t, ours); !voice.IsKind(err, voice.Limit) || !strings.Contains(err.Error(), "4 ordered calls of the account wait") {
			t.Errorf("one too many: %v", err)
		}
		time.Sleep(time.Second)
		for _, id := range []voice.CallID{ids[2], ids[1]} {
			if err := k.board.Hangup(t.Context(), ours, id, "no longer wanted"); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.board.Redirect(t.Context(), ours, ids[3], voice.Destination{Kind: voice.ToNumber, ID: "+46333"}); !voice.IsKind(err, voice.Conflict) {
			t.Errorf("a call that has not begun is redirected: %v", err)
		}
		synctest.Wait()
		for _, c := range k.w.final() {
			if c.Words != "no longer wanted" || c.Cause != voice.CauseNormal {
				t.Errorf("ended: %+v", c)
			}
		}
		k.many(t, ours, 2) // there is room in the line again
		time.Sleep(10 * time.Second)
		if got := k.times(ours); !slices.Equal(got, []time.Duration{0, 10 * time.Second}) || k.why(ids[3]) != "others, account, begun after 10.000" {
			t.Errorf("begun at %v; the next: %q", got, k.why(ids[3]))
		}
		if err := k.board.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		f := k.w.final()
		if len(f) != 7 || len(k.times(ours)) != 2 {
			t.Fatalf("%d records, begun at %v", len(f), k.times(ours))
		}
		for _, c := range f[3:] {
			if c.Cause != voice.CauseShutdown {
				t.Errorf("ended: %+v", c)
			}
		}
		if _, err := k.call(t, ours); !voice.IsKind(err, voice.Unavailable) || k.counts(k.up) != 0 {
			t.Errorf("while the server stops: %v, %d up", err, k.counts(k.up))
		}
	})
}

// TestLimitsChangeMeanwhile lowers and raises what waiting calls wait for.
func TestLimitsChangeMeanwhile(t *testing.T) {
	pacing(t, func(t *testing.T, k *carrier) {
		k.limits(voice.Limits{OutboundCalls: 2})
		k.many(t, ours, 5)
		time.Sleep(time.Second)
		k.limits(voice.Limits{OutboundCalls: 1})
		time.Sleep(11 * time.Second)
		if got := k.times(ours); len(got) != 3 || got[2] != 10200*time.Millisecond {
			t.Errorf("with less room they begin at %v", got)
		}
		k.limits(voice.Limits{OutboundCalls: 3})
		time.Sleep(2 * time.Second)
		if got := k.times(ours); len(got) != 5 {
			t.Errorf("with more room they begin at %v", got)
		}
		k.limits(voice.Limits{OutboundCalls: 1})
		last := k.many(t, ours, 1)[0]
		k.mu.Lock()
		k.never = true
		k.mu.Unlock()
		time.Sleep(time.Minute)
		f := k.w.final()
		if c := f[len(f)-1]; c.Call != last && !slices.ContainsFunc(f, func(c voice.CDR) bool {
			return c.Call == last && c.Words == "that is never allowed" && c.Reason == voice.EndOrderFailed
		}) {
			t.Errorf("records: %+v", f)
		}
		if _, err := k.call(t, ours); !voice.IsKind(err, voice.Permission) {
			t.Errorf("what is never allowed: %v", err)
		}
		if len(k.board.LiveCalls(ours)) != 0 {
			t.Error("a call that was refused is up")
		}
	})
}
