package asr_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/asr"
	"tandem/internal/blob/memblob"
	"tandem/internal/voice"
)

func TestTranscribes(t *testing.T) {
	blobs := memblob.New()
	audio := bytes.Repeat([]byte("RIFFx"), 100_000)
	if _, err := blobs.Put(t.Context(), "recordings/a.wav", bytes.NewReader(audio), 1<<20); err != nil {
		t.Fatal(err)
	}
	fields, auth, path := map[string]string{}, "", ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		auth, path = r.Header.Get("Authorization"), r.URL.Path
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		for part, err := form.NextPart(); err == nil; part, err = form.NextPart() {
			data, _ := io.ReadAll(part)
			fields[part.FormName()] = string(data)
			if part.FormName() == "file" && part.FileName() != "speech.wav" {
				t.Errorf("the file is called %q", part.FileName())
			}
		}
		io.WriteString(w, `{"text": " Sales, please.\n"}`)
	}))
	defer s.Close()
	for _, url := range []string{s.URL, s.URL + "/v1/", s.URL + "/v1/audio/transcriptions"} {
		r, err := asr.New(asr.Config{URL: url, Key: "k1", Model: "whisper-1", Client: s.Client(), Blobs: blobs})
		if err != nil || !r.Ready() {
			t.Fatal(err)
		}
		text, err := r.Transcribe(t.Context(), voice.Recording{Blob: "recordings/a.wav", Size: int64(len(audio))}, "ru-RU")
		if err != nil || text != "Sales, please." {
			t.Fatalf("understood %q, %v", text, err)
		}
		if fields["model"] != "whisper-1" || fields["language"] != "ru" || fields["response_format"] != "json" || fields["file"] != string(audio) ||
			auth != "Bearer k1" || path != "/v1/audio/transcriptions" {
			t.Errorf("path %s, auth %s, model %s, language %s, %d bytes", path, auth, fields["model"], fields["language"], len(fields["file"]))
		}
	}
}

func TestRefusals(t *testing.T) {
	blobs := memblob.New()
	if _, err := blobs.Put(t.Context(), "a.wav", strings.NewReader("RIFF"), 10); err != nil {
		t.Fatal(err)
	}
	rec := voice.Recording{Blob: "a.wav"}
	none, err := asr.New(asr.Config{})
	if err != nil || none.Ready() {
		t.Fatal(err)
	}
	_, err = none.Transcribe(t.Context(), rec, "")
	wantWords(t, "no recogniser", err, voice.Unavailable, "no speech recogniser is set (asr.url)")
	for _, c := range []struct {
		status        int
		body, problem string
	}{
		{401, `{"error":{"message":"bad key"}}`, "401 Unauthorized: bad key"}, {500, "<html>", "500 Internal Server Error"},
		{200, "<html>", "sent no text"}, {200, "{}", "sent no text"}, {200, "", "sent no text"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		r, err := asr.New(asr.Config{URL: s.URL, Client: s.Client(), Blobs: blobs})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Transcribe(t.Context(), rec, "")
		wantWords(t, c.body, err, voice.Unavailable, c.problem)
		_, err = r.Transcribe(t.Context(), voice.Recording{Blob: "b.wav"}, "")
		wantWords(t, "audio gone", err, voice.NotExist, "")
		_, err = r.Transcribe(t.Context(), voice.Recording{Blob: "a.wav", Size: asr.MaxAudio + 1}, "")
		wantWords(t, "too long", err, voice.Limit, "are the most")
		s.Close()
		_, err = r.Transcribe(t.Context(), rec, "")
		wantWords(t, "server gone", err, voice.Unavailable, "does not answer")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r.Transcribe(ctx, rec, "")
		wantWords(t, "cancelled", err, voice.Unavailable, "")
	}
	for _, url := range []string{"x", "ftp://x", "http://[", "http://"} {
		_, err := asr.New(asr.Config{URL: url})
		wantWords(t, url, err, voice.Invalid, "no address")
	}
}

func wantWords(t *testing.T, what string, err error, kind voice.Kind, words string) {
	t.Helper()
	if voice.KindOf(err) != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %s with %q", what, err, kind, words)
	}
}
