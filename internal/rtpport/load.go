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

// ShardStats is the load of a shard.
type ShardStats struct {
	Ports   int
	Busy    float64       // share of one processor that its thread used in the last second or so, 0 to 1
	LateP50 time.Duration // median of how late slots began, in the last quarter of a second
	LateP95 time.Duration // 95th percentile of the same
	LateP99 time.Duration // 99th percentile, in the last second
	LateMax time.Duration // largest since the start
	Skipped int64         // slots left out since the start because the thread came too late
}

const (
	lateStep    = 100 * time.Microsecond
	lateBuckets = 250
	meterTicks  = 250 // of a part
	meterParts  = 4
)

// meter measures a shard. Its plain fields belong to the shard's thread.
type meter struct {
	hist    [meterParts][lateBuckets]int32
	part    int // that is being filled
	ticks   int // in it
	cpuAt   int64
	wallAt  time.Time
	used    float64
	busy    atomic.Int64 // parts per thousand
	p50     atomic.Int64
	p95     atomic.Int64
	p99     atomic.Int64
	max     atomic.Int64
	skipped atomic.Int64
}

// restart begins a new second after an idle time.
func (m *meter) restart() {
	m.hist, m.ticks, m.used = [meterParts][lateBuckets]int32{}, 0, 0
	m.cpuAt, m.wallAt = threadTime(), time.Now()
	m.busy.Store(0)
	m.p50.Store(0)
	m.p95.Store(0)
	m.p99.Store(0)
}

func (m *meter) late(d time.Duration) {
	m.hist[m.part][max(0, min(int(d/lateStep), lateBuckets-1))]++
	if int64(d) > m.max.Load() {
		m.max.Store(int64(d))
	}
	m.passed(1)
}

// passed counts n slots whose lateness is counted, or which nobody waited for.
func (m *meter) passed(n int64) {
	m.ticks += int(n)
	if m.ticks < meterTicks {
		return
	}
	m.p50.Store(int64(worst(m.hist[m.part:m.part+1], 2)))
	m.p95.Store(int64(worst(m.hist[m.part:m.part+1], 20)))
	m.p99.Store(int64(worst(m.hist[:], 100)))
	cpu, wall := threadTime(), time.Now()
	if d := wall.Sub(m.wallAt); d > 0 {
		// The parts of a second are averaged, for single ones scatter.
		part := min(1, 2*d.Seconds())
		m.used += part * (float64(cpu-m.cpuAt)/float64(d) - m.used)
		m.busy.Store(int64(1000 * m.used))
	}
	m.cpuAt, m.wallAt = cpu, wall
	m.part, m.ticks = (m.part+1)%meterParts, 0
	m.hist[m.part] = [lateBuckets]int32{}
}

// worst gives the lateness that one of n turns exceeds.
func worst(parts [][lateBuckets]int32, n int32) time.Duration {
	var all int32
	for i := range parts {
		for _, c := range parts[i] {
			all += c
		}
	}
	at, over := lateBuckets-1, int32(0)
	for ; at > 0; at-- {
		for i := range parts {
			over += parts[i][at]
		}
		if over > all/n {
			break
		}
	}
	return time.Duration(at+1) * lateStep
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
		st.LateP50, st.LateP95 = time.Duration(s.meter.p50.Load()), time.Duration(s.meter.p95.Load())
		st.LateP99 = time.Duration(s.meter.p99.Load())
	}
	return st
}
