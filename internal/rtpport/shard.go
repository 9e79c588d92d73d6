package rtpport

import (
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/media"
	"tandem/internal/srtp"
)

const (
	slots     = 20
	slotTime  = time.Millisecond
	overrun   = 5 * time.Millisecond // later than this is overload if it lasts
	patient   = 100                  // slots for which it may last and be made good
	stall     = slots * slotTime     // later than this cannot be made good
	niceness  = -15
	sliceTime = 100_000 // ns
)

// shard is one wheel. Fields without a comment belong to its thread.
type shard struct {
	log *slog.Logger

	mu      sync.Mutex // held for an append only; the wheel never waits for it
	mailbox []func()   // guarded by mu
	gone    bool       // guarded by mu: no more orders are taken
	wake    chan struct{}
	dozing  atomic.Uint32 // 1 = the thread sleeps until the next slot with a port, or an order
	open    atomic.Int32  // ports, counted by the openers

	orders  []func()
	wheel   [slots][]*Port
	rooms   [slots][]*Room
	halves  [slots][]*Port // that have a packet to send in the second half of their turn
	count   int
	tick    int64
	base    int64 // CLOCK_MONOTONIC at began
	began   time.Time
	next    int64 // CLOCK_MONOTONIC of slot tick
	behind  int   // slots since the shard was last in time
	batch   *batch
	scratch [maxPacket]byte
	sealed  [maxPacket + srtp.MostAdded]byte // a packet on its way out
	opened  [maxPacket]byte                  // a packet of the peer
	crypts  srtp.Scratch
	pcm     [maxPacket]int16
	sum     [media.FrameSamples]int32
	mixed   [media.FrameSamples]int16 // the sound of a port's turn, when it is linear
	closing bool
	at      unix.Timespec
	meter   meter
}

func newShard(log *slog.Logger) *shard {
	s := &shard{log: log, wake: make(chan struct{}, 1), batch: newBatch(), began: time.Now()}
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	s.base = ts.Nano()
	return s
}

// post leaves an order; false when the shard has stopped.
func (s *shard) post(order func()) bool {
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return false
	}
	s.mailbox = append(s.mailbox, order)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.rouse()
	return true
}

func (s *shard) stop() { s.post(func() { s.closing = true }) }

// run is the shard's thread. The thread dies with it, because its priority and
// timer slack are its own.
func (s *shard) run() {
	runtime.LockOSThread()
	s.prepare()
	for {
		if s.count == 0 {
			<-s.wake
			s.mu.Lock()
			s.obey()
			if s.closing && s.count == 0 {
				s.gone = true
				s.mu.Unlock()
				return
			}
			s.mu.Unlock()
			s.next = s.clock() + int64(slotTime)
			s.meter.restart()
			continue
		}
		if n := s.idle(); n > 0 {
			s.doze(n)
			s.listen()
			continue
		}
		s.sleep()
		late := time.Duration(s.clock() - s.next)
		s.meter.late(late)
		s.guard(late)
		s.listen()
		s.turn()
	}
}

// listen carries out what was ordered, if nobody is about to order more.
func (s *shard) listen() {
	if s.mu.TryLock() {
		s.obey()
		s.mu.Unlock()
	}
}

// guard keeps a late shard from chasing the clock for ever. A short stall is
// made good by visiting slots without sleep; after a long one, or when the
// shard does not come back in time, the missed slots are left out.
func (s *shard) guard(late time.Duration) {
	if late <= overrun {
		s.behind = 0
		return
	}
	if s.behind++; late > stall || s.behind > patient {
		s.behind = 0
		s.skip(int64(late / slotTime))
	}
}

func (s *shard) prepare() {
	tid := unix.Gettid()
	// Both need rights or support that may be missing; the wheel turns without.
	if err := unix.Setpriority(unix.PRIO_PROCESS, tid, niceness); err != nil {
		s.log.Debug("media thread keeps its priority", "err", err)
	}
	// A short slice lets the thread in soon after it wakes, where the kernel's
	// scheduler knows slices (EEVDF, Linux 6.12).
	if err := unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Nice: niceness, Runtime: sliceTime}, 0); err != nil {
		s.log.Debug("media thread keeps its slice", "err", err)
	}
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}

