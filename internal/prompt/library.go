package prompt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tandem/internal/blob"
	"tandem/internal/media"
	"tandem/internal/media/tones"
	"tandem/internal/say"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

// Defaults and bounds of a Library.
const (
	DefaultMemory = 64 << 20 // bytes of clips kept in memory
	MaxSilence    = time.Minute
	// DefaultPatience is how long a call waits for speech that nobody prepared.
	DefaultPatience = 5 * time.Second
	// maxSound is the longest stored sound that is played.
	maxSound = 2 * time.Hour
)

// Config is what a Library works with.
type Config struct {
	Sounds     voice.SoundStore     // nil = there are none
	Recordings voice.RecordingStore // for prompts of kind recording; may be nil
	Blobs      blob.Store
	Speech     *tts.Pool // nil = no speech engine
	Fetch      Fetch     // for prompts of kind url; nil = they can't be played
	Lame       string    // path of the program that reads MP3; "" = fetched MP3 is not taken
	Tones      string    // country of the tones: "eu", "us", "uk", "se"; "" = "eu"
	Memory     int64     // bytes of clips kept in memory; 0 = DefaultMemory
	// Patience bounds how long Clip waits for a speech engine or a sound that is
	// fetched; 0 = DefaultPatience.
	// Prepare waits as long as its context allows.
	Patience time.Duration
	Now      func() time.Time // nil = time.Now
}

// Library gives prompts as clips and keeps sounds.
type Library struct {
	cfg   Config
	tones *tones.Set
	clips *cache
}

// New makes a library.
func New(cfg Config) *Library {
	if cfg.Speech == nil {
		cfg.Speech = tts.NewPool(nil, tts.Options{})
	}
	if cfg.Memory <= 0 {
		cfg.Memory = DefaultMemory
	}
	if cfg.Patience <= 0 {
		cfg.Patience = DefaultPatience
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Library{cfg: cfg, tones: tones.For(cfg.Tones), clips: newCache(cfg.Memory)}
}

// Clip gives the sound of a prompt. Both results may be set: the clip is then
// what can be played instead, and the error says what is wrong with it. Without
// a clip the error is NotExist, Invalid or Unavailable.
func (l *Library) Clip(ctx context.Context, t voice.TenantID, p voice.Prompt) (*media.Clip, error) {
	return l.clip(ctx, t, p, l.cfg.Patience)
}

// clip is Clip that waits so long for an engine; 0 = as long as ctx allows.
func (l *Library) clip(ctx context.Context, t voice.TenantID, p voice.Prompt, wait time.Duration) (*media.Clip, error) {
	const op = "prompt.Clip"
	switch p.Kind {
	case voice.PromptSound:
		return l.sound(ctx, t, p, wait)
	case voice.PromptStandard:
		return l.standard(ctx, p.Standard, p.Voice, wait)
	case voice.PromptSpeech:
		s, err := l.cfg.Speech.Check(tts.Utterance{Text: p.Text, Voice: wish(p.Voice)})
		if err != nil {
			return nil, err
		}
		return l.speech(ctx, s, wait)
	case voice.PromptTone:
		return l.tone(p)
	case voice.PromptSilence:
		if p.Duration <= 0 || p.Duration > MaxSilence {
			return nil, voice.Errorf(op, voice.Invalid, "silence of %s; it may last up to %s", p.Duration, MaxSilence)
		}
		key := "silence/" + p.Duration.String()
		return l.clips.get(ctx, key, func(context.Context) (*media.Clip, error) { return media.SilentClip(p.Duration), nil })
	case voice.PromptRecorded:
		return l.recording(ctx, t, p.Recording)
	case voice.PromptSay:
		return l.say(ctx, p, wait)
	case voice.PromptURL:
		return l.fetched(ctx, t, p.Text, wait)
	case voice.PromptMusic:
		return l.clips.get(ctx, "music", func(context.Context) (*media.Clip, error) { return tones.Music(), nil })
	}
	return nil, voice.Errorf(op, voice.Invalid, "unknown kind of prompt %q", p.Kind)
}

// say reads a number, a date or the like in the language of the prompt's voice.
func (l *Library) say(ctx context.Context, p voice.Prompt, wait time.Duration) (*media.Clip, error) {
	v := wish(p.Voice)
	if v.Language == "" {
		for _, have := range l.SpeechVoices() {
			if have.ID == v.ID {
				v.Language = have.Language
			}
		}
	}
	text, err := say.Text(p.Format, p.Text, v.Language)
	if err != nil {
		return nil, err
	}
	s, err := l.cfg.Speech.Check(tts.Utterance{Text: text, Voice: v})
	if err != nil {
		return nil, err
	}
	return l.speech(ctx, s, wait)
}

// wish gives the voice that a prompt's Voice names: a voice code, the ID of an
// engine's voice, or a language tag, after which /male may stand.
func wish(name string) tts.Voice {
	if c, ok := FindCode(name); ok {
		return c.wish()
	}
	if tag, male := strings.CutSuffix(name, "/male"); male && isLanguage(tag) {
		return tts.Voice{Language: tag, Gender: tts.Male}
	}
	if isLanguage(name) {
		return tts.Voice{Language: name, Gender: tts.Female}
	}
	return tts.Voice{ID: name}
}

// isLanguage says whether name has the form of a language with or without a
// region: "sv", "en-US", "es-419".
func isLanguage(name string) bool {
	lang, region, _ := strings.Cut(name, "-")
	return (len(lang) == 2 || len(lang) == 3) && len(region) <= 3 && len(region) != 1
}

// sound gives a stored sound, or the phrase of its slot when it has no audio.
func (l *Library) sound(ctx context.Context, t voice.TenantID, p voice.Prompt, wait time.Duration) (*media.Clip, error) {
	const op = "prompt.Sound"
	if l.cfg.Sounds == nil {
		return l.instead(ctx, p, p.Standard, wait, voice.Errorf(op, voice.NotExist, "there are no sounds"))
	}
	s, err := l.cfg.Sounds.Sound(ctx, t, p.Sound)
	if err != nil {
		return l.instead(ctx, p, p.Standard, wait, err)
	}
	phrase := p.Standard
	if phrase == "" {
		phrase = s.Standard
	}
	if s.Blob == "" && phrase == "" {
		return nil, voice.Errorf(op, voice.NotExist, "sound %q has no audio", s.Name)
	}
	if s.Blob == "" {
		return l.standard(ctx, phrase, p.Voice, wait)
	}
	clip, err := l.stored(ctx, s.Blob)
	if err != nil {
		return l.instead(ctx, p, phrase, wait, err)
	}
	return clip, nil
}

// instead gives a phrase for a sound that can't be had, with the reason.
func (l *Library) instead(ctx context.Context, p voice.Prompt, phrase string, wait time.Duration, reason error) (*media.Clip, error) {
	if phrase == "" || ctx.Err() != nil {
		return nil, reason
	}
	clip, err := l.standard(ctx, phrase, p.Voice, wait)
	return clip, errors.Join(reason, err)
}

func (l *Library) recording(ctx context.Context, t voice.TenantID, id voice.RecordingID) (*media.Clip, error) {
	if l.cfg.Recordings == nil {
		return nil, voice.Errorf("prompt.Recording", voice.NotExist, "there are no recordings")
	}
	r, err := l.cfg.Recordings.Recording(ctx, t, id)
	if err != nil {
		return nil, err
	}
	return l.stored(ctx, r.Blob)
}

// stored gives a blob's clip. Blobs never change, so their key is the cache's.
func (l *Library) stored(ctx context.Context, key string) (*media.Clip, error) {
	return l.clips.get(ctx, "blob/"+key, func(ctx context.Context) (*media.Clip, error) {
		pcm, err := l.read(ctx, key)
		if err != nil {
			return nil, err
		}
		return media.NewClip(pcm), nil
	})
}

// read gives a blob's sound.
func (l *Library) read(ctx context.Context, key string) (media.PCM, error) {
	file, err := l.cfg.Blobs.Open(ctx, key)
	if err != nil {
		return media.PCM{}, err
	}
	defer file.Close()
	pcm, err := media.ReadWAV(file, media.WAVLimits{MaxBytes: 1 << 30, MaxDuration: maxSound, AllowUnfinished: true})
	if err != nil {
		return media.PCM{}, voice.Errorf("prompt.Read", voice.Unavailable, "stored sound %s: %w", key, err)
	}
	return pcm, nil
}

// tone gives a tone: once for those that are played once, else for Duration
// (0 = one period of its cadence).
func (l *Library) tone(p voice.Prompt) (*media.Clip, error) {
	clip, once := (*media.Clip)(nil), false
	switch p.Standard {
	case "beep", "":
		clip, once = l.tones.Beep, true
	case "sit":
		clip, once = l.tones.SIT, true
	case "busy":
		clip = l.tones.Busy
	case "ringback":
		clip = l.tones.Ringback
	case "congestion":
		clip = l.tones.Congestion
	case "dial":
		clip = l.tones.Dial
	default:
		return nil, voice.Errorf("prompt.Tone", voice.Invalid, "there is no tone %q", p.Standard)
	}
	if once || p.Duration <= 0 {
		return clip, nil
	}
	period := clip.PCM().Samples
	samples := make([]int16, min(p.Duration, MaxSilence)*media.Rate/time.Second)
	for i := range samples {
		samples[i] = period[i%len(period)]
	}
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: samples}), nil
}

