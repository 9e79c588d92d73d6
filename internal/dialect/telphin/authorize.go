package telphin

import (
	"html/template"
	"net/http"
	"net/url"
	"sync"
	"time"

	"tandem/internal/voice"
)

// Codes are good for CodeLife and once.
const (
	CodeLife = time.Minute
	maxCodes = 10_000
)

// grant is what a user has allowed an application.
type grant struct {
	app      voice.TokenID
	user     voice.UserID
	redirect string
	until    time.Time
}

// codes holds the grants that are still to be fetched.
type codes struct {
	mu   sync.Mutex
	open map[string]grant
}

func (c *codes) put(g grant, now time.Time) string {
	code := voice.NewSecret()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= maxCodes {
		for old, g := range c.open {
			if now.After(g.until) {
				delete(c.open, old)
			}
		}
	}
	if c.open == nil || len(c.open) >= maxCodes {
		c.open = map[string]grant{}
	}
	c.open[code] = g
	return code
}

func (c *codes) take(code string, now time.Time) (grant, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.open[code]
	delete(c.open, code)
	return g, ok && now.Before(g.until)
}

// codeGrant gives tokens for the code of an authorization.
func (d *Dialect) codeGrant(r *http.Request, p map[string]string, app voice.Token) (tokenReply, error) {
	g, ok := d.codes.take(p["code"], d.cfg.Now())
	if !ok || g.app != app.ID || !same(p["redirect_uri"], g.redirect) {
		return tokenReply{}, oauthf("invalid_grant", "the code is not good, or redirect_uri is another one than it was given for")
	}
	app.User = g.user
	return d.issue(r, app, true)
}

// consent is the page on which a user lets a public application in.
var consent = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Authorize an application</title>
<style>body{font:16px/1.5 sans-serif;max-width:26em;margin:3em auto;padding:0 1em}label{display:block;margin:.8em 0}
input{display:block;width:100%;padding:.4em;font:inherit;box-sizing:border-box}button{padding:.5em 1em;font:inherit;margin-right:.5em}
.error{color:#a00}</style></head><body>
<h1>Authorize an application</h1>
{{if .Fatal}}<p class="error">{{.Fatal}}</p>{{else}}
<p>The application <strong>{{.App}}</strong> asks for access to your account: {{.Access}}. It will be told the result at {{.Redirect}}.</p>
{{with .Error}}<p class="error">{{.}}</p>{{end}}
<form method="post">
<label>E-mail <input name="username" type="email" autocomplete="username" required value="{{.User}}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button name="decision" value="allow">Log in and allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</form>{{end}}</body></html>
`))

type consentPage struct{ Fatal, App, Access, Redirect, Error, User string }

// serveAuthorize is /oauth/authorize (RFC 6749 §4.1.1). Its parameters are those
// of the query; what is wrong with the application or its address is said on the
// page, and nobody is sent to an address that is not registered.
func (d *Dialect) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	app, fatal := d.publicApp(r, query)
	if fatal != "" {
		d.showConsent(w, http.StatusBadRequest, consentPage{Fatal: fatal})
		return
	}
	page := consentPage{App: app.Application().Title, Access: "everything", Redirect: query.Get("redirect_uri")}
	if page.App == "" {
		page.App = app.Name
	}
	if scopeOf(app.Scopes, ScopeAccess) == AccessCall {
		page.Access = "calls and recordings"
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		d.showConsent(w, http.StatusOK, page)
	case http.MethodPost:
		d.decide(w, r, app, page)
	default:
		w.Header().Set("Allow", "GET, POST")
		d.showConsent(w, http.StatusMethodNotAllowed, consentPage{Fatal: "GET or POST is needed."})
	}
}

// publicApp finds the application that asks, or says why it can't.
func (d *Dialect) publicApp(r *http.Request, query url.Values) (voice.Token, string) {
	app, err := d.cfg.Credentials.TokenByName(r.Context(), string(Kind), query.Get("client_id"))
	switch {
	case voice.IsKind(err, voice.NotExist):
		return app, "The application is unknown: client_id is wrong."
	case err != nil:
		d.cfg.Log.Error("application not read", "err", err)
		return app, "The application can't be looked up now."
	case app.Application().Type != voice.ApplicationPublic:
		return app, "The application is not a public one: it logs in by itself."
	case !app.Application().Returns(query.Get("redirect_uri")):
		return app, "The address in redirect_uri is not registered for the application."
	case query.Get("response_type") != "code":
		return app, "The application asks for something else than a code: response_type is wrong."
	}
	return app, ""
}

func (d *Dialect) decide(w http.ResponseWriter, r *http.Request, app voice.Token, page consentPage) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		d.showConsent(w, http.StatusBadRequest, consentPage{Fatal: "The form could not be read."})
		return
	}
	back := url.Values{}
	if state := r.URL.Query().Get("state"); state != "" {
		back.Set("state", state)
	}
	if r.PostForm.Get("decision") == "deny" {
		back.Set("error", "access_denied")
		sendBack(w, r, page.Redirect, back)
		return
	}
	page.User = r.PostForm.Get("username")
	user, err := d.person(r, page.User, r.PostForm.Get("password"), app)
	if err != nil {
		page.Error = "The e-mail address or password is wrong."
		if _, ok := err.(*oauthError); !ok {
			d.cfg.Log.Error("log-in not checked", "err", err)
			page.Error = "The log-in can't be checked now."
		}
		d.showConsent(w, http.StatusForbidden, page)
		return
	}
	now := d.cfg.Now()
	back.Set("code", d.codes.put(grant{app: app.ID, user: user.User, redirect: page.Redirect, until: now.Add(CodeLife)}, now))
	sendBack(w, r, page.Redirect, back)
}

// sendBack redirects to a registered address with parameters added to its query.
func sendBack(w http.ResponseWriter, r *http.Request, to string, add url.Values) {
	u, err := url.Parse(to)
	if err != nil {
		http.Error(w, "the registered address is broken", http.StatusBadRequest)
		return
	}
	query := u.Query()
	for name := range add {
		query.Set(name, add.Get(name))
	}
	u.RawQuery = query.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusFound)
}

func (d *Dialect) showConsent(w http.ResponseWriter, status int, page consentPage) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := consent.Execute(w, page); err != nil {
		d.cfg.Log.Debug("page not written", "err", err)
	}
}
