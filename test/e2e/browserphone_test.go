package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tandem/internal/phone"
)

// phoneScopes are those of a page whose user may do everything with it.
var phoneScopes = []string{"phone", "calls:read", "calls:write", "apps:read"}

// withPhone makes an account and a key of it that may give its users keys for pages.
func withPhone(t *testing.T, s *server) (account, apiKey) {
	t.Helper()
	a := newAccount(t, s)
	args := []string{"credential", "create", "--account", a.id, "--for", "api"}
	for _, scope := range append([]string{"apps:write", "config:read", "config:write"}, phoneScopes...) {
		args = append(args, "--scope", scope)
	}
	return *a, apiKey{s, text(t, s.fields(args...), "key")}
}

// pageKey makes a key for the page of a user.
func (k apiKey) pageKey(user string, scopes ...string) string {
	k.t.Helper()
	return text(k.t, k.do(201, "POST", "/keys", map[string]any{"name": "page", "user": user, "scopes": scopes}), "secret")
}

// pageServer serves the page, and the server's API beside it as a proxy does.
func pageServer(t *testing.T, s *server) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("testdata/browser")))
	to := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s.http})
	to.FlushInterval = -1
	mux.Handle("/api/", to)
	return servePages(t, mux)
}

// open loads the page of a user's telephone.
func (b *browser) open(pages, key string) {
	b.t.Helper()
	b.do(chromedp.Navigate(pages + "/own.html"))
	b.run(fmt.Sprintf("phone.open(%q)", key))
	b.is("open", 10*time.Second)
}

// overBecause waits until the page's call is over, and judges why.
func (b *browser) overBecause(part string, within time.Duration) {
	b.t.Helper()
	b.is("over", within)
	if words := b.run("phone.words"); !strings.Contains(words, part) {
		b.t.Errorf("the call is over because %q, not %q", words, part)
	}
}

// timelineOf is a call's timeline over the API once the call is over.
func (k apiKey) timelineOf(call string, within time.Duration) string {
	k.t.Helper()
	var c map[string]any
	if !eventually(within, func() bool { c = k.do(200, "GET", "/calls/"+call, nil); return c["end"] != nil }) {
		k.t.Fatalf("the call is still up: %v", c)
	}
	words := []string{fmt.Sprint(c["direction"], " from ", c["from"], " ", c["from_name"], ": ", c["cause"], ", ", c["words"])}
	events, _ := c["events"].([]any)
	for _, e := range events {
		v, _ := e.(map[string]any)
		words = append(words, fmt.Sprint(v["kind"], ": ", v["text"], " ", v["data"], " origin:", v["origin"]))
	}
	return strings.Join(words, "\n")
}

// TestPagePhoneCallsADraft has a page without a microphone, over plain http and not
// on localhost, call an app that was never published: it hears the prompts, its keys
// are understood, and each side may hang up.
func TestPagePhoneCallsADraft(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, k := withPhone(t, s)
	k.uploadSound(t, "Hello there", tone(600, 3*time.Second))
	k.uploadSound(t, "It was one", tone(1000, 3*time.Second))
	app := text(t, k.do(201, "POST", "/apps", map[string]any{"kind": "native", "name": "Desk", "publish": false, "document": map[string]any{}}), "id")
	k.do(200, "PUT", "/apps/"+app+"/draft", `flow: 1
start: menu
steps:
  menu:
    gather:
      prompts: [{sound: Hello there}]
      barge_in: true
      first_digit: 20s
    keys: {1: one, 2: bye}
  one: {play: [{sound: It was one}], then: menu}
  bye: {hang_up: }
`)
	user := text(t, k.items("/users")[0], "id")
	pages := strings.Replace(pageServer(t, s), "127.0.0.1", "phone.test", 1)
	b := openBrowser(t, nil, chromedp.Flag("host-resolver-rules", "MAP phone.test 127.0.0.1"))
	b.open(pages, k.pageKey(user, "phone", "apps:read"))
	if b.run("isSecureContext") != "false" {
		t.Fatal("the page is in a secure context: the test shows nothing")
	}
	b.run("phone.mic = false")
	b.run(fmt.Sprintf(`phone.call({app: %q, revision: "draft", from: "+46701234567"})`, app))
	b.is("up", 10*time.Second)
	b.hearsNotes(10*time.Second, 600)
	b.run(`phone.press("1")`)
	b.hearsNotes(10*time.Second, 600, 1000)
	b.hearsNotes(10*time.Second, 600, 1000, 600) // the menu again
	b.run(`phone.press("2")`)
	b.overBecause("", 10*time.Second)
	got := k.timelineOf(b.run("phone.id"), 5*time.Second)
	for _, want := range []string{"inbound from +46701234567", "source:browser of ", "secured by DTLS-SRTP, keys by telephone-event", "key 1 by rfc4733", "key 2 by rfc4733", "pointer:/steps/one]"} {
		if !strings.Contains(got, want) {
			t.Errorf("the timeline does not say %q:\n%s", want, got)
		}
	}

	b.run(fmt.Sprintf(`phone.call({app: %q, revision: "draft"})`, app))
	b.is("up", 10*time.Second)
	b.hearsNotes(10*time.Second, 600)
	b.run("phone.bye()")
	b.overBecause("hung up in the browser", 5*time.Second)
	if got := k.timelineOf(b.run("phone.id"), 5*time.Second); !strings.Contains(got, "normal, hung up in the browser") {
		t.Errorf("the timeline does not say who hung up:\n%s", got)
	}
}

