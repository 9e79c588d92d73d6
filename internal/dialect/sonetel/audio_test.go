package sonetel_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect/sonetel"
	"tandem/internal/voice"
)

// upload posts a file under a form name to a prompt.
func (f *fixture) upload(prompt, field, name string, data io.Reader) (int, map[string]any) {
	f.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("comment", "before the file")
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = io.Copy(part, data)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	_ = w.Close()
	req := httptest.NewRequest("POST", "/sonetel/prompt/"+prompt+"/message", &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+f.token)
	return f.send(req)
}

func (f *fixture) mainApp() string {
	f.t.Helper()
	return f.ok("GET", "/account/100200/voiceapp", "").([]any)[0].(map[string]any)["app_id"].(string)
}

// fetch gets a link without a token.
func (f *fixture) fetch(link string) (int, string) {
	f.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		f.t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, httptest.NewRequest("GET", u.RequestURI(), nil))
	return rec.Code, rec.Body.String()
}

func TestUpload(t *testing.T) {
	f := newFixture(t)
	main := "/account/100200/voiceapp/" + f.mainApp()
	pr := f.okMap("POST", main+"/prompt?name=Promo", "")["prompt_id"].(string)
	status, body := f.upload(pr, "file", `..\..\C:\promo.wav`, strings.NewReader("RIFF promo"))
	if status != 200 || body["status"] != "success" {
		t.Fatalf("%d %v", status, body)
	}
	r := body["response"].(map[string]any)
	if r["file_name"] != "promo.wav" || r["file_details"] != "Uploaded" || r["exists"] != "yes" || r["audio_length"] != "2" {
		t.Errorf("%v", r)
	}
	if status, audio := f.fetch(r["message_url"].(string)); status != 200 || audio != "RIFF promo" {
		t.Errorf("the link gives %d %q", status, audio)
	}
	// A standard prompt sounds before and after it is replaced.
	std := f.ok("GET", main+"/prompt", "").([]any)[0].(map[string]any)["prompt_id"].(string)
	link := f.okMap("GET", "/prompt/"+std+"?fields=message", "")["message_url"].(string)
	if status, audio := f.fetch(link); status != 200 || audio != "RIFF standard welcome en" {
		t.Errorf("standard: %d %q", status, audio)
	}
	if _, body := f.upload(std, "file", "w.wav", strings.NewReader("RIFF own welcome")); body["status"] != "success" {
		t.Fatal(body)
	}
	if status, audio := f.fetch(link); status != 200 || audio != "RIFF own welcome" {
		t.Errorf("replaced: %d %q", status, audio)
	}
}

func TestUploadRefused(t *testing.T) {
	f := newFixture(t)
	pr := f.okMap("POST", "/account/100200/voiceapp/"+f.mainApp()+"/prompt?name=Promo", "")["prompt_id"].(string)
	big := io.MultiReader(strings.NewReader("RIFF"), io.LimitReader(zeros{}, 20<<20))
	for _, c := range []struct {
		prompt, field string
		data          io.Reader
		code, words   string
	}{
		{pr, "file", strings.NewReader("ID3 not a wav"), "10130012", "file: it is not a WAV file"},
		{pr, "audio", strings.NewReader("RIFF"), "10130012", "no part named file"},
		{pr, "file", big, "10130012", "over 10 MB"},
		{"PRnone", "file", strings.NewReader("RIFF"), "10130010", "PRnone"},
	} {
		status, body := f.upload(c.prompt, c.field, "x.wav", c.data)
		r, _ := body["response"].(map[string]any)
		if status != 200 || body["status"] != "failed" || r["code"] != c.code || !strings.Contains(fmt.Sprint(r["detail"]), c.words) {
			t.Errorf("%s: %d %v", c.words, status, body)
		}
	}
	f.fails("POST", "/prompt/"+pr+"/message", "RIFF", 200, "10130012", "multipart")
	if r := f.okMap("GET", "/prompt/"+pr, ""); r["exists"] != "no" || len(f.audio.blobs) != 0 {
		t.Errorf("something was kept: %v", r)
	}
}

