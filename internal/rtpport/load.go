package rtpport

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// PoolStats is the load of a Pool.
type PoolStats struct {
	Ports  int
	Shards []ShardStats
}

// ShardStats is the load of a shard in its last full second of work.
type ShardStats struct {
	Ports   int
	Busy    float64       // share of one processor that its thread used, 0 to 1
	LateP99 time.Duration // 99th percentile of how late slots began
	LateMax time.Duration // largest since the start
	Skipped int64         // slots left out since the start because the thread came too late
}

const (
	lateStep    = 100 * time.Microsecond
	lateBuckets = 100
	meterTicks  = 1000
)

// meter measures a shard. Its plain fields belong to the shard's thread.
type meter struct {
	hist    [lateBuckets]int
	ticks   int
	cpuAt   int64
	wallAt  time.Time
	busy    atomic.Int64 // parts per thousand
	p99     atomic.Int64
	max     atomic.Int64
	skipped atomic.Int64
}

// restart begins a new second after an idle time.
func (m *meter) restart() {
	m.hist, m.ticks = [lateBuckets]int{}, 0
	m.cpuAt, m.wallAt = threadTime(), time.Now()
	m.busy.Store(0)
	m.p99.Store(0)
}

func (m *meter) late(d time.Duration) {
	m.hist[max(0, min(int(d/lateStep), lateBuckets-1))]++
	if int64(d) > m.max.Load() {
		m.max.Store(int64(d))
	}
	m.ticks++
	if m.ticks < meterTicks {
		return
	}
	over, at := m.ticks/100, lateBuckets-1
	for n := m.hist[at]; n <= over && at > 0; n += m.hist[at] {
		at--
	}
	m.p99.Store(int64(at+1) * int64(lateStep))
	cpu, wall := threadTime(), time.Now()
	if d := wall.Sub(m.wallAt); d > 0 {
		m.busy.Store((cpu - m.cpuAt) * 1000 / int64(d))
	}
	m.cpuAt, m.wallAt = cpu, wall
	m.hist, m.ticks = [lateBuckets]int{}, 0
}

func threadTime() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return ts.Nano()
}

func (s *shard) load() ShardStats {
	st := ShardStats{
		Ports: int(s.open.Load()), LateMax: time.Duration(s.meter.max.Load()), Skipped: s.meter.skipped.Load(),
	}
	if st.Ports > 0 {
		st.Busy = float64(s.meter.busy.Load()) / 1000
		st.LateP99 = time.Duration(s.meter.p99.Load())
	}
	return st
}
