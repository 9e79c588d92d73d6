package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/voice"
)

// Key is a key of this API, without what is secret.
type Key struct {
	ID      string     `json:"id"`
	Name    string     `json:"name" doc:"For people"`
	Scopes  []string   `json:"scopes"`
	User    string     `json:"user,omitempty" doc:"Whose it is"`
	Created *time.Time `json:"created,omitempty"`
	Expires *time.Time `json:"expires,omitempty" doc:"Missing = never"`
	Used    *time.Time `json:"used,omitempty" doc:"Last use, to the minute"`
}

// KeyInput is a new key.
type KeyInput struct {
	Name    string     `json:"name" minLength:"1" maxLength:"100" doc:"For people: what uses it"`
	Scopes  []string   `json:"scopes" minItems:"1" maxItems:"20" uniqueItems:"true" enum:"calls:read,calls:write,apps:read,apps:write,config:read,config:write,recordings:read,recordings:write,phone,audit:read,operator" doc:"What it may do"`
	User    string     `json:"user,omitempty" maxLength:"40" doc:"Id of the user whose it is"`
	Expires *time.Time `json:"expires,omitempty" doc:"Missing = never"`
}

// NewKey is a key with its secret.
type NewKey struct {
	Key
	Secret string `json:"secret" doc:"Sent as \"Authorization: Bearer SECRET\"; shown this once"`
}

// KeyPath names it in the path.
type KeyPath struct {
	Key string `path:"key" maxLength:"64"`
}

// Credential is what a vendor's client logs in with, without what is secret.
type Credential struct {
	ID      string     `json:"id"`
	For     string     `json:"for" doc:"Vendor whose API it opens"`
	Name    string     `json:"name" doc:"Public half: e-mail address or client id"`
	User    string     `json:"user"`
	Created *time.Time `json:"created,omitempty"`
	Used    *time.Time `json:"used,omitempty"`
}

// CredentialInput is a new credential.
type CredentialInput struct {
	For       string   `json:"for" enum:"sonetel,telphin,smartflo,hoiio,routee" doc:"Vendor whose API it opens"`
	User      string   `json:"user,omitempty" maxLength:"40" doc:"Who logs in with it; missing = the owner"`
	Name      string   `json:"name,omitempty" maxLength:"100" doc:"For people, of an OAuth application"`
	Type      string   `json:"type,omitempty" enum:"trusted,password,public" doc:"Of an OAuth application; missing = trusted"`
	Redirects []string `json:"redirects,omitempty" maxItems:"20" doc:"Addresses that a public application may send its users back to"`
}

// NewCredential has every field that the vendor's client asks for.
type NewCredential struct {
	Fields map[string]string `json:"fields" doc:"Under the vendor's own names; what is secret is shown this once"`
}

// CredentialPath names it in the path.
type CredentialPath struct {
	Credential string `path:"credential" maxLength:"64"`
}

func (a *API) registerKeys() {
	const section = "Keys and credentials"
	handle(a, route{id: "list-keys", method: http.MethodGet, path: "/keys", section: section, scope: ConfigRead, title: "List the keys of this API"}, a.listKeys)
	handle(a, route{id: "create-key", method: http.MethodPost, path: "/keys", section: section, scope: ConfigWrite, status: http.StatusCreated,
		title: "Make a key of this API", text: "It can't do more than the key that makes it. It is shown this once."}, a.createKey)
	handle(a, route{id: "delete-key", method: http.MethodDelete, path: "/keys/{key}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Delete a key", text: "It does not work any more, at once."}, a.deleteKey)
	handle(a, route{id: "list-credentials", method: http.MethodGet, path: "/credentials", section: section, scope: ConfigRead, title: "List the credentials of the vendors' APIs"}, a.listCredentials)
	handle(a, route{id: "create-credential", method: http.MethodPost, path: "/credentials", section: section, scope: ConfigWrite, status: http.StatusCreated,
		title: "Make a credential of a vendor's API", text: "A log-in replaces the former one of the same user. The client can do everything in the account, so the key needs every scope of it."}, a.createCredential)
	handle(a, route{id: "delete-credential", method: http.MethodDelete, path: "/credentials/{credential}", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Delete a credential of a vendor's API", text: "Tokens that were given for it are void."}, a.deleteCredential)
}

// keyID names a key without telling its hash.
func keyID(k voice.AccessToken) string { return k.Hash[:min(16, len(k.Hash))] }

func showKey(k voice.AccessToken) Key {
	return Key{ID: keyID(k), Name: k.Name, Scopes: append([]string{}, k.Scopes...), User: string(k.User),
		Created: moment(k.Created), Expires: moment(k.Expires), Used: moment(k.Used)}
}

func (a *API) keysOf(ctx context.Context, t voice.TenantID) (*answer[Page[Key]], error) {
	list, err := a.cfg.Keys.List(ctx, t)
	if err != nil {
		return nil, err
	}
	return all(list, showKey), nil
}

func (a *API) makeKey(ctx context.Context, t voice.TenantID, in KeyInput) (*answer[NewKey], error) {
	k := voice.AccessToken{Tenant: t, User: voice.UserID(in.User), Name: cleanName(in.Name), Scopes: in.Scopes}
	if k.Name == "" {
		return nil, invalid("body.name", "the name is empty")
	}
	if in.Expires != nil {
		if k.Expires = *in.Expires; !k.Expires.After(a.cfg.Now()) {
			return nil, invalid("body.expires", "%s is over", k.Expires.Format(time.RFC3339))
		}
	}
	if k.User != "" {
		if _, err := a.cfg.Users.User(ctx, t, k.User); voice.IsKind(err, voice.NotExist) {
			return nil, invalid("body.user", "the account has no user %s", k.User)
		} else if err != nil {
			return nil, err
		}
	}
	secret, made, err := a.cfg.Keys.Make(ctx, k)
	if err != nil {
		return nil, err
	}
	return body(NewKey{showKey(made), secret}), nil
}

func (a *API) removeKey(ctx context.Context, t voice.TenantID, id string) error {
	list, err := a.cfg.Keys.List(ctx, t)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(k voice.AccessToken) bool { return keyID(k) == id })
	if i < 0 {
		return voice.Errorf("httpapi", voice.NotExist, "the account has no key %s", id)
	}
	return a.cfg.Keys.Remove(ctx, t, list[i].Hash)
}

func (a *API) listKeys(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Key]], error) {
	return a.keysOf(ctx, c.tenant)
}

