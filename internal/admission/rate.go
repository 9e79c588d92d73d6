package admission

import (
	"math"
	"time"
)

// How the rate follows the pressure.
const (
	highMark  = 1.0  // pressure above which the rate is lowered
	lowMark   = 0.7  // pressure below which it is raised
	alarmed   = 0.25 // seconds above highMark before there is a limit
	lowerEach = 300 * time.Millisecond
	lowerMost = 0.15 // of the rate, at once
	lowerBy   = 0.03 // of the rate, for each 1 of pressure
	lowest    = 0.93 // of what was served of late: what waits from before takes time to go
	firstCut  = 0.9  // of what was served when the limit began
	fast      = 0.6  // of the rate a second, far from where it was last too much
	slow      = 0.04 // near it, and as much more for each second since then
	near      = 0.9
	leastRate = 2.0             // calls a second
	calm      = 1.0             // seconds without pressure or refusals before the limit goes
	rateTime  = 1.0             // seconds over which rates are averaged
	fillTime  = 1.0             // seconds in which room that is left may be taken
	unlimited = math.MaxFloat64 // calls a second
)

// rateControl is the rate of calls that are let in.
type rateControl struct {
	pressed bool    // there is a limit by pressure
	limit   float64 // calls a second, by pressure; unlimited when not pressed
	room    float64 // calls a second, by the room on the media threads
	knee    float64 // the limit when it was last too much
	high    float64 // seconds that the pressure has been above highMark
	quiet   float64 // seconds without pressure and with fewer asking than may
	lowered time.Time
	offered float64 // calls a second, averaged
}

func (r *rateControl) limiting() bool { return r.pressed || r.room < unlimited }

// setUps gives the limit by pressure, calls a second.
func (r *rateControl) setUps() float64 {
	if !r.pressed {
		return unlimited
	}
	return r.limit
}

// calls gives what limits calls, a second.
func (r *rateControl) calls() float64 { return min(r.setUps(), r.room) }

func (r *rateControl) look(now time.Time, pressure, offered, served, dt float64) {
	part := min(1, dt/rateTime)
	r.offered += part * (offered - r.offered)
	if pressure < highMark {
		r.high = 0
	} else {
		r.high += dt
	}
	if !r.pressed {
		if r.high >= alarmed && r.offered > leastRate {
			r.pressed, r.quiet = true, 0
			r.knee = max(leastRate, served)
			r.limit = max(leastRate, firstCut*served)
			r.lowered = now
		}
		return
	}
	switch {
	case pressure >= highMark:
		r.quiet = 0
		if now.Sub(r.lowered) >= lowerEach {
			r.knee, r.lowered = r.limit, now
			r.limit = max(leastRate, min(r.limit, max(r.limit*(1-min(lowerMost, lowerBy*pressure)), lowest*served)))
		}
	case pressure < lowMark:
		grow := fast
		if r.limit > near*r.knee {
			grow = min(fast, slow*(1+now.Sub(r.lowered).Seconds()))
		}
		r.limit += max(leastRate, grow*r.limit) * dt
		r.knee = max(r.knee, r.limit)
	}
	if pressure < highMark && r.offered <= r.limit {
		r.quiet += dt
	} else {
		r.quiet = 0
	}
	if r.quiet >= calm {
		r.pressed, r.limit = false, unlimited
	}
}

// hold sets the limit by room: what is left may be taken within fillTime, so that
// calls come to the end of it ever more slowly.
func (r *rateControl) hold(l Load, _ float64) {
	r.room = unlimited
	if l.Room < 0 {
		return
	}
	if pace := float64(l.Room) / fillTime; pace <= 2*r.offered || l.Room == 0 {
		r.room = pace
	}
}
