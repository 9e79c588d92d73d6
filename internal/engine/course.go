package engine

import (
	"encoding/json"
	"math"
	"sync"
	"time"

	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// Bounds of what is kept of the course of a leg's sound.
const (
	courseEvery = 5 * time.Second
	courseMost  = 60 // samples; of twice as many each two become one, and the time between them doubles
)

// course is how a leg's sound went over its time. The zero value is ready.
type course struct {
	mu      sync.Mutex
	every   time.Duration
	last    rtpport.Stats
	lastAt  time.Time // zero = nothing was seen yet
	samples []voice.QualitySample
}

// add looks at what was counted until now; most looks are too early for a sample.
func (c *course) add(st rtpport.Stats, m offer.Media, started, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lastAt.IsZero() {
		c.every, c.last, c.lastAt = courseEvery, st, now
		return
	}
	if now.Sub(c.lastAt) < c.every {
		return
	}
	d := st
	d.ReceivedPackets -= c.last.ReceivedPackets
	d.ReceivedUnknown -= c.last.ReceivedUnknown
	d.ReceivedLost = max(st.ReceivedLost-c.last.ReceivedLost, 0)
	d.LossRuns = max(st.LossRuns-c.last.LossRuns, 0)
	d.SentPackets -= c.last.SentPackets
	d.RemoteLost = max(st.RemoteLost-c.last.RemoteLost, 0)
	c.last, c.lastAt = st, now
	q := quality(d, m)
	c.samples = append(c.samples, voice.QualitySample{
		At:     round(now.Sub(started).Seconds(), 1),
		LossIn: percent(q.LostIn, q.PacketsIn+q.LostIn), LossOut: percent(q.LostOut, max(q.PacketsOut, q.LostOut)),
		JitterIn: round(1000*q.JitterIn.Seconds(), 1), JitterOut: round(1000*q.JitterOut.Seconds(), 1), RTT: round(1000*q.RTT.Seconds(), 1),
		MOSIn: round(q.MOSIn, 2), MOSOut: round(q.MOSOut, 2),
	})
	if len(c.samples) < 2*courseMost {
		return
	}
	for i := range courseMost {
		c.samples[i] = poorer(c.samples[2*i], c.samples[2*i+1])
	}
	c.samples = c.samples[:courseMost]
	c.every *= 2
}

// list gives a copy of the samples.
func (c *course) list() []voice.QualitySample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]voice.QualitySample(nil), c.samples...)
}

// courseText gives the samples for the timeline; "" = there are none.
func courseText(list []voice.QualitySample) string {
	if len(list) == 0 {
		return ""
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return "" // numbers alone
	}
	return string(raw)
}

// poorer makes one sample of two, with the worse of each figure.
func poorer(a, b voice.QualitySample) voice.QualitySample {
	return voice.QualitySample{
		At: b.At, LossIn: max(a.LossIn, b.LossIn), LossOut: max(a.LossOut, b.LossOut), JitterIn: max(a.JitterIn, b.JitterIn),
		JitterOut: max(a.JitterOut, b.JitterOut), RTT: max(a.RTT, b.RTT), MOSIn: lower(a.MOSIn, b.MOSIn), MOSOut: lower(a.MOSOut, b.MOSOut),
	}
}

// lower is the lower of two, of which 0 is not known.
func lower(a, b float64) float64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func percent(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return round(100*float64(n)/float64(of), 1)
}

func round(f float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(f*p) / p
}
