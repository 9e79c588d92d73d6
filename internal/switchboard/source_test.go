package switchboard_test

import (
	"fmt"
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

// Calls from one address of strangers have limits; those from other addresses, of
// trunks and of extensions go on.
func TestLimitsOfAnAddress(t *testing.T) {
	t.Parallel()
	from := func(source string) voice.CallInfo {
		return voice.CallInfo{To: "+4610000005", From: "+46700000001", Source: source}
	}
	refused := func(t *testing.T, s *switchboard.Switchboard, info voice.CallInfo) bool {
		c := newCall(info, sim.Script{})
		s.Arrive(c)
		return c.ending(t).Cause == voice.CauseBusy && strings.Contains(c.ending(t).Words, "the address")
	}
	t.Run("at once", func(t *testing.T) {
		w := usual()
		w.sources = switchboard.CallLimits{Calls: 1}
		s := w.board(t)
		first, up := held(from("192.0.2.9:5060"))
		var calls sync.WaitGroup
		calls.Go(func() { s.Arrive(first) })
		<-up
		if !refused(t, s, from("192.0.2.9:5062")) {
			t.Error("a second call from the address was let in")
		}
		if f := w.final(); len(f) != 1 || f[0].Reason != voice.EndSourceLimit {
			t.Errorf("records: %+v", f)
		}
		trunk := from("192.0.2.9:5060")
		trunk.Trunk = "carrier"
		for _, info := range []voice.CallInfo{from("192.0.2.10:5060"), trunk, from("[2001:db8::1]:5060")} {
			info.To = "+4610000001"
			if refused(t, s, info) {
				t.Errorf("%s (trunk %q) was refused", info.Source, info.Trunk)
			}
		}
		s.End(t.Context())
		calls.Wait()
	})
	t.Run("a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := usual()
			w.sources = switchboard.CallLimits{PerSecond: 2}
			s := w.board(t)
			info := from("192.0.2.9:5060")
			info.To = "+4610000001"
			var n int
			for range 5 {
				if refused(t, s, info) {
					n++
				}
			}
			if n != 3 {
				t.Errorf("%d of five calls in one moment were refused, want 3", n)
			}
			time.Sleep(1100 * time.Millisecond)
			if refused(t, s, info) {
				t.Error("a second later it is refused still")
			}
			s.End(t.Context())
		})
	})
	t.Run("a minute", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := usual()
			w.sources = switchboard.CallLimits{PerMinute: 3}
			s := w.board(t)
			info := from("192.0.2.9:5060")
			info.To = "+4610000001"
			var got []bool
			for range 6 {
				got = append(got, refused(t, s, info))
				time.Sleep(15 * time.Second)
			}
			// The first is forgotten after a minute, and makes room for the fifth.
			if want := []bool{false, false, false, true, false, false}; !slices.Equal(got, want) {
				t.Errorf("refused: %v, want %v", got, want)
			}
			s.End(t.Context())
		})
	})
	t.Run("whose address it is", func(t *testing.T) {
		for _, tt := range []struct {
			name, first, second string
			loopback, together  bool
		}{
			{"one network of IPv6", "[2001:db8:1:2::1]:5060", "[2001:db8:1:2:ffff::9]:5070", false, true},
			{"two networks of IPv6", "[2001:db8:1:2::1]:5060", "[2001:db8:1:3::1]:5060", false, false},
			{"IPv4 in IPv6", "192.0.2.9:5060", "[::ffff:192.0.2.9]:5060", false, true},
			{"neighbours of IPv4", "192.0.2.9:5060", "192.0.2.8:5060", false, false},
			{"this machine", "127.0.0.1:5060", "127.0.0.1:5060", false, false},
			{"this machine, where it has limits", "127.0.0.1:5060", "127.0.0.1:5070", true, true},
			{"this machine by IPv6", "[::1]:5060", "[::1]:5060", false, false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := usual()
					w.sources, w.limitLoopback = switchboard.CallLimits{PerSecond: 1}, tt.loopback
					s := w.board(t)
					var got []bool
					for _, source := range []string{tt.first, tt.second} {
						info := from(source)
						info.To = "+4610000001"
						got = append(got, refused(t, s, info))
					}
					if got[0] || got[1] != tt.together {
						t.Errorf("refused: %v", got)
					}
					s.End(t.Context())
				})
			})
		}
	})
}

// Calls of one account have limits a second and a minute, whoever makes them.
func TestLimitsOfAnAccountInTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		limits voice.Limits
		every  time.Duration
		want   []bool
	}{
		{"a second", voice.Limits{InboundPerSecond: 2}, 400 * time.Millisecond, []bool{false, false, true, false, false, true}},
		{"a minute", voice.Limits{InboundPerMinute: 2}, 25 * time.Second, []bool{false, false, true, false, false, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := usual()
				w.limits = tt.limits
				s := w.board(t)
				var got []bool
				for i := range tt.want {
					info := voice.CallInfo{Tenant: ours, Trunk: "TR1", To: "+4610000001", Source: fmt.Sprintf("192.0.2.%d:5060", i)}
					c := newCall(info, sim.Script{})
					s.Arrive(c)
					got = append(got, c.ending(t).Cause == voice.CauseBusy && strings.Contains(c.ending(t).Words, "the account"))
					time.Sleep(tt.every)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("refused: %v, want %v", got, tt.want)
				}
				s.End(t.Context())
			})
		})
	}
}
