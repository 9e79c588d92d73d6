package rtpport_test

import (
	"sync"
	"testing"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// TestWheelWithFewPorts has one port, for which the wheel wakes once in its turn of 20
// slots, and in time: no packet's place is lost.
func TestWheelWithFewPorts(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, err := pool.Open()
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	port.Play(pattern(1000), true)
	first := p.read()
	slots, sleeps := port.Wheel()
	const turns = 60
	var last packet
	for range turns {
		last = p.read()
	}
	slotsAfter, sleepsAfter := port.Wheel()
	slots, sleeps = slotsAfter-slots, sleepsAfter-sleeps
	if slots < 20*(turns-2) || sleeps > slots/4 {
		t.Errorf("%d slots in %d turns of the port, and the thread slept %d times", slots, turns, sleeps)
	}
	if got := int(last.ts - first.ts); got != turns*media.FrameSamples {
		t.Errorf("%d packets later the clock is %d samples on", turns, got)
	}
}

// TestOrdersEndADoze orders without an end from several sides while the wheel has nearly
// nothing to do: none waits for the next turn of a port.
func TestOrdersEndADoze(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, err := pool.Open()
	if err != nil {
		t.Fatal(err)
	}
	const sides, orders = 4, 500
	before, _ := port.Wheel()
	var work sync.WaitGroup
	for range sides {
		work.Go(func() {
			for range orders {
				port.Wheel()
			}
		})
	}
	work.Wait()
	after, _ := port.Wheel()
	// A turn is 20 slots; an order that is not told of waits for ten of them.
	if after-before > 5*orders {
		t.Errorf("%d orders one after the other took %d slots", orders, after-before)
	}
}
