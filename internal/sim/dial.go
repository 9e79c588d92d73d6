package sim

import (
	"context"
	"fmt"
	"time"

	"tandem/internal/voice"
)

// FarEnd is what a dialled target does. The zero value rings and never answers.
type FarEnd struct {
	Does  FarAction
	After time.Duration    // ringing before it
	Talk  time.Duration    // until it hangs up, when it Answers; 0 = never
	By    voice.AnsweredBy // who answers; "" = a person
}

// FarAction is what a far end does when it is rung.
type FarAction string

// The far ends' actions.
const (
	Rings   FarAction = "" // for as long as it is let
	Answers FarAction = "answers"
	IsBusy  FarAction = "busy"
	Fails   FarAction = "failed" // unreachable, refused
)

// Dial implements voice.Dialer.
func (c *Call) Dial(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
	if err := c.ready(ctx, "sim.Dial", false); err != nil {
		return voice.DialResult{}, err
	}
	if spec.RingTime <= 0 {
		spec.RingTime = voice.DefaultRingTime
	}
	if spec.MaxDuration <= 0 {
		spec.MaxDuration = voice.DefaultMaxDuration
	}
	to := ""
	for i, t := range spec.Targets {
		if i > 0 {
			to += ", "
		}
		to += t.String()
	}
	text := fmt.Sprintf("dialling %s (%s)", spec.Text, to)
	if spec.CallerID != "" || spec.CallerName != "" {
		text += fmt.Sprintf(" as %s %q", spec.CallerID, spec.CallerName)
	}
	c.note(voice.EventDialStarted, text, map[string]string{"to": to})
	target, far, after := c.outcome(spec)
	music := sounding{call: c, rest: spec.Music}
	music.loop()
	err := c.pass(ctx, after, "ringing")
	var by voice.AnsweredBy
	if err == nil && far.Does == Answers {
		by, err = c.whoAnswered(ctx, spec, far)
	}
	unwanted := by == voice.AnsweredByMachine && spec.Machine == voice.MachineHangup
	if err == nil && far.Does == Answers && !unwanted {
		err = c.welcome(ctx, spec, target)
	}
	music.cut("the end of the ringing")
	if err != nil {
		c.note(voice.EventDialFailed, spec.Text+": given up, "+voice.Reason(err), nil)
		return voice.DialResult{}, err
	}
	if far.Does != Answers {
		r := failure(far, after)
		c.note(voice.EventDialFailed, spec.Text+": "+r.Words, map[string]string{"cause": string(r.Cause)})
		return r, nil
	}
	if unwanted {
		r := voice.DialResult{End: voice.DialFailed, Cause: voice.CauseNoAnswer, Words: "an answering machine answered", By: by}
		c.note(voice.EventDialFailed, spec.Text+": "+r.Words, map[string]string{"cause": string(r.Cause), "answered_by": string(by)})
		return r, nil
	}
	r, err := c.bridge(ctx, spec, target, far)
	r.By = by
	return r, err
}

// outcome finds which target decides a dial, and when: the first to answer,
// else whoever leaves the caller waiting longest.
func (c *Call) outcome(spec voice.DialSpec) (voice.Target, FarEnd, time.Duration) {
	var last voice.Target
	worst := FarEnd{Does: Fails}
	after := time.Duration(-1)
	answered := false
	for _, t := range spec.Targets {
		far := c.script.Far[t.String()]
		if far.Does == Rings || far.After >= spec.RingTime {
			far = FarEnd{After: spec.RingTime}
		}
		switch {
		case far.Does == Answers && (!answered || far.After < after):
			answered = true
			last, worst, after = t, far, far.After
		case far.Does != Answers && !answered && far.After > after:
			last, worst, after = t, far, far.After
		}
	}
	return last, worst, max(after, 0)
}

func failure(far FarEnd, after time.Duration) voice.DialResult {
	switch far.Does {
	case IsBusy:
		return voice.DialResult{End: voice.DialBusy, Cause: voice.CauseBusy, Words: "busy"}
	case Fails:
		return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseUnavailable, Words: "not reachable"}
	}
	return voice.DialResult{End: voice.DialNoAnswer, Cause: voice.CauseNoAnswer, Words: "no answer in " + after.String()}
}

// welcome is what whoever answered gets before the caller is let in: keys, and
// prompts that the caller does not hear.
func (c *Call) welcome(ctx context.Context, spec voice.DialSpec, t voice.Target) error {
	var takes time.Duration
	if keys := spec.SendDigits; keys != "" {
		c.note(voice.EventMedia, "keys "+keys+" are sent to "+t.String(), nil)
		for _, k := range keys {
			switch k {
			case 'W':
				takes += time.Second
			case 'w':
				takes += time.Second / 2
			default:
				takes += KeyGap
			}
		}
	}
	for _, p := range spec.Announce {
		d, err := c.promptLength(p)
		if err != nil {
			c.note(voice.EventPromptFailed, p.String()+" can't be played: "+voice.Reason(err), nil)
			continue
		}
		c.note(voice.EventPromptStarted, "playing "+p.String()+" to "+t.String(), nil)
		takes += d
	}
	return c.pass(ctx, takes, "not let in yet")
}

// bridge joins the caller and the far end until one of them or the time limit
// ends it.
func (c *Call) bridge(ctx context.Context, spec voice.DialSpec, t voice.Target, far FarEnd) (voice.DialResult, error) {
	c.answer()
	c.legs++
	leg := voice.LegID(fmt.Sprintf("b%d", c.legs))
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: leg, Text: t.String() + " answered",
		Data: map[string]string{"with": t.String(), "kind": string(t.Kind), "id": t.ID}})
	c.Note(voice.Event{Kind: voice.EventBridgeStarted, Leg: leg, Text: "talking with " + t.String()})
	if spec.OnAnswer != nil {
		spec.OnAnswer()
	}
	r := voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Words: "the far end hung up", Answered: t, Talked: far.Talk}
	if far.Talk <= 0 || far.Talk > spec.MaxDuration {
		r.End, r.Cause, r.Words, r.Talked = voice.DialMaxDuration, voice.CauseMaxDuration, "time limit reached", spec.MaxDuration
	}
	if spec.Record {
		c.Note(voice.Event{Kind: voice.EventRecordingStarted, Leg: leg, Text: "recording of the talk started", Data: map[string]string{"purpose": string(voice.ForCall), "leg": string(leg)}})
	}
	err := c.pass(ctx, r.Talked, "talking")
	if err != nil {
		r.Words = voice.Reason(err)
	}
	if spec.Record {
		c.Note(voice.Event{Kind: voice.EventRecordingFinished, Leg: leg, Text: "recording of the talk finished", Data: map[string]string{"purpose": string(voice.ForCall), "leg": string(leg)}})
	}
	c.Note(voice.Event{Kind: voice.EventBridgeEnded, Leg: leg, Text: "bridge ended: " + r.Words})
	c.Note(voice.Event{Kind: voice.EventLegEnded, Leg: leg, Text: t.String() + " ended: " + r.Words})
	if err != nil {
		return voice.DialResult{}, err
	}
	return r, nil
}

// pass lets time go by during which keys are not ours and the flow's own time
// does not count.
func (c *Call) pass(ctx context.Context, d time.Duration, doing string) error {
	until := c.now.Add(d)
	for {
		h, err := c.next(ctx, until)
		switch {
		case err != nil:
			return err
		case h.key != 0:
			c.drop(h.key, "the caller is "+doing)
		case h.timeUp:
			return nil
		}
	}
}
