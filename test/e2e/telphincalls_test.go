package e2e_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// upload stores a sound over the vendor's API and gives its id.
func (r *ringme) upload(file string) int {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.sounds, file))
	if err != nil {
		r.t.Fatal(err)
	}
	var body strings.Builder
	w := multipart.NewWriter(&body)
	w.WriteField("title", file)
	part, _ := w.CreateFormFile("file", file)
	part.Write(data)
	w.Close()
	req, _ := http.NewRequest(http.MethodPost, "http://"+r.http+"/telphin/api/ver1.0/client/@me/sound/", strings.NewReader(body.String()))
	req.Header.Set("Authorization", "Bearer "+r.token)
	req.Header.Set("Content-Type", w.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	var id int
	if _, err := fmt.Sscanf(string(raw[strings.Index(string(raw), `"id":`):]), `"id":%d`, &id); err != nil || res.StatusCode != http.StatusCreated {
		r.t.Fatalf("upload: %d %s", res.StatusCode, raw)
	}
	return id
}

// ivr makes a menu of one context, whose id is 1, with the rules of each option.
func (r *ringme) ivr(number string, config map[string]any, options map[string][]map[string]any) {
	r.t.Helper()
	at := "/extension/@" + number + "/ivr/"
	r.api("POST", "/client/@me/extension/", map[string]any{"name": number, "type": "ivr", "status": "active"}, nil)
	r.api("POST", at+"context/", map[string]any{"name": "Main", "timeout": 1000, "digit_len": 1}, nil)
	config["entry_context"] = 1
	r.api("PUT", at, config, nil)
	for digits, rules := range options {
		if !slices.Contains([]string{"start", "timeout", "invalid"}, digits) {
			r.api("POST", at+"context/1/options/", map[string]any{"digits": digits}, nil)
		}
		for _, rule := range rules {
			r.api("POST", at+"context/1/options/"+digits+"/rules/", rule, nil)
		}
	}
}

// application answers Call Interactive, and notes what it was asked.
type application struct {
	mu    sync.Mutex
	asked []url.Values
	reply string
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.Form)
	if r.URL.Path == "/broken" {
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	}
	io.WriteString(w, a.reply)
}

// TestTelphinCallInteractive has an application steer a call: it plays a sound,
// sets a variable and jumps; a rule plays the sound of the variable; and where
// the application fails, the next rule runs.
func TestTelphinCallInteractive(t *testing.T) {
	t.Parallel()
	r := newRingme(t)
	r.upload("hello.wav")
	advert := r.upload("advertising.wav")
	app := &application{reply: fmt.Sprintf(`<?xml version="1.0"?><Response><PlaySound where="foreground">hello.wav</PlaySound>`+
		`<SetVar name="offer">%d</SetVar><SetVar name="file">hello.wav</SetVar><Jump context="1" option="7"/></Response>`, advert)}
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	r.ivr("075", map[string]any{}, map[string][]map[string]any{
		"start": {
			{"action": "set_variable", "set_variable_name": "who", "set_variable_value": "a b"},
			{"action": "call_interactive", "call_interactive_url": server.URL + "/ask?name=$who", "call_interactive_method": "POST"},
		},
		"7": {
			{"action": "play_sound_from_variable", "play_sound_from_variable": "offer", "sound_type": "foreground"},
			{"action": "call_interactive", "call_interactive_url": server.URL + "/broken", "call_interactive_method": "GET"},
			{"action": "play_sound_from_variable", "play_sound_from_variable": "file", "sound_type": "foreground"},
			{"action": "hangup"},
		},
	})
	c := dial(t, r.line("060"), r.server, "075")
	at := hears(t, c, "the application's sound", r.hello, 0, 15*time.Second)
	at = hears(t, c, "the variable's sound, by its id", r.advert, at-time.Second, 10*time.Second)
	hears(t, c, "the variable's sound, by its file name", r.hello, at-time.Second, 10*time.Second)
	ends(t, c, 5*time.Second)
	app.mu.Lock()
	defer app.mu.Unlock()
	if len(app.asked) != 2 {
		t.Fatalf("the application was asked %d times", len(app.asked))
	}
	for name, want := range map[string]string{"EventType": "call_interactive", "CallStatus": "ANSWER", "CallFlow": "IN",
		"CallerIDNum": "060", "CalledNumber": "075", "CalledExtension": "000*075", "CallerExtension": "000*060", "name": "a b"} {
		if got := app.asked[0].Get(name); got != want {
			t.Errorf("%s is %q, not %q: %v", name, got, want, app.asked[0])
		}
	}
	if app.asked[0].Get("CallID") == "" || app.asked[0].Get("CallID") != app.asked[1].Get("CallID") {
		t.Errorf("call ids %q, %q", app.asked[0].Get("CallID"), app.asked[1].Get("CallID"))
	}
	if last := r.lastCall(); !strings.Contains(last, "500") {
		t.Errorf("the timeline does not say that the application failed:\n%s", last)
	}
}

