package telphin_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// raw sends a request with the account's token and gives the whole answer.
func (f *fixture) raw(method, path, media, body string) *httptest.ResponseRecorder {
	f.t.Helper()
	req := httptest.NewRequest(method, "/telphin/api/ver1.0"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+f.token)
	req.Header.Set("Content-Type", media)
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	return rec
}

func TestSounds(t *testing.T) {
	f := newFixture(t)
	_, one := f.sound("one", "RIFF first")
	_, two := f.sound("two", "RIFF second")
	path := "/client/@me/sound/" + numberOf(one["id"])
	if r := f.raw("GET", path+"/download/", "", ""); r.Code != 200 || r.Body.String() != "RIFF first" ||
		r.Header().Get("Content-Disposition") != `attachment; filename="hello.wav"` {
		t.Errorf("download: %d %v %q", r.Code, r.Header(), r.Body)
	}
	const body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"new.wav\"\r\n\r\nRIFF third\r\n--b--\r\n"
	if r := f.raw("POST", path, "multipart/form-data; boundary=b", body); r.Code != 201 {
		t.Fatalf("replace: %d %s", r.Code, r.Body)
	}
	if got := f.object("GET", path, ""); got["id"] != one["id"] || got["title"] != "one" || got["filename"] != "new.wav" {
		t.Errorf("replaced: %v", got)
	}
	if r := f.raw("GET", path+"/download", "", ""); r.Body.String() != "RIFF third" {
		t.Errorf("replaced audio: %q", r.Body)
	}
	if r := f.raw("POST", path, "multipart/form-data; boundary=b", strings.Replace(body, "RIFF", "????", 1)); r.Code != 400 {
		t.Errorf("replace by no audio: %d", r.Code)
	}
	if r := f.raw("GET", path+"/download", "", ""); r.Body.String() != "RIFF third" {
		t.Errorf("a refused file took the place: %q", r.Body)
	}
	if got := f.object("PUT", path, `{"title":"Привет"}`); got["title"] != "Привет" {
		t.Errorf("title: %v", got)
	}
	f.fails("PUT", path, `{"title":" "}`, 400, "validation_error", "title")
	for query, want := range map[string]int{"": 2, "?own_only=true": 2, "?title=two": 1, "?title=two&title=nothing": 1, "?title=one": 0,
		"?id=" + numberOf(one["id"]) + "&id=" + numberOf(two["id"]): 2, "?id=7": 0, "?per_page=1": 1, "?page=3&per_page=1": 0} {
		if got := f.ok("GET", "/client/@me/sound/"+query, "").([]any); len(got) != want {
			t.Errorf("%s: %v, want %d", query, got, want)
		}
	}
	f.ok("DELETE", path, "")
	f.fails("GET", path, "", 404, "sound_not_found", "")
}
