package admission_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/admission"
	"tandem/internal/clock"
)

// D-03: three times the capacity, as a step; the callers refused come again when
// they are told to, or not.
func TestOverloadKeepsGoodput(t *testing.T) {
	for _, obeys := range []bool{false, true} {
		for _, capacity := range []float64{50, 500, 2000} {
			t.Run(fmt.Sprintf("%v calls a second, again %v", capacity, obeys), func(t *testing.T) {
				c := &comer{addr: addr("192.0.2.1"), known: true, obeys: obeys, rate: between(10*time.Second, 40*time.Second, 0.5*capacity, 3*capacity)}
				p := newPlant(capacity, c)
				if got := p.span(10 * time.Second); got.refused != 0 {
					t.Errorf("%d refused at half the capacity", got.refused)
				}
				p.run(3 * time.Second) // until it has found the rate
				during := p.span(27 * time.Second)
				good := float64(during.done) / (27 * capacity)
				left := 1 - p.refusal*float64(during.refused)/(27*capacity) // refusals cost, too
				t.Logf("goodput %.1f %%, of what refusals leave %.1f %%, longest set-up %v, pressure at most %.1f", 100*good, 100*good/left, during.worst, p.peak)
				if good/left < 0.97 || !obeys && good < 0.945 {
					t.Errorf("goodput is %.1f %% of the capacity, %.1f %% of what refusals leave", 100*good, 100*good/left)
				}
				if during.worst > 500*time.Millisecond {
					t.Errorf("a set-up took %v", during.worst)
				}
				if obeys {
					// Those who were told to come again are to be served first: until then it is no wonder.
					p.run(latestReturn)
				}
				p.run(5 * time.Second)
				if after := p.span(10 * time.Second); after.refused != 0 || p.ctrl.State().Limiting {
					t.Errorf("after the overload: %d refused, state %+v", after.refused, p.ctrl.State())
				}
			})
		}
	}
}

const latestReturn = 31 * time.Second

// From the end of the overload it takes 5 s at most until nobody is refused.
func TestRecovery(t *testing.T) {
	for _, times := range []float64{1.5, 3, 10} {
		c := &comer{addr: addr("192.0.2.1"), known: true, rate: between(5*time.Second, 65*time.Second, 350, 500*times)}
		p := newPlant(500, c)
		p.run(65 * time.Second)
		last := time.Duration(0)
		for at := time.Duration(0); at < 20*time.Second; at += 100 * time.Millisecond {
			if p.span(100*time.Millisecond).refused > 0 {
				last = at + 100*time.Millisecond
			}
		}
		t.Logf("%v times: the last refusal %v after the overload", times, last)
		if last > 5*time.Second {
			t.Errorf("%v times the capacity: calls were refused until %v after it", times, last)
		}
	}
}

// Where as many come all the time, the rate stays about where it is.
func TestNoOscillation(t *testing.T) {
	c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(1500)}
	p := newPlant(500, c)
	p.run(10 * time.Second)
	least, most := 1e9, 0.0
	for range 60 {
		got := float64(p.span(time.Second).done)
		least, most = min(least, got), max(most, got)
	}
	t.Logf("%v to %v set-ups a second", least, most)
	if least < 0.9*most {
		t.Errorf("between %v and %v set-ups a second", least, most)
	}
	if p.peak > 5 {
		t.Errorf("the pressure was %.1f", p.peak)
	}
}

// A ramp that the machine can carry, with a spell of slowness such as a collection
// of garbage makes: nobody is refused.
func TestRampIsNotRefused(t *testing.T) {
	c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(200)}
	p := newPlant(500, c)
	p.hold = time.Hour
	p.late = func(p *plant) (time.Duration, time.Duration) {
		if p.ms%3000 < 200 {
			return 8 * time.Millisecond, 20 * time.Millisecond
		}
		return 300 * time.Microsecond, 5 * time.Millisecond
	}
	p.load = func(p *plant, l *admission.Load) { l.CPU, l.Waiting = 0.9, p.up%1500 }
	if got := p.span(8 * time.Second); got.refused != 0 {
		t.Errorf("%d of %d refused", got.refused, got.offered)
	}
}

