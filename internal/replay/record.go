package replay

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Recorder takes down one run. Make it with New, run the flow with its Call, Host
// and Options, and call End when the run is over.
type Recorder struct {
	call interp.Call
	host interp.Host
	ctx  context.Context // of the run

	hides atomic.Bool // what the caller keys is secret

	mu        sync.Mutex
	run       *Run
	start     time.Time
	begins    int
	cancelled bool
	full      bool
	over      bool // the run is; what still comes is not of it
	trace     interp.Trace
}

// New begins to take down a run of p on a call that began at start. ctx is the
// run's own.
func New(ctx context.Context, p *flow.Program, call interp.Call, host interp.Host, info voice.CallInfo) *Recorder {
	return &Recorder{call: call, host: host, ctx: ctx, start: info.Start,
		run: &Run{Program: p, Programs: map[string]*flow.Program{}, Info: info}}
}

// Options gives those of the run, with what has to be taken down of them.
func (r *Recorder) Options(o interp.Options) interp.Options {
	draw := o.Random
	o.Trace = &r.trace
	if draw != nil {
		o.Random = func(n int) int {
			v := draw(n)
			r.note(&r.run.Host, "random", "", time.Now(), v, nil)
			return v
		}
	}
	// What secret digits decide is kept in place of them.
	o.Decide = func(decided bool) bool {
		r.note(&r.run.Host, "decide", "", time.Now(), decided, nil)
		return decided
	}
	return o
}

// End gives what was taken down. It is nil when that is more than is kept.
func (r *Recorder) End(res interp.Result) *Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.full {
		return nil
	}
	for _, v := range r.trace.Visits {
		r.run.Path = append(r.run.Path, Place{v.App, v.Node, v.Exit})
	}
	r.run.Reason, r.run.Words = res.Reason, res.Words
	return r.run
}

// note takes down an act that is over.
func (r *Recorder) note(list *[]Act, do, key string, begun time.Time, got any, err error) {
	data, jerr := json.Marshal(got)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return
	case len(*list) >= maxActs || jerr != nil:
		r.full = true
		return
	}
	*list = append(*list, Act{Do: do, Key: key, At: begun.Sub(r.start), For: time.Since(begun), Got: data, Err: faultOf(err)})
}

// mark takes down what came from elsewhere.
func (r *Recorder) mark(m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return
	case len(r.run.Marks) >= maxActs:
		r.full = true
		return
	}
	m.Acts = r.began()
	r.run.Marks = append(r.run.Marks, m)
}

// began counts the acts of the call that have begun. The caller holds r.mu.
func (r *Recorder) began() int { return len(r.run.Acts) }

// Command takes down an order, just before the call's mailbox gets it.
func (r *Recorder) Command(c flow.Command) {
	data, err := json.Marshal(c)
	if err != nil {
		r.mu.Lock()
		r.full = true
		r.mu.Unlock()
		return
	}
	r.mark(Mark{What: "command", Command: data})
}

// act does a method of the call and takes it down. Its place is that of its
// beginning, so that what comes meanwhile is marked with it.
func act[R any](r *Recorder, do, key string, f func() (R, error)) (R, error) {
	at := r.actBegins(do, key)
	got, err := f()
	r.actEnds(at, got, err)
	return got, err
}

// actBegins takes down that an act begins, and gives its place.
func (r *Recorder) actBegins(do, key string) int {
	r.seesCancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	at := len(r.run.Acts)
	if at >= maxActs {
		r.full = true
		return at
	}
	r.run.Acts = append(r.run.Acts, Act{Do: do, Key: key, At: time.Since(r.start)})
	return at
}

// actEnds takes down what the act at a place gave.
func (r *Recorder) actEnds(at int, got any, err error) {
	data, bad := json.RawMessage("{}"), error(nil)
	if got != (nothing{}) {
		data, bad = json.Marshal(got)
	}
	r.mu.Lock()
	if bad != nil {
		r.full = true
	}
	if at < len(r.run.Acts) {
		a := &r.run.Acts[at]
		a.For, a.Got, a.Err = max(0, time.Since(r.start)-a.At), data, faultOf(err)
	}
	r.mu.Unlock()
	r.seesCancel()
}

// seesCancel marks where the run's context was seen to have ended.
func (r *Recorder) seesCancel() {
	if r.ctx.Err() == nil {
		return
	}
	r.mu.Lock()
	seen := r.cancelled
	r.cancelled = true
	r.mu.Unlock()
	if !seen {
		r.mark(Mark{What: "cancel", Why: faultOf(context.Cause(r.ctx))})
	}
}

// program keeps a program that an act gave, and gives its number; "" for none.
func (r *Recorder) program(p *flow.Program) string {
	if p == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return ""
	}
	for id, q := range r.run.Programs {
		if p == q {
			return id
		}
	}
	id := strconv.Itoa(len(r.run.Programs) + 1)
	r.run.Programs[id] = p
	return id
}
