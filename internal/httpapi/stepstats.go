package httpapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tandem/internal/voice"
)

// StepsQuery is which app's steps are counted.
type StepsQuery struct {
	App  string    `query:"app" required:"true" maxLength:"64" doc:"The app that answered first"`
	From time.Time `query:"from" doc:"As of the counts of calls"`
	To   time.Time `query:"to"`
}

// StepStat is how many calls came to a step, and how they went on.
type StepStat struct {
	Node    string     `json:"node" doc:"Of the program that ran"`
	Pointer string     `json:"pointer,omitempty" doc:"Its place in the app's document, a JSON Pointer"`
	Reached int        `json:"reached" doc:"Calls that came here, each counted once"`
	Ended   int        `json:"ended" doc:"Calls whose way through the app ended here"`
	Exits   []ExitStat `json:"exits" doc:"Those that most calls took first"`
	Calls   []string   `json:"ended_calls" doc:"The newest of the calls that ended here, 20 at most"`
}

// ExitStat is how many calls took an exit.
type ExitStat struct {
	Exit  string `json:"exit"`
	Calls int    `json:"calls"`
}

// StepStats are the ways of calls through an app.
type StepStats struct {
	From  time.Time  `json:"from"`
	To    time.Time  `json:"to"`
	Calls int        `json:"calls" doc:"Whose ways were counted: the newest, 1,000 at most"`
	Of    int64      `json:"of" doc:"Calls of the span that the app answered first"`
	Steps []StepStat `json:"steps" doc:"Those that most calls reached first"`
}

func (a *API) stepStats(ctx context.Context, c caller, in *StepsQuery) (*answer[StepStats], error) {
	if _, err := a.cfg.Apps.App(ctx, c.tenant, voice.AppID(in.App)); err != nil {
		return nil, there(err, "query.app")
	}
	s, zone, err := a.span(ctx, c, StatFilter{From: in.From, To: in.To, App: in.App}, statDays)
	if err != nil {
		return nil, err
	}
	out := StepStats{From: s.From.In(zone), To: s.To.In(zone)}
	total, err := a.cfg.Stats.CountCalls(ctx, s, voice.CallsInAll, 1)
	if err != nil {
		return nil, err
	}
	if len(total) > 0 {
		out.Of = total[0].Calls
	}
	calls, err := a.cfg.Calls.CDRs(ctx, voice.CDRFilter{Tenant: c.tenant, App: s.App, After: s.From, Before: s.To, Limit: statPaths})
	if err != nil {
		return nil, err
	}
	w := ways{}
	for _, v := range calls {
		events, err := a.cfg.Calls.Events(ctx, v.Call)
		if err != nil {
			return nil, err
		}
		w.add(v, events)
	}
	out.Calls, out.Steps = len(calls), w.steps()
	return body(out), nil
}

// ways are the steps that calls went through, by node.
type ways map[string]*step

type step struct {
	StepStat
	exits map[string]int
}

// add takes the way of a call through the app that answered it first.
func (w ways) add(c voice.CDR, events []voice.Event) {
	reached, left := map[string]bool{}, map[string]bool{}
	last := ""
	for _, e := range events {
		node := e.Data["node"]
		if e.Kind != voice.EventStep || e.Origin.App != c.App || node == "" {
			continue
		}
		n := w[node]
		if n == nil {
			n = &step{StepStat{Node: node, Exits: []ExitStat{}, Calls: []string{}}, map[string]int{}}
			w[node] = n
		}
		n.Pointer = cmp.Or(n.Pointer, e.Origin.Pointer)
		if !reached[node] {
			reached[node] = true
			n.Reached++
		}
		if exit := e.Data["exit"]; exit != "" && !left[node+"\x00"+exit] {
			left[node+"\x00"+exit] = true
			n.exits[exit]++
		}
		last = node
	}
	if n := w[last]; n != nil && !c.End.IsZero() {
		n.Ended++
		if len(n.Calls) < statLinked {
			n.Calls = append(n.Calls, string(c.Call))
		}
	}
}

func (w ways) steps() []StepStat {
	list := []StepStat{}
	for _, n := range w {
		for exit, calls := range n.exits {
			n.Exits = append(n.Exits, ExitStat{exit, calls})
		}
		slices.SortFunc(n.Exits, func(a, b ExitStat) int { return cmp.Or(b.Calls-a.Calls, cmp.Compare(a.Exit, b.Exit)) })
		list = append(list, n.StepStat)
	}
	slices.SortFunc(list, func(a, b StepStat) int { return cmp.Or(b.Reached-a.Reached, cmp.Compare(a.Node, b.Node)) })
	return list
}
