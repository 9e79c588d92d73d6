package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

func (r *run) play(ctx context.Context, step flow.Step) (outcome, error) {
	s := step.(flow.Play)
	return r.sound(ctx, voice.PlaySpec{Prompts: r.prompts(s.Prompts, s.In), BargeIn: s.BargeIn})
}

// playRecording plays the run's last recording.
func (r *run) playRecording(ctx context.Context) (outcome, error) {
	if r.recording.ID == "" {
		r.noteError("there is no recording to play")
		return outcome{exit: flow.Next, words: "nothing to play"}, nil
	}
	p := voice.Prompt{Kind: voice.PromptRecorded, Recording: r.recording.ID}
	return r.sound(ctx, voice.PlaySpec{Prompts: []voice.Prompt{p}})
}

func (r *run) sound(ctx context.Context, s voice.PlaySpec) (outcome, error) {
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	if len(s.Prompts) == 0 {
		return outcome{exit: flow.Next, words: "nothing to play"}, nil
	}
	res, err := r.call.Play(ctx, s)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{exit: flow.Next, words: string(res.End)}
	switch res.End {
	case voice.PlayCut:
		out.words = "cut by a key"
		if r.wired(flow.Cut) {
			out.exit = flow.Cut
		}
	case voice.PlayFailed:
		out.words = "nothing could be played"
		r.noteError("none of the prompts of " + string(r.node.ID) + " could be played")
	}
	return out, nil
}
