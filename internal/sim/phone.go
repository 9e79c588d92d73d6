package sim

import (
	"iter"
	"maps"
	"slices"
	"time"

	"tandem/internal/voice"
)

// Phone is a telephone, or whoever else is rung, of a world: it does as it is told
// last, and whoever talks is busy for all others.
type Phone struct {
	far     FarEnd
	set     time.Time // when it was told
	told    bool
	ringing []*Call
	talking *Call
	hungUp  bool
}

// Phone gives the telephone of a target ("extension 101").
func (w *World) Phone(target string) *Phone {
	if w.phones == nil {
		w.phones = map[string]*Phone{}
	}
	p := w.phones[target]
	if p == nil {
		p = &Phone{}
		w.phones[target] = p
	}
	return p
}

// Does tells what the telephone target does from now on: with what rings now, too,
// counted from now.
func (w *World) Does(target string, far FarEnd) {
	p := w.Phone(target)
	p.far, p.set, p.told = far, w.now, true
	w.Wake()
}

// Rings reports whether somebody rings the telephone.
func (p *Phone) Rings() bool { return len(p.ringing) > 0 }

// Talks reports whether it is in a talk.
func (p *Phone) Talks() bool { return p.talking != nil }

// HangsUp lets target end its talk; false when it has none.
func (w *World) HangsUp(target string) bool {
	p := w.Phone(target)
	if p.talking == nil {
		return false
	}
	p.hungUp = true
	w.Wake()
	return true
}

// farEnd gives what a target does that c rings since start, and when.
func (c *Call) farEnd(target string, start time.Time) (FarEnd, time.Time) {
	if far, ok := c.script.Far[target]; ok {
		return far, start.Add(far.After)
	}
	p := c.w.phones[target]
	switch {
	case p == nil || !p.told && p.talking == nil:
		return FarEnd{}, start
	case p.talking != nil && p.talking != c:
		return FarEnd{Does: IsBusy}, start
	case p.set.After(start):
		start = p.set
	}
	return p.far, start.Add(p.far.After)
}

// rings notes that c rings targets, until the function that it gives is called.
func (c *Call) rings(targets []voice.Target) (over func()) {
	for _, t := range targets {
		p := c.w.Phone(t.String())
		p.ringing = append(p.ringing, c)
	}
	return func() {
		for _, t := range targets {
			p := c.w.Phone(t.String())
			p.ringing = slices.DeleteFunc(p.ringing, func(x *Call) bool { return x == c })
		}
	}
}

// talks notes that c talks with target, until the function that it gives is called.
func (c *Call) talks(target string) (over func()) {
	p := c.w.Phone(target)
	p.talking, p.hungUp = c, false
	return func() {
		if p.talking == c {
			p.talking, p.hungUp = nil, false
		}
	}
}

// Phones gives the telephones by what they are called, in that order.
func (w *World) Phones() iter.Seq2[string, *Phone] {
	return func(yield func(string, *Phone) bool) {
		for _, name := range slices.Sorted(maps.Keys(w.phones)) {
			if !yield(name, w.phones[name]) {
				return
			}
		}
	}
}
