package interp

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// dialling is whom a step calls.
type dialling struct {
	list  []voice.Destination
	tries []try
	key   string // under which it is remembered who answered last
}

// dial makes the attempts of its destinations in turn.
func (r *run) dial(ctx context.Context, s flow.Dial) (outcome, error) {
	d, err := r.dialling(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	return r.reach(ctx, s, d, nil)
}

// dialling resolves the destinations of a step.
func (r *run) dialling(ctx context.Context, s flow.Dial) (dialling, error) {
	to := s.To
	if s.ToVar != "" {
		id, err := r.variable(s.ToVar, "interp.dial")
		if err != nil {
			return dialling{}, err
		}
		to.ID = id
	}
	d := dialling{list: append([]voice.Destination{to}, s.Also...), key: string(r.program.App) + "/" + string(r.node.ID)}
	var err error
	d.tries, err = r.tries(ctx, d.list, cmp.Or(s.Strategy, voice.AllAtOnce), d.key)
	return d, err
}

// reach makes the attempts of d in turn until one is answered, which
// onAnswer is told where it is not nil, goes on elsewhere or hangs up. The failure
// of the last decides.
func (r *run) reach(ctx context.Context, s flow.Dial, d dialling, onAnswer func()) (outcome, error) {
	last := voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound, Words: "nobody to call for " + destinationWords(d.list)}
	if len(d.tries) == 0 {
		r.noteError(last.Words)
	}
	if s.Machine != "" {
		r.set(flow.VarAnsweredBy, "")
	}
	spec := voice.DialSpec{RingTime: s.RingTime, MaxDuration: s.MaxDuration, CallerID: s.CallerID,
		Music: r.prompts(s.Music, nil), Announce: r.prompts(s.Announce, nil), SendDigits: s.SendDigits,
		OnAnswer: onAnswer, Record: s.Record, Machine: s.Machine}
	for i, t := range d.tries {
		r.say("try %d of %d for %s: %s", i+1, len(d.tries), t.to, attemptWords(t.Attempt))
		out, res, err := r.attempt(ctx, spec, t)
		if err != nil {
			return outcome{}, err
		}
		if out != nil {
			if s.Strategy == voice.Rotating && out.program == nil && out.end == nil {
				r.host.Answered(d.key, t.to)
			}
			return *out, nil
		}
		last = res
	}
	return r.notReached(last), nil
}

// attempt makes one attempt. A nil outcome means that it failed, and why.
func (r *run) attempt(ctx context.Context, spec voice.DialSpec, t try) (*outcome, voice.DialResult, error) {
	a := t.Attempt
	switch {
	case a.Disconnect:
		end := Result{Reason: voice.EndRouteHangs, Cause: voice.CauseNormal, Words: attemptWords(a) + " for " + t.to}
		return &outcome{end: &end}, voice.DialResult{}, nil
	case a.App != "":
		p, err := r.lookUp(ctx, a.App)
		if err == nil {
			return &outcome{program: p}, voice.DialResult{}, nil
		}
		if ctx.Err() != nil {
			return nil, voice.DialResult{}, err
		}
		r.noteError(voice.Reason(err))
		return nil, voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNotFound, Words: voice.Reason(err)}, nil
	}
	spec.Targets, spec.Text = a.Targets, attemptWords(a)
	spec.RingTime = cmp.Or(spec.RingTime, a.RingTime)
	spec.CallerID, spec.CallerName = r.callerID(ctx, spec.CallerID, a), r.show.name
	res, err := r.call.Dial(ctx, spec)
	if err != nil {
		if ctx.Err() != nil || voice.IsKind(err, voice.HungUp) {
			return nil, res, err
		}
		r.noteError(attemptWords(a) + " failed: " + voice.Reason(err))
		return nil, voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: voice.Reason(err)}, nil
	}
	if res.By != "" {
		r.set(flow.VarAnsweredBy, string(res.By))
	}
	switch res.End {
	case voice.DialCompleted:
		r.answered = true
		out := &outcome{exit: flow.Completed, words: "talked with " + res.Answered.String() + " for " + res.Talked.String(), why: voice.EndFarHungUp}
		if res.Cause == voice.CauseMedia {
			out.why = voice.EndFarNoAudio
		}
		return out, res, nil
	case voice.DialMaxDuration:
		r.answered = true
		return &outcome{exit: flow.MaxDuration, words: "time limit of the call with " + res.Answered.String() + " reached",
			unwired: voice.CauseMaxDuration, why: voice.EndTalkTime}, res, nil
	}
	r.say("%s: %s", attemptWords(a), failureWords(res))
	return nil, res, nil
}

