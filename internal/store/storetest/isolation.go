package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"tandem/internal/voice"
)

// testIsolation calls every method that names a tenant on one account's things
// in the name of the other, and looks that nothing came out and nothing changed.
func testIsolation(t *testing.T, s Store) {
	ctx := t.Context()
	populate(t, s)
	before := snapshot(t, s)
	for _, c := range matrix() {
		want(t, c.name+" of another account", c.call(ctx, s, theirs), voice.NotExist)
		want(t, c.name+" of no account", c.call(ctx, s, ""), voice.NotExist)
		same(t, "after "+c.name, snapshot(t, s), before)
	}
	for name, n := range theirLists(t, s) {
		same(t, name+" shows", n, 0)
	}
	ok(t, s.RemoveBinding(ctx, theirs, "101", ""))
	ok(t, s.UpdateMail(ctx, voice.Mail{ID: "q1", Tenant: ours, State: voice.MailQueued, Next: moment(1)},
		&voice.Message{ID: "mt", Tenant: ours, State: voice.MessageDelivered})) // a message of theirs
	same(t, "after side doors", snapshot(t, s), before)
	same(t, "their message", read(s.Message(ctx, theirs, "mt"))(t).State, voice.MessageNew)
	for _, c := range matrix() { // the owner may: so the refusals above were about the account
		want(t, c.name+" by the owner", c.call(ctx, s, ours), "")
	}
}

func populate(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	queued := mail("q1", 1)
	ok(t, s.CreateUser(ctx, user(ours, "11", 1)))
	ok(t, s.CreateToken(ctx, voice.Token{ID: "k1", Tenant: ours, Kind: "sonetel", Name: "n", Hash: "h"}))
	ok(t, s.AddNumber(ctx, voice.Number{E164: "+46850000001", Tenant: ours}))
	ok(t, s.CreateApp(ctx, voice.App{ID: "VA1", Tenant: ours, Version: 1, Document: json.RawMessage(`{}`)}, []voice.Sound{sound("s1", 1)}))
	ok(t, s.AddExtension(ctx, voice.Extension{Tenant: ours, Number: "101", Username: "u101"}))
	ok(t, s.PutBinding(ctx, voice.Binding{Tenant: ours, Extension: "101", Contact: "sip:a", Expires: moment(99)}))
	ok(t, s.AddTrunk(ctx, voice.Trunk{ID: "tr1", Tenant: ours, Name: "a", Host: "h", Password: "p"}))
	ok(t, s.CreateRecording(ctx, recording("r1", ours, 1)))
	ok(t, s.CreateCapture(ctx, capture("p1", ours, 1)))
	ok(t, s.CreateMessage(ctx, message("m1", ours, 1), &queued))
	ok(t, s.CreateMessage(ctx, message("mt", theirs, 1), nil))
	ok(t, s.PutCDR(ctx, cdr("c1", ours, 1)))
	r := resource(ours, "v/x", "n")
	r.Serial = 7007
	read(s.CreateResource(ctx, r))(t)
	ok(t, s.CreateDeliveries(ctx, []voice.Delivery{delivery("d1", "c1", "e", 1)}))
	ok(t, s.CreateAccessToken(ctx, voice.AccessToken{Hash: "a1", Kind: "api", Tenant: ours}))
}

// access is one method called on what populate made, in the name of t.
type access struct {
	name string
	call func(ctx context.Context, s Store, t voice.TenantID) error
}

// matrix lists every method that takes a tenant and names a thing; what reads
// and changes comes before what deletes.
func matrix() []access { return slices.Concat(reads(), changes(), deletions()) }

func reads() []access {
	return []access{
		{"User", func(ctx context.Context, s Store, t voice.TenantID) error { _, err := s.User(ctx, t, "11"); return err }},
		{"App", func(ctx context.Context, s Store, t voice.TenantID) error { _, err := s.App(ctx, t, "VA1"); return err }},
		{"Sound", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Sound(ctx, t, "s1")
			return err
		}},
		{"Extension", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Extension(ctx, t, "101")
			return err
		}},
		{"Recording", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Recording(ctx, t, "r1")
			return err
		}},
		{"Capture", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Capture(ctx, t, "p1")
			return err
		}},
		{"Message", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Message(ctx, t, "m1")
			return err
		}},
		{"Resource", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.Resource(ctx, t, "v/x", 7007)
			return err
		}},
		{"CDR", func(ctx context.Context, s Store, t voice.TenantID) error {
			if t == "" {
				t = "none" // "" is the operator, who sees all calls
			}
			_, err := s.CDR(ctx, t, "c1")
			return err
		}},
	}
}

