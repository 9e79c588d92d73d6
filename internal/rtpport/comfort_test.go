package rtpport_test

import (
	"testing"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// TestComfortNoise has a port that has nothing to say send noise packets at a low rate,
// and mark the sound that follows.
func TestComfortNoise(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, EventPT: eventPT, Comfort: true})
	if err != nil {
		t.Fatal(err)
	}
	first := p.read()
	second := p.read()
	for _, pk := range []packet{first, second} {
		if pk.pt != 13 || len(pk.payload) != 1 || pk.payload[0] != 75 || pk.marker {
			t.Fatalf("%+v is no comfort noise", pk)
		}
	}
	if d := second.ts - first.ts; second.seq != first.seq+1 || d < 25*160 || (d-25*160)%160 != 0 {
		t.Errorf("packet %d at %d follows %d at %d", second.seq, second.ts, first.seq, first.ts)
	}
	port.Play(pattern(5), false)
	pk := p.read()
	for pk.pt == 13 {
		pk = p.read()
	}
	if !pk.marker || pk.pt != 0 || int32(pk.ts-second.ts) <= 0 {
		t.Errorf("the sound begins with %d at %d, marker %v", pk.pt, pk.ts, pk.marker)
	}
	for pk.pt == 0 {
		pk = p.read()
	}
	if pk.pt != 13 {
		t.Errorf("after the sound comes payload type %d", pk.pt)
	}
	if n := port.AllocsPerTurn(p.addr(), func() []byte {
		p.seq, p.ts = p.seq+1, p.ts+160
		return rtpOf(media.PCMU, p.seq, p.ts, p.ssrc, make([]byte, 160))
	}); n != 0 {
		t.Errorf("a turn allocates %.1f times", n)
	}
}

// TestComfortNoisePasses bridges two who agreed on it: one's noise reaches the other
// as noise, and its sound is marked.
func TestComfortNoisePasses(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := openPort(t, pool), openPort(t, pool)
	pa, pb := newPeer(t, a), newPeer(t, b)
	for _, x := range []struct {
		port *rtpport.Port
		peer *peer
	}{{a, pa}, {b, pb}} {
		err := x.port.Start(rtpport.Params{Remote: x.peer.addr(), Codec: media.PCMU, EventPT: eventPT, Comfort: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := rtpport.Bridge(a, b); err != nil {
		t.Fatal(err)
	}
	loud := pattern(1).Bytes(media.PCMU)
	for range 5 {
		pa.audio(media.PCMU, loud)
	}
	pa.raw(13, false, pa.seq, pa.ts, []byte{52})
	pa.seq++
	until(t, "noise of that level", func() {}, func() bool {
		pk := pb.read()
		return pk.pt == 13 && pk.payload[0] == 52
	})
	pa.ts += 8000
	until(t, "marked sound", func() { pa.audio(media.PCMU, loud); pa.readFor(patience / 1000) }, func() bool {
		pk := pb.read()
		return pk.pt == 0 && pk.marker
	})
}
