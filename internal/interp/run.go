package interp

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Options of a run; the zero value is good.
type Options struct {
	// Trace, when not nil, is filled with every node that the run enters.
	Trace *Trace
	// Info is what the variables of the call are taken from.
	Info voice.CallInfo
	// Mailbox holds the commands that the run carries out; nil = none come.
	Mailbox *Mailbox
	// Random draws a number from 0 to n-1; nil = at random.
	Random func(n int) int
	// Decide is told what secret digits have decided, and may know better; nil = it stands.
	Decide func(decided bool) bool
}

// Trace is where a run went, node by node.
type Trace struct {
	Visits []Visit
	// Programs holds the program of each visit: one that an application has answered
	// may have the names of another.
	Programs []*flow.Program
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
	info    voice.CallInfo
	random  func(n int) int
	mailbox *Mailbox
	frame           // the present program
	stack   []frame // those that wait for it, the outermost first
	steps   int
	// answered saves asking again; answering twice does nothing anyway.
	answered  bool
	gone      bool // the caller hung up during a recording
	vars      map[string]string
	secrets   map[string]string // what the variables hold that are hidden in vars
	decide    func(bool) bool
	show      shown
	recording voice.Recording
	asked     map[string]int // questions to the applications of a host
	rescued   bool           // the account's rescue app has taken over
	collect   collector
}

// outcome is what a step came to: a way on, or one of the others.
type outcome struct {
	exit    flow.Exit
	words   string        // what decided; "" = the exit says it
	program *flow.Program // go on in this program's entry instead
	returns bool          // and come back to this node when it is over
	// replaces makes program no deeper than the present one.
	replaces bool
	alone    bool        // nothing that waits is come back to
	to       flow.NodeID // go on at this node, where a command was put in between
	back     bool        // the present program is over; the node that began it is left by exit
	expired  bool        // the time set for a program is over
	end      *Result     // the call's flow is over
	left     bool        // with end: the caller has hung up
	// unwired is the cause of the end when exit leads nowhere; "" = CauseNormal.
	unwired voice.Cause
	why     voice.EndReason // of that end; "" = voice.EndFlowOver
}

// Run runs p against call until the flow ends, the caller hangs up or ctx is
// cancelled, and hangs up in every case but the second. Everything that it
// decides is noted on the call. A hang-up during a recording does not end the
// run: the next step that needs the caller does.
//
// Steps that sound answer the call first. Dial does not: on a call that is not
// answered yet the Dialer answers when the far end has.
func Run(ctx context.Context, p *flow.Program, call Call, host Host, o Options) Result {
	return Prepare(p, call, host, o)(ctx)
}

// Prepare gives what Run does, to be called once. Who has many runs at a time
// prepares them in a function that has returned by then, so that no stack holds the
// options for as long as a call.
func Prepare(p *flow.Program, call Call, host Host, o Options) func(context.Context) Result {
	r := &run{call: call, host: host, trace: o.Trace, info: o.Info, random: o.Random, mailbox: cmp.Or(o.Mailbox, &Mailbox{}), vars: map[string]string{}, secrets: map[string]string{}}
	if r.decide = o.Decide; r.decide == nil {
		r.decide = func(decided bool) bool { return decided }
	}
	if r.random == nil {
		r.random = rand.IntN
	}
	return func(ctx context.Context) Result {
		res := r.loop(ctx, p)
		r.submitLast()
		res.Steps = r.steps
		return res
	}
}

func (r *run) loop(ctx context.Context, p *flow.Program) Result {
	if p == nil {
		return r.hangup(ctx, r.fail(voice.EndFlowBroken, "there is no program to run"))
	}
	next := r.enter(p)
	for {
		if res, over := r.interrupted(ctx); over {
			return r.hangup(ctx, res)
		}
		if r.late() {
			to, end := r.expire()
			if end != nil {
				return r.hangup(ctx, *end)
			}
			next = to
		}
		next = r.commanded(r.planned(ctx, next))
		node, ok := r.program.Node(next)
		if !ok {
			return r.hangup(ctx, r.fail(voice.EndFlowBroken, "the flow goes on to node %q, which does not exist", next))
		}
		r.node = node
		if r.steps >= flow.MaxSteps {
			return r.hangup(ctx, r.fail(voice.EndStepLimit, "step limit of %d reached", flow.MaxSteps))
		}
		r.steps++
		r.noteStep(node, "", string(node.ID)+": "+flow.Words(node.Step))
		if r.trace != nil {
			r.visit = len(r.trace.Visits)
			r.trace.Visits = append(r.trace.Visits, Visit{App: r.program.App, Node: node.ID})
			r.trace.Programs = append(r.trace.Programs, r.program)
		}
		r.call.Conceal(r.conceals(node.Step))
		out := r.do(ctx, node.Step)
		to, end := r.follow(out)
		switch {
		case end != nil && out.left:
			return *end
		case end != nil:
			return r.hangup(ctx, *end)
		}
		next = to
	}
}

