package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The collector runs when as much garbage has gathered as room says, however much is
// live: by Go's own rule it would be as much as is live, so that a few calls had it run
// many times a second and each call took twice its memory.
const (
	garbageRoom = 48 << 20 // octets
	leastGrowth = 50       // percent of what is live; below it the collector would work for calls in the hundreds of thousands
	mostGrowth  = 1000
	heapLook    = time.Second
)

// heap holds the collector to garbageRoom.
type heap struct {
	samples []metrics.Sample
	percent int
}

func newHeap() *heap {
	return &heap{samples: []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}}
}

// adjust follows what was live at the collector's last run.
func (h *heap) adjust() {
	metrics.Read(h.samples)
	var live uint64
	for _, s := range h.samples {
		if s.Value.Kind() == metrics.KindUint64 {
			live += s.Value.Uint64()
		}
	}
	if p := growth(live); p < h.percent*9/10 || p > h.percent*11/10 {
		// Each change stops the world for a moment: small ones are not worth it.
		h.percent = p
		debug.SetGCPercent(p)
	}
}

// growth is the percentage by which a heap with so many octets live may grow.
func growth(live uint64) int {
	return int(min(max(garbageRoom*100/max(live, 1), leastGrowth), mostGrowth))
}

// keepHeap adjusts the collector while the server runs, unless the environment's GOGC
// says how it shall work.
func (d *Daemon) keepHeap() {
	if os.Getenv("GOGC") != "" {
		return
	}
	h := newHeap()
	h.adjust()
	d.background(func(ctx context.Context) {
		tick := time.NewTicker(heapLook)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				h.adjust()
			}
		}
	})
}
