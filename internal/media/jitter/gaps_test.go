package jitter_test

import (
	"testing"

	"pgregory.net/rapid"

	"tandem/internal/media"
	"tandem/internal/media/jitter"
)

// kinds is what there is of each octet of a Take.
func kinds(g jitter.Gaps, n int) (out []jitter.Kind) {
	for len(out) < n {
		kind, run := g.Run(len(out), n)
		for range run {
			out = append(out, kind)
		}
	}
	return out
}

// TestGaps tells of every octet whether it was put, whatever the packets' lengths.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := jitter.New(media.PCMU, 160, 1600)
		base := rapid.Uint32().Draw(t, "timestamp")
		put := make([]bool, 160*40)
		var got []jitter.Kind
		at := 0
		for turn := range 39 {
			for at < (turn+1)*160 {
				n := rapid.SampledFrom([]int{1, 7, 80, 160, 240}).Draw(t, "length")
				n = min(n, len(put)-at)
				if at == 0 || rapid.IntRange(0, 3).Draw(t, "luck") > 0 {
					b.Put(base+uint32(at), make([]byte, n))
					for i := range n {
						put[at+i] = true
					}
				}
				at += n
			}
			got = append(got, kinds(b.Take(make([]byte, 160)), 160)...)
		}
		for i, kind := range got {
			want := jitter.Lost
			if i >= 160 && put[i-160] {
				want = jitter.Heard
			}
			if kind != want {
				t.Fatalf("octet %d: %d, want %d", i, kind, want)
			}
		}
	})
}

// TestQuiet has a sender that stops and goes on in the middle of a turn.
func TestQuiet(t *testing.T) {
	b := jitter.New(media.PCMU, 160, 1600)
	var got []jitter.Kind
	turn := func() {
		g := b.Take(make([]byte, 160))
		got = append(got, kinds(g, 160)...)
		if kind, _ := g.Run(100, 160); kind == jitter.Quiet && g.Level != 50 {
			t.Fatalf("noise of %d", g.Level)
		}
	}
	b.Put(0, make([]byte, 160))
	turn()
	b.Put(160, make([]byte, 80))
	b.Quiet(240, 50)
	turn()
	for range 5 {
		turn()
	}
	b.Put(1160, make([]byte, 280))
	for range 4 {
		turn()
	}
	for i, kind := range got {
		want := jitter.Lost
		switch at := i - 160; {
		case at >= 0 && at < 240, at >= 1160 && at < 1440:
			want = jitter.Heard
		case at >= 240 && at < 1160:
			want = jitter.Quiet
		}
		if kind != want {
			t.Fatalf("octet %d: %d, want %d", i-160, kind, want)
		}
	}
	b.Quiet(5, 1)
	b.Reset(media.PCMU)
	if kind, n := func() (jitter.Kind, int) { g := b.Take(make([]byte, 160)); return g.Run(0, 160) }(); kind != jitter.Lost || n != 160 {
		t.Error("quiet outlives a reset")
	}
}
