package daemon

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// recover closes what an earlier process left open: calls without an end, and
// recordings that were being made, whose files are playable as far as they go.
func (d *Daemon) recover(ctx context.Context) error {
	n, err := d.store.CloseOpenCalls(ctx, time.Now())
	if err != nil {
		return err
	}
	if n > 0 {
		d.log.Warn("the last run ended amid calls; they are closed now", "calls", n)
	}
	open, err := d.store.Recordings(ctx, "", voice.RecordingFilter{State: voice.RecordingActive, AllTenants: true, Limit: 10_000})
	if err != nil {
		return err
	}
	for _, r := range open {
		if err := d.recoverRecording(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Daemon) recoverRecording(ctx context.Context, r voice.Recording) error {
	r.State, r.Ended, r.Words = voice.RecordingPartial, time.Now(), "the server ended while this was recorded"
	draft, size, err := d.blobs.Reopen(ctx, r.Blob)
	if err == nil {
		info, err := draft.Finish()
		if err != nil {
			return err
		}
		r.Size, r.SHA256 = info.Size, info.SHA256
		r.Duration = time.Duration(size-wavHeader) * time.Second / time.Duration(2*8000*max(r.Channels, 1))
	} else if stat, serr := d.blobs.Stat(ctx, r.Blob); serr == nil {
		// The file was finished and its row was not.
		r.State, r.Words, r.Size = voice.RecordingFinished, "", stat.Size
	} else {
		r.State, r.Words = voice.RecordingFailed, "the server ended before anything was written"
	}
	d.log.Info("recording of the last run closed", "recording", r.ID, "state", r.State)
	return d.store.UpdateRecording(ctx, r)
}

// wavHeader is the length of the header of our recordings, in bytes.
const wavHeader = 44
