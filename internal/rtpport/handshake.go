package rtpport

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"tandem/internal/dtlssrtp"
)

// maxHandshakes bounds those under way at once in a pool: each takes about a
// millisecond of a processor.
const maxHandshakes = 256

// ErrHandshakes says that a call should be refused for now.
var ErrHandshakes = errors.New("as many DTLS handshakes are under way as may be")

// handshakes is the session of a port, for whoever calls Start and Close.
type handshakes struct {
	mu      sync.Mutex
	of      *DTLS // what session is for
	session *dtlssrtp.Session
	release func() // gives back its place among those under way
	closed  bool
}

// handshake begins the handshake that d asks for, or goes on with the present one
// when it is the same. It sends nothing before begin is called.
func (p *Port) handshake(d *DTLS) (s *dtlssrtp.Session, begin func(), err error) {
	h := &p.shake
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, fmt.Errorf("start media: %w", ErrClosed)
	}
	if d.same(h.of) {
		return h.session, func() {}, nil
	}
	if d == nil {
		return nil, nil, errors.New("start media: a secure stream does not become plain")
	}
	if d.Identity == nil || len(d.Fingerprints) == 0 {
		return nil, nil, errors.New("start media: DTLS without a certificate or fingerprint")
	}
	if p.pool.handshakes.Add(1) > maxHandshakes {
		p.pool.handshakes.Add(-1)
		return nil, nil, fmt.Errorf("start media: %w", ErrHandshakes)
	}
	if old := h.session; old != nil {
		p.pool.writers.Go(old.Close) // its last words must not keep us
		h.release()
	}
	release := sync.OnceFunc(func() { p.pool.handshakes.Add(-1) })
	begun := make(chan struct{})
	s = dtlssrtp.Start(dtlssrtp.Config{
		Identity: d.Identity, Fingerprints: d.Fingerprints, Active: d.Active, Time: d.Time,
		Send: func(b []byte) {
			<-begun
			b = bytes.Clone(b)
			p.order(func() { p.handshakeSend(b, s) })
		},
		Done: func(k dtlssrtp.Keys, err error) {
			<-begun
			release()
			p.shaken(s, d, k, err)
		},
	})
	h.of, h.session, h.release = d, s, release
	return s, sync.OnceFunc(func() { close(begun) }), nil
}

// shaken takes the result of a handshake: the keys count from now on.
func (p *Port) shaken(s *dtlssrtp.Session, d *DTLS, k dtlssrtp.Keys, err error) {
	var c *crypt
	if err == nil {
		c, err = newCrypt(k)
	}
	told := make(chan Handshake, 1)
	if !p.order(func() {
		g := p.guard
		h := Handshake{Profile: k.Profile, Err: err}
		if g != nil && g.session == s {
			if c != nil {
				p.rekey(c)
				p.marker = true
			}
			if g.ice != nil {
				h.Checks, h.Refused = g.ice.Counts()
			}
		}
		told <- h
	}) {
		return
	}
	select {
	case h := <-told:
		if h.Err != nil {
			h.Profile = ""
		}
		if d.Result != nil {
			d.Result(h)
		}
	case <-p.done:
	}
}

// partFromPeer ends the handshake for good.
func (p *Port) partFromPeer() {
	h := &p.shake
	h.mu.Lock()
	h.closed = true
	s, release := h.session, h.release
	h.mu.Unlock()
	if s != nil {
		s.Close()
		release()
	}
}
