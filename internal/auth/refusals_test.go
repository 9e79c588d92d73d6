package auth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/voice"
)

// auditLog keeps what is written, in lines.
type auditLog struct{ lines []string }

func (l *auditLog) AppendAudit(_ context.Context, e voice.AuditEntry) error {
	line := fmt.Sprintf("%s %s/%s %s %s %s", e.Tenant, e.Action, e.Kind, e.Actor.Via, e.Actor.Source, e.Name)
	for _, c := range e.Changes {
		line += " " + c.Field + "=" + c.To
	}
	l.lines = append(l.lines, line)
	return nil
}

func from(t *testing.T, via, source string) context.Context {
	return voice.Acting(t.Context(), voice.Actor{Kind: voice.ActorUnknown, Via: via, Source: source})
}

// Refused log-ins under unknown names, and keys, are written with where they came from;
// a flood becomes a few lines.
func TestRefusals(t *testing.T) {
	log, now := &auditLog{}, clock.NewVirtual(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	r := auth.NewRefusals(log, now)
	a := auth.NewAuthenticator(openStore(t), auth.NewHasher(), now)
	a.Report(r)
	refused := func(name, source string) {
		t.Helper()
		if _, err := a.Check(from(t, "page", source), "owner", name, "x", source); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
	refused("mallory@example.com", "192.0.2.1")
	refused("my secret passphrase", "192.0.2.2")
	want := []string{
		" refused/log-in page 192.0.2.1 mallory@example.com reason=there is no such name",
		" refused/log-in page 192.0.2.2  reason=there is no such name times=1",
	}
	if got := strings.Join(log.lines, "\n"); got != strings.Join(want, "\n") {
		t.Fatalf("written:\n%s", got)
	}
	log.lines = nil
	for i := range 30 { // the guard's limit is told once, too
		refused(fmt.Sprintf("%d@example.com", i), "192.0.2.1")
	}
	if len(log.lines) != 1 || !strings.Contains(log.lines[0], "reason=too many failed attempts") {
		t.Errorf("more of the same: %v", log.lines)
	}
	log.lines = nil
	for i := range 5000 {
		r.Key(from(t, "routee", fmt.Sprintf("2001:db8:%x::%x", i, i)), "the access token is unknown or was withdrawn")
	}
	if n := len(log.lines); n < 20 || n > 50 {
		t.Errorf("5000 keys from 5000 addresses are %d lines", n)
	}
	log.lines = nil
	now.Advance(9 * time.Minute)
	if err := r.Flush(t.Context(), false); err != nil || len(log.lines) != 0 {
		t.Errorf("before the span is over: %v %v", log.lines, err)
	}
	now.Advance(time.Minute)
	if err := r.Flush(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(log.lines, "\n")
	if len(log.lines) != 3 || !strings.Contains(all, "192.0.2.1  reason=there is no such name times=19") ||
		!strings.Contains(all, "reason=too many failed attempts times=") || !strings.Contains(all, "reason=from more than 50 addresses times=49") {
		t.Errorf("summed up:\n%s", all)
	}
	log.lines = nil
	if err := r.Flush(t.Context(), true); err != nil || len(log.lines) != 0 {
		t.Errorf("once more: %v %v", log.lines, err)
	}
	r.Key(from(t, "api", "192.0.2.9"), "it is none of ours")
	r.Key(from(t, "api", "192.0.2.9"), "it is none of ours")
	if err := r.Flush(t.Context(), true); err != nil || len(log.lines) != 2 {
		t.Errorf("at the end of the server: %v %v", log.lines, err)
	}
}
