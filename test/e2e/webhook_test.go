package e2e_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/hooks"
	"tandem/internal/phone"
)

// The run of webhooks.
const (
	sinkHooks   = 8      // webhooks that are told of every event
	sinkEvents  = 10_000 // that are delivered at the least
	sinkKills   = 5
	sinkCalls   = 48 // of some 27 events that are told
	sinkCallers = 4
)

// fact names an event of a call as one webhook is told it.
type fact struct {
	hook, call string
	seq        int
}

// sink is a client's server that fails three times of ten.
type sink struct {
	mu       sync.Mutex
	secrets  map[string][]byte // by path
	ids      map[fact]string   // of what was taken
	bodies   map[string]string // by id
	came     map[string]int    // how often, by id
	last     map[fact]int      // by hook and call, the last new event that was taken
	requests int
	repeats  int
	faults   []string
}

func newSink() *sink {
	return &sink{secrets: map[string][]byte{}, ids: map[fact]string{}, bodies: map[string]string{}, came: map[string]int{}, last: map[fact]int{}}
}

func (k *sink) fault(format string, args ...any) {
	if len(k.faults) < 20 {
		k.faults = append(k.faults, fmt.Sprintf(format, args...))
	}
}

// verify checks a signature as the specification of Standard Webhooks has it.
func (k *sink) verify(r *http.Request, body string) {
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	sent, err := strconv.ParseInt(stamp, 10, 64)
	if age := time.Since(time.Unix(sent, 0)); err != nil || age < -5*time.Second || age > 30*time.Second {
		k.fault("%s: sent at %q", id, stamp)
	}
	mac := hmac.New(sha256.New, k.secrets[r.URL.Path])
	mac.Write([]byte(id + "." + stamp + "." + body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if got := r.Header.Get("webhook-signature"); got != want {
		k.fault("%s: signature %q, want %q", id, got, want)
	}
}

// take notes a request, and whether it is taken. It gives the message's id; "" =
// it did not come whole.
func (k *sink) take(r *http.Request, taken bool) (id string) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return "" // the server was killed in the middle of it
	}
	var m struct {
		ID   string
		Data struct {
			Call  struct{ ID string }
			Event struct{ Seq int }
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.requests++
	k.verify(r, string(raw))
	if err := json.Unmarshal(raw, &m); err != nil || m.ID != r.Header.Get("webhook-id") {
		k.fault("%s: %v: %s", r.Header.Get("webhook-id"), err, raw)
		return ""
	}
	if had, ok := k.bodies[m.ID]; ok && had != string(raw) {
		k.fault("%s came with another body", m.ID)
	}
	k.bodies[m.ID] = string(raw)
	k.came[m.ID]++
	if !taken {
		return m.ID
	}
	f := fact{r.URL.Path, m.Data.Call.ID, m.Data.Event.Seq}
	if id, ok := k.ids[f]; ok {
		k.repeats++
		if id != m.ID {
			k.fault("%v came as %s and as %s", f, id, m.ID)
		}
		return m.ID
	}
	k.ids[f] = m.ID
	chain := fact{hook: f.hook, call: f.call}
	if k.last[chain] >= f.seq {
		k.fault("%v came after %d", f, k.last[chain])
	}
	k.last[chain] = f.seq
	return m.ID
}

func (k *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch p := rand.IntN(100); {
	case p < 16:
		k.take(r, false)
		w.WriteHeader(500)
	case p < 26: // reset
		k.take(r, false)
		panic(http.ErrAbortHandler)
	case p < 28: // hangs
		k.take(r, false)
		<-r.Context().Done()
	case p < 30: // takes it and says so too late
		k.take(r, true)
		select {
		case <-r.Context().Done():
		case <-time.After(1500 * time.Millisecond):
		}
	default:
		k.take(r, true)
	}
}

// kill ends the server as a power switch would.
func (s *server) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.done
}

// callers make calls, some at once, until enough were answered.
func callers(t *testing.T, sip string, enough func(made int) bool) *sync.WaitGroup {
	t.Helper()
	var wg sync.WaitGroup
	var made atomic.Int32
	for range sinkCallers {
		wg.Go(func() {
			for !enough(int(made.Load())) && t.Context().Err() == nil {
				if callOnce(t, sip) {
					made.Add(1)
				}
			}
		})
	}
	return &wg
}

// callOnce makes a call and waits for its end, or for a while: nothing says that
// a killed server is gone. It gives whether the call was answered.
func callOnce(t *testing.T, sip string) bool {
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Error(err)
		return false
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	c, err := p.Dial(ctx, "sip:+4685550100@"+sip, phone.CallOptions{})
	if err != nil {
		return false // the server is down
	}
	select {
	case <-c.Done():
	case <-ctx.Done():
	}
	return true
}

// tellAll sets up an app of many steps on a number, and webhooks that tell a sink of
// every event.
func tellAll(t *testing.T, s *server, taker *sink, url string, hooks int) apiKey {
	t.Helper()
	account := text(t, s.fields("account", "create", "Hooks"), "id")
	k := apiKey{s, text(t, s.fields("credential", "create", "--account", account, "--for", "api",
		"--scope", "calls:read", "--scope", "apps:write", "--scope", "config:read", "--scope", "config:write"), "key")}
	doc := "flow: 1\nstart: begin\nsteps:\n  begin: {answer: {}, then: s0}\n"
	for i := range 12 {
		doc += fmt.Sprintf("  s%d: {wait: 150ms, then: s%d}\n", i, i+1)
	}
	doc += "  s12: {hang_up: {}}\n"
	app := text(t, k.do(201, "POST", "/apps", map[string]any{"kind": "native", "name": "Many steps", "document": map[string]any{}, "publish": false}), "id")
	k.do(200, "PUT", "/apps/"+app+"/draft", doc)
	k.do(200, "POST", "/apps/"+app+"/publish", nil)
	k.do(201, "POST", "/numbers", map[string]any{"number": "+4685550100", "to": map[string]any{"kind": "app", "id": app}})

	for i := range hooks {
		path := fmt.Sprint("/hook", i)
		made := k.do(201, "POST", "/webhooks", map[string]any{"url": url + path, "events": []string{"*", "step"}})
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text(t, made, "secret"), "whsec_"))
		if err != nil || len(key) != 32 {
			t.Fatalf("secret %v: %v", made["secret"], err)
		}
		taker.mu.Lock()
		taker.secrets[path] = key
		taker.mu.Unlock()
	}
	return k
}

