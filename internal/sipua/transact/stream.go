package transact

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	writeTimeout = 5 * time.Second
	dialTimeout  = 4 * time.Second // of TCP, and as long again for TLS over it
)

// ErrGone is for peers that are reached by their own connection alone, which is closed.
var ErrGone = errors.New("its connection is closed")

// pipe writes whole messages to a connection, within writeTimeout each.
type pipe interface {
	write(b []byte) error
	LocalAddr() net.Addr
	Close() error
}

// octets is a pipe of a stream of octets: TCP, or TLS over it.
type octets struct{ net.Conn }

func (o octets) write(b []byte) error {
	if err := o.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := o.Write(b)
	return err
}

// stream is one connection; it satisfies sip.Connection.
type stream struct {
	l       *Layer
	key     Dest // by which it is found again
	c       pipe
	release func()              // gives back its place in the count
	shown   []*x509.Certificate // by a peer that connected by TLS; may be none
	why     error               // it ended; its reader writes and reads it
	spoke   bool                // the peer sent a message; of its reader too
	wmu     sync.Mutex
	once    sync.Once
}

func (t *stream) LocalAddr() net.Addr    { return t.c.LocalAddr() }
func (t *stream) Ref(int) int            { return 1 }
func (t *stream) TryClose() (int, error) { return 1, nil }
func (t *stream) Close() error           { return nil }
func (t *stream) peer() netip.AddrPort   { return t.key.Addr }
func (t *stream) network() string        { return t.key.Transport }

func (t *stream) WriteMsg(msg sip.Message) error {
	b := textOf(msg)
	t.l.seen(msg, b, false, t) // before the answer can be
	return t.writeRaw(b)
}

// writeRaw writes whole messages only: a peer that does not read is cut off.
func (t *stream) writeRaw(b []byte) error {
	t.wmu.Lock()
	defer t.wmu.Unlock()
	if err := t.c.write(b); err != nil {
		t.shut()
		return fmt.Errorf("send to %s: %w", t.key, err)
	}
	return nil
}

func (t *stream) shut() { t.once.Do(func() { _ = t.c.Close() }) }

// accept takes the connections of a listener and hands each, which is counted, to
// serve in a goroutine of its own. serve releases it.
func (l *Layer) accept(from net.Listener, serve func(c net.Conn, peer netip.AddrPort)) {
	for {
		c, err := from.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of descriptors, for example
			case <-l.ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		peer := peerOf(c)
		if !l.admit(peer.Addr(), true) {
			_ = c.Close()
			continue
		}
		if !l.spawn(func() { serve(c, peer) }) {
			l.giveUp(c, peer)
		}
	}
}

func peerOf(c net.Conn) netip.AddrPort {
	a, _ := c.RemoteAddr().(*net.TCPAddr) // of a TCP listener or dialler
	return unmap(a.AddrPort())
}

// spawn runs f in a goroutine that Close waits for; false when it is too late.
func (l *Layer) spawn(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.wg.Go(f)
	return true
}

