package stage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/stage"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// open makes a stage over an application and gives what its APIs are asked with.
func open(t *testing.T, app http.HandlerFunc) (*stage.Stage, map[string]string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	s, err := stage.Open(t.Context(), stage.Options{App: server.URL, Think: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	env := map[string]string{"APP_URL": server.URL}
	for _, v := range s.Environment() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return s, env
}

// run runs the only test of a text.
func run(t *testing.T, s *stage.Stage, main *flow.Program, text string) *suite.Result {
	t.Helper()
	f, faults := suite.Parse("x.test", []byte(text))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return suite.Setup{Main: main, Application: s, Asker: s.Asker, Seen: &suite.Seen{}}.Run(t.Context(), f, f.Tests[0])
}

// orders posts a form to Hoiio's API and gives the status that it answers.
func orders(env map[string]string, method string, fields url.Values) (string, error) {
	fields.Set("app_id", env["HOIIO_APP"])
	if fields.Get("access_token") == "" {
		fields.Set("access_token", env["HOIIO_TOKEN"])
	}
	res, err := http.PostForm(env["HOIIO_BASE"]+"ivr/"+method, fields)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var answer struct{ Status string }
	return answer.Status, json.NewDecoder(res.Body).Decode(&answer)
}

// An application is told of a call over HTTP, orders by the vendor's API, and time
// stands still while it thinks.
func TestOrders(t *testing.T) {
	var env map[string]string
	var s *stage.Stage
	var refused string
	s, env = open(t, func(w http.ResponseWriter, r *http.Request) {
		session := r.FormValue("session")
		method, fields := "end/hangup", url.Values{"session": {session}, "msg": {"Goodbye."}}
		switch {
		case r.FormValue("call_state") == "ended":
			return
		case r.URL.Path == "/answer":
			refused, _ = orders(env, method, url.Values{"session": {session}, "access_token": {"wrong"}})
			method, fields = "middle/gather", url.Values{"session": {session}, "msg": {"Press a key."}, "max_digits": {"1"}, "timeout": {"8"}, "notify_url": {env["APP_URL"] + "/key"}}
		case r.FormValue("digits") != "4":
			t.Errorf("told of %v", r.Form)
		}
		if status, err := orders(env, method, fields); status != "success_ok" {
			t.Errorf("%s: %s %v", method, status, err)
		}
	})
	main, err := s.Answers(t.Context(), "hoiio", "/answer")
	if err != nil {
		t.Fatal(err)
	}
	const text = "test \"it answers\"\n caller +6591234567 dials +6531234567\n hears \"Press a key.\"\n waits 3s\n presses 4\n hears \"Goodbye.\"\n call ends as normal\n"
	first := run(t, s, main, text)
	if !first.Passed {
		t.Errorf("%v", first.Fault)
	}
	if refused == "success_ok" || refused == "" {
		t.Errorf("a wrong token: %q", refused)
	}
	if second := run(t, s, main, text); second.Took != first.Took || !second.Passed {
		t.Errorf("took %v, then %v: %v", first.Took, second.Took, second.Fault)
	}
	if status, err := orders(env, "end/hangup", url.Values{"session": {"x"}}); err != nil || status == "success_ok" {
		t.Errorf("an order while no test runs: %q %v", status, err)
	}
}

// An application is asked, and its answer drives the call.
func TestAsked(t *testing.T) {
	s, _ := open(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/plan" || !strings.Contains(string(body), "+30691111111") {
			t.Errorf("%s: %s", r.URL.Path, body)
		}
		fmt.Fprint(w, `{"verbs":[{"type":"SAY","message":{"language":"en-GB","gender":"female","text":"Your balance is ten euros."}}]}`)
	})
	main, err := s.Answers(t.Context(), "routee", "/plan")
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, s, main, "test \"balance\"\n caller +30691111111 dials +302100000000\n hears \"Your balance is ten euros.\"\n call ends as normal\n"); !r.Passed {
		t.Errorf("%v\n%v", r.Fault, r.Transcript())
	}
}

