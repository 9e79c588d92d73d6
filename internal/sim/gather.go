package sim

import (
	"context"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

// Gather implements voice.Gatherer.
func (c *Call) Gather(ctx context.Context, spec voice.GatherSpec) (voice.GatherResult, error) {
	if err := c.ready(ctx, "sim.Gather", true); err != nil {
		return voice.GatherResult{}, err
	}
	hides := c.hides
	if hides {
		c.onlyHidden()
	}
	m := gather.New(spec, c.w.now)
	c.kept = c.kept[m.TypeAhead(c.w.now, c.kept):]
	s := sounding{call: c, rest: spec.Prompts}
	if m.Playing() {
		c.nextPrompt(m, &s)
	}
	for !m.Done() {
		until, ok := m.Deadline()
		if !ok {
			until = s.ends
		}
		h, err := c.happen(ctx, until)
		switch {
		case err != nil:
			s.cut(voice.Reason(err))
			return voice.GatherResult{}, err
		case h.key != 0:
			c.gatherKey(m, &s, h.key)
		case !h.timeUp:
		case m.Playing():
			c.nextPrompt(m, &s)
		default:
			m.Expire(c.w.now)
		}
	}
	r := m.Result()
	shown := string(r.Digits)
	if hides {
		shown = voice.Hidden(r.Digits)
	}
	c.note(voice.EventGatherEnded, "gathered \""+shown+"\", ended by "+string(r.End),
		map[string]string{"digits": shown, "end": string(r.End)})
	return r, nil
}

// nextPrompt goes on to the next prompt and tells the machine when none is left.
func (c *Call) nextPrompt(m *gather.Machine, s *sounding) {
	if s.next(); !s.on {
		m.PromptsOver(c.w.now)
	}
}

func (c *Call) gatherKey(m *gather.Machine, s *sounding, key byte) {
	switch m.Digit(c.w.now, c.press(key)) {
	case gather.Dropped:
		c.drop(key, "the prompt can't be interrupted")
	case gather.Unused:
		c.keep(key)
	case gather.Taken:
		s.cut("key " + string(rune(key)))
	}
}
