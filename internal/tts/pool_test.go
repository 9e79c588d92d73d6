package tts_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

// engine is a fake that makes one second of sound after delay.
type engine struct {
	name   string
	voices []tts.Voice
	delay  time.Duration
	fail   error
	silent bool

	running, most, calls atomic.Int32
}

func (e *engine) Name() string        { return e.name }
func (e *engine) Version() string     { return "1" }
func (e *engine) Voices() []tts.Voice { return e.voices }

func (e *engine) Synthesize(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	e.calls.Add(1)
	n := e.running.Add(1)
	defer e.running.Add(-1)
	for m := e.most.Load(); n > m && !e.most.CompareAndSwap(m, n); m = e.most.Load() {
	}
	select {
	case <-time.After(e.delay):
	case <-ctx.Done():
		return media.PCM{}, ctx.Err()
	}
	if e.fail != nil || e.silent {
		return media.PCM{}, e.fail
	}
	return media.PCM{Rate: 16000, Samples: make([]int16, 16000)}, nil
}

func english(name string) *engine {
	return &engine{name: name, voices: []tts.Voice{
		{ID: name + "-us-f", Language: "en-US", Gender: tts.Female},
		{ID: name + "-gb-f", Language: "en-GB", Gender: tts.Female},
		{ID: name + "-gb-m", Language: "en-GB", Gender: tts.Male},
		{ID: name + "-sv-f", Language: "sv", Gender: tts.Female},
		{ID: name + "-ru-m", Language: "ru", Gender: tts.Male},
	}}
}

func TestChoose(t *testing.T) {
	voices := english("e").voices
	for _, c := range []struct {
		wish tts.Voice
		want string
	}{
		{tts.Voice{}, "e-us-f"},
		{tts.Voice{Language: "en-gb"}, "e-gb-f"},
		{tts.Voice{Language: "en_GB", Gender: tts.Male}, "e-gb-m"},
		{tts.Voice{Language: "en-US", Gender: tts.Male}, "e-us-f"},
		{tts.Voice{Language: "en-IN", Gender: tts.Male}, "e-gb-m"},
		{tts.Voice{Language: "sv-SE"}, "e-sv-f"},
		{tts.Voice{ID: "E-SV-F", Language: "ru"}, "e-sv-f"},
		{tts.Voice{Language: "fi"}, ""},
		{tts.Voice{ID: "x"}, ""},
	} {
		if got, ok := tts.Choose(voices, c.wish); got.ID != c.want || ok != (c.want != "") {
			t.Errorf("Choose(%+v) = %q, want %q", c.wish, got.ID, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	a, b := english("a"), english("b")
	a.voices = a.voices[1:3]
	p := tts.NewPool([]tts.Synthesizer{a, b}, tts.Options{})
	for _, c := range []struct {
		u       tts.Utterance
		want    string
		problem string
	}{
		{tts.Utterance{Text: " hi ", Voice: tts.Voice{Language: "en-US", Gender: tts.Female}}, "a-gb-f", ""},
		{tts.Utterance{Text: "hi", Voice: tts.Voice{ID: "b-us-f"}}, "b-us-f", ""},
		{tts.Utterance{Text: "hej", Voice: tts.Voice{Language: "sv"}}, "b-sv-f", ""},
		{tts.Utterance{Text: "привет"}, "", "can't speak Cyrillic"},
		{tts.Utterance{Text: "привет", Voice: tts.Voice{Language: "ru", Gender: tts.Female}}, "b-ru-m", ""},
		{tts.Utterance{Text: "hi", Voice: tts.Voice{Language: "fi"}}, "", `no speech engine has a voice for language "fi"`},
		{tts.Utterance{Text: "hi", Voice: tts.Voice{ID: "zz"}}, "", `there is no voice "zz"`},
		{tts.Utterance{Text: ""}, "", "the text is empty"},
	} {
		s, err := p.Check(c.u)
		if c.problem == "" && (err != nil || s.Voice.ID != c.want) || c.problem != "" && (!voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("Check(%+v) = %q, %v; want %q %q", c.u, s.Voice.ID, err, c.want, c.problem)
		}
	}
	if _, err := tts.NewPool(nil, tts.Options{}).Check(tts.Utterance{Text: "hi"}); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("without an engine: %v", err)
	}
	if got := len(p.Voices()); got != 7 {
		t.Errorf("%d voices, want 7", got)
	}
}

func TestKeyTellsUtterancesApart(t *testing.T) {
	p := tts.NewPool([]tts.Synthesizer{english("a")}, tts.Options{})
	q := tts.NewPool([]tts.Synthesizer{english("b")}, tts.Options{})
	key := func(p *tts.Pool, u tts.Utterance) string {
		s, err := p.Check(u)
		if err != nil {
			t.Fatal(err)
		}
		return s.Key()
	}
	base := key(p, tts.Utterance{Text: "hello there"})
	if len(base) != 64 || key(p, tts.Utterance{Text: " hello\n there ", Rate: 1}) != base {
		t.Error("the same words have two keys")
	}
	seen := map[string]bool{base: true}
	for _, k := range []string{
		key(p, tts.Utterance{Text: "hello There"}), key(p, tts.Utterance{Text: "hello there", Rate: 1.5}),
		key(p, tts.Utterance{Text: "hello there", Voice: tts.Voice{Language: "en-GB"}}), key(q, tts.Utterance{Text: "hello there"}),
	} {
		if seen[k] {
			t.Error("two utterances have one key")
		}
		seen[k] = true
	}
}

func TestNoMoreThanItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := english("e")
		e.delay = time.Second
		p := tts.NewPool([]tts.Synthesizer{e}, tts.Options{Parallel: 2})
		s, err := p.Check(tts.Utterance{Text: "hi"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		from := time.Now()
		for range 6 {
			wg.Go(func() {
				if _, _, err := p.Speak(t.Context(), s); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, _, err := p.Speak(ctx, s); !voice.IsKind(err, voice.Unavailable) {
			t.Errorf("one who does not wait got %v", err)
		}
		wg.Wait()
		if e.most.Load() != 2 || time.Since(from) != 3*time.Second {
			t.Errorf("%d at once, %v in all", e.most.Load(), time.Since(from))
		}
	})
}

func TestNextEngineWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, broken, mute, good := english("slow"), english("broken"), english("mute"), english("good")
		slow.delay, broken.fail, mute.silent = time.Hour, errors.New("no"), true
		p := tts.NewPool([]tts.Synthesizer{slow, broken, mute, good}, tts.Options{Timeout: time.Minute})
		s, err := p.Check(tts.Utterance{Text: "hi"})
		if err != nil {
			t.Fatal(err)
		}
		pcm, by, err := p.Speak(t.Context(), s)
		if err != nil || len(pcm.Samples) == 0 || by.Engine() != "good" {
			t.Errorf("spoken by %s: %v", by.Engine(), err)
		}
		alone := tts.NewPool([]tts.Synthesizer{slow}, tts.Options{Timeout: time.Minute})
		s, _ = alone.Check(tts.Utterance{Text: "hi"})
		if _, _, err := alone.Speak(t.Context(), s); err == nil || !strings.Contains(err.Error(), "slow did not speak the text within 1m0s") {
			t.Errorf("time-out in words: %v", err)
		}
	})
}
