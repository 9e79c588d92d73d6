package rtpport

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What futex(2) is asked for: a wait until a point of CLOCK_MONOTONIC, and to end it.
const (
	futexWake = 1 | futexPrivate // FUTEX_WAKE
	futexWait = 9 | futexPrivate // FUTEX_WAIT_BITSET, of which alone the time is a point
	futexAny  = 0xffffffff

	futexPrivate = 128
)

// idle counts the slots from the next one on in which nobody has anything to do.
func (s *shard) idle() int64 {
	for n := range int64(slots) {
		slot := (s.tick + n) % slots
		if len(s.wheel[slot]) > 0 || len(s.rooms[slot]) > 0 || len(s.halves[slot]) > 0 {
			return n
		}
	}
	return slots
}

// doze sleeps over n slots without a port, so that a server with few calls does not wake
// for each of them, and passes those whose time is over. An order ends it early.
func (s *shard) doze(n int64) {
	s.dozing.Store(1)
	// Whoever posts looks at dozing after it has left its order, so that one of the two
	// sees the other; who is about to leave one has yet to look.
	none := true
	if s.mu.TryLock() {
		none = len(s.mailbox) == 0
		s.mu.Unlock()
	}
	if none {
		s.at = unix.NsecToTimespec(s.next + n*int64(slotTime))
		// An interruption and a time-out are alike: what is due is looked at anew.
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&s.dozing)), futexWait, 1,
			uintptr(unsafe.Pointer(&s.at)), 0, futexAny)
	}
	s.dozing.Store(0)
	if over := time.Duration(s.clock() - s.next); over >= 0 {
		n = min(n, int64(over/slotTime)+1)
		s.tick += n
		s.next += n * int64(slotTime)
		s.meter.passed(n)
	}
}

// rouse ends a doze. The system call does not block.
func (s *shard) rouse() {
	if s.dozing.CompareAndSwap(1, 0) {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&s.dozing)), futexWake, 1, 0, 0, 0)
	}
}
