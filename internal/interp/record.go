package interp

import (
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// record records the caller. When the caller hangs up during it the run goes
// on without the caller, so that the message is still delivered.
func (r *run) record(ctx context.Context, s flow.Record) (outcome, error) {
	// A recording that fails must not leave an earlier one to be delivered.
	r.recording = voice.Recording{}
	delete(r.vars, flow.VarRecording)
	if err := r.answer(ctx); err != nil {
		return outcome{}, err
	}
	res, err := r.call.Record(ctx, voice.RecordSpec{Purpose: s.Purpose, User: s.User, Beep: s.Beep, Finish: s.Finish,
		MaxLength: s.MaxLength, Silence: s.Silence, MinLength: s.MinLength})
	if err != nil {
		if res.Recording.ID != "" { // the time set for the flow ended it
			r.keep(res.Recording)
		}
		return outcome{}, err
	}
	r.gone = res.End == voice.RecordHungUp
	if res.Dropped {
		return outcome{exit: flow.NotRecorded, words: "nothing kept, ended by " + string(res.End)}, nil
	}
	r.keep(res.Recording)
	if res.End == voice.RecordFailedEnd {
		r.noteError("recording failed: " + res.Recording.Words)
		return outcome{exit: flow.Failed, words: "recording failed", unwired: voice.CauseFailed, why: voice.EndStepFailed}, nil
	}
	words := "recorded " + res.Recording.Duration.Round(time.Millisecond).String() + ", ended by " + string(res.End)
	return outcome{exit: flow.Recorded, words: words}, nil
}

// keep makes rec the run's last recording.
func (r *run) keep(rec voice.Recording) {
	r.recording = rec
	r.set(flow.VarRecording, string(rec.ID))
}

// lastRecording gives the run's last recording.
func (r *run) lastRecording(op string) (voice.Recording, error) {
	if r.recording.ID == "" {
		return voice.Recording{}, voice.Errorf(op, voice.Conflict, "nothing has been recorded")
	}
	return r.recording, nil
}
