package interp

import (
	"fmt"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// frame is a program that is run: the present one, or one whose node waits for
// another program to be over.
type frame struct {
	program *flow.Program
	node    *flow.Node
	counts  map[string]int
	depth   int         // apps entered on the way here
	visit   int         // of node, in the trace
	expires time.Time   // zero = never
	secret  bool        // program has a secret gather
	resume  flow.NodeID // where it goes on after a command; "" = by an exit of node
}

// enter makes p the present program and gives its entry.
func (r *run) enter(p *flow.Program) flow.NodeID {
	// Names of counters are the program's own: another app may use them too,
	// and an app that is entered again begins anew.
	r.frame = frame{program: p, node: r.node, counts: map[string]int{}, depth: r.depth + 1, secret: hasSecret(p)}
	if p.Lifetime > 0 {
		r.expires = r.call.Now().Add(p.Lifetime)
	}
	r.arm()
	r.call.Note(voice.Event{
		Kind:   voice.EventAppEntered,
		Origin: voice.Origin{App: p.App},
		Text:   fmt.Sprintf("entered app %q", p.Name),
		Data:   map[string]string{"app": string(p.App), "name": p.Name},
	})
	return p.Entry
}

// pop ends the present program and gives the outcome of the node that began it.
func (r *run) pop(e flow.Exit, why string) outcome {
	over := r.program
	r.back(len(r.stack) - 1)
	if e == "" {
		e = flow.Next
	}
	words := fmt.Sprintf("app %q is over", over.Name)
	switch {
	case why != "":
		words += ", " + why
	case e != flow.Next:
		words += " by " + string(e)
	}
	if to := r.resume; to != "" {
		r.resume = ""
		return outcome{to: to, words: words}
	}
	if _, is := r.node.Step.(flow.Await); is {
		e = flow.Next // whatever came of a command, the flow goes on
	}
	return outcome{exit: e, words: words}
}

// back makes the i-th waiting frame the present one.
func (r *run) back(i int) {
	r.frame = r.stack[i]
	r.stack = r.stack[:i]
	r.arm()
}

// earliest gives the first time that a program is to end at; zero = none.
func (r *run) earliest() time.Time {
	first := r.expires
	for _, f := range r.stack {
		if !f.expires.IsZero() && (first.IsZero() || f.expires.Before(first)) {
			first = f.expires
		}
	}
	return first
}

// arm sets the call's timer to the time of the programs.
func (r *run) arm() { r.call.Expire(r.earliest()) }

// late reports whether the time of a program is over. It is asked between the
// steps, for those that take no time of the call's.
func (r *run) late() bool {
	at := r.earliest()
	return !r.gone && !at.IsZero() && !r.call.Now().Before(at)
}

// expire goes on where the outermost program whose time is over says.
func (r *run) expire() (flow.NodeID, *Result) {
	at := r.earliest()
	if now := r.call.Now(); now.After(at) {
		at = now
	}
	for i, f := range r.stack {
		if !f.expires.IsZero() && !f.expires.After(at) {
			r.back(i)
			break
		}
	}
	r.expires, r.resume = time.Time{}, ""
	r.arm()
	p := r.program
	words := fmt.Sprintf("the %v set for app %q are over", p.Lifetime, p.Name)
	if p.Expired == "" {
		r.say("%s → end of the call", words)
		return "", &Result{Reason: voice.EndAppTime, Cause: voice.CauseNormal, Words: words}
	}
	r.say("%s → node %s", words, p.Expired)
	return p.Expired, nil
}

// within does f, which uses the call, and ends it at a time of its own; late
// says that it has.
func (r *run) within(at time.Time, f func() error) (late bool, err error) {
	first := r.earliest()
	own := first.IsZero() || at.Before(first)
	if own {
		r.call.Expire(at)
		defer r.arm()
	}
	err = f()
	if own && voice.IsKind(err, voice.Expired) {
		return true, nil
	}
	return false, err
}
