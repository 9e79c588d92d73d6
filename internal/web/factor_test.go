package web_test

import (
	"encoding/json"
	"slices"
	"testing"
)

// halfway logs in with the password and gives the token that waits for the code.
func (b browser) halfway(next string) string {
	b.t.Helper()
	res, body := b.do("POST", "/session", `{"name": "anna@example.com", "password": "correct horse"}`, nil)
	var ask struct{ Next, Token, Secret string }
	if err := json.Unmarshal([]byte(body), &ask); err != nil || res.StatusCode != 200 || ask.Next != next || ask.Token == "" || (ask.Secret != "") != (next == "enrol") {
		b.t.Fatalf("the password: %d %s (%v)", res.StatusCode, body, err)
	}
	if res.Header.Get("Set-Cookie") != "" {
		b.t.Error("the password alone logs in")
	}
	return ask.Token
}

// The password alone opens nothing where a code is asked for.
func TestCode(t *testing.T) {
	f := &fake{password: "correct horse", factor: true}
	b := start(t, f)
	token := b.halfway("code")
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "000000"}`, 403, "body.code")
	b.want("POST", "/session/code", `{"token": "nonsense", "code": "123456"}`, 403, "waited too long")
	b.want("POST", "/session/code", `{"token": "", "code": "123456"}`, 403, "waited too long")
	f.slow = true
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 429, "Too many")
	f.slow = false
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 204, "")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 403, "waited too long")
	b.want("DELETE", "/session", "", 204, "")
	b.want("DELETE", "/session", "", 204, "")
	if want := []string{"logged in", "logged out"}; !slices.Equal(f.notes, want) {
		t.Errorf("noted %q, want %q", f.notes, want)
	}
}

// Who must have a second factor sets it up before anything opens; a link that sets a
// password asks for it, too, and ends what waited for a code before.
func TestRequiredFactor(t *testing.T) {
	f := &fake{password: "correct horse", required: true, setup: "one-time"}
	b := start(t, f)
	token := b.halfway("enrol")
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "000000"}`, 403, "body.code")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 200, "aaaa-bbbb")
	b.want("GET", "/who", "", 200, anna.Email)
	b.want("DELETE", "/session", "", 204, "")
	token = b.halfway("code")
	b.want("POST", "/session/setup", `{"token": "one-time", "password": "correct horse"}`, 200, `"next":"code"`)
	b.want("GET", "/who", "", 401, "permission")
	b.want("POST", "/session/code", `{"token": "`+token+`", "code": "123456"}`, 403, "waited too long")
}
