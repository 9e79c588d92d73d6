package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// upload sends a file as a prompt's message and gives the reply, good or bad.
func (a *account) upload(t *testing.T, prompt, name string, body []byte) map[string]any {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	part.Write(body)
	w.Close()
	status, v := a.raw(t, http.MethodPost, "/prompt/"+prompt+"/message", a.token, w.FormDataContentType(), &form)
	if status != http.StatusOK {
		t.Errorf("upload of %s: HTTP %d %v", name, status, v)
	}
	return v
}

// raw is a request as it stands; the reply must be a JSON object.
func (a *account) raw(t *testing.T, method, path, token, contentType string, body io.Reader) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+a.http+"/sonetel"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatalf("%s %s: %d and no JSON object: %v", method, path, res.StatusCode, err)
	}
	return res.StatusCode, v
}

// wav writes samples as a WAV file.
func wav(t *testing.T, samples []int16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := phone.WriteWAV(&b, samples); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// melody is a sound that is told easily from others: tones of half a second.
func melody(hz ...float64) (s []int16) {
	for _, f := range hz {
		s = append(s, tone(f, 500*time.Millisecond)...)
	}
	return s
}

// recordByPhone calls from the desk, records spoken and keys what follows.
func recordByPhone(t *testing.T, o *office, dialled string, before string, spoken []int16, keys ...string) *phone.Call {
	t.Helper()
	c := dial(t, o.desk, o.server, dialled)
	if before != "" {
		press(t, c, before)
	}
	press(t, c, "5") // cuts the instruction
	beep := tone(1000, 150*time.Millisecond)
	hears(t, c, "beep", beep, 0, 20*time.Second)
	hearsMore(t, c, 300*time.Millisecond) // the beep is over
	if err := c.Play(t.Context(), spoken); err != nil {
		t.Fatal(err)
	}
	press(t, c, "#")
	for _, k := range keys {
		hearsMore(t, c, time.Second) // the menu of saving, hearing and discarding; a key cuts it
		press(t, c, k)
	}
	return c
}

// hearsMore waits until so much more sound has come.
func hearsMore(t *testing.T, c *phone.Call, d time.Duration) {
	t.Helper()
	want := len(c.Heard()) + int(d*phone.Rate/time.Second)
	if !eventually(d+5*time.Second, func() bool { return len(c.Heard()) >= want }) {
		t.Fatalf("no sound for %v", d)
	}
}

func TestRecordByPhone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes"})
	o.account.number(o.number, menu)
	prompt := o.object(http.MethodPost, "/account/"+o.id+"/voiceapp/"+menu+"/prompt", map[string]any{"name": "Promo"})
	id, record := text(t, prompt, "prompt_id"), text(t, prompt, "record_id")
	o.assign(menu, "digit_3", map[string]any{"action": "play", "to": "prompt", "id": id})
	message := func(field string) string {
		p := o.object(http.MethodGet, "/prompt/"+id+"?fields=message", nil)
		return text(t, p, field)
	}
	inMenu := func(t *testing.T, what string, sound []int16) {
		t.Helper()
		c := o.call(t)
		press(t, c, "3")
		at := hears(t, c, what, sound, 0, 8*time.Second)
		hears(t, c, "Main Menu", o.sound(menu, "Main Menu"), at-time.Second, 10*time.Second)
	}
	first, second := melody(600, 800, 700, 900, 650, 750), melody(900, 500, 800, 550, 700, 600)

	t.Run("record#PR… and save", func(t *testing.T) {
		user, _, _ := strings.Cut(message("record_path"), "@")
		c := recordByPhone(t, o, escaped(user), "", first, "1")
		ends(t, c, 15*time.Second)
		if d := message("file_details"); d != "Recorded by phone" {
			t.Errorf("file_details is %q", d)
		}
		inMenu(t, "the prompt of the phone", first)
	})
	t.Run("*22 and the record id, listened to and saved", func(t *testing.T) {
		c := recordByPhone(t, o, "*22", record+"#", second, "2")
		hears(t, c, "the recording", second, 0, 10*time.Second)
		hearsMore(t, c, time.Second) // no key cuts the recording itself
		press(t, c, "1")
		ends(t, c, 15*time.Second)
		inMenu(t, "the new prompt", second)
	})
	t.Run("discarded: the old prompt stays", func(t *testing.T) {
		c := recordByPhone(t, o, "record%23"+id, "", first, "3")
		hangUp(c)
		inMenu(t, "the prompt as it was", second)
	})
	t.Run("play#PR…", func(t *testing.T) {
		user, _, _ := strings.Cut(message("play_path"), "@")
		c := dial(t, o.desk, o.server, escaped(user))
		hears(t, c, "the prompt", second, 0, 5*time.Second)
		ends(t, c, 10*time.Second)
	})
	t.Run("a standard prompt is replaced", func(t *testing.T) {
		list, _ := o.api(http.MethodGet, "/account/"+o.id+"/voiceapp/"+menu+"/prompt", nil).([]any)
		i := slices.IndexFunc(list, func(v any) bool { return v.(map[string]any)["name"] == "Main Menu" })
		if i < 0 {
			t.Fatalf("no Main Menu in %v", list)
		}
		main := text(t, list[i].(map[string]any), "prompt_id")
		ends(t, recordByPhone(t, o, "record%23"+main, "", first, "1"), 15*time.Second)
		hears(t, o.call(t), "the menu of the phone", first, 0, 5*time.Second)
	})
	t.Run("a stranger records nothing", func(t *testing.T) {
		for _, user := range []string{"*22", "record%23" + id, "play%23" + id, "*21", menu} {
			c, err := newPhone(t, phone.Options{}).Dial(t.Context(), "sip:"+user+"@"+o.sip, phone.CallOptions{})
			if err == nil {
				hangUp(c)
				t.Errorf("%s was answered", user)
				continue
			}
			if e, _ := c.Ending(); e.Status < 400 || e.Status > 499 {
				t.Errorf("%s was refused with %d", user, e.Status)
			}
		}
	})
}

// escaped is a user part with # written as RFC 3261 §19.1.2 wants it.
func escaped(user string) string { return strings.ReplaceAll(user, "#", "%23") }
