package engine

import (
	"context"

	"tandem/internal/media"
	"tandem/internal/voice"
)

// HoldTalk implements voice.Holder.
func (c *Call) HoldTalk(ctx context.Context, id voice.LegID, music []voice.Prompt) error {
	const op = "engine.HoldTalk"
	if c.Talk() == nil {
		return voice.Errorf(op, voice.Conflict, "nobody talks")
	}
	l, err := c.party(op, id)
	if err != nil {
		return err
	}
	if len(music) == 0 {
		music = []voice.Prompt{{Kind: voice.PromptMusic}}
	}
	p := &playing{call: c, leg: l, loop: true}
	clips := p.clips(ctx, music)
	if len(clips) == 0 {
		return voice.Errorf(op, voice.Unavailable, "there is no music that can be played")
	}
	if err := c.hold(op, l, clips); err != nil {
		return err
	}
	c.Note(voice.Event{Kind: voice.EventTalkHeld, Leg: l.id, Text: l.to + " is on hold and hears " + p.words()})
	return nil
}

// party gives a leg that is up.
func (c *Call) party(op string, id voice.LegID) (*leg, error) {
	if id != voice.FarParty {
		return c.beside.leg(op, id)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joint == nil {
		return nil, voice.Errorf(op, voice.Conflict, "nobody talks")
	}
	return c.joint.legs[1], nil
}

// hold parks a leg of the talk.
func (c *Call) hold(op string, l *leg, clips []*media.Clip) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch j := c.joint; {
	case j == nil:
		return voice.Errorf(op, voice.Conflict, "nobody talks")
	case l != j.legs[0] && l != j.legs[1]:
		return voice.Errorf(op, voice.NotExist, "leg %s is not in the talk", l.id)
	}
	if c.held == nil {
		c.held = map[voice.LegID]*leg{}
	}
	c.held[l.id] = l
	l.port.Park(clips)
	return nil
}

// ResumeTalk implements voice.Holder.
func (c *Call) ResumeTalk(_ context.Context, id voice.LegID) error {
	const op = "engine.ResumeTalk"
	l, err := c.party(op, id)
	if err != nil {
		return err
	}
	c.mu.Lock()
	held := c.held[l.id] == l
	if held {
		delete(c.held, l.id)
		l.port.Unpark()
	}
	c.mu.Unlock()
	if !held {
		return voice.Errorf(op, voice.Conflict, "leg %s is not on hold", l.id)
	}
	c.Note(voice.Event{Kind: voice.EventTalkResumed, Leg: l.id, Text: l.to + " talks again"})
	return nil
}
