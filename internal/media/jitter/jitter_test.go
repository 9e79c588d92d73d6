package jitter_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

const silence = 0xFF

// frame is the sound of packet n: never silence, no two alike nearby.
func frame(n int) []byte {
	b := make([]byte, 160)
	for i := range b {
		b[i] = byte((n*7 + i) % 251)
	}
	return b
}

func take(b *jitter.Buffer) []byte {
	out := make([]byte, 160)
	b.Take(out)
	return out
}

func TestInOrder(t *testing.T) {
	const start = uint32(4294967200) // wraps at once
	b := jitter.New(media.PCMU, 320, 1600)
	for n := range 100 {
		b.Put(start+uint32(n*160), frame(n))
		got := take(b)
		want := bytes.Repeat([]byte{silence}, 160)
		if n >= 2 {
			want = frame(n - 2)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("turn %d", n)
		}
	}
	if b.Late != 0 || b.Resyncs != 0 || b.Held() != 320 {
		t.Errorf("late %d, resyncs %d, held %d", b.Late, b.Resyncs, b.Held())
	}
}

// Any packet length, loss, and reordering and doubling within the delay: every
// octet that was put comes out in its place, all else is silence.
func TestAnyShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const delay = 640
		base := rapid.Uint32().Draw(t, "timestamp")
		b := jitter.New(media.PCMU, delay, 1600)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		total := 160 * 60
		want := bytes.Repeat([]byte{silence}, total)
		var got []byte
		type pkt struct{ at, n, due int }
		var pkts []pkt
		for at := 0; at < total; {
			n := min([]int{80, 160, 240, 320, 480}[rng.IntN(5)], total-at)
			due := (at+n-1)/160 + rng.IntN(2)
			if at == 0 {
				due = 0
			}
			if at == 0 || rng.IntN(10) > 0 {
				pkts = append(pkts, pkt{at, n, due})
				for i := range n {
					want[at+i] = byte((at + i) % 251)
				}
			}
			if rng.IntN(10) == 0 && at > 0 {
				pkts = append(pkts, pkts[len(pkts)-1])
			}
			at += n
		}
		for turn := range 60 + delay/160 {
			for _, p := range pkts {
				if p.due == turn {
					data := make([]byte, p.n)
					for i := range data {
						data[i] = byte((p.at + i) % 251)
					}
					b.Put(base+uint32(p.at), data)
				}
			}
			got = append(got, take(b)...)
		}
		if got := got[delay:]; !bytes.Equal(got, want) {
			t.Fatalf("late %d, resyncs %d", b.Late, b.Resyncs)
		}
	})
}

func TestLatePacketsLengthenTheDelay(t *testing.T) {
	b := jitter.New(media.PCMU, 160, 1600)
	late := 0
	for n := range 600 {
		// Every packet from the fiftieth to the hundredth is three turns late.
		if n < 50 || n >= 103 {
			b.Put(uint32(n*160), frame(n))
		} else if n >= 53 {
			b.Put(uint32((n-3)*160), frame(n-3))
			if n == 102 {
				b.Put(uint32(100*160), frame(100))
				b.Put(uint32(101*160), frame(101))
				b.Put(uint32(102*160), frame(102))
			}
		}
		if take(b)[0] == silence {
			late++
		}
	}
	if late < 3 || late > 5 {
		t.Errorf("%d frames of silence", late)
	}
	if b.Resyncs != 0 {
		t.Errorf("%d resyncs", b.Resyncs)
	}
}

func TestClockDrift(t *testing.T) {
	for _, skew := range []int{-300, 300} { // parts per million
		b := jitter.New(media.PCMU, 480, 1600)
		sent := 0
		for turn := range 180000 { // an hour
			clock := float64(turn) * (1 + float64(skew)/1e6)
			for float64(sent) <= clock {
				b.Put(uint32(sent*160), frame(sent))
				sent++
			}
			b.Slip()
			take(b)
			if held := b.Held(); turn > 10 && (held < -160 || held > 480+5*160) {
				t.Fatalf("skew %d: %d samples held after %d turns", skew, held, turn)
			}
		}
		if b.Resyncs > 0 {
			t.Errorf("skew %d: %d resyncs", skew, b.Resyncs)
		}
	}
}

func TestJumpsAndPauses(t *testing.T) {
	b := jitter.New(media.PCMA, 160, 1600)
	heard := func(from, to int, offset uint32) (n int) {
		for i := from; i < to; i++ {
			b.Put(uint32(i*160)+offset, frame(i))
			if out := take(b); out[0] != media.PCMA.Silence() {
				n++
			}
		}
		return n
	}
	if n := heard(0, 50, 0); n < 48 {
		t.Errorf("%d of 50 frames", n)
	}
	for range 500 {
		take(b) // nobody speaks for ten seconds
	}
	if n := heard(50, 100, 0); n < 48 {
		t.Errorf("%d of 50 frames after a pause without timestamps going on", n)
	}
	if n := heard(100, 150, 1<<30); n < 48 {
		t.Errorf("%d of 50 frames after a jump", n)
	}
	b.Put(0, make([]byte, 5000))
	b.Reset(media.PCMU)
	if out := take(b); out[0] != silence || b.Held() != 0 {
		t.Error("something is left after Reset")
	}
	if n := testing.AllocsPerRun(100, func() { b.Put(0, out[:]); b.Take(out[:]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

var out [160]byte

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 160, 1, 0, 0, 0, 80})
	f.Fuzz(func(t *testing.T, b []byte) {
		j := jitter.New(media.PCMU, 320, 1600)
		for len(b) >= 5 {
			ts := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
			j.Put(ts, make([]byte, int(b[4])*8))
			take(j)
			b = b[5:]
		}
	})
}
