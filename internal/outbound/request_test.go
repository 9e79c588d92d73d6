package outbound_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tandem/internal/outbound"
	"tandem/internal/voice"
)

func TestRequester(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/hop":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusFound)
		case "/long":
			for range 2 * voice.MaxHTTPAnswer / 4096 {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		case "/mute":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/500":
			w.WriteHeader(500)
			fmt.Fprint(w, "broken")
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, r.Method, " ", r.URL.Path, " ", r.Header.Get("Content-Type"), " ", r.Header.Get("X-A"), " ", string(body))
		}
	}))
	defer s.Close()
	defer close(release)
	q := outbound.NewRequester(loopback(nil))
	defer q.Close()
	for what, tt := range map[string]struct {
		r      voice.HTTPRequest
		kind   voice.Kind
		status int
		body   string // or words of the error
	}{
		"get":            {voice.HTTPRequest{URL: s.URL + "/a", Headers: map[string]string{"x-a": "1"}}, "", 200, "GET /a  1 "},
		"post":           {voice.HTTPRequest{URL: s.URL + "/a", Body: []byte("b=c"), Type: "text/x"}, "", 200, "POST /a text/x  b=c"},
		"put":            {voice.HTTPRequest{Method: "put", URL: s.URL + "/a", Body: []byte("x")}, "", 200, "PUT /a   x"},
		"any status":     {voice.HTTPRequest{URL: s.URL + "/500"}, "", 500, "broken"},
		"followed":       {voice.HTTPRequest{URL: s.URL + "/hop"}, "", 200, "GET /there   "},
		"not followed":   {voice.HTTPRequest{Method: "POST", URL: s.URL + "/hop"}, "", 302, ""},
		"into a network": {voice.HTTPRequest{URL: s.URL + "/inside"}, voice.Permission, 0, "not a public address"},
		"refused":        {voice.HTTPRequest{URL: "http://10.0.0.1/"}, voice.Permission, 0, "not a public address"},
		"too long":       {voice.HTTPRequest{URL: s.URL + "/long"}, voice.Limit, 0, "larger than"},
		"late":           {voice.HTTPRequest{URL: s.URL + "/mute", Timeout: 50 * time.Millisecond}, voice.Unavailable, 0, "no whole answer within 50ms"},
		"no method":      {voice.HTTPRequest{Method: "CONNECT", URL: s.URL}, voice.Invalid, 0, "none of GET"},
		"no URL":         {voice.HTTPRequest{URL: "::"}, voice.Invalid, 0, ""},
		"bad name":       {voice.HTTPRequest{URL: s.URL, Headers: map[string]string{"a b": "1"}}, voice.Invalid, 0, "no name of a header"},
		"bad value":      {voice.HTTPRequest{URL: s.URL, Headers: map[string]string{"a": "1\r\nb: 2"}}, voice.Invalid, 0, "control character"},
		"ours":           {voice.HTTPRequest{URL: s.URL, Headers: map[string]string{"host": "x"}}, voice.Invalid, 0, "can't be set"},
		"too many":       {voice.HTTPRequest{URL: s.URL, Headers: map[string]string{"a": strings.Repeat("x", 17<<10)}}, voice.Invalid, 0, "more than"},
		"bad type":       {voice.HTTPRequest{URL: s.URL, Type: "a\nb"}, voice.Invalid, 0, "control character"},
	} {
		got, err := q.Request(t.Context(), tt.r)
		if voice.KindOf(err) != tt.kind || got.Status != tt.status || err == nil && string(got.Body) != tt.body || err != nil && !strings.Contains(err.Error(), tt.body) {
			t.Errorf("%s: %d %q, %v", what, got.Status, got.Body, err)
		}
	}
	if got, err := q.Request(t.Context(), voice.HTTPRequest{URL: s.URL}); err != nil || got.Type != "application/json" {
		t.Errorf("type %q, %v", got.Type, err)
	}
}
