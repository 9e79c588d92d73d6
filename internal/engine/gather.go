package engine

import (
	"context"
	"time"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

// Gather implements voice.Gatherer: the decisions are package gather's, the
// sound, the keys and the clock are the leg's.
func (c *Call) Gather(ctx context.Context, s voice.GatherSpec) (voice.GatherResult, error) {
	if err := c.Answer(ctx); err != nil {
		return voice.GatherResult{}, err
	}
	hides := c.hides // whatever a command does meanwhile
	if hides {
		c.onlyHidden()
	}
	m := gather.New(s, time.Now())
	c.kept = c.kept[m.TypeAhead(time.Now(), c.kept):]
	p := c.invite(ctx, m, &s)
	for !m.Done() {
		w, err := c.waitUntil(ctx, p.done(), p, m)
		if err != nil {
			if p != nil {
				p.over(false)
			}
			return voice.GatherResult{}, err
		}
		switch {
		case w.done:
			p.over(false)
			p = nil
			m.PromptsOver(time.Now())
		case w.key != nil:
			c.press(m, *w.key, w.at)
			if p != nil && !m.Playing() {
				p.over(true)
				p = nil
			}
		case w.timer:
			m.Expire(time.Now())
		}
	}
	return c.gathered(m.Result(), hides), nil
}

// invite begins the prompts of a gather; nil when there are none.
func (c *Call) invite(ctx context.Context, m *gather.Machine, s *voice.GatherSpec) *playing {
	if !m.Playing() {
		return nil
	}
	p := c.play(ctx, c.a, voice.PlaySpec{Prompts: s.Prompts, BargeIn: s.BargeIn})
	if p == nil {
		m.PromptsOver(time.Now())
	}
	return p
}

// gathered notes what a gather gave.
func (c *Call) gathered(r voice.GatherResult, hides bool) voice.GatherResult {
	shown := string(r.Digits)
	if hides {
		shown = voice.Hidden(r.Digits)
	}
	text := "gathered \"" + shown + "\": " + string(r.End)
	if r.Digits == "" {
		text = "nothing was keyed: " + string(r.End)
	}
	c.Note(voice.Event{Kind: voice.EventGatherEnded, Leg: c.a.id, Text: text,
		Data: map[string]string{"digits": shown, "end": string(r.End)}})
	return r
}

func (c *Call) press(m *gather.Machine, k gather.Press, at time.Time) {
	switch m.Digit(at, k) {
	case gather.Dropped:
		c.dropped(k, "the prompt can't be interrupted")
	case gather.Unused:
		c.kept = append(c.kept, k)
	}
}
