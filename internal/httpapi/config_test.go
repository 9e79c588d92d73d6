package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

func TestKeysAreAskedFor(t *testing.T) {
	f := newFixture(t)
	f.refused(f.as("", "GET", "/numbers", ""), 401, "Authorization: Bearer KEY", "no key")
	r := f.as("wrong", "GET", "/numbers", "")
	f.refused(r, 401, "not valid", "a wrong key")
	if r.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("WWW-Authenticate: %q", r.header.Get("WWW-Authenticate"))
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.AppsRead), "GET", "/numbers", ""), 403, "config:read; it has apps:read", "a scope is missing")
	f.refused(f.as(f.newKey("", httpapi.Operator, httpapi.ConfigRead), "GET", "/numbers", ""), 403, "belongs to no account", "a key without an account")
	req := httptest.NewRequest("GET", httpapi.Prefix+"/numbers", nil)
	req.Header.Set("Authorization", "bearer  "+f.key)
	if r := f.send(req, ""); r.status != 200 {
		t.Errorf("the scheme in small letters: %d %s", r.status, r.raw)
	}
	for range 30 {
		r = f.as(voice.NewSecret(), "GET", "/numbers", "")
	}
	f.refused(r, 429, "too many wrong keys", "guessing")
	if r := f.as(f.key, "GET", "/numbers", ""); r.status != 200 {
		t.Errorf("a good key after somebody guessed: %d %s", r.status, r.raw)
	}
}

func TestPathsAndMethods(t *testing.T) {
	f := newFixture(t)
	f.fails(404, "no such path", "GET", "/nothing", "")
	r := f.fails(405, "PUT is not allowed", "PUT", "/numbers", "{}")
	if r.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow: %q", r.header.Get("Allow"))
	}
	f.fails(422, "query.page: unknown query parameter", "GET", "/numbers?page=2", "")
	f.fails(400, "body", "POST", "/numbers", "{")
	f.fails(413, "too large", "POST", "/numbers", `{"number":"`+strings.Repeat("1", 1<<20)+`"}`)
	f.fails(415, "content type", "POST", "/numbers", "number: 1", "Content-Type", "text/yaml")
	if got := f.ok(200, "GET", "/numbers", ""); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other origins are let in")
	}
}

func TestNumbers(t *testing.T) {
	f := newFixture(t)
	app := f.ok(200, "GET", "/apps", "").items()[0]["id"].(string)
	f.ok(201, "POST", "/numbers", `{"number":"+46 8-555 01 00","to":{"kind":"app","id":"`+app+`"}}`)
	f.ok(201, "POST", "/numbers", `{"number":"+4685550101"}`)
	list := f.ok(200, "GET", "/numbers", "").items()
	if len(list) != 2 || list[0]["number"] != "+4685550100" || list[1]["to"] != nil {
		t.Fatalf("numbers: %v", list)
	}
	f.ok(200, "PUT", "/numbers/+4685550101", `{"to":{"kind":"number","id":"+46855501 99"}}`)
	to, _ := f.ok(200, "GET", "/numbers/4685550101", "").body["to"].(map[string]any)
	if to["id"] != "+4685550199" {
		t.Errorf("to: %v", to)
	}
	f.ok(200, "PUT", "/numbers/+4685550101", `{}`)
	if got := f.ok(200, "GET", "/numbers/+4685550101", ""); got.body["to"] != nil {
		t.Errorf("still goes to %v", got.body["to"])
	}

	f.fails(422, "body.number", "POST", "/numbers", `{"number":"12"}`)
	f.fails(422, "body.number: +4685550100 belongs to an account", "POST", "/numbers", `{"number":"+4685550100"}`)
	f.fails(422, "body.to.id", "POST", "/numbers", `{"number":"+4685550102","to":{"kind":"app","id":"none"}}`)
	f.fails(422, "body.to.kind", "POST", "/numbers", `{"number":"+4685550102","to":{"kind":"moon","id":"1"}}`)
	f.fails(422, "body.colour: unexpected property", "POST", "/numbers", `{"number":"+4685550102","colour":"red"}`)
	f.fails(422, "path.number", "GET", "/numbers/abc", "")
	f.fails(404, "no number", "GET", "/numbers/+4685550109", "")

	for _, method := range []string{"GET", "DELETE"} {
		f.refused(f.as(f.foreign, method, "/numbers/+4685550100", ""), 404, "no number", "another account's number")
	}
	f.refused(f.as(f.foreign, "PUT", "/numbers/+4685550100", `{}`), 404, "no number", "another account's number")
	f.refused(f.as(f.foreign, "POST", "/numbers", `{"number":"+4685550103","to":{"kind":"app","id":"`+app+`"}}`), 422, "body.to.id", "another account's app")
	f.ok(204, "DELETE", "/numbers/+4685550100", "")
	f.fails(404, "no number", "DELETE", "/numbers/+4685550100", "")
}

