package jitter_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

// road is what a network does to packets.
type road struct {
	jitter     int // samples by which they are late, at most
	reorder    int // of a hundred, that are overtaken by the next
	dup        int // of a hundred, that come twice
	burst      int // packets lost at once, twice a second or so
	loss       int // of a hundred, lost one by one
	mayBeLate  int // packets of 1500 that may miss their turn while the delay grows
	mostBehind int // samples, in the last six seconds
}

// TestRoads sends numbered samples over roads of all kinds: none is given out twice or
// out of order, none is missing but what was lost and at first a few, and time is kept.
func TestRoads(t *testing.T) {
	for name, r := range map[string]road{
		"even":            {mostBehind: 400},
		"jitter of 5 ms":  {jitter: 40, mostBehind: 480},
		"jitter of 20 ms": {jitter: 160, mostBehind: 640},
		"jitter of 40 ms": {jitter: 320, mostBehind: 800},
		"jitter of 80 ms": {jitter: 640, mostBehind: 1200},
		"reorder":         {reorder: 5, mayBeLate: 2, mostBehind: 720},
		"doubled":         {dup: 2, mostBehind: 400},
		"all of it":       {jitter: 400, reorder: 5, dup: 2, loss: 5, mayBeLate: 4, mostBehind: 1400},
		"loss":            {loss: 20, mostBehind: 400},
		"bursts of 60":    {burst: 3, mostBehind: 400},
		"bursts of 400":   {burst: 20, mostBehind: 400},
		"bursts, jitter":  {burst: 10, jitter: 300, mostBehind: 1000},
	} {
		t.Run(name, func(t *testing.T) { r.travel(t) })
	}
}

func (r road) travel(t *testing.T) {
	const packets = 1500
	rng := rand.New(rand.NewPCG(7, 7))
	b := jitter.New(media.PCMU, 160, 2400)
	lost := make([]bool, packets)
	arrive := make([][]int, packets*160+8000) // at a sample, of which packets
	left, before := 0, 0
	for n := range packets {
		at := n*160 + rng.IntN(r.jitter+1)
		if r.reorder == 0 {
			at = max(at, before) // as in a queue
		} else if rng.IntN(100) < r.reorder {
			at += 200
		}
		before = at
		if left == 0 && r.burst > 0 && rng.IntN(25) == 0 && n > 50 {
			left = r.burst
		}
		if left > 0 || rng.IntN(100) < r.loss {
			lost[n], left = true, max(left-1, 0)
			continue
		}
		arrive[at] = append(arrive[at], n)
		if rng.IntN(100) < r.dup {
			arrive[at+100] = append(arrive[at+100], n)
		}
	}
	heard := make([]int, packets*160/4) // how often each four octets were given out
	last, behind := -1, 0
	for turn := range packets + 40 {
		now := turn * 160
		for at := max(now-159, 0); at <= now; at++ {
			for _, n := range arrive[at] {
				sound := make([]byte, 160)
				for i := range 40 {
					binary.BigEndian.PutUint32(sound[4*i:], uint32(n*40+i+1))
				}
				b.PutAged(uint32(n*160), sound, now-at)
			}
		}
		out := make([]byte, 160+b.Step())
		g := b.Take(out)
		for i := 0; i < len(out); i += 4 {
			if kind, _ := g.Run(i, len(out)); kind != jitter.Heard {
				continue
			}
			four := int(binary.BigEndian.Uint32(out[i:])) - 1
			if four < 0 || four >= len(heard) || four <= last {
				t.Fatalf("turn %d: %d after %d", turn, four, last)
			}
			heard[four]++
			last = four
			if turn > packets-300 && turn < packets {
				behind = max(behind, now-four*4)
			}
		}
	}
	missing := 0
	for n := range packets {
		for i := n * 40; i < n*40+40; i++ {
			if !lost[n] && heard[i] == 0 {
				missing++
			}
		}
	}
	t.Logf("%d packets missed their turn, %d samples behind at most in the last six seconds", missing/40, behind)
	if missing > r.mayBeLate*40 {
		t.Errorf("of what came %d samples were not given out", missing*4)
	}
	if behind > r.mostBehind || b.Resyncs > 0 {
		t.Errorf("%d samples behind, %d resyncs", behind, b.Resyncs)
	}
}
