package interp

import (
	"context"
	"slices"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

func (r *run) gather(ctx context.Context, step flow.Step) (outcome, error) {
	g := step.(flow.Gather)
	s := &g
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	extensions, err := r.extensions(ctx, s)
	if err != nil {
		return outcome{}, err
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
	if s.Secret {
		r.hide(flow.VarDigits, res.Digits)
		if s.Into != "" {
			r.hide(s.Into, res.Digits)
		}
		return r.sort(s, nil, res), nil
	}
	r.set(flow.VarDigits, string(res.Digits))
	if s.Into != "" {
		r.set(s.Into, string(res.Digits))
	}
	return r.sort(s, extensions, res), nil
}

// extensions lists the extensions that may be keyed; an error is that of ctx.
func (r *run) extensions(ctx context.Context, s *flow.Gather) ([]voice.Digits, error) {
	if !s.Extensions {
		return nil, nil
	}
	list, err := r.host.Extensions(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		r.noteError("the extensions can't be had: " + voice.Reason(err))
	}
	return list, nil
}

// sort finds the exit that belongs to what was keyed.
func (r *run) sort(s *flow.Gather, extensions []voice.Digits, res voice.GatherResult) outcome {
	d := res.Digits
	switch {
	case d == "" && res.End == voice.EndFinish:
		return outcome{exit: flow.NoInput, words: "only the finish key"}
	case d == "":
		return outcome{exit: flow.NoInput, words: "no key in time"}
	case s.Secret:
		return outcome{exit: flow.GotDigits, words: "digits " + voice.Hidden(d)}
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
