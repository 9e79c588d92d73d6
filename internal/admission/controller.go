package admission

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"tandem/internal/clock"
)

// Interval is the time between two looks at the machine.
const Interval = 100 * time.Millisecond

// Load is how the machine is, since the look before. Zero fields press nothing.
type Load struct {
	// Late and LateTail are how late the latest media thread began its turns: the
	// median, and the 95th percentile. They count while the process itself uses
	// half of its processors: else others of the machine cause them, and refusing
	// would not help.
	Late, LateTail time.Duration
	CPU            float64 // share of the processors it may use that the process used, 0 to 1
	Waiting        int     // events of calls that are not stored yet
	// Room is how many more calls can be carried for good; negative = not known.
	Room int
	Full bool // as many calls are up as may be
}

// Class is what a request begins.
type Class int

// The classes, in the order of service.
const (
	Call     Class = iota // an INVITE that begins a call
	Register              // a REGISTER
	Other                 // OPTIONS and what else begins something
	classes
)

// String gives the class as metrics name it.
func (c Class) String() string { return [...]string{"call", "register", "other"}[c] }

// Request is one that asks to be let in.
type Request struct {
	Class  Class
	Source netip.Addr
	Known  bool // the address of a trunk, or of a telephone that proved itself
	// Waited is how long it waited to be looked at.
	Waited time.Duration
	Urgent bool // an emergency call; counts only when the source is known
}

// Reason is why a request is refused.
type Reason string

// The reasons; "" = none.
const (
	Busy   Reason = "busy"    // more would take longer than callers wait
	Share  Reason = "share"   // the same, and others of its kind come first: its source has had its share
	NoRoom Reason = "no_room" // the media threads carry as many calls as they can
	Full   Reason = "full"    // as many calls are up as the settings allow
)

// Reasons lists them.
func Reasons() []Reason { return []Reason{Busy, Share, NoRoom, Full} }

// Words says the reason to people.
func (r Reason) Words() string {
	switch r {
	case Busy:
		return "calls come faster than they can be set up"
	case Share:
		return "calls come faster than they can be set up, and this source has had its share"
	case NoRoom:
		return "the media threads carry as many calls as they can in time"
	case Full:
		return "as many calls are up as limits.calls allows"
	}
	return ""
}

// Decision is the answer to a Request.
type Decision struct {
	OK         bool
	Reason     Reason        // "" when OK
	RetryAfter time.Duration // 1 to 30 s in whole seconds, 0 when OK
}

// Controller decides. Make it with New.
type Controller struct {
	clock clock.Clock

	mu      sync.Mutex
	rand    *rand.Rand
	at      time.Time // of the last look
	load    Load
	delay   mean          // of set-ups since the last look
	served  float64       // calls a second that had their turn, averaged
	flying  int           // calls that wait for their turn
	last    time.Duration // what calls waited, at the last look
	press   pressure
	rate    rateControl
	sources sources
	low     bucket // registrations
	urgent  bucket // emergency calls
	retry   retry
	counts  [classes]map[Reason]uint64
	asked   int // calls since the last look
}

// New makes a controller. seed makes its jitter repeatable for tests; 0 = random.
func New(c clock.Clock, seed uint64) *Controller {
	if seed == 0 {
		seed = rand.Uint64()
	}
	k := &Controller{clock: c, rand: rand.New(rand.NewPCG(seed, 1)), at: c.Now(), load: Load{Room: -1}}
	k.rate.limit, k.rate.room = unlimited, unlimited
	k.sources.init()
	for i := range k.counts {
		k.counts[i] = map[Reason]uint64{}
	}
	k.urgent.fill(urgentRate, urgentRate, 1)
	return k
}

// urgentRate is how many emergency calls a second are let in whatever presses.
const urgentRate = 10

// Run looks at the machine each Interval until ctx ends.
func (k *Controller) Run(ctx context.Context, read func() Load) {
	for k.clock.Sleep(ctx, Interval) == nil {
		k.Look(read())
	}
}

// Arrived is told of a call that was let in, which is about to wait for its turn;
// TookUp is told when it has had it.
func (k *Controller) Arrived() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flying++
}

// TookUp is told how long a call waited from its arrival until somebody saw to it.
func (k *Controller) TookUp(waited time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flying--
	k.delay.add(waited)
}

// Look takes how the machine is, and sets what is let in until the next look.
func (k *Controller) Look(l Load) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now()
	dt := now.Sub(k.at).Seconds()
	if dt <= 0 {
		return
	}
	k.at, k.load = now, l
	k.press.look(l, k.waited(dt), dt)
	k.rate.look(now, k.press.now, float64(k.asked)/dt, k.served, dt)
	k.rate.hold(l, dt)
	k.asked = 0
	k.sources.look(k.rate.calls(), dt)
	k.low.fill(max(lowRate, lowShare*k.rate.setUps()), dt, 2)
	k.urgent.fill(urgentRate, dt, 1)
	k.retry.look(k.rate.offered, k.rate.calls(), k.rate.limiting(), dt)
}

