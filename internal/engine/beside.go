package engine

import (
	"context"
	"maps"
	"sync"
	"time"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// beside is what goes on beside a call's flow by order of others, and the legs that
// they can mean. Its mutex is held for a look only.
type beside struct {
	mu     sync.Mutex
	first  *leg // the caller's, or the first party's
	legs   map[voice.LegID]*leg
	overs  map[voice.LegID]*playing
	tape   *sideTape
	closed bool           // the call is over: nothing begins any more
	wg     sync.WaitGroup // of what watches the ends of sounds and recordings
}

// sideTape is a recording of the whole call. Guarded by beside.mu, but for over.
type sideTape struct {
	*tape  // nil while it is begun
	paused bool
	ending bool
	over   chan struct{} // closed when it is stored
}

// caller says whose call it is.
func (b *beside) caller(l *leg) {
	b.mu.Lock()
	b.first = l
	b.mu.Unlock()
	b.up(l)
}

// leads reports whether a leg is that of the call's first party.
func (b *beside) leads(l *leg) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.first == l
}

// up lets a leg be found.
func (b *beside) up(l *leg) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.legs == nil {
		b.legs = map[voice.LegID]*leg{}
	}
	b.legs[l.id] = l
}

// down forgets a leg that is about to end, and with it its sound.
func (b *beside) down(l *leg) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.legs[l.id] == l {
		delete(b.legs, l.id)
	}
}

// lead says whose call it is now: both are up. A recording of the call goes on there.
func (b *beside) lead(l *leg) {
	b.caller(l)
	b.mu.Lock()
	t := b.tape
	b.mu.Unlock()
	if t != nil && t.tape != nil {
		_ = t.rec.Move(l.port) // one that has ended is stored by who watches it
	}
}

// release forgets a leg that goes to another call, and ends what sounds over it.
func (b *beside) release(l *leg) {
	b.mu.Lock()
	p := b.overs[l.id]
	delete(b.overs, l.id)
	delete(b.legs, l.id)
	b.mu.Unlock()
	if p != nil {
		p.playback.Stop()
	}
}

// find gives a leg that is up, the caller's for "". The caller holds b.mu.
func (b *beside) find(op string, id voice.LegID) (*leg, error) {
	if id == "" && b.first != nil {
		id = b.first.id
	}
	if l := b.legs[id]; l != nil && !b.closed {
		return l, nil
	}
	if id == "" {
		return nil, voice.Errorf(op, voice.NotExist, "the call has no party yet")
	}
	return nil, voice.Errorf(op, voice.NotExist, "no leg %q is up", id)
}

func (b *beside) leg(op string, id voice.LegID) (*leg, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.find(op, id)
}

// close ends what goes on and waits until it has.
func (b *beside) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.endTape()
	b.wg.Wait() // sounds end with their legs
}

// endTape ends the recording of the call and does not wait.
func (b *beside) endTape() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.tape; t != nil {
		t.ending = true
		if t.tape != nil {
			t.rec.End()
		}
	}
}

// PlayOver implements voice.Overlayer.
func (c *Call) PlayOver(ctx context.Context, s voice.OverSpec) error {
	const op = "engine.PlayOver"
	l, err := c.beside.leg(op, s.Leg)
	if err != nil {
		return err
	}
	p := &playing{call: c, leg: l, loop: s.Loop, beside: "covering"}
	if s.Mix {
		p.beside = "mixed"
	}
	clips := p.clips(ctx, s.Prompts)
	if len(clips) == 0 {
		return voice.Errorf(op, voice.Unavailable, "there is nothing that can be played")
	}
	b := &c.beside
	b.mu.Lock()
	if _, err := b.find(op, l.id); err != nil { // it left meanwhile
		b.mu.Unlock()
		return err
	}
	p.playback, p.begun = l.port.PlayOver(clips, s.Loop, s.Mix), time.Now()
	if b.overs == nil {
		b.overs = map[voice.LegID]*playing{}
	}
	b.overs[l.id] = p
	b.wg.Add(1)
	b.mu.Unlock()
	p.started(p.begun)
	go func() { // ends with the sound, at the latest with its leg; Hangup waits
		defer b.wg.Done()
		<-p.playback.Done()
		p.over(false)
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.overs[l.id] == p {
			delete(b.overs, l.id)
		}
	}()
	return nil
}

// StopOver implements voice.Overlayer.
func (c *Call) StopOver(_ context.Context, id voice.LegID) error {
	const op = "engine.StopOver"
	b := &c.beside
	b.mu.Lock()
	l, err := b.find(op, id)
	var p *playing
	if err == nil {
		p = b.overs[l.id]
		delete(b.overs, l.id)
	}
	b.mu.Unlock()
	switch {
	case err != nil:
		return err
	case p == nil:
		return voice.Errorf(op, voice.NotExist, "nothing sounds over leg %s", l.id)
	}
	p.playback.Stop()
	return nil
}

