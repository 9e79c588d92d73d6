package rtpport

import (
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Hush says what captures must leave out of packets: keys, or all sound. Several ports
// may follow one, which any goroutine may change; it counts at once. The zero value
// hides nothing.
type Hush struct{ keys, sound atomic.Int64 } // hidden until this CLOCK_MONOTONIC

// hushTail is for how long what was hidden stays so: a key is held and its packets are
// sent again after it was understood.
const hushTail = int64(time.Second)

// Hide says what is hidden from now on. Sound implies keys. What is no longer to be
// hidden is for a second more, or until the key that is held then is released.
func (h *Hush) Hide(keys, sound bool) {
	change(&h.keys, keys || sound)
	change(&h.sound, sound)
}

func change(until *atomic.Int64, on bool) {
	switch {
	case on:
		until.Store(math.MaxInt64)
	case until.Load() == math.MaxInt64:
		until.Store(monotonic() + hushTail)
	}
}

// HidesKeys says whether keys are hidden now.
func (h *Hush) HidesKeys() bool { return monotonic() < h.keys.Load() }

func monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // the clock exists on every Linux
	return ts.Nano()
}
