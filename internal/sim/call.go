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
	// Arrival is the data of the call's first event.
	Arrival map[string]string
	// Noted, where it is not nil, is told of each event as it is noted.
	Noted func(voice.Event)
	// Broken, where it is not nil, is called when what the call does is broken off: what
	// goes on beside it for the flow is not waited for in virtual time any more.
	Broken func()
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
	w        *World
	id       voice.CallID
	start    time.Time
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
	hides    bool // keys are secret
	kicked   bool // out of the room
	taking   int  // recordings of what the caller says under way
}

// New begins a call in a world of its own: it has arrived and is not answered.
func New(s Script) *Call { return NewWorld(s.Start).Call("sim", s) }

// Call begins a call now; the Start of its script does not count.
func (w *World) Call(id voice.CallID, s Script) *Call {
	if s.Length == nil {
		s.Length = PromptLength
	}
	c := &Call{script: s, w: w, id: id, start: w.now}
	c.caller = newCaller(s.Caller, w.now)
	c.note(voice.EventCallArrived, "call arrived", s.Arrival)
	return c
}

// Answered gives when the call was answered; zero = it is not.
func (c *Call) Answered() time.Time { return c.answered }

// Act has the caller do something more, after what is still to be done, and at once
// where that is nothing.
func (c *Call) Act(a Action) {
	if c.caller.base.Before(c.w.now) {
		c.caller.base = c.w.now
	}
	c.caller.add(a)
	c.w.Wake()
}

// Script gives what the parties do, for who changes it as the call goes on.
func (c *Call) Script() *Script { return &c.script }

// Listens reports whether what the caller says is recorded now.
func (c *Call) Listens() bool { return c.taking > 0 }

// Now implements voice.Timer: it gives the virtual time.
func (c *Call) Now() time.Time { return c.w.now }

// Expire implements voice.Timer.
func (c *Call) Expire(at time.Time) { c.expiry = at }

// Elapsed gives the virtual time since the call arrived.
func (c *Call) Elapsed() time.Duration { return c.w.now.Sub(c.start) }

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
	e.Call = c.id
	e.Seq = len(c.events) + 1
	if e.At.IsZero() {
		e.At = c.w.now
	}
	c.events = append(c.events, e)
	if c.script.Noted != nil {
		c.script.Noted(e)
	}
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
		c.answered = c.w.now
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
	until := c.w.now.Add(d)
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
	for _, p := range c.w.phones {
		if p.talking == c {
			p.talking = nil
		}
	}
	e.At = c.w.now
	c.endings = append(c.endings, e)
	text := "hung up, " + string(e.Cause) + ": " + e.Words
	if e.ByCaller {
		text = "caller hung up"
	}
	// call.ended is the word of whoever owns the call, once the flow is over.
	c.Note(voice.Event{Kind: voice.EventLegEnded, Leg: "a", Text: text, Data: map[string]string{"cause": string(e.Cause)}})
	c.w.Wake()
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
	c.kept = append(c.kept, c.press(key))
}

func (c *Call) press(key byte) gather.Press {
	return gather.Press{Key: key, Method: voice.ByScript, Hidden: c.hides}
}

// Conceal implements voice.Concealer.
func (c *Call) Conceal(on bool) { c.hides = on }

func (c *Call) onlyHidden() {
	kept := c.kept
	c.kept = nil
	for _, k := range kept {
		if k.Hidden {
			c.kept = append(c.kept, k)
			continue
		}
		c.note(voice.EventDigitDropped, "key "+k.Shown()+" dropped: "+gather.InTheOpen, map[string]string{"digit": k.Shown()})
	}
}

func (c *Call) drop(key byte, why string) {
	k := c.press(key).Shown()
	c.note(voice.EventDigitDropped, "key "+k+" dropped: "+why, map[string]string{"digit": k})
}
