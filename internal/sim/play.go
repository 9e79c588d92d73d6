package sim

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/voice"
)

// Lengths of prompts by PromptLength.
const (
	SpeechPerCharacter = 60 * time.Millisecond
	StandardLength     = 2 * time.Second
	SoundLength        = 3 * time.Second
	ToneLength         = 250 * time.Millisecond
	SayPerCharacter    = 500 * time.Millisecond
	MusicLength        = 25 * time.Second
)

// PromptLength gives a prompt's length from its kind alone: Duration where it
// is set, else the constants above.
func PromptLength(p voice.Prompt) (time.Duration, error) {
	if p.Duration > 0 {
		return p.Duration, nil
	}
	switch p.Kind {
	case voice.PromptSpeech:
		return time.Duration(utf8.RuneCountInString(p.Text)) * SpeechPerCharacter, nil
	case voice.PromptStandard:
		return StandardLength, nil
	case voice.PromptSound, voice.PromptRecorded, voice.PromptURL:
		return SoundLength, nil
	case voice.PromptTone:
		return ToneLength, nil
	case voice.PromptSay:
		return time.Duration(utf8.RuneCountInString(p.Text)) * SayPerCharacter, nil
	case voice.PromptMusic:
		return MusicLength, nil
	case voice.PromptSilence:
		return 0, nil
	}
	return 0, voice.Errorf("sim.PromptLength", voice.Invalid, "prompt of unknown kind %q", p.Kind)
}

// sounding is a list of prompts while they sound.
type sounding struct {
	call   *Call
	rest   []voice.Prompt
	on     bool   // one sounds now
	any    bool   // one could be played
	now    string // what sounds, in words
	began  time.Time
	ends   time.Time
	played time.Duration
}

// next ends the prompt that sounds, if one does, and begins the next that can
// be had. on is false afterwards when there was none.
func (s *sounding) next() {
	if s.on {
		s.over(voice.EventPromptFinished, "finished ")
	}
	for len(s.rest) > 0 {
		p := s.rest[0]
		s.rest = s.rest[1:]
		d, err := s.call.promptLength(p)
		if err != nil {
			s.call.note(voice.EventPromptFailed, p.String()+" can't be played: "+voice.Reason(err), nil)
			continue
		}
		s.start(p.String(), d)
		return
	}
}

// loop begins all that can be had, again and again.
func (s *sounding) loop() {
	var words []string
	for _, p := range s.rest {
		if _, err := s.call.promptLength(p); err != nil {
			s.call.note(voice.EventPromptFailed, p.String()+" can't be played: "+voice.Reason(err), nil)
			continue
		}
		words = append(words, p.String())
	}
	s.rest = nil
	if len(words) > 0 {
		s.start(strings.Join(words, ", then ")+", again and again", endless)
	}
}

// endless is longer than any call.
const endless = 1000 * time.Hour

func (s *sounding) start(words string, d time.Duration) {
	s.on, s.any, s.now = true, true, words
	s.began, s.ends = s.call.w.now, s.call.w.now.Add(d)
	s.call.note(voice.EventPromptStarted, "playing "+words, nil)
	s.call.caller.promptBegins(words, s.call.w.now)
}

// cut stops the prompt that sounds and forgets the rest.
func (s *sounding) cut(why string) {
	if s.on {
		s.over(voice.EventPromptCut, "cut by "+why+": ")
	}
	s.rest = nil
}

func (s *sounding) over(kind voice.EventKind, words string) {
	heard := s.call.w.now.Sub(s.began)
	s.on = false
	s.played += heard
	s.call.note(kind, words+s.now, map[string]string{"played": heard.String()})
	s.call.caller.promptEnds(s.call.w.now)
}

// promptLength knows the length of what this call recorded.
func (c *Call) promptLength(p voice.Prompt) (time.Duration, error) {
	if p.Kind == voice.PromptRecorded {
		for _, r := range c.records {
			if r.ID == p.Recording {
				return r.Duration, nil
			}
		}
	}
	return c.script.Length(p)
}

// Play implements voice.Player.
func (c *Call) Play(ctx context.Context, spec voice.PlaySpec) (voice.PlayResult, error) {
	if err := c.ready(ctx, "sim.Play", true); err != nil {
		return voice.PlayResult{}, err
	}
	if spec.BargeIn && len(c.kept) > 0 {
		c.note(voice.EventPromptCut, "cut before it began by key "+string(rune(c.kept[0].Key)), nil)
		return voice.PlayResult{End: voice.PlayCut}, nil
	}
	s := sounding{call: c, rest: spec.Prompts}
	if spec.Loop {
		s.loop()
	} else {
		s.next()
	}
	until := c.w.now.Add(spec.For)
	for s.on {
		if spec.For > 0 && !c.w.now.Before(until) {
			s.cut("the end of its time")
			return voice.PlayResult{End: voice.PlayStopped, Played: s.played}, nil
		}
		if ended(spec.Until) {
			s.cut("what ends it")
			return voice.PlayResult{End: voice.PlayStopped, Played: s.played}, nil
		}
		next := s.ends
		if spec.For > 0 && until.Before(next) {
			next = until
		}
		h, err := c.happen(ctx, next)
		switch {
		case err == nil && h.timeUp && next.Before(s.ends):
			continue
		case err != nil:
			s.cut(voice.Reason(err))
			return voice.PlayResult{End: voice.PlayCut, Played: s.played}, err
		case h.timeUp && spec.Loop:
			s.cut("the end of the simulation")
			return voice.PlayResult{}, voice.Errorf("sim.Play", voice.Internal, "nothing ends what is played again and again")
		case h.timeUp:
			s.next()
		case h.key != 0 && spec.BargeIn:
			c.keep(h.key)
			s.cut("key " + string(rune(h.key)))
			return voice.PlayResult{End: voice.PlayCut, Played: s.played}, nil
		case h.key != 0:
			c.drop(h.key, "the prompt can't be interrupted")
		}
	}
	if !s.any && len(spec.Prompts) > 0 {
		return voice.PlayResult{End: voice.PlayFailed}, nil
	}
	return voice.PlayResult{End: voice.PlayFinished, Played: s.played}, nil
}

// ended reports whether a channel has closed; nil never does.
func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
