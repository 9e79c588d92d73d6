package browser

import (
	"net/netip"
	"slices"
	"sync"

	"tandem/internal/voice"
)

// pageBuffer is how many messages wait for a page that does not read.
const pageBuffer = 64

// Page is an open page that is a telephone. Whoever opened it closes it.
type Page struct {
	desk  *Desk
	id    string
	owner Owner
	addr  netip.Addr

	mu       sync.Mutex
	messages chan Message // out; closed when there are no more
	why      string
	closed   bool
}

// Message tells a page where a line stands.
type Message struct {
	State
	// Offer is the session description that a page which rings has to answer, in
	// the first message of the line; "" = none.
	Offer string
}

// ID names the page.
func (p *Page) ID() string { return p.id }

// Addr is where the page's requests come from.
func (p *Page) Addr() netip.Addr { return p.addr }

// Messages gives what the page is told; closed when there is no more, for the reason
// that Why gives.
func (p *Page) Messages() <-chan Message { return p.messages }

// Why says why Messages was closed.
func (p *Page) Why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.why
}

// tell hands a message on. A page that does not read is dropped; false then.
func (p *Page) tell(m Message) bool {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return false
	}
	select {
	case p.messages <- m:
		p.mu.Unlock()
		return true
	default:
	}
	p.mu.Unlock()
	p.drop("messages came faster than the page read them")
	return false
}

// Close says that the page is gone: what rings there alone is over. Calls that are up
// go on as long as their media does.
func (p *Page) Close() { p.drop("the page was closed") }

func (p *Page) drop(why string) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed, p.why = true, why
	close(p.messages)
	p.mu.Unlock()
	d := p.desk
	d.mu.Lock()
	d.pages = slices.DeleteFunc(d.pages, func(o *Page) bool { return o == p })
	var rung []*Line
	for _, l := range d.lines {
		if l.page == p && !l.out {
			rung = append(rung, l)
		}
	}
	d.mu.Unlock()
	for _, l := range rung {
		l.unanswered(voice.CauseUnavailable, "the page in the browser was closed")
	}
}

// Ring makes the line by which a call reaches the page. Limit when it has enough, HungUp when it
// is closed.
func (p *Page) Ring(call voice.CallID, in Invitation) (*Line, error) {
	l := newLine(p.desk, p.owner, p.addr)
	l.page, l.state, l.in, l.call = p, Ringing, in, call
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	if !slices.Contains(p.desk.pages, p) {
		return nil, voice.Errorf(op, voice.HungUp, "the page in the browser was closed")
	}
	return l, p.desk.add(l)
}
