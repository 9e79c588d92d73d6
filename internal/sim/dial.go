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
	to := targetWords(spec.Targets)
	text := fmt.Sprintf("dialling %s (%s)", spec.Text, to)
	if spec.CallerID != "" || spec.CallerName != "" {
		text += fmt.Sprintf(" as %s %q", spec.CallerID, spec.CallerName)
	}
	c.note(voice.EventDialStarted, text, map[string]string{"to": to})
	music := sounding{call: c, rest: spec.Music}
	music.loop()
	target, far, after, err := c.ring(ctx, spec)
	var by voice.AnsweredBy
	if err == nil && far.Does == Answers {
		by, err = c.whoAnswered(ctx, spec, far)
	}
	unwanted := by == voice.AnsweredByMachine && spec.Machine == voice.MachineHangup
	if err == nil && far.Does == Answers && !unwanted {
		err = c.welcome(ctx, spec, target)
	}
	music.cut("the end of the ringing")
	if err != nil || far.Does != Answers {
		return c.unanswered(spec, far, after, err)
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

// unanswered notes why nobody answered a dial: it was given up, or failed.
func (c *Call) unanswered(spec voice.DialSpec, far FarEnd, after time.Duration, err error) (voice.DialResult, error) {
	if err != nil {
		c.note(voice.EventDialFailed, spec.Text+": given up, "+voice.Reason(err), nil)
		return voice.DialResult{}, err
	}
	r := failure(far, after)
	c.note(voice.EventDialFailed, spec.Text+": "+r.Words, map[string]string{"cause": string(r.Cause)})
	return r, nil
}

// ring lets time pass until it is decided what comes of a dial: whose doing it is,
// what, and after how long.
func (c *Call) ring(ctx context.Context, spec voice.DialSpec) (voice.Target, FarEnd, time.Duration, error) {
	start := c.w.now
	over := c.rings(spec.Targets)
	defer over()
	for {
		_, _, at := c.outcome(spec, start)
		h, err := c.next(ctx, at)
		switch {
		case err != nil:
			return voice.Target{}, FarEnd{}, 0, err
		case h.key != 0:
			c.drop(h.key, "the caller is ringing")
		case h.timeUp:
			if t, far, at := c.outcome(spec, start); !at.After(c.w.now) {
				return t, far, c.w.now.Sub(start), nil
			}
		}
	}
}

// outcome finds which target decides a dial that began at start, and when: the first
// to answer, else whoever leaves the caller waiting longest.
func (c *Call) outcome(spec voice.DialSpec, start time.Time) (voice.Target, FarEnd, time.Time) {
	var last voice.Target
	worst, at := FarEnd{Does: Fails}, start
	end := start.Add(spec.RingTime)
	answered, any := false, false
	for _, t := range spec.Targets {
		far, when := c.farEnd(t.String(), start)
		if far.Does == Rings || !when.Before(end) {
			far, when = FarEnd{}, end
		}
		switch {
		case far.Does == Answers && (!answered || when.Before(at)):
			answered = true
			last, worst, at = t, far, when
		case far.Does != Answers && !answered && (!any || when.After(at)):
			last, worst, at = t, far, when
		}
		any = true
	}
	return last, worst, at
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
	end := c.talks(t.String())
	defer end()
	r := voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Words: "the far end hung up", Answered: t}
	if spec.Record {
		c.Note(voice.Event{Kind: voice.EventRecordingStarted, Leg: leg, Text: "recording of the talk started", Data: map[string]string{"purpose": string(voice.ForCall), "leg": string(leg)}})
	}
	begun, longest := c.w.now, spec.MaxDuration
	if far.Talk > 0 && far.Talk <= longest {
		longest = far.Talk
	}
	byTime, err := c.talk(ctx, c.w.Phone(t.String()), begun.Add(longest))
	r.Talked = c.w.now.Sub(begun)
	if byTime && longest != far.Talk {
		r.End, r.Cause, r.Words = voice.DialMaxDuration, voice.CauseMaxDuration, "time limit reached"
	}
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

// talk lets time go by until the far end hangs up, or it is until.
func (c *Call) talk(ctx context.Context, far *Phone, until time.Time) (byTime bool, err error) {
	for {
		h, err := c.next(ctx, until)
		switch {
		case err != nil:
			return false, err
		case h.key != 0:
			c.drop(h.key, "the caller is talking")
		case far.hungUp:
			return false, nil
		case h.timeUp:
			return true, nil
		}
	}
}

// pass lets time go by during which keys are not ours and the flow's own time
// does not count.
func (c *Call) pass(ctx context.Context, d time.Duration, doing string) error {
	until := c.w.now.Add(d)
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
