package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// blocks is an application that drives sessions, and what it was told.
type blocks struct {
	*office
	app, token string
	told       chan url.Values
	kept       []url.Values // told of, and not asked for yet
	address    string
}

func newBlocks(t *testing.T) *blocks {
	t.Helper()
	o := newOffice(t)
	cred := o.fields("credential", "create", "--account", o.id, "--for", "hoiio")
	b := &blocks{office: o, app: text(t, cred, "app_id"), token: text(t, cred, "access_token"), told: make(chan url.Values, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(b.token))
		mac.Write(body)
		v, err := url.ParseQuery(string(body))
		if err != nil || r.Header.Get("X-Hoiio-Signature") != hex.EncodeToString(mac.Sum(nil)) || v.Get("app_state") != r.URL.Query().Get("app_state") {
			t.Errorf("a notification with signature %q: %s", r.Header.Get("X-Hoiio-Signature"), body)
		}
		b.told <- v
	}))
	t.Cleanup(server.Close)
	b.address = server.URL
	o.cli("number", "add", o.number, "--account", o.id)
	b.ok("number/update_forwarding", "number", o.number, "forward_to", b.address+"/ivr?app_state=answer")
	return b
}

// ask calls a method and gives its answer.
func (b *blocks) ask(method string, pairs ...string) map[string]any {
	b.t.Helper()
	form := url.Values{"app_id": {b.app}, "access_token": {b.token}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	res, err := http.PostForm("http://"+b.http+"/hoiio/open/"+method, form)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %d %v", method, res.StatusCode, err)
	}
	return v
}

func (b *blocks) ok(method string, pairs ...string) map[string]any {
	b.t.Helper()
	v := b.ask(method, pairs...)
	if v["status"] != "success_ok" {
		b.t.Fatalf("%s %v: %v\n%s", method, pairs, v, b.log)
	}
	return v
}

func (b *blocks) refused(status, method string, pairs ...string) {
	b.t.Helper()
	if v := b.ask(method, pairs...); v["status"] != status {
		b.t.Errorf("%s %v: %v, want %s", method, pairs, v["status"], status)
	}
}

// next waits for the next notification and holds it to what is wanted.
func (b *blocks) next(want ...string) url.Values {
	b.t.Helper()
	select {
	case v := <-b.told:
		for i := 0; i+1 < len(want); i += 2 {
			if v.Get(want[i]) != want[i+1] {
				b.t.Fatalf("told %s=%q, want %q: %v\n%s", want[i], v.Get(want[i]), want[i+1], v, b.log)
			}
		}
		return v
	case <-time.After(20 * time.Second):
		b.t.Fatalf("not told of %v\n%s", want, b.log)
	}
	return nil
}

// at gives the address of a state of the application.
func (b *blocks) at(state string) string { return b.address + "/ivr?app_state=" + state }

