package rtpport_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

const patience = 20 * time.Second

// peer is a plain telephone: one UDP socket, packets by hand.
type peer struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
	ssrc uint32
	seq  uint16
	ts   uint32
}

type packet struct {
	pt        uint8
	marker    bool
	seq       uint16
	ts, ssrc  uint32
	payload   []byte
	from      netip.AddrPort
	arrivedAt time.Time
}

func newPeer(t *testing.T, port *rtpport.Port) *peer {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{
		t: t, conn: conn, ssrc: 0x11223344, seq: 65530, ts: 4294960000,
		to: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port.LocalPort())),
	}
}

func (p *peer) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *peer) raw(pt uint8, marker bool, seq uint16, ts uint32, payload []byte) {
	p.t.Helper()
	b := []byte{0x80, pt}
	if marker {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, p.ssrc)
	if _, err := p.conn.WriteToUDPAddrPort(append(b, payload...), p.to); err != nil {
		p.t.Fatal(err)
	}
}

// audio sends the next packet of sound.
func (p *peer) audio(codec media.Codec, payload []byte) {
	p.t.Helper()
	p.raw(codec.PayloadType(), false, p.seq, p.ts, payload)
	p.seq++
	p.ts += uint32(len(payload))
}

// read is the next packet; the test fails when none comes.
func (p *peer) read() packet {
	p.t.Helper()
	pk, ok := p.readFor(patience)
	if !ok {
		p.t.Fatal("no packet")
	}
	return pk
}

func (p *peer) readFor(d time.Duration) (packet, bool) {
	p.t.Helper()
	b := make([]byte, 2048)
	if err := p.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		p.t.Fatal(err)
	}
	n, from, err := p.conn.ReadFromUDPAddrPort(b)
	if err != nil {
		return packet{}, false
	}
	if n < 12 {
		p.t.Fatalf("packet of %d octets", n)
	}
	return packet{
		pt: b[1] & 0x7F, marker: b[1]&0x80 != 0, seq: binary.BigEndian.Uint16(b[2:]),
		ts: binary.BigEndian.Uint32(b[4:]), ssrc: binary.BigEndian.Uint32(b[8:]),
		payload: b[12:n], from: from, arrivedAt: time.Now(),
	}, true
}

func startPool(t *testing.T, conf rtpport.Config) *rtpport.Pool {
	t.Helper()
	opt := goleak.IgnoreCurrent()
	conf.Bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	conf.PortLow, conf.PortHigh = 20000, 60000
	pool, err := rtpport.Start(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pool.Close()
		goleak.VerifyNone(t, opt)
	})
	return pool
}

func openPort(t *testing.T, pool *rtpport.Pool) *rtpport.Port {
	t.Helper()
	port, err := pool.Open()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func start(t *testing.T, port *rtpport.Port, p *peer, codec media.Codec, eventPT uint8) {
	t.Helper()
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: codec, EventPT: eventPT}); err != nil {
		t.Fatal(err)
	}
}

// pattern is a clip whose every frame is different and never silence.
func pattern(frames int) *media.Clip {
	pcm := make([]int16, frames*media.FrameSamples)
	for i := range pcm {
		pcm[i] = int16(1000 + (i*37)%20000)
	}
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: pcm})
}

func waitDigit(t *testing.T, port *rtpport.Port) rtpport.Digit {
	t.Helper()
	select {
	case d, ok := <-port.Digits():
		if !ok {
			t.Fatal("digits closed")
		}
		return d
	case <-time.After(patience):
		t.Fatal("no digit")
	}
	panic("unreachable")
}

// rtpOf is a packet of sound.
func rtpOf(codec media.Codec, seq uint16, ts, ssrc uint32, payload []byte) []byte {
	b := []byte{0x80, codec.PayloadType()}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	return append(binary.BigEndian.AppendUint32(b, ssrc), payload...)
}
