package admission

import (
	"math/rand/v2"
	"time"
)

// Bounds of Retry-After, in seconds.
const (
	soonest = 1.0
	latest  = 30.0
	widest  = 10.0 // longest beginning of the span that answers are spread over
	spread  = 2.5  // its end, as a multiple of its beginning
	patient = 15.0 // seconds of refusing after which who is refused waits twice as long
)

// retry computes when those who are refused shall come again: if they came at
// once, they would be refused at once.
type retry struct {
	base  float64 // seconds
	since float64 // seconds that there has been a limit
}

// look takes how many calls a second ask and how many are let in.
func (r *retry) look(offered, rate float64, limiting bool, dt float64) {
	if !limiting {
		r.since = 0
		r.base = soonest
		return
	}
	r.since += dt
	over := offered / max(rate, 0.5)
	r.base = min(max(over, soonest)*(1+min(1, r.since/patient)), widest)
}

// after gives the wait of one who is refused, in whole seconds.
func (r *retry) after(random *rand.Rand) time.Duration {
	base := max(r.base, soonest)
	s := base * (1 + (spread-1)*random.Float64())
	return time.Duration(min(max(s, soonest), latest)+0.5) * time.Second
}
