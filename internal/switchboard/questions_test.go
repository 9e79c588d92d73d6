package switchboard_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/dialect/native"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/outbound"
	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// readers are two ways to read answers: XML as a vendor does, and our own JSON.
type readers struct{}

func (readers) Ask(_ context.Context, q flow.Question) (voice.HTTPRequest, error) {
	return voice.HTTPRequest{Method: q.Step.Method, URL: q.URL}, nil
}

func (readers) Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer) (*flow.Program, error) {
	if q.Step.Dialect == "telphin" {
		if err := input.CheckAnswer(a.Status, a.Body, "XML", telphinivr.MaxAnswer); err != nil {
			return nil, voice.E("test", voice.Invalid, err)
		}
		return telphinivr.Reply(ctx, a.Body, nil, dialect.OpenResolver{})
	}
	data, err := input.AnswerJSON(a.Status, a.Body)
	if err != nil {
		return nil, voice.E("test", voice.Invalid, err)
	}
	p, ds, err := native.NewFormat().CompileFile(ctx, data, dialect.OpenResolver{})
	if bad, is := ds.FirstError(); err == nil && is {
		err = voice.Errorf("test", voice.Invalid, "%s", bad)
	}
	return &p, err
}

// hostile is a server whose every path answers in a way that it should not.
func hostile(t *testing.T, release <-chan struct{}) *httptest.Server {
	t.Helper()
	const flow1 = `{"flow": 1, "start": "a", "steps": {`
	bodies := map[string]string{
		"/empty": "", "/html": "<!DOCTYPE html><html>", "/binary": "\x00\x01\x02", "/text": "hello", "/cut": flow1, "/flow": flow1 + `"a": {"hang_up": {"words": "the fallback answered"}}}}`,
		"/deep": strings.Repeat(`{"a":`, 100_000), "/twice": `{"flow": 1, "flow": 1}`, "/unknown": flow1 + `"a": {"sing": "loud"}}}`,
		"/nowhere": flow1 + `"a": {"answer": null, "then": "b"}}}`, "/self": flow1 + `"a": {"fetch": {"dialect": "native", "url": "${base}/self", "fallback": "${base}/flow"}}}}`,
		"/again":  flow1 + `"a": {"fetch": {"dialect": "native", "url": "${base}/again", "replace": true}}}}`,
		"/silent": flow1 + `"a": {"gather": {"first_digit": "1ms"}, "keys": {"1": "a"}, "no_input": "a"}}}`,
		"/laugh":  `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Response><Pause/>&b;</Response>`,
		"/verbs":  "<Response>" + strings.Repeat("<Pause/>", 5_000) + "</Response>",
	}
	var steps strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&steps, `"s%d": {"answer": null, "then": "s%d"},`, i, i+1)
	}
	bodies["/steps"] = `{"flow": 1, "start": "s0", "steps": {` + steps.String() + `"s5000": {"hang_up": {}}}}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/500":
			http.Error(w, bodies["/flow"], 500)
		case "/hang", "/slow":
			if r.URL.Path == "/slow" {
				fmt.Fprint(w, flow1)
				w.(http.Flusher).Flush()
			}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/large":
			for range 10 << 8 {
				if _, err := w.Write([]byte(strings.Repeat(" ", 4096))); err != nil {
					return
				}
			}
		case "/round":
			http.Redirect(w, r, "/round", http.StatusTemporaryRedirect)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusFound)
		case "/reset":
			panic(http.ErrAbortHandler)
		case "/packed":
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, bodies["/flow"])
		default:
			fmt.Fprint(w, strings.ReplaceAll(bodies[r.URL.Path], "${base}", "http://"+r.Host))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// asking is a switchboard whose one number asks.
func asking(t *testing.T, rescue voice.AppID, f flow.Fetch) *switchboard.Switchboard {
	t.Helper()
	say := func(app voice.AppID, words string) *flow.Program {
		return &flow.Program{App: app, Name: string(app), Entry: "end", Nodes: []flow.Node{{ID: "end", Step: flow.Hangup{Words: words}}}}
	}
	w := &world{programs: map[voice.AppID]*flow.Program{"T": program("T", f), "R": say("R", "rescued")}, rescue: rescue,
		numbers: map[voice.E164]voice.Number{"+46850000001": number("+46850000001", ours, voice.ToApp, "T")}}
	none := func() ([]netip.Addr, error) { return nil, nil }
	web := outbound.NewRequester(outbound.New(outbound.Config{AllowLoopback: true, Interfaces: none}))
	s := switchboard.New(switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w,
		Web: web, Applications: readers{}})
	t.Cleanup(func() {
		_ = s.Close(context.Background())
		web.Close()
	})
	return s
}

func timeline(c *waiter) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, e := range c.events {
		fmt.Fprintln(&b, e.Kind, e.Text)
	}
	return b.String()
}

// Whatever an application answers, the timeline says what was wrong with it, and
// the fallback is asked.
func TestHostileAnswers(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := hostile(t, release)
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, tt := range []struct{ path, words string }{
		{"/hang", "no whole answer within 200ms"}, {"/slow", "no whole answer within 200ms"}, {"/reset", "EOF"}, {"/500", "status 500 internal server error"},
		{"/204", "the answer is empty (status 204)"}, {"/empty", "the answer is empty (status 200)"}, {"/html", "a web page, not JSON"}, {"/binary", "binary, not JSON"},
		{"/text", "not JSON"}, {"/cut", "ends too early"}, {"/large", "larger than 1048576 bytes"}, {"/packed", "compressed"}, {"/deep", "nested more than 64 deep"},
		{"/twice", "flow: the field is given twice"}, {"/unknown", "says nothing to do"}, {"/nowhere", "b"}, {"/steps", "makes 5001 steps; at most 1000"},
		{"/round", "more than 3 redirects"}, {"/inside", "not a public address"}, {"telphin/laugh", "document type"}, {"telphin/html", "a web page, not XML"},
		{"telphin/verbs", "more than 100 verbs"}, {"telphin/text", "no <Response>"}, {"telphin/empty", "empty"}, {"gone", "refused"},
	} {
		f := flow.Fetch{Dialect: "native", Method: "GET", URL: flow.Template(s.URL + tt.path), Fallback: flow.Template(s.URL + "/flow"), Timeout: 200 * time.Millisecond}
		want := "the fallback answered"
		if path, xml := strings.CutPrefix(tt.path, "telphin"); xml {
			f.Dialect, f.URL, want = "telphin", flow.Template(s.URL+path), "rescued"
		}
		if tt.path == "gone" {
			f.URL = flow.Template(gone.URL)
		}
		c := newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{})
		asking(t, "R", f).Arrive(c)
		if e := c.ending(t); e.Words != want {
			t.Errorf("%s: ended %+v", tt.path, e)
		}
		if line := timeline(c); !strings.Contains(line, "no valid answer: ") || !strings.Contains(line, tt.words) || !strings.Contains(line, "asking the fallback http") {
			t.Errorf("%s: nothing says %q:\n%s", tt.path, tt.words, line)
		}
	}
}

// Answers that lead to themselves end with a reason, and so does a caller who
// never presses anything.
func TestAnswersInCircles(t *testing.T) {
	s := hostile(t, nil)
	for path, words := range map[string]string{
		"/self": "depth limit of 20 apps reached", "/again": "limit of 200 questions of one call to the application at " + strings.TrimPrefix(s.URL, "http://"),
		"/silent": "step limit of 1000 reached",
	} {
		c := newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{})
		asking(t, "", flow.Fetch{Dialect: "native", Method: "GET", URL: flow.Template(s.URL + path)}).Arrive(c)
		if e := c.ending(t); e.Cause != voice.CauseFailed || !strings.Contains(e.Words, words) {
			t.Errorf("%s: ended %+v", path, e)
		}
	}
}

// leaver is a caller who leaves while an application is asked.
type leaver struct {
	*waiter
	asked <-chan struct{}
}

func (l *leaver) Wait(context.Context, time.Duration) error {
	<-l.asked
	return voice.Errorf("test", voice.HungUp, "the caller hung up")
}

// An answer that comes when the caller has gone is ignored, and that is noted.
func TestAnswerAfterTheCaller(t *testing.T) {
	asked, release := make(chan struct{}), make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	defer app.Close()
	defer close(release)
	c := &leaver{newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{}), asked}
	asking(t, "R", flow.Fetch{Dialect: "native", URL: flow.Template(app.URL)}).Arrive(c)
	line := timeline(c.waiter)
	if !strings.Contains(line, "the caller hung up: the answer of the application is no longer waited for") || strings.Contains(line, "rescue") {
		t.Error(line)
	}
}

// However many calls ask applications that fail in every way, none stays up.
func TestNoCallIsStuck(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := hostile(t, release)
	paths := []string{"/hang", "/slow", "/500", "/html", "/empty", "/deep", "/204", "/reset", "/round", "/flow"}
	boards := make([]*switchboard.Switchboard, len(paths))
	for i, path := range paths {
		boards[i] = asking(t, "R", flow.Fetch{Dialect: "native", Method: "GET", URL: flow.Template(s.URL + path), Timeout: 50 * time.Millisecond})
	}
	var next, ended atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for i := int(next.Add(1)); i <= 2_000; i = int(next.Add(1)) {
				c := newWaiter(voice.CallInfo{To: "+46850000001"}, sim.Script{})
				boards[i%len(boards)].Arrive(c)
				if c.noted(voice.EventCallEnded) {
					ended.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := ended.Load(); n != 2_000 {
		t.Errorf("%d of 2000 calls ended", n)
	}
	for i, b := range boards {
		if up := b.Live(); len(up) != 0 {
			t.Errorf("%s: %d calls are up", paths[i], len(up))
		}
	}
}
