package engine

import (
	"cmp"
	"context"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Defaults of voice.Limits.
const (
	defaultOutboundCalls     = 10
	defaultOutboundPerMinute = 30
)

// gate holds the outbound limits of every tenant. It is the one place that a
// leg through a trunk passes, whoever asked for it.
type gate struct {
	mu      sync.Mutex
	tenants map[voice.TenantID]*outbound
}

type outbound struct {
	up    int         // legs, and room that is held for them
	due   int         // beginnings that are held
	begun []time.Time // of the last minute
}

// reserved is room that a call has before it rings anybody, so that whoever is rung
// first is not rung in vain. It is guarded by gate.mu; nil = none.
type reserved struct {
	of    *outbound
	legs  int  // of of.up, which no leg has yet
	due   int  // of of.due
	after int  // legs that stay held once the first party is there
	there bool // it is: legs that end are no longer held for others
}

func newGate() *gate { return &gate{tenants: map[voice.TenantID]*outbound{}} }

// of gives what counts for a tenant now, and its limits with their defaults. The
// caller holds g.mu.
func (g *gate) of(t voice.TenantID, l voice.Limits, now time.Time) (*outbound, voice.Limits) {
	l.OutboundCalls = cmp.Or(max(l.OutboundCalls, 0), defaultOutboundCalls)
	l.OutboundPerMinute = cmp.Or(max(l.OutboundPerMinute, 0), defaultOutboundPerMinute)
	o := g.tenants[t]
	if o == nil {
		o = &outbound{}
		g.tenants[t] = o
	}
	keep := o.begun[:0]
	for _, b := range o.begun {
		if now.Sub(b) < time.Minute {
			keep = append(keep, b)
		}
	}
	o.begun = keep
	return o, l
}

// room says why there is no room for more legs, of which due begin now.
func (o *outbound) room(l voice.Limits, legs, due int) error {
	const op = "engine.outbound"
	if legs > 0 && o.up+legs > l.OutboundCalls {
		return voice.Errorf(op, voice.Limit, "the account has %d outbound calls up, its limit is %d", o.up, l.OutboundCalls)
	}
	if begun := len(o.begun) + o.due; due > 0 && begun+due > l.OutboundPerMinute {
		return voice.Errorf(op, voice.Limit, "the account has begun %d outbound calls in the last minute, its limit is %d", begun, l.OutboundPerMinute)
	}
	return nil
}

// enter reserves a leg of tenant t, of what h holds if anything; the caller calls
// leave when it has ended.
func (g *gate) enter(t voice.TenantID, l voice.Limits, h *reserved, now time.Time) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, l := g.of(t, l, now)
	legs, due := 1, 1
	if h != nil {
		legs, due = legs-min(h.legs, 1), due-min(h.due, 1)
	}
	if err := o.room(l, legs, due); err != nil {
		return nil, err
	}
	if h != nil {
		h.legs -= 1 - legs
		h.due -= 1 - due
		o.due -= 1 - due
	}
	o.up += legs
	o.begun = append(o.begun, now)
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if h != nil && legs == 0 && !h.there {
			h.legs++ // for the next that is rung
			return
		}
		o.up--
	}), nil
}

// reserve holds room for a call that rings so many at once through trunks, and
// then talks with so many more. Who may have fewer at once than are rung has room
// for as many. Permission when the limits never allow it, Limit when there is no
// room now.
func (g *gate) reserve(t voice.TenantID, l voice.Limits, rung, after int, now time.Time) (*reserved, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, l := g.of(t, l, now)
	most := min(l.OutboundCalls, l.OutboundPerMinute)
	if min(rung, 1)+after > most {
		return nil, voice.Errorf("engine.outbound", voice.Permission,
			"the call needs %d outbound calls at once, and the account's limits are %d at once and %d a minute", min(rung, 1)+after, l.OutboundCalls, l.OutboundPerMinute)
	}
	n := min(rung+after, most)
	if err := o.room(l, n, n); err != nil {
		return nil, err
	}
	o.up += n
	o.due += n
	return &reserved{of: o, legs: n, due: n, after: after}, nil
}

// arrived keeps of h what is for those who are called once the first party is there.
func (g *gate) arrived(h *reserved) {
	if h == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h.there = true
	h.keep(h.after)
}

// drop gives back what h holds still.
func (g *gate) drop(h *reserved) {
	if h == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h.there = true
	h.keep(0)
}

// keep gives back what h holds beyond n legs. The caller holds gate.mu.
func (h *reserved) keep(n int) {
	legs, due := max(h.legs-n, 0), max(h.due-n, 0)
	h.legs -= legs
	h.due -= due
	h.of.up -= legs
	h.of.due -= due
}

// outbound reserves a leg through a trunk for the call's account; leave gives it back.
func (c *Call) outbound(ctx context.Context) (leave func(), err error) {
	account, err := c.e.cfg.Tenants.Tenant(ctx, c.Info().Tenant)
	if err != nil {
		return nil, err
	}
	return c.e.gate.enter(account.ID, account.Limits, c.reserved, time.Now())
}

// Reserve holds room for a call that we begin, within the limits l of its account:
// for the legs through trunks that are rung at once, and for those after, which
// are called when somebody has answered. What is not used is given back when the
// call ends. It is called before Place. Errors: Limit when the account, Unavailable
// when the server has no room now, Permission when the limits never allow so many.
func (c *Call) Reserve(l voice.Limits, rung, after int) error {
	const op = "engine.Reserve"
	e := c.e
	if e.full(int(e.coming.Load())) {
		return voice.Errorf(op, voice.Unavailable, "the server has as many calls up as it takes")
	}
	if e.cfg.Hold != nil && e.cfg.Hold() {
		return voice.Errorf(op, voice.Unavailable, "the server is busy: callers are refused, and orders wait")
	}
	h, err := e.gate.reserve(c.Info().Tenant, l, rung, after, time.Now())
	if err != nil {
		return err
	}
	c.reserved = h
	e.coming.Add(legsOfCall)
	c.placed = sync.OnceFunc(func() { e.coming.Add(-legsOfCall) })
	return nil
}

// legsOfCall is how many ports a call takes.
const legsOfCall = 2