// TestPagePhoneTalks has a page and baresip call one another, with sound both ways.
func TestPagePhoneTalks(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, k := withPhone(t, s)
	desk := s.fields("extension", "add", "101", "--account", a.id)
	page := s.fields("extension", "add", "102", "--account", a.id)
	bare := startBaresip(t, fmt.Sprintf("<sip:%s@%s>;auth_pass=%s;outbound=\"sip:%s\";regint=60;answermode=manual",
		text(t, desk, "username"), text(t, desk, "domain"), text(t, desk, "password"), s.sip), tone(900, time.Minute))
	if !eventually(10*time.Second, func() bool {
		phones, _ := k.do(200, "GET", "/extensions/101", nil)["phones"].([]any)
		return len(phones) == 1
	}) {
		t.Fatalf("baresip is not registered:\n%s", bare.log)
	}
	b := openBrowser(t, tone(700, 20*time.Second))
	b.open(pageServer(t, s), k.pageKey(text(t, page, "user_id"), phoneScopes...))

	b.run(`phone.call({dial: "101"})`)
	bare.says(t, "Incoming call from", 10*time.Second)
	if state := b.run("phone.state"); state != "calling" {
		t.Errorf("the page is %q while it rings", state)
	}
	bare.command("accept", "")
	b.is("up", 10*time.Second)
	b.hearsNotes(10*time.Second, 900)
	bare.hearsTone(t, 700, 0, 10*time.Second)
	bare.command("hangup", "")
	b.overBecause("", 10*time.Second)
	if got := k.timelineOf(b.run("phone.id"), 5*time.Second); !strings.Contains(got, "inbound from 102") {
		t.Errorf("the timeline:\n%s", got)
	}

	bare.command("dial", "102")
	b.is("ringing", 10*time.Second)
	b.run("phone.answer()")
	b.is("up", 10*time.Second)
	b.hearsNotes(10*time.Second, 900)
	bare.hearsTone(t, 700, 0, 10*time.Second)
	b.run("phone.bye()")
	bare.says(t, "session closed", 10*time.Second)
	b.overBecause("hung up in the browser", 10*time.Second)
}

