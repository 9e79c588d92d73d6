package sim

import (
	"context"
	"fmt"

	"tandem/internal/voice"
)

// Place rings targets for a call that we begin; whoever answers first becomes its
// first party, who is the caller from then on.
func (c *Call) Place(ctx context.Context, spec voice.DialSpec) (voice.DialResult, error) {
	if err := c.ready(ctx, "sim.Place", false); err != nil {
		return voice.DialResult{}, err
	}
	if spec.RingTime <= 0 {
		spec.RingTime = voice.DefaultRingTime
	}
	to := targetWords(spec.Targets)
	c.note(voice.EventDialStarted, fmt.Sprintf("dialling %s (%s)", spec.Text, to), map[string]string{"to": to})
	target, far, after, err := c.ring(ctx, spec)
	if err != nil || far.Does != Answers {
		return c.unanswered(spec, far, after, err)
	}
	if far.By != "" {
		c.script.AnsweredBy = far.By
	}
	c.caller.base = c.w.now
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: "a", Text: target.String() + " answered",
		Data: map[string]string{"with": target.String(), "kind": string(target.Kind), "id": target.ID}})
	c.talks(target.String())
	c.answer()
	return voice.DialResult{End: voice.DialCompleted, Cause: voice.CauseNormal, Answered: target, By: far.By}, nil
}

func targetWords(targets []voice.Target) string {
	to := ""
	for i, t := range targets {
		if i > 0 {
			to += ", "
		}
		to += t.String()
	}
	return to
}
