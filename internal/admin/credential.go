package admin

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"tandem/internal/voice"
)

// NativeAPI is for whom a credential of our own API is.
const NativeAPI = "api"

// LoginKind gives the kind of the credentials that people sign in with at a
// vendor whose API has applications with credentials of their own.
func LoginKind(vendor string) string { return vendor + "/login" }

// Vendors lists those whose clients there are credentials for.
func Vendors() []string {
	return []string{"sonetel", "telphin", "smartflo", "hoiio", "routee", NativeAPI}
}

// Field is one value that a vendor's client asks for, under the vendor's name.
type Field struct{ Name, Value string }

// CredentialSpec is a credential to be made.
type CredentialSpec struct {
	Account voice.TenantID
	For     string       // one of Vendors
	User    voice.UserID // "" = the account's owner
	Name    string       // for people: of an application or a key

	Type      voice.ApplicationType // of an OAuth application; "" = trusted
	Redirects []string              // of a public one
	Access    string                // of an OAuth application: "all" or "call", which has calls alone; "" = all
	Scopes    []string              // of a key of our own API
}

// CreateCredential makes an API credential and gives every field that the
// vendor's client needs. What is secret is shown this once. A login replaces the
// former one of the same user; applications and keys stand beside others.
func (a *Admin) CreateCredential(ctx context.Context, c CredentialSpec) ([]Field, error) {
	const op = "admin.CreateCredential"
	makers := map[string]func(context.Context, CredentialSpec, voice.User) ([]Field, error){
		"sonetel": a.login, "smartflo": a.login, "telphin": a.application, "hoiio": a.sealed, NativeAPI: a.key, "routee": a.routee,
	}
	create, spoken := makers[c.For]
	if !spoken {
		return nil, voice.InvalidField(op, "for", "%q is none of %s", c.For, strings.Join(Vendors(), ", "))
	}
	if err := c.check(op); err != nil {
		return nil, err
	}
	t, err := a.tenant(ctx, op, c.Account)
	if err != nil {
		return nil, err
	}
	u, err := a.credentialUser(ctx, op, t.ID, c.User)
	if err != nil {
		return nil, err
	}
	return create(ctx, c, u)
}

// check looks that nothing is said that the credential can't keep.
func (c CredentialSpec) check(op string) error {
	switch {
	case c.For != "telphin" && (c.Type != "" || len(c.Redirects) > 0):
		return voice.InvalidField(op, "type", "a credential for %s is no OAuth application", c.For)
	case c.For != "telphin" && c.Access != "":
		return voice.InvalidField(op, "access", "a credential for %s has no level of access", c.For)
	case c.For != NativeAPI && len(c.Scopes) > 0:
		return voice.InvalidField(op, "scope", "a credential for %s has no scopes", c.For)
	case c.Name != "" && c.For == "hoiio":
		return voice.InvalidField(op, "name", "a credential for hoiio has its app_id as its name")
	case c.Name != "" && c.For != "telphin" && c.For != "routee" && c.For != NativeAPI:
		return voice.InvalidField(op, "name", "a login for %s has the user's e-mail as its name", c.For)
	case c.Name == "":
		return nil
	}
	if err := checkName(c.Name); err != nil {
		return voice.InvalidField(op, "name", "%w", err)
	}
	return nil
}

// login makes the name and password that a user logs in with.
func (a *Admin) login(ctx context.Context, c CredentialSpec, u voice.User) ([]Field, error) {
	fields, err := a.password(ctx, c.For, u)
	if err != nil {
		return nil, err
	}
	if c.For == "smartflo" {
		fields[0].Name = "email" // as the vendor calls it
	}
	return append(fields, a.whose(u, "/"+c.For+"/")...), nil
}

func (a *Admin) password(ctx context.Context, kind string, u voice.User) ([]Field, error) {
	if u.Email == "" {
		return nil, voice.InvalidField("admin.CreateCredential", "user", "user %s has no e-mail address, which this vendor's clients log in with", u.ID)
	}
	secret := voice.NewSecret()
	if err := a.Passwords.SetPassword(ctx, kind, u, secret); err != nil {
		return nil, err
	}
	return []Field{{"username", u.Email}, {"password", secret}}, nil
}

