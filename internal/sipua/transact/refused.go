package transact

import (
	"context"
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
	_, err := l.connect(ctx, to)
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
