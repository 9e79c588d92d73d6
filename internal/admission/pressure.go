package admission

import "time"

// Marks at which something presses as much as it may: the pressure is 1.
const (
	lateMark  = 3 * time.Millisecond   // median lateness of a media thread
	tailMark  = 12 * time.Millisecond  // 95th percentile of it; jitter buffers bear no more
	delayMark = 250 * time.Millisecond // before T1 (500 ms) requests are not sent again
	storeMark = 8000                   // events that wait, or will within storeTime; most of a second's work of a processor
	storeTime = 1.0                    // seconds
	ownCPU    = 0.5                    // below it, lateness is not of our making
)

// settleTime is over which what presses is averaged: what lasts no longer, such
// as a collection of garbage, presses less.
const settleTime = 0.4 // seconds

// pressure is what presses most, averaged; 1 = as much as it may.
type pressure struct {
	now               float64
	late, tail, delay float64 // ns
	cpu               float64
	waiting, growth   float64 // events that are not stored, and by how many more a second
}

func (p *pressure) look(l Load, delay time.Duration, dt float64) {
	part := min(1, dt/settleTime)
	p.late += part * (float64(l.Late) - p.late)
	p.tail += part * (float64(l.LateTail) - p.tail)
	p.delay += part * (float64(delay) - p.delay)
	p.cpu += part * (l.CPU - p.cpu)
	p.growth += part * ((float64(l.Waiting)-p.waiting)/dt - p.growth)
	p.waiting = float64(l.Waiting)
	p.now = max(p.delay/float64(delayMark), (p.waiting+storeTime*p.growth)/storeMark)
	if p.cpu >= ownCPU {
		p.now = max(p.now, p.late/float64(lateMark), p.tail/float64(tailMark))
	}
}

// mean is of durations.
type mean struct {
	sum time.Duration
	n   int
}

func (m *mean) add(d time.Duration) { m.sum += d; m.n++ }

// take gives the mean and begins anew; 0 when there was nothing.
func (m *mean) take() time.Duration {
	if m.n == 0 {
		return 0
	}
	d := m.sum / time.Duration(m.n)
	*m = mean{}
	return d
}
