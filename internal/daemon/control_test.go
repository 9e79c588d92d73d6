package daemon_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/daemon"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// token gets a client's token for an account.
func token(t *testing.T, d *daemon.Daemon, tenant voice.TenantID) string {
	t.Helper()
	fields, err := d.Admin().CreateCredential(t.Context(), admin.CredentialSpec{Account: tenant, For: "sonetel"})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"password"}}
	for _, f := range fields {
		form.Set(f.Name, f.Value)
	}
	req, _ := http.NewRequest(http.MethodPost, "http://"+d.HTTPAddr().String()+"/sonetel/SonetelAuth/beta/oauth/token", strings.NewReader(form.Encode()))
	req.SetBasicAuth("sonetel-api", "sonetel-api")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var v struct {
		Token string `json:"access_token"`
	}
	do(t, req, &v)
	if v.Token == "" {
		t.Fatal("no token")
	}
	return v.Token
}

func do(t *testing.T, req *http.Request, v any) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// TestCallControlStaysWithinTheAccount has one account order calls to what is
// another's: its extension by number and by address, its user, its app.
func TestCallControlStaysWithinTheAccount(t *testing.T) {
	d, _ := run(t, settings(t))
	owner := account(t, d.Store())
	users, err := d.Store().Users(t.Context(), owner)
	if err != nil || len(users) == 0 {
		t.Fatal(err)
	}
	apps, err := d.Store().Apps(t.Context(), owner)
	if err != nil || len(apps) == 0 {
		t.Fatal(err)
	}
	desk, err := d.Admin().AddExtension(t.Context(), owner, admin.ExtensionSpec{Number: "502"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{Username: desk.Username, Password: desk.Password, Domain: desk.Domain, Proxy: d.SIPAddr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Register(t.Context(), "sip:"+d.SIPAddr().String(), time.Minute); err != nil {
		t.Fatal(err)
	}
	other, _, err := d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	order := func(bearer, first string) map[string]any {
		t.Helper()
		body := `{"app_id":"test","call1":"` + first + `","call2":"sip:nobody@127.0.0.2:9"}`
		req, _ := http.NewRequest(http.MethodPost, "http://"+d.HTTPAddr().String()+"/sonetel/make-calls/call/call-back", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+bearer)
		req.Header.Set("Content-Type", "application/json")
		var v map[string]any
		do(t, req, &v)
		return v
	}
	bearer := token(t, d, other.ID)
	domain := "127.0.0.1"
	for _, first := range []string{"sip:502@" + domain, "sip:" + string(apps[0].ID) + "@" + domain, users[0].Email, "sip:" + desk.Username + "@" + domain} {
		v := order(bearer, first)
		select {
		case <-p.Incoming():
			t.Errorf("%s: another account's phone rings", first)
		case <-time.After(200 * time.Millisecond):
		}
		if code, _ := v["statusCode"].(float64); code == http.StatusAccepted && strings.HasSuffix(first, domain) {
			t.Errorf("%s is taken: %v", first, v)
		}
	}
	v := order(token(t, d, owner), "sip:502@"+domain)
	select {
	case c := <-p.Incoming():
		c.Reject(486)
	case <-time.After(10 * time.Second):
		t.Errorf("its own account can't reach the phone: %v", v)
	}
}
