package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// generator places calls on one target. Its SIP reader, RTP reader, RTP
// writer and timer run from start to close.
type generator struct {
	target   netip.AddrPort
	uri      string // request URI of the number called
	sip      *net.UDPConn
	sipAddr  netip.AddrPort
	rtp      int // socket
	rtpAddr  netip.AddrPort
	keys     time.Duration // between two keys of one call, 0 for none
	voices   [][frame]byte // what calls say in turn, none for silence; set before the first call
	noEvents bool          // telephone events are not offered; set before the first call
	secure   *secureWay    // nil = UDP and plain media

	byPort [65536]atomic.Pointer[call] // by the server's RTP port
	wheel  [slots]struct {
		mu    sync.Mutex
		calls []*call
	}
	stopped   atomic.Bool
	measuring atomic.Bool
	tally     tally // of the receiver, until close
	strangers atomic.Int64
	late      atomic.Int64 // times the writer fell 100 ms behind
	missed    atomic.Int64 // keys without a reaction in two seconds

	mu    sync.Mutex
	calls map[string]*call
	wg    sync.WaitGroup

	resent atomic.Int64
	byes   atomic.Int64 // calls that the server hung up
}

// call is one call of the generator. mu guards the signalling; the fields of
// the media belong to the thread named beside them.
type call struct {
	gen *generator
	id  string
	tag string

	mu      sync.Mutex
	state   callState
	pending []byte // the request to repeat, nil when answered
	due     time.Time
	wait    time.Duration
	began   time.Time // of the pending request
	setUp   time.Duration
	to      string
	peer    string // remote target
	status  int
	again   time.Duration // Retry-After of a refusal
	done    chan struct{} // closed when answered, failed or ended; made anew for each wait
	slot    int

	seal    *sealing              // nil = plain media; set before the call is put on the wheel
	remote  unix.RawSockaddrInet4 // set before the call is put on the wheel
	port    uint16
	pressed atomic.Int64 // when the key was sent, ns since 1970; 0 for none
	inMenu  atomic.Bool

	voice   *[frame]byte // nil for silence; never written after invite
	seq     uint16       // writer
	ts      uint32
	ssrc    uint32
	event   int
	eventTS uint32
	nextKey int64

	lastAt  int64 // reader
	lastSeq uint16
	lastTS  uint32

	lastSound heardSound
}

type callState int

const (
	inviting callState = iota
	talking
	ending
	over
	failed
)

const (
	timerT1   = 500 * time.Millisecond
	sipGiveUp = 16 * time.Second
)

func newGenerator(target netip.AddrPort, number string, keys time.Duration) (*generator, error) {
	return newGeneratorBy(target, number, keys, nil)
}

// newGeneratorBy makes one that takes secure for its way when it is not nil.
func newGeneratorBy(target netip.AddrPort, number string, keys time.Duration, secure *secureWay) (*generator, error) {
	g := &generator{secure: secure, target: target, uri: fmt.Sprintf("sip:%s@%s", number, target), keys: keys, calls: map[string]*call{}}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	conn.SetReadBuffer(8 << 20)
	g.sip, g.sipAddr = conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if g.rtp, g.rtpAddr, err = rtpSocket(); err != nil {
		conn.Close()
		return nil, err
	}
	if secure != nil {
		g.sipAddr = secure.local()
		g.wg.Go(func() { secure.read(g) })
	}
	g.wg.Go(g.readSIP)
	g.wg.Go(g.repeat)
	g.wg.Go(g.receive)
	g.wg.Go(g.send)
	return g, nil
}

// close ends all goroutines; afterwards the tally may be read.
func (g *generator) close() {
	if g.stopped.Swap(true) {
		return
	}
	g.sip.Close()
	if g.secure != nil {
		g.secure.conn.Close()
	}
	g.wg.Wait()
	unix.Close(g.rtp)
}

func (g *generator) write(b []byte) {
	if g.secure != nil {
		g.secure.write(b)
		return
	}
	g.sip.WriteToUDPAddrPort(b, g.target) // a lost request is repeated
}

// newCall makes a call that nobody knows of yet; n is its number.
func (g *generator) newCall(n uint64) *call {
	c := &call{gen: g, id: fmt.Sprintf("%016x@load", n), tag: fmt.Sprintf("%08x", uint32(n)), to: "<" + g.uri + ">",
		ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), ts: rand.Uint32(), slot: int(n % slots)}
	if len(g.voices) > 0 {
		c.voice = &g.voices[n/slots%uint64(len(g.voices))]
	}
	if g.secure != nil {
		c.seal = newSealing(g.secure.suite)
	}
	return c
}

// invite begins a call; wait tells how it went.
func (g *generator) invite() *call {
	c := g.newCall(rand.Uint64())
	g.mu.Lock()
	g.calls[c.id] = c
	g.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(inviting, c.request("INVITE", g.uri, c.to, 1, c.tag+"i", c.offer()))
	return c
}

