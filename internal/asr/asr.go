// Package asr understands speech through a server that has OpenAI's interface,
// POST …/v1/audio/transcriptions, which many local recognisers have too.
//
// It decides nothing about which addresses may be reached: the client it is
// given does. It keeps no audio and starts no goroutine; a Recogniser may be used
// concurrently.
// Reference: https://platform.openai.com/docs/api-reference/audio/createTranscription
package asr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"tandem/internal/voice"
)

// Doer sends a request; *http.Client has it. It bounds addresses and time.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Blobs opens stored audio.
type Blobs interface {
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
}

// Config is what the operator sets.
type Config struct {
	URL    string // the server's base, or the whole address; "" = there is no recogniser
	Key    string // sent as bearer token; "" = none
	Model  string // "whisper-1"
	Client Doer
	Blobs  Blobs
}

// MaxAudio bounds what is sent, in bytes: half an hour, and less than the 25 MB
// that such servers take.
const MaxAudio = 24 << 20

const (
	maxAnswer = 1 << 20
	path      = "/v1/audio/transcriptions"
)

// Recogniser turns recordings into text: it implements voice.Transcriber.
type Recogniser struct{ cfg Config }

// New makes a Recogniser and sends nothing. Invalid for an address that is none.
func New(cfg Config) (*Recogniser, error) {
	if cfg.URL == "" {
		return &Recogniser{cfg}, nil
	}
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, voice.InvalidField("asr.New", "asr.url", "it is no address of a server")
	}
	cfg.URL = endpoint(cfg.URL)
	return &Recogniser{cfg}, nil
}

// endpoint completes a base address: the server's root, or its /v1.
func endpoint(url string) string {
	url = strings.TrimRight(url, "/")
	if strings.HasSuffix(url, "/audio/transcriptions") {
		return url
	}
	return strings.TrimSuffix(url, "/v1") + path
}

// Ready reports whether there is a recogniser.
func (r *Recogniser) Ready() bool { return r.cfg.URL != "" }

// Transcribe implements voice.Transcriber. language is BCP 47, "" = whatever is
// heard. Unavailable without a recogniser and when it does not understand the
// request, NotExist when the audio is gone, Limit when it is too long.
func (r *Recogniser) Transcribe(ctx context.Context, rec voice.Recording, language string) (string, error) {
	const op = "asr.Transcribe"
	if !r.Ready() {
		return "", voice.Errorf(op, voice.Unavailable, "no speech recogniser is set (asr.url)")
	}
	if rec.Size > MaxAudio {
		return "", voice.Errorf(op, voice.Limit, "the recording has %d bytes; %d are the most", rec.Size, MaxAudio)
	}
	audio, err := r.cfg.Blobs.Open(ctx, rec.Blob)
	if err != nil {
		return "", err
	}
	defer audio.Close()
	body, to := io.Pipe()
	form := multipart.NewWriter(to)
	written := make(chan struct{})
	go func() { // ends when the body is read or closed
		defer close(written)
		to.CloseWithError(r.write(form, audio, language))
	}()
	defer func() { body.Close(); <-written }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.cfg.URL, body)
	if err != nil {
		return "", voice.E(op, voice.Internal, err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Accept", "application/json")
	if r.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.cfg.Key)
	}
	return r.ask(op, req)
}

// write writes the request's form: a WAV file and what is known of it.
func (r *Recogniser) write(form *multipart.Writer, audio io.Reader, language string) error {
	fields := [][2]string{{"model", r.cfg.Model}, {"response_format", "json"}}
	if short, _, _ := strings.Cut(language, "-"); len(short) == 2 {
		fields = append(fields, [2]string{"language", strings.ToLower(short)}) // ISO 639-1
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	file, err := form.CreateFormFile("file", "speech.wav")
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, io.LimitReader(audio, MaxAudio)); err != nil {
		return err
	}
	return form.Close()
}

func (r *Recogniser) ask(op string, req *http.Request) (string, error) {
	resp, err := r.cfg.Client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return "", voice.Errorf(op, voice.Unavailable, "the speech recogniser does not answer: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Text  *string
		Error struct{ Message string }
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer)
	switch {
	case resp.StatusCode != http.StatusOK:
		return "", voice.Errorf(op, voice.Unavailable, "the speech recogniser refused: %s%s", resp.Status, problem(answer.Error.Message))
	case err != nil || answer.Text == nil:
		return "", voice.Errorf(op, voice.Unavailable, "the speech recogniser sent no text")
	}
	return strings.TrimSpace(*answer.Text), nil
}

// problem gives the words of an error in OpenAI's form, or nothing.
func problem(message string) string {
	if message == "" {
		return ""
	}
	msg := []rune(message)
	return fmt.Sprintf(": %s", string(msg[:min(len(msg), 200)]))
}
