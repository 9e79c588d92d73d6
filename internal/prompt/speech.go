package prompt

import (
	"bytes"
	"context"
	"errors"
	"time"

	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

const (
	speechFolder = "speech/"
	// speechLevel is how loud speech is made, in dB below full scale.
	speechLevel = -20.0
	maxBlob     = 256 << 20 // bytes of one stored sound
)

// speech gives spoken text: from memory, from the blob store, or spoken now and
// kept in both. It waits so long for an engine; 0 = as long as ctx allows.
func (l *Library) speech(ctx context.Context, s tts.Speech, wait time.Duration) (*media.Clip, error) {
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, wait,
			voice.Errorf("prompt.Speech", voice.Unavailable, "the speech was not ready within %s", wait))
		defer cancel()
	}
	return l.clips.get(ctx, speechFolder+s.Key(), func(ctx context.Context) (*media.Clip, error) {
		if pcm, err := l.read(ctx, speechKey(s)); err == nil {
			return media.NewClip(pcm), nil
		}
		pcm, err := l.synthesise(ctx, s)
		if err != nil {
			return nil, err
		}
		return media.NewClip(pcm), nil
	})
}

func speechKey(s tts.Speech) string { return speechFolder + s.Key() + ".wav" }

// synthesise speaks, at 8 kHz and a telephone's level, and keeps it in the blob
// store. A full disk does not silence the speech.
func (l *Library) synthesise(ctx context.Context, s tts.Speech) (media.PCM, error) {
	raw, by, err := l.cfg.Speech.Speak(ctx, s)
	if err != nil {
		return media.PCM{}, err
	}
	pcm := Telephone(raw)
	_, _ = l.keep(ctx, speechKey(by), pcm)
	return pcm, nil
}

// Telephone makes sound fit for a telephone: 8 kHz, an even level, without the
// silence that engines put around it.
func Telephone(p media.PCM) media.PCM {
	return trim(media.Resample(p, media.Rate).Normalise(speechLevel))
}

// trim cuts silence at both ends, but for 50 ms before and 150 ms after.
func trim(p media.PCM) media.PCM {
	const quiet = 160 // of 32768, -46 dB
	from, to := 0, len(p.Samples)
	for from < to && abs(p.Samples[from]) < quiet {
		from++
	}
	for to > from && abs(p.Samples[to-1]) < quiet {
		to--
	}
	if from == to {
		return p
	}
	from = max(0, from-p.Rate/20)
	to = min(len(p.Samples), to+p.Rate*15/100)
	return media.PCM{Rate: p.Rate, Samples: p.Samples[from:to]}
}

func abs(s int16) int {
	if s < 0 {
		return -int(s)
	}
	return int(s)
}

// Speak gives text as sound, at 8 kHz, for a dialect's text-to-speech. It is
// kept and not spoken twice. Errors as tts.Pool's Check and Speak.
func (l *Library) Speak(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	s, err := l.cfg.Speech.Check(u)
	if err != nil {
		return media.PCM{}, err
	}
	if pcm, err := l.read(ctx, speechKey(s)); err == nil {
		return pcm, nil
	}
	return l.synthesise(ctx, s)
}

// CheckSpeech says whether Speak could say u, without saying it.
func (l *Library) CheckSpeech(u tts.Utterance) error {
	_, err := l.cfg.Speech.Check(u)
	return err
}

// SpeechVoices lists the voices of the speech engines.
func (l *Library) SpeechVoices() []tts.Voice { return l.cfg.Speech.Voices() }

// Prepare makes prompts ready, so that no call waits for a speech engine. It
// does what it can and joins the errors of what it can't; a prompt that only
// falls back to English counts as one that can't.
func (l *Library) Prepare(ctx context.Context, t voice.TenantID, prompts ...voice.Prompt) error {
	var all error
	for _, p := range prompts {
		if ctx.Err() != nil {
			return errors.Join(all, context.Cause(ctx))
		}
		if _, err := l.clip(ctx, t, p, 0); err != nil {
			all = errors.Join(all, err)
		}
	}
	return all
}

// PrepareCode makes every phrase of a voice code ready.
func (l *Library) PrepareCode(ctx context.Context, code string) error {
	var prompts []voice.Prompt
	for _, p := range Phrases(code) {
		prompts = append(prompts, voice.Prompt{Kind: voice.PromptStandard, Standard: p.Key, Voice: code})
	}
	return l.Prepare(ctx, "", prompts...)
}

// WAV writes sound as a 16-bit WAV file.
func WAV(p media.PCM) ([]byte, error) {
	var b bytes.Buffer
	err := media.WriteWAV(&b, p)
	return b.Bytes(), err
}
