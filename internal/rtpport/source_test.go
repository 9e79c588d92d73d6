package rtpport_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func local(p *rtpport.Port) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(p.LocalPort()))
}

// until sends step after step until cond holds.
func until(t *testing.T, what string, step func(), cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		step()
	}
}

func TestStrangersAreIgnored(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	good, bad := newPeer(t, port), newPeer(t, port)
	bad.ssrc = good.ssrc
	// The stranger begins before the start and goes on after it.
	for range 5 {
		bad.audio(media.PCMU, make([]byte, 160))
	}
	start(t, port, good, media.PCMU, eventPT)
	good.audio(media.PCMU, make([]byte, 160))
	until(t, "first packet counted", func() { good.read() }, func() bool { return port.Stats().ReceivedPackets > 0 })
	for i := range 20 {
		bad.seq, bad.ts = good.seq, good.ts // copies stream and sequence
		bad.press("0123456789"[i%10], func(int) bool { return true })
		good.audio(media.PCMU, make([]byte, 160))
		good.read()
	}
	if _, ok := bad.readFor(50 * time.Millisecond); ok {
		t.Error("the stranger was sent sound")
	}
	if st := port.Close(); st.Digits != 0 || st.Moves != 1 {
		t.Errorf("%d digits of the stranger, %d moves", st.Digits, st.Moves)
	}
}

func TestLearnsFromNAT(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	// SDP names an address where nobody is.
	err := port.Start(rtpport.Params{
		Remote: netip.MustParseAddrPort("127.0.0.9:9"), Host: netip.MustParseAddr("127.0.0.1"), Codec: media.PCMU,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.audio(media.PCMU, make([]byte, 160))
	p.audio(media.PCMU, make([]byte, 160))
	if _, ok := p.readFor(100 * time.Millisecond); ok {
		t.Fatal("two packets were enough")
	}
	until(t, "sound after three packets", func() { p.audio(media.PCMU, make([]byte, 160)) }, func() bool {
		_, ok := p.readFor(20 * time.Millisecond)
		return ok
	})
	if st := port.Close(); st.Moves != 1 {
		t.Errorf("%d moves", st.Moves)
	}
}

func TestReboundPort(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	for range 5 {
		p.audio(media.PCMU, make([]byte, 160))
		p.read()
	}
	moved := newPeer(t, port)
	moved.ssrc, moved.seq, moved.ts = p.ssrc, p.seq, p.ts
	until(t, "sound at the new port", func() { moved.audio(media.PCMU, make([]byte, 160)) }, func() bool {
		_, ok := moved.readFor(20 * time.Millisecond)
		return ok
	})
	if st := port.Close(); st.Moves != 2 {
		t.Errorf("%d moves", st.Moves)
	}
}

func TestNewAddressByOffer(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	a, b := newPeer(t, port), newPeer(t, port)
	start(t, port, a, media.PCMU, eventPT)
	a.audio(media.PCMU, make([]byte, 160))
	a.read()
	start(t, port, b, media.PCMA, eventPT)
	if pk := b.read(); pk.pt != 8 {
		t.Errorf("payload type %d after the change", pk.pt)
	}
	if err := port.Start(rtpport.Params{Remote: b.addr(), Codec: media.PCMA, Direction: rtpport.RecvOnly}); err != nil {
		t.Fatal(err)
	}
	until(t, "silence on hold", func() {}, func() bool {
		_, ok := b.readFor(100 * time.Millisecond)
		return !ok
	})
}

func TestRefusedParams(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	for _, p := range []rtpport.Params{
		{Remote: netip.MustParseAddrPort("224.0.0.5:4000")},
		{Remote: netip.MustParseAddrPort("255.255.255.255:4000")},
		{Remote: netip.MustParseAddrPort("[ff02::1]:4000")},
		{Remote: netip.MustParseAddrPort("10.0.0.1:0")},
		{Remote: netip.MustParseAddrPort("10.0.0.1:4000"), Codec: 3},
		{Remote: netip.MustParseAddrPort("10.0.0.1:4000"), EventPT: 8},
	} {
		if err := port.Start(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}

func TestHostilePackets(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.audio(media.PCMU, make([]byte, 160))
	p.read()
	send := func(b []byte) {
		if _, err := p.conn.WriteToUDPAddrPort(b, p.to); err != nil {
			t.Fatal(err)
		}
	}
	full := append([]byte{0xBF, 0x80, 0, 1, 0, 0, 0, 1, 0x11, 0x22, 0x33, 0x44}, bytes.Repeat([]byte{0xFF}, 200)...)
	for n := range len(full) {
		send(full[:n])
		if n%4 == 0 {
			p.read()
		}
	}
	sr := append([]byte{0x9F, 200, 0xFF, 0xFF}, bytes.Repeat([]byte{0xFF}, 100)...)
	for n := range len(sr) {
		send(sr[:n])
		if n%4 == 0 {
			p.read()
		}
	}
	p.audio(media.PCMU, make([]byte, 1400))
	p.press('7', func(int) bool { return true })
	if d := waitDigit(t, port); d.Key != '7' {
		t.Errorf("got %q", d.Key)
	}
	if st := port.Close(); st.ReceivedInvalid == 0 {
		t.Error("nothing was found invalid")
	}
}

func TestSilenceOfThePeer(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	if port.SilentFor() != 0 || !port.LastReceived().IsZero() {
		t.Error("silence before the start")
	}
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.read()
	p.read()
	if port.SilentFor() == 0 {
		t.Error("no silence while the peer is silent")
	}
	p.audio(media.PCMU, make([]byte, 160))
	until(t, "packet seen", func() { p.read() }, func() bool { return !port.LastReceived().IsZero() })
}
