package suite

import (
	"context"
	"errors"
	"slices"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Bounds of one test.
const (
	MaxCalls = 100
	maxLog   = 200_000 // entries of what happened
)

// Setup is what tests run against.
type Setup struct {
	// Main is the flow that calls run that come in; nil = none come in.
	Main *flow.Program
	// Apps are the programs that it leads to, by id; Main is found by its own id too.
	Apps map[voice.AppID]*flow.Program
	// Asker gives who understands the answers of applications; nil = nobody does.
	Asker func(dialect string) dialect.Asker
	// Application is a real application that is asked what a test does not answer
	// itself; nil = none.
	Application Application
	// Seen takes what applications answer and order; nil = nobody wants it.
	Seen *Seen

	script *scripting // nil = it is only a test
}

// Result is what came of a test.
type Result struct {
	Name   string        `json:"name"`
	Line   int           `json:"line"`
	Passed bool          `json:"passed"`
	Fault  *Fault        `json:"fault,omitempty"`
	Took   time.Duration `json:"-"` // virtual time
	log    []entry
	traces []interp.Trace
	begun  time.Time
}

// Run runs one test. It is the same every time. ctx ends it early, as a fault.
func (s Setup) Run(ctx context.Context, f *File, t *Test) *Result {
	w := sim.NewWorld(time.Time{})
	d := &director{world: w, file: f, main: s.Main, apps: s.Application, seen: s.Seen, fars: map[string]sim.FarEnd{}, people: map[string]voice.AnsweredBy{}}
	d.ctx, d.stop = context.WithCancelCause(ctx)
	defer d.stop(nil)
	d.house = &house{world: w, callID: t.Name, programs: map[voice.AppID]*flow.Program{}, asker: s.Asker, routes: map[string]voice.Route{},
		missing: map[string]bool{}, refuses: map[string]bool{}, lines: map[string]*line{}, answered: map[string]string{}}
	if s.Asker == nil {
		d.house.asker = func(string) dialect.Asker { return nil }
	}
	for id, p := range s.Apps {
		d.house.programs[id] = p
	}
	if s.script != nil {
		d.script, d.house.measure = s.script, s.script.measured
	}
	if s.Main != nil {
		d.house.programs[s.Main.App] = s.Main
	}
	res := &Result{Name: t.Name, Line: t.Line, begun: w.Now()}
	var fault error
	d.party = w.Go(func() {
		fault = d.story(t)
		if s.script != nil {
			s.script.ending(d)
		}
		for _, c := range d.calls { // what comes of hanging up is no more of the test
			res.traces = append(res.traces, interp.Trace{Visits: slices.Clone(c.trace.Visits), Programs: c.trace.Programs[:len(c.trace.Visits)]})
		}
		d.finish()
	})
	if s.Application != nil {
		s.Application.Begin(&Control{d})
		w.Still = s.Application.Still
		defer s.Application.Begin(nil)
	}
	w.Run()
	if fault == nil {
		if f := d.checkNevers(); f != nil {
			fault = f
		}
	}
	if fault != nil && !errors.As(fault, &res.Fault) {
		res.Fault = &Fault{Line: d.now.line, Col: d.now.col, Expected: d.now.text, Actual: fault.Error(), at: len(d.log)}
	}
	res.Passed = res.Fault == nil
	res.log = d.log
	if len(d.log) > 0 {
		res.begun = d.log[0].event.At
		res.Took = w.Now().Sub(res.begun)
	}
	return res
}

// story does the sentences.
func (d *director) story(t *Test) error {
	for _, list := range [][]sentence{d.file.common, t.sentences} {
		for _, s := range list {
			if d.ctx.Err() != nil {
				return context.Cause(d.ctx)
			}
			d.now = s
			if err := s.do(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// RunAll runs the tests of a file in their order.
func (s Setup) RunAll(ctx context.Context, f *File) []*Result {
	list := make([]*Result, len(f.Tests))
	for i, t := range f.Tests {
		list[i] = s.Run(ctx, f, t)
	}
	return list
}
