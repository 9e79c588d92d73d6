package rtpport_test

import (
	"bytes"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// packetTimes are what a peer may ask for, and the octets of the packets it gets.
var packetTimes = map[time.Duration]int{
	0: 160, 10: 80, 20: 160, 25: 160, 30: 240, 40: 320, 50: 400, 60: 480, 200: 480, 1: 80,
}

func startPacked(t *testing.T, port *rtpport.Port, p *peer, ms time.Duration) {
	t.Helper()
	err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, EventPT: eventPT, Ptime: ms * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPacketTimes has each packet time sent: packets of its length, one after the
// other without a gap in timestamp, number or sound.
func TestPacketTimes(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	clip := pattern(60)
	for ms, octets := range packetTimes {
		port := openPort(t, pool)
		p := newPeer(t, port)
		b := port.Play(clip, false)
		startPacked(t, port, p, ms)
		var sound []byte
		var last packet
		gap := uint32(0)
		for len(sound) < 9600 {
			pk := p.read()
			if last.payload != nil {
				gap += pk.ts - last.ts - uint32(len(last.payload))
				if pk.seq != last.seq+1 {
					t.Fatalf("%d ms: packet %d follows %d", ms, pk.seq, last.seq)
				}
			}
			if len(pk.payload) != octets && len(sound)+len(pk.payload) < 9600 && gap == 0 && port.Stats().SendSkipped == 0 {
				t.Fatalf("%d ms: a packet of %d octets", ms, len(pk.payload))
			}
			if pk.marker != (last.payload == nil) {
				t.Errorf("%d ms: marker is %v", ms, pk.marker)
			}
			last, sound = pk, append(sound, pk.payload...)
		}
		if !bytes.Equal(sound[:9600], clip.Bytes(media.PCMU)) {
			t.Errorf("%d ms: other sound than was played", ms)
		}
		<-b.Done()
		// A machine that is busy leaves turns out, whose time passes.
		if st := port.Close(); gap > uint32(st.SendSkipped)*160 {
			t.Errorf("%d ms: gaps of %d with %d turns left out", ms, gap, st.SendSkipped)
		}
	}
}

// TestKeysBetweenPackets presses keys while packets are half full: what is held goes
// out first, and no sound is sent twice.
func TestKeysBetweenPackets(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for ms, octets := range packetTimes {
		port := openPort(t, pool)
		p := newPeer(t, port)
		port.Play(pattern(200), true)
		startPacked(t, port, p, ms)
		p.read()
		sending, err := port.SendDigits("12")
		if err != nil {
			t.Fatal(err)
		}
		done, after, ends := false, 0, 0
		next, first := uint16(0), true
		end := uint32(0) // of the sound so far
		for after < 10 {
			pk := p.read()
			if !first && pk.seq != next {
				t.Fatalf("%d ms: packet %d where %d was next", ms, pk.seq, next)
			}
			next, first = pk.seq+1, false
			select {
			case <-sending.Done():
				done = true
			default:
			}
			if done {
				after++
			}
			if pk.pt == eventPT {
				if pk.payload[1]&0x80 != 0 {
					ends++
				}
				continue
			}
			if len(pk.payload) > octets || end != 0 && int32(pk.ts-end) < 0 {
				t.Fatalf("%d ms: %d octets at %d, after %d", ms, len(pk.payload), pk.ts, end)
			}
			end = pk.ts + uint32(len(pk.payload))
		}
		if ends != 6 {
			t.Errorf("%d ms: %d ends of two keys", ms, ends)
		}
		port.Close()
	}
}

// TestChangedPacketTime changes the packet time within the stream.
func TestChangedPacketTime(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	clip := pattern(300)
	port.Play(clip, false)
	var sound []byte
	for _, ms := range []time.Duration{30, 10, 60, 20, 50} {
		startPacked(t, port, p, ms)
		for range 8 {
			sound = append(sound, p.read().payload...)
		}
	}
	if !bytes.HasPrefix(clip.Bytes(media.PCMU), sound) {
		t.Error("other sound than was played")
	}
}

// TestPackingAllocatesNothing counts turns of each packet time.
func TestPackingAllocatesNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for ms := range packetTimes {
		port := openPort(t, pool)
		p := newPeer(t, port)
		port.Play(pattern(50), true)
		startPacked(t, port, p, ms)
		n := port.AllocsPerTurn(p.addr(), func() []byte {
			p.seq, p.ts = p.seq+1, p.ts+160
			return rtpOf(media.PCMU, p.seq, p.ts, p.ssrc, make([]byte, 160))
		})
		if n != 0 {
			t.Errorf("%d ms: a turn allocates %.1f times", ms, n)
		}
		port.Close()
	}
}

// TestUnlikePacketTimes bridges ports whose peers send packets of any length, which
// change in mid-call, and are sent unlike ones: all sound passes, in order.
func TestUnlikePacketTimes(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := openPort(t, pool), openPort(t, pool)
	pa, pb := newPeer(t, a), newPeer(t, b)
	startPacked(t, a, pa, 10)
	startPacked(t, b, pb, 60)
	if err := rtpport.Bridge(a, b); err != nil {
		t.Fatal(err)
	}
	clip := pattern(400).Bytes(media.PCMU)
	var heard []byte
	for at := 0; at < 30000; {
		// The peer of a says so much as it is sent, in packets of 10 to 60 ms.
		n := 80 * (1 + at/2400%6)
		pa.audio(media.PCMU, clip[at:at+n])
		at += n
		for got := 0; got < n; {
			got += len(pa.read().payload)
		}
		for {
			pk, ok := pb.readFor(time.Millisecond)
			if !ok {
				break
			}
			heard = append(heard, pk.payload...)
		}
	}
	found := 0
	for at := 0; at+480 <= 24000; at += 480 {
		if bytes.Contains(heard, clip[at:at+480]) {
			found++
		}
	}
	if found < 40 {
		t.Errorf("%d of 50 pieces of 60 ms are heard whole, in %d octets", found, len(heard))
	}
}