// application makes an OAuth application, and for the types that need one a
// login of the user.
func (a *Admin) application(ctx context.Context, c CredentialSpec, u voice.User) ([]Field, error) {
	const op = "admin.CreateCredential"
	app := voice.Application{Type: c.Type, Title: c.Name, Redirects: c.Redirects, Access: c.Access}
	if !slices.Contains([]string{"", "all", "call"}, c.Access) {
		return nil, voice.InvalidField(op, "access", "%q is none of all, call", c.Access)
	}
	switch app.Type {
	case "":
		app.Type = voice.ApplicationTrusted
	case voice.ApplicationTrusted, voice.ApplicationPassword, voice.ApplicationPublic:
	default:
		return nil, voice.InvalidField(op, "type", "%q is none of trusted, password, public", c.Type)
	}
	if (app.Type == voice.ApplicationPublic) != (len(app.Redirects) > 0) {
		return nil, voice.InvalidField(op, "redirect", "a public application, and no other, needs the addresses that its users are sent back to")
	}
	for _, r := range app.Redirects { // RFC 6749 §3.1.2
		u, err := url.Parse(r)
		if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" || strings.Contains(r, "#") || len(r) > 2000 ||
			slices.Contains([]string{"javascript", "data", "file"}, strings.ToLower(u.Scheme)) {
			return nil, voice.InvalidField(op, "redirect", "%q is no absolute address without a fragment", r)
		}
	}
	var login []Field
	if app.Type != voice.ApplicationTrusted {
		var err error
		if login, err = a.password(ctx, LoginKind(c.For), u); err != nil {
			return nil, err
		}
	}
	id, secret, err := a.Passwords.CreateApplication(ctx, c.For, u, app)
	if err != nil {
		return nil, err
	}
	fields := []Field{{"app_id", id}, {"app_secret", secret}, {"type", string(app.Type)}}
	if len(app.Redirects) > 0 {
		fields = append(fields, Field{"redirect_uri", strings.Join(app.Redirects, " ")})
	}
	fields = append(fields, login...)
	fields = append(fields, Field{"token_url", a.URL + "/" + c.For + "/oauth/token"})
	return append(fields, a.whose(u, "/"+c.For+"/api/ver1.0/")...), nil
}

// sealed makes the credential of an application whose access token signs what it is
// sent.
func (a *Admin) sealed(ctx context.Context, c CredentialSpec, u voice.User) ([]Field, error) {
	id, secret, err := a.Passwords.CreateSealed(ctx, c.For, u, a.Seal)
	if err != nil {
		return nil, err
	}
	return append([]Field{{"app_id", id}, {"access_token", secret}}, a.whose(u, "/"+c.For+"/open/")...), nil
}

// key makes a key of our own API.
func (a *Admin) key(ctx context.Context, c CredentialSpec, u voice.User) ([]Field, error) {
	const op = "admin.CreateCredential"
	if len(c.Scopes) == 0 {
		return nil, voice.InvalidField(op, "scope", "say what the key may do; the page /docs/api lists the scopes")
	}
	for _, s := range c.Scopes {
		if s == "" || len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.:-*") != "" {
			return nil, voice.InvalidField(op, "scope", "%q is no scope: small letters, digits and . : _ - only", s)
		}
	}
	name := c.Name
	if name == "" {
		name = "key of " + strings.TrimSpace(u.FirstName+" "+u.LastName)
	}
	key, err := a.Keys.Issue(ctx, NativeAPI, voice.Token{Tenant: u.Tenant, User: u.ID, Name: name, Scopes: c.Scopes}, 0)
	if err != nil {
		return nil, err
	}
	return append([]Field{{"key", key}, {"name", name}, {"scope", strings.Join(c.Scopes, " ")}}, a.whose(u, "/api/v1/")...), nil
}

// whose gives the fields that say whose a credential is and where it is used.
func (a *Admin) whose(u voice.User, path string) []Field {
	return []Field{{"account_id", string(u.Tenant)}, {"user_id", string(u.ID)}, {"base_url", a.URL + path}}
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

// routee makes an application of Routee's.
func (a *Admin) routee(ctx context.Context, c CredentialSpec, u voice.User) ([]Field, error) {
	id, secret, err := a.Passwords.CreateApplication(ctx, c.For, u, voice.Application{Type: voice.ApplicationTrusted, Title: c.Name})
	if err != nil {
		return nil, err
	}
	fields := []Field{{"applicationId", id}, {"applicationSecret", secret}, {"token_url", a.URL + "/routee/oauth/token"}}
	return append(fields, a.whose(u, "/routee/")...), nil
}
