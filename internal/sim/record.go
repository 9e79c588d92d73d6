package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Record implements voice.Recorder. The recording lasts from the beep to its
// end, silence included; it holds sound when the caller spoke during it.
func (c *Call) Record(ctx context.Context, spec voice.RecordSpec) (voice.RecordResult, error) {
	const op = "sim.Record"
	if err := c.ready(ctx, op, true); err != nil {
		return voice.RecordResult{}, err
	}
	if c.script.StorageFails {
		c.note(voice.EventRecordingFailed, "the storage does not answer", nil)
		return voice.RecordResult{}, voice.Errorf(op, voice.Unavailable, "the storage does not answer")
	}
	for _, k := range c.kept {
		c.drop(k.Key, "a recording begins")
	}
	c.kept = nil
	if spec.Beep {
		beep := voice.Prompt{Kind: voice.PromptTone, Standard: "beep"}
		if _, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{beep}}); err != nil {
			if voice.IsKind(err, voice.HungUp) {
				return c.recorded(spec, c.w.now, voice.RecordResult{End: voice.RecordHungUp}, false), nil
			}
			return voice.RecordResult{}, err
		}
	}
	return c.recordUntilEnd(ctx, spec)
}

func (c *Call) recordUntilEnd(ctx context.Context, spec voice.RecordSpec) (voice.RecordResult, error) {
	if spec.MaxLength <= 0 {
		spec.MaxLength = voice.DefaultRecordLength
	}
	start := c.w.now
	full := start.Add(spec.MaxLength)
	c.note(voice.EventRecordingStarted, "recording for "+string(spec.Purpose), nil)
	c.taking++
	defer func() { c.taking-- }()
	c.w.Wake()
	sound := c.caller.talking.After(start)
	for {
		until, end := full, voice.RecordMaxLength
		silence := spec.Silence
		if spec.FirstSilence > 0 && !sound {
			silence = spec.FirstSilence
		}
		if silence > 0 {
			from := start
			if c.caller.talking.After(from) {
				from = c.caller.talking
			}
			if q := from.Add(silence); q.Before(full) {
				until, end = q, voice.RecordSilence
			}
		}
		h, err := c.happen(ctx, until)
		switch {
		case voice.IsKind(err, voice.HungUp):
			return c.recorded(spec, start, voice.RecordResult{End: voice.RecordHungUp}, sound), nil
		case voice.IsKind(err, voice.Expired):
			return c.recorded(spec, start, voice.RecordResult{End: voice.RecordMaxLength}, sound), err
		case err != nil:
			c.recorded(spec, start, voice.RecordResult{End: voice.RecordFailedEnd}, sound)
			return voice.RecordResult{}, err
		case h.timeUp:
			return c.recorded(spec, start, voice.RecordResult{End: end}, sound), nil
		case h.spoke:
			sound = true
		case h.key == 0: // something outside the call
		case strings.IndexByte(string(spec.Finish), h.key) >= 0:
			return c.recorded(spec, start, voice.RecordResult{End: voice.RecordFinishKey, Key: h.key}, sound), nil
		default:
			c.drop(h.key, "it does not end the recording")
		}
	}
}

// recorded closes a recording that began at start.
func (c *Call) recorded(spec voice.RecordSpec, start time.Time, r voice.RecordResult, sound bool) voice.RecordResult {
	length := c.w.now.Sub(start)
	if !sound || length < spec.MinLength {
		r.Dropped = true
		c.note(voice.EventRecordingDropped, fmt.Sprintf("recording of %v dropped, ended by %s", length, r.End), nil)
		return r
	}
	r.Recording = voice.Recording{
		ID:       voice.RecordingID(fmt.Sprintf("rec%d", len(c.records)+1)),
		Call:     c.id,
		User:     spec.User,
		Purpose:  spec.Purpose,
		State:    voice.RecordingFinished,
		Duration: length,
		Channels: 1,
		Created:  start,
		Ended:    c.w.now,
	}
	c.records = append(c.records, r.Recording)
	c.note(voice.EventRecordingFinished, fmt.Sprintf("recorded %v, ended by %s", length, r.End),
		map[string]string{"recording": string(r.Recording.ID), "purpose": string(spec.Purpose), "leg": "a"})
	return r
}