// try is an attempt and whom it is for.
type try struct {
	voice.Attempt
	to string // in words
}

// tries resolves destinations to the attempts that reach them as how says. A
// destination that leads nowhere is noted and left out.
func (r *run) tries(ctx context.Context, list []voice.Destination, how voice.Strategy, key string) ([]try, error) {
	var all []try
	list = r.order(list, how, key)
	for i, d := range list {
		route, err := r.host.Route(ctx, d)
		if err != nil {
			if ctx.Err() != nil || voice.IsKind(err, voice.HungUp) {
				return nil, err
			}
			r.noteError(d.String() + " can't be called: " + voice.Reason(err))
			continue
		}
		attempts := route.Attempts
		if len(list) > 1 && how == voice.AllAtOnce {
			attempts = attempts[:min(1, len(attempts))]
		}
		for _, a := range attempts {
			if a.Disconnect && i < len(list)-1 {
				continue // who takes no calls does not keep them from the others
			}
			all = append(all, try{a, d.String()})
		}
	}
	if len(list) > 1 && how == voice.AllAtOnce {
		all = r.merged(all, destinationWords(list))
	}
	return all, nil
}

// merged makes one attempt of all that ring; the others follow it.
func (r *run) merged(all []try, to string) []try {
	one := try{Attempt: voice.Attempt{}, to: to}
	var rest []try
	left := 0
	for _, t := range all {
		switch {
		case t.App != "":
			rest = append(rest, t)
		case t.Disconnect:
			continue
		default:
			room := min(len(t.Targets), voice.MaxTargets-len(one.Targets))
			left += len(t.Targets) - room
			one.Targets = append(one.Targets, t.Targets[:room]...)
			one.RingTime = max(one.RingTime, t.RingTime)
			one.CallerID = cmp.Or(one.CallerID, t.CallerID)
		}
	}
	if left > 0 {
		r.noteError(fmt.Sprintf("%d more are not rung: %d at once are the most", left, voice.MaxTargets))
	}
	if len(one.Targets) == 0 {
		return rest
	}
	return append([]try{one}, rest...)
}

// order is the order in which destinations are rung.
func (r *run) order(list []voice.Destination, how voice.Strategy, key string) []voice.Destination {
	list = slices.Clone(list)
	switch how {
	case voice.Random:
		for i := len(list) - 1; i > 0; i-- {
			j := r.random(i + 1)
			list[i], list[j] = list[j], list[i]
		}
	case voice.Rotating:
		last := r.host.LastAnswered(key)
		if i := slices.IndexFunc(list, func(d voice.Destination) bool { return d.String() == last }); i >= 0 {
			list = slices.Concat(list[i+1:], list[:i+1])
		}
	}
	return list
}

// notReached is the exit of a dial that nobody answered. A caller who was never
// answered gets the far end's own cause if the flow ends there.
func (r *run) notReached(res voice.DialResult) outcome {
	out := outcome{exit: flow.Failed, words: failureWords(res), why: voice.EndUnreachable}
	switch {
	case res.End == voice.DialBusy:
		out.exit, out.why = flow.Busy, voice.EndBusy
	case res.End == voice.DialNoAnswer:
		out.exit, out.why = flow.NoAnswer, voice.EndNoAnswer
	case res.Cause == voice.CauseRejected:
		out.why = voice.EndRejected
	}
	if !r.answered {
		out.unwired = res.Cause
	}
	return out
}

func failureWords(res voice.DialResult) string {
	if res.Words == "" || res.Words == string(res.End) {
		return string(res.End)
	}
	return string(res.End) + " (" + res.Words + ")"
}

func attemptWords(a voice.Attempt) string {
	switch {
	case a.Text != "":
		return a.Text
	case a.Disconnect:
		return "hang up"
	case a.App != "":
		return "go on in app " + string(a.App)
	case len(a.Targets) == 0:
		return "nobody"
	}
	words := a.Targets[0].String()
	for _, t := range a.Targets[1:] {
		words += ", " + t.String()
	}
	return words
}

func destinationWords(list []voice.Destination) string {
	words := list[0].String()
	for _, d := range list[1:] {
		words += ", " + d.String()
	}
	return words
}
