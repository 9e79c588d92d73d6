package httptts_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/media"
	"tandem/internal/tts"
	"tandem/internal/tts/httptts"
	"tandem/internal/voice"
)

func TestSpeaks(t *testing.T) {
	var got map[string]any
	var path, auth string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, auth = r.URL.Path, r.Header.Get("Authorization")
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		var b bytes.Buffer
		if err := media.WriteWAV(&b, media.PCM{Rate: 24000, Samples: make([]int16, 24000)}); err != nil {
			t.Error(err)
		}
		w.Write(b.Bytes())
	}))
	defer s.Close()
	for _, url := range []string{s.URL, s.URL + "/v1/", s.URL + "/v1/audio/speech"} {
		e, err := httptts.New(httptts.Config{URL: url, Key: "k1", Model: "m", Voices: []string{"alloy"}, Client: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		pcm, err := e.Synthesize(t.Context(), tts.Utterance{Text: "a \"b\" < c", Voice: e.Voices()[0], Rate: 1.5})
		if err != nil || pcm.Rate != 24000 || len(pcm.Samples) != 24000 {
			t.Fatalf("%d samples, %v", len(pcm.Samples), err)
		}
		want := map[string]any{"model": "m", "input": "a \"b\" < c", "voice": "alloy", "response_format": "wav", "speed": 1.5}
		if diff := cmp.Diff(want, got); diff != "" || path != "/v1/audio/speech" || auth != "Bearer k1" {
			t.Errorf("path %s, auth %s, %s", path, auth, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status        int
		body, problem string
	}{
		{401, `{"error":{"message":"bad key"}}`, "401 Unauthorized: bad key"},
		{500, "<html>", "500 Internal Server Error"},
		{200, "ID3 this is mp3", "no usable sound"},
		{200, "", "no usable sound"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			w.Write([]byte(c.body))
		}))
		e, err := httptts.New(httptts.Config{URL: s.URL, Voices: []string{"v"}, Client: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Synthesize(t.Context(), tts.Utterance{Text: "hi", Voice: e.Voices()[0]})
		if !voice.IsKind(err, voice.Unavailable) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%d %q: %v", c.status, c.body, err)
		}
		s.Close()
		if _, err = e.Synthesize(t.Context(), tts.Utterance{Text: "hi", Voice: e.Voices()[0]}); !voice.IsKind(err, voice.Unavailable) {
			t.Errorf("server gone: %v", err)
		}
	}
	for _, cfg := range []httptts.Config{{URL: "http://x", Voices: []string{"v"}}, {Client: http.DefaultClient, Voices: []string{"v"}},
		{Client: http.DefaultClient, URL: "http://x"}, {Client: http.DefaultClient, URL: "http://[", Voices: []string{"v"}}} {
		if _, err := httptts.New(cfg); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
