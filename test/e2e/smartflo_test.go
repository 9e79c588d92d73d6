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
		t.Fatal("curl is not installed; scripts/setup-test.sh installs it")
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
	// Two seconds each: a stall of the machine may spoil a part of one.
	for name, hz := range map[string][]float64{"RECORDING": {600, 950, 1300, 750}, "INVALID_RECORDING": {1500, 700, 1050, 1800}, "INVALID_FINAL": {500, 1700, 900, 1150},
		"TIMEOUT_RETRY": {850, 1250, 550, 1600}, "TIMEOUT_FINAL": {1400, 1900, 1000, 650}} {
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
	t.Parallel()
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

// Orders over the API make real calls, whose webhooks are received; live calls
// are seen, transferred and hung up; what an IVR refers to works on a call.
func TestSmartfloCalls(t *testing.T) {
	t.Parallel()
	e := newElection(t)
	hooks := newReceiver(t)
	e.flo(http.MethodPost, "/webhook", map[string]any{"name": "all", "url": hooks.URL + "/hook", "trigger": []string{"Call received on Server", "Call answered on IVR", "DTMF Option",
		"Call answered by Agent (Click to Call)", "Call answered by Customer (Click to Call)", "Call hangup (Click to Call)", "Call hangup (Missed or Answered)"},
		"template": map[string]any{"uuid": "$uuid", "ref": "$ref_id", "status": "$call_status", "way": "$direction", "digits": "$digits", "lead": "$custom_identifier", "ivr": "$ivr_name", "end": "$end_stamp"}})

	t.Run("click to call rings the agent, then the customer", func(t *testing.T) {
		answer := e.flo(http.MethodPost, "/click_to_call", map[string]any{"agent_number": "530000", "destination_number": e.outside, "async": 1, "custom_identifier": "lead 7", "call_timeout": 300})
		ref := text(t, answer, "ref_id")
		agent := rings(t, e.phones["530000"], 10*time.Second)
		if err := agent.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		customer := rings(t, e.carrier, 10*time.Second)
		if err := customer.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, agent, customer)
		hooks.got(t, `"ref":"`+ref+`"`, `"lead":"lead 7"`, `"way":"clicktocall"`)
		e.flo(http.MethodPost, "/call/hangup", map[string]any{"call_id": ref})
		ends(t, agent, 10*time.Second)
		ends(t, customer, 10*time.Second)
		hooks.got(t, `"ref":"`+ref+`"`, `"status":"answered"`, `"end":"2`)
		e.audited(e.id, `  smartflo +127\.0\.0\.1 +hung up call`)
		var records []any
		if !eventually(10*time.Second, func() bool {
			records, _ = e.flo(http.MethodGet, "/call/records?direction=clicktocall", nil)["results"].([]any)
			return len(records) == 1
		}) {
			t.Fatalf("records: %v", records)
		}
		if r := records[0].(map[string]any); r["ref_id"] != ref || r["status"] != "answered" || r["custom_identifier"] != "lead 7" {
			t.Errorf("record: %v", r)
		}
	})
	t.Run("a key rings the customer, then its destination", func(t *testing.T) {
		key := text(t, e.flo(http.MethodPost, "/api_key", map[string]any{"name": "site", "destination": "extension|530099"}), "api_key")
		v := e.request(http.MethodPost, "/smartflo/v1/click_to_call_support", "", map[string]any{"api_key": key, "customer_number": e.outside, "async": 1})
		if v["success"] != true {
			t.Fatal(v)
		}
		customer := rings(t, e.carrier, 10*time.Second)
		if err := customer.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.answered(t, customer, "530099")
	})
	t.Run("a call in the IVR is told, and transferred", func(t *testing.T) {
		c := e.call(t)
		press(t, c, "1")
		first := rings(t, e.phones["530000"], 10*time.Second)
		if err := first.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, first)
		hooks.got(t, `"ivr":"Election IVR"`, `"digits":"1"`, `"way":"inbound"`)
		live := e.liveCalls(t)
		if len(live) != 1 || live[0]["state"] != "Answered" || live[0]["did"] != strings.TrimPrefix(e.office.number, "+") {
			t.Fatalf("live calls: %v", live)
		}
		e.flo(http.MethodPost, "/call/options", map[string]any{"type": 4, "call_id": live[0]["call_id"], "intercom": "530675"})
		e.audited(e.id, `  smartflo +127\.0\.0\.1 +redirected call`)
		e.answered(t, c, "530675")
		hooks.got(t, `"status":"answered"`, `"way":"inbound"`, `"end":"2`)
	})
	t.Run("a department, a dialplan and hours", func(t *testing.T) {
		app := newReceiver(t)
		app.answer = `[{"transfer":{"type":"extension","data":["530675"]}}]`
		dep := text(t, e.flo(http.MethodPost, "/department", map[string]any{"name": "Sales", "agents": []string{"extension|530000", "extension|530099"}, "ring_strategy": "sequential", "ring_timeout": 5}), "id")
		day := map[string]any{"days": []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, "from": "00:00", "to": "24:00"}
		hours := text(t, e.flo(http.MethodPost, "/time_group", map[string]any{"name": "Always", "hours": []any{day}, "destination": "department|" + dep}), "id")
		e.flo(http.MethodPost, "/custom_dialplan", map[string]any{"name": "ask", "url": app.URL + "/route"})
		e.flo(http.MethodPut, "/ivr/"+e.ivr, map[string]any{"option": []string{"1", "2"}, "destination": []string{"timegroup|" + hours, "custom_dialplan|ask"}, "timeout": 5})
		c := e.call(t)
		press(t, c, "1")
		rings(t, e.phones["530000"], 10*time.Second).Reject(486)
		e.answered(t, c, "530099")
		c = e.call(t)
		press(t, c, "2")
		e.answered(t, c, "530675")
		app.got(t, "/route", `"call_to_number":"`+strings.TrimPrefix(e.office.number, "+")+`"`)
	})
}

// liveCalls lists the calls that are up.
func (e *election) liveCalls(t *testing.T) (list []map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+e.http+"/smartflo/v1/live_calls", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", e.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}