// Lateness that others of the machine cause is no reason to refuse.
func TestForeignLateness(t *testing.T) {
	c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(100)}
	p := newPlant(500, c)
	p.late = func(*plant) (time.Duration, time.Duration) { return 10 * time.Millisecond, 20 * time.Millisecond }
	if got := p.span(10 * time.Second); got.refused != 0 {
		t.Errorf("%d refused though the process uses a fifth of its processors", got.refused)
	}
	p.load = func(_ *plant, l *admission.Load) { l.CPU = 0.9 }
	if got := p.span(5 * time.Second); got.refused == 0 {
		t.Error("nobody was refused though the process makes its media late")
	}
}

// Calls that last: they fill the media threads to the mark and no further, and it
// stays full.
func TestRoomIsFilledAndNotOverrun(t *testing.T) {
	const most = 1200
	c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(120)} // for 30 s: three times as many
	p := newPlant(500, c)
	p.hold = 30 * time.Second
	seen := []int{} // what is told is a quarter of a second old
	p.load = func(p *plant, l *admission.Load) {
		seen = append(seen, p.up)
		l.Room = -1
		if known := seen[max(0, len(seen)-4)]; known > most/2 {
			l.Room = max(0, most-known)
		}
	}
	highest := 0
	for range 120 {
		p.run(500 * time.Millisecond)
		highest = max(highest, p.up)
	}
	lowest := most
	for range 60 {
		p.run(500 * time.Millisecond)
		highest, lowest = max(highest, p.up), min(lowest, p.up)
	}
	t.Logf("%d to %d of %d calls, refused %v", lowest, highest, most, p.refused)
	if highest > most*102/100 {
		t.Errorf("%d calls were up where there is room for %d", highest, most)
	}
	if lowest < most*95/100 {
		t.Errorf("%d calls were up, though there is room for %d", lowest, most)
	}
	if p.refused[admission.NoRoom] == 0 || p.refused[admission.Busy] > 0 {
		t.Errorf("refused for %v", p.refused)
	}
}

// D-10: who asks for much does not keep others from what they ask.
func TestFairness(t *testing.T) {
	flood := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(1500)}
	second := &comer{addr: addr("192.0.2.2"), known: true, rate: constant(400)}
	small := []*comer{}
	for i := range 20 {
		small = append(small, &comer{addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), known: true, rate: constant(5)})
	}
	stranger := &comer{addr: addr("203.0.113.1"), rate: constant(2000)}
	p := newPlant(500, append(small, flood, second, stranger)...)
	p.run(10 * time.Second)
	for _, c := range p.comers {
		c.asked, c.done = 0, 0
	}
	p.run(20 * time.Second)
	for _, c := range small {
		if float64(c.done) < 0.9*float64(c.asked) {
			t.Errorf("%v got %d of %d", c.addr, c.done, c.asked)
		}
	}
	a, b := float64(flood.done), float64(second.done)
	t.Logf("flood %d of %d, second %d of %d, stranger %d of %d, refused %v", flood.done, flood.asked, second.done, second.asked, stranger.done, stranger.asked, p.refused)
	if a > 1.25*b || b > 1.25*a {
		t.Errorf("two that want more than there is got %v and %v", a, b)
	}
	if got := float64(stranger.done); got < 0.05*20*500 || got > 0.2*20*500 {
		t.Errorf("a stranger got %v calls of about a tenth of %v", got, 20*500)
	}
}

// Ten thousand addresses of strangers take nothing from those who are known.
func TestManySources(t *testing.T) {
	known := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(300)}
	n := 0
	p := newPlant(500, known)
	p.comers = append(p.comers, &comer{rate: constant(1200)})
	for range 20_000 {
		p.comers[1].addr = netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
		n++
		p.step()
		if p.ms == 8000 {
			known.asked, known.done = 0, 0
		}
	}
	if float64(known.done) < 0.95*float64(known.asked) {
		t.Errorf("the known source got %d of %d", known.done, known.asked)
	}
}

// Those who are refused are told times that are spread, later the more there is refused.
func TestRetryAfterIsSpread(t *testing.T) {
	mean := func(times float64) time.Duration {
		c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(500 * times)}
		p := newPlant(500, c)
		p.run(10 * time.Second)
		p.waits = nil
		p.run(5 * time.Second)
		by := map[time.Duration]int{}
		sum := time.Duration(0)
		for _, w := range p.waits {
			if w < time.Second || w > 30*time.Second || w%time.Second != 0 {
				t.Fatalf("told to come again after %v", w)
			}
			by[w]++
			sum += w
		}
		for w, n := range by {
			if n > len(p.waits)/2 {
				t.Errorf("%v times: %d of %d were told %v", times, n, len(p.waits), w)
			}
		}
		return sum / time.Duration(len(p.waits))
	}
	little, much := mean(2), mean(10)
	t.Logf("told %v at twice, %v at ten times the capacity", little, much)
	if much < 2*little {
		t.Errorf("told %v at ten times the capacity, %v at twice", much, little)
	}
}

