// Package sim is a call in virtual time: a scripted caller, scripted far ends,
// and a clock that each method moves on to the next thing that happens.
//
// It is not an engine: there is no audio, only the lengths of prompts and of
// speech. It starts no goroutine and never sleeps, so the same script gives the
// same timeline on every run, in microseconds. A Call belongs to one goroutine.
// It is the reference for the contracts in package voice: what they leave open
// is decided here as follows, and the engine does the same.
//
//   - Play without barge-in drops keys, with it a key kept from before cuts the
//     prompts before they sound.
//   - Keys during ringing and during a bridge are not ours and are dropped.
//   - Record drops the keys kept from before, so that the key that cut the
//     greeting does not end the message.
//   - Dial on a call that is not answered yet answers it when the far end has.
package sim

import (
	"context"
	"time"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

// Script is what the parties of a call do; the zero value is a caller who says
// and presses nothing and far ends who never answer.
type Script struct {
	Start  time.Time // of the call; zero = 2026-01-01 12:00 UTC
	Caller []Action
	// Far holds the far ends by target: "extension 101", "number +46…".
	Far map[string]FarEnd
	// Rooms holds the conference rooms that are not like any other, by name.
	Rooms map[string]Room
	// Length gives a prompt's length, or an error when it can't be had. nil =
	// PromptLength.
	Length func(voice.Prompt) (time.Duration, error)
	// StorageFails makes Record fail with kind Unavailable.
	StorageFails bool
	// AnsweredBy is who the caller, or the first party, is; "" = a person.
	AnsweredBy voice.AnsweredBy
	// Refer is what comes of transfers by the caller's own side.
	Refer Referred
}

// Ending is how a call ended.
type Ending struct {
	At       time.Time
	Cause    voice.Cause
	Words    string
	ByCaller bool
}

// Call is a simulated call. It implements every one-method interface of a live
// call in package voice.
type Call struct {
	script   Script
	start    time.Time
	now      time.Time
	answered time.Time // zero = not yet
	expiry   time.Time // set by Expire; zero = never
	caller   caller
	kept     []gather.Press
	events   []voice.Event
	endings  []Ending
	legs     int
	records  []voice.Recording
	said     []said
	tape     *tape
	tapes    int
	watch    func(byte) bool
}

// New begins a call: it has arrived and is not answered.
func New(s Script) *Call {
	if s.Start.IsZero() {
		s.Start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	}
	if s.Length == nil {
		s.Length = PromptLength
	}
	c := &Call{script: s, start: s.Start, now: s.Start}
	c.caller = newCaller(s.Caller, s.Start)
	c.note(voice.EventCallArrived, "call arrived", nil)
	return c
}

// Now implements voice.Timer: it gives the virtual time.
func (c *Call) Now() time.Time { return c.now }

// Expire implements voice.Timer.
func (c *Call) Expire(at time.Time) { c.expiry = at }

// Elapsed gives the virtual time since the call arrived.
func (c *Call) Elapsed() time.Duration { return c.now.Sub(c.start) }

// Events gives the timeline so far.
func (c *Call) Events() []voice.Event { return c.events }

// Endings gives how the call ended. More than one is a fault of who ran it.
func (c *Call) Endings() []Ending { return c.endings }

// Recordings gives what was recorded and kept.
func (c *Call) Recordings() []voice.Recording { return c.records }

// Pending gives what the caller meant to do and has not come to.
func (c *Call) Pending() []Action { return c.caller.pending() }

// Note implements voice.Noter.
func (c *Call) Note(e voice.Event) {
	e.Call = "sim"
	e.Seq = len(c.events) + 1
	if e.At.IsZero() {
		e.At = c.now
	}
	c.events = append(c.events, e)
}

func (c *Call) note(kind voice.EventKind, text string, data map[string]string) {
	c.Note(voice.Event{Kind: kind, Text: text, Data: data})
}

// Answer implements voice.Answerer.
func (c *Call) Answer(ctx context.Context) error {
	if err := c.ready(ctx, "sim.Answer", false); err != nil {
		return err
	}
	c.answer()
	return nil
}

func (c *Call) answer() {
	if c.answered.IsZero() {
		c.answered = c.now
		c.note(voice.EventCallAnswered, "call answered", nil)
	}
}

// Ring implements voice.Ringer.
func (c *Call) Ring(ctx context.Context) error {
	if err := c.ready(ctx, "sim.Ring", false); err != nil {
		return err
	}
	if c.answered.IsZero() {
		c.note(voice.EventCallRinging, "ringing", nil)
	}
	return nil
}

// Wait implements voice.Waiter. Keys are kept.
func (c *Call) Wait(ctx context.Context, d time.Duration) error {
	if err := c.ready(ctx, "sim.Wait", false); err != nil {
		return err
	}
	until := c.now.Add(d)
	for {
		h, err := c.happen(ctx, until)
		if err != nil {
			return err
		}
		switch {
		case h.key != 0:
			c.keep(h.key)
		case h.timeUp:
			return nil
		}
	}
}

// Hangup implements voice.Hanguper.
func (c *Call) Hangup(_ context.Context, cause voice.Cause, words string) error {
	if len(c.endings) > 0 && c.endings[0].ByCaller {
		return voice.Errorf("sim.Hangup", voice.HungUp, "the caller has hung up")
	}
	c.end(Ending{Cause: cause, Words: words})
	return nil
}

func (c *Call) end(e Ending) {
	c.endTape()
	e.At = c.now
	c.endings = append(c.endings, e)
	text := "hung up, " + string(e.Cause) + ": " + e.Words
	if e.ByCaller {
		text = "caller hung up"
	}
	// call.ended is the word of whoever owns the call, once the flow is over.
	c.Note(voice.Event{Kind: voice.EventLegEnded, Leg: "a", Text: text, Data: map[string]string{"cause": string(e.Cause)}})
}

// ready refuses what can't be done on the call as it stands.
func (c *Call) ready(ctx context.Context, op string, audio bool) error {
	if len(c.endings) > 0 {
		return voice.Errorf(op, voice.HungUp, "the call has ended")
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if audio && c.answered.IsZero() {
		return voice.Errorf(op, voice.Conflict, "the call is not answered")
	}
	return nil
}

func (c *Call) keep(key byte) {
	c.kept = append(c.kept, gather.Press{Key: key, Method: voice.ByScript})
}

func (c *Call) drop(key byte, why string) {
	k := string(rune(key))
	c.note(voice.EventDigitDropped, "key "+k+" dropped: "+why, map[string]string{"digit": k})
}