// A client that sends 20 MB over a real connection reads the answer.
func TestUploadTooLargeOverTheNet(t *testing.T) {
	f := newFixture(t)
	pr := f.okMap("POST", "/account/100200/voiceapp/"+f.mainApp()+"/prompt?name=Promo", "")["prompt_id"].(string)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	for _, token := range []string{f.token, "wrong"} {
		head := "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.wav\"\r\n\r\nRIFF"
		req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/sonetel/prompt/"+pr+"/message",
			io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, 20<<20), strings.NewReader("\r\n--B--\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "multipart/form-data; boundary=B")
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatalf("token %.5s: %v", token, err)
		}
		answer, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !strings.Contains(string(answer), `"failed"`) {
			t.Errorf("token %.5s: %d %s", token, resp.StatusCode, answer)
		}
	}
	f.ok("GET", "/account/100200", "")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestLinks(t *testing.T) {
	f := newFixture(t)
	std := f.ok("GET", "/account/100200/voiceapp/"+f.mainApp()+"/prompt", "").([]any)[0].(map[string]any)["prompt_id"].(string)
	link := f.okMap("GET", "/prompt/"+std+"?fields=message", "")["message_url"].(string)
	for _, c := range []struct {
		name, link string
		status     int
	}{
		{"good", link, 200},
		{"other account", strings.Replace(link, "/100200/", "/100201/", 1), 403},
		{"other prompt", strings.Replace(link, std, std+"x", 1), 403},
		{"other kind", strings.Replace(link, "/sound/", "/recording/", 1), 403},
		{"longer life", strings.Replace(link, "exp=1", "exp=2", 1), 403},
		{"no signature", strings.Split(link, "?")[0], 403},
		{"no such path", "/sonetel/audio/x", 404},
	} {
		if status, body := f.fetch(c.link); status != c.status {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	f.clock.Advance(sonetel.LinkLife)
	if status, _ := f.fetch(link); status != 403 {
		t.Errorf("after its life: %d", status)
	}
}

// Speech that belongs to no prompt is dropped when its link has run out.
func TestSpokenFilesAreDropped(t *testing.T) {
	f := newFixture(t)
	first := f.okMap("POST", "/tts/prompt/convert", `{"text":"one"}`)["file_url"].(string)
	if status, audio := f.fetch(first); status != 200 || audio != "RIFF speech one" {
		t.Errorf("%d %q", status, audio)
	}
	f.clock.Advance(sonetel.LinkLife + time.Hour)
	_, body := f.tokenRequest("grant_type=password&username="+email+"&password="+escaped, "", "")
	f.token = body["access_token"].(string)
	f.ok("POST", "/tts/prompt/convert", `{"text":"two"}`)
	sounds, err := f.store.Sounds(t.Context(), account, "")
	if err != nil {
		t.Fatal(err)
	}
	spoken := 0
	for _, s := range sounds {
		if s.App == "" {
			spoken++
		}
	}
	if spoken != 1 {
		t.Errorf("%d files of speech are kept", spoken)
	}
}

func TestSpeechFails(t *testing.T) {
	f := newFixture(t)
	f.audio.speakErr = voice.Errorf("speak", voice.Unavailable, "there is no speech engine")
	f.fails("POST", "/tts/prompt/convert", `{"text":"x"}`, 200, "10010006", "no speech engine")
	f.audio.speakErr = voice.Errorf("speak", voice.Invalid, "the voice does not know this script")
	f.fails("POST", "/tts/prompt/convert", `{"text":"x"}`, 200, "10130015", "text: the voice does not know")
}

func TestRecordings(t *testing.T) {
	f := newFixture(t)
	ctx, at := t.Context(), f.clock.Now()
	clip := f.audio.put([]byte("RIFF call"))
	for i, r := range []voice.Recording{
		{ID: "RE1", User: "300400", Purpose: voice.ForCall, State: voice.RecordingFinished},
		{ID: "RE2", Purpose: voice.ForCall, State: voice.RecordingFinished},
		{ID: "RE3", Purpose: voice.ForVoicemail, State: voice.RecordingFinished},
		{ID: "RE4", Purpose: voice.ForCall, State: voice.RecordingFailed},
	} {
		r.Tenant, r.Call, r.Blob, r.Size, r.From, r.To = account, "C1", clip.Blob, clip.Size, "+46700000000", "+12025550000"
		r.Created, r.Ended = at.Add(time.Duration(i)*time.Hour), at.Add(time.Duration(i)*time.Hour+time.Minute)
		if err := f.store.CreateRecording(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	cdr := voice.CDR{Call: "C1", Tenant: account, Direction: voice.Inbound, From: "+46700000000", FromName: "Bo", To: "+12025550000",
		Start: at, Answered: at, End: at.Add(time.Minute), Cause: voice.CauseNormal,
		Legs: []voice.LegRecord{{ID: "a", To: "+12025550000", Codec: "PCMA", Start: at, End: at}, {ID: "b1", To: "extension 101", Start: at, Answered: at, End: at}}}
	if err := f.store.PutCDR(ctx, cdr); err != nil {
		t.Fatal(err)
	}
	ids := func(query string) string {
		var list []string
		for _, item := range f.ok("GET", "/call-recording/?account_id=100200"+query, "").([]any) {
			list = append(list, item.(map[string]any)["call_recording_id"].(string))
		}
		return strings.Join(list, " ")
	}
	for query, want := range map[string]string{
		"": "RE1 RE2", "&user_id=300400": "RE1", "&type=voice_call": "RE1 RE2", "&type=fax": "",
		"&created_date_min=20260301T12:30:00Z": "RE2", "&created_date_max=20260301T12:30:00Z": "RE1", "&colour=red": "RE1 RE2",
	} {
		if got := ids(query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	item := f.okMap("GET", "/call-recording/RE1?fields=file,file_access_details,voice_call_details", "")
	if item["account_id"] != 100200.0 || item["user_id"] != "300400" {
		t.Errorf("%v", item)
	}
	access := item["file"].(map[string]any)["file_access_details"].(map[string]any)
	if status, audio := f.fetch(access["url"].(string)); status != 200 || audio != "RIFF call" {
		t.Errorf("the link gives %d %q", status, audio)
	}
	if access["issued_at"] != "20260301T12:00:00Z" || access["expires_at"] != "20260308T12:00:00Z" {
		t.Errorf("%v", access)
	}
	d := item["voice_call_details"].(map[string]any)
	if d["from"] != "+46700000000" || d["to"] != "extension 101" || d["to_orig"] != "+12025550000" || d["codec"] != "PCMA" || d["call_length"] != "60" {
		t.Errorf("%v", d)
	}
	f.fails("GET", "/call-recording/RE3", "", 200, "10140001", "Invalid recording id")
	if gone := f.okMap("DELETE", "/call-recording/RE1", ""); gone["call_recording_id"] != "RE1" {
		t.Errorf("%v", gone)
	}
	f.fails("DELETE", "/call-recording/RE1", "", 200, "10140001", "Invalid recording id")
}

func TestCallBack(t *testing.T) {
	f := newFixture(t)
	f.ok("POST", "/account/100200/phonenumbersubscription", `{"phnum":"+46850000000"}`)
	f.ok("PUT", "/account/100200/user/300400", `{"phones":[{"phnum":"+46700000000"}]}`)
	status, body := f.call("POST", "/make-calls/call/call-back", `{"app_id":"x","call1":"anna@example.com","call2":"sip:bob@pbx.example","show1":"46700000000","show_2":"+46850000000"}`)
	session, _ := body["response"].(map[string]any)["session_id"].(string)
	if status != 200 || body["statusCode"] != 202.0 || len(session) != 32 {
		t.Errorf("%d %v", status, body)
	}
	o := f.control.orders[0]
	if o.First != (voice.Destination{Kind: voice.ToUser, ID: ownerID}) || o.Second != (voice.Destination{Kind: voice.ToSIP, ID: "bob@pbx.example"}) ||
		o.ShowFirst != "+46700000000" || o.ShowSecond != "+46850000000" || o.Tenant != account || o.User != ownerID || o.App != "x" {
		t.Errorf("%+v", o)
	}
	f.control.err = voice.Errorf("originate", voice.Limit, "10 outbound calls are up")
	f.fails("POST", "/make-calls/call/call-back", `{"call1":"+46850000001","call2":"+46850000002"}`, 403, "10150002", "10 outbound calls")
	f.control.err = voice.Errorf("originate", voice.Unavailable, "there is no trunk")
	f.fails("POST", "/make-calls/call/call-back", `{"call1":"+46850000001","call2":"+46850000002"}`, 200, "10150002", "no trunk")
	f.control.err = fmt.Errorf("disk on fire")
	f.fails("POST", "/make-calls/call/call-back", `{"call1":"+46850000001","call2":"+46850000002"}`, 500, "10130000", "internal error")
}
