package browser

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"tandem/internal/offer"
	"tandem/internal/voice"
)

// Bounds of pages and their calls.
const (
	MaxPages        = 2000 // open at once
	MaxPagesAccount = 200
	MaxPagesUser    = 10
	MaxLinesAccount = 200 // calls of pages, also those that ring
	MaxLinesUser    = 12
	MaxCallsUser    = 4  // that one user has begun and that are up
	MaxPerMinute    = 30 // calls that one user begins
	// Lingers is for how long the end of a call can be read after it.
	Lingers = time.Minute
)

const op = "browser"

// Owner is whose telephone a page is.
type Owner struct {
	Tenant voice.TenantID
	User   voice.UserID
}

// Desk knows the pages that are open, and their calls. Make it with New.
type Desk struct {
	now func() time.Time

	mu     sync.Mutex
	pages  []*Page
	lines  map[string]*Line
	begun  map[Owner][]time.Time // calls begun in the last minute
	closed bool
}

// New makes a desk; now is the clock.
func New(now func() time.Time) *Desk {
	return &Desk{now: now, lines: map[string]*Line{}, begun: map[Owner][]time.Time{}}
}

// Open says that a page of a user is there, at the address that its requests come
// from. Limit when too many are, Unavailable when the desk is closed.
func (d *Desk) Open(o Owner, addr netip.Addr) (*Page, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	account, user := 0, 0
	for _, p := range d.pages {
		if p.owner.Tenant == o.Tenant {
			account++
			if p.owner.User == o.User {
				user++
			}
		}
	}
	switch {
	case d.closed:
		return nil, voice.Errorf(op, voice.Unavailable, "the server is stopping")
	case user >= MaxPagesUser:
		return nil, voice.Errorf(op, voice.Limit, "%d browser pages of the user are telephones already", user)
	case account >= MaxPagesAccount, len(d.pages) >= MaxPages:
		return nil, voice.Errorf(op, voice.Limit, "too many browser pages are telephones")
	}
	p := &Page{desk: d, id: voice.NewID(""), owner: o, addr: addr.Unmap(), messages: make(chan Message, pageBuffer)}
	d.pages = append(d.pages, p)
	return p, nil
}

// Pages lists the open pages of a user.
func (d *Desk) Pages(o Owner) []*Page {
	d.mu.Lock()
	defer d.mu.Unlock()
	var own []*Page
	for _, p := range d.pages {
		if p.owner == o {
			own = append(own, p)
		}
	}
	return own
}

// Begin makes the line of a call that a page begins by its offer. page may name the
// open page that is told of it; "" = all of the user. Limit when the user has enough.
func (d *Desk) Begin(o Owner, page string, addr netip.Addr, offered *offer.Session) (*Line, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	recent := slices.DeleteFunc(d.begun[o], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	calls := 0
	for _, l := range d.lines {
		if l.owner == o && l.out && !l.ended() {
			calls++
		}
	}
	switch {
	case calls >= MaxCallsUser:
		return nil, voice.Errorf(op, voice.Limit, "the user has %d calls in browsers up, the most at once", calls)
	case len(recent) >= MaxPerMinute:
		return nil, voice.Errorf(op, voice.Limit, "the user has begun %d calls in the last minute, the most", len(recent))
	}
	l := newLine(d, o, addr)
	l.out, l.offered, l.state = true, offered, Ringing
	for _, p := range d.pages {
		if p.owner == o && p.id == page {
			l.page = p
		}
	}
	if err := d.add(l); err != nil {
		return nil, err
	}
	if len(d.begun) > MaxPages { // of users who have long gone
		clear(d.begun)
	}
	d.begun[o] = append(recent, now)
	return l, nil
}

// add takes a line up. The caller holds d.mu.
func (d *Desk) add(l *Line) error {
	now := d.now()
	account, user := 0, 0
	for id, have := range d.lines {
		switch over := have.over(); {
		case over != 0 && now.Sub(time.UnixMicro(over)) >= Lingers:
			delete(d.lines, id)
		case over == 0 && have.owner.Tenant == l.owner.Tenant:
			account++
			if have.owner == l.owner {
				user++
			}
		}
	}
	switch {
	case d.closed:
		return voice.Errorf(op, voice.Unavailable, "the server is stopping")
	case user >= MaxLinesUser, account >= MaxLinesAccount:
		return voice.Errorf(op, voice.Limit, "too many calls are in browsers already")
	}
	d.lines[l.id] = l
	return nil
}

// Line finds a line of a user. NotExist when there is none, or it ended long ago.
func (d *Desk) Line(o Owner, id string) (*Line, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lines[id]; l != nil && l.owner == o {
		return l, nil
	}
	return nil, voice.Errorf(op, voice.NotExist, "the user has no call %s in a browser", id)
}

// Lines lists the lines of a user that are not over, oldest first.
func (d *Desk) Lines(o Owner) []State {
	d.mu.Lock()
	var own []*Line
	for _, l := range d.lines {
		if l.owner == o && !l.ended() {
			own = append(own, l)
		}
	}
	d.mu.Unlock()
	states := make([]State, len(own))
	for i, l := range own {
		states[i] = l.State()
	}
	slices.SortFunc(states, func(a, b State) int { return a.Since.Compare(b.Since) })
	return states
}

// told gives the pages that are told of a line.
func (d *Desk) told(l *Line) []*Page {
	if l.page != nil {
		return []*Page{l.page}
	}
	return d.Pages(l.owner)
}

// Close closes every page. Lines are ended by the calls that they belong to.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	pages := slices.Clone(d.pages)
	d.mu.Unlock()
	for _, p := range pages {
		p.drop("the server is stopping")
	}
}
