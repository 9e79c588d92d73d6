package transact

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// Bounds of what is remembered of closed ports.
const (
	refusedFor = 5 * time.Second
	maxRefused = 1024
)

// Connect opens a TCP connection to a peer, unless there is one.
func (l *Layer) Connect(ctx context.Context, to netip.AddrPort) error {
	_, err := l.connect(ctx, Dest{Transport: "tcp", Addr: to})
	return err
}

// Refused reports whether the network said lately that nobody listens at a UDP
// address.
func (l *Layer) Refused(to Dest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.refusals[to.Addr]
	return ok && to.Transport == "udp" && time.Since(at) < refusedFor
}

// Closed says in words why a connection that we used ended lately, "" = it did not.
func (l *Layer) Closed(to Dest) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.ended[to.key()]
	if !ok || time.Since(c.at) > refusedFor {
		return ""
	}
	return c.words
}

type closed struct {
	at    time.Time
	words string
}

// closing ends what we began by a connection and has no answer yet (RFC 3261
// §18.4), or cannot get one, for no other connection leads there.
func (l *Layer) closing(t *stream) {
	alone := t.key.Transport != "tcp" && t.key.Name == "" // the peer made it
	words := "the connection was closed"
	if _, ok := errors.AsType[net.Error](t.why); ok && !errors.Is(t.why, net.ErrClosed) {
		words += " (" + t.why.Error() + ")"
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	if len(l.ended) >= maxRefused {
		clear(l.ended)
	}
	var end []*client
	for _, c := range l.clients {
		if c.to.key() == t.key && (alone || !c.heard.Load()) {
			end = append(end, c)
		}
	}
	if len(end) > 0 {
		l.ended[t.key] = closed{time.Now(), words}
	}
	l.mu.Unlock()
	for _, c := range end {
		c.tx.Terminate()
	}
	if l.cfg.Lost != nil && t.key.Transport != "tcp" && t.spoke {
		l.cfg.Lost(t.key)
	}
}

// refusal takes word of the network that a packet of ours found nobody: what we
// began there and has no answer yet ends (RFC 3261 §18.4).
func (l *Layer) refusal(to netip.AddrPort) {
	l.mu.Lock()
	if len(l.refusals) >= maxRefused {
		clear(l.refusals)
	}
	var end []*client
	for _, c := range l.clients {
		if c.to == (Dest{Transport: "udp", Addr: to}) && !c.heard.Load() {
			end = append(end, c)
		}
	}
	if len(end) > 0 {
		l.refusals[to] = time.Now()
	}
	l.mu.Unlock()
	for _, c := range end {
		c.tx.Terminate()
	}
}
