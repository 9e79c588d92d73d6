package interp

import (
	"context"
	"fmt"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Options of a run; the zero value is good.
type Options struct {
	// Trace, when not nil, is filled with every node that the run enters.
	Trace *Trace
}

// Trace is where a run went, node by node.
type Trace struct {
	Visits []Visit
}

// Visit is one node entered and how it was left.
type Visit struct {
	App  voice.AppID
	Node flow.NodeID
	Exit flow.Exit // "" when the run ended in the node
}

// run is one run of a program; it belongs to the goroutine of Run.
type run struct {
	call    Call
	host    Host
	trace   *Trace
	program *flow.Program
	node    *flow.Node
	depth   int // apps entered
	steps   int
	// answered saves asking again; answering twice does nothing anyway.
	answered  bool
	gone      bool // the caller hung up during a recording
	vars      map[string]string
	counts    map[string]int // of the present app
	recording voice.Recording
}

// outcome is what a step came to: a way on, or one of the other two.
type outcome struct {
	exit    flow.Exit
	words   string        // what decided; "" = the exit says it
	program *flow.Program // go on in this program's entry instead
	end     *Result       // the call's flow is over
	// unwired is the cause of the end when exit leads nowhere; "" = CauseNormal.
	unwired voice.Cause
}

// Run runs p against call until the flow ends, the caller hangs up or ctx is
// cancelled, and hangs up in every case but the second. Everything that it
// decides is noted on the call. A hang-up during a recording does not end the
// run: the next step that needs the caller does.
//
// Steps that sound answer the call first. Dial does not: on a call that is not
// answered yet the Dialer answers when the far end has.
func Run(ctx context.Context, p *flow.Program, call Call, host Host, o Options) Result {
	r := &run{call: call, host: host, trace: o.Trace, vars: map[string]string{}}
	res := r.loop(ctx, p)
	res.Steps = r.steps
	return res
}

func (r *run) loop(ctx context.Context, p *flow.Program) Result {
	if p == nil {
		return r.hangup(ctx, r.fail("there is no program to run"))
	}
	next := r.enter(p)
	for {
		if res, over := r.interrupted(ctx); over {
			return r.hangup(ctx, res)
		}
		node, ok := r.program.Node(next)
		if !ok {
			return r.hangup(ctx, r.fail("the flow goes on to node %q, which does not exist", next))
		}
		r.node = node
		if r.steps >= flow.MaxSteps {
			return r.hangup(ctx, r.fail("step limit of %d reached", flow.MaxSteps))
		}
		r.steps++
		r.noteStep(node, "", string(node.ID)+": "+flow.Words(node.Step))
		if r.trace != nil {
			r.trace.Visits = append(r.trace.Visits, Visit{App: r.program.App, Node: node.ID})
		}
		out, err := r.step(ctx, node.Step)
		if err != nil {
			if res, over := r.broken(ctx, err); over {
				return res
			}
			out = outcome{exit: flow.Failed, words: "failed: " + voice.Reason(err), unwired: voice.CauseFailed}
		}
		switch {
		case out.end != nil:
			return r.hangup(ctx, *out.end)
		case out.program != nil:
			next = r.enter(out.program)
			continue
		}
		to, wired := r.leave(node, out)
		if !wired {
			return r.hangup(ctx, r.unwired(node, out))
		}
		next = to
	}
}

// enter makes p the present program and gives its entry.
func (r *run) enter(p *flow.Program) flow.NodeID {
	r.program = p
	r.depth++
	// Names of counters are the program's own: another app may use them too,
	// and an app that is entered again begins anew.
	r.counts = map[string]int{}
	r.call.Note(voice.Event{
		Kind:   voice.EventAppEntered,
		Origin: voice.Origin{App: p.App},
		Text:   fmt.Sprintf("entered app %q", p.Name),
		Data:   map[string]string{"app": string(p.App), "name": p.Name},
	})
	return p.Entry
}

// leave notes the exit that is taken and gives the node it leads to.
func (r *run) leave(node *flow.Node, out outcome) (to flow.NodeID, wired bool) {
	if r.trace != nil {
		r.trace.Visits[len(r.trace.Visits)-1].Exit = out.exit
	}
	to, wired = node.Exits[out.exit]
	text := string(node.ID) + ": " + out.reason() + " → "
	if !wired {
		r.noteStep(node, out.exit, text+"end of the flow")
		return "", false
	}
	where := "node " + string(to)
	if n, ok := r.program.Node(to); ok {
		where = flow.Words(n.Step)
	}
	r.noteStep(node, out.exit, text+where)
	return to, true
}

// unwired is the end of a run whose exit leads nowhere.
func (r *run) unwired(node *flow.Node, out outcome) Result {
	res := Result{Cause: out.unwired, Words: "end of the flow after " + string(node.ID) + ": " + out.reason()}
	if res.Cause == "" {
		res.Cause = voice.CauseNormal
	}
	switch {
	case r.gone && res.Cause == voice.CauseNormal:
		return r.callerLeft("the recording")
	case out.exit == flow.Completed:
		res.Words = "the far end hung up"
	}
	return res
}

func (o outcome) reason() string {
	if o.words != "" {
		return o.words
	}
	return string(o.exit)
}

// broken decides what an error of a step means: the end of the run (already
// carried out), or the exit Failed of a step that has one.
func (r *run) broken(ctx context.Context, err error) (Result, bool) {
	if voice.IsKind(err, voice.HungUp) {
		return r.callerLeft(r.place()), true
	}
	if res, over := r.interrupted(ctx); over {
		return r.hangup(ctx, res), true
	}
	res := r.fail("%s failed: %s", r.place(), voice.Reason(err))
	if _, wired := r.node.Exits[flow.Failed]; wired {
		return Result{}, false
	}
	return r.hangup(ctx, res), true
}

// place names the present step for the reason of an end: "menu (gather)".
func (r *run) place() string {
	return string(r.node.ID) + " (" + r.node.Step.Kind() + ")"
}

func (r *run) callerLeft(during string) Result {
	return Result{Cause: voice.CauseNormal, Words: "caller hung up during " + during}
}

// interrupted reports whether ctx ends the run, and how. What is left of a run
// whose caller hung up during a recording is carried out in any case: it does
// not wait for anybody and the message must not be lost.
func (r *run) interrupted(ctx context.Context) (Result, bool) {
	if ctx.Err() == nil || r.gone {
		return Result{}, false
	}
	cause := context.Cause(ctx)
	switch voice.KindOf(cause) {
	case voice.HungUp:
		r.gone = true
		if r.node == nil {
			return r.callerLeft("the set-up"), true
		}
		return r.callerLeft(r.place()), true
	case voice.Limit:
		return Result{Cause: voice.CauseMaxDuration, Words: voice.Reason(cause)}, true
	}
	words := "the server is stopping"
	if cause != context.Canceled {
		words += ": " + voice.Reason(cause)
	}
	return Result{Cause: voice.CauseShutdown, Words: words}, true
}

// fail notes that the flow can't go on and gives the end that it makes.
func (r *run) fail(format string, args ...any) Result {
	words := fmt.Sprintf(format, args...)
	r.noteError(words)
	return Result{Cause: voice.CauseFailed, Words: words}
}

// hangup ends the call unless the caller has. It is not kept from it by a
// cancelled context: the Call bounds how long it takes.
func (r *run) hangup(ctx context.Context, res Result) Result {
	if r.gone {
		return res
	}
	err := r.call.Hangup(context.WithoutCancel(ctx), res.Cause, res.Words)
	if err != nil && !voice.IsKind(err, voice.HungUp) {
		r.noteError("hanging up failed: " + voice.Reason(err))
	}
	return res
}

func (r *run) origin() voice.Origin {
	var o voice.Origin
	if r.program != nil {
		o.App = r.program.App
	}
	if r.node != nil {
		o.Pointer = r.node.Origin
	}
	return o
}

func (r *run) noteError(words string) {
	r.call.Note(voice.Event{Kind: voice.EventFlowError, Origin: r.origin(), Text: words})
}

func (r *run) noteStep(n *flow.Node, exit flow.Exit, text string) {
	data := map[string]string{"node": string(n.ID)}
	if n.Step != nil {
		data["step"] = n.Step.Kind()
	}
	if exit != "" {
		data["exit"] = string(exit)
	}
	r.call.Note(voice.Event{Kind: voice.EventStep, Origin: r.origin(), Text: text, Data: data})
}
