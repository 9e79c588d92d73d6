package engine

import (
	"context"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// bridge joins the caller with b until one of them leaves, b's audio stops for
// too long, the time is over or the server stops.
func (c *Call) bridge(ctx context.Context, s voice.DialSpec, b *leg, result voice.DialResult) (voice.DialResult, error) {
	begun := time.Now()
	s.Record = s.Record || c.onTape
	if err := rtpport.Bridge(c.a.port, b.port); err != nil {
		words := "the legs could not be joined: " + err.Error()
		c.endLeg(b, voice.CauseFailed, words)
		return voice.DialResult{End: voice.DialFailed, Cause: voice.CauseFailed, Words: words}, nil
	}
	c.join(b, result.Answered, begun)
	whom := "the caller"
	if c.a.id != c.first {
		whom = c.a.to
	}
	c.Note(voice.Event{Kind: voice.EventBridgeStarted, Leg: b.id, Text: whom + " talks with " + b.to, Data: targetData(result.Answered)})
	stopRecording := c.recordBridge(ctx, s, b)
	longest := s.MaxDuration
	if longest <= 0 {
		longest = voice.DefaultMaxDuration
	}
	c.last = lastTalk{s, begun.Add(longest)}
	w, err := c.talk(ctx, b, c.last.end)
	stays := c.part()
	rtpport.Unbridge(c.a.port, b.port)
	stopRecording()
	result.Talked = time.Since(begun)
	switch {
	case err != nil && stays: // PutAside and Recall say what becomes of both
		result.Words = "broken off for a transfer"
	case err != nil:
		cause := voice.CauseNormal
		if !voice.IsKind(err, voice.HungUp) {
			cause = endCause(context.Cause(ctx))
		}
		c.endLeg(b, cause, "the caller's side ended: "+voice.Reason(err))
	case w.timer:
		result.End, result.Cause, result.Words = voice.DialMaxDuration, voice.CauseMaxDuration, "the longest time of "+longest.String()+" is over"
		c.endLeg(b, result.Cause, result.Words)
	case w.quiet:
		result.Cause, result.Words = voice.CauseMedia, "no audio came from "+b.to+" for "+c.e.cfg.MediaTimeout.String()
		c.Note(voice.Event{Kind: voice.EventMedia, Leg: b.id, Text: result.Words})
		c.endLeg(b, result.Cause, result.Words)
	default:
		_, words := b.dialog.Cause()
		result.Words = b.to + ": " + words
		c.endLeg(b, voice.CauseNormal, words)
	}
	c.Note(voice.Event{Kind: voice.EventBridgeEnded, Leg: b.id, Text: "the bridge ended after " + result.Talked.Round(time.Millisecond).String()})
	return result, err
}

// talk waits for the end of a bridge. Keys in the media pass by themselves, but
// for those that a watcher sees first; these and keys by INFO are pressed for the
// other party.
func (c *Call) talk(ctx context.Context, b *leg, end time.Time) (woken, error) {
	for {
		w, err := c.waitUntil(ctx, b.Done(), nil, at(end))
		if err != nil || w.key == nil {
			return w, err
		}
		if w.key.Method == voice.BySIPInfo || c.watch != nil && w.key.Method == voice.ByRTPEvent {
			c.passKey(b, *w.key)
		}
	}
}

// endLeg ends a dialled leg and puts it into the record.
func (c *Call) endLeg(b *leg, cause voice.Cause, words string) {
	if c.far == b {
		c.far = nil
	}
	c.over(b, cause, words)
}

// over ends a leg that the call has no more to do with. Any goroutine may.
func (c *Call) over(b *leg, cause voice.Cause, words string) {
	c.beside.down(b)
	if b.gone() {
		cause, words = b.dialog.Cause()
	}
	r := b.end(cause, words)
	c.addLeg(r)
	c.Note(endEvent(r, "leg to "+b.to+" ended: "+words))
}
