package sonetel

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// TokenLife is how long an access token is good for.
const TokenLife = 24 * time.Hour

// RefreshLife is how long a refresh token is good for.
const RefreshLife = 180 * 24 * time.Hour

// maxForm bounds the body of a token request.
const maxForm = 64 << 10

// audience and issuer are in every token; the audience is the one that the
// vendor's clients expect.
const (
	audience = "api.sonetel.com"
	issuer   = "tandem-sonetel"
)

// Claims of our tokens beside the registered ones. Clients read them without
// verifying. Without its credential a token is void.
const (
	claimAccount    = "acc_id"
	claimUser       = "user_id"
	claimName       = "user_name"
	claimClient     = "client_id"
	claimScope      = "scope"
	claimCredential = "credential"
)

// tokenReply is the answer to a good token request.
type tokenReply struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Refresh string `json:"refresh_token,omitempty"`
	Expires int64  `json:"expires_in"`
}

// oauthError is an error of the token endpoint: plain OAuth, RFC 6749 §5.2.
type oauthError struct {
	status      int
	Err         string `json:"error"`
	Description string `json:"error_description"`
}

func (e *oauthError) Error() string { return e.Description }

// serveToken is POST …/oauth/token.
func (d *Dialect) serveToken(w http.ResponseWriter, r *http.Request) {
	answer, err := d.token(r)
	if err == nil {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	oe, ok := err.(*oauthError)
	if !ok {
		d.cfg.Log.Error("token request failed", "err", err)
		oe = &oauthError{http.StatusInternalServerError, "server_error", "internal error"}
	}
	if oe.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Basic")
	}
	writeJSON(w, oe.status, oe)
}

