package sim

import (
	"context"
	"iter"
	"slices"
	"time"
)

// World is the virtual time that simulated calls share, and where they meet:
// telephones and rooms. What goes on in it are parties, each with a function of its
// own (Go), of which one runs at a time: they take turns where they sleep, by time
// and, at one time, in the order of Go. So the same world gives the same timelines on
// every run. It starts coroutines and no goroutine, and belongs to the goroutine of Run.
type World struct {
	now     time.Time
	parties []*Party
	timers  []timer // by time, then by age
	running *Party
	idle    bool
	phones  map[string]*Phone
	rooms   map[string][]*Call
	full    map[string]bool // rooms that let nobody in

	// Still, where it is not nil, is called before the clock moves on. It may wait, in
	// real time, for what is outside the world, and do what that wants. True says that
	// something was done: it is looked anew what is next.
	Still func() bool
}

// Party is a function that goes on in virtual time.
type Party struct {
	ctx    context.Context // wakes it when it ends; nil = nothing does
	wake   time.Time       // zero = when it is woken
	poked  bool
	over   bool
	resume func() (struct{}, bool)
	yield  func(struct{}) bool
}

type timer struct {
	at time.Time
	do func()
}

// NewWorld begins a world's time; zero = 2026-01-01 12:00 UTC.
func NewWorld(start time.Time) *World {
	if start.IsZero() {
		start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	}
	return &World{now: start}
}

// Now gives the virtual time.
func (w *World) Now() time.Time { return w.now }

// Go has f go on as a party, from the present time.
func (w *World) Go(f func()) *Party {
	p := &Party{wake: w.now}
	p.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		p.yield = yield
		f()
	})
	w.parties = append(w.parties, p)
	return p
}

// Wake wakes the party, to look at what has changed.
func (p *Party) Wake() { p.poked = true }

// Over reports whether the party's function has returned.
func (p *Party) Over() bool { return p.over }

// Idle reports whether the party that runs was woken because nobody else has
// anything to do.
func (w *World) Idle() bool { return w.idle }

// Set sets the clock, before anything goes on.
func (w *World) Set(now time.Time) {
	w.now = now
	for _, p := range w.parties {
		p.wake = now
	}
}

// After has f done when d has passed, by whoever runs the world.
func (w *World) After(d time.Duration, f func()) {
	at := w.now.Add(max(d, 0))
	i := len(w.timers)
	for i > 0 && w.timers[i-1].at.After(at) {
		i--
	}
	w.timers = slices.Insert(w.timers, i, timer{at, f})
}

// Run lets all parties go on until each is over. A party that waits to be woken
// is woken when nobody else has anything to do.
func (w *World) Run() {
	for {
		p, at := w.next()
		timed := len(w.timers) > 0 && (p == nil || !w.timers[0].at.After(at))
		switch {
		case timed:
			at = w.timers[0].at
		case p == nil:
			return
		}
		if at.After(w.now) || at.IsZero() {
			if w.Still != nil && w.Still() {
				continue
			}
			if !at.IsZero() {
				w.now = at
			}
		}
		if timed {
			do := w.timers[0].do
			w.timers = w.timers[1:]
			do()
			continue
		}
		w.Turn(p)
	}
}

// next gives the party whose turn it is, and when; at is zero for one that only
// waits to be woken.
func (w *World) next() (next *Party, at time.Time) {
	for _, p := range w.parties {
		t := p.wake
		if p.poked || p.ctx != nil && p.ctx.Err() != nil {
			t = w.now
		}
		switch {
		case next == nil, at.IsZero() && !t.IsZero(), !t.IsZero() && t.Before(at):
			next, at = p, t
		}
	}
	return next, at
}

// Turn lets a party go on until it sleeps or is over, and whoever calls wait for it.
func (w *World) Turn(p *Party) {
	if p.over {
		return
	}
	before := w.running
	w.running = p
	w.idle = p.wake.IsZero() && !p.poked && p.ctx == nil
	p.poked, p.ctx = false, nil
	_, more := p.resume()
	w.running = before
	if !more {
		p.over = true
		w.parties = slices.DeleteFunc(w.parties, func(x *Party) bool { return x == p })
	}
}

// Sleep lets the party that runs sleep until at, zero = until it is woken, which is
// early also when ctx ends. Outside of Run the clock is moved on alone.
func (w *World) Sleep(ctx context.Context, at time.Time) (early bool) {
	p := w.running
	if p == nil {
		if at.After(w.now) {
			w.now = at
		}
		return false
	}
	p.wake, p.ctx = at, ctx
	p.yield(struct{}{})
	return at.IsZero() || w.now.Before(at)
}

// Wake wakes every party, to look at what has changed.
func (w *World) Wake() {
	for _, p := range w.parties {
		if p != w.running {
			p.poked = true
		}
	}
}
