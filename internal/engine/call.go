package engine

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"tandem/internal/gather"
	"tandem/internal/voice"
)

// Call is a live call: the caller's leg and those dialled from it. Its methods
// implement the one-method interfaces of package voice; they block, and belong
// to one goroutine, except Info, Summary, Note, Talk and what is done beside the
// flow (beside.go, hold.go), which any may use.
type Call struct {
	e     *Engine
	a     *leg
	line  *timeline
	timer *time.Timer // the call goroutine's one timer

	// Of the call's goroutine alone.
	noMedia  voice.EndReason // the caller could not be answered; "" = it did not come to that
	answered bool
	ended    bool
	first    voice.LegID     // the leg that the call began with
	expiry   time.Time       // when the flow's time is over; zero = never
	kept     []gather.Press  // keys that wait for the next gather
	far      *leg            // whom the caller talks with, or is about to
	talking  bool            // they are joined
	tape     *tape           // the recording that the flow makes
	reserved *reserved       // room for legs through trunks, or nil
	failed   voice.Cause     // of the last dial that nobody answered; "" = there was none
	placed   func()          // says that its ports are about to be open
	hides    bool            // what the caller keys is secret
	watch    func(byte) bool // sees the caller's keys first; nil = nobody
	last     lastTalk        // the talk that was begun last
	onTape   bool            // talks are recorded, because one was that was transferred
	aside    *aside          // who ordered a transfer that is under way
	handed   *side           // the caller's, when another call has it

	beside beside // what others order
	wire   wire   // what a capture sees

	mu      sync.Mutex
	joint   *joined              // while two talk
	held    map[voice.LegID]*leg // of them, by order
	dialled int                  // legs dialled so far
	info    voice.CallInfo
	summary voice.CallSummary
}

func newCall(e *Engine, info voice.CallInfo) *Call {
	c := &Call{e: e, info: info, timer: time.NewTimer(time.Hour)}
	c.timer.Stop()
	c.placed = func() {}
	c.line = &timeline{sink: e.cfg.Events, id: info.ID, tenant: info.Tenant}
	return c
}

// Info gives what is known of the call.
func (c *Call) Info() voice.CallInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

// SetTenant says whose call it is.
func (c *Call) SetTenant(t voice.TenantID) {
	c.mu.Lock()
	c.info.Tenant = t
	c.mu.Unlock()
	c.line.setTenant(t)
}

// Summary gives the answer time and the legs so far.
func (c *Call) Summary() voice.CallSummary {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.summary
	s.Legs = append([]voice.LegRecord(nil), s.Legs...)
	return s
}

// Note implements voice.Noter.
func (c *Call) Note(e voice.Event) { c.line.Note(e) }

// Ring implements voice.Ringer.
func (c *Call) Ring(context.Context) error {
	if c.answered || c.ended {
		return nil
	}
	if err := c.a.ring(); err != nil {
		return err
	}
	c.Note(voice.Event{Kind: voice.EventCallRinging, Leg: c.a.id, Text: "the caller hears it ring"})
	return nil
}

// Answer implements voice.Answerer.
func (c *Call) Answer(ctx context.Context) error {
	if c.ended {
		return voice.Errorf("engine.Answer", voice.HungUp, "the call is over")
	}
	if c.answered {
		return nil
	}
	if err := c.a.answer(ctx); err != nil {
		if ctx.Err() == nil && !voice.IsKind(err, voice.HungUp) {
			c.noMedia = voice.EndNoMedia
		}
		return err
	}
	c.answered = true
	c.wire.answered()
	now := time.Now()
	c.mu.Lock()
	c.summary.Answered = now
	c.mu.Unlock()
	c.Note(voice.Event{Kind: voice.EventCallAnswered, Leg: c.a.id, At: now, Text: "answered with " + c.a.codec()})
	return nil
}

// Hangup implements voice.Hanguper. It also ends what a step that broke has
// left, a recording or a far end, and what goes on beside the flow. A call that nobody has answered yet only gets
// its end.
func (c *Call) Hangup(_ context.Context, cause voice.Cause, words string) error {
	if cause == "" {
		cause = voice.CauseNormal
	}
	if t := c.tape; t != nil {
		t.finish(t.stop()) // a failure is on the timeline
	}
	c.part()
	if c.far != nil {
		c.endLeg(c.far, cause, words)
	}
	if x := c.aside; x != nil {
		c.aside = nil
		c.endLeg(x.leg, cause, words)
	}
	if c.noMedia != "" && cause == voice.CauseFailed {
		cause = voice.CauseMedia // which tells the caller that another description may do
	}
	c.end(c.noMedia, cause, words)
	c.placed()
	c.e.gate.drop(c.reserved)
	c.beside.close() // its recording is stored before anybody hears of the end
	c.wire.over()
	return nil
}

// end ends the caller's leg alone: what a step has under way it ends itself. A
// caller who has left has said why. why is "" where whoever ends the call knows it.
func (c *Call) end(why voice.EndReason, cause voice.Cause, words string) {
	if !c.ended && c.a != nil && c.a.gone() {
		cause, words = c.a.dialog.Cause()
		why = c.a.dialog.Reason()
	}
	c.endAs(why, cause, words)
}

// endAs ends the caller's leg for a reason that holds whoever hung up.
func (c *Call) endAs(why voice.EndReason, cause voice.Cause, words string) {
	if c.ended {
		return
	}
	c.ended = true
	c.timer.Stop()
	if c.a == nil {
		c.setEnd(why, cause, words)
		return
	}
	c.beside.down(c.a)
	r := c.a.end(cause, words)
	c.addLeg(r)
	c.setEnd(why, cause, words)
	c.Note(endEvent(r, "caller's leg ended: "+words))
}

func (c *Call) setEnd(why voice.EndReason, cause voice.Cause, words string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.summary.Reason, c.summary.Cause, c.summary.Words = why, cause, words
}

// hungUp is the error of a step during which the caller left.
func (c *Call) hungUp() error {
	c.beside.endTape()
	_, words := c.a.dialog.Cause()
	return voice.Errorf("engine.wait", voice.HungUp, "%s", words)
}

// mediaLost ends a call whose caller's audio has stopped for too long.
func (c *Call) mediaLost() error {
	c.Note(voice.Event{Kind: voice.EventMedia, Leg: c.a.id, Text: "no audio came from the caller for " + c.e.cfg.MediaTimeout.String()})
	c.end(voice.EndNoAudio, voice.CauseMedia, "the caller's audio stopped")
	return voice.Errorf("engine.wait", voice.HungUp, "the caller's audio stopped")
}

// nextLeg names the next leg that is dialled.
func (c *Call) nextLeg() voice.LegID {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialled++
	return voice.LegID("b" + strconv.Itoa(c.dialled))
}

// addLeg puts a leg that is over into the record, the one that the call began
// with before the others.
func (c *Call) addLeg(r voice.LegRecord) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.ID == c.first {
		c.summary.Legs = slices.Insert(c.summary.Legs, 0, r)
		return
	}
	c.summary.Legs = append(c.summary.Legs, r)
}
