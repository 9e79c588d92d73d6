package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// hours asks the clock. Where there is no way for holidays they are closed.
func (r *run) hours(ctx context.Context, s flow.Hours) (outcome, error) {
	zone := s.Schedule.Timezone
	if zone == "" {
		var err error
		if zone, err = r.host.Timezone(ctx); err != nil {
			if ctx.Err() != nil {
				return outcome{}, err
			}
			r.noteError("the account's time zone can't be had, UTC is taken: " + voice.Reason(err))
			zone = ""
		}
	}
	state, words, err := s.Schedule.At(r.call.Now(), zone)
	if err != nil {
		r.noteError("the hours can't be asked for: " + voice.Reason(err))
		return outcome{exit: flow.Closed, words: "closed, for " + voice.Reason(err)}, nil
	}
	if s.Schedule.Named != "" {
		words += ", by the hours " + s.Schedule.Named
	}
	out := outcome{exit: flow.Closed, words: "closed on " + words}
	switch state {
	case voice.StateOpen:
		out = outcome{exit: flow.Open, words: "open on " + words}
	case voice.StateHoliday:
		out.words = "holiday on " + words
		if r.wired(flow.Holiday) {
			out.exit = flow.Holiday
		}
	}
	return out, nil
}
