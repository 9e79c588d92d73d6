package engine

import (
	"context"
	"time"

	"tandem/internal/media/amd"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// DetectMachine implements voice.MachineDetector. Keys meanwhile are kept.
func (c *Call) DetectMachine(ctx context.Context, s voice.MachineSpec) (voice.AnsweredBy, error) {
	if err := c.Answer(ctx); err != nil {
		return "", err
	}
	ear, err := c.listen(c.a, s.MaxTime)
	if err != nil {
		return "", err
	}
	for {
		w, err := c.wait(ctx, ear.rec.Done(), nil)
		switch {
		case err != nil:
			ear.rec.Stop()
			return "", err
		case w.key != nil:
			c.kept = append(c.kept, *w.key)
		case w.quiet:
			// That of a far end, which there is none of.
		case w.done:
			return ear.verdict(), nil
		}
	}
}

// whoAnswered tells a machine from a person where a dial asks for it, before the
// caller, who hears it ring on, is let in. left says that b hung up meanwhile.
func (c *Call) whoAnswered(ctx context.Context, s voice.DialSpec, b *leg, hears *ringing) (by voice.AnsweredBy, left bool, err error) {
	if s.Machine == "" {
		return "", false, nil
	}
	hears.apart()
	ear, err := c.listen(b, 0)
	if err != nil {
		return "", true, nil // its media is closed
	}
	left, err = c.whileApart(ctx, b, ear.rec.Done())
	if left || err != nil {
		ear.rec.Stop()
		return "", left, err
	}
	return ear.verdict(), false, nil
}

// ear listens to who has answered.
type ear struct {
	call     *Call
	leg      *leg
	rec      *rtpport.Recording
	detector *amd.Detector // the recording's until it is done
}

func (c *Call) listen(l *leg, longest time.Duration) (*ear, error) {
	if longest <= 0 {
		longest = voice.DefaultMachineTime
	}
	e := &ear{call: c, leg: l, detector: amd.New(longest)}
	var err error
	if e.rec, err = l.port.Record(rtpport.RecordOptions{Hear: e.detector.Frame}); err != nil {
		return nil, voice.E("engine.DetectMachine", voice.Unavailable, err)
	}
	return e, nil
}

// verdict gives and notes the decision once the recording is done.
func (e *ear) verdict() voice.AnsweredBy {
	decision, why := e.detector.Result()
	by := voice.AnsweredBy(decision)
	words := map[voice.AnsweredBy]string{
		voice.AnsweredByHuman: "a person", voice.AnsweredByMachine: "an answering machine", voice.AnsweredByUnknown: "nobody knows who",
	}[by]
	e.call.Note(voice.Event{Kind: voice.EventMachine, Leg: e.leg.id, Text: words + " has answered: " + why,
		Data: map[string]string{"answered_by": string(by)}})
	return by
}
