package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// nativeApp makes a published app of the steps of a document and gives it a number.
func (k apiKey) nativeApp(name, number, start, steps string) string {
	k.t.Helper()
	document := json.RawMessage(fmt.Sprintf(`{"flow": 1, "start": %q, "steps": {%s}}`, start, steps))
	app := text(k.t, k.do(201, "POST", "/apps", map[string]any{"kind": "native", "name": name, "document": document}), "id")
	if number != "" {
		k.do(201, "POST", "/numbers", map[string]any{"number": number, "to": map[string]any{"kind": "app", "id": app}})
	}
	return app
}

// longestSilence gives the longest time between two sounds from a time on.
func longestSilence(heard []int16, from time.Duration) time.Duration {
	const window = phone.Rate / 50
	longest, run := 0, 0
	for at := int(from * phone.Rate / time.Second); at+window <= len(heard); at += window {
		if !quiet(heard[at : at+window]) {
			run = 0
			continue
		}
		run += window
		longest = max(longest, run)
	}
	return time.Duration(longest) * time.Second / phone.Rate
}

// callText gives the timeline of the newest call that is over.
func (k apiKey) callText(t *testing.T) string {
	t.Helper()
	var list []map[string]any
	if !eventually(10*time.Second, func() bool { list = k.items("/calls"); return len(list) > 0 && list[0]["end"] != nil }) {
		t.Fatalf("no call is over: %v", list)
	}
	return string(k.send(200, "GET", "/calls/"+text(t, list[0], "id"), "", nil))
}

// TestQuestions has applications that hang, fail and answer: the caller hears
// music, then the fallback's answer, or else the account's rescue app.
func TestQuestions(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/answer":
			io.WriteString(w, `<Response><PlaySound>Answer</PlaySound><Hangup/></Response>`)
		default:
			http.Error(w, "<html>out of order</html>", http.StatusInternalServerError)
		}
	}))
	t.Cleanup(web.Close)
	t.Cleanup(func() { close(release) })
	k := apiAccount(t, start(t))
	sounds := map[string][]int16{"Opening": sweep(500, 1500), "Answer": sweep(1900, 700), "Rescue": sweep(600, 2200)}
	for name, s := range sounds {
		k.uploadSound(t, name, s)
	}
	ask := func(name, number, fallback string) {
		k.nativeApp(name, number, "hello", fmt.Sprintf(`"hello": {"play": [{"sound": "Opening"}], "then": "ask"},
			"ask": {"fetch": {"dialect": "telphin", "url": "%s/hang", "fallback": "%s%s", "timeout": "7s"}}`, web.URL, web.URL, fallback))
	}
	ask("Fallback", "+46855501101", "/answer")
	ask("Dead", "+46855501102", "/broken")
	rescue := k.nativeApp("Rescue", "", "sorry", `"sorry": {"play": [{"sound": "Rescue"}], "then": "bye"}, "bye": {"hang_up": {}}`)
	k.do(200, "PATCH", "/account", map[string]any{"rescue": rescue})

	comforted := func(t *testing.T, c *phone.Call, then string) {
		t.Helper()
		welcome := hears(t, c, "Opening", sounds["Opening"], 0, 5*time.Second)
		end := hears(t, c, then, sounds[then], welcome, 15*time.Second)
		heard := c.Heard()[:int(end*phone.Rate/time.Second)]
		if silence := longestSilence(heard, welcome); silence > 4*time.Second {
			t.Errorf("the caller was in silence for %v", silence)
		}
		if at := int((welcome + 4*time.Second) * phone.Rate / time.Second); quiet(heard[at : at+2*phone.Rate]) {
			t.Error("no music sounded meanwhile")
		}
		ends(t, c, 10*time.Second)
	}
	t.Run("the fallback answers", func(t *testing.T) {
		comforted(t, dial(t, newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), k.server, "+46855501101"), "Answer")
		line := k.callText(t)
		for _, words := range []string{"no valid answer: there was no whole answer within 7s; asking the fallback", "playing music", "status 200, going on in the answer"} {
			if !strings.Contains(line, words) {
				t.Errorf("the timeline does not say %q:\n%s", words, line)
			}
		}
	})
	t.Run("both are dead, and the rescue app goes on", func(t *testing.T) {
		comforted(t, dial(t, newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), k.server, "+46855501102"), "Rescue")
		line := k.callText(t)
		for _, words := range []string{"no valid answer from the fallback either: the application answered with status 500", "going on in the account's rescue app"} {
			if !strings.Contains(line, words) {
				t.Errorf("the timeline does not say %q:\n%s", words, line)
			}
		}
	})
	t.Run("the caller leaves before the answer", func(t *testing.T) {
		c := dial(t, newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), k.server, "+46855501101")
		hears(t, c, "Opening", sounds["Opening"], 0, 5*time.Second)
		eventually(5*time.Second, func() bool { return len(c.Heard()) > 3*phone.Rate })
		hangUp(c)
		if line := k.callText(t); !strings.Contains(line, "the answer of the application is no longer waited for") {
			t.Errorf("the timeline:\n%s", line)
		}
	})
}

