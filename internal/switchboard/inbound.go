package switchboard

import (
	"context"
	"net/netip"
	"time"

	"tandem/internal/voice"
)

// CallLimits bound the calls that come in; zero fields bound nothing.
type CallLimits struct {
	Calls     int // up at once
	PerSecond int // that begin
	PerMinute int
}

// comings counts the calls that come in of one account, or from one address. It is
// guarded by Switchboard.mu.
type comings struct {
	up    int
	begun []time.Time // of the last second or minute, as the limits ask
}

// window gives the calls that began since then. begun is in order of time.
func (c *comings) window(since time.Time) int {
	n := 0
	for i := len(c.begun) - 1; i >= 0 && c.begun[i].After(since); i-- {
		n++
	}
	return n
}

// may says why there may be no further call; who says whose calls are counted.
func (c *comings) may(who string, l CallLimits, now time.Time) error {
	const op = "switchboard.Arrive"
	c.forget(now, l)
	if l.Calls > 0 && c.up >= l.Calls {
		return voice.Errorf(op, voice.Limit, "%s has %d incoming calls up, its limit", who, c.up)
	}
	if n := c.window(now.Add(-time.Second)); l.PerSecond > 0 && n >= l.PerSecond {
		return voice.Errorf(op, voice.Limit, "%d incoming calls of %s began in the last second, its limit is %d", n, who, l.PerSecond)
	}
	if n := c.window(now.Add(-time.Minute)); l.PerMinute > 0 && n >= l.PerMinute {
		return voice.Errorf(op, voice.Limit, "%d incoming calls of %s began in the last minute, its limit is %d", n, who, l.PerMinute)
	}
	return nil
}

// forget drops the beginnings that no limit asks for any more.
func (c *comings) forget(now time.Time, l CallLimits) {
	asked := time.Second
	if l.PerMinute > 0 {
		asked = time.Minute
	}
	i := 0
	for i < len(c.begun) && now.Sub(c.begun[i]) >= asked {
		i++
	}
	if c.begun = c.begun[i:]; len(c.begun) == 0 {
		c.begun = nil
	}
}

func (c *comings) began(l CallLimits, now time.Time) {
	c.up++
	if l.PerSecond > 0 || l.PerMinute > 0 {
		c.begun = append(c.begun, now)
	}
}

const (
	// maxComings bounds the accounts and addresses that are counted without a call
	// that is up: beyond it those of the last minute go, beyond twice as many any.
	maxComings = 10_000
	// lookedAt is how many are looked at for each new one then, whichever they are.
	lookedAt = 32
)

// comingsOf gives the count under key. When there are many, it forgets some that count
// nothing.
func comingsOf[K comparable](all map[K]*comings, key K, now time.Time) *comings {
	if c := all[key]; c != nil {
		return c
	}
	if len(all) >= maxComings {
		left := lookedAt
		for k, other := range all {
			if other.up == 0 && (len(all) >= 2*maxComings || other.idle(now)) {
				delete(all, k)
			}
			if left--; left == 0 {
				break
			}
		}
	}
	c := &comings{}
	all[key] = c
	return c
}

// idle says whether no call began in the last minute.
func (c *comings) idle(now time.Time) bool {
	return len(c.begun) == 0 || now.Sub(c.begun[len(c.begun)-1]) >= time.Minute
}

// inbound is where a call is counted.
type inbound struct {
	tenant voice.TenantID // "" = nowhere
	source netip.Addr     // invalid = nowhere
}

// admit counts an incoming call for the limits of its account and of the address
// that it comes from; the reason is why the call ends when there is an error.
func (s *Switchboard) admit(ctx context.Context, c Call) (voice.EndReason, error) {
	info := c.Info()
	t, err := s.cfg.Tenants.Tenant(ctx, info.Tenant)
	if err != nil {
		return "", err
	}
	l := CallLimits{Calls: t.Limits.InboundCalls, PerSecond: t.Limits.InboundPerSecond, PerMinute: t.Limits.InboundPerMinute}
	in := inbound{tenant: info.Tenant, source: s.stranger(info)}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	ours := comingsOf(s.inbound, in.tenant, now)
	if err := ours.may("the account", l, now); err != nil {
		return voice.EndAccountLimit, err
	}
	if in.source.IsValid() {
		theirs := comingsOf(s.sources, in.source, now)
		if err := theirs.may("the address "+in.source.String(), s.cfg.SourceLimits, now); err != nil {
			return voice.EndSourceLimit, err
		}
		theirs.began(s.cfg.SourceLimits, now)
	}
	ours.began(l, now)
	s.live[info.ID].in = in
	return "", nil
}

// stranger gives the address of a caller that is neither a trunk nor an extension,
// nor a program of this machine; of IPv6 its /64. Invalid = of all others.
func (s *Switchboard) stranger(info voice.CallInfo) netip.Addr {
	at, err := netip.ParseAddrPort(info.Source)
	if err != nil || info.Trunk != "" || info.Extension != "" || info.Direction == voice.Outbound || s.cfg.SourceLimits == (CallLimits{}) {
		return netip.Addr{}
	}
	a := at.Addr().Unmap().WithZone("")
	if a.IsLoopback() && !s.cfg.LimitLoopback {
		return netip.Addr{}
	}
	if p, err := a.Prefix(64); a.Is6() && err == nil {
		a = p.Addr()
	}
	return a
}

// over takes a call out of the counts. The caller holds s.mu.
func (s *Switchboard) over(in inbound) {
	if c := s.inbound[in.tenant]; in.tenant != "" && c != nil {
		if c.up--; c.up == 0 && len(c.begun) == 0 {
			delete(s.inbound, in.tenant)
		}
	}
	if c := s.sources[in.source]; in.source.IsValid() && c != nil {
		if c.up--; c.up == 0 && len(c.begun) == 0 {
			delete(s.sources, in.source)
		}
	}
}