func TestExtensions(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/extensions", `{"number":"101","name":"Anna Berg"}`).body
	if made["username"] == "" || len(made["password"].(string)) < 20 || made["registrar"] != "sip.example:5060" {
		t.Errorf("new: %v", made)
	}
	read := f.ok(200, "GET", "/extensions/101", "").body
	if read["username"] != made["username"] || read["password"] != nil || read["user"] != made["user"] {
		t.Errorf("read: %v", read)
	}
	if strings.Contains(string(f.ok(200, "GET", "/extensions", "").raw), "ha1") {
		t.Error("the hash of a password is shown")
	}
	if got := read["srtp"]; got != "preferred" {
		t.Errorf("media is secured: %v", got)
	}
	if got := f.ok(200, "PATCH", "/extensions/101", `{"srtp":"required"}`).body["srtp"]; got != "required" {
		t.Errorf("media is secured after a change: %v", got)
	}
	f.fails(422, "body.srtp", "PATCH", "/extensions/101", `{"srtp":"perhaps"}`)
	f.fails(422, "body.srtp", "POST", "/extensions", `{"number":"102","srtp":"perhaps"}`)
	f.fails(404, "extension 109", "PATCH", "/extensions/109", `{"srtp":"off"}`)
	f.refused(f.as(f.foreign, "PATCH", "/extensions/101", `{"srtp":"off"}`), 404, "extension 101", "another account's extension")
	f.fails(422, "body.number", "POST", "/extensions", `{"number":"1"}`)
	f.fails(422, "body.number: account", "POST", "/extensions", `{"number":"101"}`)
	f.fails(422, "body.user", "POST", "/extensions", `{"number":"102","user":"1"}`)
	f.fails(404, "extension 109", "GET", "/extensions/109", "")
	f.refused(f.as(f.foreign, "GET", "/extensions/101", ""), 404, "extension 101", "another account's extension")
	f.refused(f.as(f.foreign, "DELETE", "/extensions/101", ""), 404, "extension 101", "another account's extension")
	f.ok(204, "DELETE", "/extensions/101", "")
	f.fails(404, "extension 101", "DELETE", "/extensions/101", "")
}

func TestSounds(t *testing.T) {
	f := newFixture(t)
	r := f.upload(f.key, "POST", "/sounds", `C:\music\hello.wav`, []byte("RIFF hello"), "Hello")
	if r.status != http.StatusCreated || r.body["name"] != "Hello" || r.body["file_name"] != "hello.wav" || r.body["seconds"] != 1.6 {
		t.Fatalf("upload: %d %s", r.status, r.raw)
	}
	path := "/sounds/" + r.body["id"].(string)
	if got := f.ok(200, "GET", path+"/audio", ""); string(got.raw) != "RIFF hello" || got.header.Get("Content-Type") != "audio/wav" ||
		got.header.Get("Content-Disposition") != `attachment; filename=Hello.wav` {
		t.Errorf("download: %s %v", got.raw, got.header)
	}
	if got := f.as(f.key, "GET", path+"/audio", "", "Range", "bytes=5-"); got.status != 206 || string(got.raw) != "hello" {
		t.Errorf("a part: %d %s", got.status, got.raw)
	}
	f.ok(200, "PATCH", path, `{"name":" Good\u0000 day "}`)
	if r := f.upload(f.key, "PUT", path+"/audio", "other.wav", []byte("RIFF other"), ""); r.status != 200 || r.body["name"] != "Good  day" {
		t.Errorf("replace: %d %s", r.status, r.raw)
	}
	if got := f.ok(200, "GET", path+"/audio", ""); string(got.raw) != "RIFF other" {
		t.Errorf("replaced: %s", got.raw)
	}
	spoken := f.ok(201, "POST", "/sounds/speech", `{"text":"Welcome to us"}`).body
	if spoken["name"] != "Welcome to us" || spoken["source"] != "speech" {
		t.Errorf("spoken: %v", spoken)
	}
	f.fails(422, "body.text: there is no voice nobody", "POST", "/sounds/speech", `{"text":"a","voice":"nobody"}`)
	f.fails(422, "body.text", "POST", "/sounds/speech", `{"text":""}`)

	f.refused(f.upload(f.key, "POST", "/sounds", "a.txt", []byte("text"), ""), 422, "body.file: it is not a WAV", "no sound")
	f.refused(f.upload(f.key, "POST", "/sounds", "a.wav", make([]byte, 10<<20+1), ""), 413, "larger than 10 MB", "a byte too long")
	f.refused(f.upload(f.key, "POST", "/sounds", "a.wav", make([]byte, 12<<20), ""), 413, "larger than 10 MB", "far too long")
	f.fails(415, "multipart/form-data", "POST", "/sounds", `{}`)
	f.fails(400, "form can't be read", "POST", "/sounds", "nonsense", "Content-Type", "multipart/form-data; boundary=x")

	for _, what := range [][2]string{{"GET", path}, {"GET", path + "/audio"}, {"GET", path + "/usage"}, {"DELETE", path}} {
		f.refused(f.as(f.foreign, what[0], what[1], ""), 404, "sound", "another account's sound")
	}
	f.ok(204, "DELETE", path, "")
	f.fails(404, "sound", "GET", path, "")
	if got := f.ok(200, "GET", "/voices", "").items(); len(got) != 1 {
		t.Errorf("voices: %v", got)
	}
}

func TestStandardPromptsAreKept(t *testing.T) {
	f := newFixture(t)
	for _, s := range f.ok(200, "GET", "/sounds", "").items() {
		if s["source"] == nil {
			f.fails(409, "standard prompt", "DELETE", "/sounds/"+s["id"].(string), "")
			f.fails(404, "no audio", "GET", "/sounds/"+s["id"].(string)+"/audio", "")
			return
		}
	}
	t.Fatal("the first apps have no prompts")
}
