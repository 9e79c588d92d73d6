package notify

import (
	"time"

	"tandem/internal/voice"
)

// place is an endpoint of an account.
type place struct {
	tenant   voice.TenantID
	endpoint string
}

func placeOf(d voice.Delivery) place { return place{d.Tenant, d.Endpoint} }

// trust is what is known of an endpoint. The less, the fewer requests to such may
// be under way, so that those who answer always find room.
type trust int

const (
	failing trust = iota // what was sent there lately failed
	unknown
	told   // as little is known, but what is to be sent is of just now
	proven // what was sent there last was taken, or nearly so
)

// failures in a row take the trust from an endpoint that was proven.
const failures = 3

// share gives how many of most may be used for endpoints that are trusted so.
func (t trust) share(most int) int { return most * (int(t) + 1) / (int(proven) + 1) }

// traffic counts the requests under way, and what endpoints made of theirs.
type traffic struct {
	all      count
	accounts map[voice.TenantID]*account
	at       map[place]int
	health   map[place]health
	pace     map[place][]time.Time // when the latest MaxPace attempts began
	held     map[place]time.Time   // those that asked to be spared, until when
}

// count is how many requests are under way to endpoints trusted so, or less.
type count [proven + 1]int

func (c *count) add(of trust, n int) {
	for t := of; t <= proven; t++ {
		c[t] += n
	}
}

type account struct {
	count
	endpoints int // to which requests are under way
}

type health struct {
	proven bool
	failed int // in a row
}

func newTraffic() *traffic {
	return &traffic{
		accounts: map[voice.TenantID]*account{}, at: map[place]int{}, health: map[place]health{},
		pace: map[place][]time.Time{}, held: map[place]time.Time{},
	}
}

// trust says what is known of an endpoint.
func (t *traffic) trust(p place) trust {
	switch h, known := t.health[p]; {
	case h.proven:
		return proven
	case known:
		return failing
	}
	return unknown
}

// learn notes what an attempt came to. What is known of more than maxKnown
// endpoints is partly forgotten.
func (t *traffic) learn(p place, taken bool) {
	h := t.health[p]
	if taken {
		h = health{proven: true}
	} else if h.failed++; h.failed >= failures {
		h.proven = false
	}
	for old := range t.health {
		if len(t.health) < maxKnown {
			break
		}
		delete(t.health, old)
	}
	t.health[p] = h
}

// room gives how many more requests may go to endpoints of an account that are
// trusted so. Who has next to nothing under way always has room.
func (t *traffic) room(tenant voice.TenantID, of trust) int {
	a := t.accounts[tenant]
	if a == nil {
		a = &account{}
	}
	shared := MaxSending
	for l := of; l <= proven; l++ {
		shared = min(shared, l.share(MaxSending)-t.all[l], l.share(MaxPerTenant)-a.count[l])
	}
	own := min(MaxOwn-a.count[proven], MaxInAll-t.all[proven])
	return max(shared, own, 0)
}

// roomAt gives how many more requests may go to an endpoint.
func (t *traffic) roomAt(p place, of trust) int {
	most := MaxPerEndpoint
	if of == failing {
		most = MaxPerFailing
	}
	return min(t.room(p.tenant, of), most-t.at[p])
}

// endpoints gives to how many endpoints of an account requests are under way.
func (t *traffic) endpoints(tenant voice.TenantID) int {
	if a := t.accounts[tenant]; a != nil {
		return a.endpoints
	}
	return 0
}

// paced gives at how many endpoints of an account the pace holds others back.
func (t *traffic) paced(tenant voice.TenantID) (n int) {
	for p, began := range t.pace {
		if p.tenant == tenant && len(began) >= MaxPace {
			n++
		}
	}
	return n
}

// begin counts a request to an endpoint that is trusted so.
func (t *traffic) begin(p place, of trust, now time.Time) {
	a := t.accounts[p.tenant]
	if a == nil {
		a = &account{}
		t.accounts[p.tenant] = a
	}
	if t.at[p]++; t.at[p] == 1 {
		a.endpoints++
	}
	a.add(of, 1)
	t.all.add(of, 1)
	began := append(t.pace[p], now)
	t.pace[p] = began[max(0, len(began)-MaxPace):]
}

// end counts a request as over that was begun so.
func (t *traffic) end(p place, of trust) {
	a := t.accounts[p.tenant]
	if t.at[p]--; t.at[p] == 0 {
		delete(t.at, p)
		a.endpoints--
	}
	a.add(of, -1)
	t.all.add(of, -1)
	if a.count[proven] == 0 {
		delete(t.accounts, p.tenant)
	}
}

// from gives when the next attempt at an endpoint may begin.
func (t *traffic) from(p place) time.Time {
	from := t.held[p]
	if began := t.pace[p]; len(began) >= MaxPace {
		if paced := began[0].Add(time.Second); paced.After(from) {
			from = paced
		}
	}
	return from
}

// forget lets go of what held endpoints back.
func (t *traffic) forget(now time.Time) {
	for p, until := range t.held {
		if !until.After(now) {
			delete(t.held, p)
		}
	}
	for p, began := range t.pace {
		if began[len(began)-1].Add(time.Second).Before(now) {
			delete(t.pace, p)
		}
	}
}
