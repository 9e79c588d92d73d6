package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/voice"
)

// testAudit tests voice.AuditStore, and what the store writes into the log by itself.
func testAudit(t *testing.T, s Store) {
	ctx, start := t.Context(), moment(0)
	list := func(f voice.AuditFilter) []voice.AuditEntry {
		t.Helper()
		if f.Limit == 0 {
			f.Limit = 100
		}
		got, err := s.Audit(ctx, f)
		ok(t, err)
		return got
	}
	if got := list(voice.AuditFilter{Tenant: ours}); len(got) != 0 {
		t.Errorf("the server's own doings are noted: %+v", got)
	}
	who := voice.Actor{Kind: voice.ActorUnknown, Via: "page", Source: "192.0.2.7"}
	by := voice.Acting(ctx, who)
	voice.ActsAs(by, voice.ActorUser, "11", "Anna")
	who.Kind, who.ID, who.Name = voice.ActorUser, "11", "Anna"
	u := voice.User{ID: "12", Tenant: ours, FirstName: "Bert", Email: "bert@example.com", Role: voice.RoleRegular, Created: start}
	ok(t, s.CreateUser(by, u))
	u.Role = voice.RoleAdmin
	ok(t, s.UpdateUser(by, u))
	ok(t, s.UpdateUser(by, u)) // nothing is different
	k := voice.Token{ID: "k", Tenant: ours, User: "12", Kind: "hoiio", Name: "b", Hash: "old-secret", Created: start}
	ok(t, s.CreateToken(by, k))
	k.Hash = "new-secret"
	ok(t, s.UpdateToken(by, k))
	ok(t, s.DeleteUser(by, ours, "12"))

	var lines []string
	for _, e := range list(voice.AuditFilter{Tenant: ours}) {
		if e.Actor != who || e.ID == "" || e.At.IsZero() {
			t.Errorf("who and when: %+v", e)
		}
		lines = append(lines, fmt.Sprintln(e.Action, e.Kind, e.Object, e.Name))
		for _, c := range e.Changes {
			if c.Field == "role" {
				lines = append(lines, c.From+" > "+c.To)
			}
			if c.Field == "hash" {
				lines = append(lines, c.From+" > "+c.To)
			}
		}
	}
	want := []string{"deleted user 12 Bert bert@example.com\n", "deleted credential k hoiio b\n", "changed credential k hoiio b\n", " > new, not shown",
		"created credential k hoiio b\n", " > new, not shown", "changed user 12 Bert bert@example.com\n", "regular > admin", "created user 12 Bert bert@example.com\n", " > regular"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
	if got := list(voice.AuditFilter{Tenant: theirs}); len(got) != 0 {
		t.Errorf("another account's log holds %+v", got)
	}
	auditFilters(t, s, list)
}

func auditFilters(t *testing.T, s Store, list func(voice.AuditFilter) []voice.AuditEntry) {
	ctx, start := t.Context(), moment(0)
	for i := range 5 {
		ok(t, s.AppendAudit(ctx, voice.AuditEntry{Tenant: theirs, At: start.Add(time.Duration(i/2) * time.Hour), Action: "logged in", Kind: "user",
			Object: fmt.Sprint(i), Name: "100%_Åsa", Actor: voice.Actor{Kind: voice.ActorUser, ID: fmt.Sprint(i), Name: "x"}}))
	}
	seen := map[string]bool{}
	for f := (voice.AuditFilter{Tenant: theirs, Limit: 2}); ; {
		part := list(f)
		if len(part) == 0 {
			break
		}
		for _, e := range part {
			seen[e.Object] = true
		}
		f.Before, f.BeforeID = part[len(part)-1].At, part[len(part)-1].ID
	}
	if len(seen) != 5 {
		t.Errorf("parts show %v", seen)
	}
	for what, c := range map[string]struct {
		f voice.AuditFilter
		n int
	}{
		"after": {voice.AuditFilter{After: start.Add(time.Hour)}, 3}, "before": {voice.AuditFilter{Before: start.Add(time.Hour)}, 2},
		"actor": {voice.AuditFilter{Actor: "3"}, 1}, "object": {voice.AuditFilter{Object: "4"}, 1}, "action": {voice.AuditFilter{Action: "deleted"}, 0},
		"kind": {voice.AuditFilter{Kind: "user"}, 5}, "search": {voice.AuditFilter{Search: "0%_"}, 5}, "no pattern": {voice.AuditFilter{Search: "1_0"}, 0},
	} {
		c.f.Tenant = theirs
		if got := list(c.f); len(got) != c.n {
			t.Errorf("%s: %d entries, want %d", what, len(got), c.n)
		}
	}
	ok(t, s.ExpireAudit(ctx, start.Add(time.Hour), 2))
	if got := list(voice.AuditFilter{Tenant: theirs}); len(got) != 2 || got[0].Object != "4" {
		t.Errorf("after expiry: %+v", got)
	}
}
