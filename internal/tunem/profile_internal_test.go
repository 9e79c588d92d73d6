package tunem

import (
	"math"
	"testing"
	"time"
)

// run sends n packets, one each 20 ms, and gives their fates.
func run(p Profile, seed uint64, n int) []fate {
	c := newCourse(p, seed, 1)
	out := make([]fate, n)
	for i := range out {
		out[i] = c.packet(time.Duration(i) * 20 * time.Millisecond)
	}
	return out
}

func TestSharesAreThoseAskedFor(t *testing.T) {
	const n = 50_000
	lost, twice, late, last := 0, 0, 0, time.Duration(0)
	for i, f := range run(Profile{Loss: 0.1, Duplicate: 0.02, Reorder: 0.05, Delay: 40 * time.Millisecond, Jitter: 30 * time.Millisecond}, 1, n) {
		sent := time.Duration(i) * 20 * time.Millisecond
		switch f.n {
		case 0:
			lost++
			continue
		case 2:
			twice++
		}
		d := f.at[0] - sent
		if d < 40*time.Millisecond || d > 40*time.Millisecond+30*time.Millisecond+defaultHoldBack {
			t.Fatalf("packet %d takes %v", i, d)
		}
		if f.at[0] < last {
			late++
		}
		last = max(last, f.at[0])
	}
	for _, s := range []struct {
		name string
		got  int
		want float64
	}{{"lost", lost, 0.1}, {"twice", twice, 0.02 * 0.9}} {
		if math.Abs(float64(s.got)/n-s.want) > 0.005 {
			t.Errorf("%s: %d of %d, want %.3f", s.name, s.got, n, s.want)
		}
	}
	// Who is held back comes after the next unless that is late or lost too.
	if share := float64(late) / n; share < 0.02 || share > 0.05 {
		t.Errorf("%.3f came after later ones", share)
	}
}

func TestBursts(t *testing.T) {
	fates := run(Profile{BurstEach: 2 * time.Second, BurstLow: 60 * time.Millisecond, BurstHigh: 400 * time.Millisecond}, 3, 50_000)
	runs, length, lost := 0, 0, 0
	for _, f := range append(fates, fate{n: 1}) {
		if f.n == 0 {
			length++
			lost++
			continue
		}
		if length > 0 {
			if length > 42 { // two bursts may touch
				t.Errorf("a burst of %d packets", length)
			}
			runs++
		}
		length = 0
	}
	if mean := float64(lost) / float64(runs); mean < 8 || mean > 15 {
		t.Errorf("bursts of %.1f packets on the average", mean)
	}
	if runs < 300 {
		t.Errorf("%d bursts in a thousand seconds", runs)
	}
}

func TestSameSeedSameFates(t *testing.T) {
	p := Profile{Loss: 0.2, Jitter: 80 * time.Millisecond, Reorder: 0.05, Duplicate: 0.02, BurstEach: time.Second, BurstLow: 60 * time.Millisecond, BurstHigh: 400 * time.Millisecond}
	a, b, other := run(p, 7, 1000), run(p, 7, 1000), run(p, 8, 1000)
	same := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("packet %d: %v and %v", i, a[i], b[i])
		}
		if a[i] == other[i] {
			same++
		}
	}
	if same > 900 {
		t.Errorf("another seed gives %d of 1000 the same fate", same)
	}
}
