package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// routeeAccount is an account with a Routee application and what it is told.
type routeeAccount struct {
	*office
	token string
	web   *httptest.Server

	mu      sync.Mutex
	told    []map[string]any // bodies, with the path under "path"
	answers map[string]http.HandlerFunc
}

func newRoutee(t *testing.T) *routeeAccount {
	t.Helper()
	r := &routeeAccount{office: newOffice(t), answers: map[string]http.HandlerFunc{}}
	r.token = routeeToken(t, r.server, r.id)
	r.web = httptest.NewServer(http.HandlerFunc(r.event))
	t.Cleanup(r.web.Close)
	return r
}

// routeeToken logs a new application of an account in.
func routeeToken(t *testing.T, s *server, account string) string {
	t.Helper()
	cred := s.fields("credential", "create", "--account", account, "--for", "routee")
	req, err := http.NewRequest(http.MethodPost, "http://"+s.http+"/routee/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(text(t, cred, "applicationId"), text(t, cred, "applicationSecret"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return text(t, v, "access_token")
}

// newRouteeToken is the token of an account of its own.
func newRouteeToken(t *testing.T, s *server) string {
	t.Helper()
	return routeeToken(t, s, text(t, s.fields("account", "create", "Another"), "id"))
}

func routeeSay(text string) string {
	return `{"type":"SAY","message":{"language":"en-GB","gender":"female","text":"` + text + `"}}`
}

// event is the application: it takes the pin 1234 and declines others.
func (r *routeeAccount) event(w http.ResponseWriter, req *http.Request) {
	raw, _ := io.ReadAll(req.Body)
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	if body == nil {
		body = map[string]any{}
	}
	body["path"] = req.URL.Path
	r.mu.Lock()
	r.told = append(r.told, body)
	answer := r.answers[req.URL.Path]
	r.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, req)
	case req.URL.Path != "/pin":
	case body["collectedTones"] == "1,2,3,4":
		fmt.Fprintf(w, `{"verbs":[%s,{"type":"DIAL","from":"+30211111111","to":{"phone":"+306988222222"},"callback":{"url":"%s/dial","strategy":"OnChange"}}]}`,
			routeeSay("You will shortly be connected to the first available representative"), r.web.URL)
	default:
		fmt.Fprintf(w, `{"verbs":[%s,{"type":"COLLECT","eventUrl":"%s/pin","maxDigits":4,"submitOnHash":true}]}`,
			routeeSay("Your four digits service number is not valid. Please try again."), r.web.URL)
	}
}

// on says what the application answers at a path; its address is given.
func (r *routeeAccount) on(path string, answer http.HandlerFunc) (address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[path] = answer
	return r.web.URL + path
}

// sounds gives the address of a sound.
func (r *routeeAccount) sounds(t *testing.T, name string, samples []int16) (address string) {
	file := wav(t, samples)
	return r.on("/"+name+".wav", func(w http.ResponseWriter, _ *http.Request) { w.Write(file) })
}

