package e2e_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// browser is a telephone in a page of a real browser, whose microphone hears a sound.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// startBrowser opens the page and connects it to the server.
func startBrowser(t *testing.T, s *server, speaks []int16) *browser {
	t.Helper()
	b := openBrowser(t, speaks)
	b.do(chromedp.Navigate(servePages(t, http.FileServer(http.Dir("testdata/browser"))) + "/index.html"))
	at := "ws://" + s.http
	if s.https != "" {
		at = "wss://" + s.https
	}
	b.run(fmt.Sprintf(`phone.connect("%s/sip")`, at))
	return b
}

// servePages serves a browser until the test ends.
func servePages(t *testing.T, h http.Handler) string {
	pages := httptest.NewServer(h)
	t.Cleanup(func() { pages.CloseClientConnections(); pages.Close() })
	return pages.URL
}

// openBrowser starts a browser whose microphone hears a sound.
func openBrowser(t *testing.T, speaks []int16, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not installed: apt-get install chromium (make test installs it)")
	}
	mic := filepath.Join(t.TempDir(), "mic.wav")
	if err := os.WriteFile(mic, wav(t, speaks), 0o600); err != nil {
		t.Fatal(err)
	}
	// The browser outlives the test's end, so that a failure can be looked into.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("ignore-certificate-errors", true), // the server signs its own
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-audio-capture", mic), chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("allow-loopback-in-peer-connection", true), chromedp.Flag("mute-audio", false))
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), append(options, flags...)...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	b := &browser{t: t, ctx: ctx}
	b.logs()
	return b
}

// logs has what the page logged shown when the test has failed.
func (b *browser) logs() {
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Log(strings.Join(append(b.log(), b.stats()), "\n"))
		}
	})
}

