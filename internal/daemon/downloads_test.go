package daemon_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// Sounds are asked for by the version that is known.
func TestSoundsAgain(t *testing.T) {
	changed := time.Date(2026, 11, 21, 7, 10, 0, 0, time.UTC)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/dated", "/tagged":
			w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
			if r.URL.Path == "/tagged" {
				w.Header().Set("ETag", `"7"`)
			}
			if r.Header.Get("If-None-Match") == `"7"` || r.URL.Path == "/dated" && r.Header.Get("If-Modified-Since") == changed.Format(http.TimeFormat) {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			io.WriteString(w, "sound")
		case "/odd":
			w.WriteHeader(http.StatusNotModified) // though nobody asked
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(web.Close)
	fetch := daemon.FetchSounds(web.Client())
	for _, path := range []string{"/dated", "/tagged"} {
		a, err := fetch(t.Context(), "A", web.URL+path, prompt.Version{})
		if err != nil || a.Same || a.Modified == "" || (a.ETag != "") != (path == "/tagged") {
			t.Fatalf("%s: %+v %v", path, a, err)
		}
		if body, err := io.ReadAll(a.Body); string(body) != "sound" || err != nil {
			t.Errorf("%s: %s %v", path, body, err)
		}
		a.Body.Close()
		again, err := fetch(t.Context(), "A", web.URL+path, a.Version)
		if err != nil || !again.Same || again.Body != nil {
			t.Errorf("%s again: %+v %v", path, again, err)
		}
		other, err := fetch(t.Context(), "A", web.URL+path, prompt.Version{ETag: `"6"`, Modified: "Thu, 01 Jan 1970 00:00:00 GMT"})
		if err != nil || other.Same {
			t.Fatalf("%s of another version: %+v %v", path, other, err)
		}
		other.Body.Close()
	}
	for path, want := range map[string]voice.Kind{"/odd": voice.Unavailable, "/broken": voice.Unavailable, "/none": voice.NotExist} {
		if _, err := fetch(t.Context(), "A", web.URL+path, prompt.Version{}); !voice.IsKind(err, want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
