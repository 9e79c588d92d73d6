package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"time"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// recover closes what an earlier process left open: recordings that were being
// made, whose files are playable as far as they go, and calls without an end.
func (d *Daemon) recover(ctx context.Context) error {
	open, err := d.store.Recordings(ctx, "", voice.RecordingFilter{State: voice.RecordingActive, AllTenants: true, Limit: 10_000})
	if err != nil {
		return err
	}
	late := map[voice.CallID][]voice.Event{}
	for _, r := range open {
		// One that can't be closed is no reason not to start; the next start tries again.
		e, err := d.recoverRecording(ctx, r)
		if err != nil {
			d.log.Error("recording of the last run not closed", "recording", r.ID, "blob", r.Blob, "err", err)
			continue
		}
		late[r.Call] = append(late[r.Call], e)
	}
	notes, err := d.recoverCaptures(ctx)
	if err != nil {
		return err
	}
	for _, e := range notes {
		late[e.Call] = append(late[e.Call], e)
	}
	n, err := d.closeCalls(ctx, late)
	if err != nil {
		return err
	}
	if n > 0 {
		d.log.Warn("the last run ended amid calls; they are closed now", "calls", n)
	}
	for _, events := range late { // of calls that were over
		for _, e := range events {
			if err := d.noteLate(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// recoverRecording makes what there is of a recording a whole one. Of a message
// that a caller was leaving nothing says any more where it was to go but its
// user; it is kept as a message in any case. It gives what is to be noted.
func (d *Daemon) recoverRecording(ctx context.Context, r voice.Recording) (e voice.Event, err error) {
	r.State, r.Ended, r.Words = voice.RecordingPartial, time.Now(), "the server ended while this was recorded"
	draft, size, err := d.blobs.Reopen(ctx, r.Blob)
	switch {
	case voice.IsKind(err, voice.NotExist):
		r, err = d.recoverFinished(ctx, r)
	case err == nil && size <= wavHeader:
		r.State, r.Words = voice.RecordingFailed, "the server ended before anything was recorded"
		err = draft.Discard()
	case err == nil:
		if err = closeHeader(draft, size); err != nil {
			break // the draft stays for the next start
		}
		var info blob.Info
		info, err = draft.Finish()
		r.Size, r.SHA256, r.Duration = info.Size, info.SHA256, wavLength(info.Size, r.Channels)
	}
	if err != nil {
		return e, err
	}
	if err := d.store.UpdateRecording(ctx, r); err != nil {
		return e, err
	}
	d.log.Info("recording of the last run closed", "recording", r.ID, "state", r.State, "length", r.Duration)
	e = voice.Event{Call: r.Call, Tenant: r.Tenant, At: time.Now().Truncate(time.Microsecond), Kind: voice.EventRecordingFinished,
		Text: "recording " + string(r.ID) + ", " + string(r.State) + ": " + r.Words, Data: map[string]string{"recording": string(r.ID)}}
	if r.State == voice.RecordingFailed {
		e.Kind = voice.EventRecordingFailed
	} else if r.Purpose == voice.ForVoicemail {
		info := voice.CallInfo{ID: r.Call, Tenant: r.Tenant, From: r.From, To: r.To}
		return e, d.mailroom.Deliver(ctx, info, voice.Mailbox{User: r.User}, r)
	}
	return e, nil
}

// recoverFinished is for a recording whose file was finished and its row not.
func (d *Daemon) recoverFinished(ctx context.Context, r voice.Recording) (voice.Recording, error) {
	f, err := d.blobs.Open(ctx, r.Blob)
	if voice.IsKind(err, voice.NotExist) {
		r.State, r.Words = voice.RecordingFailed, "the server ended before anything was recorded"
		return r, nil
	}
	if err != nil {
		return r, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	r.State, r.Words = voice.RecordingFinished, "its file was complete"
	r.Size, r.SHA256, r.Duration = n, hex.EncodeToString(sum.Sum(nil)), wavLength(n, r.Channels)
	return r, err
}

// wavHeader is the length of the header of our recordings, in bytes.
const wavHeader = 44

// wavLength gives the length of a recording of 16 bits at 8 kHz.
func wavLength(size int64, channels int) time.Duration {
	return time.Duration(max(size-wavHeader, 0)/int64(2*max(channels, 1))) * time.Second / 8000
}

// closeHeader makes the header tell the true length: it was last written up to
// a second before the end.
func closeHeader(draft blob.Draft, size int64) error {
	name := make([]byte, 4)
	if _, err := draft.ReadAt(name, wavHeader-8); err != nil || string(name) != "data" {
		return err // a header of another shape stays as it is
	}
	for at, n := range map[int64]int64{4: size - 8, wavHeader - 4: size - wavHeader} {
		if _, err := draft.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(n)), at); err != nil {
			return err
		}
	}
	return nil
}
