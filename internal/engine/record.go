package engine

import (
	"context"
	"strings"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// Record implements voice.Recorder. When ctx ends, as when the server stops, the
// call is hung up and that is the end of the recording: what was said is kept
// and goes its way, as after a hang-up by the caller. It is kept too, and given
// beside the error, when the time set for the flow is over, the call is taken
// elsewhere or a command takes the step's place.
func (c *Call) Record(ctx context.Context, s voice.RecordSpec) (voice.RecordResult, error) {
	if err := c.Answer(ctx); err != nil {
		return voice.RecordResult{}, err
	}
	for _, k := range c.kept { // the key that cut the greeting does not end the message
		c.dropped(k, "it came before the recording")
	}
	c.kept = nil
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
	t, err := c.startTape(ctx, s.Purpose, s.User, nil, rtpport.RecordOptions{
		SilenceEnd: s.Silence, FirstSilence: s.FirstSilence, MaxDuration: min(longest, voice.MaxRecordLength),
	})
	if err != nil {
		c.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "recording failed: " + voice.Reason(err)})
		return voice.RecordResult{End: voice.RecordFailedEnd}, err
	}
	end, key, stopped := c.untilRecorded(ctx, t, s.Finish)
	res := t.stop()
	stays := voice.IsKind(stopped, voice.Expired) || voice.IsKind(stopped, voice.Redirected) || voice.IsKind(stopped, voice.Interrupted)
	if stopped != nil && !stays {
		c.end("", endCause(stopped), voice.Reason(stopped))
	}
	result, err := c.recorded(t, s, res, voice.RecordResult{End: end, Key: key})
	if err == nil && stays {
		err = stopped
	}
	return result, err
}

// endCause is why a call is ended whose context has.
func endCause(err error) voice.Cause {
	switch voice.KindOf(err) {
	case voice.Limit:
		return voice.CauseMaxDuration
	case voice.Ordered, voice.Redirected, voice.Interrupted:
		return voice.CauseNormal
	}
	return voice.CauseShutdown
}

// recorded keeps or drops what was recorded.
func (c *Call) recorded(t *tape, s voice.RecordSpec, res rtpport.Result, result voice.RecordResult) (voice.RecordResult, error) {
	if result.End == "" {
		result.End = recordEnd(res.Reason)
	}
	heard := res.Duration
	if result.End == voice.RecordSilence {
		heard = max(res.Duration-res.TrailingSilence, 0)
	}
	if res.Err == nil && (heard < s.MinLength || res.Speech == 0) {
		t.drop("it holds " + heard.Round(time.Millisecond).String() + " of sound")
		result.Dropped = true
		return result, nil
	}
	var err error
	if result.Recording, err = t.finish(res); err != nil {
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
		if w.key != nil {
			c.dropped(*w.key, "it came before the recording")
		}
	}
}

// untilRecorded waits for the end of a recording; end "" means that it ended by
// itself. stopped is why ctx, or the end of the flow's time, ended it.
func (c *Call) untilRecorded(ctx context.Context, t *tape, finish voice.Digits) (end voice.RecordEnd, key byte, stopped error) {
	for {
		w, err := c.wait(ctx, t.rec.Done(), nil)
		switch {
		case voice.IsKind(err, voice.HungUp):
			return voice.RecordHungUp, 0, nil
		case voice.IsKind(err, voice.Expired):
			return voice.RecordMaxLength, 0, err
		case err != nil:
			return voice.RecordHungUp, 0, context.Cause(ctx)
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

// recordBridge records both sides of a bridge with b when the dial or the
// installation asks for it, and gives what ends that.
func (c *Call) recordBridge(ctx context.Context, s voice.DialSpec, b *leg) (stop func()) {
	if !c.e.cfg.RecordCalls && !s.Record {
		return func() {}
	}
	t, err := c.startTape(ctx, voice.ForCall, "", b, rtpport.RecordOptions{Sides: rtpport.SidesApart})
	if err != nil {
		c.Note(voice.Event{Kind: voice.EventRecordingFailed, Text: "the call is not recorded: " + voice.Reason(err)})
		return func() {}
	}
	return func() {
		t.finish(t.stop()) // a failure is on the timeline
	}
}
