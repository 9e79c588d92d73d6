package switchboard

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Defaults of voice.Limits.
const (
	defaultCallsPerSecond = 5
	defaultMaxQueued      = 1000
)

// Bounds of waiting.
const (
	// longestWait is how long an ordered call may wait to begin: whoever wanted it
	// has turned to something else by then.
	longestWait = 10 * time.Minute
	// lookAgain is how often the first in line looks for room that nothing tells it
	// of: the calls of the last minute are fewer, the server is less busy.
	lookAgain = time.Second
)

// Why an ordered call waits, as its timeline says.
const (
	whyOthers  = "others"  // of the account wait before it
	whyPace    = "pace"    // the account's calls begin one after the other
	whyAccount = "account" // it has as many calls as its limits allow
	whyServer  = "server"  // it has as many as it takes, or other accounts wait for them
	whyUnknown = "unknown" // the limits can't be read
)

// orders are the ordered calls that wait to begin: a line for each account, so
// that nobody waits for another account's. Where all want the same, room on the
// server, the accounts take turns.
type orders struct {
	mu    sync.Mutex
	lines map[voice.TenantID]*orderLine
	turns []voice.TenantID // whose first in line wait for room on the server, in turn
}

type orderLine struct {
	waiting []*turn
	next    time.Time // no order begins before
}

// turn is an ordered call's place in the line of its account.
type turn struct {
	orders *orders
	tenant voice.TenantID
	since  time.Time
	look   chan struct{} // something has changed; holds one
}

func newOrders() *orders { return &orders{lines: map[voice.TenantID]*orderLine{}} }

// join puts an ordered call at the end of its account's line.
func (o *orders) join(t voice.TenantID, l voice.Limits) (*turn, error) {
	most := l.MaxQueued
	if most <= 0 {
		most = defaultMaxQueued
	}
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	line := o.lines[t]
	if line == nil {
		for id, other := range o.lines {
			if len(other.waiting) == 0 && !now.Before(other.next) {
				delete(o.lines, id)
			}
		}
		line = &orderLine{}
		o.lines[t] = line
	}
	if len(line.waiting) >= most {
		return nil, voice.Errorf("switchboard.CallBack", voice.Limit, "%d ordered calls of the account wait to begin, its limit", len(line.waiting))
	}
	p := &turn{orders: o, tenant: t, since: now, look: make(chan struct{}, 1)}
	line.waiting = append(line.waiting, p)
	return p, nil
}

// wait says why a call does not begin yet.
type wait struct {
	why, words string
	again      time.Duration // when to look again at the latest; 0 = when something changes
}

// begin lets the call begin when it is first in line, its time has come and
// reserve finds room, and takes it out of the line then; else it says why not. The
// error is one of reserve's that waiting does not mend.
func (p *turn) begin(l voice.Limits, reserve func() error) (*wait, error) {
	o := p.orders
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	line := o.lines[p.tenant]
	if i := slices.Index(line.waiting, p); i > 0 {
		return &wait{why: whyOthers, words: fmt.Sprintf("%d ordered calls of the account wait before it", i)}, nil
	}
	pace := l.CallsPerSecond
	if pace <= 0 {
		pace = defaultCallsPerSecond
	}
	if due := line.next.Sub(now); due > 0 {
		return &wait{whyPace, fmt.Sprintf("ordered calls of the account begin at %d a second", pace), due}, nil
	}
	if len(o.turns) > 0 && o.turns[0] != p.tenant {
		o.takeTurn(p.tenant)
		return &wait{whyServer, "other accounts wait before it for room on the server", lookAgain}, nil
	}
	err := reserve()
	if voice.IsKind(err, voice.Unavailable) {
		o.takeTurn(p.tenant)
		return &wait{whyServer, voice.Reason(err), lookAgain}, nil
	}
	o.passTurn(p.tenant)
	switch {
	case voice.IsKind(err, voice.Limit):
		return &wait{whyAccount, voice.Reason(err), lookAgain}, nil
	case err != nil:
		return nil, err
	}
	line.next = now.Add(time.Second / time.Duration(pace))
	o.remove(p)
	return nil, nil
}

// first says whether nobody of the account is before it.
func (p *turn) first() bool {
	p.orders.mu.Lock()
	defer p.orders.mu.Unlock()
	line := p.orders.lines[p.tenant]
	return line != nil && slices.Index(line.waiting, p) == 0
}

// leave gives the place up, if the call has not begun.
func (p *turn) leave() {
	p.orders.mu.Lock()
	defer p.orders.mu.Unlock()
	p.orders.remove(p)
}

// pass lets other accounts go first.
func (p *turn) pass() {
	p.orders.mu.Lock()
	defer p.orders.mu.Unlock()
	p.orders.passTurn(p.tenant)
}

// changed lets those look again who may have waited for a call of the tenant to end.
func (o *orders) changed(t voice.TenantID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.wake(t)
	if len(o.turns) > 0 {
		o.wake(o.turns[0])
	}
}

// wake lets the first in a line look. The caller of this and of those below holds o.mu.
func (o *orders) wake(t voice.TenantID) {
	if line := o.lines[t]; line != nil && len(line.waiting) > 0 {
		select {
		case line.waiting[0].look <- struct{}{}:
		default: // it is about to
		}
	}
}

func (o *orders) remove(p *turn) {
	line := o.lines[p.tenant]
	if line == nil {
		return
	}
	i := slices.Index(line.waiting, p)
	if i < 0 {
		return
	}
	line.waiting = slices.Delete(line.waiting, i, i+1)
	switch {
	case len(line.waiting) == 0:
		o.passTurn(p.tenant)
	case i == 0:
		o.wake(p.tenant)
	}
}

func (o *orders) takeTurn(t voice.TenantID) {
	if !slices.Contains(o.turns, t) {
		o.turns = append(o.turns, t)
	}
}

func (o *orders) passTurn(t voice.TenantID) {
	i := slices.Index(o.turns, t)
	if i < 0 {
		return
	}
	if o.turns = slices.Delete(o.turns, i, i+1); i == 0 && len(o.turns) > 0 {
		o.wake(o.turns[0])
	}
}
