package rtpport_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// taken reads what a capture holds.
func taken(c *rtpport.Capture) (all []rtpport.Captured) {
	c.Read(func(p rtpport.Captured) {
		p.Octets = bytes.Clone(p.Octets)
		all = append(all, p)
	})
	return all
}

// captured opens a port whose packets are captured, with its peer.
func captured(t *testing.T, pool *rtpport.Pool, event uint8, hush *rtpport.Hush) (*rtpport.Port, *peer, *rtpport.Capture) {
	t.Helper()
	port := openPort(t, pool)
	p := newPeer(t, port)
	c := rtpport.NewCapture(hush)
	port.Capture(c)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, EventPT: event, Quiet: true}); err != nil {
		t.Fatal(err)
	}
	return port, p, c
}

func TestCaptureHoldsWhatIsOnTheWire(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, p, c := captured(t, pool, eventPT, new(rtpport.Hush))
	play := port.Play(pattern(10), false)
	var heard []packet
	for range 10 {
		heard = append(heard, p.read())
	}
	<-play.Done()
	sound := rtpOf(media.PCMU, 7, 160, 9, pattern(1).Bytes(media.PCMU))
	port.Inject(p.addr(), sound, false)
	port.Inject(netip.MustParseAddrPort("127.0.0.9:9"), sound, false) // a stranger
	port.Inject(p.addr(), []byte{0x80, 0}, false)                     // nothing
	report := []byte{0x80, 201, 0, 1, 0, 0, 0, 9, 0x80, 203, 0, 0}
	port.Inject(p.addr(), report, false) // on the port of RTP (RFC 5761)
	port.Uncapture(c)
	port.Inject(p.addr(), rtpOf(media.PCMU, 8, 320, 9, nil), false)

	all := taken(c)
	if len(all) != 12 {
		t.Fatalf("%d packets were captured", len(all))
	}
	for i, k := range all[:10] {
		want := rtpOf(media.PCMU, heard[i].seq, heard[i].ts, heard[i].ssrc, heard[i].payload)
		if heard[i].marker {
			want[1] |= 0x80
		}
		if k.In || k.Control || k.Hidden != 0 || k.Peer != p.addr() || int(k.Local) != port.LocalPort() || !bytes.Equal(k.Octets, want) {
			t.Errorf("packet %d was sent as %x and captured as %+v", i, want, k)
		}
		if d := heard[i].arrivedAt.Sub(k.At); d < -time.Second || d > time.Second {
			t.Errorf("packet %d has the time %v", i, k.At)
		}
	}
	if k := all[10]; !k.In || k.Control || k.Peer != p.addr() || int(k.Local) != port.LocalPort() || !bytes.Equal(k.Octets, sound) {
		t.Errorf("what was received is captured as %+v", k)
	}
	if k := all[11]; !k.In || !k.Control || !bytes.Equal(k.Octets, report) {
		t.Errorf("the report is captured as %+v", k)
	}
	if c.Lost() != 0 {
		t.Errorf("%d packets are counted as lost", c.Lost())
	}
}

func TestCaptureHoldsReports(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, p, c := captured(t, pool, eventPT, new(rtpport.Hush))
	play := port.Play(pattern(3), false)
	p.read()
	<-play.Done()
	port.Close() // which says goodbye
	all := taken(c)
	last := all[len(all)-1]
	if !last.Control || last.In || last.Peer.Port() != p.addr().Port()+1 || int(last.Local) != port.LocalPort()+1 || last.Octets[1] != 200 {
		t.Errorf("the last of %d packets is %+v, and no sender report", len(all), last)
	}
}

// TestCaptureOfASecureStream has the packets of SRTP stay sealed.
func TestCaptureOfASecureStream(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for profile := range secureProfiles {
		port := openPort(t, pool)
		k := newKeys(profile)
		p := newSecurePeer(t, port, k)
		c := rtpport.NewCapture(new(rtpport.Hush))
		port.Capture(c)
		startSecure(t, port, p, k)
		sealed := p.seal(0, 1, 160, 9, make([]byte, 160))
		forged := bytes.Clone(sealed)
		forged[20] ^= 1
		port.Inject(p.addr(), forged, false)
		port.Inject(p.addr(), sealed, false)
		port.Uncapture(c)
		var in int
		for _, k := range taken(c) {
			if k.In {
				if in++; !bytes.Equal(k.Octets, sealed) {
					t.Errorf("%s: captured is %x, received was %x", profile, k.Octets, sealed)
				}
			} else if len(k.Octets) <= 172 {
				t.Errorf("%s: a packet of %d octets was captured, which is not sealed", profile, len(k.Octets))
			}
		}
		if in != 1 {
			t.Errorf("%s: %d packets of the peer were captured, not the one that is authentic", profile, in)
		}
	}
}

// keyOf is a packet of a key.
func keyOf(seq uint16, ts uint32, key byte) []byte {
	b := rtpOf(media.PCMU, seq, ts, 9, event(key, false, 160))
	b[1] = eventPT
	return b
}

