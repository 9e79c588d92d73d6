package interp

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// collector gathers keys while the flow goes on. All of it but the answer belongs
// to the run's goroutine, which is the call's that tells of keys.
type collector struct {
	step      flow.Collect // in force; zero = none is
	tones     []byte       // of the present entry
	sent      int          // how many of them have been submitted
	whole     bool         // the entry was submitted as a whole: the next key begins another
	submitted bool         // something of the present plan was
	asking    <-chan struct{}
	queued    *string // tones to be submitted when asking is over
	pressed   func()  // somebody waits for keys

	mu       sync.Mutex
	answer   *answered               // that nobody has taken yet
	stale    bool                    // what is asked is of a flow that was replaced
	cut      context.CancelCauseFunc // ends the present step; nil = none
	answered func()                  // somebody waits for the answer
}

func (c *collector) armed() bool   { return c.step.Dialect != "" }
func (c *collector) pending() bool { return len(c.tones) > c.sent }

// during gives a context for a step that ends, with kind Interrupted, when a plan
// takes the flow's place, or a key cuts the step.
func (c *collector) during(ctx context.Context) (context.Context, func()) {
	inner, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cancel
	if c.answer != nil && c.answer.program != nil && !c.stale {
		cancel(errCommand())
	}
	return inner, func() {
		c.mu.Lock()
		c.cut = nil
		c.mu.Unlock()
		cancel(nil)
	}
}

// arrive takes an answer, in whatever goroutine asked.
func (c *collector) arrive(a answered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = &a
	if a.program != nil && c.cut != nil && !c.stale {
		c.cut(errCommand())
	}
	if c.answered != nil {
		c.answered()
	}
}

// take gives the answer that has come, once; stale says that it is of no use.
func (c *collector) take() (a *answered, stale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer == nil {
		return nil, false
	}
	a, stale = c.answer, c.stale
	c.answer, c.stale = nil, false
	return a, stale
}

// onAnswer calls f when the answer comes, or now when it has; nil ends that.
func (c *collector) onAnswer(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = f
	if f != nil && c.answer != nil {
		f()
	}
}

// collectStep arms the collector, changes it, or ends a flow that has one.
func (r *run) collectStep(ctx context.Context, s flow.Collect) (outcome, error) {
	if s.End {
		return r.endOfPlan(ctx, s)
	}
	if !r.collect.armed() {
		r.call.WatchKeys(func(key byte) bool { return r.collectKey(ctx, key) })
	}
	r.collect.step = s
	return outcome{exit: flow.Next}, nil
}

// disarm forgets the collector and its keys; an answer still to come is ignored.
func (r *run) disarm() {
	c := &r.collect
	if c.armed() {
		r.call.WatchKeys(nil)
	}
	c.step, c.tones, c.sent, c.whole, c.submitted, c.queued = flow.Collect{}, nil, 0, false, false, nil
	c.mu.Lock()
	c.stale = c.asking != nil
	c.mu.Unlock()
}

// collectKey takes a key of the caller. Who talks with the caller hears it too.
func (r *run) collectKey(ctx context.Context, key byte) (taken bool) {
	c, s := &r.collect, r.collect.step
	play, _ := r.node.Step.(flow.Play)
	most := cmp.Or(s.MaxDigits, flow.MaxCollected)
	if key != '#' {
		if c.whole {
			c.tones, c.sent, c.whole = nil, 0, false
		}
		if len(c.tones) < most {
			c.tones = append(c.tones, key)
		}
	}
	switch {
	case s.OnHash && key == '#':
		r.submit(ctx, true)
	case s.OnHash:
	case len(c.tones) >= most && !c.whole:
		r.submit(ctx, true)
	case play.BargeIn:
		r.submit(ctx, false)
	}
	c.mu.Lock()
	if play.BargeIn && c.cut != nil {
		c.cut(errCommand())
	}
	c.mu.Unlock()
	if c.pressed != nil {
		c.pressed()
	}
	_, talks := r.node.Step.(flow.Dial)
	return !talks
}

// submit asks the application with the keys of the entry so far, beside the call.
// whole says that the entry is complete.
func (r *run) submit(ctx context.Context, whole bool) {
	c := &r.collect
	tones := joined(c.tones)
	c.sent, c.whole = len(c.tones), whole
	if c.step.URL == "" {
		return
	}
	c.submitted = true
	if c.asking != nil {
		c.queued = &tones
		return
	}
	r.ask(ctx, tones)
}