// clock is CLOCK_MONOTONIC, read without a system call.
func (s *shard) clock() int64 { return s.base + int64(time.Since(s.began)) }

// sleep waits for the next slot. The scheduler is told, so that it can stop the
// world meanwhile; to come back without waiting the thread needs an idle
// processor of Go's, which is why GOMAXPROCS must have some to spare.
func (s *shard) sleep() {
	s.at = unix.NsecToTimespec(s.next)
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &s.at, nil) == unix.EINTR {
	}
}

// obey carries the orders out. Orders given by orders are taken too.
func (s *shard) obey() {
	for len(s.mailbox) > 0 {
		s.orders, s.mailbox = s.mailbox, s.orders[:0]
		s.mu.Unlock()
		for i, order := range s.orders {
			order()
			s.orders[i] = nil
		}
		s.mu.Lock()
	}
}

// turn visits the ports of the present slot.
func (s *shard) turn() {
	now := time.Now()
	mono, wall := s.clock(), now.UnixNano()
	slot := s.tick % slots
	for i := 0; i < len(s.wheel[slot]); i++ {
		s.wheel[slot][i].visit(mono, wall)
	}
	for _, r := range s.rooms[slot] {
		r.mix()
	}
	s.seconds(slot)
	s.tick++
	s.next += int64(slotTime)
}

// skip leaves out n slots: their ports send nothing and their clocks go on.
func (s *shard) skip(n int64) {
	s.meter.skipped.Add(n)
	rounds, rest := n/slots, n%slots
	for i := range int64(slots) {
		missed := rounds
		if i < rest {
			missed++
		}
		if missed == 0 {
			continue
		}
		for _, p := range s.wheel[(s.tick+i)%slots] {
			p.miss(missed)
			p.lastTick = s.tick + i + (missed-1)*slots
		}
		for _, r := range s.rooms[(s.tick+i)%slots] {
			r.miss(missed)
		}
	}
	s.tick += n
	s.next += n * int64(slotTime)
}

// add puts a port into the emptiest slot.
func (s *shard) add(p *Port) {
	best := 0
	for i := range s.wheel {
		if len(s.wheel[i]) < len(s.wheel[best]) {
			best = i
		}
	}
	s.place(p, best)
	p.lastTick = s.tick
	s.count++
}

func (s *shard) place(p *Port, slot int) {
	p.slot, p.index = slot, len(s.wheel[slot])
	s.wheel[slot] = append(s.wheel[slot], p)
}

func (s *shard) lift(p *Port) {
	list := s.wheel[p.slot]
	last := len(list) - 1
	list[p.index] = list[last]
	list[p.index].index = p.index
	list[last] = nil
	s.wheel[p.slot] = list[:last]
}

// remove takes a port off the wheel.
func (s *shard) remove(p *Port) {
	s.lift(p)
	s.count--
	s.open.Add(-1)
}

// addRoom puts a room into the slot with the fewest members of rooms.
func (s *shard) addRoom(r *Room) {
	best, least := 0, -1
	for i, list := range s.rooms {
		n := len(s.wheel[i]) / slots
		for _, x := range list {
			n += 1 + len(x.seats)
		}
		if least < 0 || n < least {
			best, least = i, n
		}
	}
	r.slot = best
	s.rooms[best] = append(s.rooms[best], r)
	s.count++
}

func (s *shard) removeRoom(r *Room) {
	s.rooms[r.slot] = slices.DeleteFunc(s.rooms[r.slot], func(x *Room) bool { return x == r })
	s.count--
}

// hasten moves a port to the slot about to be visited, so that a new prompt
// need not wait for the old one's turn. What it gains on its clock is lead,
// which idle frames pay back.
func (s *shard) hasten(p *Port) {
	slot := int(s.tick % slots)
	early := slots - (s.tick - p.lastTick)
	if slot == p.slot || early <= 0 || early >= slots {
		return
	}
	lead := p.lead + int32(early)*leadPerSlot
	if lead > maxLead || len(s.wheel[slot]) > s.count/slots*3/2+16 {
		return
	}
	p.lead = lead
	s.lift(p)
	s.place(p, slot)
}