func (a *API) createKey(ctx context.Context, c caller, in *struct{ Body KeyInput }) (*answer[NewKey], error) {
	for _, s := range in.Body.Scopes {
		if !c.may(Scope(s)) {
			return nil, voice.Errorf("httpapi", voice.Permission, "the key has not the scope %s itself and can't give it away", s)
		}
	}
	return a.makeKey(ctx, c.tenant, in.Body)
}

func (a *API) deleteKey(ctx context.Context, c caller, in *KeyPath) (*nothing, error) {
	return nil, a.removeKey(ctx, c.tenant, in.Key)
}

// vendors lists the kinds of stored credentials that this API shows. Those of
// the web pages are not among them.
func vendors() []string {
	return slices.DeleteFunc(admin.Vendors(), func(v string) bool { return v == admin.NativeAPI })
}

// vendorOf gives the vendor of a credential's kind, or "".
func vendorOf(kind string) string {
	name, _, _ := strings.Cut(kind, "/")
	if slices.Contains(vendors(), name) {
		return name
	}
	return ""
}

func (a *API) credentials(ctx context.Context, c caller) ([]voice.Token, error) {
	list, err := a.cfg.Credentials.Tokens(ctx, c.tenant)
	return slices.DeleteFunc(list, func(t voice.Token) bool { return vendorOf(t.Kind) == "" }), err
}

func (a *API) listCredentials(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Credential]], error) {
	list, err := a.credentials(ctx, c)
	if err != nil {
		return nil, err
	}
	return all(list, func(t voice.Token) Credential {
		return Credential{string(t.ID), vendorOf(t.Kind), t.Name, string(t.User), moment(t.Created), moment(t.Used)}
	}), nil
}

func (a *API) createCredential(ctx context.Context, c caller, in *struct{ Body CredentialInput }) (*answer[NewCredential], error) {
	for _, s := range Scopes() { // what a vendor's client may do is not parted
		if s != Operator && !c.may(s) {
			return nil, voice.Errorf("httpapi", voice.Permission, "the key has not the scope %s itself, and a vendor's client has every one", s)
		}
	}
	b := in.Body
	fields, err := a.cfg.Admin.CreateCredential(ctx, admin.CredentialSpec{Account: c.tenant, For: b.For, User: voice.UserID(b.User),
		Name: b.Name, Type: voice.ApplicationType(b.Type), Redirects: b.Redirects})
	if err != nil {
		return nil, err
	}
	made := NewCredential{Fields: map[string]string{}}
	for _, f := range fields {
		made.Fields[f.Name] = f.Value
	}
	return body(made), nil
}

func (a *API) deleteCredential(ctx context.Context, c caller, in *CredentialPath) (*nothing, error) {
	list, err := a.credentials(ctx, c)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(list, func(t voice.Token) bool { return string(t.ID) == in.Credential }) {
		return nil, voice.Errorf("httpapi", voice.NotExist, "the account has no credential %s", in.Credential)
	}
	return nil, a.cfg.Credentials.DeleteToken(ctx, c.tenant, voice.TokenID(in.Credential))
}
