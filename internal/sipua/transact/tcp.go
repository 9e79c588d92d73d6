package transact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

const (
	tcpWriteTimeout = 5 * time.Second
	tcpDialTimeout  = 4 * time.Second
)

// tcpConn is one TCP connection; it satisfies sip.Connection.
type tcpConn struct {
	l    *Layer
	c    *net.TCPConn
	to   netip.AddrPort
	wmu  sync.Mutex
	once sync.Once
}

func (t *tcpConn) LocalAddr() net.Addr    { return t.c.LocalAddr() }
func (t *tcpConn) Ref(int) int            { return 1 }
func (t *tcpConn) TryClose() (int, error) { return 1, nil }
func (t *tcpConn) Close() error           { return nil }
func (t *tcpConn) peer() netip.AddrPort   { return t.to }
func (t *tcpConn) network() string        { return "tcp" }

func (t *tcpConn) WriteMsg(msg sip.Message) error {
	t.l.seen(msg, false, t.to, "tcp") // before the answer can be
	return t.writeRaw([]byte(msg.String()))
}

// writeRaw writes whole messages only: a peer that does not read is cut off.
func (t *tcpConn) writeRaw(b []byte) error {
	t.wmu.Lock()
	defer t.wmu.Unlock()
	if err := t.c.SetWriteDeadline(time.Now().Add(tcpWriteTimeout)); err != nil {
		return fmt.Errorf("send to tcp %s: %w", t.to, err)
	}
	if _, err := t.c.Write(b); err != nil {
		t.shut()
		return fmt.Errorf("send to tcp %s: %w", t.to, err)
	}
	return nil
}

func (t *tcpConn) shut() { t.once.Do(func() { _ = t.c.Close() }) }

func (l *Layer) acceptTCP() {
	for {
		c, err := l.tcp.AcceptTCP()
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
		if l.adopt(c, true) == nil {
			l.refused.Add(1)
			_ = c.Close()
		}
	}
}

// adopt enters a connection and starts its reader; nil when the limits forbid
// it or we are closing.
func (l *Layer) adopt(c *net.TCPConn, accepted bool) *tcpConn {
	to := unmap(c.RemoteAddr().(*net.TCPAddr).AddrPort())
	free := !accepted || l.exempt(to.Addr())
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.conns) >= l.cfg.Limits.Connections {
		return nil
	}
	if !free && l.perAddr[to.Addr()] >= l.cfg.Limits.PerAddress {
		return nil
	}
	t := &tcpConn{l: l, c: c, to: to}
	l.conns[to] = t
	l.perAddr[to.Addr()]++
	l.wg.Go(func() { l.readTCP(t, accepted) })
	return t
}

func (l *Layer) drop(t *tcpConn) {
	t.shut()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[t.to] == t {
		delete(l.conns, t.to)
	}
	if l.perAddr[t.to.Addr()]--; l.perAddr[t.to.Addr()] <= 0 {
		delete(l.perAddr, t.to.Addr())
	}
}

// Connected reports whether a TCP connection with the peer is open.
func (l *Layer) Connected(to netip.AddrPort) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[to] != nil
}

// connect gives the open connection to a peer or dials one.
func (l *Layer) connect(ctx context.Context, to netip.AddrPort) (*tcpConn, error) {
	l.mu.Lock()
	t := l.conns[to]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	ctx, cancel := context.WithTimeout(ctx, tcpDialTimeout)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	t = l.adopt(c.(*net.TCPConn), false)
	if t == nil {
		_ = c.Close()
		return nil, fmt.Errorf("connect to %s: too many connections", to)
	}
	return t, nil
}

// readTCP cuts the stream into messages. A message must arrive whole within
// MessageComplete, the first one within FirstMessage of the connection.
func (l *Layer) readTCP(t *tcpConn, accepted bool) {
	defer l.drop(t)
	var buf []byte
	chunk := make([]byte, 4096)
	deadline := time.Now().Add(l.cfg.Limits.IdleConnection)
	if accepted {
		deadline = time.Now().Add(l.cfg.Limits.FirstMessage)
	}
	first := accepted
	for {
		if t.c.SetReadDeadline(deadline) != nil {
			return
		}
		n, err := t.c.Read(chunk)
		if err != nil {
			return
		}
		partial := len(buf) > 0
		buf = append(buf, chunk[:n]...)
		took, ok := l.cut(t, &buf)
		if !ok {
			return
		}
		first = first && took == 0
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
func (l *Layer) cut(t *tcpConn, buf *[]byte) (took int, ok bool) {
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
