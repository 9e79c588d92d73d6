package locate

import (
	"net/netip"
	"time"
)

// Bounds of what is remembered of failed places (RFC 3263 §4.3).
const (
	passOver    = 30 * time.Second // a place that failed comes last
	maxPassOver = 10 * time.Minute // whatever a Retry-After asks for
	maxFailed   = 1024
)

// Place is where a request can be sent.
type Place struct {
	Transport string // "udp", "tcp" or "tls"
	Addr      netip.AddrPort
	Name      string // host name behind the address; "" = none
	Domain    string // that was asked for: whom a certificate has to name (RFC 5922 §4)
	Keys      string // which keys and authorities TLS is spoken with; "" = the usual
}

// String gives "udp 192.0.2.1:5060".
func (p Place) String() string { return p.Transport + " " + p.Addr.String() }

type placeKey struct {
	transport string
	addr      netip.AddrPort
}

// Failed notes that a place did not answer, or answered 503; for is how long it
// asked to be left alone, 0 = it did not say.
func (r *Resolver) Failed(p Place, rest time.Duration) {
	if rest <= 0 {
		rest = passOver
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Now()
	if len(r.failed) >= maxFailed {
		for k, until := range r.failed {
			if now.After(until) || len(r.failed) >= maxFailed {
				delete(r.failed, k)
			}
		}
	}
	r.failed[placeKey{p.Transport, p.Addr}] = now.Add(min(rest, maxPassOver))
}

// Worked notes that a place answered.
func (r *Resolver) Worked(p Place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.failed, placeKey{p.Transport, p.Addr})
}

// healthyFirst puts places that failed lately last: each comes back when its
// time is over, and is still tried when nothing else is left.
func (r *Resolver) healthyFirst(list []Place) []Place {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.failed) == 0 || len(list) < 2 {
		return list
	}
	now := r.cfg.Now()
	good, bad := make([]Place, 0, len(list)), []Place(nil)
	for _, p := range list {
		if until, ok := r.failed[placeKey{p.Transport, p.Addr}]; ok && now.Before(until) {
			bad = append(bad, p)
			continue
		}
		good = append(good, p)
	}
	return append(good, bad...)
}

// Resting reports whether a place failed lately and is to be left alone.
func (r *Resolver) Resting(p Place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.failed[placeKey{p.Transport, p.Addr}]
	return ok && r.cfg.Now().Before(until)
}
