package emodel_test

import (
	"math"
	"testing"
	"time"

	"tandem/internal/media/emodel"
)

const ms = time.Millisecond

// The terms are those of the formulas, one by one.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		in emodel.Input
		r  float64
	}{
		"nothing is known":          {emodel.Input{Codec: "PCMU"}, 0},
		"a perfect line":            {emodel.Input{Codec: "PCMU", Expected: 500}, 93.2 - 0.96},
		"a second's round trip":     {emodel.Input{Codec: "PCMA", Expected: 500, RTT: time.Second}, 93.2 - 0.024*540 - 0.11*(540-177.3)},
		"one percent by chance":     {emodel.Input{Codec: "PCMU", Expected: 1000, Lost: 10, Runs: 10}, 93.2 - 0.96 - 95.0/(1+25.1)},
		"five percent by chance":    {emodel.Input{Codec: "PCMU", Expected: 1000, Lost: 50, Runs: 50}, 93.2 - 0.96 - 95*5/(5+25.1)},
		"five percent in runs of 5": {emodel.Input{Codec: "PCMU", Expected: 1000, Lost: 50, Runs: 10}, 93.2 - 0.96 - 95*5/(5/4.75+25.1)},
		"G.722 bears less":          {emodel.Input{Codec: "G722", Expected: 1000, Lost: 50, Runs: 50}, 93.2 - 0.96 - 95*5/(5+15.0)},
		"half is lost":              {emodel.Input{Codec: "PCMU", Expected: 100, Lost: 50, Runs: 50}, 93.2 - 0.96 - 95*50/(50+25.1)},
		"all is lost":               {emodel.Input{Codec: "PCMU", Expected: 100, Lost: 100, Runs: 1}, 93.2 - 0.96 - 95*100/(100+25.1)},
		"jitter is buffered":        {emodel.Input{Codec: "PCMU", Expected: 500, Jitter: 30 * ms}, 93.2 - 0.024*80},
		"jitter beyond the buffer":  {emodel.Input{Codec: "PCMU", Expected: 500, Jitter: time.Second}, 93.2 - 0.024*220 - 0.11*(220-177.3)},
		"a codec nobody knows":      {emodel.Input{Codec: "X", Expected: 500}, 83.2 - 0.96},
	} {
		got := emodel.Judge(c.in)
		want := emodel.MOS(c.r)
		if c.in.Expected == 0 {
			want = 0
		}
		if math.Abs(got.R-c.r) > 0.01 || math.Abs(got.MOS-want) > 0.01 {
			t.Errorf("%s: R %.2f MOS %.3f, want %.2f %.3f", name, got.R, got.MOS, c.r, want)
		}
	}
}

// The points are those of G.107 annex B and G.109.
func TestMOS(t *testing.T) {
	for r, want := range map[float64]float64{-5: 1, 0: 1, 50: 2.58, 60: 3.10, 70: 3.60, 80: 4.03, 90: 4.34, 93.2: 4.41, 100: 4.5, 120: 4.5} {
		if got := emodel.MOS(r); math.Abs(got-want) > 0.01 {
			t.Errorf("MOS of R %g: %.3f, want %.2f", r, got, want)
		}
	}
}

// What makes a line worse never makes the estimate better, and it stays in its range.
func TestJudgeFalls(t *testing.T) {
	for _, codec := range []string{"PCMU", "G722", "OPUS", ""} {
		last := 5.0
		for lost := range int64(101) {
			got := emodel.Judge(emodel.Input{Codec: codec, Expected: 100, Lost: lost}).MOS
			if got > last || got < 1 || got > 4.5 {
				t.Fatalf("%s with %d of 100 lost: MOS %.3f after %.3f", codec, lost, got, last)
			}
			last = got
		}
		last = 5.0
		for rtt := range time.Duration(3000) {
			got := emodel.Judge(emodel.Input{Codec: codec, Expected: 100, RTT: rtt * ms}).MOS
			if got > last || got < 1 {
				t.Fatalf("%s with a round trip of %d ms: MOS %.3f after %.3f", codec, rtt, got, last)
			}
			last = got
		}
	}
}
