package routee

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// TokenLife is how long a token is good for.
const TokenLife = time.Hour

// permissions of tokens by scope; the names are ours.
func permissions(scope string) []string {
	all := []string{}
	for s := range strings.SplitSeq(scope, ",") {
		all = append(all, "MT_ROLE_"+strings.ToUpper(s))
	}
	return all
}

// tokenReply is the answer to a good token request.
type tokenReply struct {
	Access      string   `json:"access_token"`
	Type        string   `json:"token_type"`
	Expires     int64    `json:"expires_in"`
	Scope       string   `json:"scope"`
	Permissions []string `json:"permissions"`
}

// serveToken is POST oauth/token.
func (d *Dialect) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		oauthError(w, http.StatusMethodNotAllowed, "invalid_request", "POST is needed")
		return
	}
	grant, scope, err := tokenParams(r)
	switch {
	case err != nil:
		oauthError(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	case grant == "":
		oauthError(w, http.StatusBadRequest, "invalid_request", "Missing grant type")
		return
	case grant != "client_credentials":
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type: "+grant)
		return
	}
	id, secret, ok := basic(r)
	if !ok || id == "" || secret == "" {
		badCredentials(w)
		return
	}
	app, err := d.cfg.Auth.Check(r.Context(), string(Kind), id, secret, r.RemoteAddr)
	switch voice.KindOf(err) {
	case "":
	case voice.Permission, voice.NotExist:
		badCredentials(w)
		return
	case voice.Limit:
		oauthError(w, http.StatusTooManyRequests, "temporarily_unavailable", voice.Reason(err))
		return
	default:
		d.tokenFailed(w, err)
		return
	}
	token, err := d.cfg.Bearers.Issue(r.Context(), string(Kind), app, TokenLife)
	if err != nil {
		d.tokenFailed(w, err)
		return
	}
	writeJSON(w, http.StatusOK, tokenReply{token, "Bearer", int64(TokenLife / time.Second), scope, permissions(scope)})
}

func (d *Dialect) tokenFailed(w http.ResponseWriter, err error) {
	d.cfg.Log.Error("token request failed", "err", err)
	oauthError(w, http.StatusInternalServerError, "server_error", "internal error")
}

// tokenParams takes the grant and the scopes, ours where none are asked for, from
// the query, a form or JSON. What is asked for of other products of the vendor's is
// left out.
func tokenParams(r *http.Request) (grant, scope string, err error) {
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	body, err := input.ReadBody(r, nil)
	if err != nil {
		return "", "", err
	}
	get := func(name string) string {
		s, textErr := input.Text(body[name], name)
		if textErr != nil {
			err = textErr
		}
		if s == "" {
			s = strings.TrimSpace(r.URL.Query().Get(name))
		}
		return s
	}
	grant, scope = get("grant_type"), get("scope")
	var known []string
	for s := range strings.FieldsFuncSeq(scope, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }) {
		if s = strings.ToLower(s); s == "voice" || s == "number" || s == "account" {
			known = append(known, s)
		}
	}
	if len(known) == 0 {
		known = []string{"voice"}
	}
	return grant, strings.Join(known, ","), err
}

// basic reads HTTP Basic credentials, whose value may hold white space: some
// clients break its lines.
func basic(r *http.Request) (id, secret string, ok bool) {
	scheme, value, _ := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	value = strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return -1
		}
		return c
	}, value)
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		if raw, err = base64.RawStdEncoding.DecodeString(value); err != nil {
			return "", "", false
		}
	}
	return strings.Cut(string(raw), ":")
}

func badCredentials(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="oauth"`)
	writeJSON(w, http.StatusUnauthorized, map[string]any{"status": http.StatusUnauthorized, "error": "Unauthorized", "message": "Bad credentials", "path": "/oauth/token"})
}

func oauthError(w http.ResponseWriter, status int, name, words string) {
	writeJSON(w, status, map[string]any{"error": name, "error_description": words})
}

// admit lets a request in by its bearer token; the tenant comes from it alone.
func (q *request) admit() error {
	no := &fault{http.StatusUnauthorized, codeUnauthorized, "the access token is missing, not valid or has expired"}
	scheme, token, _ := strings.Cut(strings.TrimSpace(q.Header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return no
	}
	t, err := q.d.cfg.Bearers.Verify(q.Context(), string(Kind), strings.TrimSpace(token))
	if voice.IsKind(err, voice.Permission) {
		return no
	}
	q.tenant, q.user = t.Tenant, t.User
	return err
}
