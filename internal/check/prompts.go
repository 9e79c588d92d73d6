package check

import (
	"slices"
	"time"
	"unicode/utf8"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// spoken gives what a step plays by itself: to a caller, before it asks or goes on.
func spoken(s flow.Step) (prompts []voice.Prompt, in map[string][]voice.Prompt, ok bool) {
	switch s := s.(type) {
	case flow.Play:
		return s.Prompts, s.In, true
	case flow.Gather:
		return s.Prompts, s.In, true
	case flow.Listen:
		return s.Prompts, s.In, true
	}
	return nil, nil, false
}

// beside gives what a step plays beside its work: music, announcements.
func beside(s flow.Step) [][]voice.Prompt {
	switch s := s.(type) {
	case flow.Dial:
		return [][]voice.Prompt{s.Music, s.Announce}
	case flow.Queue:
		return [][]voice.Prompt{s.Music}
	case flow.Conference:
		return [][]voice.Prompt{s.Music}
	case flow.Await:
		return [][]voice.Prompt{s.Music}
	case flow.Request:
		return [][]voice.Prompt{s.Music}
	case flow.Fetch:
		return [][]voice.Prompt{s.Comfort}
	}
	return nil
}

// prompts looks at everything that a node plays.
func (c *checker) prompts(i int, n *flow.Node) {
	h := c.g.heard[i]
	prompts, in, speaks := h.prompts, h.in, h.ok
	for _, list := range beside(n.Step) {
		c.heardOf(n, list)
	}
	c.heardOf(n, prompts)
	for _, tag := range sorted(in) {
		c.heardOf(n, in[tag])
	}
	if !speaks {
		return
	}
	switch s := n.Step.(type) {
	case flow.Play:
		if len(prompts) == 0 && len(in) == 0 {
			c.at(n, flow.Warning, CodeEmptyPlay, "give it a prompt, or remove it", "%s plays nothing", c.name(n))
		}
	case flow.Gather:
		c.asks(i, n, s.Prompts, s.BargeIn)
	case flow.Listen:
		c.asks(i, n, s.Prompts, true)
	}
}

// heardOf finds prompts that have no sound.
func (c *checker) heardOf(n *flow.Node, list []voice.Prompt) {
	for _, p := range list {
		c.g.visits++
		if why := c.silent(p); why != "" {
			c.at(n, flow.Error, CodeNoAudio, "upload or record the sound, or name another", "%s: callers hear nothing of %s: %s", c.name(n), p, why)
		}
	}
}

// asks looks at a step that waits for the caller.
func (c *checker) asks(i int, n *flow.Node, prompts []voice.Prompt, cut bool) {
	const patience = 10 * time.Second
	if length := c.length(prompts); length > patience && !cut {
		c.at(n, Note, CodeNoBargeIn, "let keys cut the prompt", "%s plays %s that no key cuts, also to callers who know it", c.name(n), span(length))
	}
	if len(prompts) > 0 {
		return
	}
	if c.g.mute == nil {
		c.g.mute = c.g.flood(c.g.entry(), func(i int) bool { return !sounds(c.g.nodes[i].Step) }, nil)
	}
	if c.g.mute[i] {
		c.at(n, flow.Warning, CodeSilentMenu, "play what can be pressed before it, or in it", "%s waits for keys, and a caller may come to it without having heard a thing", c.name(n))
	}
}

// sounds reports whether a caller hears something of a step, or may.
func sounds(s flow.Step) bool {
	if prompts, in, ok := spoken(s); ok {
		return len(prompts)+len(in) > 0
	}
	switch s := s.(type) {
	case flow.PlayRecording, flow.Dial, flow.Queue, flow.Transfer, flow.Conference, flow.Subflow, flow.Fetch, flow.Collect:
		return true
	case flow.Await:
		return true
	case flow.Record:
		return s.Beep
	}
	return false
}

// silent says why a prompt has no sound; "" = it has, or nobody knows.
func (c *checker) silent(p voice.Prompt) string {
	w := c.in.World
	if w == nil || p.Template {
		return ""
	}
	if p.Kind == voice.PromptSound {
		s, ok := w.Sounds[p.Sound]
		switch {
		case !ok && p.Standard == "":
			return "the account has no such sound"
		case ok && s.Blob == "" && p.Standard == "" && s.Standard == "":
			return "it has no audio yet"
		}
		return ""
	}
	if w.Unheard == nil {
		return ""
	}
	return w.Unheard(p)
}

// Guesses of lengths that are not known.
const (
	guessedPhrase = 4 * time.Second       // of a phrase or sound
	guessedLetter = 65 * time.Millisecond // of speech, for each character
)

// length gives how long prompts sound, by what is known of the sounds and else
// by what they are.
func (c *checker) length(prompts []voice.Prompt) time.Duration {
	var d time.Duration
	for _, p := range prompts {
		c.g.visits++
		switch p.Kind {
		case voice.PromptSilence, voice.PromptTone:
			d += p.Duration
		case voice.PromptSpeech:
			d += time.Duration(utf8.RuneCountInString(p.Text)) * guessedLetter
		case voice.PromptSay:
			d += time.Second
		case voice.PromptSound:
			if c.in.World != nil {
				if s, ok := c.in.World.Sounds[p.Sound]; ok && s.Duration > 0 {
					d += s.Duration
					continue
				}
			}
			d += guessedPhrase
		default:
			d += guessedPhrase
		}
	}
	return d
}

// Prompts lists everything that a step plays, in every language.
func Prompts(s flow.Step) []voice.Prompt {
	prompts, in, _ := spoken(s)
	all := slices.Clone(prompts)
	for _, tag := range sorted(in) {
		all = append(all, in[tag]...)
	}
	for _, list := range beside(s) {
		all = append(all, list...)
	}
	return all
}
