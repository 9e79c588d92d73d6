package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// hearsOnly waits until some tones of three and no others are what a phone
// hears, for half a second on end.
func hearsOnly(t *testing.T, c *phone.Call, tones ...float64) {
	t.Helper()
	var since time.Time
	if !eventually(10*time.Second, func() bool {
		h := c.Heard()
		h = h[max(0, len(h)-phone.Rate/4):]
		for _, hz := range []float64{500, 900, 1400} {
			if heard := audiomatch.Tone(h, hz) > 0.3; heard != slices.Contains(tones, hz) {
				since = time.Time{}
				return false
			}
		}
		if since.IsZero() {
			since = time.Now()
		}
		return time.Since(since) > 500*time.Millisecond
	}) {
		t.Fatalf("the phone does not hear %v alone\n%s", tones, timeline(c))
	}
}

// talking registers telephones as extensions of an account, and has the first two talk:
// 101 says 500 Hz and 102 says 900.
func talking(t *testing.T, s *server, account string, numbers ...string) (desks map[string]*phone.Phone, near, far *phone.Call) {
	t.Helper()
	desks = map[string]*phone.Phone{}
	for _, number := range numbers {
		ext := s.fields("extension", "add", number, "--account", account)
		p := newPhone(t, phone.Options{Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain"), Proxy: s.sip})
		if _, err := p.Register(t.Context(), "sip:"+s.sip, time.Hour); err != nil {
			t.Fatalf("register: %v\n%s", err, s.log)
		}
		desks[number] = p
	}
	near, err := desks["101"].Invite("sip:102@"+s.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	far = rings(t, desks["102"], 10*time.Second)
	if err := far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go near.Play(t.Context(), tone(500, time.Minute))
	go far.Play(t.Context(), tone(900, time.Minute))
	return desks, near, far
}

// TestSupervise has two phones of an account talk; a third is rung by order of
// the API to listen, to be heard by one and by both. The caller is then sent
// to the third, and hung up.
func TestSupervise(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := newAccount(t, s)
	k := apiKey{s, text(t, s.fields("credential", "create", "--account", a.id, "--for", "api", "--scope", "calls:read", "--scope", "calls:write"), "key")}
	desks, near, far := talking(t, s, a.id, "101", "102", "103")
	hearsOnly(t, near, 900)
	hearsOnly(t, far, 500)
	live := k.items("/calls/live")
	if len(live) != 1 || live[0]["state"] != "talking" || live[0]["with"] != "extension 102" {
		t.Fatalf("live: %v", live)
	}
	call, boss := "/calls/"+text(t, live[0], "id"), map[string]any{"kind": "extension", "id": "103"}
	for _, tt := range []struct {
		mode      string
		near, far []float64
	}{
		{"monitor", []float64{900}, []float64{500}},
		{"whisper", []float64{900}, []float64{500, 1400}},
		{"barge", []float64{900, 1400}, []float64{500, 1400}},
	} {
		k.do(http.StatusNoContent, "POST", call+"/supervise", map[string]any{"mode": tt.mode, "by": boss})
		c := rings(t, desks["103"], 10*time.Second)
		if err := c.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		go c.Play(t.Context(), tone(1400, time.Minute))
		hearsOnly(t, c, 500, 900)
		hearsOnly(t, near, tt.near...)
		hearsOnly(t, far, tt.far...)
		hangUp(c)
		hearsOnly(t, near, 900)
		hearsOnly(t, far, 500)
	}
	k.do(http.StatusNoContent, "POST", call+"/redirect", map[string]any{"to": boss})
	ends(t, far, 5*time.Second)
	next := rings(t, desks["103"], 10*time.Second)
	if err := next.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go next.Play(t.Context(), tone(1400, time.Minute))
	hearsOnly(t, near, 1400)
	hearsOnly(t, next, 500)
	k.do(http.StatusNoContent, "POST", call+"/hangup", map[string]any{"words": "closing time"})
	ends(t, near, 5*time.Second)
	ends(t, next, 5*time.Second)
}
