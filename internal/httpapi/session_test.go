package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// Who is logged in at the web app may do what the role allows, in the own account,
// and pages of other sites can't use the log-in.
func TestLoggedIn(t *testing.T) {
	f := newFixture(t)
	var who voice.User
	config := f.config
	config.Session = func(*http.Request) (voice.User, error) {
		if who.ID == "" {
			return voice.User{}, voice.Errorf("test", voice.Permission, "nobody")
		}
		return who, nil
	}
	api, err := httpapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string, head ...string) (int, string) {
		r := httptest.NewRequest(method, httpapi.Prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(head); i += 2 {
			r.Header.Set(head[i], head[i+1])
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	want := func(status int, holds, method, path, body string, head ...string) {
		t.Helper()
		if got, answer := ask(method, path, body, head...); got != status || !strings.Contains(answer, holds) {
			t.Errorf("%s %s: %d, want %d with %q in %s", method, path, got, status, holds, answer)
		}
	}
	const number = `{"number": "+46850000099"}`
	want(401, "or log in", "GET", "/me", "")

	who = voice.User{Tenant: f.tenant, ID: f.owner, FirstName: "Anna", Role: voice.RoleRegular}
	want(200, `"config:read"`, "GET", "/me", "")
	want(403, "your user has not the scope config:write", "POST", "/numbers", number)

	who.Role = voice.RoleAdmin
	want(403, "another site", "POST", "/numbers", number, "Origin", "https://evil.example")
	want(403, "another site", "POST", "/numbers", number, "Sec-Fetch-Site", "cross-site")
	want(201, "+46850000099", "POST", "/numbers", number, "Sec-Fetch-Site", "same-origin")
	want(403, "operator", "GET", "/accounts", "")
	want(200, `"number":"+46850000099"`, "GET", "/numbers", "")
	want(401, "the key is not valid", "GET", "/numbers", "", "Authorization", "Bearer nonsense")

	who.Operator = true
	want(200, string(f.other), "GET", "/accounts", "")

	who.Tenant = f.other
	want(200, `"items":[]`, "GET", "/numbers", "")
}
