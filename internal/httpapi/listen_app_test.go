package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// web answers requests as an application does, and takes them down.
type web struct {
	asked  []voice.HTTPRequest
	answer string
	fails  error
}

func (w *web) Request(_ context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	w.asked = append(w.asked, r)
	return voice.HTTPAnswer{Status: 200, Body: []byte(w.answer)}, w.fails
}

// An app that asks an application is heard with its answers where its address is given,
// to which all goes that is asked; else nobody is asked, which is said.
func TestListenAsksAnApplication(t *testing.T) {
	f := newFixture(t)
	w := &web{answer: "Good morning"}
	f.config.Clips, f.config.Web = silences{}, w
	f.restart()
	id := f.nativeApp("Asks", `{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {fetch: {dialect: asks, url: \"https://app.example/next\"}, failed: bye}\n  bye: {play: [{say: Goodbye}]}\n"}`)
	path := "/apps/" + id + "/listen/text"
	r := f.ok(200, "POST", path, `{}`)
	if len(w.asked) != 0 || !strings.Contains(string(r.raw), "Goodbye") || !strings.Contains(string(r.raw), `"asked":[{"url":"https://app.example/next","fault":"the application is not there`) {
		t.Errorf("asked %v: %s", w.asked, r.raw)
	}
	r = f.ok(200, "POST", path, `{"application":"http://127.0.0.1:9/ivr/","sound":true}`)
	if want := "http://127.0.0.1:9/ivr/next?account=" + string(f.tenant); len(w.asked) != 1 || w.asked[0].URL != want || w.asked[0].Tenant != f.tenant {
		t.Errorf("asked %+v, not %s", w.asked, want)
	}
	if !strings.Contains(string(r.raw), "Good morning") || !strings.Contains(string(r.raw), `"asked":[{"url":"https://app.example/next","status":200}]`) || !strings.HasPrefix(fmt.Sprint(r.body["sound"]), "UklGR") || r.body["waits"] != false {
		t.Errorf("heard %s", r.raw)
	}
	w.fails = voice.Errorf("test", voice.Permission, "a private address")
	if r = f.ok(200, "POST", path, `{"application":"http://app.example"}`); !strings.Contains(string(r.raw), "Goodbye") || !strings.Contains(string(r.raw), "a private address") {
		t.Errorf("refused by policy: %s", r.raw)
	}
	for _, bad := range []string{"app.example", "ftp://app.example", "https://me@app.example", "https://app.example/?a=b"} {
		f.fails(422, "application", "POST", path, `{"application":"`+bad+`"}`)
	}
	all := f.key
	f.key = f.newKey(f.tenant, httpapi.AppsRead)
	f.fails(403, "apps:write", "POST", path, `{"application":"http://app.example"}`)
	f.ok(200, "POST", path, `{}`)
	f.key = all

	// What asks again and again comes to an end.
	w.fails, w.asked = nil, nil
	id = f.nativeApp("Asks on", `{"format":"yaml","text":"flow: 1\nstart: ask\nsteps:\n  ask: {request: {method: GET, url: \"https://app.example/next\"}, then: pause, failed: pause}\n  pause: {wait: 500ms, then: ask}\n"}`)
	f.ok(200, "POST", "/apps/"+id+"/listen/text", `{"application":"http://app.example"}`)
	if n := len(w.asked); n != 200 {
		t.Errorf("asked %d times", n)
	}
	// One that waits for orders says so.
	id = f.nativeApp("Waits", `{"format":"yaml","text":"flow: 1\nstart: on\nsteps:\n  on: {await: {name: here, idle: 5s}}\n"}`)
	if r = f.ok(200, "POST", "/apps/"+id+"/listen/text", `{}`); r.body["waits"] != true {
		t.Errorf("waits: %s", r.raw)
	}
}
