package engine

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"tandem/internal/blob"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// tape is a recording being made: its row exists before its first byte.
type tape struct {
	call  *Call
	row   voice.Recording
	draft blob.Draft
	rec   *rtpport.Recording
}

// startTape opens the file, stores the row and starts the recording.
func (c *Call) startTape(ctx context.Context, purpose voice.RecordingPurpose, user voice.UserID, opt rtpport.RecordOptions) (*tape, error) {
	const op = "engine.Record"
	info := c.Info()
	now := time.Now()
	row := voice.Recording{
		ID: voice.RecordingID(voice.NewID("RE")), Tenant: info.Tenant, Call: info.ID, User: user, Purpose: purpose,
		State: voice.RecordingActive, Channels: 1, From: info.From, To: info.To, Created: now,
	}
	if opt.Sides == rtpport.SidesApart {
		row.Channels = 2
	}
	row.Blob = blob.NewKey("recordings", "wav", now)
	draft, err := c.e.cfg.Drafts.Create(ctx, row.Blob)
	if err != nil {
		return nil, voice.E(op, voice.Unavailable, err)
	}
	t := &tape{call: c, row: row, draft: draft}
	if err := c.e.cfg.Recordings.CreateRecording(ctx, row); err != nil {
		t.discard()
		return nil, voice.E(op, voice.Unavailable, err)
	}
	opt.File = &seekable{Draft: draft}
	if t.rec, err = c.a.port.Record(opt); err != nil {
		t.fail(err.Error())
		return nil, voice.E(op, voice.Unavailable, err)
	}
	c.Note(voice.Event{Kind: voice.EventRecordingStarted, Leg: c.a.id, Text: "recording " + string(row.ID) + " started"})
	return t, nil
}

func (t *tape) store(row voice.Recording) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := t.call.e.cfg.Recordings.UpdateRecording(ctx, row); err != nil {
		t.call.e.cfg.Logger.Error("recording's row not stored", "recording", row.ID, "err", err)
		t.call.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording " + string(row.ID) + " is on disk but its record was not stored: " + voice.Reason(err)})
	}
}

func (t *tape) discard() {
	if err := t.draft.Discard(); err != nil {
		t.call.e.cfg.Logger.Error("recording's file not removed", "recording", t.row.ID, "err", err)
	}
}

func (t *tape) fail(words string) {
	t.row.State, t.row.Words, t.row.Ended = voice.RecordingFailed, words, time.Now()
	if _, err := t.draft.Finish(); err != nil {
		t.row.Words += "; and its file was not closed: " + err.Error()
	}
	t.store(t.row)
	t.call.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording failed: " + words})
}

// drop keeps nothing of the recording.
func (t *tape) drop(words string) {
	t.discard()
	if err := t.call.e.cfg.Recordings.DeleteRecording(context.Background(), t.row.Tenant, t.row.ID); err != nil {
		t.call.e.cfg.Logger.Error("recording's row not removed", "recording", t.row.ID, "err", err)
	}
	t.call.Note(voice.Event{Kind: voice.EventRecordingDropped, Text: "recording not kept: " + words})
}

// finish makes the recording durable and its row final.
func (t *tape) finish(res rtpport.Result) (voice.Recording, error) {
	if res.Err != nil {
		t.fail(res.Err.Error())
		return voice.Recording{}, voice.E("engine.Record", voice.Unavailable, res.Err)
	}
	file, err := t.draft.Finish()
	if err != nil {
		t.row.State, t.row.Words = voice.RecordingFailed, err.Error()
		t.store(t.row)
		return voice.Recording{}, voice.E("engine.Record", voice.Unavailable, err)
	}
	t.row.State, t.row.Size, t.row.SHA256 = voice.RecordingFinished, file.Size, file.SHA256
	t.row.Duration, t.row.Ended = res.Duration, time.Now()
	t.store(t.row)
	text := "recording " + string(t.row.ID) + " of " + res.Duration.Round(time.Millisecond).String() + " finished"
	if res.Gaps > 0 {
		text += ", with gaps because the disk was too slow"
	}
	t.call.Note(voice.Event{Kind: voice.EventRecordingFinished, Text: text})
	return t.row, nil
}