// order sends steps to a call with an Idempotency-Key, and gives the status.
func (k apiKey) order(call, key, body string) (status int, answer string) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "POST", "http://"+k.http+"/api/v1/calls/"+call+"/steps", bytes.NewReader([]byte(body)))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.key)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

// TestCallSteps drives a call that is up over the API.
func TestCallSteps(t *testing.T) {
	t.Parallel()
	k := apiAccount(t, start(t))
	sounds := map[string][]int16{"Opening": sweep(500, 1500), "One": sweep(1900, 700), "Two": sweep(600, 2200), "Long": append(sweep(400, 800), sweep(2500, 3300)...)}
	for name, s := range sounds {
		k.uploadSound(t, name, s)
	}
	k.nativeApp("Driven", "+46855501201", "hello", `"hello": {"play": [{"sound": "Opening"}], "then": "ready"},
		"ready": {"await": {"name": "ready", "idle": "60s"}, "then": "ready"}`)
	c := dial(t, newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), k.server, "+46855501201")
	id := ""
	waits := func(t *testing.T) {
		t.Helper()
		if !eventually(10*time.Second, func() bool {
			live := k.items("/calls/live")
			if len(live) == 0 {
				return false
			}
			id, _ = live[0]["id"].(string)
			return live[0]["awaits"] == "ready"
		}) {
			t.Fatalf("the call does not wait: %v", k.items("/calls/live"))
		}
	}
	must := func(t *testing.T, want int, key, body, words string) {
		t.Helper()
		if status, answer := k.order(id, key, body); status != want || !strings.Contains(answer, words) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	play := func(name string) string { return fmt.Sprintf(`"steps": {"p": {"play": [{"sound": %q}]}}`, name) }
	end := hears(t, c, "Opening", sounds["Opening"], 0, 5*time.Second)

	t.Run("next, and once for one key", func(t *testing.T) {
		waits(t)
		must(t, 202, "a", `{"at": "ready", `+play("One")+`}`, `"repeated":false`)
		must(t, 202, "a", `{"at": "ready", `+play("One")+`}`, `"repeated":true`)
		must(t, 409, "a", `{`+play("Two")+`}`, "another order")
		end = hears(t, c, "One", sounds["One"], end, 5*time.Second)
		waits(t)
		if _, share := heardShare(c.Heard(), sounds["One"], end); share > 0.5 {
			t.Error("it was heard twice")
		}
	})
	t.Run("instead cuts what sounds, and the flow goes on", func(t *testing.T) {
		must(t, 202, "", `{`+play("Long")+`}`, id)
		end = hears(t, c, "the beginning", sounds["Long"][:phone.Rate], end, 5*time.Second)
		must(t, 409, "", `{"at": "ready", `+play("Two")+`}`, "does not wait")
		must(t, 202, "", `{"mode": "instead", `+play("Two")+`}`, id)
		end = hears(t, c, "Two", sounds["Two"], end, 5*time.Second)
		waits(t)
		if _, share := heardShare(c.Heard(), sounds["Long"][3*phone.Rate:], 0); share > 0.5 {
			t.Error("what was broken off was heard to its end")
		}
	})
	t.Run("two at once are both done", func(t *testing.T) {
		var wg sync.WaitGroup
		for _, name := range []string{"One", "Two"} {
			wg.Go(func() { must(t, 202, name, `{`+play(name)+`}`, id) })
		}
		wg.Wait()
		hears(t, c, "One", sounds["One"], end, 8*time.Second)
		hears(t, c, "Two", sounds["Two"], end, 8*time.Second)
		waits(t)
	})
	t.Run("a sound is fetched from where the steps say, but not from inside", func(t *testing.T) {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(wav(t, sounds["Long"])) }))
		defer web.Close()
		before := time.Duration(len(c.Heard())) * time.Second / phone.Rate
		must(t, 202, "", fmt.Sprintf(`{"steps": {"p": {"play": [{"url": "http://10.0.0.1/x.wav"}, {"url": "%s/long.wav"}]}}}`, web.URL), id)
		hears(t, c, "the fetched sound", sounds["Long"], before, 10*time.Second)
		waits(t)
		line := string(k.send(200, "GET", "/calls/"+id, "", nil))
		if !strings.Contains(line, "10.0.0.1 is not a public address") {
			t.Errorf("the timeline does not say why a sound was refused:\n%s", line)
		}
	})
	t.Run("what can't be done is refused", func(t *testing.T) {
		must(t, 422, "", `{"steps": {"p": {"play": [{"sound": "Nothing"}]}}}`, "body#/steps/p/play")
		must(t, 422, "", `{"steps": {}}`, "body.steps")
		must(t, 202, "", `{"last": true, "steps": {"w": {"wait": "2s"}}}`, id)
		must(t, 409, "", `{`+play("One")+`}`, "takes no more commands")
	})
	hangUp(c)
	if !eventually(5*time.Second, func() bool { return len(k.items("/calls/live")) == 0 }) {
		t.Fatal("the call is still up")
	}
	must(t, 404, "", `{`+play("One")+`}`, "no call "+id+" is up")
	must(t, 202, "a", `{"at": "ready", `+play("One")+`}`, `"repeated":true`)
}
