package interp

import (
	"context"
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

func (r *run) gather(ctx context.Context, s flow.Gather) (outcome, error) {
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	var extensions []voice.Digits
	if s.Extensions {
		var err error
		if extensions, err = r.host.Extensions(ctx); err != nil {
			if ctx.Err() != nil {
				return outcome{}, err
			}
			r.noteError("the extensions can't be had: " + voice.Reason(err))
		}
	}
	var choices []voice.Digits
	if !s.Whole {
		choices = slices.Concat(s.Keys, extensions)
	}
	res, err := r.call.Gather(ctx, voice.GatherSpec{
		Prompts:    r.prompts(s.Prompts, s.In),
		BargeIn:    s.BargeIn,
		MaxDigits:  s.MaxDigits,
		Finish:     s.Finish,
		Choices:    choices,
		FirstDigit: s.FirstDigit,
		InterDigit: s.InterDigit,
		Overall:    s.Overall,
	})
	if err != nil {
		return outcome{}, err
	}
	r.set(flow.VarDigits, string(res.Digits))
	if s.Into != "" {
		r.set(s.Into, string(res.Digits))
	}
	return r.sort(s, extensions, res), nil
}

// sort finds the exit that belongs to what was keyed.
func (r *run) sort(s flow.Gather, extensions []voice.Digits, res voice.GatherResult) outcome {
	d := res.Digits
	switch {
	case d == "" && res.End == voice.EndFinish:
		return outcome{exit: flow.NoInput, words: "only the finish key"}
	case d == "":
		return outcome{exit: flow.NoInput, words: "no key in time"}
	case slices.Contains(s.Keys, d):
		return outcome{exit: flow.Key(d)}
	case s.Extensions && slices.Contains(extensions, d):
		r.set(flow.VarExtension, string(d))
		return outcome{exit: flow.Extension, words: "extension " + string(d)}
	case s.Extensions && len(d) > 1:
		return outcome{exit: flow.UnknownExt, words: "no extension " + string(d)}
	case s.Extensions || len(s.Keys) > 0:
		return outcome{exit: flow.InvalidKey, words: "key " + string(d) + " is not expected"}
	}
	return outcome{exit: flow.GotDigits, words: "digits " + string(d)}
}
