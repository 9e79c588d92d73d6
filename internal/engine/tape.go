package engine

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"tandem/internal/blob"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// storeTime bounds what is stored of a recording, which must not be given up
// because its call is over.
const storeTime = 10 * time.Second

// tape is a recording being made: its row exists before its first byte.
type tape struct {
	call  *Call
	leg   voice.LegID // whom it is about, for the timeline
	row   voice.Recording
	data  map[string]string // what else its events say
	draft blob.Draft
	rec   *rtpport.Recording
}

// recorder is what can be recorded: a port, or a room.
type recorder interface {
	Record(opt rtpport.RecordOptions) (*rtpport.Recording, error)
}

// startTape begins the recording that the flow itself makes; with is the called
// party where the recording is of a talk.
func (c *Call) startTape(ctx context.Context, purpose voice.RecordingPurpose, user voice.UserID, with *leg, opt rtpport.RecordOptions) (*tape, error) {
	about := c.a
	if with != nil {
		about = with
	}
	t, err := c.openTape(ctx, c.a.port, about.id, purpose, user, opt)
	if err == nil {
		c.tape = t // first: it must be ended whatever happens
		t.note(voice.EventRecordingStarted, "started")
	}
	return t, err
}

// openTape opens the file, stores the row and starts the recording; its caller notes
// that.
func (c *Call) openTape(ctx context.Context, on recorder, about voice.LegID, purpose voice.RecordingPurpose, user voice.UserID, opt rtpport.RecordOptions) (*tape, error) {
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
	t := &tape{call: c, leg: about, row: row, draft: draft}
	if err := c.e.cfg.Recordings.CreateRecording(ctx, row); err != nil {
		t.discard()
		return nil, voice.E(op, voice.Unavailable, err)
	}
	opt.File = &seekable{Draft: draft}
	if t.rec, err = on.Record(opt); err != nil {
		t.fail(err.Error())
		return nil, voice.E(op, voice.Unavailable, err)
	}
	return t, nil
}

// note says what has become of the recording.
func (t *tape) note(kind voice.EventKind, what string) {
	t.call.Note(voice.Event{Kind: kind, Leg: t.leg, Text: "recording " + string(t.row.ID) + " " + what, Data: t.about()})
}

// about is what an event of the recording says of it.
func (t *tape) about() map[string]string {
	data := map[string]string{}
	maps.Copy(data, t.data)
	data["recording"], data["purpose"], data["leg"] = string(t.row.ID), string(t.row.Purpose), string(t.leg)
	return data
}

// stop ends the recording; what becomes of it is finish's or drop's.
func (t *tape) stop() rtpport.Result {
	t.call.tape = nil
	return t.rec.Stop()
}

func (t *tape) store(row voice.Recording) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
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

// fail closes a recording that broke; what there is of it stays.
func (t *tape) fail(words string) {
	t.row.State, t.row.Words, t.row.Ended = voice.RecordingFailed, words, time.Now()
	file, err := t.draft.Finish()
	if err != nil {
		t.row.Words += "; and its file was not closed: " + err.Error()
	}
	t.row.Size, t.row.SHA256 = file.Size, file.SHA256
	t.store(t.row)
	t.call.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording failed: " + t.row.Words, Data: t.about()})
}

// drop keeps nothing of the recording.
func (t *tape) drop(words string) {
	t.discard()
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	if err := t.call.e.cfg.Recordings.DeleteRecording(ctx, t.row.Tenant, t.row.ID); err != nil {
		t.call.e.cfg.Logger.Error("recording's row not removed", "recording", t.row.ID, "err", err)
	}
	t.call.Note(voice.Event{Kind: voice.EventRecordingDropped, Text: "recording not kept: " + words, Data: t.about()})
}

// finish makes the recording durable and its row final.
func (t *tape) finish(res rtpport.Result) (voice.Recording, error) {
	t.row.Duration = res.Duration
	if res.Err != nil {
		t.fail(res.Err.Error())
		return voice.Recording{}, voice.E("engine.Record", voice.Unavailable, res.Err)
	}
	file, err := t.draft.Finish()
	if err != nil {
		t.row.State, t.row.Words, t.row.Ended = voice.RecordingFailed, err.Error(), time.Now()
		t.store(t.row)
		t.call.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording failed: " + t.row.Words, Data: t.about()})
		return voice.Recording{}, voice.E("engine.Record", voice.Unavailable, err)
	}
	t.row.State, t.row.Size, t.row.SHA256 = voice.RecordingFinished, file.Size, file.SHA256
	t.row.Ended = time.Now()
	t.store(t.row)
	text := "of " + res.Duration.Round(time.Millisecond).String() + " finished"
	if res.Gaps > 0 {
		text += ", with gaps because the disk was too slow"
	}
	t.note(voice.EventRecordingFinished, text)
	return t.row, nil
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
