package daemon_test

import (
	"testing"

	"tandem/internal/daemon"
)

// TestGarbageRoom: as much garbage gathers beside few calls as beside many, and no heap
// grows so little that the collector would do nothing else.
func TestGarbageRoom(t *testing.T) {
	for _, live := range []uint64{5 << 20, 16 << 20, 40 << 20, 90 << 20} {
		if room := live * uint64(daemon.HeapGrowth(live)) / 100; room < 45<<20 || room > 50<<20 {
			t.Errorf("%d octets live: %d of garbage", live, room)
		}
	}
	for live, want := range map[uint64]int{0: 1000, 1 << 20: 1000, 1 << 30: 50, 1 << 40: 50} {
		if p := daemon.HeapGrowth(live); p != want {
			t.Errorf("%d octets live: the heap may grow by %d %%, want %d", live, p, want)
		}
	}
}
