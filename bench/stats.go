package main

import (
	"slices"
	"time"
)

// histogram counts durations in steps of 10 µs up to one second; what is
// longer falls into the last step, and the maximum is kept exactly.
type histogram struct {
	counts [100_001]uint32
	n      int
	max    time.Duration
}

const histogramStep = 10 * time.Microsecond

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[min(int(d/histogramStep), len(h.counts)-1)]++
	h.n++
	h.max = max(h.max, d)
}

// quantile is the upper edge of the step that holds the q-th part of all.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	left := int(q * float64(h.n))
	for i, c := range h.counts {
		if left -= int(c); left < 0 {
			return min(time.Duration(i+1)*histogramStep, h.max)
		}
	}
	return h.max
}

// spread is a distribution in milliseconds.
type spread struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

func (h *histogram) spread() spread {
	return spread{h.n, ms(h.quantile(0.5)), ms(h.quantile(0.99)), ms(h.quantile(0.999)), ms(h.max)}
}

func spreadOf(d []time.Duration) spread {
	if len(d) == 0 {
		return spread{}
	}
	slices.Sort(d)
	at := func(q float64) float64 { return ms(d[min(int(q*float64(len(d))), len(d)-1)]) }
	return spread{len(d), at(0.5), at(0.99), at(0.999), ms(d[len(d)-1])}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