// do runs a step, unless or until a command takes its place.
func (r *run) do(ctx context.Context, s flow.Step) outcome {
	inner, free := r.mailbox.until(ctx, false)
	defer free()
	inner, leave := r.collect.during(inner)
	defer leave()
	out, err := r.step(inner, s)
	switch {
	case brokenOff(ctx, inner, err):
		return r.passed(s)
	case err != nil:
		return r.broken(ctx, err)
	}
	return out
}

// follow finds the node that an outcome leads to, or the end of the flow.
func (r *run) follow(out outcome) (flow.NodeID, *Result) {
	switch {
	case out.end != nil:
		return "", out.end
	case out.expired:
		return r.expire()
	case out.to != "":
		return out.to, nil
	case out.program != nil && out.alone:
		r.stack, r.depth = nil, 0
		return r.enter(out.program), nil
	case out.program != nil && out.returns:
		r.stack = append(r.stack, r.frame)
		return r.enter(out.program), nil
	case out.program != nil:
		if out.replaces {
			r.disarm()
			r.depth--
		}
		return r.enter(out.program), nil
	case out.back && len(r.stack) == 0:
		return "", &Result{Reason: voice.EndFlowOver, Cause: voice.CauseNormal, Words: "end of the flow at " + string(r.node.ID)}
	case out.back:
		out = r.pop(out.exit, "")
	}
	for {
		if out.to != "" {
			return out.to, nil
		}
		to, wired := r.leave(out)
		if wired {
			return to, nil
		}
		if len(r.stack) == 0 {
			end := r.unwired(out)
			return "", &end
		}
		out = r.pop(flow.Next, out.reason())
	}
}

// leave notes the exit that is taken and gives the node it leads to.
func (r *run) leave(out outcome) (to flow.NodeID, wired bool) {
	node := r.node
	if r.trace != nil {
		r.trace.Visits[r.visit].Exit = out.exit
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

func (o outcome) reason() string {
	if o.words != "" {
		return o.words
	}
	return string(o.exit)
}

// wired reports whether an exit of the present node leads anywhere.
func (r *run) wired(e flow.Exit) bool {
	_, ok := r.node.Exits[e]
	return ok
}

// broken decides what an error of a step means: the end of the run, the end of
// a program's time, or the exit Failed of a step that has one, or else of one
// that began the present program.
func (r *run) broken(ctx context.Context, err error) outcome {
	if voice.IsKind(err, voice.HungUp) {
		end := r.callerLeft(r.place())
		return outcome{end: &end, left: true}
	}
	if res, over := r.interrupted(ctx); over {
		return outcome{end: &res}
	}
	if voice.IsKind(err, voice.Expired) && !r.gone {
		return outcome{expired: true}
	}
	res := r.fail(voice.EndStepFailed, "%s failed: %s", r.place(), voice.Reason(err))
	words, lost := "failed: "+voice.Reason(err), leadsOn(r.node.Step)
	for !r.wired(flow.Failed) {
		if len(r.stack) == 0 {
			if p := r.rescue(ctx, lost); p != nil {
				return outcome{program: p}
			}
			return outcome{end: &res}
		}
		out := r.pop(flow.Failed, words)
		if out.to != "" || out.exit == flow.Next {
			return out
		}
		words = out.words
	}
	return outcome{exit: flow.Failed, words: words, unwired: voice.CauseFailed, why: voice.EndStepFailed}
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

// say notes what the present step does, beside its beginning and its exit.
func (r *run) say(format string, args ...any) {
	r.noteStep(r.node, "", string(r.node.ID)+": "+fmt.Sprintf(format, args...))
}
