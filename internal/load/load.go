package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// Bounds, beyond which Options.Much has to be set.
const (
	MaxCalls = 1000 // at once
	MaxRate  = 50   // new calls a second
)

// MaxLength bounds one call.
const MaxLength = 10 * time.Minute

const (
	setUpTime   = 40 * time.Second // to an answer
	leastPause  = time.Second      // after a refusal that says no time
	mostRefused = 20               // in a row, until a caller gives up
)

// Clips gives the audio of prompts, as prompt.Library does.
type Clips interface {
	Clip(ctx context.Context, t voice.TenantID, p voice.Prompt) (*media.Clip, error)
}

// Caller is a test that can be played, with its sounds.
type Caller struct {
	Script suite.Script
	sounds [][]int16 // of its acts; nil for keys and what makes no sound
}

// Ready makes the sound of a script.
func Ready(ctx context.Context, s suite.Script, clips Clips, t voice.TenantID) (Caller, error) {
	if s.Ends > MaxLength {
		return Caller{}, voice.Errorf("load", voice.Limit, "the call lasts %v; %v is the most", s.Ends.Round(time.Second), MaxLength)
	}
	c := Caller{Script: s, sounds: make([][]int16, len(s.Acts))}
	heard := 0
	for i, a := range s.Acts {
		n := int(max(a.For, 0) * phone.Rate / time.Second)
		var all []int16
		for len(all) < n {
			before := len(all)
			for _, p := range a.Prompts {
				clip, err := clips.Clip(ctx, t, p)
				if clip == nil {
					return c, fmt.Errorf("%s: %w", p.String(), err)
				}
				all = append(all, clip.PCM().Samples...)
			}
			if !a.Loop || len(all) == before {
				break
			}
		}
		if all = all[:min(n, len(all))]; audible(all) {
			c.sounds[i] = all
			heard++
		}
	}
	if heard == 0 {
		return c, errors.New("nothing in it is to be heard")
	}
	return c, nil
}

// Options says how much is called, and whom.
type Options struct {
	Target string                     // SIP address
	Calls  int                        // at once
	Rate   float64                    // new calls a second
	For    time.Duration              // new calls are begun for so long; 0 = Repeat says how many
	Repeat int                        // calls of each caller, one after the other; 0 = 1
	Much   bool                       // more than MaxCalls and MaxRate are meant
	Phone  phone.Options              // who calls
	From   func(number string) string // the address that a caller shows; nil = the phone's own
	// Tell is told once a second how it goes; nil = nobody wants to know.
	Tell func(Progress)
}

// Progress is how it goes.
type Progress struct {
	After                            time.Duration
	Up, Begun, Passed, Failed, Again int
	Unsure                           int // that failed while this side was late
}

// run is one run.
type run struct {
	opt     Options
	callers []Caller
	phone   *phone.Phone
	begin   chan struct{} // in: one for each call that may begin
	paused  atomic.Int64  // until when, ns since 1970: the server has asked for it
	up      atomic.Int64
	judge   chan struct{} // out: one for each call whose sound is looked through

	mu     sync.Mutex
	report Report
}

// Run calls the target until all is done or ctx ends, and says what came of it. The
// error says why nothing could be called at all.
func Run(ctx context.Context, callers []Caller, o Options) (*Report, error) {
	switch {
	case len(callers) == 0:
		return nil, voice.Errorf("load", voice.Invalid, "there is no test that the network can play")
	case o.Calls < 1 || o.Rate <= 0:
		return nil, voice.Errorf("load", voice.Invalid, "there is at least 1 call, and a rate above 0")
	case !o.Much && (o.Calls > MaxCalls || o.Rate > MaxRate):
		return nil, voice.Errorf("load", voice.Limit, "more than %d calls at once or %d a second need --much: a server that is not yours may take it for an attack", MaxCalls, MaxRate)
	}
	ph, err := phone.New(o.Phone)
	if err != nil {
		return nil, err
	}
	r := &run{opt: o, callers: callers, phone: ph, begin: make(chan struct{}), judge: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	began, used := time.Now(), processorTime()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg, aside sync.WaitGroup
	stop := make(chan struct{})
	aside.Go(func() { r.pace(ctx, stop) })
	aside.Go(func() { r.tell(began, stop) })
	for i := range o.Calls {
		wg.Go(func() { r.line(ctx, cancel, i, began) })
	}
	wg.Wait()
	close(stop)
	aside.Wait()
	r.report.took(time.Since(began), processorTime()-used)
	err = ph.Close()
	if cause := context.Cause(ctx); errors.Is(cause, errNobody) {
		return &r.report, cause
	}
	return &r.report, err
}

// pace lets calls begin at the rate, and none while the server asks for a pause.
func (r *run) pace(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / r.opt.Rate))
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if now.UnixNano() < r.paused.Load() {
				continue
			}
		case <-stop:
			return
		case <-ctx.Done():
			return
		}
		select {
		case r.begin <- struct{}{}:
		case <-stop:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) tell(began time.Time, stop <-chan struct{}) {
	if r.opt.Tell == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		r.mu.Lock()
		p := Progress{After: time.Since(began), Up: int(r.up.Load()), Begun: r.report.Calls, Passed: r.report.Passed, Failed: r.report.Failed, Unsure: r.report.Unsure, Again: r.report.Refused}
		r.mu.Unlock()
		r.opt.Tell(p)
	}
}

// line makes the calls of one of the callers at once, one after the other.
func (r *run) line(ctx context.Context, cancel context.CancelCauseFunc, n int, began time.Time) {
	refused := 0
	for i := 0; ctx.Err() == nil; {
		if r.opt.For > 0 && time.Since(began) >= r.opt.For || r.opt.For <= 0 && i >= max(1, r.opt.Repeat) {
			return
		}
		select {
		case <-r.begin:
		case <-ctx.Done():
			return
		}
		c := r.callers[(n+i)%len(r.callers)]
		out := r.call(ctx, c)
		if out.again > 0 { // the server is full, and says when to come back
			until := time.Now().Add(out.again).UnixNano()
			for old := r.paused.Load(); old < until && !r.paused.CompareAndSwap(old, until); old = r.paused.Load() {
			}
			if refused++; refused < mostRefused {
				r.count(out, false)
				continue
			}
		}
		refused = 0
		i++
		r.count(out, true)
		if out.nobody && r.nobody() {
			cancel(errNobody)
			return
		}
	}
}

var errNobody = errors.New("the target does not answer: nothing that it sent came here; is the address right, does a server listen there, and does a firewall let UDP through?")

// nobody says that no call has got any answer, after a few.
func (r *run) nobody() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report.SetUp.n() == 0 && r.report.Refused == 0 && r.report.Failed >= min(3, r.opt.Calls)
}