// TestWebhookRun has ten thousand events told to a sink that fails three times of
// ten while the server is killed five times: none is lost, the order of each call
// holds, every signature verifies, and repeats carry the same id.
func TestWebhookRun(t *testing.T) {
	s := start(t, "TANDEM_WEBHOOKS_TIMEOUT=1", "TANDEM_WEBHOOKS_PAUSE_UNIT=100")
	taker := newSink()
	web := httptest.NewServer(taker)
	t.Cleanup(web.Close)
	k := tellAll(t, s, taker, web.URL, sinkHooks)
	calling := callers(t, s.sip, func(made int) bool { return made >= sinkCalls })
	for range sinkKills {
		<-time.After(2*time.Second + time.Duration(rand.IntN(3000))*time.Millisecond)
		s.kill()
		s.run()
	}
	calling.Wait()
	settle(t, k)
	compare(t, k, taker, sinkEvents, sinkKills)
}

// settle waits until nothing is queued any more, and looks that nothing was given up.
func settle(t *testing.T, k apiKey) {
	t.Helper()
	deadline := time.Now().Add(120 * time.Second)
	for len(k.items("/calls?up=true&limit=1")) > 0 || len(k.items("/deliveries?state=queued&limit=1")) > 0 {
		if time.Now().After(deadline) {
			t.Errorf("still queued: %v", k.items("/deliveries?state=queued&limit=10"))
			return
		}
		<-time.After(200 * time.Millisecond)
	}
	for _, d := range k.items("/deliveries?state=dead&limit=10") {
		t.Errorf("given up: %v", d)
	}
}

// compare looks that the sink has taken what the timelines say, least events or
// more, and nothing else.
func compare(t *testing.T, k apiKey, taker *sink, least, kills int) {
	t.Helper()
	told := map[string]bool{}
	for _, kind := range hooks.Events() {
		told[string(kind)] = true
	}
	taker.mu.Lock()
	defer taker.mu.Unlock()
	calls, broken, expected, lost := 0, 0, 0, 0
	for path := "/calls?limit=200"; path != ""; {
		page := k.do(200, "GET", path, nil)
		list, _ := page["items"].([]any)
		for _, v := range list {
			c, _ := v.(map[string]any)
			calls++
			if c["cause"] == "server failed" {
				broken++
			}
			id := fmt.Sprint(c["id"])
			events, _ := k.do(200, "GET", "/calls/"+id, nil)["events"].([]any)
			for _, v := range events {
				e, _ := v.(map[string]any)
				if !told[fmt.Sprint(e["kind"])] {
					continue
				}
				seq, _ := e["seq"].(float64)
				for i := range len(taker.secrets) {
					expected++
					if _, ok := taker.ids[fact{fmt.Sprint("/hook", i), id, int(seq)}]; !ok {
						if lost++; lost < 10 {
							t.Errorf("lost: hook %d, call %s, event %v %v", i, id, e["seq"], e["kind"])
						}
					}
				}
			}
		}
		path = ""
		if next, ok := page["next"].(string); ok {
			path = "/calls?limit=200&cursor=" + next
		}
	}
	t.Logf("%d calls, %d of them broken off by %d kills; %d events to be told, %d taken, %d lost; %d requests, %d repeats of what was taken",
		calls, broken, kills, expected, len(taker.ids), lost, taker.requests, taker.repeats)
	if expected < least || len(taker.ids) != expected || lost > 0 || broken == 0 {
		t.Errorf("%d events to be told, %d taken, %d lost, %d calls broken off", expected, len(taker.ids), lost, broken)
	}
	for _, f := range taker.faults {
		t.Error(f)
	}
}