// caller calls the number and gives the session that the application is told.
func (b *blocks) caller(t *testing.T) (*phone.Call, string) {
	t.Helper()
	c, err := newPhone(t, phone.Options{Username: "46701234567"}).Invite("sip:"+b.number+"@"+b.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	v := b.next("ivr_block", "answer", "call_state", "ringing", "to", b.number, "app_state", "answer")
	if !strings.HasPrefix(v.Get("session"), "S") || "AA-C-"+v.Get("session")[1:] != v.Get("txn_ref") {
		t.Fatalf("told %v", v)
	}
	return c, v.Get("session")
}

// silent has a caller say nothing for some seconds.
func silent(t *testing.T, c *phone.Call, seconds int) {
	t.Helper()
	if err := c.Play(t.Context(), make([]int16, seconds*phone.Rate)); err != nil {
		t.Fatal(err)
	}
}

// An auto attendant: answer, gather, transfer that goes on when the far end is
// busy, record, hang up; and the caller who leaves at each stage.
func TestHoiioAutoAttendant(t *testing.T) {
	t.Parallel()
	b := newBlocks(t)
	gather := func(t *testing.T) (*phone.Call, string) {
		c, s := b.caller(t)
		b.ok("ivr/middle/gather", "session", s, "msg", "Press 1 for sales.", "max_digits", "1", "timeout", "10", "attempts", "3", "tag", "menu", "notify_url", b.at("gather"))
		select {
		case <-c.Answered():
		case <-time.After(10 * time.Second):
			t.Fatalf("not answered\n%s", b.log)
		}
		return c, s
	}
	keyed := func(t *testing.T) (*phone.Call, string) {
		c, s := gather(t)
		press(t, c, "1")
		b.next("ivr_block", "gather", "call_state", "ongoing", "digits", "1", "tag", "menu", "app_state", "gather")
		return c, s
	}
	refused := func(t *testing.T) (*phone.Call, string) {
		c, s := keyed(t)
		b.ok("ivr/end/transfer", "session", s, "dest", b.outside, "on_failure", "continue", "notify_url", b.at("transfer"))
		far := rings(t, b.carrier, 10*time.Second)
		if err := far.Reject(486); err != nil {
			t.Fatal(err)
		}
		b.next("ivr_block", "transfer", "call_state", "ongoing", "transfer_status", "busy", "app_state", "transfer")
		return c, s
	}
	ended := func(t *testing.T, block string) url.Values {
		v := b.next("ivr_block", block, "call_state", "ended", "rate", "0.000", "debit", "0.000")
		for _, name := range []string{"date", "duration", "currency"} {
			if v.Get(name) == "" {
				t.Errorf("%s is not told: %v", name, v)
			}
		}
		return v
	}
	t.Run("to its end", func(t *testing.T) {
		c, s := refused(t)
		b.ok("ivr/middle/record", "session", s, "msg", "Speak after the beep.", "max_duration", "20", "notify_url", b.at("record"))
		b.refused("error_session_not_ready", "ivr/middle/play", "session", s, "msg", "again")
		if !eventually(10*time.Second, func() bool { at, ok := c.HeardAt(); return ok && at > 0 && !quiet(c.Heard()) }) {
			t.Error("nothing is heard")
		}
		silent(t, c, 4) // through the message and the beep
		if err := c.Play(t.Context(), tone(700, 2*time.Second)); err != nil {
			t.Fatal(err)
		}
		press(t, c, "#")
		v := b.next("ivr_block", "record", "call_state", "ongoing", "app_state", "record")
		res, err := http.Get(v.Get("record_url"))
		if err != nil {
			t.Fatal(err)
		}
		sound, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "audio/") || len(sound) < 4000 {
			t.Errorf("the recording: %s of %d bytes at %s", res.Status, len(sound), v.Get("record_url"))
		}
		if res, err := http.Get(strings.Replace(v.Get("record_url"), "sig=", "sig=x", 1)); err != nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("a forged link: %v %v", res, err)
		}
		b.ok("ivr/end/hangup", "session", s, "msg", "Goodbye", "notify_url", b.at("bye"))
		ended(t, "hangup")
		ends(t, c, 10*time.Second)
		b.refused("error_session_ended", "ivr/middle/play", "session", s)
		b.ok("voice/query_status", "txn_ref", "AA-C-"+s[1:])
	})
	t.Run("hang-up while it rings", func(t *testing.T) {
		c, _ := b.caller(t)
		hangUp(c)
		ended(t, "answer")
	})
	t.Run("hang-up in gather", func(t *testing.T) {
		c, _ := gather(t)
		silent(t, c, 1)
		hangUp(c)
		if v := ended(t, "gather"); !v.Has("digits") {
			t.Errorf("told %v", v)
		}
	})
	t.Run("hang-up in transfer", func(t *testing.T) {
		c, s := keyed(t)
		b.ok("ivr/end/transfer", "session", s, "dest", b.outside, "notify_url", b.at("transfer"))
		far := rings(t, b.carrier, 10*time.Second)
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, far)
		b.refused("error_session_ended", "ivr/middle/play", "session", s)
		hangUp(c)
		if v := ended(t, "transfer"); v.Get("transfer_status") != "answered" {
			t.Errorf("told %v", v)
		}
		ends(t, far, 10*time.Second)
	})
	t.Run("hang-up in record", func(t *testing.T) {
		c, s := refused(t)
		b.ok("ivr/middle/record", "session", s, "notify_url", b.at("record"))
		silent(t, c, 2)
		if err := c.Play(t.Context(), tone(700, 2*time.Second)); err != nil {
			t.Fatal(err)
		}
		hangUp(c)
		if v := ended(t, "record"); v.Get("record_url") == "" {
			t.Errorf("told %v", v)
		}
	})
	t.Run("hang-up by the application cuts a block at once", func(t *testing.T) {
		c, s := gather(t)
		began := time.Now()
		b.ok("ivr/end/hangup", "session", s, "msg", "not played", "notify_url", b.at("bye"))
		ends(t, c, 5*time.Second)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
		ended(t, "hangup")
	})
	t.Run("refusals", func(t *testing.T) {
		b.refused("error_invalid_session", "ivr/middle/play", "session", "S1")
		b.refused("error_session_param_missing", "ivr/middle/play")
		b.refused("error_invalid_access_token", "user/get_info", "access_token", "wrong")
	})
}
