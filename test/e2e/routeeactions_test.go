package e2e_test

import (
	"bytes"
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

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// called begins a conversation whose plan is verbs and gives its id, and the call
// at the carrier, which is answered.
func (r *routeeAccount) called(t *testing.T, verbs, more string) (id string, c *phone.Call) {
	t.Helper()
	id = r.conversation(t, `"dialPlan":{"verbs":[`+verbs+`]}`+more)
	c = rings(t, r.carrier, 20*time.Second)
	t.Cleanup(func() { hangUp(c) })
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	return id, c
}

// conversation begins one and gives its id.
func (r *routeeAccount) conversation(t *testing.T, more string) string {
	t.Helper()
	return text(t, r.post(t, "/voice/conversation", `{"from":"Company Name","to":{"phone":"+30691111111"},`+more+`}`), "trackingId")
}

// legs waits until tracking shows so many legs of a conversation, the first of which is over.
func (r *routeeAccount) legs(t *testing.T, id string, n int) []map[string]any {
	t.Helper()
	var all []map[string]any
	if !eventually(20*time.Second, func() bool {
		all = r.legsNow(t, "/voice/tracking/conversation/"+id)
		return len(all) == n && slices.Contains([]any{"Completed", "Busy", "NoAnswer", "Failed"}, legState(all[0]))
	}) {
		t.Fatalf("tracking shows %v", all)
	}
	return all
}

// legsNow reads a page of tracking.
func (r *routeeAccount) legsNow(t *testing.T, path string) (all []map[string]any) {
	t.Helper()
	page := r.request(http.MethodGet, "/routee"+path, r.token, nil)
	list, _ := page["content"].([]any)
	for _, v := range list {
		leg, _ := v.(map[string]any)
		all = append(all, leg)
	}
	return all
}

func legState(leg map[string]any) any {
	state, _ := leg["status"].(map[string]any)
	return state["status"]
}

// act makes an action that must be taken, and gives the messageId of its answer.
func (r *routeeAccount) act(t *testing.T, method, path, body string) string {
	t.Helper()
	var value any
	if body != "" {
		value = jsonText(body)
	}
	a := r.request(method, "/routee/voice/conversation/"+path, r.token, value)
	if a["message"] == nil || a["createdAt"] == nil {
		t.Fatalf("%s %s: %v", method, path, a)
	}
	return text(t, a, "messageId")
}

// jsonText is JSON as it is written.
type jsonText string

func (j jsonText) MarshalJSON() ([]byte, error) { return []byte(j), nil }

// recording waits for the only recording of a conversation and gives it.
func (r *routeeAccount) recording(t *testing.T, id string) map[string]any {
	t.Helper()
	var v map[string]any
	if !eventually(20*time.Second, func() bool {
		v = r.request(http.MethodGet, "/routee/voice/conversation/"+id, r.token, nil)
		list, _ := v["recordings"].([]any)
		return len(list) == 1
	}) {
		t.Fatalf("the recording: %v", v)
	}
	item, _ := v["recordings"].([]any)[0].(map[string]any)
	for _, field := range []string{"trackingId", "start", "end", "from", "to", "url", "voiceTrackingIds", "conversationTrackingId", "duration"} {
		if item[field] == nil {
			t.Errorf("the recording has no %s: %v", field, item)
		}
	}
	return item
}

// download gets a recording by its link as another path of this server.
func (r *routeeAccount) download(t *testing.T, link, token string) (status int, kind string, data []byte) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, "http://"+r.http+u.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), data
}

