package switchboard

import (
	"context"
	"slices"
	"sync"
	"time"

	"tandem/internal/voice"
)

// maxRota bounds who is remembered to have answered last.
const maxRota = 10_000

// queues are the lines of waiting callers, in memory: a caller's place does not
// outlive the call.
type queues struct {
	mu    sync.Mutex
	lines map[queueKey][]*place
	last  map[queueKey]string // who answered last
}

type queueKey struct {
	tenant voice.TenantID
	id     string
}

func newQueues() *queues {
	return &queues{lines: map[queueKey][]*place{}, last: map[queueKey]string{}}
}

// place is a caller's place in a line. Its channel is replaced whenever the
// place changes.
type place struct {
	queues *queues
	key    queueKey
	moved  chan struct{}
}

// join puts a caller at the end of a line.
func (q *queues) join(t voice.TenantID, id string, most int) (*place, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := queueKey{t, id}
	line := q.lines[key]
	if most > 0 && len(line) >= most {
		return nil, voice.Errorf("switchboard.JoinQueue", voice.Limit, "%d callers wait in queue %s already", len(line), id)
	}
	p := &place{queues: q, key: key, moved: make(chan struct{})}
	q.lines[key] = append(line, p)
	return p, nil
}

// Position implements voice.Ticket; 0 = the place has been given up.
func (p *place) Position() int {
	p.queues.mu.Lock()
	defer p.queues.mu.Unlock()
	return slices.Index(p.queues.lines[p.key], p) + 1
}

// Moved implements voice.Ticket.
func (p *place) Moved() <-chan struct{} {
	p.queues.mu.Lock()
	defer p.queues.mu.Unlock()
	return p.moved
}

// Leave implements voice.Ticket: those behind move up.
func (p *place) Leave() {
	q := p.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.lines[p.key]
	i := slices.Index(line, p)
	if i < 0 {
		return
	}
	for _, behind := range line[i:] {
		close(behind.moved)
		behind.moved = make(chan struct{})
	}
	if line = slices.Delete(line, i, i+1); len(line) == 0 {
		delete(q.lines, p.key)
		return
	}
	q.lines[p.key] = line
}

func (q *queues) lastAnswered(t voice.TenantID, key string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.last[queueKey{t, key}]
}

func (q *queues) answered(t voice.TenantID, key, who string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.last) >= maxRota {
		clear(q.last)
	}
	q.last[queueKey{t, key}] = who
}

// JoinQueue implements voice.Queuer.
func (h *host) JoinQueue(_ context.Context, id string, most int) (voice.Ticket, error) {
	p, err := h.s.queues.join(h.tenant(), id, most)
	if err != nil {
		return nil, err
	}
	h.s.setQueue(h.call.Info().ID, id)
	return ticket{p, func() { h.s.setQueue(h.call.Info().ID, "") }}, nil
}

// ticket is a place whose call is seen to wait in the queue while it is held.
type ticket struct {
	*place
	left func()
}

// Leave implements voice.Ticket.
func (t ticket) Leave() {
	t.place.Leave()
	t.left()
}

// setQueue says which queue a call waits in; "" = none.
func (s *Switchboard) setQueue(id voice.CallID, queue string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc := s.live[id]; lc != nil {
		lc.queue, lc.queued = queue, time.Now()
	}
}

// LastAnswered implements interp.Rota.
func (h *host) LastAnswered(key string) string { return h.s.queues.lastAnswered(h.tenant(), key) }

// Answered implements interp.Rota.
func (h *host) Answered(key, who string) { h.s.queues.answered(h.tenant(), key, who) }