func (d *Dialect) token(r *http.Request) (tokenReply, error) {
	if r.Method != http.MethodPost {
		return tokenReply{}, &oauthError{http.StatusMethodNotAllowed, "invalid_request", "POST is needed"}
	}
	client := "sonetel-api"
	if name, secret, ok := r.BasicAuth(); ok {
		// A fixed public pair that the vendor's clients have built in; it proves nothing.
		if name != secret || name != "sonetel-api" && name != "sonetel-web" {
			return tokenReply{}, &oauthError{http.StatusUnauthorized, "invalid_client", "Unknown client"}
		}
		client = name
	}
	form, err := readForm(r)
	if err != nil {
		return tokenReply{}, &oauthError{http.StatusBadRequest, "invalid_request", voice.Reason(err)}
	}
	switch form["grant_type"] {
	case "password":
		return d.passwordGrant(r, form, client)
	case "refresh_token":
		return d.refreshGrant(r, form)
	case "":
		return tokenReply{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing grant type"}
	}
	return tokenReply{}, &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: " + form["grant_type"]}
}

func (d *Dialect) passwordGrant(r *http.Request, form map[string]string, client string) (tokenReply, error) {
	name, secret := strings.TrimSpace(form["username"]), form["password"]
	switch {
	case name == "":
		return tokenReply{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing username"}
	case secret == "":
		return tokenReply{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing password"}
	}
	t, err := d.cfg.Auth.Check(r.Context(), string(Kind), name, secret, r.RemoteAddr)
	switch {
	case voice.IsKind(err, voice.Permission), voice.IsKind(err, voice.NotExist):
		// The same words for a wrong password: they tell nobody who has an account.
		return tokenReply{}, &oauthError{http.StatusUnauthorized, "unauthorized", "User with name " + name + " not found"}
	case voice.IsKind(err, voice.Limit):
		return tokenReply{}, &oauthError{http.StatusTooManyRequests, "temporarily_unavailable", voice.Reason(err)}
	case err != nil:
		return tokenReply{}, err
	}
	c := dialect.Claims{Issuer: issuer, Audience: audience, Extra: map[string]any{
		claimAccount: string(t.Tenant), claimUser: string(t.User), claimName: t.Name, claimClient: client,
		claimCredential: string(t.ID),
		claimScope:      []string{"account.read", "account.write", "user.read", "user.write"},
	}}
	refresh := ""
	if !strings.EqualFold(form["refresh"], "no") {
		if refresh, err = d.cfg.Tokens.IssueRefresh(r.Context(), t, c, RefreshLife); err != nil {
			return tokenReply{}, err
		}
	}
	return d.tokens(r, c, refresh)
}

// refreshGrant gives a new pair. The refresh token is given even to who says
// refresh=no: the old one can't be used again.
func (d *Dialect) refreshGrant(r *http.Request, form map[string]string) (tokenReply, error) {
	if form["refresh_token"] == "" {
		return tokenReply{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing refresh token"}
	}
	next, c, err := d.cfg.Tokens.TurnRefresh(r.Context(), form["refresh_token"], issuer, audience, RefreshLife)
	if err == nil {
		err = d.live(r, c)
	}
	if voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid) {
		return tokenReply{}, &oauthError{http.StatusUnauthorized, "invalid_grant", "Invalid refresh token: " + voice.Reason(err)}
	}
	if err != nil {
		return tokenReply{}, err
	}
	return d.tokens(r, c, next)
}

func (d *Dialect) tokens(r *http.Request, c dialect.Claims, refresh string) (tokenReply, error) {
	access, err := d.cfg.Tokens.IssueAccess(r.Context(), c, TokenLife)
	return tokenReply{Access: access, Type: "bearer", Refresh: refresh, Expires: int64(TokenLife / time.Second)}, err
}

func claim(c dialect.Claims, name string) string {
	s, _ := c.Extra[name].(string)
	return s
}

// live reports by an error of kind Permission that the credential of a token
// does not exist any more.
func (d *Dialect) live(r *http.Request, c dialect.Claims) error {
	t, err := d.cfg.Credentials.TokenByName(r.Context(), string(Kind), claim(c, claimName))
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return err
	}
	if err != nil || string(t.ID) != claim(c, claimCredential) || string(t.Tenant) != claim(c, claimAccount) || t.Tenant == "" {
		return voice.Errorf("sonetel.live", voice.Permission, "the credential of the token does not exist any more")
	}
	return nil
}

// admit lets a request in by its bearer token; tenant and user come from it alone.
func (q *request) admit() error {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return failf(codeToken, "the access token is missing: send Authorization: Bearer …").at(http.StatusUnauthorized)
	}
	c, err := q.d.cfg.Tokens.VerifyAccess(q.Context(), token, issuer, audience)
	if err == nil {
		err = q.d.live(q.Request, c)
	}
	if voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid) {
		return failf(codeToken, "invalid access token: %s", voice.Reason(err)).at(http.StatusUnauthorized)
	}
	if err != nil {
		return err
	}
	q.tenant = voice.TenantID(claim(c, claimAccount))
	user := claim(c, claimUser)
	if user == "" { // the account's own credential
		q.user = voice.User{Tenant: q.tenant, Role: voice.RoleAdmin}
		return nil
	}
	q.user, err = q.d.cfg.Users.User(q.Context(), q.tenant, voice.UserID(user))
	return ifNotExist(err, failf(codeToken, "invalid access token: its user does not exist any more").at(http.StatusUnauthorized))
}

// readForm reads a form, URL-encoded or multipart or, from clients that send it
// so, a JSON object.
func readForm(r *http.Request) (map[string]string, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil || len(body) > maxForm {
		return nil, voice.Errorf("sonetel.readForm", voice.Invalid, "the form could not be read or is too large")
	}
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") {
		return readMultipart(body, params["boundary"])
	}
	form := map[string]string{}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '{' {
		f, err := input.ParseObject(trimmed)
		if err != nil {
			return nil, err
		}
		for name := range f {
			if form[name], err = input.Text(f[name], name); err != nil {
				return nil, err
			}
		}
		return form, nil
	}
	// Clients leave passwords unescaped: what is no escape is taken as it stands.
	for pair := range strings.SplitSeq(string(body), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		form[strings.TrimSpace(name)] = strings.TrimRight(value, "\r\n")
	}
	return form, nil
}

func readMultipart(body []byte, boundary string) (map[string]string, error) {
	form := map[string]string{}
	mr := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := mr.NextPart()
		if err == io.EOF {
			return form, nil
		}
		if err != nil {
			return nil, voice.Errorf("sonetel.readForm", voice.Invalid, "the multipart form is broken: %s", err)
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, voice.Errorf("sonetel.readForm", voice.Invalid, "the multipart form is broken: %s", err)
		}
		form[part.FormName()] = string(value)
	}
}