// TestCaptureHides goes through what a hush leaves of keys and sound.
func TestCaptureHides(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	frame := pattern(1).Bytes(media.PCMU)
	for name, c := range map[string]struct {
		event            uint8
		keys, sound      bool
		wantKey, wantAud int // octets captured
	}{
		"nothing":                   {eventPT, false, false, 16, 172},
		"keys":                      {eventPT, true, false, 12, 172},
		"keys, which are in sound":  {0, true, false, 12, 12},
		"sound and keys":            {eventPT, true, true, 12, 12},
		"sound, which implies keys": {eventPT, false, true, 12, 12},
	} {
		hush := new(rtpport.Hush)
		port, p, capture := captured(t, pool, c.event, hush)
		hush.Hide(c.keys, c.sound)
		port.Inject(p.addr(), rtpOf(media.PCMU, 1, 160, 9, frame), false)
		port.Inject(p.addr(), keyOf(2, 320, '5'), false)
		port.Uncapture(capture)
		all := taken(capture)
		if len(all) != 2 {
			t.Fatalf("%s: %d packets", name, len(all))
		}
		if n := len(all[0].Octets); n != c.wantAud || n+all[0].Hidden != 172 {
			t.Errorf("%s: of sound %d octets are captured and %d hidden", name, n, all[0].Hidden)
		}
		if n := len(all[1].Octets); n != c.wantKey || n+all[1].Hidden != 16 {
			t.Errorf("%s: of a key %d octets are captured and %d hidden", name, n, all[1].Hidden)
		}
		port.Close()
	}
}

// TestCaptureHidesKeysBesideOpus has keys on the clock of Opus hidden as others are, and
// its sound shown.
func TestCaptureHidesKeysBesideOpus(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p, hush := newPeer(t, port), new(rtpport.Hush)
	c := rtpport.NewCapture(hush)
	port.Capture(c)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, Quiet: true, Opus: rtpport.Opus{PT: opusPT, EventPT: opusEventPT}}); err != nil {
		t.Fatal(err)
	}
	hush.Hide(true, false)
	key := keyOf(2, 320, '5')
	key[1] = opusEventPT
	port.Inject(p.addr(), rtpAs(opusPT, 1, 960, opusPackets(t, "silk-narrow")[0]), false)
	port.Inject(p.addr(), key, false)
	port.Uncapture(c)
	all := taken(c)
	if len(all) != 2 || all[0].Hidden != 0 || len(all[1].Octets) != 12 || all[1].Hidden != 4 {
		t.Errorf("captured %+v", all)
	}
}

// TestCaptureHidesAHeldKey has a key stay hidden until it is released, however long
// after its gather that is, and the next be seen.
func TestCaptureHidesAHeldKey(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	hush := new(rtpport.Hush)
	port, p, c := captured(t, pool, eventPT, hush)
	hush.Hide(true, true)
	hush.Hide(true, true) // again changes nothing
	seq := uint16(0)
	press := func(ts uint32) int {
		seq++
		port.Inject(p.addr(), keyOf(seq, ts, '5'), false)
		k := taken(c)
		return len(k[len(k)-1].Octets)
	}
	press(160)
	hush.Hide(false, false)
	held := time.Now()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for time.Since(held) < 1500*time.Millisecond {
		<-every.C
		if n := press(160); n != 12 {
			t.Fatalf("%d octets of a held key are captured, %v after its gather", n, time.Since(held))
		}
		seq++
		port.Inject(p.addr(), rtpOf(media.PCMU, seq, 160, 9, make([]byte, 160)), false)
		if k := taken(c); len(k[0].Octets) != 12 {
			t.Fatalf("the sound beside a held key is captured, %v after its gather", time.Since(held))
		}
	}
	rest := time.NewTimer(400 * time.Millisecond)
	<-rest.C
	if n := press(9000); n != 16 || hush.HidesKeys() {
		t.Errorf("of a key that is no secret %d octets are captured", n)
	}
}

// TestCaptureIsBounded fills the ring, which nobody reads.
func TestCaptureIsBounded(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, p, c := captured(t, pool, eventPT, new(rtpport.Hush))
	frame := pattern(1).Bytes(media.PCMU)
	got := 0
	for round := range 3 {
		var packets [][]byte
		for i := range 1000 {
			packets = append(packets, rtpOf(media.PCMU, uint16(1000*round+i), uint32(160*i), 9, frame))
		}
		port.InjectAll(p.addr(), packets)
		all := taken(c)
		if got += len(all); len(all) < 500 || len(all) == 1000 || got+int(c.Lost()) != 1000*(round+1) {
			t.Errorf("round %d: %d packets are captured, and %d of all lost", round, len(all), c.Lost())
		}
		for i, k := range all {
			if !bytes.Equal(k.Octets, packets[i]) {
				t.Fatalf("round %d: packet %d is captured as %x", round, i, k.Octets)
			}
		}
	}
}

func TestCapturingAllocatesNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for name, hide := range map[string]bool{"all": false, "headers": true} {
		hush := new(rtpport.Hush)
		hush.Hide(hide, hide)
		port, p, c := captured(t, pool, eventPT, hush)
		port.Play(pattern(500), true)
		p.read()
		if n := port.AllocsPerTurn(p.addr(), func() []byte {
			p.seq++
			p.ts += 160
			return rtpOf(media.PCMU, p.seq, p.ts, p.ssrc, make([]byte, 160))
		}); n != 0 {
			t.Errorf("%s: a turn allocates %.1f times", name, n)
		}
		if all := taken(c); len(all) < 200 {
			t.Errorf("%s: %d packets of 100 turns were captured", name, len(all))
		}
		port.Close()
	}
}