// begin sends a request and arms its repetition; c.mu is held.
func (c *call) begin(s callState, request []byte) {
	c.state, c.pending, c.wait, c.began = s, request, timerT1, time.Now()
	c.due, c.done = c.began.Add(c.wait), make(chan struct{})
	c.gen.write(request)
}

// settle ends the pending request; c.mu is held.
func (c *call) settle(s callState) {
	c.state, c.pending = s, nil
	close(c.done)
}

// await blocks until the pending request is settled.
func (c *call) await(ctx context.Context) callState {
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// hangup sends BYE on an answered call.
func (c *call) hangup() {
	c.offWheel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == talking {
		c.begin(ending, c.request("BYE", c.peer, c.to, 2, c.tag+"b", ""))
	}
}

func (g *generator) readSIP() {
	buf := make([]byte, 9000)
	for {
		n, _, err := g.sip.ReadFromUDPAddrPort(buf)
		if g.stopped.Load() {
			return
		}
		if err != nil {
			continue
		}
		if m, ok := parseMessage(buf[:n]); ok {
			g.message(m)
		}
	}
}

// message takes one message of the server.
func (g *generator) message(m message) {
	g.mu.Lock()
	c := g.calls[m.callID]
	g.mu.Unlock()
	switch {
	case m.status != 0 && c != nil:
		c.response(m)
	case m.status != 0 || m.method == "ACK":
	case c == nil:
		g.write(respond(m, "481 Call/Transaction Does Not Exist"))
	default:
		g.write(respond(m, "200 OK"))
		if m.method == "BYE" {
			c.endedByServer()
		}
	}
}

func (c *call) endedByServer() {
	c.offWheel()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != talking {
		return
	}
	c.gen.byes.Add(1)
	c.state = over
}

func (c *call) response(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.method == "INVITE" && m.status < 200:
		if c.state == inviting {
			c.due = c.began.Add(sipGiveUp) // no repetition after a provisional one
		}
	case m.method == "INVITE" && m.status < 300:
		c.answered(m)
	case m.method == "INVITE":
		c.gen.write(c.request("ACK", c.gen.uri, m.to, 1, c.tag+"i", ""))
		if c.state == inviting {
			c.status, c.again, c.setUp = m.status, m.retry, time.Since(c.began)
			c.settle(failed)
		}
	case m.method == "BYE" && m.status >= 200 && c.state == ending:
		c.settle(over)
	}
}

func (c *call) answered(m message) {
	if c.state == inviting {
		c.setUp = time.Since(c.began)
	}
	c.to, c.peer = m.to, m.contact
	c.gen.write(c.request("ACK", c.peer, c.to, 1, c.tag+"a", ""))
	if c.state != inviting {
		return
	}
	addr, ok := audioAddress(m.body)
	if ok && c.seal != nil {
		ok = c.seal.answered(m.body)
	}
	if !ok || !addr.Addr().Is4() {
		c.status = m.status
		c.settle(failed)
		return
	}
	c.onWheel(addr)
	c.settle(talking)
}

func (c *call) onWheel(addr netip.AddrPort) {
	c.port = addr.Port()
	p := addr.Port()
	c.remote = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: p<<8 | p>>8, Addr: addr.Addr().As4()}
	c.nextKey = time.Now().UnixNano() + int64(time.Second) + rand.Int64N(int64(max(c.gen.keys, 1)))
	c.gen.byPort[c.port].Store(c)
	slot := &c.gen.wheel[c.slot]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	slot.calls = append(slot.calls, c)
}

func (c *call) offWheel() {
	slot := &c.gen.wheel[c.slot]
	slot.mu.Lock()
	defer slot.mu.Unlock()
	for i, other := range slot.calls {
		if other == c {
			slot.calls[i] = slot.calls[len(slot.calls)-1]
			slot.calls = slot.calls[:len(slot.calls)-1]
			c.gen.byPort[c.port].CompareAndSwap(c, nil)
			return
		}
	}
}

// repeat sends unanswered requests again, T1 doubling (RFC 3261 §17.1).
func (g *generator) repeat() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if g.stopped.Load() {
			return
		}
		g.mu.Lock()
		all := make([]*call, 0, len(g.calls))
		for _, c := range g.calls {
			all = append(all, c)
		}
		g.mu.Unlock()
		for _, c := range all {
			c.repeat(now)
		}
	}
}

func (c *call) repeat(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.pending == nil:
	case now.Sub(c.began) > sipGiveUp:
		c.settle(failed)
	case now.After(c.due):
		c.gen.resent.Add(1)
		c.wait *= 2
		c.due = now.Add(c.wait)
		c.gen.write(c.pending)
	}
}

// forget drops calls that are over.
func (g *generator) forget(calls []*call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range calls {
		delete(g.calls, c.id)
	}
}

// failure says in words why a call was not answered.
func (c *call) failure() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == 0 {
		return "no answer"
	}
	return strings.TrimSpace(fmt.Sprintf("status %d", c.status))
}
