package engine

import (
	"context"

	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// ringing is what the caller hears while one call rings or several do: music
// where it is asked for, else the far end's own early media, or ringback.
type ringing struct {
	call  *Call
	alone bool // of several phones none is heard before one answers
	music *playing
	sound *rtpport.Playback
	heard *leg // that is heard before its answer
}

// begin plays music or ringback to a caller who hears us; another's phone makes
// its own ringback, and is opened for music.
func (r *ringing) begin(ctx context.Context, music []voice.Prompt) {
	c := r.call
	if c.a == nil {
		return
	}
	if len(music) > 0 && r.opens() {
		r.music = c.play(ctx, c.a, voice.PlaySpec{Prompts: music, Loop: true})
	}
	if r.music == nil {
		r.ringback()
	}
}

// opens lets a caller who is not answered hear us, and says whether one does.
func (r *ringing) opens() bool {
	c := r.call
	if c.answered {
		return true
	}
	if err := c.a.early(); err != nil {
		c.Note(voice.Event{Kind: voice.EventPromptFailed, Leg: c.a.id, Text: "there is no music before the answer: " + voice.Reason(err)})
		return false
	}
	return true
}

func (r *ringing) ringback() {
	if c := r.call; c.a != nil && (c.answered || c.a.opened()) {
		r.sound = c.a.port.Play(c.e.tones.Ringback, true)
	}
}

func (r *ringing) end() {
	if r.music != nil {
		r.music.over(false)
		r.music = nil
	}
	if r.sound != nil {
		r.sound.Stop()
		r.sound = nil
	}
}

// early lets the caller hear what the far end sends before it answers.
func (r *ringing) early(b *leg) {
	c := r.call
	if !r.alone || c.a == nil || r.music != nil || r.heard == b || c.a.early() != nil {
		return // it rings on
	}
	r.end()
	if err := rtpport.Bridge(c.a.port, b.port); err != nil {
		r.ringback()
		return
	}
	r.heard = b
	c.Note(voice.Event{Kind: voice.EventMedia, Leg: b.id, Text: "the caller hears " + b.to + " before the answer"})
}

// lost puts the ringback back after a leg that was heard and failed.
func (r *ringing) lost(id voice.LegID) {
	if r.heard != nil && r.heard.id == id {
		r.heard = nil
		r.ringback()
	}
}

// apart lets the caller hear it ring again, and not a far end that has
// answered and is not to be heard yet.
func (r *ringing) apart() {
	if r.heard == nil {
		return
	}
	rtpport.Unbridge(r.call.a.port, r.heard.port)
	r.heard = nil
	r.ringback()
}