// TestPagePhoneRingsEveryTab has a call ring in two tabs and at a registered telephone:
// the first answer wins, the others are told; who declines is busy, and who is closed
// rings no more. A page that is closed during its call ends it.
func TestPagePhoneRingsEveryTab(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, k := withPhone(t, s)
	ext := s.fields("extension", "add", "102", "--account", a.id)
	desk := newPhone(t, phone.Options{Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain"), Proxy: s.sip})
	if _, err := desk.Register(t.Context(), "sip:"+s.sip, time.Hour); err != nil {
		t.Fatal(err)
	}
	k.do(201, "POST", "/numbers", map[string]any{"number": "+46855501002", "to": map[string]any{"kind": "extension", "id": "102"}})
	pages, key := pageServer(t, s), k.pageKey(text(t, ext, "user_id"), phoneScopes...)
	one := openBrowser(t, tone(700, 20*time.Second))
	one.open(pages, key)
	two := one.tab()
	two.open(pages, key)
	caller := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	call := func() *phone.Call {
		t.Helper()
		c, err := caller.Invite("sip:+46855501002@"+s.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		one.is("ringing", 10*time.Second)
		two.is("ringing", 10*time.Second)
		rings(t, desk, 10*time.Second)
		return c
	}

	c := call()
	two.run("phone.answer()")
	two.is("up", 10*time.Second)
	one.overBecause("another phone answered first", 5*time.Second)
	hearsTone(t, c, 700)
	if err := c.Play(t.Context(), tone(900, 3*time.Second)); err != nil {
		t.Fatal(err)
	}
	two.hearsNotes(10*time.Second, 900)
	hangUp(c)
	two.overBecause("", 5*time.Second)

	c = call()
	one.run("phone.bye()")
	one.overBecause("declined in the browser", 5*time.Second)
	two.is("ringing", time.Second)
	two.do(chromedp.Navigate("about:blank")) // its stream is over
	if !eventually(10*time.Second, func() bool {
		return len(k.items("/calls/live")) == 1 && strings.Contains(fmt.Sprint(k.liveEvents(t)), "the page in the browser was closed")
	}) {
		t.Errorf("a closed tab is not noticed: %v", k.liveEvents(t))
	}
	hangUp(c)

	c2, err := caller.Invite("sip:+46855501002@"+s.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	one.is("ringing", 10*time.Second)
	one.run("phone.answer()")
	one.is("up", 10*time.Second)
	hearsTone(t, c2, 700)
	one.do(chromedp.Navigate("about:blank")) // without a word
	ends(t, c2, 30*time.Second)
	if got := k.timelineOf(text(t, k.items("/calls")[0], "id"), 5*time.Second); !strings.Contains(got, "nothing has come from the browser") {
		t.Errorf("why the call ended:\n%s", got)
	}
}

// liveEvents gives the timeline of the one call that is up.
func (k apiKey) liveEvents(t *testing.T) any {
	t.Helper()
	live := k.items("/calls/live")
	if len(live) == 0 {
		return nil
	}
	return k.do(200, "GET", "/calls/"+text(t, live[0], "id"), nil)["events"]
}

// TestPagePhoneListens has a page join the talk of two telephones, to hear, to be heard
// by one and by both; and meet another page in a room.
func TestPagePhoneListens(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, k := withPhone(t, s)
	_, near, far := talking(t, s, a.id, "101", "102")
	hearsOnly(t, near, 900)
	id := text(t, k.items("/calls/live")[0], "id")
	user, pages := text(t, k.items("/users")[0], "id"), pageServer(t, s)
	b := openBrowser(t, tone(1400, 20*time.Second))
	b.open(pages, k.pageKey(user, "phone"))
	if got := b.run(fmt.Sprintf(`phone.call({listen: {call: %q, mode: "monitor"}}).catch((e) => e)`, id)); !strings.Contains(got, "403") {
		t.Errorf("who may not order calls joined one: %s", got)
	}
	b.open(pages, k.pageKey(user, phoneScopes...))
	for _, tt := range []struct {
		mode      string
		near, far []float64
	}{
		{"monitor", []float64{900}, []float64{500}},
		{"whisper", []float64{900}, []float64{500, 1400}},
		{"barge", []float64{900, 1400}, []float64{500, 1400}},
	} {
		b.run(fmt.Sprintf(`phone.call({listen: {call: %q, mode: %q}})`, id, tt.mode))
		b.is("up", 10*time.Second)
		hearsOnly(t, near, tt.near...)
		hearsOnly(t, far, tt.far...)
		b.run("phone.bye()")
		b.is("over", 5*time.Second)
	}
	hangUp(near)
	ends(t, far, 5*time.Second)

	b.run(`phone.call({room: "lobby"})`)
	b.is("up", 10*time.Second)
	if !eventually(5*time.Second, func() bool { rooms := k.items("/rooms"); return len(rooms) == 1 && rooms[0]["name"] == "lobby" }) {
		t.Errorf("rooms: %v", k.items("/rooms"))
	}
	b.run("phone.bye()")
	b.overBecause("hung up in the browser", 5*time.Second)
}

// TestPagePhoneRefuses posts what no browser says, and what may not be called.
func TestPagePhoneRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, k := withPhone(t, s)
	user := text(t, k.items("/users")[0], "id")
	page := apiKey{s, k.pageKey(user, "phone")}
	const plain = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	const secret = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=setup:actpass\r\na=fingerprint:sha-256 "
	print := strings.Repeat("AB:", 31) + "AB\r\n"
	sdp := plain[:strings.Index(plain, "m=")] + secret + print + "a=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
	for _, tt := range []struct {
		why    string
		status int
		body   map[string]any
		says   string
	}{
		{"no description", 422, map[string]any{"sdp": "hello", "dial": "101"}, "bad session description"},
		{"plain RTP, to somebody else", 422, map[string]any{"sdp": plain, "dial": "*12", "room": "a"}, "give one of"},
		{"plain RTP, to somebody else", 422, map[string]any{"sdp": plain, "room": "a"}, "DTLS, ICE and rtcp-mux"},
		{"no ICE", 422, map[string]any{"sdp": plain[:strings.Index(plain, "m=")] + secret + print, "room": "a"}, "DTLS, ICE and rtcp-mux"},
		{"no fingerprint", 422, map[string]any{"sdp": plain[:strings.Index(plain, "m=")] + secret + "xx\r\n", "room": "a"}, "fingerprint"},
		{"a long one", 422, map[string]any{"sdp": "v=0\r\n" + strings.Repeat("a=x\r\n", 8000), "room": "a"}, "32768"},
		{"nothing called", 422, map[string]any{"sdp": plain}, "give one of"},
		{"an unknown app", 422, map[string]any{"sdp": plain, "app": "nix"}, "body.app"},
		{"a draft without the right", 403, map[string]any{"sdp": plain, "app": text(t, k.items("/apps")[0], "id"), "revision": "draft"}, "apps:read"},
		{"nobody", 422, map[string]any{"sdp": sdp, "dial": "999"}, "nothing is behind"},
		{"another's number", 403, map[string]any{"sdp": sdp, "dial": "+46850009999", "show": "+46812345678"}, "not a number of the account"},
		{"a lie", 422, map[string]any{"sdp": plain, "dial": "101", "from": "+46812345678"}, "body.from"},
	} {
		raw := page.send(tt.status, "POST", "/phone/calls", "application/json", jsonBody(t, tt.body))
		if !strings.Contains(string(raw), tt.says) {
			t.Errorf("%s: the answer does not say %q: %s", tt.why, tt.says, raw)
		}
	}
	nobody := apiKey{s, text(t, k.do(201, "POST", "/keys", map[string]any{"name": "page", "scopes": phoneScopes}), "secret")}
	nobody.send(403, "GET", "/phone/events", "", nil)
	apiKey{s, k.pageKey(user, "calls:read")}.send(403, "GET", "/phone/events", "", nil)
	page.send(404, "DELETE", "/phone/calls/nix", "", nil)
	if live := k.items("/calls/live"); len(live) != 0 {
		t.Errorf("calls are up: %v", live)
	}

	// An offer whose browser never comes.
	made := page.do(201, "POST", "/phone/calls", map[string]any{"sdp": sdp, "room": "a"})
	path := "/phone/calls/" + text(t, made, "id")
	if !eventually(20*time.Second, func() bool { made = page.do(200, "GET", path, nil); return made["state"] == "over" }) {
		t.Fatalf("an abandoned offer is kept: %v", made)
	}
	if words := fmt.Sprint(made["words"]); !strings.Contains(words, "no ICE check came") {
		t.Errorf("it is over because %q", words)
	}
	for range 4 {
		page.do(201, "POST", "/phone/calls", map[string]any{"sdp": sdp, "room": "a"})
	}
	if raw := page.send(429, "POST", "/phone/calls", "application/json", jsonBody(t, map[string]any{"sdp": sdp, "room": "a"})); !strings.Contains(string(raw), "4 calls") {
		t.Errorf("a fifth call: %s", raw)
	}
	for _, c := range page.items("/phone/calls") {
		page.send(204, "POST", "/phone/calls/"+text(t, c, "id")+"/hangup", "text/plain", nil) // as a beacon
	}
	if left := page.items("/phone/calls"); len(left) != 0 {
		t.Errorf("calls are left: %v", left)
	}
}

func jsonBody(t *testing.T, v any) io.Reader {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(raw)
}
