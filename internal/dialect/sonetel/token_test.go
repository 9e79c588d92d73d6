package sonetel_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// tokenRequest posts a form to the token endpoint.
func (f *fixture) tokenRequest(form, user, secret string) (int, map[string]any) {
	f.t.Helper()
	req := httptest.NewRequest("POST", "/sonetel/SonetelAuth/oauth/token/", strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if user != "" {
		req.SetBasicAuth(user, secret)
	}
	return f.send(req)
}

const escaped = "correct+horse+%26+battery%2Bstaple"

func TestTokenErrors(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		name, form, user, secret string
		status                   int
		err, words               string
	}{
		{"no grant", "username=a&password=b", "", "", 400, "invalid_request", "Missing grant type"},
		{"empty", "", "", "", 400, "invalid_request", "Missing grant type"},
		{"grant unknown", "grant_type=client_credentials", "", "", 400, "unsupported_grant_type", "client_credentials"},
		{"no username", "grant_type=password&password=b", "", "", 400, "invalid_request", "username"},
		{"no password", "grant_type=password&username=x", "", "", 400, "invalid_request", "password"},
		{"unknown user", "grant_type=password&username=x&password=y", "", "", 401, "unauthorized", "User with name x not found"},
		{"wrong password", "grant_type=password&username=" + email + "&password=y", "", "", 401, "unauthorized", "User with name " + email + " not found"},
		{"wrong client", "grant_type=password&username=" + email + "&password=" + escaped, "sonetel-api", "guess", 401, "invalid_client", "client"},
		{"no refresh token", "grant_type=refresh_token", "sonetel-web", "sonetel-web", 400, "invalid_request", "refresh token"},
		{"bad refresh token", "grant_type=refresh_token&refresh_token=eyJ.x.y", "", "", 401, "invalid_grant", "refresh token"},
		{"access token as refresh token", "grant_type=refresh_token&refresh_token=" + f.token, "", "", 401, "invalid_grant", "refresh token"},
		{"too large", "grant_type=password&username=" + strings.Repeat("x", 70_000), "", "", 400, "invalid_request", "too large"},
	} {
		status, body := f.tokenRequest(c.form, c.user, c.secret)
		words, _ := body["error_description"].(string)
		if status != c.status || body["error"] != c.err || !strings.Contains(words, c.words) {
			t.Errorf("%s: %d %v, want %d %s %q", c.name, status, body, c.status, c.err, c.words)
		}
	}
}

func TestTokenGrants(t *testing.T) {
	f := newFixture(t)
	status, body := f.tokenRequest("grant_type=password&refresh=no&username="+email+"&password="+escaped, "", "")
	if status != 200 || body["refresh_token"] != nil || body["token_type"] != "bearer" {
		t.Errorf("refresh=no: %d %v", status, body)
	}
	// An unescaped password arrives whole when nothing in it has a meaning.
	if status, body = f.tokenRequest("grant_type=password&username="+email+"&password=correct horse %26 battery%2Bstaple", "sonetel-web", "sonetel-web"); status != 200 {
		t.Fatalf("unescaped: %d %v", status, body)
	}
	refresh := body["refresh_token"].(string)
	status, body = f.tokenRequest("grant_type=refresh_token&refresh=yes&refresh_token="+refresh, "sonetel-api", "sonetel-api")
	if status != 200 || body["access_token"] == nil || body["refresh_token"] == nil {
		t.Fatalf("refresh: %d %v", status, body)
	}
	f.token = body["access_token"].(string)
	f.ok("GET", "/account/100200", "")
	if status, body = f.tokenRequest("grant_type=refresh_token&refresh_token="+refresh, "", ""); status != 401 {
		t.Errorf("a refresh token used twice: %d %v", status, body)
	}
}

func TestTokenMultipart(t *testing.T) {
	f := newFixture(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range map[string]string{"grant_type": "password", "username": email, "password": password} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Close()
	req := httptest.NewRequest("POST", "/sonetel/SonetelAuth/beta/oauth/token", &b)
	req.Header.Set("Content-Type", w.FormDataContentType())
	if status, body := f.send(req); status != 200 || body["access_token"] == nil {
		t.Errorf("%d %v", status, body)
	}
}

func TestTokenClaims(t *testing.T) {
	f := newFixture(t)
	if !strings.HasPrefix(f.token, "eyJhbGciOiJSUzI") {
		t.Errorf("the token begins with %.20s", f.token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(f.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(payload, &c); err != nil {
		t.Fatal(err)
	}
	if c["acc_id"] != account || c["user_id"] != ownerID || c["user_name"] != email || c["aud"] != "api.sonetel.com" || c["client_id"] != "sonetel-api" {
		t.Errorf("claims %s", payload)
	}
	if life := c["exp"].(float64) - c["iat"].(float64); life != 24*3600 {
		t.Errorf("life %v s", life)
	}
	if scope, _ := json.Marshal(c["scope"]); !strings.Contains(string(scope), `"user.read"`) || !strings.Contains(string(scope), `"user.write"`) {
		t.Errorf("scope %s", scope)
	}
}

// A missing, foreign, expired or orphaned token is 401 in the envelope.
func TestTokenRefused(t *testing.T) {
	f := newFixture(t)
	get := func(header string) (int, map[string]any) {
		req := httptest.NewRequest("GET", "/sonetel/account/100200/voiceapp", nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		return f.send(req)
	}
	want401 := func(name, header string) {
		t.Helper()
		status, body := get(header)
		response, _ := body["response"].(map[string]any)
		if status != http.StatusUnauthorized || body["status"] != "failed" || body["resource"] != "voiceapp" || response["code"] == nil {
			t.Errorf("%s: %d %v", name, status, body)
		}
	}
	want401("none", "")
	want401("basic", "Basic eDp5")
	want401("empty", "Bearer ")
	want401("garbage", "Bearer x.y.z")
	want401("changed", "Bearer "+f.token[:len(f.token)-4]+"AAAA")
	_, body := f.tokenRequest("grant_type=password&username="+email+"&password="+escaped, "", "")
	want401("refresh token", "Bearer "+body["refresh_token"].(string))
	if status, _ := get("bearer " + f.token); status != 200 {
		t.Errorf("scheme in small letters: %d", status)
	}
	f.clock.Advance(24*time.Hour + time.Second)
	want401("expired", "Bearer "+f.token)

	_, _, token := f.account("100201", "300401", "eve@example.com")
	list, err := f.store.Tokens(t.Context(), "100201")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := f.store.DeleteToken(t.Context(), "100201", list[0].ID); err != nil {
		t.Fatal(err)
	}
	want401("credential deleted", "Bearer "+token)
}

// Passwords can't be guessed without end.
func TestTokenGuessing(t *testing.T) {
	f := newFixture(t)
	for range 200 {
		if status, _ := f.tokenRequest("grant_type=password&username="+email+"&password=wrong", "", ""); status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("200 guesses were answered")
}
