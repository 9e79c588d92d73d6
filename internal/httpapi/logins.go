package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Login is a browser in which a person is logged in at the page.
type Login struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires" doc:"It ends then by itself"`
	Seen    time.Time `json:"seen" doc:"Last use, to the minute"`
	Source  string    `json:"source,omitempty" doc:"Address that it was begun from"`
	Browser string    `json:"browser,omitempty" doc:"What the browser calls itself (User-Agent)"`
	Current bool      `json:"current" doc:"It is the one that asks"`
}

// LoginPath names one in the path.
type LoginPath struct {
	Login string `path:"login" maxLength:"64"`
}

func (a *API) registerLogins() {
	const section = "Users"
	const own = "For people who are logged in at the page. Log-ins last a restart of the server, and end when the password changes, too."
	handle(a, route{id: "list-own-logins", method: http.MethodGet, path: "/me/logins", section: section, title: "List your log-ins", text: own}, a.listOwnLogins)
	handle(a, route{id: "end-own-login", method: http.MethodDelete, path: "/me/logins/{login}", section: section, status: http.StatusNoContent,
		title: "End one of your log-ins", text: own}, a.endOwnLogin)
	handle(a, route{id: "end-other-logins", method: http.MethodDelete, path: "/me/logins", section: section, status: http.StatusNoContent,
		title: "End all your log-ins but this one", text: own}, a.endOtherLogins)
}

// loginOf gives who is logged in, and the id of that log-in; Permission for a key.
func loginOf(c caller) (voice.User, string, error) {
	if c.login == nil {
		return c.person, "", voice.Errorf("httpapi", voice.Permission, "a key has no log-ins: log in at the page")
	}
	id, err := c.login()
	return c.person, id, err
}

func (a *API) listOwnLogins(ctx context.Context, c caller, _ *struct{}) (*answer[Page[Login]], error) {
	u, own, err := loginOf(c)
	if err != nil {
		return nil, err
	}
	list, err := a.cfg.Sessions.Sessions(ctx, u.Tenant, u.ID, a.cfg.Now())
	if err != nil {
		return nil, err
	}
	return all(list, func(s voice.WebSession) Login {
		return Login{s.ID, s.Created.UTC(), s.Expires.UTC(), s.Seen.UTC(), s.Source, s.Agent, s.ID == own}
	}), nil
}

func (a *API) endOwnLogin(ctx context.Context, c caller, in *LoginPath) (*nothing, error) {
	u, _, err := loginOf(c)
	if err != nil {
		return nil, err
	}
	n, err := a.cfg.Sessions.EndSessions(ctx, u.Tenant, u.ID, in.Login, "")
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, voice.Errorf("httpapi", voice.NotExist, "you have no log-in %s", in.Login)
	}
	return nil, a.noteLogin(ctx, u, "ended a log-in of")
}

func (a *API) endOtherLogins(ctx context.Context, c caller, _ *struct{}) (*nothing, error) {
	u, own, err := loginOf(c)
	if err != nil {
		return nil, err
	}
	if _, err := a.cfg.Sessions.EndSessions(ctx, u.Tenant, u.ID, "", own); err != nil {
		return nil, err
	}
	return nil, a.noteLogin(ctx, u, "ended the other log-ins of")
}

func (a *API) noteLogin(ctx context.Context, u voice.User, action string) error {
	actor, ok := voice.ActorOf(ctx)
	if !ok {
		return nil
	}
	return a.cfg.Audit.AppendAudit(ctx, voice.AuditEntry{Tenant: u.Tenant, At: a.cfg.Now(), Actor: actor, Action: action, Kind: "user", Object: string(u.ID), Name: actor.Name})
}
