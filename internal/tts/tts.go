package tts

import (
	"context"
	"strings"

	"tandem/internal/media"
)

// Gender of a voice.
type Gender string

// The genders; "" = any.
const (
	Female Gender = "female"
	Male   Gender = "male"
)

// Voice says who speaks. As a wish any field may be empty; as an engine lists
// it, ID is set and Language is empty only when the voice speaks every language.
type Voice struct {
	ID       string // the engine's own: "en-us+f2"
	Name     string // for people
	Language string // BCP 47: "en-US", "sv"
	Gender   Gender
}

// Utterance is text to be spoken.
type Utterance struct {
	Text  string
	Voice Voice
	// Rate is the speed: 1 is the voice's own, 0.5 half as fast, 2 twice; 0 = 1.
	Rate float64
}

// Bounds of Utterance.Rate.
const (
	MinRate = 0.5
	MaxRate = 2.0
)

// Speed gives Rate within its bounds.
func (u Utterance) Speed() float64 {
	if u.Rate == 0 {
		return 1
	}
	return min(max(u.Rate, MinRate), MaxRate)
}

// Synthesizer is a speech engine.
type Synthesizer interface {
	// Name gives the engine's name: "espeak".
	Name() string
	// Version gives what changes when the same text would sound different.
	Version() string
	// Voices lists the voices, the better first.
	Voices() []Voice
	// Synthesize speaks u.Text, which was cleaned, with u.Voice, which is one of
	// Voices. Unavailable when the engine fails or does not end in time.
	Synthesize(ctx context.Context, u Utterance) (media.PCM, error)
}

// base gives the language without its region: "en" of "en-US".
func base(language string) string {
	b, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(language), "_", "-"), "-")
	return b
}

// suits says how well a voice fulfils a wish; 0 = not at all.
func (v Voice) suits(wish Voice) int {
	if wish.ID != "" {
		if strings.EqualFold(v.ID, wish.ID) {
			return 1
		}
		return 0
	}
	have, want := strings.ToLower(v.Language), strings.ReplaceAll(strings.ToLower(wish.Language), "_", "-")
	score := 0
	switch {
	case have == "" || want == "":
		score = 2
	case have == want:
		score = 8
	case have == base(want):
		score = 6
	case base(have) == base(want):
		score = 4
	default:
		return 0
	}
	if wish.Gender == "" || v.Gender == wish.Gender {
		score++
	}
	return score
}

// Choose gives the voice that fulfils a wish best, the first of equals: by ID
// when the wish has one, else by language, then region, then gender.
func Choose(voices []Voice, wish Voice) (Voice, bool) {
	var best Voice
	top := 0
	for _, v := range voices {
		if s := v.suits(wish); s > top {
			best, top = v, s
		}
	}
	return best, top > 0
}