// tab opens another tab.
func (b *browser) tab() *browser {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	b.t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		b.t.Fatal(err)
	}
	other := &browser{t: b.t, ctx: ctx}
	other.logs()
	return other
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// run evaluates an expression of the page, and waits for what it promises.
func (b *browser) run(expression string) string {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](
		`Promise.resolve(`+expression+`).then((v) => String(v))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

func (b *browser) log() []string {
	ctx, stop := context.WithTimeout(b.ctx, 5*time.Second)
	defer stop()
	lines, _ := chromedp.Run(ctx, chromedp.Evaluate[[]string]("phone.log")) // a page that is gone has none
	return lines
}

// stats is what the browser counts; a page that is gone counts nothing.
func (b *browser) stats() string {
	ctx, stop := context.WithTimeout(b.ctx, 5*time.Second)
	defer stop()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("phone.stats()", chromedp.EvalAwaitPromise))
	return text
}

// is waits until the telephone is in a state.
func (b *browser) is(state string, within time.Duration) {
	b.t.Helper()
	got := ""
	if !eventually(within, func() bool { got = b.run("phone.state"); return got == state }) {
		b.t.Fatalf("the page's telephone is %q and not %q", got, state)
	}
}

// heard is what the page has heard, at 8 kHz.
func (b *browser) heard() []int16 {
	b.t.Helper()
	raw, err := base64.StdEncoding.DecodeString(b.run("phone.sound()"))
	if err != nil {
		b.t.Fatal(err)
	}
	s := make([]int16, len(raw)/2)
	for i := range s {
		s[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
	}
	return s
}

// understood is how much of spoken sound the page must have heard. A browser stretches
// and shortens what it plays as packets come, so that not every piece is like the first.
const understood = 0.5

// hears waits until the page has heard a spoken sound, and gives the time of its end.
func (b *browser) hears(name string, sound []int16, from, within time.Duration) time.Duration {
	b.t.Helper()
	best, end := 0.0, time.Duration(0)
	length := time.Duration(len(sound)) * time.Second / phone.Rate
	if !eventually(within+length, func() bool {
		at, share := heardShare(b.heard(), sound, from)
		best, end = max(best, share), at
		return share >= understood
	}) {
		b.t.Fatalf("the browser has not heard %s: at best %.0f %% of it in %.1f s", name, 100*best, float64(len(b.heard()))/phone.Rate)
	}
	return end
}

// hearsNotes waits until the page has heard tones, one after the other. They are long, for a
// browser on a busy machine makes up much of what it plays.
func (b *browser) hearsNotes(within time.Duration, hz ...float64) {
	b.t.Helper()
	const window = phone.Rate / 8
	n := 0
	if !eventually(within, func() bool {
		h := b.heard()
		n = 0
		for at := 0; at+window <= len(h) && n < len(hz); at += window / 4 {
			if !quiet(h[at:at+window]) && audiomatch.Tone(h[at:at+window], hz[n]) > 0.9 {
				n++
			}
		}
		return n == len(hz)
	}) {
		b.t.Fatalf("the browser has heard the first %d of the tones %v", n, hz)
	}
}

func (b *browser) dial(user string) {
	b.t.Helper()
	b.run("phone.dial(" + fmt.Sprintf("%q", user) + ")")
}

// register makes the page the telephone of a new extension, and gives its user's id.
func (b *browser) register(o *office, number string) string {
	b.t.Helper()
	ext := o.fields("extension", "add", number, "--account", o.id)
	b.run(fmt.Sprintf("phone.register(%q, %q, %q)", text(b.t, ext, "username"), text(b.t, ext, "password"), text(b.t, ext, "domain")))
	b.is("registered", 10*time.Second)
	return text(b.t, ext, "user_id")
}

// TestBrowserCallsTheMenu has Chromium call by SIP with DTLS-SRTP, ICE and rtcp-mux: it
// hears the prompts, presses keys, is heard, and is hung up on or hangs up.
func TestBrowserCallsTheMenu(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	main, wait := o.sound(menu, "Main Menu"), o.sound(menu, "Please Wait")
	b := startBrowser(t, o.server, tone(700, 20*time.Second))
	b.register(o, "201")

	b.run("phone.video = true")
	b.dial(o.number)
	b.is("up", 10*time.Second)
	at := b.hears("the menu", main, 0, 15*time.Second)
	if _, share := heardShare(b.heard(), wait, 0); share >= understood {
		t.Error("a prompt that was not played is heard too: the measure is worth nothing")
	}
	b.run(`phone.press("0")`)
	in := rings(t, o.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.hears("the next prompt", wait, at-time.Second, 10*time.Second)
	hearsTone(t, in, 700)
	if err := in.Play(t.Context(), slices.Concat(tone(900, 3*time.Second), tone(1100, 3*time.Second))); err != nil {
		t.Fatal(err)
	}
	b.hearsNotes(20*time.Second, 900, 1100)

	b.run("phone.restart()") // of ICE, as after a change of networks
	b.is("up", 10*time.Second)
	if err := in.Play(t.Context(), slices.Concat(tone(1450, 3*time.Second), tone(1250, 3*time.Second))); err != nil {
		t.Fatal(err)
	}
	b.hearsNotes(20*time.Second, 1450, 1250)
	b.run("phone.bye()")
	ends(t, in, 5*time.Second)
	v := o.ended(t, o.number, 5*time.Second)
	for _, want := range []string{"media is secured by DTLS-SRTP (AEAD_AES_128_GCM)", "secured by DTLS-SRTP, keys by telephone-event", "key 0 by rfc4733"} {
		if !strings.Contains(v.String(), want) {
			t.Errorf("the timeline does not say %q:\n%s", want, v)
		}
	}

	b.dial(o.number)
	b.is("up", 10*time.Second)
	b.hears("the menu of the second call", main, 0, 15*time.Second)
	b.run(`phone.press("3")`)
	b.is("over", 10*time.Second)
}

// leavesAMessage has the browser call, press 2 and say its tone of 700 Hz after the beep;
// the mail that is sent then holds it.
func (b *browser) leavesAMessage(t *testing.T, o *office, post *postOffice) {
	t.Helper()
	b.dial(o.number)
	b.is("up", 10*time.Second)
	b.run(`phone.press("2")`)
	from := len(b.heard())
	if !eventually(30*time.Second, func() bool { return len(b.heard()) > from+8*phone.Rate }) {
		t.Fatal("the browser is sent nothing")
	}
	b.run("phone.bye()")
	_, got := post.delivered(t, 20*time.Second)
	length := float64(len(got)) / phone.Rate
	if heard := toneShare(got, 700) * length; heard < 5 || length > 15 { // of 8 s with the beep
		t.Errorf("only %.1f s of %.1f s of the message are the tone", heard, length)
	}
}

// TestBrowserLeavesAMessage has what the browser's microphone hears recorded, and
// delivered.
func TestBrowserLeavesAMessage(t *testing.T) {
	t.Parallel()
	post := openPost(t, "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(post.addr)
	o := newOffice(t, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
	o.account.number(o.number, sippMenu(o))
	b := startBrowser(t, o.server, tone(700, 20*time.Second))
	b.register(o, "201")
	b.leavesAMessage(t, o, post)
}

// TestBrowserIsRung has a caller reach a browser that is registered.
func TestBrowserIsRung(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "TANDEM_HTTP_TLS="+freeAddr(t))
	b := startBrowser(t, o.server, tone(700, 20*time.Second))
	user := b.register(o, "201")
	menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes",
		"menu": map[string]any{"digit_0": map[string]any{"action": "call", "to": "user", "id": user}}})
	o.account.number(o.number, menu)
	c := o.call(t)
	press(t, c, "0")
	b.is("ringing", 10*time.Second)
	b.run("phone.answer()")
	hearsTone(t, c, 700)
	if err := c.Play(t.Context(), slices.Concat(tone(900, 3*time.Second), tone(1100, 3*time.Second))); err != nil {
		t.Fatal(err)
	}
	b.hearsNotes(20*time.Second, 900, 1100)
	b.run(`phone.bye()`)
	ends(t, c, 5*time.Second)
}
