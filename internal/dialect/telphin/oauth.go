package telphin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Lives of tokens. Clients log in anew some minutes before the first is over.
const (
	TokenLife   = time.Hour
	RefreshLife = 30 * 24 * time.Hour
)

// refreshKind is the kind of refresh tokens among the bearers.
const refreshKind = string(Kind) + "-refresh"

// ScopeAccess begins the scope of an application that says its level of access,
// AccessAll or AccessCall; without one it is AccessAll. What else there is to an
// application is voice.Application's.
const ScopeAccess = "access"

// The levels of access of applications.
const (
	AccessAll  = "all"
	AccessCall = "call"
)

// LoginKind is the kind of the credentials that people log in to applications with.
const LoginKind = string(Kind) + "/login"

// tokenReply is the answer to a good token request.
type tokenReply struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Scope   string `json:"scope"`
	Refresh string `json:"refresh_token,omitempty"`
}

// oauthError is an error of the token endpoint: OAuth's (RFC 6749 §5.2) with the
// vendor's message beside it.
type oauthError struct {
	status      int
	Err         string `json:"error"`
	Description string `json:"error_description"`
	Message     string `json:"message"`
}

func (e *oauthError) Error() string { return e.Description }

func oauthf(name, description string) *oauthError {
	return &oauthError{http.StatusBadRequest, name, description, description}
}

// serveToken is /oauth/token.
func (d *Dialect) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, err := d.tokenFor(r)
	if err == nil {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	oe, ok := err.(*oauthError)
	if !ok {
		d.cfg.Log.Error("token request failed", "err", err)
		oe = &oauthError{http.StatusInternalServerError, "server_error", "internal error", "internal error"}
	}
	writeJSON(w, oe.status, oe)
}

func (d *Dialect) tokenFor(r *http.Request) (tokenReply, error) {
	if r.Method != http.MethodPost {
		return tokenReply{}, &oauthError{http.StatusMethodNotAllowed, "invalid_request", "POST is needed", "POST is needed"}
	}
	p, err := tokenParams(r)
	if err != nil {
		return tokenReply{}, oauthf("invalid_request", voice.Reason(err))
	}
	grants := map[string]struct {
		app  voice.ApplicationType
		give func(r *http.Request, p map[string]string, app voice.Token) (tokenReply, error)
	}{
		"client_credentials": {voice.ApplicationTrusted, d.trustedGrant},
		"password":           {voice.ApplicationPassword, d.passwordGrant},
		"authorization_code": {voice.ApplicationPublic, d.codeGrant},
		"refresh_token":      {voice.ApplicationPublic, d.refreshGrant},
	}
	g, ok := grants[p["grant_type"]]
	if !ok {
		if p["grant_type"] == "" {
			return tokenReply{}, oauthf("invalid_request", "grant_type is missing")
		}
		return tokenReply{}, oauthf("unsupported_grant_type", "the grant type is none of client_credentials, password, authorization_code, refresh_token")
	}
	app, err := d.application(r, p["client_id"], p["client_secret"])
	if err != nil {
		return tokenReply{}, err
	}
	if t := app.Application().Type; t != g.app {
		return tokenReply{}, oauthf("unauthorized_client", "an application of type "+string(t)+" may not use grant type "+p["grant_type"])
	}
	return g.give(r, p, app)
}

// tokenParams collects the parameters of a token request from everywhere that
// clients put them: the query, a form, a multipart form, JSON, and Basic.
func tokenParams(r *http.Request) (map[string]string, error) {
	params := map[string]string{}
	for name, values := range r.URL.Query() {
		params[name] = values[0]
	}
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	body, err := input.ReadBody(r, nil)
	if err != nil {
		return nil, err
	}
	for name, raw := range body {
		if params[name], err = input.Text(raw, name); err != nil {
			return nil, err
		}
	}
	if id, secret, ok := r.BasicAuth(); ok && params["client_id"] == "" {
		params["client_id"], params["client_secret"] = id, secret
	}
	return params, nil
}

