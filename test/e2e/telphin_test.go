package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// ringme is an account with the menu of the vendor's worked example.
type ringme struct {
	*office
	app, secret  string
	token        string
	sounds       string // folder of the sounds
	advert       []int16
	hello        []int16
	night, other *phone.Phone // 050 and 002
}

func newRingme(t *testing.T, more ...string) *ringme {
	t.Helper()
	o := newOffice(t, more...)
	r := &ringme{office: o, sounds: t.TempDir(), advert: sweep(400, 1100), hello: slices.Concat(sweep(1600, 1100), sweep(1100, 600))}
	cred := o.fields("credential", "create", "--account", o.id, "--for", "telphin")
	r.app, r.secret = text(t, cred, "app_id"), text(t, cred, "app_secret")
	for name, sound := range map[string][]int16{"advertising.wav": r.advert, "hello.wav": r.hello} {
		var b bytes.Buffer
		if err := phone.WriteWAV(&b, sound); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.sounds, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.night, r.other = r.line("050"), r.line("002")
	r.token = r.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {r.app}, "client_secret": {r.secret}})
	return r
}

// line makes an internal number with a telephone that is registered.
func (r *ringme) line(number string) *phone.Phone {
	r.t.Helper()
	ext := r.server.fields("extension", "add", number, "--account", r.id)
	p := newPhone(r.t, phone.Options{Username: text(r.t, ext, "username"), Password: text(r.t, ext, "password"), Domain: text(r.t, ext, "domain")})
	if _, err := p.Register(r.t.Context(), "sip:"+r.sip, time.Hour); err != nil {
		r.t.Fatalf("register: %v\n%s", err, r.log)
	}
	return p
}

func (r *ringme) login(form url.Values) string {
	r.t.Helper()
	res, err := http.PostForm("http://"+r.http+"/telphin/oauth/token", form)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		r.t.Fatalf("token: %d %v %v", res.StatusCode, err, v)
	}
	return text(r.t, v, "access_token")
}

// api makes a request of the vendor's API that must succeed; v takes the answer.
func (r *ringme) api(method, path string, body, v any) {
	r.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, "http://"+r.http+"/telphin/api/ver1.0"+path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		r.t.Fatalf("%s %s: %d %v %s", method, path, res.StatusCode, err, raw)
	}
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			r.t.Fatalf("%s %s: %v %s", method, path, err, raw)
		}
	}
}

// sample runs one of the sample programs for a menu of a number, and gives the
// menu's id.
func (r *ringme) sample(number string, program ...string) string {
	r.t.Helper()
	if err := exec.Command("curl", "--version").Run(); err != nil {
		r.t.Fatal("curl is not installed")
	}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.Env = append(r.env, "TELPHIN_URL=http://"+r.http+"/telphin", "TELPHIN_APP_ID="+r.app, "TELPHIN_APP_SECRET="+r.secret,
		"IVR_NUMBER="+number, "SOUNDS="+r.sounds)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v: %v\n%s", program, err, out)
	}
	for _, digits := range []string{"start", "timeout", "invalid", "1", "2"} {
		if !strings.Contains(strings.ReplaceAll(string(out), " ", ""), `{"digits":"`+digits+`"}`) {
			r.t.Fatalf("%v: no option %s\n%s", program, digits, out)
		}
	}
	var id string
	if _, err := fmt.Sscanf(string(out), "ivr %s", &id); err != nil {
		r.t.Fatalf("%v: no id of the menu\n%s", program, out)
	}
	return id
}

// pythonWithRequests finds an interpreter, or skips the test.
func pythonWithRequests(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import requests").Run() == nil {
			return name
		}
	}
	t.Fatal("python3-requests is not installed; scripts/setup-test.sh installs it")
	return ""
}

