package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/voice"
)

// ScopesOf gives what a user may do when logged in at the web app.
func ScopesOf(u voice.User) []Scope {
	switch {
	case u.Role == voice.RoleAdmin && u.Operator:
		return Scopes()
	case u.Role == voice.RoleAdmin:
		return []Scope{CallsRead, CallsWrite, AppsRead, AppsWrite, ConfigRead, ConfigWrite, RecordingsRead, RecordingsWrite, PhoneUse, AuditRead}
	}
	return []Scope{CallsRead, AppsRead, ConfigRead, PhoneUse}
}

// sites refuses requests that pages of other sites send with the cookie.
var sites = http.NewCrossOriginProtection()

// logged gives the caller of a request that came with the web app's cookie; false
// when it has been refused.
func (a *API) logged(ctx huma.Context) (caller, bool) {
	r, _ := humago.Unwrap(ctx)
	if err := sites.Check(r); err != nil {
		a.refuse(ctx, http.StatusForbidden, "the request comes from a page of another site")
		return caller{}, false
	}
	u, err := a.cfg.Session(r)
	switch {
	case voice.IsKind(err, voice.Permission):
		a.refuse(ctx, http.StatusUnauthorized, `send a key as "Authorization: Bearer KEY", or log in`)
		return caller{}, false
	case err != nil:
		a.cfg.Log.Error("log-in not checked", "err", err)
		a.refuse(ctx, statusOf(voice.KindOf(err)), "the log-in can't be checked now")
		return caller{}, false
	}
	c := personal(u)
	if a.cfg.SessionID != nil {
		c.login = func() (string, error) { return a.cfg.SessionID(r) }
	}
	return c, true
}

// personal is the caller that a person is.
func personal(u voice.User) caller {
	c := caller{tenant: u.Tenant, person: u, key: voice.AccessToken{Tenant: u.Tenant, User: u.ID}}
	for _, s := range ScopesOf(u) {
		c.key.Scopes = append(c.key.Scopes, string(s))
	}
	return c
}

// Me is who asks.
type Me struct {
	Account  string   `json:"account" doc:"Id of the account; empty for an operator's key"`
	Name     string   `json:"name,omitempty" doc:"Of the account"`
	Timezone string   `json:"timezone,omitempty" doc:"Of the account"`
	Factor   *Factor  `json:"second_factor,omitempty" doc:"Of who is logged in at the page"`
	User     *User    `json:"user,omitempty" doc:"Who is logged in, or whose key it is"`
	Key      string   `json:"key,omitempty" doc:"Name of the key"`
	Scopes   []string `json:"scopes" doc:"What may be done"`
	Version  string   `json:"version" doc:"Of the server"`
}

func (a *API) registerMe() {
	handle(a, route{id: "read-me", method: http.MethodGet, path: "/me", section: "Accounts", title: "Who am I",
		text: "The account and what the key, or who is logged in at the web app, may do."}, a.readMe)
}

func (a *API) readMe(ctx context.Context, c caller, _ *struct{}) (*answer[Me], error) {
	me := Me{Account: string(c.tenant), Key: c.key.Name, Scopes: c.key.Scopes, Version: a.cfg.Version}
	if c.tenant == "" {
		return body(me), nil
	}
	t, err := a.cfg.Tenants.Tenant(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	me.Name, me.Timezone = t.Name, t.Timezone
	if u := c.person; u.ID != "" {
		shown := showUser(u)
		me.User = &shown
		if me.Factor, err = a.factorOf(ctx, u, t); err != nil {
			return nil, err
		}
	}
	return body(me), nil
}
