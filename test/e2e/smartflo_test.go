package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// receiver is somebody's web server: it keeps the bodies that it is sent.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	answer string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, req.URL.Path+" "+string(body))
		io.WriteString(w, r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

// got waits for a body that holds all words, and gives it.
func (r *receiver) got(t *testing.T, words ...string) string {
	t.Helper()
	found := ""
	if !eventually(15*time.Second, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, b := range r.bodies {
			has := true
			for _, w := range words {
				has = has && strings.Contains(b, w)
			}
			if has {
				found = b
			}
		}
		return found != ""
	}) {
		r.mu.Lock()
		defer r.mu.Unlock()
		t.Fatalf("nothing with %q was received, only\n%s", words, strings.Join(r.bodies, "\n"))
	}
	return found
}

// election is an account with the IVR of the vendor's page behind a number.
type election struct {
	*office
	token  string
	ivr    string
	sounds map[string][]int16
	ids    map[string]string // of the recordings
	phones map[string]*phone.Phone
	sms    *receiver
}

// script runs one of the sample programs and gives what it prints.
func (e *election) script(name string, env ...string) string {
	e.t.Helper()
	cmd := exec.Command("sh", "../samples/smartflo/"+name)
	cmd.Env = append(e.env, "SMARTFLO_URL=http://"+e.http+"/smartflo", "SMARTFLO_TOKEN="+e.token)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// flo makes a request of the vendor's API that must succeed.
func (e *election) flo(method, path string, body any) map[string]any {
	e.t.Helper()
	v := e.request(method, "/smartflo/v1"+path, e.token, body)
	if v["success"] == false {
		e.t.Fatalf("%s %s: %v", method, path, v)
	}
	return v
}

func newElection(t *testing.T) *election {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed; scripts/setup-test.sh installs it")
	}
	sms := newReceiver(t)
	e := &election{office: newOffice(t, "TANDEM_SMS_URL="+sms.URL+"/gateway"), sms: sms, phones: map[string]*phone.Phone{},
		sounds: map[string][]int16{}, ids: map[string]string{}}
	cred := e.fields("credential", "create", "--account", e.id, "--for", "smartflo")
	e.token = e.script("login.sh", "SMARTFLO_EMAIL="+text(t, cred, "email"), "SMARTFLO_PASSWORD="+text(t, cred, "password"))
	for _, number := range []string{"530000", "530099", "530675"} {
		ext := e.fields("extension", "add", number, "--account", e.id)
		p := newPhone(t, phone.Options{Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain")})
		if _, err := p.Register(t.Context(), "sip:"+e.sip, time.Hour); err != nil {
			t.Fatalf("register: %v\n%s", err, e.log)
		}
		e.phones[number] = p
	}
	for name, hz := range map[string][]float64{"RECORDING": {600, 950}, "INVALID_RECORDING": {1500, 700}, "INVALID_FINAL": {500, 1700},
		"TIMEOUT_RETRY": {850, 1250}, "TIMEOUT_FINAL": {1400, 1900}} {
		e.sounds[name] = melody(hz...)
		file := filepath.Join(t.TempDir(), name+".wav")
		if err := os.WriteFile(file, wav(t, e.sounds[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		e.ids[name] = answerID(t, e.script("upload_recording.sh", "FILE="+file, "NAME="+name))
	}
	template := e.flo(http.MethodPost, "/sms_template", map[string]any{"name": "Thanks", "text": "Thank you for calling $ivr_name, $caller_id_number."})
	e.ivr = answerID(t, e.script("create_ivr.sh", "TIMEOUT=2", "SMS_TEMPLATE="+text(t, template, "id"), "RECORDING="+e.ids["RECORDING"],
		"INVALID_RECORDING="+e.ids["INVALID_RECORDING"], "INVALID_FINAL="+e.ids["INVALID_FINAL"], "TIMEOUT_RETRY="+e.ids["TIMEOUT_RETRY"], "TIMEOUT_FINAL="+e.ids["TIMEOUT_FINAL"]))
	e.cli("number", "add", e.office.number, "--account", e.id)
	e.flo(http.MethodPut, "/my_number/"+strings.TrimPrefix(e.office.number, "+"), map[string]any{"destination": "ivr||" + e.ivr, "name": "Hotline"})
	return e
}

// answerID reads the id of an answer.
func answerID(t *testing.T, out string) string {
	t.Helper()
	var v struct {
		Success bool  `json:"success"`
		ID      int64 `json:"id"`
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil || !v.Success || v.ID == 0 {
		t.Fatalf("the answer has no id: %s", out)
	}
	return fmt.Sprint(v.ID)
}

// heard waits for a prompt of the IVR after from, and gives the time of its end.
func (e *election) heard(t *testing.T, c *phone.Call, name string, from time.Duration) time.Duration {
	t.Helper()
	return hears(t, c, name, e.sounds[name], max(0, from-500*time.Millisecond), 10*time.Second)
}

// put through waits until an extension rings, answers, and proves the talk.
func (e *election) answered(t *testing.T, c *phone.Call, number string) {
	t.Helper()
	far := rings(t, e.phones[number], 10*time.Second)
	if err := far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, c, far)
	hangUp(far)
	ends(t, c, 10*time.Second)
}

// The IVR of the vendor's page with all its fields, made by curl: the right key,
// wrong keys and silence each reach their destination with each prompt heard.
func TestSmartfloIVR(t *testing.T) {
	e := newElection(t)
	t.Run("the right key reaches its extension, after a text message", func(t *testing.T) {
		caller := newPhone(t, phone.Options{Username: "46701234567"})
		c := dial(t, caller, e.server, e.office.number)
		e.heard(t, c, "RECORDING", 0)
		press(t, c, "1")
		e.answered(t, c, "530000")
		body := e.sms.got(t, "/gateway", "Thank you for calling Election IVR, ")
		if !strings.Contains(body, "46701234567") {
			t.Errorf("the message went to another: %s", body)
		}
	})
	t.Run("a key cuts the prompt", func(t *testing.T) {
		c := e.call(t)
		press(t, c, "1")
		e.answered(t, c, "530000")
	})
	t.Run("the third wrong key is one too many", func(t *testing.T) {
		c := e.call(t)
		at := e.heard(t, c, "RECORDING", 0)
		for range 2 {
			press(t, c, "9")
			at = e.heard(t, c, "INVALID_RECORDING", at)
			at = e.heard(t, c, "RECORDING", at)
		}
		press(t, c, "#")
		e.heard(t, c, "INVALID_FINAL", at)
		e.answered(t, c, "530099")
	})
	t.Run("the third silence is one too many", func(t *testing.T) {
		c := e.call(t)
		at := e.heard(t, c, "RECORDING", 0)
		for range 2 {
			at = e.heard(t, c, "TIMEOUT_RETRY", at)
			at = e.heard(t, c, "RECORDING", at)
		}
		e.heard(t, c, "TIMEOUT_FINAL", at)
		e.answered(t, c, "530675")
	})
	t.Run("a key during a retry prompt counts", func(t *testing.T) {
		c := e.call(t)
		at := e.heard(t, c, "RECORDING", 0)
		press(t, c, "9")
		hears(t, c, "the beginning of INVALID_RECORDING", e.sounds["INVALID_RECORDING"][:phone.Rate/2], at, 10*time.Second)
		press(t, c, "1")
		e.answered(t, c, "530000")
	})
	t.Run("an account phone dials the IVR's number", func(t *testing.T) {
		c := dial(t, e.desk, e.server, e.ivr)
		press(t, c, "1")
		e.answered(t, c, "530000")
	})
}