// What an application does wrong is on the timeline, and ends no test run.
func TestBadApplication(t *testing.T) {
	huge := strings.Repeat("x", voice.MaxHTTPAnswer+1)
	for name, tt := range map[string]struct {
		app  http.HandlerFunc
		want string
	}{
		"no plan":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }, "JSON"},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, huge) }, "bytes"},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
		}, "broke off"},
		"leads elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := open(t, tt.app)
			main, err := s.Answers(t.Context(), "routee", "/plan")
			if err != nil {
				t.Fatal(err)
			}
			r := run(t, s, main, "test \"x\"\n caller +30691111111 dials +302100000000\n hears \"anything\"\n")
			told := ""
			for _, l := range r.Transcript() {
				told += l.String() + "\n"
			}
			if r.Passed || !strings.Contains(told, tt.want) {
				t.Errorf("not told: %q in\n%s", tt.want, told)
			}
		})
	}
}

// Nothing but the application is asked, and the APIs are of this machine alone.
func TestReach(t *testing.T) {
	asked := 0
	s, env := open(t, func(http.ResponseWriter, *http.Request) { asked++ })
	s.As("http://www.example.com/ivr")
	for address, reached := range map[string]bool{
		env["APP_URL"]: true, env["APP_URL"] + "/a?b=c": true, "/a": true, "http://www.example.com/ivr/a": true, "http://www.example.com/ivr": true,
		env["APP_URL"] + "0/a": false, "http://www.example.com/other": false, "http://www.example.com/ivrs": false, "http://127.0.0.1:1/": false, "file:///etc/passwd": false,
	} {
		before := asked
		_, err := s.Request(t.Context(), voice.HTTPRequest{Method: "GET", URL: address})
		if (err == nil) != reached || (asked > before) != reached || !reached && !voice.IsKind(err, voice.Permission) {
			t.Errorf("%s: %v, asked %d times", address, err, asked-before)
		}
	}
	for _, opt := range []stage.Options{{Listen: "0.0.0.0:0"}, {Listen: "192.0.2.1:80"}, {Listen: "localhost:0"}, {App: "ftp://127.0.0.1"}, {App: "here"}} {
		if s, err := stage.Open(t.Context(), opt); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%+v: %v", opt, err)
			if err == nil {
				_ = s.Close()
			}
		}
	}
	if _, err := s.Answers(t.Context(), "sonetel", "/x"); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("a kind without an application: %v", err)
	}
	if err := s.Converse(t.Context()); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("no conversation: %v", err)
	}
	none, err := stage.Open(t.Context(), stage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Request(t.Context(), voice.HTTPRequest{Method: "GET", URL: "http://127.0.0.1:1/"}); !voice.IsKind(err, voice.Permission) || !strings.Contains(err.Error(), "--app") {
		t.Errorf("without an application: %v", err)
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}

// What a stage keeps is gone when it is closed, and so are its APIs.
func TestClose(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s, err := stage.Open(t.Context(), stage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := filepath.Glob(filepath.Join(folder, "tandem-stage-*")); len(list) != 1 {
		t.Errorf("kept in %v", list)
	}
	address := s.URL()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(folder); len(list) != 0 {
		t.Errorf("left behind: %v", list)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(req); err == nil {
		_ = res.Body.Close()
		t.Error("its APIs are there still")
	}
}

// The answers of all vendors' applications are understood.
func TestAskers(t *testing.T) {
	s, err := stage.Open(t.Context(), stage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, kind := range []string{"routee", "telphin", "smartflo"} {
		var a dialect.Asker = s.Asker(kind)
		if a == nil {
			t.Errorf("nobody understands %s", kind)
		}
	}
	if s.Asker("sonetel") != nil {
		t.Error("Sonetel has no applications")
	}
}