func (r *run) ask(ctx context.Context, tones string) {
	c := &r.collect
	q, err := r.question(flow.Fetch{Dialect: c.step.Dialect, URL: c.step.URL, Timeout: flow.CollectTime})
	if err != nil {
		r.noteError("the keys are not submitted: " + voice.Reason(err))
		return
	}
	q.vars[flow.VarCollected] = tones
	r.say("submitting the keys %q to %s", tones, q.urls[0])
	asking := context.WithoutCancel(ctx) // it ends by its own time, though the call be over
	c.asking = r.host.Begin(func() { c.arrive(q.ask(asking, r.host)) })
}

// joined gives keys as they are submitted: "1,2,3".
func joined(keys []byte) string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = string(rune(k))
	}
	return strings.Join(all, ",")
}

// plan takes the answer to a submission that has come: a program takes the place
// of the flow, anything else leaves it going. nil = there is none.
func (r *run) plan(ctx context.Context) *flow.Program {
	c := &r.collect
	a, stale := c.take()
	if a == nil {
		return nil
	}
	<-c.asking
	c.asking = nil
	if stale || a.err != nil {
		if !stale {
			r.say("the answer to the keys is no plan: %s; the flow goes on", voice.Reason(a.err))
		}
		if tones := c.queued; tones != nil {
			c.queued = nil
			r.ask(ctx, *tones)
		}
		return nil
	}
	r.say("status %d, going on in the plan of the answer", a.status)
	r.disarm()
	return a.program
}

// planned gives where the flow goes on: in the plan that has come, or at next.
func (r *run) planned(ctx context.Context, next flow.NodeID) flow.NodeID {
	p := r.plan(ctx)
	if p == nil || r.gone {
		return next
	}
	r.stack, r.depth = nil, 0
	return r.enter(p)
}

// endOfPlan is the end of a flow with a collector, see flow.Collect.End.
func (r *run) endOfPlan(ctx context.Context, s flow.Collect) (outcome, error) {
	c := &r.collect
	for c.armed() {
		if p := r.plan(ctx); p != nil {
			return outcome{program: p, alone: true}, nil
		}
		if c.asking == nil {
			if s.Wait > 0 && !c.submitted {
				more, err := r.awaitKeys(ctx, s)
				if err != nil {
					return outcome{}, err
				}
				if more {
					continue
				}
			}
			if !c.pending() || c.step.OnHash || c.step.URL == "" {
				break
			}
			r.submit(ctx, true)
			continue
		}
		waiting, arrived := context.WithCancelCause(ctx)
		c.onAnswer(func() { arrived(errArrived) })
		err := r.passTime(ctx, waiting, flow.MaxRequestTime)
		c.onAnswer(nil)
		arrived(nil)
		if p := r.plan(ctx); p != nil {
			return outcome{program: p, alone: true}, nil
		}
		if err != nil {
			return outcome{}, err
		}
	}
	return outcome{exit: flow.Next, words: "the plan has run out"}, nil
}

// awaitKeys lets time pass for keys to come; more says that one did.
func (r *run) awaitKeys(ctx context.Context, s flow.Collect) (more bool, err error) {
	waiting, arrived := context.WithCancelCause(ctx)
	defer arrived(nil)
	r.collect.pressed = func() { more = true; arrived(errArrived) }
	err = r.passTime(ctx, waiting, s.Wait)
	r.collect.pressed = nil
	if more && !voice.IsKind(err, voice.HungUp) && !voice.IsKind(err, voice.Expired) && (ctx.Err() == nil || r.collect.asking != nil) {
		err = nil
	}
	return more, err
}

// submitLast waits for what is asked still, and notes what is to be submitted now
// that the call is over: the keys that are pending, or, when nothing was
// submitted, that there are none.
func (r *run) submitLast() {
	c := &r.collect
	if c.asking != nil {
		<-c.asking
	}
	if !c.armed() {
		return
	}
	r.call.WatchKeys(nil)
	pending := c.pending() && !c.step.OnHash
	if c.step.URL == "" || c.submitted && !pending && c.queued == nil {
		return
	}
	tones := ""
	switch {
	case pending:
		tones = joined(c.tones)
	case c.queued != nil:
		tones = *c.queued
	}
	r.call.Note(voice.Event{Kind: voice.EventNotice, Origin: r.origin(), Text: "the keys \"" + tones + "\" are submitted after the call", Data: map[string]string{
		"dialect": c.step.Dialect, flow.DataCollectURL: r.expandURL(c.step.URL), flow.DataCollected: tones}})
}
