package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestTransfers has telephones of an account transfer a talk blind and attended and
// take it over, and the API join two calls.
func TestTransfers(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := newAccount(t, s)
	k := apiKey{s, text(t, s.fields("credential", "create", "--account", a.id, "--for", "api", "--scope", "calls:read", "--scope", "calls:write"), "key")}
	desks := map[string]*phone.Phone{}
	for _, number := range []string{"101", "102", "103", "104"} {
		ext := s.fields("extension", "add", number, "--account", a.id)
		p := newPhone(t, phone.Options{Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain"), Proxy: s.sip})
		if _, err := p.Register(t.Context(), "sip:"+s.sip, time.Hour); err != nil {
			t.Fatalf("register: %v\n%s", err, s.log)
		}
		desks[number] = p
	}
	answers := func(c *phone.Call, hz float64) *phone.Call {
		t.Helper()
		if err := c.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		go c.Play(t.Context(), tone(hz, time.Minute))
		return c
	}
	calls := func(from, to string, hz, theirs float64) (near, far *phone.Call) {
		t.Helper()
		near, err := desks[from].Invite("sip:"+to+"@"+s.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		far = answers(rings(t, desks[to], 10*time.Second), theirs)
		<-near.Answered()
		go near.Play(t.Context(), tone(hz, time.Minute))
		hearsOnly(t, near, theirs)
		hearsOnly(t, far, hz)
		return near, far
	}
	told := make(chan int, 1)
	refer := func(f func() (int, error)) {
		status, err := f()
		if err != nil {
			t.Error(err)
		}
		told <- status
	}

	near, far := calls("101", "102", 500, 900)
	id := text(t, k.items("/calls/live")[0], "id")
	go refer(func() (int, error) { return far.Refer(t.Context(), "sip:103@"+s.sip) })
	rings(t, desks["103"], 10*time.Second).Reject(486)
	if status := <-told; status != 486 {
		t.Errorf("busy: the transferor is told %d", status)
	}
	hearsOnly(t, near, 900)
	go refer(func() (int, error) { return far.Refer(t.Context(), "sip:103@"+s.sip) })
	third := answers(rings(t, desks["103"], 10*time.Second), 1400)
	if status := <-told; status != 200 {
		t.Errorf("blind: the transferor is told %d", status)
	}
	ends(t, far, 5*time.Second)
	hearsOnly(t, near, 1400)
	hearsOnly(t, third, 500)

	own, fourth := calls("103", "104", 1400, 900)
	go refer(func() (int, error) { return third.ReferTo(t.Context(), own) })
	if status := <-told; status != 200 {
		t.Errorf("attended: the transferor is told %d", status)
	}
	ends(t, third, 5*time.Second)
	ends(t, own, 5*time.Second)
	hearsOnly(t, near, 900)
	hearsOnly(t, fourth, 500)

	place := fourth.Replaces()
	taker, err := desks["102"].Dial(t.Context(), "sip:104@"+s.sip, phone.CallOptions{Replaces: &place})
	if err != nil {
		t.Fatal(err)
	}
	go taker.Play(t.Context(), tone(1400, time.Minute))
	ends(t, fourth, 5*time.Second)
	hearsOnly(t, near, 1400)
	hearsOnly(t, taker, 500)

	other, theirs := calls("103", "104", 900, 900)
	var second string
	for _, live := range k.items("/calls/live") {
		if v := text(t, live, "id"); v != id && live["state"] == "talking" {
			second = v
		}
	}
	k.do(http.StatusNoContent, "POST", "/calls/"+id+"/transfer", map[string]any{"join": second})
	ends(t, taker, 5*time.Second)
	ends(t, theirs, 5*time.Second)
	hearsOnly(t, near, 900)
	hearsOnly(t, other, 500)
	k.do(http.StatusNoContent, "POST", "/calls/"+id+"/transfer", map[string]any{"to": map[string]any{"kind": "extension", "id": "104"}, "how": "dial"})
	last := answers(rings(t, desks["104"], 10*time.Second), 1400)
	ends(t, other, 5*time.Second)
	hearsOnly(t, near, 1400)
	hangUp(last)
	ends(t, near, 5*time.Second)
}