// admit counts a connection, before anything is said on it; false when the limits
// forbid it or we are closing.
func (l *Layer) admit(peer netip.Addr, accepted bool) bool {
	free := !accepted || l.exempt(peer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.open >= l.cfg.Limits.Connections || !free && l.perAddr[peer] >= l.cfg.Limits.PerAddress {
		l.refused.Add(1)
		return false
	}
	l.open++
	l.perAddr[peer]++
	return true
}

func (l *Layer) release(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.perAddr[peer]--; l.perAddr[peer] <= 0 {
		delete(l.perAddr, peer)
	}
}

// enter makes a connection, which is counted, one that messages can be sent by;
// nil when we are closing.
func (l *Layer) enter(key Dest, c pipe) *stream {
	return l.enterCounted(key, c, func() { l.release(key.Addr.Addr()) })
}

func (l *Layer) enterCounted(key Dest, c pipe, release func()) *stream {
	t := &stream{l: l, key: key, c: c, release: release}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.conns[key] = t
	return t
}

// drop closes a connection and forgets it.
func (l *Layer) drop(t *stream) {
	t.shut()
	l.mu.Lock()
	last := l.conns[t.key] == t
	if last {
		delete(l.conns, t.key)
	}
	l.mu.Unlock()
	t.release()
	if last {
		l.closing(t)
	}
}

func (l *Layer) serveTCP(c net.Conn, peer netip.AddrPort) {
	t := l.enter(Dest{Transport: "tcp", Addr: peer}, octets{c})
	if t == nil {
		l.giveUp(c, peer)
		return
	}
	l.read(t, c, true)
}

// Connected reports whether a connection with the peer is open.
func (l *Layer) Connected(to Dest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[to.key()] != nil
}

// dialling is a connection that is being made, for all who wait for it.
type dialling struct {
	done chan struct{} // closed with the result
	t    *stream
	err  error
}

// connect gives the open connection to a peer or dials one.
func (l *Layer) connect(ctx context.Context, to Dest) (*stream, error) {
	to = to.key()
	l.mu.Lock()
	if t := l.conns[to]; t != nil {
		l.mu.Unlock()
		return t, nil
	}
	d := l.dials[to]
	if d == nil && l.closed {
		l.mu.Unlock()
		return nil, ErrClosed
	}
	if d == nil {
		d = &dialling{done: make(chan struct{})}
		l.dials[to] = d
		l.wg.Go(func() {
			d.t, d.err = l.dial(to)
			l.mu.Lock()
			delete(l.dials, to)
			l.mu.Unlock()
			close(d.done)
		})
	}
	l.mu.Unlock()
	select {
	case <-d.done:
		return d.t, d.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// dial opens a connection of our own and starts its reader.
func (l *Layer) dial(to Dest) (*stream, error) {
	if to.Transport != "tcp" && (to.Transport != "tls" || to.Name == "") {
		return nil, ErrGone
	}
	ctx, cancel := context.WithTimeout(l.ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", to.Addr.String())
	if err != nil {
		return nil, err
	}
	if !l.admit(to.Addr.Addr(), false) {
		_ = c.Close()
		return nil, errors.New("too many connections")
	}
	if to.Transport == "tls" {
		secured, err := l.secure(l.ctx, c, to)
		if l.cfg.Secured != nil {
			l.cfg.Secured(to, err)
		}
		if err != nil {
			l.giveUp(c, to.Addr)
			return nil, err
		}
		c = secured
	}
	t := l.enter(to, octets{c})
	if t == nil || !l.spawn(func() { l.read(t, c, false) }) {
		l.giveUp(c, to.Addr)
		return nil, ErrClosed
	}
	return t, nil
}

// read cuts the stream into messages until it ends. A message must arrive whole
// within MessageComplete, the first one within FirstMessage of the connection.
func (l *Layer) read(t *stream, c net.Conn, accepted bool) {
	defer l.drop(t)
	var buf []byte
	chunk := make([]byte, 4096)
	deadline := time.Now().Add(l.cfg.Limits.IdleConnection)
	if accepted {
		deadline = time.Now().Add(l.cfg.Limits.FirstMessage)
	}
	first := accepted
	for {
		if c.SetReadDeadline(deadline) != nil {
			return
		}
		n, err := c.Read(chunk)
		if err != nil {
			t.why = err
			return
		}
		partial := len(buf) > 0
		buf = append(buf, chunk[:n]...)
		took, ok := l.cut(t, &buf)
		if !ok {
			return
		}
		first = first && took == 0
		t.spoke = t.spoke || took > 0
		switch {
		case first:
		case len(buf) == 0:
			deadline = time.Now().Add(l.cfg.Limits.IdleConnection)
			if cap(buf) > 4*len(chunk) {
				buf = nil
			}
		case took > 0 || !partial:
			deadline = time.Now().Add(l.cfg.Limits.MessageComplete)
		}
	}
}

// cut hands on every whole message in buf and keeps the rest; false when the
// stream can no longer be followed.
func (l *Layer) cut(t *stream, buf *[]byte) (took int, ok bool) {
	for {
		b := *buf
		if lead := len(b) - len(bytes.TrimLeft(b, "\r\n")); lead > 0 {
			if bytes.HasPrefix(b, []byte("\r\n\r\n")) {
				if t.writeRaw([]byte("\r\n")) != nil { // RFC 5626 §3.5.1
					return took, false
				}
			}
			b = b[lead:]
		}
		*buf = b
		if len(b) == 0 {
			*buf = nil
			return took, true
		}
		size, reason := frame(b, l.cfg.Limits.MessageSize)
		if reason != "" {
			l.malformed.Add(1)
			replyRaw(b, t, statusFor(reason), reason)
			return took, false
		}
		if size == 0 {
			return took, true
		}
		l.receive(b[:size], t)
		took++
		*buf = b[size:]
	}
}
