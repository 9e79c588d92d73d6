package sonetel

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tandem/internal/voice"
)

// TokenLife is how long an access token is good for.
const TokenLife = 24 * time.Hour

// RefreshLife is how long a refresh token is good for.
const RefreshLife = 180 * 24 * time.Hour

// maxForm bounds the body of a token request.
const maxForm = 64 << 10

// audience is in every token, as the vendor's clients expect.
const audience = "api.sonetel.com"

// claims is the payload of our tokens. Clients decode it without verifying.
type claims struct {
	Account    string   `json:"acc_id"`
	User       string   `json:"user_id"`
	UserName   string   `json:"user_name"`
	Audience   string   `json:"aud"`
	Issuer     string   `json:"iss"`
	IssuedAt   int64    `json:"iat"`
	Expires    int64    `json:"exp"`
	Client     string   `json:"client_id"`
	Scope      []string `json:"scope"`
	Use        string   `json:"use"` // access or refresh
	Credential string   `json:"jti"` // the stored credential: without it the token is void
}

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
	var c claims
	switch form["grant_type"] {
	case "password":
		c, err = d.passwordGrant(r, form)
	case "refresh_token":
		c, err = d.refreshGrant(r, form)
	case "":
		err = &oauthError{http.StatusBadRequest, "invalid_request", "Missing grant type"}
	default:
		err = &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: " + form["grant_type"]}
	}
	if err != nil {
		return tokenReply{}, err
	}
	c.Client = client
	out := tokenReply{Type: "bearer", Expires: int64(TokenLife / time.Second)}
	if out.Access, err = d.sign(r, c, "access", TokenLife); err != nil {
		return out, err
	}
	if !strings.EqualFold(form["refresh"], "no") {
		out.Refresh, err = d.sign(r, c, "refresh", RefreshLife)
	}
	return out, err
}

func (d *Dialect) passwordGrant(r *http.Request, form map[string]string) (claims, error) {
	name, secret := strings.TrimSpace(form["username"]), form["password"]
	switch {
	case name == "":
		return claims{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing username"}
	case secret == "":
		return claims{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing password"}
	}
	t, err := d.cfg.Auth.Password(r.Context(), string(Kind), name, secret, r.RemoteAddr)
	switch {
	case voice.IsKind(err, voice.Permission), voice.IsKind(err, voice.NotExist):
		// The same words for a wrong password: they tell nobody who has an account.
		return claims{}, &oauthError{http.StatusUnauthorized, "unauthorized", "User with name " + name + " not found"}
	case voice.IsKind(err, voice.Limit):
		return claims{}, &oauthError{http.StatusTooManyRequests, "temporarily_unavailable", "Too many attempts; try again later"}
	case err != nil:
		return claims{}, err
	}
	return claims{Account: string(t.Tenant), User: string(t.User), UserName: t.Name, Credential: string(t.ID)}, nil
}

func (d *Dialect) refreshGrant(r *http.Request, form map[string]string) (claims, error) {
	if form["refresh_token"] == "" {
		return claims{}, &oauthError{http.StatusBadRequest, "invalid_request", "Missing refresh token"}
	}
	c, err := d.verify(r, form["refresh_token"], "refresh")
	if voice.IsKind(err, voice.Permission) {
		return c, &oauthError{http.StatusUnauthorized, "invalid_grant", "Invalid refresh token: " + voice.Reason(err)}
	}
	return c, err
}

// sign makes a token of c.
func (d *Dialect) sign(r *http.Request, c claims, use string, life time.Duration) (string, error) {
	now := d.cfg.Now()
	c.Use, c.Audience, c.Issuer = use, audience, "tandem"
	c.IssuedAt, c.Expires = now.Unix(), now.Add(life).Unix()
	c.Scope = []string{"account.read", "account.write", "user.read", "user.write"}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", voice.E("sonetel.sign", voice.Internal, err)
	}
	return d.cfg.Signer.Sign(r.Context(), payload)
}

// verify checks a token and that its credential still exists. Errors: kind
// Permission with the reason in words.
func (d *Dialect) verify(r *http.Request, token, use string) (claims, error) {
	const op = "sonetel.verify"
	var c claims
	payload, err := d.cfg.Signer.Verify(r.Context(), token)
	if err != nil {
		return c, err
	}
	if json.Unmarshal(payload, &c) != nil || c.Audience != audience || c.Use != use || c.Account == "" {
		return c, voice.Errorf(op, voice.Permission, "the token is not an %s token of this API", use)
	}
	if d.cfg.Now().Unix() >= c.Expires {
		return c, voice.Errorf(op, voice.Permission, "the token has expired")
	}
	t, err := d.cfg.Tokens.TokenByName(r.Context(), string(Kind), c.UserName)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return c, err
	}
	if err != nil || string(t.ID) != c.Credential || string(t.Tenant) != c.Account {
		return c, voice.Errorf(op, voice.Permission, "the credential of the token does not exist any more")
	}
	return c, nil
}

// admit lets a request in by its bearer token; tenant and user come from it alone.
func (q *request) admit() error {
	scheme, token, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return failf(codeToken, "the access token is missing: send Authorization: Bearer …").at(http.StatusUnauthorized)
	}
	c, err := q.d.verify(q.Request, token, "access")
	if voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid) {
		return failf(codeToken, "invalid access token: %s", voice.Reason(err)).at(http.StatusUnauthorized)
	}
	if err != nil {
		return err
	}
	q.tenant = voice.TenantID(c.Account)
	if c.User == "" { // the account's own credential
		q.user = voice.User{Tenant: q.tenant, Role: voice.RoleAdmin}
		return nil
	}
	q.user, err = q.d.cfg.Users.User(q.Context(), q.tenant, voice.UserID(c.User))
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
		f, err := parseObject(trimmed)
		if err != nil {
			return nil, err
		}
		for name := range f {
			if form[name], err = text(f[name], name); err != nil {
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
