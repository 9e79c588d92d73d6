package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// apiKey is a server seen through the native API.
type apiKey struct {
	*server
	key string
}

// do makes a request that must have a status and gives the body's object.
func (k apiKey) do(status int, method, path string, body any) map[string]any {
	k.t.Helper()
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case string:
		r, kind = strings.NewReader(b), "application/yaml"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			k.t.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	raw := k.send(status, method, path, kind, r)
	var v map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &v); err != nil {
			k.t.Fatalf("%s %s: no JSON object: %.500s", method, path, raw)
		}
	}
	return v
}

func (k apiKey) send(status int, method, path, kind string, r io.Reader) []byte {
	k.t.Helper()
	req, err := http.NewRequest(method, "http://"+k.http+"/api/v1"+path, r)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.key)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		k.t.Fatalf("%s %s: %d instead of %d: %v %.500s", method, path, res.StatusCode, status, err, raw)
	}
	return raw
}

func (k apiKey) items(path string) []map[string]any {
	k.t.Helper()
	list, _ := k.do(200, "GET", path, nil)["items"].([]any)
	items := make([]map[string]any, len(list))
	for i, v := range list {
		items[i], _ = v.(map[string]any)
	}
	return items
}

// heardEvents collects a stream of events.
type heardEvents struct {
	mu   sync.Mutex
	list []string // kind and text
}

func (h *heardEvents) has(part string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.list, func(s string) bool { return strings.Contains(s, part) })
}

func (h *heardEvents) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.list, "\n")
}

// events listens to the account's events until the test ends.
func (k apiKey) events(t *testing.T) *heardEvents {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+k.http+"/api/v1/events", nil)
	req.Header.Set("Authorization", "Bearer "+k.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("events: %v %v", res, err)
	}
	h, done := &heardEvents{}, make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var e struct{ Kind, Text string }
			if ok && json.Unmarshal([]byte(data), &e) == nil {
				h.mu.Lock()
				h.list = append(h.list, e.Kind+" "+e.Text)
				h.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; res.Body.Close() })
	return h
}

// apiAccount makes an account by an operator's key, and a key of that account.
func apiAccount(t *testing.T, s *server) apiKey {
	t.Helper()
	ops := text(t, s.fields("account", "create", "Operators"), "id")
	operator := apiKey{s, text(t, s.fields("credential", "create", "--account", ops, "--for", "api", "--scope", "operator"), "key")}
	id := text(t, operator.do(201, "POST", "/accounts", map[string]any{"name": "Shop", "timezone": "Europe/Stockholm"}), "id")
	made := operator.do(201, "POST", "/accounts/"+id+"/keys", map[string]any{"name": "shop", "scopes": []string{
		"calls:read", "calls:write", "apps:read", "apps:write", "config:read", "config:write", "recordings:read", "recordings:write"}})
	return apiKey{s, text(t, made, "secret")}
}

func TestNativeAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := apiAccount(t, s)
	heard := k.events(t)
	caller := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	welcome := sweep(500, 1500) // a tone is alike in many places

	t.Run("a native app answers a number", func(t *testing.T) {
		k.uploadSound(t, "Good day", welcome)
		app := text(t, k.do(201, "POST", "/apps", map[string]any{"kind": "native", "name": "Desk", "publish": false, "document": map[string]any{}}), "id")
		draft := k.do(200, "PUT", "/apps/"+app+"/draft?note=first", `# Answers and says who we are.
flow: 1
start: hello
steps:
  hello: {play: {prompts: [{sound: Good day}]}, then: bye}   # uploaded
  bye: {hang_up: {}}
`)
		if ds, _ := draft["diagnostics"].([]any); len(ds) != 0 {
			t.Fatalf("diagnostics: %v", ds)
		}
		k.do(200, "POST", "/apps/"+app+"/publish", nil)
		k.do(201, "POST", "/numbers", map[string]any{"number": "+46855501001", "to": map[string]any{"kind": "app", "id": app}})
		c := dial(t, caller, s, "+46855501001")
		hears(t, c, "Good day", welcome, 0, 5*time.Second)
		ends(t, c, 5*time.Second)
		for _, fact := range []string{"call.arrived", "call.answered", "step ", "prompt.started", "call.ended"} {
			if !eventually(5*time.Second, func() bool { return heard.has(fact) }) {
				t.Errorf("no event %q:\n%s", fact, heard)
			}
		}
		if !eventually(5*time.Second, func() bool { list := k.items("/calls"); return len(list) == 1 && list[0]["end"] != nil }) {
			t.Fatalf("calls: %v", k.items("/calls"))
		}
		call := k.do(200, "GET", "/calls/"+text(t, k.items("/calls")[0], "id"), nil)
		if events, _ := call["events"].([]any); len(events) < 5 || call["app"] != app || call["cause"] != "normal" {
			t.Errorf("call: %v", call)
		}
	})
	t.Run("a mailbox of a vendor's kind takes a message", func(t *testing.T) {
		box := text(t, k.do(201, "POST", "/apps", map[string]any{"kind": "sonetel", "name": "Box", "document": map[string]any{
			"app_type": "mailbox", "name": "Box", "greeting_prompt": "no", "deliver_to": "email", "deliver_to_details": "shop@example.com"}}), "id")
		k.do(201, "POST", "/numbers", map[string]any{"number": "+46855501002", "to": map[string]any{"kind": "app", "id": box}})
		c := dial(t, caller, s, "+46855501002")
		if err := c.Play(t.Context(), tone(600, 3*time.Second)); err != nil {
			t.Fatal(err)
		}
		hangUp(c)
		if !eventually(10*time.Second, func() bool { return len(k.items("/messages")) == 1 }) {
			t.Fatalf("no message\n%s", heard)
		}
		message := k.items("/messages")[0]
		path := "/messages/" + text(t, message, "id")
		samples, err := phone.ReadWAV(bytes.NewReader(k.send(200, "GET", path+"/audio", "", nil)))
		if err != nil || len(samples) < 2*phone.Rate {
			t.Fatalf("message: %d samples, %v", len(samples), err)
		}
		if pure := audiomatch.Tone(samples[phone.Rate:phone.Rate*3/2], 600); pure < 0.9 {
			t.Errorf("the message does not sound as it was spoken: purity %.2f", pure)
		}
		recording := "/recordings/" + text(t, message, "recording")
		k.send(409, "DELETE", recording, "", nil)
		k.do(204, "DELETE", path, nil)
		k.send(404, "GET", recording, "", nil)
	})
	t.Run("a call is begun, seen and hung up", func(t *testing.T) {
		other := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
		order := map[string]any{"first": map[string]any{"kind": "sip", "id": "a@" + caller.Addr().String()},
			"second": map[string]any{"kind": "sip", "id": "b@" + other.Addr().String()}, "tag": "mine"}
		id := text(t, k.do(202, "POST", "/calls", order), "call")
		a := rings(t, caller, 10*time.Second)
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := rings(t, other, 10*time.Second)
		if err := b.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, a, b)
		live := k.items("/calls/live")
		if len(live) != 1 || live[0]["id"] != id || live[0]["state"] != "talking" || live[0]["tag"] != "mine" {
			t.Errorf("live: %v", live)
		}
		k.do(204, "POST", "/calls/"+id+"/hangup", map[string]any{"words": "closing time"})
		ends(t, a, 5*time.Second)
		ends(t, b, 5*time.Second)
		if !eventually(5*time.Second, func() bool { v := k.do(200, "GET", "/calls/"+id, nil); return v["end"] != nil && v["tag"] == "mine" }) {
			t.Errorf("the record: %v", k.do(200, "GET", "/calls/"+id, nil))
		}
	})
}

// uploadSound uploads a sound under a name.
func (k apiKey) uploadSound(t *testing.T, name string, samples []int16) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(wav(t, samples)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := k.send(201, "POST", "/sounds", w.FormDataContentType(), &b)
	if !strings.Contains(string(raw), `"source":"uploaded"`) {
		t.Errorf("sound: %s", raw)
	}
}