// standard gives a phrase in a voice code. English is what the program carries.
// Another voice is spoken by an engine, once; when that fails, English is given
// together with the error.
func (l *Library) standard(ctx context.Context, phrase, code string, wait time.Duration) (*media.Clip, error) {
	const op = "prompt.Standard"
	c, known := FindCode(code)
	if known && c.Code == DefaultCode {
		return l.embedded(ctx, phrase)
	}
	problem := fmt.Errorf("there is no voice code %q", code)
	if known {
		text, ok := PhraseText(phrase, c.Code)
		if !ok {
			return nil, voice.Errorf(op, voice.NotExist, "there is no phrase %q", phrase)
		}
		s, err := l.cfg.Speech.Check(tts.Utterance{Text: text, Voice: c.wish()})
		if err == nil {
			var clip *media.Clip
			if clip, err = l.speech(ctx, s, wait); err == nil {
				return clip, nil
			}
		}
		if ctx.Err() != nil {
			return nil, err
		}
		problem = err
	}
	clip, err := l.embedded(ctx, phrase)
	if err != nil {
		return nil, err
	}
	return clip, voice.Errorf(op, voice.Unavailable, "phrase %q is played in English instead of voice %q: %s", phrase, code, voice.Reason(problem))
}

func (l *Library) embedded(ctx context.Context, phrase string) (*media.Clip, error) {
	return l.clips.get(ctx, "english/"+phrase, func(context.Context) (*media.Clip, error) {
		pcm, err := Embedded(phrase)
		if err != nil {
			return nil, err
		}
		return media.NewClip(pcm), nil
	})
}

// MemoryUsed gives the bytes of clips in memory, never more than Config.Memory.
func (l *Library) MemoryUsed() int64 { return l.clips.used() }

// Used gives how often the sound of a prompt was in memory, and how often it was made.
func (l *Library) Used() (hits, misses uint64) { return l.clips.hits.Load(), l.clips.misses.Load() }