// unpacked gives MP3 as a WAV file.
func unpacked(t *testing.T, mp3 []byte) []byte {
	t.Helper()
	lame, err := exec.LookPath("lame")
	if err != nil {
		t.Fatal("lame is not installed; scripts/setup-test.sh installs it")
	}
	in, out := filepath.Join(t.TempDir(), "r.mp3"), filepath.Join(t.TempDir(), "r.wav")
	if err := os.WriteFile(in, mp3, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), lame, "--silent", "--mp3input", "--decode", in, out).CombinedOutput(); err != nil {
		t.Fatalf("lame: %v %s", err, said)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// mono reads a WAV file, both channels as one.
func mono(t *testing.T, file []byte) []int16 {
	t.Helper()
	s, err := phone.ReadWAV(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// halfTone is a tone as loud as a fetched sound becomes.
func halfTone(hz float64, d time.Duration) []int16 {
	s := tone(hz, d)
	for i := range s {
		s[i] /= 2
	}
	return s
}

// sounding says for how long a sound holds a tone.
func sounding(s []int16, hz float64) (sum time.Duration) {
	const step = phone.Rate / 10
	for i := 0; i+step <= len(s); i += step {
		if audiomatch.Tone(s[i:i+step], hz) > 0.3 && !quiet(s[i:i+step]) {
			sum += 100 * time.Millisecond
		}
	}
	return sum
}

// TestRouteeActions does to a call that is up all that can be done, and hears it.
func TestRouteeActions(t *testing.T) {
	t.Parallel()
	r := newRoutee(t)
	long, over := r.sounds(t, "long", tone(900, 50*time.Second)), r.sounds(t, "over", tone(1400, 50*time.Second))
	plan := fmt.Sprintf(`{"type":"PLAY","fileURL":"%s","repeat":3}`, long)

	t.Run("sound, keys, transfer", func(t *testing.T) {
		id, c := r.called(t, plan, "")
		hearsOnly(t, c, 900)
		message := r.act(t, "POST", id+"/file", `{"fileURL":"`+over+`","multiplex":"true"}`)
		hearsOnly(t, c, 900, 1400)
		r.act(t, "DELETE", message+"/file", "")
		hearsOnly(t, c, 900)
		r.act(t, "POST", message+"/file", `{"fileURL":"`+over+`"}`)
		hearsOnly(t, c, 1400)
		r.act(t, "DELETE", id+"/file", "")
		hearsOnly(t, c, 900)
		r.act(t, "POST", id+"/talk", `{"text":"These words stand in for whatever else could be heard on the line, and there are many of them.","language":"en-US"}`)
		if !eventually(20*time.Second, func() bool {
			h := c.Heard()
			h = h[max(0, len(h)-phone.Rate):]
			return !quiet(h) && audiomatch.Tone(h, 900) < 0.1
		}) {
			t.Errorf("no words are heard\n%s", timeline(c))
		}
		r.act(t, "DELETE", id+"/talk", "")
		hearsOnly(t, c, 900)
		r.act(t, "POST", id+"/dtmf", `{"dtmf":"1w2,#WA"}`)
		if !eventually(15*time.Second, func() bool { return c.KeysHeard() == "12#A" }) {
			t.Errorf("the telephone was sent the keys %q", c.KeysHeard())
		}
		if a := r.act(t, "POST", id+"/transfer", fmt.Sprintf(`{"from":"+30211111111","to":{"phone":"+306988222222"},"hangupDelay":40,"maxDuration":600,
			"callback":{"url":"%s/transfer","strategy":"OnChange"}}`, r.web.URL)); a != message {
			t.Errorf("the transfer is of message %s, not %s", a, message)
		}
		far := rings(t, r.carrier, 20*time.Second)
		t.Cleanup(func() { hangUp(far) })
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.hearsOf(t, "/transfer", `"name":"InProgress"`)
		go c.Play(t.Context(), halfTone(500, time.Minute))
		hearsOnly(t, far, 500)
		r.act(t, "POST", id+"/file", `{"fileURL":"`+over+`","multiplex":true}`)
		hearsOnly(t, c, 1400)
		hearsOnly(t, far, 500)
		second := text(t, r.legsNow(t, "/voice/tracking/conversation/"+id)[1], "messageId")
		r.act(t, "POST", second+"/file", `{"fileURL":"`+over+`","multiplex":true}`)
		hearsOnly(t, far, 500, 1400)
		if got := r.act(t, "POST", second+"/dtmf", `{"dtmf":"77"}`); got != second {
			t.Errorf("keys for %s were sent to %s", second, got)
		}
		if !eventually(15*time.Second, func() bool { return far.KeysHeard() == "77" }) {
			t.Errorf("the second telephone was sent the keys %q", far.KeysHeard())
		}
		r.act(t, "PUT", second, `{"action":"hangup"}`)
		ends(t, far, 10*time.Second)
		ends(t, c, 20*time.Second) // a transfer has nothing after it
		legs := r.legs(t, id, 2)
		if legState(legs[0]) != "Completed" || legState(legs[1]) != "Completed" || legs[1]["to"] != "+306988222222" || legs[1]["from"] != "+30211111111" {
			t.Errorf("tracking: %v", legs)
		}
		for _, state := range []string{"Initiated", "Completed"} {
			r.hearsOf(t, "/transfer", `"name":"`+state+`"`)
		}
		r.audited(r.id, `  routee +127\.0\.0\.1 +transferred call`, `  routee +127\.0\.0\.1 +hung up call`)
	})
	t.Run("a recording, as WAV and as MP3", func(t *testing.T) {
		id, c := r.called(t, plan, "")
		go c.Play(t.Context(), halfTone(500, time.Minute))
		hearsOnly(t, c, 900)
		r.act(t, "POST", id+"/record", `{"format":"WAV","duration":600}`)
		if a := r.post(t, "/voice/conversation/"+id+"/record", `{}`); a["code"] != "400013004" {
			t.Errorf("a second recording: %v", a)
		}
		hearsMore(t, c, 4*time.Second)
		r.act(t, "DELETE", id+"/record", "")
		hearsMore(t, c, 2*time.Second)
		r.act(t, "PUT", id, `{"action":"hangup"}`)
		ends(t, c, 10*time.Second)
		link := text(t, r.recording(t, id), "url")
		link, asked := strings.CutSuffix(link, ".wav")
		if !asked {
			t.Errorf("the link %s is of no WAV file", link)
		}
		for _, format := range []string{".wav", ".mp3"} {
			status, kind, data := r.download(t, link+format, r.token)
			if format == ".mp3" && kind == "audio/mpeg" {
				data = unpacked(t, data)
			}
			if status != http.StatusOK || !strings.HasPrefix(kind, "audio/") {
				t.Fatalf("%s: %d %s of %d bytes", format, status, kind, len(data))
			}
			s := mono(t, data)
			whole := time.Duration(len(s)) * time.Second / phone.Rate
			if said, heard := sounding(s, 500), sounding(s, 900); said < 3*time.Second || heard < 3*time.Second || sounding(s, 1400) > 0 || whole > 25*time.Second {
				t.Errorf("%s: %v of sound hold the callee for %v and the plan for %v", format, whole, said, heard)
			}
		}
		other := newRouteeToken(t, r.server)
		if status, _, data := r.download(t, link+".wav", other); status != http.StatusNotFound || !strings.Contains(string(data), "404013000") {
			t.Errorf("another account gets %d %.100s", status, data)
		}
		if a := r.post(t, "/voice/conversation/"+id+"/dtmf", `{"dtmf":"1"}`); a["code"] != "404013000" {
			t.Errorf("keys for a call that is over: %v", a)
		}
	})
	t.Run("a recording ends at its duration", func(t *testing.T) {
		id, c := r.called(t, plan, "")
		hearsOnly(t, c, 900)
		r.act(t, "POST", id+"/record", `{"duration":"2"}`)
		item := r.recording(t, id) // while the call goes on
		if s, _ := item["duration"].(float64); s < 2 || s > 4 {
			t.Errorf("the recording: %v", item)
		}
		hangUp(c)
	})
	t.Run("reject before the answer", func(t *testing.T) {
		id := r.conversation(t, fmt.Sprintf(`"dialPlan":{"verbs":[%s]},"callback":{"url":"%s/rejected"}`, plan, r.web.URL))
		c := rings(t, r.carrier, 20*time.Second)
		if err := c.Ring(false); err != nil {
			t.Fatal(err)
		}
		if a := r.request(http.MethodPut, "/routee/voice/conversation/"+id, r.token, map[string]any{"action": "hangup"}); a["code"] != "400013004" {
			t.Errorf("hangup before the answer: %v", a)
		}
		r.act(t, "PUT", id, `{"action":"reject"}`)
		ends(t, c, 10*time.Second)
		r.hearsOf(t, "/rejected", `"name":"NoAnswer"`)
		if legs := r.legs(t, id, 1); legState(legs[0]) != "NoAnswer" {
			t.Errorf("tracking: %v", legs)
		}
		if a := r.request(http.MethodPut, "/routee/voice/conversation/"+id, r.token, map[string]any{"action": "reject"}); a["code"] != "404013000" {
			t.Errorf("reject of a call that is over: %v", a)
		}
	})
}
