package engine

import (
	"strings"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Defaults of voice.Limits.
const (
	defaultOutboundCalls     = 10
	defaultOutboundPerMinute = 30
)

// highRisk holds number ranges that toll fraud goes to and that an IVR has no
// business with unless a trunk names them in its prefixes: shared-cost and
// satellite country codes (ITU-T E.164 assignments) and national premium-rate ranges.
var highRisk = [...]string{
	"+979", "+870", "+878", "+881", "+882", "+883", // premium and satellite
	"+1900", "+1976", // North America
	"+449", "+44871", "+44872", "+44873", // United Kingdom
	"+46900", "+46939", "+46944", // Sweden
	"+49900", "+33899", "+34803", "+34806", "+34807", "+39899", "+41900", "+41901", "+43900", "+43930",
}

// gate holds the outbound limits of every tenant. It is the one place that a
// leg through a trunk passes, whoever asked for it.
type gate struct {
	mu      sync.Mutex
	tenants map[voice.TenantID]*outbound
}

type outbound struct {
	up    int
	begun []time.Time // of the last minute
}

func newGate() *gate { return &gate{tenants: map[voice.TenantID]*outbound{}} }

// enter reserves a leg of tenant t; the caller calls leave when it has ended.
func (g *gate) enter(t voice.TenantID, l voice.Limits, now time.Time) (leave func(), err error) {
	const op = "engine.outbound"
	if l.OutboundCalls <= 0 {
		l.OutboundCalls = defaultOutboundCalls
	}
	if l.OutboundPerMinute <= 0 {
		l.OutboundPerMinute = defaultOutboundPerMinute
	}
	g.mu.Lock()
	defer g.mu.Unlock()
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
	if o.up >= l.OutboundCalls {
		return nil, voice.Errorf(op, voice.Limit, "the account has %d outbound calls up, its limit", o.up)
	}
	if len(o.begun) >= l.OutboundPerMinute {
		return nil, voice.Errorf(op, voice.Limit, "the account has begun %d outbound calls in the last minute, its limit", len(o.begun))
	}
	o.up++
	o.begun = append(o.begun, now)
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		o.up--
	}), nil
}

// mayDial decides whether number n may go through trunk k.
func mayDial(n voice.E164, k voice.Trunk) error {
	const op = "engine.outbound"
	for _, p := range k.Prefixes {
		if strings.HasPrefix(string(n), p) {
			return nil
		}
	}
	if len(k.Prefixes) > 0 {
		return voice.Errorf(op, voice.Permission, "trunk %s does not take %s: its prefixes are %s", k.Name, n, strings.Join(k.Prefixes, ", "))
	}
	for _, p := range highRisk {
		if strings.HasPrefix(string(n), p) {
			return voice.Errorf(op, voice.Permission,
				"%s is in the high-risk range %s; a trunk must name the range in its prefixes to allow it", n, p)
		}
	}
	return nil
}
