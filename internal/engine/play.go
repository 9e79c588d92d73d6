package engine

import (
	"context"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// playing is prompts that sound on a leg, gapless, and the notes about where
// they are.
type playing struct {
	call     *Call
	leg      *leg
	playback *rtpport.Playback
	prompts  []voice.Prompt
	lengths  []time.Duration
	begun    time.Time
	index    int             // the prompt that sounds; the first for all that are looped
	loop     bool            // again and again
	until    <-chan struct{} // ends it; may be nil
	beside   string          // how it sounds over the leg's other sound: "mixed", "covering"; "" = it does not
}

// play starts prompts. Those that can't be had are noted and left out; nil
// means that nothing of them is left.
func (c *Call) play(ctx context.Context, l *leg, s voice.PlaySpec) *playing {
	p := &playing{call: c, leg: l, loop: s.Loop, until: s.Until}
	clips := p.clips(ctx, s.Prompts)
	if len(clips) == 0 {
		return nil
	}
	p.playback = l.port.PlayWith(rtpport.PlayOptions{Clips: clips, Loop: s.Loop, BargeIn: s.BargeIn && c.watch == nil})
	p.begun = time.Now()
	p.started(p.begun)
	return p
}

// clips gives the audio of prompts, and remembers whose it is.
func (p *playing) clips(ctx context.Context, prompts []voice.Prompt) []*media.Clip {
	c := p.call
	var clips []*media.Clip
	for _, pr := range prompts {
		clip, err := c.e.cfg.Prompts.Clip(ctx, c.Info().Tenant, pr)
		if err != nil {
			c.Note(voice.Event{Kind: voice.EventPromptFailed, Leg: p.leg.id, Text: pr.String() + " can't be played: " + voice.Reason(err)})
			if clip == nil {
				continue
			}
		}
		length := clip.Duration()
		if pr.Kind == voice.PromptMusic && pr.Duration > 0 && length > 0 {
			// The built-in music has a length of its own: it begins anew, or ends before.
			length = pr.Duration
			for rest := length; rest > 0; rest -= clip.Duration() {
				clips = append(clips, clip.First(rest))
			}
		} else {
			clips = append(clips, clip)
		}
		p.prompts = append(p.prompts, pr)
		p.lengths = append(p.lengths, length)
	}
	return clips
}

// words names what sounds: a prompt, or all that are looped.
func (p *playing) words() string {
	if !p.loop {
		return p.prompts[p.index].String()
	}
	text := p.prompts[0].String()
	for _, pr := range p.prompts[1:] {
		text += ", then " + pr.String()
	}
	return text + ", again and again"
}

func (p *playing) started(at time.Time) {
	p.call.Note(voice.Event{Kind: voice.EventPromptStarted, Leg: p.leg.id, At: at, Text: "playing " + p.words(),
		Data: p.data("length", p.lengths[p.index])})
}

// data says for programs how long it sounds, and how.
func (p *playing) data(key string, d time.Duration) map[string]string {
	data := map[string]string{key: d.String()}
	if p.beside != "" {
		data["over"] = p.beside
	}
	return data
}

// boundary is when the prompt that sounds ends and the next begins; none while
// the last sounds.
func (p *playing) boundary() (time.Time, bool) {
	if p == nil || p.loop || p.index+1 >= len(p.prompts) {
		return time.Time{}, false
	}
	at := p.begun
	for _, l := range p.lengths[:p.index+1] {
		at = at.Add(l)
	}
	return at, true
}

// advance notes the step from one prompt to the next.
func (p *playing) advance(at time.Time) {
	p.call.Note(voice.Event{Kind: voice.EventPromptFinished, Leg: p.leg.id, At: at, Text: "played " + p.prompts[p.index].String()})
	p.index++
	p.started(at)
}

// over stops what still sounds and notes how it ended.
func (p *playing) over(byKey bool) time.Duration {
	p.playback.Stop()
	<-p.playback.Done()
	for b, ok := p.boundary(); ok && p.playback.Finished(); b, ok = p.boundary() {
		p.advance(b)
	}
	kind, text := voice.EventPromptFinished, "played "+p.words()
	if !p.playback.Finished() {
		kind, text = voice.EventPromptCut, p.words()+" stopped"
		if byKey {
			text = p.words() + " cut by a key"
		}
	}
	played := p.playback.Played()
	p.call.Note(voice.Event{Kind: kind, Leg: p.leg.id, Text: text, Data: p.data("played", played)})
	return played
}

func (p *playing) done() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.playback.Done()
}

// stop is what ends the playing from outside, nil for nothing.
func (p *playing) stop() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.until
}

// Play implements voice.Player.
func (c *Call) Play(ctx context.Context, s voice.PlaySpec) (voice.PlayResult, error) {
	if err := c.Answer(ctx); err != nil {
		return voice.PlayResult{}, err
	}
	if s.BargeIn && len(c.kept) > 0 {
		return voice.PlayResult{End: voice.PlayCut}, nil
	}
	p := c.play(ctx, c.a, s)
	if p == nil {
		return voice.PlayResult{End: voice.PlayFailed}, nil
	}
	var end deadliner
	if s.For > 0 {
		end = at(p.begun.Add(s.For))
	}
	for {
		w, err := c.waitUntil(ctx, p.done(), p, end)
		if err != nil {
			p.over(false)
			return voice.PlayResult{End: voice.PlayCut, Played: p.playback.Played()}, err
		}
		switch {
		case w.stopped, w.timer:
			return voice.PlayResult{End: voice.PlayStopped, Played: p.over(false)}, nil
		case w.done:
			played := p.over(false)
			if p.playback.Finished() {
				return voice.PlayResult{End: voice.PlayFinished, Played: played}, nil
			}
			// The port stopped it at the tick of a key, which is on its way here.
			if s.BargeIn {
				return voice.PlayResult{End: voice.PlayCut, Played: played}, nil
			}
			return voice.PlayResult{End: voice.PlayFailed, Played: played}, nil
		case w.key != nil && s.BargeIn:
			c.kept = append(c.kept, *w.key)
			return voice.PlayResult{End: voice.PlayCut, Played: p.over(true)}, nil
		case w.key != nil:
			c.dropped(*w.key, "the prompt can't be interrupted")
		}
	}
}