// greeted waits until a second of the greeting was heard: after five seconds of
// silence and two of the advertisement.
func (r *ringme) greeted(t *testing.T, c *phone.Call) {
	t.Helper()
	if !eventually(20*time.Second, func() bool { return len(c.Heard()) > 8*phone.Rate }) {
		t.Fatalf("the sound stops\n%s", timeline(c))
	}
}

// The worked example of the vendor's documentation, made by curl and by Python,
// then called.
func TestTelphin(t *testing.T) {
	t.Parallel()
	r := newRingme(t)
	ivr := r.sample("071", "sh", "../samples/telphin/create_ivr.sh")
	r.sample("072", pythonWithRequests(t), "../samples/telphin/create_ivr.py")

	// The number is connected to the menu by the vendor's API.
	r.cli("number", "add", r.number, "--account", r.id)
	var dids []map[string]any
	r.api("GET", "/client/@me/did/", nil, &dids)
	if len(dids) != 1 {
		t.Fatalf("external numbers: %v", dids)
	}
	r.api("PUT", fmt.Sprintf("/client/@me/did/%.0f", dids[0]["id"]), map[string]any{"extension_id": ivr}, nil)
	call := func(t *testing.T) *phone.Call { return dial(t, newPhone(t, phone.Options{}), r.server, r.number) }

	t.Run("silence, the advertisement to its end, the greeting, and 050", func(t *testing.T) {
		t.Parallel()
		c := call(t)
		if !eventually(10*time.Second, func() bool { return len(c.Heard()) > 9*phone.Rate/2 }) {
			t.Fatalf("no sound comes\n%s", timeline(c))
		}
		if !quiet(c.Heard()[:9*phone.Rate/2]) {
			t.Fatal("the first four and a half seconds are not silent")
		}
		if !eventually(5*time.Second, func() bool { return len(c.Heard()) > 6*phone.Rate }) {
			t.Fatal("the sound stops")
		}
		press(t, c, "1") // within the advertisement: it counts for nothing
		at := hears(t, c, "the advertisement", r.advert, 0, 5*time.Second)
		at = hears(t, c, "the greeting", r.hello, at-time.Second, 5*time.Second)
		night := rings(t, r.night, 10*time.Second)
		if waited := time.Duration(len(c.Heard()))*time.Second/phone.Rate - at; waited < 4*time.Second {
			t.Errorf("050 rings %v after the greeting, not after 5 s", waited)
		}
		if err := night.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, night)
		hangUp(night)
		ends(t, c, 5*time.Second)
	})
	t.Run("a key cuts the greeting, and 1 rings the mobile through the trunk", func(t *testing.T) {
		t.Parallel()
		c := call(t)
		r.greeted(t, c)
		press(t, c, "1")
		far := rings(t, r.carrier, 10*time.Second)
		if to := far.Header("To"); !strings.Contains(to, "79876543210") {
			t.Errorf("the trunk is asked for %q", to)
		}
		if _, share := heardShare(c.Heard(), r.hello, 0); share == 0 || share > 0.6 {
			t.Errorf("%.0f %% of the greeting was heard though a key cut it", 100*share)
		}
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, far)
	})
	t.Run("2 rings 002", func(t *testing.T) {
		t.Parallel()
		c := call(t)
		r.greeted(t, c)
		press(t, c, "2")
		other := rings(t, r.other, 10*time.Second)
		other.Answer(t.Context())
		talks(t, c, other)
	})
	t.Run("an internal number is dialled, from the telephone of another that called the menu's number", func(t *testing.T) {
		t.Parallel()
		c := dial(t, r.line("060"), r.server, "072")
		r.greeted(t, c)
		press(t, c, "101")
		desk := rings(t, r.desk, 10*time.Second)
		desk.Answer(t.Context())
		talks(t, c, desk)
	})
	t.Run("wrong digits hang up", func(t *testing.T) {
		t.Parallel()
		c := call(t)
		r.greeted(t, c)
		press(t, c, "999")
		ends(t, c, 6*time.Second)
	})
}