// application checks the App ID and App Secret of an application.
func (d *Dialect) application(r *http.Request, id, secret string) (voice.Token, error) {
	const op = "telphin.application"
	if id == "" || secret == "" {
		return voice.Token{}, oauthf("invalid_client", "client_id and client_secret are needed")
	}
	app, err := d.cfg.Auth.Check(r.Context(), string(Kind), id, secret, r.RemoteAddr)
	return app, credentialError(op, "invalid_client", "client_id or client_secret is wrong", err)
}

// credentialError gives the answer for a failed check of a credential.
func credentialError(op, name, words string, err error) error {
	switch voice.KindOf(err) {
	case "":
		return nil
	case voice.Permission, voice.NotExist:
		return oauthf(name, words)
	case voice.Limit:
		return &oauthError{http.StatusTooManyRequests, "temporarily_unavailable", voice.Reason(err), voice.Reason(err)}
	}
	return voice.E(op, voice.KindOf(err), err)
}

// trustedGrant is for an application that acts for its own account.
func (d *Dialect) trustedGrant(r *http.Request, _ map[string]string, app voice.Token) (tokenReply, error) {
	return d.issue(r, app, false)
}

// passwordGrant is for an application that asks people for their passwords.
func (d *Dialect) passwordGrant(r *http.Request, p map[string]string, app voice.Token) (tokenReply, error) {
	user, err := d.person(r, p["username"], p["password"], app)
	if err != nil {
		return tokenReply{}, err
	}
	app.User = user.User
	return d.issue(r, app, false)
}

// person checks the log-in of a user of the application's account.
func (d *Dialect) person(r *http.Request, name, password string, app voice.Token) (voice.Token, error) {
	const wrong = "username or password is wrong"
	if name == "" || password == "" {
		return voice.Token{}, oauthf("invalid_grant", "username and password are needed")
	}
	user, err := d.cfg.Auth.Check(r.Context(), LoginKind, strings.TrimSpace(name), password, r.RemoteAddr)
	if err := credentialError("telphin.person", "invalid_grant", wrong, err); err != nil {
		return voice.Token{}, err
	}
	if user.Tenant != app.Tenant {
		return voice.Token{}, oauthf("invalid_grant", wrong)
	}
	return user, nil
}

// refreshGrant gives a new access token for a refresh token, which stays good.
func (d *Dialect) refreshGrant(r *http.Request, p map[string]string, app voice.Token) (tokenReply, error) {
	t, err := d.cfg.Bearers.Verify(r.Context(), refreshKind, p["refresh_token"])
	if voice.IsKind(err, voice.Permission) || err == nil && t.Token != app.ID {
		return tokenReply{}, oauthf("invalid_grant", "the refresh token is not good")
	}
	if err != nil {
		return tokenReply{}, err
	}
	app.User = t.User
	return d.issue(r, app, false)
}

func (d *Dialect) issue(r *http.Request, app voice.Token, refresh bool) (tokenReply, error) {
	access, err := d.cfg.Bearers.Issue(r.Context(), string(Kind), app, TokenLife)
	if err != nil {
		return tokenReply{}, err
	}
	reply := tokenReply{Access: access, Type: "Bearer", Expires: int64(TokenLife / time.Second), Scope: "all"}
	if a := scopeOf(app.Scopes, ScopeAccess); a != "" {
		reply.Scope = a
	}
	if refresh {
		reply.Refresh, err = d.cfg.Bearers.Issue(r.Context(), refreshKind, app, RefreshLife)
	}
	return reply, err
}

// scopeOf gives the value of a scope; "" when there is none.
func scopeOf(scopes []string, name string) string {
	for _, s := range scopes {
		if value, ok := strings.CutPrefix(s, name+":"); ok {
			return value
		}
	}
	return ""
}

// admit lets a request in by its bearer token; the tenant comes from it alone.
func (q *request) admit() error {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return unauthorized()
	}
	t, err := q.d.cfg.Bearers.Verify(q.Context(), string(Kind), strings.TrimSpace(token))
	if voice.IsKind(err, voice.Permission) {
		return unauthorized()
	}
	q.token, q.tenant = t, t.Tenant
	return err
}

func (q *request) scope(name string) string { return scopeOf(q.token.Scopes, name) }

// same compares what a client gave with what is expected, in constant time.
func same(given, expected string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(expected))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