// SendKeys implements voice.KeySender.
func (c *Call) SendKeys(_ context.Context, id voice.LegID, keys string) error {
	const op = "engine.SendKeys"
	row, err := sendable(op, keys)
	if err != nil {
		return err
	}
	if row == "" {
		return voice.Errorf(op, voice.Invalid, "there are no keys to send")
	}
	l, err := c.beside.leg(op, id)
	if err != nil {
		return err
	}
	if _, err := l.port.SendDigits(row); err != nil {
		return voice.E(op, voice.NotExist, err)
	}
	c.Note(voice.Event{Kind: voice.EventMedia, Leg: l.id, Text: "keys " + keys + " are sent to " + l.to, Data: map[string]string{"keys": keys}})
	return nil
}

// StartTape implements voice.Taper. The recording is made where the caller is
// connected with us, so that it holds whatever the caller says and hears.
func (c *Call) StartTape(ctx context.Context, s voice.TapeSpec) (voice.RecordingID, error) {
	const op = "engine.StartTape"
	b := &c.beside
	b.mu.Lock()
	l, err := b.find(op, "")
	switch {
	case err != nil:
		err = voice.Errorf(op, voice.Conflict, "the call has no party")
	case b.tape != nil:
		err = voice.Errorf(op, voice.Conflict, "the call is recorded already")
	}
	if err != nil {
		b.mu.Unlock()
		return "", err
	}
	t := &sideTape{over: make(chan struct{})}
	b.tape = t
	b.wg.Add(1)
	b.mu.Unlock()
	opt := rtpport.RecordOptions{Sides: rtpport.SidesApart, MaxDuration: voice.MaxRecordLength}
	if s.Mixed {
		opt.Sides = rtpport.SidesMixed
	}
	if s.MaxLength > 0 {
		opt.MaxDuration = min(s.MaxLength, voice.MaxRecordLength)
	}
	made, err := c.openTape(ctx, l.port, l.id, voice.ForCall, s.User, opt)
	b.mu.Lock()
	if err != nil {
		b.tape = nil
		b.mu.Unlock()
		b.wg.Done()
		c.Note(voice.Event{Kind: voice.EventRecordingFailed, Leg: l.id, Text: "the call is not recorded: " + voice.Reason(err)})
		return "", err
	}
	made.data = map[string]string{"beside": "true"} // unlike the flow's own, which nobody orders
	maps.Copy(made.data, s.Data)
	t.tape = made
	if t.ending { // the call ended meanwhile
		t.rec.End()
	}
	now := b.first
	b.mu.Unlock()
	if now.port != l.port { // another leads the call since then
		_ = t.rec.Move(now.port)
	}
	defer func() { go c.watchTape(t) }()
	made.note(voice.EventRecordingStarted, "started")
	return made.row.ID, nil
}

// watchTape stores a recording of the call when it has ended, for whatever reason.
// It ends with its recording; Hangup waits.
func (c *Call) watchTape(t *sideTape) {
	b := &c.beside
	defer b.wg.Done()
	t.finish(t.rec.Wait()) // a failure is on the timeline
	b.mu.Lock()
	b.tape = nil
	b.mu.Unlock()
	close(t.over)
}

// OrderTape implements voice.Taper. A recording that is stopped is stored when it
// returns, unless ctx ends before.
func (c *Call) OrderTape(ctx context.Context, o voice.TapeOrder) error {
	const op = "engine.OrderTape"
	if o != voice.TapeStop && o != voice.TapePause && o != voice.TapeResume {
		return voice.Errorf(op, voice.Invalid, "there is no order %q: stop, pause or resume", o)
	}
	b := &c.beside
	b.mu.Lock()
	t := b.tape
	if t == nil || t.tape == nil || t.ending {
		b.mu.Unlock()
		return voice.Errorf(op, voice.NotExist, "the call is not recorded")
	}
	if pause := o == voice.TapePause; o != voice.TapeStop && t.paused == pause {
		b.mu.Unlock()
		if pause {
			return voice.Errorf(op, voice.Conflict, "the recording is paused already")
		}
		return voice.Errorf(op, voice.Conflict, "the recording is not paused")
	}
	t.paused, t.ending = o == voice.TapePause, o == voice.TapeStop
	b.mu.Unlock()
	switch o {
	case voice.TapePause:
		t.rec.Pause()
		t.note(voice.EventRecordingPaused, "paused")
		return nil
	case voice.TapeResume:
		t.rec.Resume()
		t.note(voice.EventRecordingResumed, "goes on")
		return nil
	}
	t.rec.End()
	select {
	case <-t.over:
		return nil
	case <-ctx.Done():
		return voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
}
