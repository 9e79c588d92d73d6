package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// callBack orders a call-back and gives its reply.
func (a *account) callBack(t *testing.T, first, second string) map[string]any {
	t.Helper()
	v := a.request(http.MethodPost, "/sonetel/make-calls/call/call-back", a.token,
		map[string]any{"app_id": "test", "call1": first, "call2": second, "show_1": "automatic", "show_2": "automatic"})
	if code, _ := v["statusCode"].(float64); code != http.StatusAccepted {
		t.Fatalf("call-back: %v", v)
	}
	res, _ := v["response"].(map[string]any)
	if id, _ := res["session_id"].(string); len(id) != 32 {
		t.Errorf("session_id %q has not 32 figures", id)
	}
	return v
}

func TestCallBack(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	first, second := newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
	call1, call2 := "sip:first@"+first.Addr().String(), "sip:second@"+second.Addr().String()

	t.Run("both are rung in turn and talk", func(t *testing.T) {
		o.callBack(t, call1, call2)
		a := rings(t, first, 10*time.Second)
		select {
		case <-second.Incoming():
			t.Fatal("the second rang before the first had answered")
		case <-time.After(500 * time.Millisecond):
		}
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := rings(t, second, 10*time.Second)
		if err := b.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, a, b)
		hangUp(a)
		ends(t, b, 5*time.Second)
		v := o.newestEnded(t)
		v.must(t, "bridge.started", "")
		if v.Call.Words == "" {
			t.Error("the end has no words")
		}
	})
	t.Run("a number and the user's e-mail address", func(t *testing.T) {
		o.callBack(t, o.user2email(t), o.outside)
		a := rings(t, o.desk, 10*time.Second)
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		b := rings(t, o.carrier, 10*time.Second)
		if err := b.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, a, b)
		hangUp(b)
		ends(t, a, 10*time.Second)
	})
	t.Run("the first is busy: the second never rings", func(t *testing.T) {
		o.callBack(t, call1, call2)
		rings(t, first, 10*time.Second).Reject(486)
		v := o.newestEnded(t)
		if !strings.Contains(v.Call.Words, "first party") || !v.Call.Answered.IsZero() {
			t.Errorf("the record: %+v", v.Call)
		}
		select {
		case <-second.Incoming():
			t.Error("the second rang")
		case <-time.After(time.Second):
		}
	})
	t.Run("the second is busy: the first hears so for 5 s", func(t *testing.T) {
		o.callBack(t, call1, call2)
		a := rings(t, first, 10*time.Second)
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		rings(t, second, 10*time.Second).Reject(486)
		began := len(a.Heard())
		ends(t, a, 12*time.Second)
		heard := a.Heard()[began:]
		busy := busyTime(heard)
		// Busy tone is on half of the time at most countries' cadence.
		if busy < 2*time.Second || busy > 5500*time.Millisecond {
			t.Errorf("busy tone was heard for %v of %v", busy, time.Duration(len(heard))*time.Second/phone.Rate)
		}
		v := o.newestEnded(t)
		if !strings.Contains(v.Call.Words, "second party") {
			t.Errorf("the end in words: %q", v.Call.Words)
		}
	})
	t.Run("the first does not answer", func(t *testing.T) {
		o.callBack(t, call1, call2)
		a := rings(t, first, 10*time.Second)
		if err := a.Ring(false); err != nil {
			t.Fatal(err)
		}
		ends(t, a, 45*time.Second) // the ring time of 30 s
		v := o.newestEnded(t)
		if !strings.Contains(v.Call.Words, "no answer") {
			t.Errorf("the record: %+v", v.Call)
		}
		select {
		case <-second.Incoming():
			t.Error("the second rang")
		case <-time.After(500 * time.Millisecond):
		}
	})
}

// user2email is the e-mail address of the office's user.
func (o *office) user2email(t *testing.T) string {
	t.Helper()
	u := o.object(http.MethodPut, "/account/"+o.id+"/user/"+o.user, map[string]any{"email": "desk@example.com"})
	if u["email"] != "desk@example.com" {
		t.Fatalf("user: %v", u)
	}
	return "desk@example.com"
}

// busyTime is how long a tone of 400 to 480 Hz, with or without its companion, was heard.
func busyTime(s []int16) (sum time.Duration) {
	const step = phone.Rate / 20
	for i := 0; i+step <= len(s); i += step {
		best := 0.0
		for _, hz := range []float64{400, 425, 440, 450, 480, 620} {
			best = max(best, audiomatch.Tone(s[i:i+step], hz))
		}
		if best > 0.4 && !quiet(s[i:i+step]) {
			sum += time.Second / 20
		}
	}
	return sum
}
