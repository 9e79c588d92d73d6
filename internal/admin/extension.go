package admin

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"tandem/internal/voice"
)

// ExtensionSpec is a new extension.
type ExtensionSpec struct {
	Number string       // 2 to 6 digits
	User   voice.UserID // whose it is; "" = a new user
	Name   string       // of the new user; "" = "Extension 101"
	Email  string       // of the new user; "" = none
	SRTP   string       // as voice.Extension.SRTP
}

// PhoneAccount is what is typed into the phone. The password is shown once and
// never kept: the store has only its digest hashes.
type PhoneAccount struct {
	Username, Password, Domain, Realm string
	Registrar                         string // HOST:PORT
	User                              voice.UserID
	Number                            string
}

// AddExtension makes a short number, the SIP account of its phone and, unless
// one is named, its user.
func (a *Admin) AddExtension(ctx context.Context, account voice.TenantID, s ExtensionSpec) (PhoneAccount, error) {
	const op = "admin.AddExtension"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return PhoneAccount{}, err
	}
	if len(s.Number) < 2 || len(s.Number) > 6 || strings.Trim(s.Number, "0123456789") != "" {
		return PhoneAccount{}, voice.InvalidField(op, "number", "%q is no extension: 2 to 6 digits", s.Number)
	}
	if err := checkSRTP(op, s.SRTP); err != nil {
		return PhoneAccount{}, err
	}
	if _, err := a.Store.Extension(ctx, t.ID, s.Number); err == nil {
		return PhoneAccount{}, voice.InvalidField(op, "number", "account %s has an extension %s already", t.ID, s.Number)
	} else if !voice.IsKind(err, voice.NotExist) {
		return PhoneAccount{}, err
	}
	user, undo, err := a.extensionUser(ctx, t, s)
	if err != nil {
		return PhoneAccount{}, err
	}
	p := PhoneAccount{
		Username: string(t.ID) + "-" + s.Number, Password: voice.NewSecret(),
		Domain: a.Domain, Realm: a.Realm, Registrar: or(a.Registrar, a.Domain+":5060"), User: user, Number: s.Number,
	}
	e := voice.Extension{Tenant: t.ID, Number: s.Number, Username: p.Username, Realm: a.Realm, User: user, SRTP: s.SRTP, Created: time.Now()}
	e.HA1MD5, e.HA1SHA256 = HA1(p.Username, p.Realm, p.Password)
	if err := a.Store.AddExtension(ctx, e); err != nil {
		undo()
		return PhoneAccount{}, err
	}
	return p, nil
}

// checkSRTP wants a policy of secured media.
func checkSRTP(op, policy string) error {
	switch policy {
	case "", "off", "preferred", "required":
		return nil
	}
	return voice.InvalidField(op, "srtp", "%q is neither off, preferred nor required", policy)
}

// SecureExtension sets whether media with an extension's telephones is secured, from the
// next call on: "off", "preferred" or "required".
func (a *Admin) SecureExtension(ctx context.Context, account voice.TenantID, number, srtp string) error {
	const op = "admin.SecureExtension"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return err
	}
	if err := checkSRTP(op, srtp); err != nil {
		return err
	}
	err = a.Store.SetExtensionSRTP(ctx, t.ID, number, srtp)
	if voice.IsKind(err, voice.NotExist) {
		return voice.InvalidField(op, "number", "account %s has no extension %s", t.ID, number)
	}
	return err
}

// HA1 gives the digest hashes of a SIP account (RFC 7616 §3.4.2), as hex.
func HA1(username, realm, password string) (md5Hex, sha256Hex string) {
	a1 := []byte(username + ":" + realm + ":" + password)
	m, s := md5.Sum(a1), sha256.Sum256(a1)
	return hex.EncodeToString(m[:]), hex.EncodeToString(s[:])
}

// extensionUser gives the extension to a user, old or new; undo takes it back.
func (a *Admin) extensionUser(ctx context.Context, t voice.Tenant, s ExtensionSpec) (id voice.UserID, undo func(), err error) {
	const op = "admin.AddExtension"
	if s.User != "" {
		u, err := a.Store.User(ctx, t.ID, s.User)
		if voice.IsKind(err, voice.NotExist) {
			return "", nil, voice.InvalidField(op, "user", "account %s has no user %s", t.ID, s.User)
		}
		if err != nil {
			return "", nil, err
		}
		if u.Extension != "" && u.Extension != s.Number {
			return "", nil, voice.InvalidField(op, "user", "user %s has extension %s already", u.ID, u.Extension)
		}
		before := u
		u.Extension = s.Number
		// Undoing is done though the caller has given up meanwhile.
		return u.ID, func() { _ = a.Store.UpdateUser(context.WithoutCancel(ctx), before) }, a.Store.UpdateUser(ctx, u)
	}
	first, last, _ := strings.Cut(or(strings.TrimSpace(s.Name), "Extension "+s.Number), " ")
	if err := checkName(first + last); err != nil {
		return "", nil, voice.InvalidField(op, "name", "%w", err)
	}
	if s.Email != "" {
		if err := a.freeEmail(ctx, s.Email); err != nil {
			return "", nil, err
		}
	}
	u := voice.User{Tenant: t.ID, FirstName: first, LastName: last, Email: s.Email, Role: voice.RoleRegular,
		Extension: s.Number, Location: t.Country, Created: time.Now()}
	err = draw(func() error {
		u.ID = voice.UserID(voice.NewNumericID(10))
		return a.Store.CreateUser(ctx, u)
	})
	return u.ID, func() { _ = a.Store.DeleteUser(context.WithoutCancel(ctx), t.ID, u.ID) }, err
}

// RegisteredExtension is an extension and how many phones it rings.
type RegisteredExtension struct {
	voice.Extension
	Phones   int
	Bindings []voice.Binding // of these phones
}

// Extensions lists an account's extensions.
func (a *Admin) Extensions(ctx context.Context, account voice.TenantID) ([]RegisteredExtension, error) {
	t, err := a.tenant(ctx, "admin.Extensions", account)
	if err != nil {
		return nil, err
	}
	all, err := a.Store.Extensions(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	bindings, err := a.Store.Bindings(ctx, t.ID, "", time.Now())
	if err != nil {
		return nil, err
	}
	list := make([]RegisteredExtension, len(all))
	for i, e := range all {
		list[i].Extension = e
		for _, b := range bindings {
			if b.Extension == e.Number {
				list[i].Phones++
				list[i].Bindings = append(list[i].Bindings, b)
			}
		}
	}
	return list, nil
}

// RemoveExtension removes an extension and its registrations; the user stays.
func (a *Admin) RemoveExtension(ctx context.Context, account voice.TenantID, number string) error {
	const op = "admin.RemoveExtension"
	t, err := a.tenant(ctx, op, account)
	if err != nil {
		return err
	}
	e, err := a.Store.Extension(ctx, t.ID, number)
	if voice.IsKind(err, voice.NotExist) {
		return voice.InvalidField(op, "number", "account %s has no extension %s", t.ID, number)
	}
	if err != nil {
		return err
	}
	if err := a.Store.RemoveExtension(ctx, t.ID, number); err != nil {
		return err
	}
	if err := a.Store.RemoveBinding(ctx, t.ID, number, ""); err != nil && !voice.IsKind(err, voice.NotExist) {
		return err
	}
	u, err := a.Store.User(ctx, t.ID, e.User)
	if err != nil || u.Extension != number {
		return nil // the user has gone or has another number
	}
	u.Extension = ""
	return a.Store.UpdateUser(ctx, u)
}
