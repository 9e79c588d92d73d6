// Package httptts speaks through a server that has OpenAI's interface,
// POST …/v1/audio/speech, which many local speech servers have too.
//
// It decides nothing about which addresses may be reached: the client it is
// given does. It starts no goroutine; an Engine may be used concurrently.
// Reference: https://platform.openai.com/docs/api-reference/audio/createSpeech
package httptts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/voice"
)

// Doer sends a request; *http.Client has it. It bounds addresses and time.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Config is what the operator sets.
type Config struct {
	URL    string // "https://api.openai.com/v1/audio/speech", or the server's base, to which that path is added
	Key    string // sent as bearer token; "" = none
	Model  string // "gpt-4o-mini-tts"
	Voices []string
	Client Doer
}

const (
	maxAudio = 50 << 20
	path     = "/v1/audio/speech"
)

// Engine is a speech server.
type Engine struct {
	cfg    Config
	voices []tts.Voice
}

// New makes the engine. It sends nothing. Invalid when something is missing.
func New(cfg Config) (*Engine, error) {
	const op = "httptts.New"
	switch {
	case cfg.Client == nil:
		return nil, voice.Errorf(op, voice.Invalid, "there is no HTTP client")
	case cfg.URL == "":
		return nil, voice.InvalidField(op, "url", "the address of the speech server is empty")
	case len(cfg.Voices) == 0 || cfg.Voices[0] == "":
		return nil, voice.InvalidField(op, "voice", "the speech server's voice is empty")
	}
	cfg.URL = endpoint(cfg.URL)
	if _, err := http.NewRequest(http.MethodPost, cfg.URL, nil); err != nil {
		return nil, voice.InvalidField(op, "url", "%w", err)
	}
	e := &Engine{cfg: cfg}
	for _, v := range cfg.Voices {
		e.voices = append(e.voices, tts.Voice{ID: "openai-" + v, Name: v})
	}
	return e, nil
}

// endpoint completes a base address: the server's root, or its /v1.
func endpoint(url string) string {
	url = strings.TrimRight(url, "/")
	if strings.HasSuffix(url, "/audio/speech") {
		return url
	}
	return strings.TrimSuffix(url, "/v1") + path
}

// Name implements tts.Synthesizer.
func (e *Engine) Name() string { return "openai" }

// Version implements tts.Synthesizer: address and model, because they decide
// how a text sounds.
func (e *Engine) Version() string { return e.cfg.URL + " " + e.cfg.Model }

// Voices implements tts.Synthesizer. Every voice speaks every language.
func (e *Engine) Voices() []tts.Voice { return append([]tts.Voice(nil), e.voices...) }

type request struct {
	Model  string  `json:"model,omitempty"`
	Input  string  `json:"input"`
	Voice  string  `json:"voice"`
	Format string  `json:"response_format"`
	Speed  float64 `json:"speed,omitempty"`
}

// Synthesize implements tts.Synthesizer.
func (e *Engine) Synthesize(ctx context.Context, u tts.Utterance) (media.PCM, error) {
	const op = "httptts.Synthesize"
	q := request{Model: e.cfg.Model, Input: u.Text, Voice: strings.TrimPrefix(u.Voice.ID, "openai-"), Format: "wav"}
	if s := u.Speed(); s != 1 {
		q.Speed = s
	}
	body, err := json.Marshal(q)
	if err != nil {
		return media.PCM{}, voice.E(op, voice.Internal, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return media.PCM{}, voice.E(op, voice.Internal, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "audio/wav")
	if e.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+e.cfg.Key)
	}
	resp, err := e.cfg.Client.Do(req)
	if err != nil {
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "the speech server does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "the speech server refused: %s%s", resp.Status, problem(resp.Body))
	}
	pcm, err := media.ReadWAV(resp.Body, media.WAVLimits{
		MaxBytes: maxAudio, MaxDuration: tts.MaxSpeech + time.Minute, AllowUnfinished: true})
	if err != nil {
		return media.PCM{}, voice.Errorf(op, voice.Unavailable, "the speech server sent no usable sound: %w", err)
	}
	return pcm, nil
}

// problem gives the words of an error body in OpenAI's form, or nothing.
func problem(r io.Reader) string {
	var e struct {
		Error struct{ Message string }
	}
	if err := json.NewDecoder(io.LimitReader(r, 16<<10)).Decode(&e); err != nil || e.Error.Message == "" {
		return ""
	}
	msg := []rune(e.Error.Message)
	return fmt.Sprintf(": %s", string(msg[:min(len(msg), 200)]))
}