func changes() []access {
	return []access{
		{"UpdateTenant", func(ctx context.Context, s Store, t voice.TenantID) error {
			if t == theirs {
				t = "none" // there is no other way to name another account here
			}
			return s.UpdateTenant(ctx, voice.Tenant{ID: t})
		}},
		{"UpdateUser", func(ctx context.Context, s Store, t voice.TenantID) error { return s.UpdateUser(ctx, user(t, "11", 7)) }},
		{"UpdateToken", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateToken(ctx, voice.Token{ID: "k1", Tenant: t, Hash: "other"})
		}},
		{"UpdateNumber", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateNumber(ctx, voice.Number{E164: "+46850000001", Tenant: t, Dest: voice.Destination{Kind: voice.ToUser, ID: "x"}})
		}},
		{"UpdateApp", func(ctx context.Context, s Store, t voice.TenantID) error {
			_, err := s.UpdateApp(ctx, voice.App{ID: "VA1", Tenant: t, Version: 1, Name: "other"})
			return err
		}},
		{"UpdateSound", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateSound(ctx, voice.Sound{ID: "s1", Tenant: t})
		}},
		{"PutBinding", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.PutBinding(ctx, voice.Binding{Tenant: t, Extension: "101", Contact: "sip:a", Source: "other"})
		}},
		{"UpdateTrunk", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateTrunk(ctx, voice.Trunk{ID: "tr1", Tenant: t, Name: "other", Host: "other"})
		}},
		{"PutCDR", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.PutCDR(ctx, voice.CDR{Call: "c1", Tenant: t})
		}},
		{"UpdateCapture", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateCapture(ctx, voice.Capture{ID: "p1", Tenant: t})
		}},
		{"UpdateRecording", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateRecording(ctx, voice.Recording{ID: "r1", Tenant: t})
		}},
		{"UpdateMessage", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateMessage(ctx, voice.Message{ID: "m1", Tenant: t})
		}},
		{"UpdateMail", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateMail(ctx, voice.Mail{ID: "q1", Tenant: t, State: voice.MailDead}, nil)
		}},
		{"UpdateResource", func(ctx context.Context, s Store, t voice.TenantID) error {
			return second(s.UpdateResource(ctx, voice.Resource{Kind: "v/x", Serial: 7007, Tenant: t, Version: 1}))
		}},
		{"UpdateDelivery", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.UpdateDelivery(ctx, voice.Delivery{ID: "d1", Tenant: t, State: voice.DeliveryDead})
		}},
		{"Resend", func(ctx context.Context, s Store, t voice.TenantID) error { return s.Resend(ctx, t, "d1", moment(9)) }},
	}
}

func deletions() []access {
	return []access{
		{"DeleteSound", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteSound(ctx, t, "s1") }},
		{"DeleteApp", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteApp(ctx, t, "VA1") }},
		{"DeleteUser", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteUser(ctx, t, "11") }},
		{"DeleteToken", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteToken(ctx, t, "k1") }},
		{"RemoveNumber", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.RemoveNumber(ctx, t, "+46850000001")
		}},
		{"RemoveExtension", func(ctx context.Context, s Store, t voice.TenantID) error { return s.RemoveExtension(ctx, t, "101") }},
		{"RemoveTrunk", func(ctx context.Context, s Store, t voice.TenantID) error { return s.RemoveTrunk(ctx, t, "tr1") }},
		{"DeleteCapture", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteCapture(ctx, t, "p1") }},
		{"DeleteRecording", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteRecording(ctx, t, "r1") }},
		{"DeleteResource", func(ctx context.Context, s Store, t voice.TenantID) error {
			return s.DeleteResource(ctx, t, "v/x", 7007)
		}},
		{"DeleteAccessToken", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteAccessToken(ctx, t, "a1") }},
		{"DeleteMessage", func(ctx context.Context, s Store, t voice.TenantID) error { return s.DeleteMessage(ctx, t, "m1") }},
	}
}

// theirLists gives how long each list of the other account is that should be empty.
func theirLists(t *testing.T, s Store) map[string]int {
	ctx := t.Context()
	return map[string]int{
		"Users":      len(read(s.Users(ctx, theirs))(t)),
		"Tokens":     len(read(s.Tokens(ctx, theirs))(t)),
		"Numbers":    len(read(s.Numbers(ctx, theirs))(t)),
		"Apps":       len(read(s.Apps(ctx, theirs))(t)),
		"Sounds":     len(read(s.Sounds(ctx, theirs, "VA1"))(t)),
		"Extensions": len(read(s.Extensions(ctx, theirs))(t)),
		"Bindings":   len(read(s.Bindings(ctx, theirs, "101", moment(0)))(t)),
		"Trunks":     len(read(s.Trunks(ctx, theirs))(t)),
		"CDRs":       len(read(s.CDRs(ctx, voice.CDRFilter{Tenant: theirs}))(t)),
		"Recordings": len(read(s.Recordings(ctx, theirs, voice.RecordingFilter{Call: "c1"}))(t)),
		"Messages":   len(read(s.Messages(ctx, theirs, "", 0))(t)) - 1, // one is theirs
		"Resources":  len(read(s.Resources(ctx, theirs, voice.ResourceFilter{}))(t)),
		"Deliveries": len(read(s.Deliveries(ctx, theirs, voice.DeliveryFilter{Call: "c1"}))(t)),
		"AccessKeys": len(read(s.AccessTokens(ctx, theirs, "api"))(t)),
	}
}

// snapshot reads everything of our account.
func snapshot(t *testing.T, s Store) []any {
	t.Helper()
	ctx := t.Context()
	return []any{
		read(s.Tenant(ctx, ours))(t), read(s.Users(ctx, ours))(t), read(s.Tokens(ctx, ours))(t), read(s.Numbers(ctx, ours))(t),
		read(s.Apps(ctx, ours))(t), read(s.Sounds(ctx, ours, ""))(t), read(s.Extensions(ctx, ours))(t),
		read(s.Bindings(ctx, ours, "", moment(0)))(t), read(s.Trunks(ctx, ours))(t), read(s.CDR(ctx, ours, "c1"))(t),
		read(s.Recordings(ctx, ours, voice.RecordingFilter{}))(t), read(s.Messages(ctx, ours, "", 0))(t),
		read(s.DueMails(ctx, moment(99), 0))(t), read(s.Resources(ctx, ours, voice.ResourceFilter{}))(t),
		read(s.Deliveries(ctx, ours, voice.DeliveryFilter{}))(t), read(s.AccessTokens(ctx, ours, "api"))(t),
	}
}
