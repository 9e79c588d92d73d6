package e2e_test

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/prompt"
	"tandem/internal/say"
	"tandem/internal/tts"
	"tandem/internal/tts/espeaktts"
	"tandem/internal/voice"
)

// flow stores a native flow over the command line and gives its app.
func (a *account) flow(name, text string) string {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	out := a.fields("flow", "import", file, "--account", a.id, "--override", "these tests publish what they like")
	if got := a.cli("flow", "export", out["id"].(string), "--account", a.id); got != text {
		a.t.Errorf("the flow comes back as\n%s", got)
	}
	return out["id"].(string)
}

// spoken gives what the server says for a number or date in British English.
func spoken(t *testing.T, format voice.SayFormat, what string) []int16 {
	t.Helper()
	words, err := say.Text(format, what, "en-GB")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := espeaktts.Open(t.Context(), "")
	if err != nil {
		t.Skipf("espeak-ng is not installed; scripts/setup.sh installs it: %v", err)
	}
	pool := tts.NewPool([]tts.Synthesizer{engine}, tts.Options{})
	speech, err := pool.Check(tts.Utterance{Text: words, Voice: tts.Voice{Language: "en-GB", Gender: tts.Female}})
	if err != nil {
		t.Fatal(err)
	}
	pcm, _, err := pool.Speak(t.Context(), speech)
	if err != nil {
		t.Fatal(err)
	}
	return media.Resample(prompt.Telephone(pcm), phone.Rate).Samples
}

// sweep is a sound of 2 s that goes from one frequency to another: no piece of
// it is like another.
func sweep(from, to float64) []int16 {
	s := make([]int16, 2*phone.Rate)
	phase := 0.0
	for i := range s {
		phase += 2 * math.Pi * (from + (to-from)*float64(i)/float64(len(s))) / phone.Rate
		s[i] = int16(8000 * math.Sin(phase))
	}
	return s
}

// dialFrom calls and shows a number.
func dialFrom(t *testing.T, s *server, from, to string) (*phone.Call, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	c, err := newPhone(t, phone.Options{Username: from}).Dial(ctx, "sip:"+to+"@"+s.sip, phone.CallOptions{})
	if err == nil {
		t.Cleanup(func() { hangUp(c) })
	}
	return c, err
}

// TestNativeFlow runs a flow in YAML on real calls.
func TestNativeFlow(t *testing.T) {
	t.Parallel()
	asked := make(chan *http.Request, 8)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"balance": 12.5, "dates": ["2026-12-01"]}`))
	}))
	t.Cleanup(web.Close)

	o := newOffice(t)
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Box"})
	sounds := map[string][]int16{"Choose": sweep(400, 900), "English": sweep(700, 1500), "Swedish": sweep(1500, 600), "News": sweep(1100, 2200)}
	for name, s := range sounds {
		o.customPrompt(t, box, name, s)
	}
	o.flow("news.yaml", "flow: 1\nname: News\nstart: tell\nsteps:\n  tell: {play: [{sound: News}], then: back}\n  back:\n    return:\n")
	file, err := os.ReadFile("testdata/flow/main.yaml")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	text := strings.NewReplacer("URL", web.URL, "FIRST", now.AddDate(0, 0, -1).Format("2006-01-02"), "LAST", now.AddDate(0, 0, 1).Format("2006-01-02")).Replace(string(file))
	line := o.flow("line.yaml", text)
	const number = "+46850000900"
	o.account.number(number, line)
	balance, due := spoken(t, voice.SayNumber, "12.5"), spoken(t, voice.SayDate, "2026-12-01")

	t.Run("a known caller chooses Swedish", func(t *testing.T) {
		c, err := dialFrom(t, o.server, "+46701112233", number)
		if err != nil {
			t.Fatal(err)
		}
		hears(t, c, "Choose", sounds["Choose"], 0, 5*time.Second)
		press(t, c, "2")
		at := hears(t, c, "Swedish", sounds["Swedish"], 0, 5*time.Second)
		at = hears(t, c, "the number", balance, at-time.Second, 10*time.Second)
		at = hears(t, c, "the date", due, at-time.Second, 10*time.Second)
		hears(t, c, "News", sounds["News"], at-time.Second, 10*time.Second)
		ends(t, c, 5*time.Second)
		r := <-asked
		if r.URL.String() != "/customer?language=sv" || r.Header.Get("X-Caller") != "+46701112233" {
			t.Errorf("the request was %s with %v", r.URL, r.Header)
		}
		v := o.newestEnded(t)
		v.must(t, "prompt.started", `number "12.5"`)
		v.must(t, "prompt.started", `date "2026-12-01"`)
		if v.has("prompt.failed", "") || v.Call.Words != "all was said" {
			t.Errorf("%s", v)
		}
		for _, pointer := range []string{"/steps/holiday", "/steps/swedish", "/steps/ask", "/steps/bye", "/steps/tell"} {
			if !v.at(pointer) {
				t.Errorf("nothing happened at %s:\n%s", pointer, v)
			}
		}
	})
	t.Run("another keeps English", func(t *testing.T) {
		c, err := dialFrom(t, o.server, "+46701112234", number)
		if err != nil {
			t.Fatal(err)
		}
		press(t, c, "1")
		hears(t, c, "English", sounds["English"], 0, 5*time.Second)
		ends(t, c, 20*time.Second)
		if v := o.newestEnded(t); v.Call.Words != "all was said" {
			t.Errorf("%s", v)
		}
	})
	t.Run("a stranger is refused before the answer", func(t *testing.T) {
		if _, err := dialFrom(t, o.server, "+4930123456", number); err == nil {
			t.Error("the call was answered")
		}
		if v := o.newestEnded(t); v.has("call.answered", "") || !strings.HasPrefix(v.Call.Words, "a stranger") {
			t.Errorf("%s", v)
		}
	})
	t.Run("a failed request takes its way", func(t *testing.T) {
		web.Close()
		c, err := dialFrom(t, o.server, "+46701112235", number)
		if err != nil {
			t.Fatal(err)
		}
		press(t, c, "1")
		ends(t, c, 20*time.Second)
		if v := o.newestEnded(t); v.Call.Words != "the flow went a wrong way" {
			t.Errorf("%s", v)
		}
	})
}

// at says whether something happened at a place of a document.
func (v shown) at(pointer string) bool {
	for _, e := range v.Events {
		if e.Origin.Pointer == pointer {
			return true
		}
	}
	return false
}