// Calls come before registrations, those before the rest, and an emergency call of
// a known source before all.
func TestOrderOfService(t *testing.T) {
	c := &comer{addr: addr("192.0.2.1"), known: true, rate: constant(1500)}
	p := newPlant(500, c)
	p.run(5 * time.Second)
	asked, let := 0, map[admission.Class]int{}
	urgent, strangers := 0, 0
	for range 1000 {
		p.run(10 * time.Millisecond)
		asked++
		for _, class := range []admission.Class{admission.Register, admission.Other} {
			if p.ctrl.Admit(admission.Request{Class: class, Source: addr("192.0.2.9")}).OK {
				let[class]++
			}
		}
		if asked%20 == 0 {
			if p.ctrl.Admit(admission.Request{Class: admission.Call, Source: addr("192.0.2.9"), Known: true, Urgent: true}).OK {
				urgent++
			}
			if p.ctrl.Admit(admission.Request{Class: admission.Call, Source: addr("192.0.2.8"), Urgent: true}).OK {
				strangers++
			}
		}
	}
	t.Logf("of %d: registrations %d, others %d, emergency calls %d of 50, those of a stranger %d", asked, let[admission.Register], let[admission.Other], urgent, strangers)
	if urgent != 50 {
		t.Errorf("%d of 50 emergency calls were let in", urgent)
	}
	if let[admission.Register] < asked/10 || let[admission.Other] > let[admission.Register]/4 {
		t.Errorf("of %d: registrations %d, others %d", asked, let[admission.Register], let[admission.Other])
	}
	s := p.ctrl.State()
	if s.Reason != admission.Busy || s.Refused[admission.Other][admission.Busy] != uint64(asked-let[admission.Other]) || s.Admitted[admission.Register] != uint64(let[admission.Register]) {
		t.Errorf("the state is %+v", s)
	}
}

// A server that has as many calls as it may refuses all but emergency calls.
func TestFull(t *testing.T) {
	v := clock.NewVirtual(start)
	k := admission.New(v, 1)
	v.Advance(admission.Interval)
	k.Look(admission.Load{Room: -1, Full: true})
	r := admission.Request{Class: admission.Call, Source: addr("192.0.2.1"), Known: true}
	if d := k.Admit(r); d.OK || d.Reason != admission.Full || d.RetryAfter < time.Second {
		t.Errorf("%+v", d)
	}
	if r.Urgent = true; !k.Admit(r).OK {
		t.Error("an emergency call was refused")
	}
	if !k.Admit(admission.Request{Class: admission.Register}).OK {
		t.Error("a registration was refused though nothing presses")
	}
	v.Advance(admission.Interval)
	k.Look(admission.Load{Room: -1})
	if r.Urgent = false; !k.Admit(r).OK || k.Hold() {
		t.Error("refused after a place is free")
	}
	for _, why := range admission.Reasons() {
		if why.Words() == "" {
			t.Errorf("%s has no words", why)
		}
	}
}

// Set-ups that are never taken up press too.
func TestStall(t *testing.T) {
	v := clock.NewVirtual(start)
	k := admission.New(v, 1)
	for range 30 {
		k.Admit(admission.Request{Class: admission.Call, Source: addr("192.0.2.1"), Known: true})
		k.Arrived()
		v.Advance(admission.Interval)
		k.Look(admission.Load{Room: -1})
	}
	if !k.Hold() {
		t.Errorf("nothing is held: %+v", k.State())
	}
}

func TestRun(t *testing.T) {
	v := clock.NewVirtual(start)
	k := admission.New(v, 1)
	ctx, cancel := context.WithCancel(t.Context())
	looks, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx, func() admission.Load { looks <- struct{}{}; return admission.Load{Full: true} })
	}()
	for range 2 {
		if err := v.AwaitTimers(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		v.Advance(admission.Interval)
		<-looks
	}
	cancel()
	<-done
	if !k.Hold() {
		t.Error("what was read did not count")
	}
}
