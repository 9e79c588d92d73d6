package admin

import (
	"context"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// Vendors lists those whose clients there are or will be credentials for.
func Vendors() []string { return []string{"sonetel", "telphin", "smartflo", "hoiio", "routee"} }

// Field is one value that a vendor's client asks for, under the vendor's name.
type Field struct{ Name, Value string }

// CreateCredential makes the API credential of a user (or, user "", of the
// account's owner) and gives every field that the vendor's client needs. The
// secret is shown this once; a former one of the same user stops working.
func (a *Admin) CreateCredential(ctx context.Context, account voice.TenantID, vendor string, user voice.UserID) ([]Field, error) {
	const op = "admin.CreateCredential"
	if vendor != "sonetel" {
		if slices.Contains(Vendors(), vendor) {
			return nil, voice.InvalidField(op, "for", "this version does not speak %s's API yet; it speaks sonetel's", vendor)
		}
		return nil, voice.InvalidField(op, "for", "%q is none of %s", vendor, strings.Join(Vendors(), ", "))
	}
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return nil, err
	}
	u, err := a.credentialUser(ctx, op, t.ID, user)
	if err != nil {
		return nil, err
	}
	if u.Email == "" {
		return nil, voice.InvalidField(op, "user", "user %s has no e-mail address, which this vendor's clients log in with", u.ID)
	}
	secret := voice.NewSecret()
	if err := a.Passwords.SetPassword(ctx, vendor, u, secret); err != nil {
		return nil, err
	}
	return []Field{
		{"username", u.Email},
		{"password", secret},
		{"account_id", string(t.ID)},
		{"user_id", string(u.ID)},
		{"base_url", a.URL + "/" + vendor + "/"},
	}, nil
}

func (a *Admin) credentialUser(ctx context.Context, op string, t voice.TenantID, id voice.UserID) (voice.User, error) {
	if id == "" {
		return a.owner(ctx, t)
	}
	u, err := a.Store.User(ctx, t, id)
	if voice.IsKind(err, voice.NotExist) {
		return u, voice.InvalidField(op, "user", "account %s has no user %s", t, id)
	}
	return u, err
}
