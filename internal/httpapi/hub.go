package httpapi

import (
	"strconv"
	"strings"
	"sync"

	"tandem/internal/voice"
)

// Bounds of a Hub.
const (
	hubRecent   = 4096 // events remembered for those who come back, of all accounts
	hubBuffer   = 512  // events that wait for one client
	hubClients  = 200  // clients at once
	hubAccount  = 20   // of one account
	hubUnknown  = 2000 // calls whose account is not known yet
	hubUnknown1 = 50   // events of one such call
)

// Hub hands the events of calls to those who listen. Publish never waits: a
// client that does not read fast enough is dropped and told why.
type Hub struct {
	epoch string // tells the ids of this process from those of others

	mu      sync.Mutex
	last    uint64 // number of the newest event
	recent  []numbered
	clients map[*client]struct{}
	unknown map[voice.CallID][]voice.Event // before the account was found
	closed  bool
}

// numbered is an event with its place in the stream of all.
type numbered struct {
	n uint64
	voice.Event
}

// client is one who listens.
type client struct {
	tenant voice.TenantID
	call   voice.CallID    // "" = all
	kinds  map[string]bool // nil = all
	events chan numbered   // out; closed when there is no more
	why    string          // set before events is closed
}

// NewHub makes a hub. Close it.
func NewHub() *Hub {
	return &Hub{epoch: strings.ToLower(voice.NewID(""))[:8], clients: map[*client]struct{}{}, unknown: map[voice.CallID][]voice.Event{}}
}

// Publish hands an event to those who listen. What happens on a call before its
// account is known comes with the first event after that.
func (h *Hub) Publish(e voice.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	if e.Tenant == "" {
		h.keep(e)
		return
	}
	before := h.unknown[e.Call]
	delete(h.unknown, e.Call)
	for _, b := range before {
		b.Tenant = e.Tenant
		h.hand(b)
	}
	h.hand(e)
}

// keep holds an event until its account is known; calls that end so have none.
func (h *Hub) keep(e voice.Event) {
	before, ok := h.unknown[e.Call]
	switch {
	case e.Kind == voice.EventCallEnded || e.Kind == voice.EventCallRefused:
		delete(h.unknown, e.Call)
	case len(before) < hubUnknown1 && (ok || len(h.unknown) < hubUnknown):
		h.unknown[e.Call] = append(before, e)
	}
}

func (h *Hub) hand(e voice.Event) {
	h.last++
	v := numbered{h.last, e}
	if len(h.recent) >= hubRecent {
		h.recent = append(h.recent[:0], h.recent[hubRecent/4:]...)
	}
	h.recent = append(h.recent, v)
	for c := range h.clients {
		if !c.wants(e) {
			continue
		}
		select {
		case c.events <- v:
		default:
			h.drop(c, "events came faster than you read them; "+strconv.Itoa(hubBuffer)+" were waiting")
		}
	}
}

func (c *client) wants(e voice.Event) bool {
	return e.Tenant == c.tenant && (c.call == "" || c.call == e.Call) && (c.kinds == nil || c.kinds[string(e.Kind)])
}

// drop ends a client. The caller holds h.mu.
func (h *Hub) drop(c *client, why string) {
	if _, ok := h.clients[c]; ok {
		delete(h.clients, c)
		c.why = why
		close(c.events)
	}
}

// join lets a client listen. missed are the events after the one with the id
// lastID, if there is one; gap says that some may be lost between. Limit when too
// many listen, Unavailable when the hub is closed.
func (h *Hub) join(c *client, lastID string) (missed []numbered, gap bool, err error) {
	const op = "httpapi.join"
	h.mu.Lock()
	defer h.mu.Unlock()
	own := 0
	for o := range h.clients {
		if o.tenant == c.tenant {
			own++
		}
	}
	switch {
	case h.closed:
		return nil, false, voice.Errorf(op, voice.Unavailable, "the server is stopping")
	case own >= hubAccount:
		return nil, false, voice.Errorf(op, voice.Limit, "%d clients of the account listen already", own)
	case len(h.clients) >= hubClients:
		return nil, false, voice.Errorf(op, voice.Limit, "too many clients listen")
	}
	c.events = make(chan numbered, hubBuffer)
	h.clients[c] = struct{}{}
	if lastID == "" {
		return nil, false, nil
	}
	epoch, text, _ := strings.Cut(lastID, "-")
	n, perr := strconv.ParseUint(text, 10, 64)
	if epoch != h.epoch || perr != nil || n > h.last {
		return nil, true, nil
	}
	for _, v := range h.recent {
		if v.n > n && c.wants(v.Event) {
			missed = append(missed, v)
		}
	}
	return missed, len(h.recent) > 0 && h.recent[0].n > n+1, nil
}

// leave ends a client's listening.
func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
}

func (h *Hub) id(n uint64) string { return h.epoch + "-" + strconv.FormatUint(n, 10) }

// Close ends every stream. It may be called twice.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.clients {
		h.drop(c, "the server is stopping")
	}
}
