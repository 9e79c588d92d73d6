package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestKeysWithoutEnd presses far more keys than a question takes, ten thousand in the long
// form (reliability C-16): it ends at its bound, and the call goes on with what is bounded.
func TestKeysWithoutEnd(t *testing.T) {
	t.Parallel()
	most := soak(40, 128) // that a question may take at all
	s := start(t)
	k := apiAccount(t, s)
	k.nativeApp("Account", "+46850000800", "ask", fmt.Sprintf(`"ask": {"gather": {"prompts": [{"music": true, "duration": "1h"}], "barge_in": true, "max_digits": %d, "first_digit": "1m", "inter_digit": "1m"}, "digits": "stay", "no_input": "bye"},
		"stay": {"play": {"prompts": [{"music": true, "duration": "2h"}]}, "then": "bye"}, "bye": {"hang_up": {}}`, most))
	keys := soak(most+20, 10_000)
	c := dial(t, newPhone(t, phone.Options{Bind: "127.0.0.2:0"}), s, "+46850000800")
	if err := c.Press(t.Context(), strings.Repeat("1234567890", keys/10+1)[:keys], phone.PressOptions{Duration: 40 * time.Millisecond, Gap: 40 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
		t.Error("the call did not outlive its keys")
	default:
	}
	hangUp(c)
	var v shown
	if !eventually(10*time.Second, func() bool {
		calls := s.calls(t)
		if len(calls) != 1 || calls[0].End.IsZero() {
			return false
		}
		v = s.show(t, calls[0].ID)
		return v.has("call.ended", "")
	}) {
		t.Fatalf("the call has no end:\n%s", v)
	}
	gathered := regexp.MustCompile(`gathered "([0-9]+)": limit`).FindStringSubmatch(v.String())
	if gathered == nil || len(gathered[1]) != most || !strings.HasPrefix(gathered[1], "12345678901234567890") {
		t.Errorf("gathered %v\n%.4000s", gathered, v)
	}
	pressed := 0
	for _, e := range v.Events {
		if e.Kind == "digit" {
			pressed++
		}
	}
	if pressed > keys {
		t.Errorf("%d keys are on the timeline of %d", pressed, keys)
	}
}

// TestFirstStart starts twice from nothing (reliability B-48): no password is known before,
// what opens the door is drawn anew each time, printed once and gone with its first use.
func TestFirstStart(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`/setup\?token=([0-9a-z]+)`)
	secrets := map[string]bool{}
	for range 2 {
		s := start(t, "TANDEM_SAMPLE=yes")
		if !eventually(10*time.Second, func() bool { return link.MatchString(s.log.String()) }) {
			t.Fatalf("no link is printed\n%s", s.log)
		}
		token := link.FindStringSubmatch(s.log.String())[1]
		account := regexp.MustCompile(`register as (\S+) with password (\S+) `).FindStringSubmatch(s.log.String())
		if account == nil {
			t.Fatalf("no telephone's password is printed\n%s", s.log)
		}
		for _, secret := range []string{token, account[2]} {
			if len(secret) < 20 || secrets[secret] {
				t.Errorf("the secret %q is short or was drawn before", secret)
			}
			secrets[secret] = true
		}
		owner := regexp.MustCompile(`log in as (\S+?);`).FindStringSubmatch(s.log.String())
		post := func(path, body string) int {
			req, _ := http.NewRequest(http.MethodPost, "http://"+s.http+path, strings.NewReader(body))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Origin", "http://"+s.http)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			io.Copy(io.Discard, res.Body)
			return res.StatusCode
		}
		for _, name := range []string{owner[1], "admin", "root", "owner"} {
			for _, password := range []string{"", "admin", "password", "tandem", "1234", token} {
				if status := post("/session", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password)); status < 400 || status >= 500 {
					t.Errorf("%s with the password %q: %d", name, password, status)
				}
			}
		}
		for _, path := range []string{"/api/v1/me", "/api/v1/calls"} {
			res, err := http.Get("http://" + s.http + path)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				t.Errorf("%s is open", path)
			}
		}
		for _, password := range []string{"", "501", account[1], "password"} {
			p := newPhone(t, phone.Options{Username: account[1], Password: password, Domain: "127.0.0.1"})
			if _, err := p.Register(t.Context(), "sip:"+s.sip, time.Minute); err == nil {
				t.Errorf("the telephone registers with the password %q", password)
			}
		}
		if status := post("/session/setup", fmt.Sprintf(`{"token":%q,"password":"correct horse battery"}`, token)); status != http.StatusNoContent {
			t.Errorf("the link: %d", status)
		}
		if status := post("/session/setup", fmt.Sprintf(`{"token":%q,"password":"another one at last"}`, token)); status != http.StatusForbidden {
			t.Errorf("the link again: %d", status)
		}
		s.stop()
		s.run()
		if link.MatchString(s.log.String()) || strings.Contains(s.log.String(), account[2]) {
			t.Errorf("a secret is printed once more\n%s", s.log)
		}
		if raw, _ := os.ReadFile(s.data + "/tandem.db"); strings.Contains(string(raw), account[2]) || strings.Contains(string(raw), token) {
			t.Error("a secret is in the database in clear")
		}
	}
}
