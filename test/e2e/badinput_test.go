package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// state is everything the API shows of an account, without what changes by itself.
func (a *account) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	get := func(path string) any {
		v := a.api(http.MethodGet, path, nil)
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", path, raw)
		return v
	}
	base := "/account/" + a.id
	get(base)
	apps, _ := get(base + "/voiceapp").([]any)
	for _, v := range apps {
		get(base + "/voiceapp/" + text(t, v.(map[string]any), "app_id") + "/prompt?fields=record_id,file_name,file_details,audio_length,size,create_date,name")
	}
	get(base + "/phonenumbersubscription")
	users, _ := get(base + "/user").([]any)
	for _, v := range users {
		get(base + "/user/" + text(t, v.(map[string]any), "user_id") + "/call")
	}
	get("/call-recording?account_id=" + a.id)
	return b.String()
}

// badRequest is a request that must fail.
type badRequest struct {
	name, method, path, body string
	detail                   string // what the words must name
	status                   int    // HTTP status, 200 when 0
}

func (a *account) badRequests(menu, prompt, user string) []badRequest {
	apps := "/account/" + a.id + "/voiceapp"
	app := apps + "/" + menu
	num := "/account/" + a.id + "/phonenumbersubscription"
	people := "/account/" + a.id + "/user"
	const back = "/make-calls/call/call-back"
	return []badRequest{
		{"no JSON", "POST", apps, `{"app_type":`, "JSON", 0},
		{"JSON that goes on", "POST", apps, `{} {}`, "goes on", 0},
		{"a list", "POST", apps, `[]`, "object", 0},
		{"not UTF-8", "POST", apps, "{\"name\":\"\xff\xfe\"}", "UTF-8", 0},
		{"deep nesting", "POST", apps, `{"menu":` + strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 51), "nested", 0},
		{"a field twice", "POST", apps, `{"app_type":"ivr","name":"a","name":"b"}`, "name", 0},
		{"2 MB of JSON", "POST", apps, `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, "larger", 0},
		{"no name", "POST", apps, `{"app_type":"ivr"}`, "name", 0},
		{"an empty name", "POST", apps, `{"app_type":"ivr","name":"  "}`, "name", 0},
		{"a name of 1000 letters", "POST", apps, `{"app_type":"ivr","name":"` + strings.Repeat("x", 1000) + `"}`, "name", 0},
		{"a name that is an object", "POST", apps, `{"app_type":"ivr","name":{}}`, "name", 0},
		{"no app_type", "POST", apps, `{"name":"x"}`, "app_type", 0},
		{"an unknown app_type", "POST", apps, `{"app_type":"fax","name":"x"}`, "app_type", 0},
		{"an unknown field", "POST", apps, `{"app_type":"ivr","name":"x","colour":"red"}`, "colour", 0},
		{"a flag that is none", "POST", apps, `{"app_type":"ivr","name":"x","play_menu":"perhaps"}`, "play_menu", 0},
		{"an unknown voice", "POST", apps, `{"app_type":"ivr","name":"x","voice":"klingon"}`, "voice", 0},
		{"a menu that is text", "PUT", app, `{"menu":"x"}`, "menu", 0},
		{"an unknown key", "PUT", app, `{"menu":{"digit_10":{"action":"disconnect"}}}`, "digit_10", 0},
		{"an unknown action", "PUT", app, `{"menu":{"digit_1":{"action":"dance","to":"app","id":"x"}}}`, "digit_1", 0},
		{"a user that is not there", "PUT", app, `{"menu":{"digit_1":{"action":"call","to":"user","id":"999999"}}}`, "digit_1", 0},
		{"an app that is not there", "PUT", app, `{"menu":{"digit_1":{"action":"connect","to":"app","id":"VAnone"}}}`, "digit_1", 0},
		{"a prompt that is not there", "PUT", app, `{"menu":{"digit_1":{"action":"play","to":"prompt","id":"PRnone"}}}`, "digit_1", 0},
		{"a number that is none", "PUT", app, `{"menu":{"digit_1":{"action":"call","to":"phnum","id":"call me"}}}`, "digit_1", 0},
		{"half a change is no change", "PUT", app, `{"name":"new","menu":{"digit_1":{"action":"disconnect"},"digit_2":{"action":"call","to":"user","id":"0"}}}`, "digit_2", 0},
		{"final_action of a menu", "PUT", app, `{"final_action":{"action":"disconnect"}}`, "final_action", 0},
		{"a change of app_type", "PUT", app, `{"app_type":"mailbox"}`, "app_type", 0},
		{"an app that is gone", "GET", apps + "/VAnone", ``, "VAnone", 0},
		{"deleting what is not there", "DELETE", apps + "/VAnone", ``, "VAnone", 0},
		{"another account", "GET", "/account/1/voiceapp", ``, "account", 0},
		{"an account that is no number", "GET", "/account/abc/voiceapp", ``, "numeric", 0},
		{"a prompt without name", "POST", app + "/prompt", `{}`, "name", 0},
		{"a prompt of no app", "POST", apps + "/VAnone/prompt", `{"name":"x"}`, "VAnone", 0},
		{"a prompt that is gone", "GET", "/prompt/PRnone", ``, "PRnone", 0},
		{"no text", "POST", "/tts/prompt/convert", `{"prompt_id":"` + prompt + `"}`, "text", 0},
		{"text that has no words", "POST", "/tts/prompt/convert", `{"prompt_id":"` + prompt + `","text":"\u0001 \u200b …"}`, "text", 0},
		{"too long a text", "POST", "/tts/prompt/convert", `{"prompt_id":"` + prompt + `","text":"` + strings.Repeat("word ", 300) + `"}`, "text", 0},
		{"speech in no language", "POST", "/tts/prompt/convert", `{"prompt_id":"` + prompt + `","text":"hello","language":"xx-YY"}`, "language", 0},
		{"speech of no voice", "POST", "/tts/prompt/convert", `{"prompt_id":"` + prompt + `","text":"hello","voice":"nobody"}`, "voice", 0},
		{"speech for no prompt", "POST", "/tts/prompt/convert", `{"prompt_id":"PRnone","text":"hello"}`, "PRnone", 0},
		{"a number that is no number", "POST", num, `{"phnum":"hello"}`, "phnum", 0},
		{"a number to what is not there", "POST", num, `{"phnum":"+46850009999","connect_to_type":"user","connect_to":"0"}`, "connect_to", 0},
		{"a number to an unknown kind", "POST", num, `{"phnum":"+46850009999","connect_to_type":"moon","connect_to":"0"}`, "connect_to_type", 0},
		{"a user without name and address", "POST", people, `{}`, "", http.StatusBadRequest},
		{"call settings that are none", "PUT", people + "/" + user + "/call", `{"incoming":{"first_action":{"action":"explode"}}}`, "first_action", 0},
		{"call-back to nobody", "POST", back, `{"call1":"+46850000001"}`, "call2", 0},
		{"call-back with a bad number", "POST", back, `{"call1":"hello","call2":"+46850000001"}`, "call1", 0},
		{"call-back as somebody else", "POST", back, `{"call1":"+46850000001","call2":"+46850000002","show_1":"+46700000000"}`, "show_1", 0},
		{"a recording that is not there", "GET", "/call-recording/REnone", ``, "recording", 0},
		{"an unknown path", "GET", "/nowhere", ``, "path", http.StatusNotFound},
		{"a wrong method", "PATCH", apps, `{}`, "PATCH", http.StatusMethodNotAllowed},
	}
}

// failed checks the vendor's form of an error.
func failed(t *testing.T, v map[string]any, detail string) {
	t.Helper()
	res, _ := v["response"].(map[string]any)
	code, _ := res["code"].(string)
	words, _ := res["detail"].(string)
	if v["status"] != "failed" || len(code) != 8 || words == "" {
		t.Errorf("not the vendor's form of an error: %v", v)
	}
	if !strings.Contains(strings.ToLower(words), strings.ToLower(detail)) {
		t.Errorf("the words %q do not name %q", words, detail)
	}
	if len(words) > 500 {
		t.Errorf("the error has %d letters: %.200s", len(words), words)
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes"})
	o.account.number(o.number, menu)
	prompt := o.customPrompt(t, menu, "Promo", melody(600, 800))
	other := newAccount(t, o.server)
	before := o.state(t)
	unchanged := func(t *testing.T) {
		t.Helper()
		if after := o.state(t); after != before {
			t.Errorf("something was saved:\n%s\nbefore:\n%s", after, before)
			before = after
		}
	}
	t.Run("requests", func(t *testing.T) {
		for _, r := range o.badRequests(menu, prompt, o.user) {
			t.Run(r.name, func(t *testing.T) {
				status, v := o.raw(t, r.method, r.path, o.token, "application/json", strings.NewReader(r.body))
				if want := max(r.status, http.StatusOK); status != want {
					t.Errorf("HTTP %d, not %d: %v", status, want, v)
				}
				failed(t, v, r.detail)
				unchanged(t)
			})
		}
	})
	t.Run("tokens", func(t *testing.T) {
		cut := o.token[:strings.LastIndex(o.token, ".")+1]
		for name, token := range map[string]string{
			"none": "", "nonsense": "nonsense", "not signed": cut, "signed by somebody else": cut + strings.Repeat("A", len(o.token)-len(cut)),
			"expired": expired,
		} {
			status, v := o.raw(t, http.MethodGet, "/account/"+o.id+"/voiceapp", token, "application/json", nil)
			if status != http.StatusUnauthorized {
				t.Errorf("%s: HTTP %d", name, status)
			}
			failed(t, v, "token")
		}
		status, v := other.raw(t, http.MethodGet, "/account/"+o.id+"/voiceapp/"+menu, other.token, "application/json", nil)
		if status != http.StatusOK && status != http.StatusUnauthorized {
			t.Errorf("the token of another account: HTTP %d", status)
		}
		failed(t, v, "account")
		_, v = other.raw(t, http.MethodGet, "/prompt/"+prompt, other.token, "application/json", nil)
		failed(t, v, prompt)
		for _, form := range []url.Values{
			{}, {"grant_type": {"dance"}}, {"grant_type": {"password"}}, {"grant_type": {"refresh_token"}, "refresh_token": {"x"}},
			{"grant_type": {"password"}, "username": {"nobody@example.com"}, "password": {"x"}},
		} {
			status, v := o.raw(t, http.MethodPost, "/SonetelAuth/beta/oauth/token", "", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
			if status != http.StatusBadRequest && status != http.StatusUnauthorized || v["error"] == nil || v["error_description"] == nil {
				t.Errorf("%v: %d %v", form, status, v)
			}
		}
	})
	t.Run("sounds that are not what they say", func(t *testing.T) {
		good := melody(600, 800)
		for name, body := range badSounds(t, wav(t, good)) {
			t.Run(name, func(t *testing.T) {
				v := o.upload(t, prompt, name, body)
				failed(t, v, "file")
				unchanged(t)
			})
		}
		status, v := o.raw(t, http.MethodPost, "/prompt/"+prompt+"/message", o.token, "multipart/form-data", strings.NewReader("x"))
		if status != http.StatusOK {
			t.Errorf("HTTP %d", status)
		}
		failed(t, v, "file")
		status, v = o.raw(t, http.MethodPost, "/prompt/"+prompt+"/message", o.token, "multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF"))
		if status != http.StatusOK {
			t.Errorf("HTTP %d", status)
		}
		failed(t, v, "file")
		unchanged(t)
	})
	t.Run("an upload that breaks off", func(t *testing.T) {
		breakOff(t, o, prompt, wav(t, melody(900, 500, 700)))
		unchanged(t)
	})
	t.Run("the server still answers a call", func(t *testing.T) {
		o.assign(menu, "digit_1", map[string]any{"action": "play", "to": "prompt", "id": prompt})
		c := o.call(t)
		press(t, c, "1")
		hears(t, c, "the prompt", melody(600, 800), 0, 8*time.Second)
	})
}

// expired is a token in the vendor's form whose time is over.
const expired = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhY2NfaWQiOiIxIiwiZXhwIjoxNjAwMDAwMDAwfQ.AAAA"

// badSounds makes files that are refused, with sox where it takes a codec.
func badSounds(t *testing.T, good []byte) map[string][]byte {
	t.Helper()
	bad := map[string][]byte{
		"text.wav": []byte("this is no sound at all"), "empty.wav": {}, "header.wav": good[:44:44], "cut.wav": good[:30],
		"lying.wav":   append(bytes.Replace(bytes.Clone(good[:44]), []byte("data"), []byte("fake"), 1), good[44:]...),
		"20 MB.wav":   longWAV(t, 20<<20),
		"zeros.wav":   make([]byte, 4096),
		"riff.wav":    append([]byte("RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"), make([]byte, 64)...),
		"channel.wav": append(append(bytes.Clone(good[:22]), 0, 0), good[24:]...),
		"rate.wav":    append(append(bytes.Clone(good[:24]), 0, 0, 0, 0), good[28:]...),
	}
	if _, err := exec.LookPath("sox"); err != nil {
		t.Log("sox is not installed: A-law, 24 bits and MP3 are left out; scripts/setup-test.sh installs it")
		return bad
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in.wav")
	if err := os.WriteFile(in, good, 0o600); err != nil {
		t.Fatal(err)
	}
	make := func(name string, args ...string) {
		out := filepath.Join(dir, name)
		if text, err := exec.Command("sox", append(append([]string{in}, args...), out)...).CombinedOutput(); err != nil {
			t.Logf("sox makes no %s: %s", name, text)
			return
		}
		body, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		bad[strings.ReplaceAll(name, ".aiff", ".wav")] = body
	}
	make("alaw.wav", "-e", "a-law", "-b", "8")
	make("24bit.wav", "-b", "24")
	make("float.wav", "-e", "floating-point", "-b", "32")
	make("8bit.wav", "-e", "unsigned-integer", "-b", "8")
	make("gsm.wav", "-e", "gsm-full-rate")
	make("aiff.aiff")
	mp3 := filepath.Join(dir, "in.mp3")
	if exec.Command("lame", "--quiet", in, mp3).Run() == nil {
		body, err := os.ReadFile(mp3)
		if err != nil {
			t.Fatal(err)
		}
		bad["mp3.wav"] = body
	}
	return bad
}

// longWAV is a good WAV file of a size.
func longWAV(t *testing.T, size int) []byte {
	t.Helper()
	return wav(t, make([]int16, size/2))
}

// breakOff begins an upload and closes the connection in its middle.
func breakOff(t *testing.T, o *office, prompt string, body []byte) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormFile("file", "a.wav")
	part.Write(body)
	w.Close()
	c, err := net.Dial("tcp", o.http)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /sonetel/prompt/%s/message HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		prompt, o.token, w.FormDataContentType(), form.Len())
	c.Write(form.Bytes()[:form.Len()/2])
	c.(*net.TCPConn).CloseWrite()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	io.Copy(io.Discard, c)
	c.Close()
}

// torture finds the messages of RFC 4475, which come with sipgo.
func torture(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/emiago/sipgo").Output()
	if err != nil {
		t.Skipf("the messages of RFC 4475 are looked for in sipgo's module, and go list failed: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "sip", "testdata", "torture", "*", "*.dat"))
	if err != nil || len(files) == 0 {
		t.Skip("sipgo's module holds no messages of RFC 4475")
	}
	all := map[string][]byte{}
	for _, f := range files {
		if all[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestTortureOfTheServer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := o.app(map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": "no", "play_menu": "yes"})
	o.account.number(o.number, menu)
	pid := o.cmd.Process.Pid
	for name, message := range torture(t) {
		for _, network := range []string{"udp", "tcp"} {
			c, err := net.Dial(network, o.sip)
			if err != nil {
				t.Fatalf("%s over %s: %v", name, network, err)
			}
			if _, err := c.Write(message); err != nil {
				t.Logf("%s over %s: %v", name, network, err)
			}
			c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
			answer := make([]byte, 8192)
			if n, err := c.Read(answer); err == nil && !bytes.HasPrefix(answer[:n], []byte("SIP/2.0 ")) {
				t.Errorf("%s over %s: the answer is no response: %.80q", name, network, answer[:n])
			}
			c.Close()
		}
	}
	for _, transport := range []string{"udp", "tcp"} {
		c := dial(t, newPhone(t, phone.Options{Transport: transport}), o.server, o.number)
		hears(t, c, "Main Menu", o.sound(menu, "Main Menu"), 0, 5*time.Second)
		hangUp(c)
	}
	if o.cmd.Process.Pid != pid || strings.Contains(o.log.String(), "panic") {
		t.Errorf("the server did not stay up:\n%s", o.log)
	}
	// What a message began ends, and leaves a record with its end.
	if !eventually(20*time.Second, func() bool {
		for _, c := range o.calls(t) {
			if c.End.IsZero() {
				return false
			}
		}
		return true
	}) {
		t.Errorf("calls are still open: %+v", o.calls(t))
	}
}
