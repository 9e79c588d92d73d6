package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/media"
	"tandem/internal/voice"
)

// silences gives each prompt a second of silence, but for those that are missing.
type silences struct{}

func (silences) Clip(_ context.Context, _ voice.TenantID, p voice.Prompt) (*media.Clip, error) {
	if p.Text == "missing" {
		return nil, voice.Errorf("test", voice.NotExist, "no such sound")
	}
	return media.SilentClip(time.Second), nil
}

func TestListenToAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", order) // says "Bye"
	path := "/apps/" + id + "/listen"
	f.fails(503, "no prompts", "POST", path, `{}`)
	f.config.Clips = silences{}
	f.restart()
	r := f.ok(200, "POST", path, `{}`)
	pcm, err := media.ReadWAV(bytes.NewReader(r.raw), media.WAVLimits{})
	if err != nil || pcm.Duration() != time.Second || !bytes.Contains(r.raw, []byte("cue ")) {
		t.Errorf("%v: %d bytes, %v", err, len(r.raw), pcm.Duration())
	}
	r = f.ok(200, "POST", path+"/text", `{"menu":true}`)
	if r.body["seconds"] != 1.0 || !strings.Contains(r.body["vtt"].(string), "Bye") || !strings.Contains(r.body["transcript"].(string), "Bye") {
		t.Errorf("text: %s", r.raw)
	}
	f.ok(200, "PUT", "/apps/"+id+"/draft", `{"document":{"format":"yaml","text":"flow: 1\nstart: b\nsteps:\n  b: {play: [{say: Hello}, {say: missing}]}\n"}}`)
	if r = f.ok(200, "POST", path+"/text", `{}`); !strings.Contains(string(r.raw), "Hello") || !strings.Contains(string(r.raw), `"missing":["missing (can't be played: no such sound)"]`) {
		t.Errorf("the draft: %s", r.raw)
	}
	if r = f.ok(200, "POST", path+"/text?of=published", `{}`); !strings.Contains(string(r.raw), "Bye") {
		t.Errorf("the published: %s", r.raw)
	}
	f.fails(422, "neither keys nor a time", "POST", path, `{"keys":"soon"}`)
	f.fails(404, "", "POST", "/apps/nothere/listen", `{}`)
}

// What a page needs to follow the sound and to go on: lines with their steps, the
// steps of the path, and the keys that the question at its end takes.
func TestListenLinesAndChoices(t *testing.T) {
	f := newFixture(t)
	f.config.Clips = silences{}
	f.restart()
	id := f.nativeApp("Menu", `{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {gather: {prompts: [{say: Choose}], first_digit: 5s}, keys: {1: one, 2: two}}\n  one: {play: [{say: One}], then: ask}\n  two: {play: [{say: Two}]}\n"}`)
	path := "/apps/" + id + "/listen/text"
	r := f.ok(200, "POST", path, `{"keys":"1"}`)
	want := []string{`"choices":[{"key":"1","to":"one"},{"key":"2","to":"two"}]`, `"path":[{"app":"` + id + `","node":"ask","exit":"key 1"},{"app":"` + id + `","node":"one"`, `"text":"presses 1","key":true`}
	for _, w := range want {
		if !strings.Contains(string(r.raw), w) {
			t.Errorf("no %s in %s", w, r.raw)
		}
	}
	lines, _ := r.body["lines"].([]any)
	var nodes []string
	for _, l := range lines {
		m, _ := l.(map[string]any)
		nodes = append(nodes, fmt.Sprint(m["node"]))
	}
	if got := strings.Join(nodes, " "); got != "ask ask one ask" {
		t.Errorf("the lines are of %s", got)
	}
	if r = f.ok(200, "POST", path, `{"keys":"2"}`); !strings.Contains(string(r.raw), `"choices":[]`) {
		t.Errorf("after the end: %s", r.raw)
	}
}

// stuck is prompts that are never made.
type stuck struct{ asked chan struct{} }

func (s stuck) Clip(ctx context.Context, _ voice.TenantID, _ voice.Prompt) (*media.Clip, error) {
	s.asked <- struct{}{}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// An account has a few sounds made at once, the next is refused; one that goes away
// leaves its place.
func TestListenIsBounded(t *testing.T) {
	f := newFixture(t)
	s := stuck{make(chan struct{}, 10)}
	f.config.Clips = s
	f.restart()
	id := f.nativeApp("Menu", order)
	var all sync.WaitGroup
	ask := func(ctx context.Context, answers chan<- int) {
		all.Go(func() {
			req := httptest.NewRequestWithContext(ctx, "POST", httpapi.Prefix+"/apps/"+id+"/listen", strings.NewReader(`{}`))
			req.Header.Set("Content-Type", "application/json")
			answers <- f.send(req, f.key).status
		})
	}
	for range 2 {
		ctx, stop := context.WithCancel(t.Context())
		answers := make(chan int, 10)
		for range 2 {
			ask(ctx, answers)
			<-s.asked
		}
		for range 3 { // two wait, one is refused
			ask(ctx, answers)
		}
		if got := <-answers; got != 429 {
			t.Errorf("answered %d", got)
		}
		if len(answers) > 0 {
			t.Errorf("another is answered %d", <-answers)
		}
		stop()
		all.Wait()
		for len(s.asked) > 0 { // of those that had a place at last
			<-s.asked
		}
	}
}
