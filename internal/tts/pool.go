package tts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/media"
	"tandem/internal/voice"
)

// Default bounds of a Pool.
const (
	DefaultTimeout = 30 * time.Second // of one synthesis, without its time in the queue
	// MaxSpeech is the longest sound that an engine may make of one text.
	MaxSpeech = 15 * time.Minute
)

// Options of a Pool; zero fields take the defaults.
type Options struct {
	Parallel int           // syntheses at once; default the number of cores
	Timeout  time.Duration // of one; default DefaultTimeout
}

// Pool speaks with the first of several engines that has a voice for it, and
// never runs more than a number of syntheses at once.
type Pool struct {
	engines []Synthesizer
	timeout time.Duration
	slots   chan struct{} // a token for every running synthesis
}

// NewPool makes a pool of engines in order of preference. No engine is fine:
// every synthesis is Unavailable then.
func NewPool(engines []Synthesizer, o Options) *Pool {
	if o.Parallel <= 0 {
		o.Parallel = runtime.NumCPU()
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	return &Pool{engines: slices.Clone(engines), timeout: o.Timeout, slots: make(chan struct{}, o.Parallel)}
}

// Engines names the engines with their versions, in order of preference.
func (p *Pool) Engines() []string {
	var list []string
	for _, e := range p.engines {
		list = append(list, e.Name()+" "+e.Version())
	}
	return list
}

// Voices lists the voices of all engines; the first with an ID is the one used.
func (p *Pool) Voices() []Voice {
	var list []Voice
	seen := map[string]bool{}
	for _, e := range p.engines {
		for _, v := range e.Voices() {
			if id := strings.ToLower(v.ID); !seen[id] {
				seen[id] = true
				list = append(list, v)
			}
		}
	}
	return list
}

// Speech is an utterance that was found speakable: its text is clean, its voice
// one of its engine's.
type Speech struct {
	Utterance
	engine Synthesizer
	others []Speech // the same by engines that come later
}

// Engine names the engine that will speak.
func (s Speech) Engine() string { return s.engine.Name() }

// Key gives the cache key: SHA-256, in hexadecimal, of engine, version, voice,
// rate and text.
func (s Speech) Key() string {
	h := sha256.New()
	for _, f := range []string{s.engine.Name(), s.engine.Version(), s.Voice.ID,
		strconv.FormatFloat(s.Speed(), 'f', 3, 64), s.Text} {
		fmt.Fprintf(h, "%d:%s,", len(f), f)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Check finds the engine and voice for an utterance. An engine whose best voice
// has the wanted gender comes before one that has only the other. Invalid, in
// words, when the text can't be spoken or nobody has such a voice; Unavailable
// when there is no engine at all.
func (p *Pool) Check(u Utterance) (Speech, error) {
	text, err := Clean(u.Text)
	if err != nil {
		return Speech{}, err
	}
	u.Text = text
	if len(p.engines) == 0 {
		return Speech{}, voice.Errorf(opCheck, voice.Unavailable, "no speech engine is installed: apt-get install espeak-ng")
	}
	var same, other []Speech
	var scriptErr error
	for _, e := range p.engines {
		v, ok := Choose(e.Voices(), u.Voice)
		if !ok {
			continue
		}
		if err := CheckScript(text, v.Language); err != nil {
			scriptErr = err
			continue
		}
		s := Speech{Utterance: Utterance{Text: text, Voice: v, Rate: u.Rate}, engine: e}
		if u.Voice.Gender == "" || u.Voice.Gender == v.Gender {
			same = append(same, s)
		} else {
			other = append(other, s)
		}
	}
	switch all := append(same, other...); {
	case len(all) > 0:
		s := all[0]
		s.others = all[1:]
		return s, nil
	case scriptErr != nil:
		return Speech{}, scriptErr
	case u.Voice.ID != "":
		return Speech{}, voice.InvalidField(opCheck, "voice", "there is no voice %q", u.Voice.ID)
	}
	return Speech{}, voice.InvalidField(opCheck, "language", "no speech engine has a voice for language %q", u.Voice.Language)
}

// Speak synthesises s, and with the next engine when one fails; by is s as it
// was spoken, whose Key the sound belongs to. It waits for a free place first,
// as long as ctx allows.
func (p *Pool) Speak(ctx context.Context, s Speech) (pcm media.PCM, by Speech, err error) {
	by = s
	pcm, err = p.speak(ctx, s)
	for _, o := range s.others {
		if err == nil || ctx.Err() != nil {
			break
		}
		by = o
		pcm, err = p.speak(ctx, o)
	}
	return pcm, by, err
}

func (p *Pool) speak(ctx context.Context, s Speech) (media.PCM, error) {
	const op = "tts.Speak"
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "waiting for a speech engine: %w", context.Cause(ctx))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout,
		fmt.Errorf("%s did not speak the text within %s", s.engine.Name(), p.timeout))
	defer cancel()
	pcm, err := s.engine.Synthesize(ctx, s.Utterance)
	switch {
	case err != nil && ctx.Err() != nil:
		return media.PCM{}, voice.E(op, voice.Unavailable, context.Cause(ctx))
	case err != nil:
		return media.PCM{}, err
	case pcm.Rate <= 0 || len(pcm.Samples) == 0:
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "%s made no sound of the text", s.engine.Name())
	case pcm.Duration() > MaxSpeech:
		return media.PCM{}, voice.Errorf(op, voice.Limit, "%s made %s of the text; at most %s are taken",
			s.engine.Name(), pcm.Duration().Round(time.Second), MaxSpeech)
	}
	return pcm, nil
}
