package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// audited fails unless the audit log of an account, "" = the server's, has a line for each
// expression, and its chain is whole.
func (s *server) audited(account string, wants ...string) {
	s.t.Helper()
	of := []string{"--account", account}
	if account == "" {
		of = nil
	}
	list := s.cli(append([]string{"audit", "list", "--limit", "1000"}, of...)...)
	for _, w := range wants {
		if !regexp.MustCompile("(?m)" + w).MatchString(list) {
			s.t.Errorf("the audit log has no %s:\n%s", w, list)
		}
	}
	if said := s.cli(append([]string{"audit", "verify"}, of...)...); !strings.Contains(said, "unbroken") || strings.Contains(said, "broken:") {
		s.t.Errorf("the audit log: %s", said)
	}
}

// What is refused and is no account's stands in the server's own audit log.
func TestAuditRefusals(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ask := func(method, path, body string, head ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+o.http+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(head); i += 2 {
			r.Header.Set(head[i], head[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode < 300 && !strings.HasPrefix(path, "/hoiio") {
			t.Errorf("%s %s: %d", method, path, res.StatusCode)
		}
	}
	ask("POST", "/session", `{"name": "mallory@example.com", "password": "x"}`)
	ask("POST", "/session", `{"name": "correct horse battery", "password": "x"}`)
	for range 5 {
		ask("GET", "/api/v1/me", "", "Authorization", "Bearer 0123456789abcdefghijklmnopqrstuv")
	}
	ask("GET", "/routee/voice/tracking/conversation/x", "", "Authorization", "Bearer 0123456789abcdefghijklmnopqrstuv")
	ask("POST", "/hoiio/open/voice/call", "app_id=nobody&access_token=x&dest2=%2B6511111111", "Content-Type", "application/x-www-form-urlencoded")
	o.audited("", `  page +127\.0\.0\.1 +refused log-in mallory@example\.com +reason:  → there is no such name`, `  api +127\.0\.0\.1 +refused key +reason`,
		`  routee +127\.0\.0\.1 +refused key`, `  hoiio +127\.0\.0\.1 +refused log-in`)
	list := o.cli("audit", "list")
	if strings.Contains(list, "correct horse") || strings.Count(list, "refused key") != 2 {
		t.Errorf("the server's log:\n%s", list)
	}
	o.stop()
	o.audited("", `refused key +reason: .* times:  → 4`)
}
