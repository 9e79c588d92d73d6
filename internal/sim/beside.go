package sim

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"tandem/internal/voice"
)

// MachineTime is how long a party is listened to until it is known who that is.
const MachineTime = 2 * time.Second

// tape is a recording of the whole call.
type tape struct {
	id     voice.RecordingID
	paused bool
}

// StartTape implements voice.Taper.
func (c *Call) StartTape(_ context.Context, s voice.TapeSpec) (voice.RecordingID, error) {
	const op = "sim.StartTape"
	switch {
	case len(c.endings) > 0:
		return "", voice.Errorf(op, voice.Conflict, "the call has no party")
	case c.tape != nil:
		return "", voice.Errorf(op, voice.Conflict, "the call is recorded already")
	case c.script.StorageFails:
		return "", voice.Errorf(op, voice.Unavailable, "the storage does not answer")
	}
	c.tapes++
	c.tape = &tape{id: voice.RecordingID(fmt.Sprintf("tape%d", c.tapes))}
	c.noteTape(voice.EventRecordingStarted, "started")
	return c.tape.id, nil
}

// OrderTape implements voice.Taper.
func (c *Call) OrderTape(_ context.Context, o voice.TapeOrder) error {
	const op = "sim.OrderTape"
	t := c.tape
	switch {
	case t == nil:
		return voice.Errorf(op, voice.NotExist, "the call is not recorded")
	case o == voice.TapeStop:
		c.endTape()
		return nil
	case t.paused == (o == voice.TapePause):
		return voice.Errorf(op, voice.Conflict, "the recording is paused, or not, already")
	}
	t.paused = !t.paused
	if t.paused {
		c.noteTape(voice.EventRecordingPaused, "paused")
	} else {
		c.noteTape(voice.EventRecordingResumed, "goes on")
	}
	return nil
}

func (c *Call) endTape() {
	if c.tape != nil {
		c.noteTape(voice.EventRecordingFinished, "finished")
		c.tape = nil
	}
}

func (c *Call) noteTape(kind voice.EventKind, what string) {
	c.Note(voice.Event{Kind: kind, Leg: "a", Text: "recording " + string(c.tape.id) + " " + what,
		Data: map[string]string{"recording": string(c.tape.id), "purpose": string(voice.ForCall), "leg": "a"}})
}

// WatchKeys implements voice.KeyWatcher.
func (c *Call) WatchKeys(f func(key byte) bool) { c.watch = f }

// DetectMachine implements voice.MachineDetector. Keys meanwhile are kept.
func (c *Call) DetectMachine(ctx context.Context, s voice.MachineSpec) (voice.AnsweredBy, error) {
	if err := c.ready(ctx, "sim.DetectMachine", true); err != nil {
		return "", err
	}
	longest := cmp.Or(s.MaxTime, voice.DefaultMachineTime)
	by := cmp.Or(c.script.AnsweredBy, voice.AnsweredByHuman)
	until := c.w.now.Add(min(MachineTime, longest))
	if by == voice.AnsweredByUnknown {
		until = c.w.now.Add(longest)
	}
	for {
		h, err := c.happen(ctx, until)
		switch {
		case err != nil:
			return "", err
		case h.key != 0:
			c.keep(h.key)
		case h.timeUp:
			c.noteMachine("a", by)
			return by, nil
		}
	}
}

func (c *Call) noteMachine(leg voice.LegID, by voice.AnsweredBy) {
	c.Note(voice.Event{Kind: voice.EventMachine, Leg: leg, Text: string(by) + " has answered", Data: map[string]string{"answered_by": string(by)}})
}

// whoAnswered lets time pass until it is known who the far end is, where the dial
// asks for it.
func (c *Call) whoAnswered(ctx context.Context, spec voice.DialSpec, far FarEnd) (voice.AnsweredBy, error) {
	if spec.Machine == "" {
		return "", nil
	}
	by := cmp.Or(far.By, voice.AnsweredByHuman)
	if err := c.pass(ctx, MachineTime, "not let in yet"); err != nil {
		return "", err
	}
	c.noteMachine(voice.LegID(fmt.Sprintf("b%d", c.legs+1)), by)
	return by, nil
}