const (
	lowShare = 0.05 // of the rate of calls, for registrations whatever calls there are
	lowRate  = 2.0  // registrations a second, at least
)

// waited is how long calls wait for their turn: those that had it since the last
// look did, or the next will by the number before it. When none had it, it grows
// with time.
func (k *Controller) waited(dt float64) time.Duration {
	now := float64(k.delay.n) / dt
	k.served += min(1, dt/rateTime) * (now - k.served)
	switch {
	case k.delay.n > 0:
		k.last = k.delay.take()
	case k.flying > 0:
		k.last += time.Duration(dt * float64(time.Second))
	default:
		k.last = 0
	}
	if k.flying >= telling {
		ahead := float64(k.flying) / max(k.served, now, leastRate)
		k.last = max(k.last, time.Duration(min(ahead, 10)*float64(time.Second)))
	}
	return k.last
}

// crowd is the number of calls that wait when nobody else is let in, as a multiple of
// what presses as much as it may.
const crowd = 1.3

// telling is how many calls must wait before their number tells for how long.
const telling = 20

// crowded says whether a call would wait for longer than it should.
// Those who ask for little may wait for longer, before they are refused.
func (k *Controller) crowded(s *source) bool {
	most := crowd * k.served * delayMark.Seconds()
	if s.modest() && s.group == knownGroup {
		most *= 1.5
	}
	return k.flying >= telling && float64(k.flying) >= most
}

// Admit decides about a request.
func (k *Controller) Admit(r Request) Decision {
	k.mu.Lock()
	defer k.mu.Unlock()
	why := k.judge(r)
	k.counts[r.Class][why]++
	if why == "" {
		return Decision{OK: true}
	}
	return Decision{Reason: why, RetryAfter: k.retry.after(k.rand)}
}

func (k *Controller) judge(r Request) Reason {
	if r.Class != Call {
		return k.judgeOther(r)
	}
	k.asked++
	s := k.sources.of(r)
	s.asked++
	if r.Urgent && r.Known && k.urgent.take(1) {
		return ""
	}
	switch {
	case k.load.Full:
		return Full
	case !k.rate.limiting():
		return ""
	case k.rate.pressed && (r.Waited > delayMark || k.crowded(s)):
		return Busy // one that waited for long will have been sent again: newer ones are served
	case !k.sources.take(s):
		if k.rate.room < k.rate.limit {
			return NoRoom
		}
		if s.tokens < 1 {
			return Share
		}
		return Busy
	}
	return ""
}

// judgeOther decides what begins no call: it is served of what calls leave.
func (k *Controller) judgeOther(r Request) Reason {
	switch {
	case !k.rate.pressed:
		return ""
	case r.Class == Register && k.low.take(1):
		return ""
	case k.press.now < lowMark && k.sources.spare(otherCost):
		return ""
	}
	return Busy
}

// otherCost is what a registration costs, in calls.
const otherCost = 0.25

// State is how the controller stands, for people and metrics.
type State struct {
	Limiting bool
	Reason   Reason        // of the limit, "" when there is none
	Rate     float64       // calls a second that are let in at most; 0 when there is no limit
	Offered  float64       // calls a second that ask, in the last second or so
	Pressure float64       // 1 = the rate of calls is lowered
	Delay    time.Duration // of set-ups
	Refused  [classes]map[Reason]uint64
	Admitted [classes]uint64
}

// State gives it.
func (k *Controller) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := State{Limiting: k.rate.limiting() || k.load.Full, Offered: k.rate.offered, Pressure: k.press.now, Delay: time.Duration(k.press.delay)}
	switch {
	case k.load.Full:
		s.Reason = Full
	case !s.Limiting:
	case k.rate.room < k.rate.limit:
		s.Reason, s.Rate = NoRoom, k.rate.calls()
	default:
		s.Reason, s.Rate = Busy, k.rate.calls()
	}
	for c := range k.counts {
		s.Refused[c] = map[Reason]uint64{}
		for why, n := range k.counts[c] {
			if why == "" {
				s.Admitted[c] = n
			} else {
				s.Refused[c][why] = n
			}
		}
	}
	return s
}

// Hold says whether something that can wait, such as an order to call, should:
// it would take what callers are refused for.
func (k *Controller) Hold() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.load.Full || k.rate.limiting()
}
