package phone

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// media is the RTP side of one call: a socket, one goroutine that reads it
// and one that writes a packet every 20 ms. The zero direction sends nothing.
type media struct {
	conn *net.UDPConn
	wg   sync.WaitGroup
	stop chan struct{}
	end  sync.Once
	key  func(r rune) // called from the reader for each key heard; may be nil

	mu       sync.Mutex
	remote   netip.AddrPort // where packets go
	codec    Codec
	eventIn  int // payload type of key events that come, -1 for none
	eventOut int // and of those that go
	sending  bool
	from     netip.AddrPort
	heard    heard
	late     Lateness
	keys     []*sound // sent before anything in play, which waits meanwhile
	play     []*sound
}

// sound is one thing to send, whole, before the next: samples or a key.
type sound struct {
	samples []int16
	key     *keyEventOut
	started bool // its first packet has left
	done    chan struct{}
}

func newMedia(listen func(string, *net.UDPAddr) (*net.UDPConn, error), bind netip.AddrPort) (*media, error) {
	conn, err := listen("udp", net.UDPAddrFromAddrPort(bind))
	if err != nil {
		return nil, err
	}
	if err := stampArrivals(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return &media{conn: conn, stop: make(chan struct{}), eventIn: -1, eventOut: -1, codec: PCMU}, nil
}

// start begins to read and write; it may be called once.
func (m *media) start() {
	m.wg.Go(m.read)
	m.wg.Go(m.write)
}

func (m *media) close() {
	m.end.Do(func() {
		close(m.stop)
		m.conn.Close()
	})
	m.wg.Wait()
}

func (m *media) local() netip.AddrPort {
	return m.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (m *media) configure(remote netip.AddrPort, codec Codec, eventIn, eventOut int, sending bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remote, m.codec, m.eventIn, m.eventOut = remote, codec, eventIn, eventOut
	m.sending = sending && remote.IsValid() && remote.Port() != 0 && !remote.Addr().IsUnspecified()
}

func (m *media) read() {
	buf, oob := make([]byte, 2048), make([]byte, 64)
	for {
		n, oobn, _, from, err := m.conn.ReadMsgUDPAddrPort(buf, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error of an earlier send
		}
		at, waited := arrival(oob[:oobn], time.Now())
		m.waited(&m.late.Read, waited)
		if r, ok := m.receive(buf[:n], from, at); ok && m.key != nil {
			m.key(r)
		}
	}
}

// waited takes down how late something is done here.
func (m *media) waited(most *time.Duration, d time.Duration) {
	m.mu.Lock()
	*most = max(*most, d)
	m.mu.Unlock()
}

// receive takes one datagram in and returns the key it tells of, if new.
func (m *media) receive(b []byte, from netip.AddrPort, at time.Time) (rune, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := &m.heard
	p, payload, ok := parseRTP(b)
	event := ok && int(p.payloadType) == m.eventIn
	if !ok || (!event && p.payloadType != PCMU.payloadType() && p.payloadType != PCMA.payloadType()) {
		h.stats.Malformed++
		return 0, false
	}
	if !m.from.IsValid() {
		m.from = from
	}
	if m.from != from {
		h.stats.Strangers++
		m.from = from
	}
	if !h.packet(p, at) {
		return 0, false
	}
	if !event {
		h.place(p, decode(payload, p.payloadType == PCMA.payloadType()), at)
		return 0, false
	}
	before := len(h.keys)
	h.key(p, payload)
	if len(h.keys) > before {
		return h.keys[before], true
	}
	return 0, false
}

// write sends one packet per 20 ms from a fixed start, so that a late wake-up
// does not move the following ones; after more than 100 ms it skips.
func (m *media) write() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	out := sender{ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), ts: rand.Uint32()}
	next := time.Now()
	for {
		select {
		case <-m.stop:
			m.abandon()
			return
		case <-timer.C:
		}
		now := time.Now()
		m.waited(&m.late.Send, now.Sub(next))
		if behind := now.Sub(next); behind > 5*frameTime {
			skip := behind / frameTime
			next = next.Add(skip * frameTime)
			out.ts += uint32(skip) * frame
		}
		for ; !next.After(now); next = next.Add(frameTime) {
			m.tick(&out)
		}
		timer.Reset(time.Until(next))
	}
}

// sender is the state of the outgoing stream, owned by the write goroutine.
type sender struct {
	ssrc    uint32
	seq     uint16
	ts      uint32
	talking bool
	buf     [rtpHeaderSize + frame]byte
}

func (m *media) tick(out *sender) {
	m.mu.Lock()
	remote, codec, eventType, sending := m.remote, m.codec, m.eventOut, m.sending
	queue := &m.play
	if len(m.keys) > 0 {
		queue = &m.keys
	}
	var item *sound
	if len(*queue) > 0 {
		item = (*queue)[0]
	}
	m.mu.Unlock()
	if !sending {
		out.ts += frame
		out.talking = false
		return
	}
	var packet []byte
	finished := false
	if item != nil && item.key != nil && eventType >= 0 {
		packet, finished = item.key.next(out, byte(eventType))
	} else {
		samples := make([]int16, frame)
		if item != nil {
			item.samples = item.samples[copy(samples, item.samples):]
			finished = len(item.samples) == 0
		}
		h := rtpHeader{marker: !out.talking, payloadType: codec.payloadType(), seq: out.seq, timestamp: out.ts, ssrc: out.ssrc}
		packet = h.append(out.buf[:0])[:rtpHeaderSize+frame]
		encode(packet[rtpHeaderSize:], samples, codec == PCMA)
	}
	out.talking = true
	out.seq++
	out.ts += frame
	if packet != nil {
		m.conn.WriteToUDPAddrPort(packet, remote)
	}
	m.mu.Lock()
	if item != nil {
		item.started = true
	}
	if finished {
		*queue = (*queue)[1:]
		close(item.done)
	}
	m.mu.Unlock()
}

// enqueue puts a sound at the end of one of the two queues and returns a channel closed
// when it has been sent or dropped.
func (m *media) enqueue(queue *[]*sound, s *sound) <-chan struct{} {
	s.done = make(chan struct{})
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.stop:
		close(s.done)
		return s.done
	default:
	}
	*queue = append(*queue, s)
	return s.done
}

// abandon drops everything not yet sent.
func (m *media) abandon() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range append(m.keys, m.play...) {
		close(s.done)
	}
	m.keys, m.play = nil, nil
}
