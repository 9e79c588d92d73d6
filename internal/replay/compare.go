package replay

import (
	"context"
	"fmt"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Outcome is what came of a replay.
type Outcome struct {
	Call voice.CallID `json:"call"`
	// Same says that the path is the same, step by step, and ends for the same reason.
	Same bool `json:"same"`
	// Elsewhere says that the call ends at another step, or for another reason.
	Elsewhere bool `json:"elsewhere"`
	// Step is the first step that differs, counted from 1; Was and Is are what was and
	// is done there; "" = the path is over.
	Step int    `json:"step,omitempty"`
	Was  string `json:"was,omitempty"`
	Is   string `json:"is,omitempty"`
	// Ended and Ends are the ends, in words.
	Ended string `json:"ended"`
	Ends  string `json:"ends"`
	// Left is where the run first did what the tape does not have; "" = nowhere.
	Left string `json:"left,omitempty"`
	// Skipped says why the call could not be replayed.
	Skipped string `json:"skipped,omitempty"`
}

// Replay runs a tape. Programs in swap take the place of those of their apps; with
// none the call goes its way again.
func Replay(ctx context.Context, t *Tape, swap map[voice.AppID]*flow.Program) Outcome {
	o := Outcome{Call: t.Call}
	if t.Full || len(t.Runs) == 0 {
		o.Skipped = "the call did more than is kept"
		return o
	}
	o.Same = true
	for _, r := range t.Runs {
		one := r.replay(ctx, swap)
		if one.Same {
			continue
		}
		one.Call = t.Call
		return one // what came after it depends on it
	}
	last := t.Runs[len(t.Runs)-1]
	o.Ended, o.Ends = last.Words, last.Words
	return o
}

func (r *Run) replay(ctx context.Context, swap map[voice.AppID]*flow.Program) Outcome {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &player{run: r, swap: swap, start: r.Info.Start, now: r.Info.Start, used: make([]bool, len(r.Host)), begun: map[int]func(){}, box: &interp.Mailbox{}, cancel: cancel}
	w := world{p}
	program := r.Program
	if s := swap[program.App]; s != nil && program.App != "" {
		program = s
	}
	var trace interp.Trace
	p.told()
	res := interp.Run(ctx, program, p, w, interp.Options{Trace: &trace, Info: r.Info, Mailbox: p.box, Random: func(n int) int {
		v, _ := answer(w, "random", "", 0, nil)
		return min(max(v, 0), n-1)
	}, Decide: func(decided bool) bool {
		v, _ := answer(w, "decide", "", decided, nil)
		return v
	}})
	path := make([]Place, len(trace.Visits))
	for i, v := range trace.Visits {
		path[i] = Place{v.App, v.Node, v.Exit}
	}
	o := Outcome{Ended: r.Words, Ends: res.Words, Left: p.left}
	for i := range max(len(path), len(r.Path)) {
		var was, is string
		if i < len(r.Path) {
			was = r.Path[i].String()
		}
		if i < len(path) {
			is = path[i].String()
		}
		if was != is || r.Path[i].App != path[i].App {
			o.Step, o.Was, o.Is = i+1, was, is
			break
		}
	}
	o.Same = o.Step == 0 && res.Reason == r.Reason
	o.Elsewhere = !o.Same && (res.Reason != r.Reason || end(path) != end(r.Path))
	return o
}

// end gives the place at which a path ends.
func end(path []Place) Place {
	if len(path) == 0 {
		return Place{}
	}
	return path[len(path)-1]
}

// String tells an outcome in a line.
func (o Outcome) String() string {
	switch {
	case o.Skipped != "":
		return fmt.Sprintf("call %s is not replayed: %s", o.Call, o.Skipped)
	case o.Same:
		return fmt.Sprintf("call %s goes the same way", o.Call)
	}
	text := fmt.Sprintf("call %s", o.Call)
	if o.Elsewhere {
		text += " ends elsewhere"
	} else {
		text += " goes another way to the same end"
	}
	if o.Step > 0 {
		text += fmt.Sprintf(": step %d was %q, is %q", o.Step, o.Was, o.Is)
	}
	return text + fmt.Sprintf("; ended %q, ends %q", o.Ended, o.Ends)
}

// Sum is what came of many replays.
type Sum struct {
	Calls     int       `json:"calls"` // that were replayed
	Same      int       `json:"same"`
	Elsewhere int       `json:"elsewhere"`
	Skipped   int       `json:"skipped"`
	More      bool      `json:"more,omitempty"` // there are calls beyond the limit
	Outcomes  []Outcome `json:"outcomes"`       // of those that are not the same, the most of them MaxOutcomes
}

// MaxOutcomes bounds the outcomes of a sum.
const MaxOutcomes = 1000

// Add counts an outcome.
func (s *Sum) Add(o Outcome) {
	if o.Skipped != "" {
		s.Skipped++
		return
	}
	s.Calls++
	if o.Same {
		s.Same++
		return
	}
	if o.Elsewhere {
		s.Elsewhere++
	}
	if len(s.Outcomes) < MaxOutcomes {
		s.Outcomes = append(s.Outcomes, o)
	}
}

// String tells the sum in a sentence.
func (s *Sum) String() string {
	text := fmt.Sprintf("of %d calls %d end elsewhere", s.Calls, s.Elsewhere)
	if other := s.Calls - s.Same - s.Elsewhere; other > 0 {
		text += fmt.Sprintf(", and %d go another way to the same end", other)
	}
	if s.Skipped > 0 {
		text += fmt.Sprintf("; %d can't be replayed", s.Skipped)
	}
	if s.More {
		text += "; there are more calls"
	}
	return text
}

// Uses reports whether a call went through an app.
func (t *Tape) Uses(app voice.AppID) bool {
	for _, r := range t.Runs {
		if r.Program.App == app {
			return true
		}
		for _, p := range r.Path {
			if p.App == app {
				return true
			}
		}
	}
	return false
}
