package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// account is a customer of a server, with the vendor's token.
type account struct {
	*server
	t     *testing.T
	id    string
	user  string // the owner's e-mail, the API's username
	token string
}

// newAccount makes an account over the command line and logs in over the API.
func newAccount(t *testing.T, s *server) *account {
	t.Helper()
	a := &account{server: s, t: t, id: text(t, s.fields("account", "create", "Test"), "id")}
	cred := s.fields("credential", "create", "--account", a.id, "--for", "sonetel")
	a.user = text(t, cred, "username")
	form := url.Values{"grant_type": {"password"}, "username": {a.user}, "password": {text(t, cred, "password")}}
	req, err := http.NewRequest(http.MethodPost, "http://"+s.http+"/sonetel/SonetelAuth/beta/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("sonetel-api", "sonetel-api")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var tok map[string]any
	if err := json.NewDecoder(res.Body).Decode(&tok); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("token: %d %v %v", res.StatusCode, err, tok)
	}
	a.token = text(t, tok, "access_token")
	return a
}

// api makes a request that must succeed and gives its response member.
func (a *account) api(method, path string, body any) any {
	a.t.Helper()
	v := a.request(method, "/sonetel"+path, a.token, body)
	if v["status"] != "success" {
		a.t.Fatalf("%s %s: %v", method, path, v)
	}
	return v["response"]
}

func (a *account) object(method, path string, body any) map[string]any {
	a.t.Helper()
	m, ok := a.api(method, path, body).(map[string]any)
	if !ok {
		a.t.Fatalf("%s %s: no object", method, path)
	}
	return m
}

// app makes a voice app and gives its id.
func (a *account) app(doc map[string]any) string {
	a.t.Helper()
	return text(a.t, a.object(http.MethodPost, "/account/"+a.id+"/voiceapp", doc), "app_id")
}

// sound fetches the audio of an app's prompt by its name.
func (a *account) sound(app, name string) []int16 {
	a.t.Helper()
	list, _ := a.api(http.MethodGet, "/account/"+a.id+"/voiceapp/"+app+"/prompt?fields=message", nil).([]any)
	for _, p := range list {
		if m, ok := p.(map[string]any); ok && m["name"] == name {
			return fetch(a.t, text(a.t, m, "message_url"))
		}
	}
	a.t.Fatalf("app %s has no prompt %q: %v", app, name, list)
	return nil
}

// defaultApp finds one of the account's first apps by its name.
func (a *account) defaultApp(name string) string {
	a.t.Helper()
	list, _ := a.api(http.MethodGet, "/account/"+a.id+"/voiceapp", nil).([]any)
	for _, p := range list {
		if m, ok := p.(map[string]any); ok && m["name"] == name {
			return text(a.t, m, "app_id")
		}
	}
	a.t.Fatalf("no app %q: %v", name, list)
	return ""
}

// number gives the account a number whose calls go to an app.
func (a *account) number(e164, app string) {
	a.t.Helper()
	a.cli("number", "add", e164, "--account", a.id, "--app", app)
}

// assign sets one key of a menu.
func (a *account) assign(app, key string, action map[string]any) {
	a.t.Helper()
	a.api(http.MethodPut, fmt.Sprintf("/account/%s/voiceapp/%s", a.id, app), map[string]any{"menu": map[string]any{key: action}})
}