// Record implements voice.Recorder.
func (c *Call) Record(ctx context.Context, s voice.RecordSpec) (voice.RecordResult, error) {
	if err := c.Answer(ctx); err != nil {
		return voice.RecordResult{}, err
	}
	c.kept = nil // the key that cut the greeting does not end the message
	if s.Beep {
		if err := c.beep(ctx); voice.IsKind(err, voice.HungUp) {
			return voice.RecordResult{End: voice.RecordHungUp, Dropped: true}, nil
		} else if err != nil {
			return voice.RecordResult{}, err
		}
	}
	longest := s.MaxLength
	if longest <= 0 {
		longest = voice.DefaultRecordLength
	}
	t, err := c.startTape(ctx, s.Purpose, s.User, rtpport.RecordOptions{
		SilenceEnd: s.Silence, MaxDuration: min(longest, voice.MaxRecordLength),
	})
	if err != nil {
		c.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording failed: " + voice.Reason(err)})
		return voice.RecordResult{End: voice.RecordFailedEnd}, err
	}
	end, key, waitErr := c.untilRecorded(ctx, t, s.Finish)
	res := t.rec.Stop()
	result := voice.RecordResult{End: end, Key: key}
	if end == "" {
		result.End = recordEnd(res.Reason)
	}
	heard := res.Duration
	if result.End == voice.RecordSilence {
		heard = max(res.Duration-res.TrailingSilence, 0)
	}
	switch {
	case waitErr != nil && !voice.IsKind(waitErr, voice.HungUp):
		t.finish(res) // what was said before the server stopped is kept
		return result, waitErr
	case res.Err == nil && (heard < s.MinLength || res.Speech == 0):
		t.drop("it holds " + heard.Round(time.Millisecond).String() + " of sound")
		result.Dropped = true
		return result, nil
	}
	result.Recording, err = t.finish(res)
	if err != nil {
		result.End = voice.RecordFailedEnd
	}
	return result, err
}

// beep plays the beep to its end; keys during it are meant for nothing.
func (c *Call) beep(ctx context.Context) error {
	b := c.a.port.Play(c.e.tones.Beep, false)
	for {
		w, err := c.wait(ctx, b.Done(), nil)
		if err != nil {
			b.Stop()
			return err
		}
		if w.done {
			return nil
		}
	}
}

// untilRecorded waits for the end of a recording; end "" means that it ended by itself.
func (c *Call) untilRecorded(ctx context.Context, t *tape, finish voice.Digits) (end voice.RecordEnd, key byte, err error) {
	for {
		w, err := c.wait(ctx, t.rec.Done(), nil)
		switch {
		case voice.IsKind(err, voice.HungUp):
			return voice.RecordHungUp, 0, err
		case err != nil:
			return "", 0, err
		case w.done:
			return "", 0, nil
		case w.key != nil && strings.IndexByte(string(finish), w.key.Key) >= 0:
			return voice.RecordFinishKey, w.key.Key, nil
		}
	}
}

func recordEnd(r rtpport.EndReason) voice.RecordEnd {
	switch r {
	case rtpport.EndSilence:
		return voice.RecordSilence
	case rtpport.EndLimit:
		return voice.RecordMaxLength
	case rtpport.EndClosed:
		return voice.RecordHungUp
	case rtpport.EndError:
		return voice.RecordFailedEnd
	}
	return voice.RecordFinishKey
}

// recordBridge records both sides of a bridge when the installation asks for
// it, and gives what ends that.
func (c *Call) recordBridge(ctx context.Context) (stop func()) {
	if !c.e.cfg.RecordCalls {
		return func() {}
	}
	t, err := c.startTape(ctx, voice.ForCall, "", rtpport.RecordOptions{Sides: rtpport.SidesApart})
	if err != nil {
		c.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "the call is not recorded: " + voice.Reason(err)})
		return func() {}
	}
	return func() {
		t.finish(t.rec.Stop()) // a failure is on the timeline
	}
}

// seekable gives a draft the one position that a WAV writer expects of a file.
type seekable struct {
	blob.Draft
	at, end int64
}

func (s *seekable) Write(p []byte) (int, error) {
	n, err := s.WriteAt(p, s.at)
	s.at += int64(n)
	s.end = max(s.end, s.at)
	return n, err
}

func (s *seekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.end
	}
	if offset < 0 {
		return s.at, fmt.Errorf("seek to %d: before the file's beginning", offset)
	}
	s.at = offset
	return offset, nil
}