// plan answers with a dial plan.
func (r *routeeAccount) plan(path, verbs string) (address string) {
	return r.on(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"verbs":[`+verbs+`]}`) })
}

// hearsOf waits until the application was told of something.
func (r *routeeAccount) hearsOf(t *testing.T, path, what string) {
	t.Helper()
	if !eventually(15*time.Second, func() bool { return strings.Contains(r.toldOf(path), what) }) {
		t.Fatalf("%s was not told %s; it was told %s", path, what, r.toldOf(path))
	}
}

func (r *routeeAccount) toldOf(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all strings.Builder
	for _, b := range r.told {
		if b["path"] == path {
			line, _ := json.Marshal(b)
			all.Write(append(line, '\n'))
		}
	}
	return all.String()
}

// answered waits for a call to the carrier, answers it and hears it speak.
func (r *routeeAccount) answered(t *testing.T) *phone.Call {
	t.Helper()
	c := rings(t, r.carrier, 15*time.Second)
	if err := c.Ring(false); err != nil {
		t.Fatal(err)
	}
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	speaks(t, c, 0)
	return c
}

// speaks waits until something that lasts a second was heard from a sample on, and
// gives the number of samples until then.
func speaks(t *testing.T, c *phone.Call, from int) int {
	t.Helper()
	const step = phone.Rate / 10
	end := 0
	if !eventually(15*time.Second, func() bool {
		heard, loud := c.Heard(), 0
		for i := from; i+step <= len(heard); i += step {
			if !quiet(heard[i : i+step]) {
				if loud++; loud == 10 {
					end = i
					return true
				}
			}
		}
		return false
	}) {
		t.Fatal("nothing was said")
	}
	return end
}

func (r *routeeAccount) post(t *testing.T, path, body string) map[string]any {
	t.Helper()
	return r.request(http.MethodPost, "/routee"+path, r.token, json.RawMessage(body))
}

func TestRoutee(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	begin := func(t *testing.T) string {
		t.Helper()
		a := r.post(t, "/voice/conversation", fmt.Sprintf(`{"from":"Company Name","to":{"phone":"+30691111111"},"callback":{"url":"%s/status","strategy":"OnChange"},"dialPlan":{"verbs":[
			%s,{"type":"PAUSE","duration":10},{"type":"COLLECT","eventUrl":"%s/pin","maxDigits":4,"submitOnHash":true}]}}`,
			r.web.URL, routeeSay("Please enter your four digits service number and then press the pound key."), r.web.URL))
		return text(t, a, "trackingId")
	}
	t.Run("an accepted pin is connected", func(t *testing.T) {
		id := begin(t)
		c := r.answered(t)
		press(t, c, "1234#")
		r.hearsOf(t, "/pin", `"collectedTones":"1,2,3,4"`)
		r.hearsOf(t, "/pin", `"conversationTrackingId":"`+id+`"`)
		second := rings(t, r.carrier, 20*time.Second)
		if err := second.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, second)
		hangUp(second)
		ends(t, c, 10*time.Second)
		r.hearsOf(t, "/status", `"name":"Completed"`)
		r.hearsOf(t, "/dial", `"name":"Completed"`)
		for _, state := range []string{"Queued", "Initiated", "Ringing", "InProgress"} {
			r.hearsOf(t, "/status", `"name":"`+state+`"`)
		}
		r.hearsOf(t, "/dial", `"name":"InProgress"`)
		var page map[string]any
		if !eventually(10*time.Second, func() bool {
			page = r.request(http.MethodGet, "/routee/voice/tracking/conversation/"+id, r.token, nil)
			return page["totalElements"] == 2.0
		}) {
			t.Fatalf("tracking: %v", page)
		}
		a, _ := page["content"].([]any)[0].(map[string]any)
		if a["collectedTones"] != "1,2,3,4" {
			t.Errorf("tracking: %v", a)
		}
	})
	t.Run("a declined pin has another try by the wait at the end", func(t *testing.T) {
		begin(t)
		c := r.answered(t)
		press(t, c, "9999#")
		r.hearsOf(t, "/pin", `"collectedTones":"9,9,9,9"`)
		hearsMore(t, c, 7*time.Second) // the words of the declining plan are over, and its wait has begun
		press(t, c, "1234#")
		second := rings(t, r.carrier, 20*time.Second)
		if err := second.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, second)
		hangUp(c)
		ends(t, second, 10*time.Second)
	})
	t.Run("actions on a call that is up, and one that is over", func(t *testing.T) {
		id := begin(t)
		c := r.answered(t)
		a := r.post(t, "/voice/conversation/"+id+"/talk", `{"text":"This is a word of ours beside the plan.","language":"en-US","multiplex":true}`)
		text(t, a, "messageId")
		a = r.post(t, "/voice/conversation/"+id+"/record", `{"format":"WAV"}`)
		text(t, a, "messageId")
		hearsMore(t, c, 2*time.Second)
		a = r.request(http.MethodPut, "/routee/voice/conversation/"+id, r.token, map[string]any{"action": "hangup"})
		text(t, a, "messageId")
		ends(t, c, 10*time.Second)
		var v map[string]any
		if !eventually(10*time.Second, func() bool {
			v = r.request(http.MethodGet, "/routee/voice/conversation/"+id, r.token, nil)
			list, _ := v["recordings"].([]any)
			return len(list) == 1
		}) {
			t.Fatalf("the recording: %v", v)
		}
		link := text(t, v["recordings"].([]any)[0].(map[string]any), "url")
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodGet, "http://"+r.http+u.Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if data, err := io.ReadAll(res.Body); err != nil || len(data) < 2000 {
			t.Errorf("the recording has %d bytes, %v", len(data), err)
		}
		if a := r.post(t, "/voice/conversation/"+id+"/dtmf", `{"dtmf":"1"}`); a["code"] != "404013000" {
			t.Errorf("keys for a call that is over: %v", a)
		}
	})
}

// The sample in each language calls somebody, who answers, hears it and presses keys.
func TestRouteeSamples(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	const java = "/usr/share/java/okhttp.jar:/usr/share/java/okio.jar"
	for _, s := range []struct {
		name, program string
		args          []string
	}{
		{"conversation.sh", "sh", nil},
		{"conversation.py", "/usr/bin/python3", nil},
		{"conversation.rb", "ruby", nil},
		{"conversation.php", "php", nil},
		{"conversation.js", "node", nil},
		{"Conversation.java", "java", []string{"-cp", java}},
	} {
		t.Run(s.name, func(t *testing.T) {
			program, err := exec.LookPath(s.program)
			if err == nil && s.program == "java" {
				if found, _ := filepath.Glob("/usr/share/java/okhttp.jar"); len(found) == 0 {
					err = exec.ErrNotFound
				}
			}
			if err != nil {
				t.Skipf("%s, or what the sample uses of it, is not installed; scripts/setup-test.sh installs it", s.program)
			}
			cmd := exec.Command(program, append(s.args, "../samples/routee/"+s.name)...)
			cmd.Env = append(r.env, "ROUTEE_URL=http://"+r.http+"/routee", "ROUTEE_TOKEN="+r.token)
			out, err := cmd.CombinedOutput()
			var v map[string]any
			if err == nil {
				err = json.Unmarshal(out, &v)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			id := text(t, v, "trackingId")
			c := r.answered(t)
			press(t, c, "1234#")
			if !eventually(10*time.Second, func() bool {
				a := r.request(http.MethodGet, "/routee/voice/tracking/conversation/"+id, r.token, nil)
				line, _ := json.Marshal(a)
				return strings.Contains(string(line), `"collectedTones":"1,2,3,4"`)
			}) {
				t.Error("the keys are not in tracking")
			}
			hangUp(c)
		})
	}
}

// A number asks its dialplanUrl before it answers; without a valid plan the caller
// is rejected.
func TestRouteeInbound(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	for number, path := range map[string]string{"+302100000001": "/pin", "+302100000002": "/nothing"} {
		a := r.post(t, "/numbers/my", fmt.Sprintf(`{"msisdn":"%s","voiceInboundStrategy":{"dialplanUrl":"%s%s"},"inboundVoiceCallbackUrl":"%s/in"}`, number, r.web.URL, path, r.web.URL))
		text(t, a, "trackingId")
	}
	p := newPhone(t, phone.Options{})
	c := dial(t, p, r.server, "+302100000001")
	speaks(t, c, 0)
	r.hearsOf(t, "/pin", `"to":"+302100000001"`)
	press(t, c, "55")
	hangUp(c)
	r.hearsOf(t, "/in", `"name":"Completed"`)
	if !strings.Contains(r.toldOf("/in"), `"name":"InProgress"`) || !strings.Contains(r.toldOf("/in"), `"direction":"Inbound"`) {
		t.Errorf("inbound callbacks: %s", r.toldOf("/in"))
	}
	ctx := t.Context()
	if _, err := p.Dial(ctx, "sip:+302100000002@"+r.sip, phone.CallOptions{}); err == nil || !strings.Contains(err.Error(), "480") {
		t.Errorf("without a plan: %v", err)
	}
}
