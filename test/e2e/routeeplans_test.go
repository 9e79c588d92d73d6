package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// badAnswers are answers of an application that are no plan, and what the timeline
// says of each.
func badAnswers(t *testing.T) map[string]struct {
	answer http.HandlerFunc
	words  string
} {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	says := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
	}
	sends := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	}
	return map[string]struct {
		answer http.HandlerFunc
		words  string
	}{
		"fails": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>out of order</html>", http.StatusInternalServerError)
		}, "the application answered with status 500"},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}, "there was no whole answer within 3s"},
		"html":      {says("<!DOCTYPE html><p>Welcome"), "the answer is a web page, not JSON"},
		"nothing":   {says(""), "the answer is empty"},
		"no-json":   {says(`{"verbs":[`), "the answer"},
		"huge":      {func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), 10<<20)) }, "larger than"},
		"deep":      {says(strings.Repeat(`{"verbs":[`, 50_000)), "nested more than"},
		"unknown":   {says(`{"verbs":[{"type":"CONFERENCE"}]}`), `verbs[0].type: there is no verb "CONFERENCE"`},
		"empty":     {says(`{"verbs":[]}`), "verbs: at least one verb is needed"},
		"bad-verb":  {says(`{"verbs":[{"type":"SAY","message":{"text":"x","language":"xx-XX"}}]}`), `verbs[0].message.language: "xx-XX" is none of`},
		"elsewhere": {sends("http://127.0.0.1:9/"), "the application answered with status 307: it sends us elsewhere"},
	}
}

// TestRouteeBadPlans has applications that answer no plan, at the address of a plan,
// of a number and of COLLECT: the timeline says why, and nobody hears silence for long.
func TestRouteeBadPlans(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	again := fmt.Sprintf(`{"type":"PLAY","fileURL":"%s"}`, r.sounds(t, "again", tone(1400, 20*time.Second)))
	first := fmt.Sprintf(`{"type":"PLAY","fileURL":"%s"}`, r.sounds(t, "first", tone(900, 6*time.Second)))
	silent := func(t *testing.T, c *phone.Call) {
		t.Helper()
		if s := longestSilence(c.Heard(), 0); s > 5*time.Second {
			t.Errorf("silence for %v\n%s", s, timeline(c))
		}
	}
	says := func(t *testing.T, words ...string) { // the newest call, once its record is stored
		t.Helper()
		line, id := "", r.newestEnded(t).Call.ID
		said := func(w string) bool { return strings.Contains(line, w) }
		if !eventually(10*time.Second, func() bool {
			line = r.show(t, id).String()
			return !slices.ContainsFunc(words, func(w string) bool { return !said(w) })
		}) {
			t.Errorf("the timeline does not say %q:\n%s", words, line)
		}
	}
	bad := badAnswers(t)
	for name, b := range bad {
		address := r.on("/"+name, b.answer)
		t.Run("dialPlanUrl "+name, func(t *testing.T) {
			r.conversation(t, `"dialPlanUrl":"`+address+`"`)
			c := rings(t, r.carrier, 20*time.Second)
			go c.Answer(t.Context()) // the call may be over before it returns
			ends(t, c, 20*time.Second)
			silent(t, c)
			says(t, b.words, "no dial plan came")
		})
		t.Run("eventUrl "+name, func(t *testing.T) {
			_, c := r.called(t, fmt.Sprintf(`{"type":"COLLECT","eventUrl":"%s","maxDigits":1},%s,%s`, address, first, again), "")
			hearsOnly(t, c, 900)
			press(t, c, "1")
			hearsOnly(t, c, 1400)
			hangUp(c)
			silent(t, c)
			says(t, "the answer to the keys is no plan: ", b.words)
		})
	}
	t.Run("addresses that may not be reached", func(t *testing.T) {
		for address, words := range map[string]string{
			"http://" + r.http + "/":                 r.http + " is this program itself",
			"http://10.0.0.1/":                       "10.0.0.1 is not a public address",
			"http://[::ffff:169.254.169.254]/latest": "is not a public address",
		} {
			r.conversation(t, `"dialPlanUrl":"`+address+`"`)
			c := rings(t, r.carrier, 20*time.Second)
			go c.Answer(t.Context()) // the call may be over before it returns
			ends(t, c, 20*time.Second)
			silent(t, c)
			says(t, words, "no dial plan came")
		}
	})
	t.Run("a sound that sends us to ourselves", func(t *testing.T) {
		to := r.on("/away", func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "http://"+r.http+"/healthz", http.StatusFound)
		})
		_, c := r.called(t, fmt.Sprintf(`{"type":"PLAY","fileURL":"%s"},%s`, to, again), "")
		hearsOnly(t, c, 1400)
		hangUp(c)
		silent(t, c)
		says(t, r.http+" is this program itself")
	})
	t.Run("a number", func(t *testing.T) {
		for i, name := range []string{"fails", "hangs", "huge", "unknown"} {
			number := fmt.Sprintf("+3021000001%02d", i)
			text(t, r.post(t, "/numbers/my", fmt.Sprintf(`{"msisdn":"%s","voiceInboundStrategy":{"dialplanUrl":"%s/%s"}}`, number, r.web.URL, name)), "trackingId")
			_, err := newPhone(t, phone.Options{}).Dial(t.Context(), "sip:"+number+"@"+r.sip, phone.CallOptions{})
			if err == nil || !strings.Contains(err.Error(), "480") {
				t.Errorf("%s: %v", name, err)
			}
			says(t, bad[name].words, "no dial plan came")
		}
	})
}
