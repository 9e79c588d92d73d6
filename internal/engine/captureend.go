package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tandem/internal/voice"
)

// lingered says why the capture ends: the call is over, and nothing of it comes any more.
func (k *capture) lingered(now time.Time) string {
	w := &k.call.wire
	w.mu.Lock()
	defer w.mu.Unlock()
	if k.ended.IsZero() {
		return ""
	}
	if over := now.Sub(k.ended); over >= captureLongest || over >= captureLinger && now.Sub(k.heard) >= captureLinger {
		return "the call is over"
	}
	return ""
}

// errFull ends a capture that is as large as it may be.
var errFull = errors.New("the file is as large as it may be")

// finish ends the capture, for the reason in words or for err, and completes its file
// and its row.
func (k *capture) finish(words string, err error) {
	w := &k.call.wire
	w.mu.Lock()
	taps := append([]*tap(nil), k.taps...)
	w.mu.Unlock()
	for _, t := range taps {
		t.port.Uncapture(t.from)
	}
	if err == nil {
		err = k.write(time.Time{})
	}
	k.row.Lost = k.lostNow()
	if errors.Is(err, errFull) {
		words, err = fmt.Sprintf("the most of %d MB for one call is reached", k.most()>>20), nil
	}
	if err == nil {
		err = k.pcap.Statistics(time.Now(), k.row.Packets+k.row.Lost, k.row.Lost, "The capture ended: "+words+".")
	}
	if err == nil {
		err = k.file.Flush()
	}
	k.row.State, k.row.Words = voice.CaptureFinished, words
	info, ferr := k.draft.Finish()
	if err = errors.Join(err, ferr); err != nil {
		k.row.State, k.row.Words = voice.CaptureFailed, err.Error()
	}
	k.row.Size, k.row.SHA256, k.row.Ended = info.Size, info.SHA256, time.Now()
	k.store()
	k.tell()
	w.mu.Lock()
	w.on = nil
	w.mu.Unlock()
	close(k.done)
}

func (k *capture) most() int64 {
	if n := k.call.e.cfg.CaptureBytes; n > 0 {
		return n
	}
	return captureBytes
}

// tell puts the end on the timeline.
func (k *capture) tell() {
	e := voice.Event{Kind: voice.EventCaptureEnded, Data: map[string]string{"capture": string(k.row.ID), "packets": strconv.FormatInt(k.row.Packets, 10),
		"bytes": strconv.FormatInt(k.row.Size, 10), "lost": strconv.FormatInt(k.row.Lost, 10)}}
	e.Text = fmt.Sprintf("the capture ended with %d packets: %s", k.row.Packets, k.row.Words)
	if k.row.State == voice.CaptureFailed {
		e.Kind, e.Text = voice.EventCaptureFailed, "the capture of packets failed: "+k.row.Words
	}
	if k.row.Lost > 0 {
		e.Text += fmt.Sprintf("; %d packets are missing, because it was written too slowly", k.row.Lost)
	}
	k.call.Note(e)
}

func (k *capture) store() {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	if err := k.call.e.cfg.Captures.UpdateCapture(ctx, k.row); err != nil {
		k.call.e.cfg.Logger.Error("capture's row not stored", "capture", k.row.ID, "err", err)
	}
}

// drop keeps nothing of a capture that did not begin.
func (k *capture) drop() {
	k.discard()
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	if err := k.call.e.cfg.Captures.DeleteCapture(ctx, k.row.Tenant, k.row.ID); err != nil {
		k.call.e.cfg.Logger.Error("capture's row not removed", "capture", k.row.ID, "err", err)
	}
}

func (k *capture) discard() {
	if err := k.draft.Discard(); err != nil {
		k.call.e.cfg.Logger.Error("capture's file not removed", "capture", k.row.ID, "err", err)
	}
}