// TestTelphinQueueVoicemailCallback has a queue ring its agents in turn, an IVR
// take a message when nobody can be reached, and two parties joined by order.
func TestTelphinQueueVoicemailCallback(t *testing.T) {
	t.Parallel()
	post := openPost(t, "127.0.0.1:0")
	host, port, _ := net.SplitHostPort(post.addr)
	r := newRingme(t, "TANDEM_SMTP_HOST="+host, "TANDEM_SMTP_PORT="+port, "TANDEM_SMTP_TLS=none", "TANDEM_SMTP_FROM=tandem@example.com")
	caller := r.line("060")

	t.Run("agents of a queue ring in turn", func(t *testing.T) {
		r.api("POST", "/client/@me/extension/", map[string]any{"name": "080", "type": "queue", "status": "active"}, nil)
		r.api("PUT", "/extension/@080/queue/", map[string]any{"agents": []string{"050", "002"}, "agent_ring_time": 3, "announce_position": false}, nil)
		c := dial(t, caller, r.server, "080")
		first := rings(t, r.night, 10*time.Second)
		second := rings(t, r.other, 10*time.Second)
		if !eventually(3*time.Second, func() bool { return phoneGone(first) }) {
			t.Error("the first agent still rings while the second does")
		}
		if n := len(c.Heard()); n < phone.Rate || quiet(c.Heard()[:n]) {
			t.Error("the caller hears no music")
		}
		if err := second.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, second)
		hangUp(second)
		ends(t, c, 5*time.Second)
	})
	t.Run("voicemail without attachment", func(t *testing.T) {
		r.ivr("076", map[string]any{"vm_enabled": true, "vm_attach_file": false, "vm_mailto": "box@example.com"},
			map[string][]map[string]any{"start": {{"action": "transfer", "transfer_dst": "099"}}})
		c := dial(t, caller, r.server, "076")
		hears(t, c, "beep", tone(1000, 200*time.Millisecond), 0, 20*time.Second)
		if err := c.Play(t.Context(), tone(600, 2*time.Second)); err != nil {
			t.Fatal(err)
		}
		press(t, c, "#")
		ends(t, c, 10*time.Second)
		m, files := post.first(t, 20*time.Second)
		if to := m.Header.Get("To"); !strings.Contains(to, "box@example.com") || len(files) > 0 {
			t.Errorf("a mail to %q with the files %v", to, files)
		}
	})
	t.Run("callback", func(t *testing.T) {
		r.api("POST", "/extension/@050/callback/", map[string]any{"src_num": []string{"050"}, "dst_num": "002"}, nil)
		first := rings(t, r.night, 10*time.Second)
		if err := first.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := rings(t, r.other, 10*time.Second)
		if err := second.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, first, second)
	})
}

// phoneGone says whether a call that rang is over.
func phoneGone(c *phone.Call) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// first waits for the first mail and gives it with the names of its files.
func (o *postOffice) first(t *testing.T, within time.Duration) (*mail.Message, []string) {
	t.Helper()
	m, _ := o.arrived(t, within)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(m.Body, params["boundary"])
		for p, err := parts.NextPart(); err == nil; p, err = parts.NextPart() {
			if p.FileName() != "" {
				files = append(files, p.FileName())
			}
		}
	}
	return m, files
}
