package smartflo

import (
	"net/http"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// TokenLife is how long an access token is good for.
const TokenLife = time.Hour

// retryAfter is what clients are told to wait after too many failures.
const retryAfter = time.Minute

// maxCounted bounds the tables of counts.
const maxCounted = 10_000

const (
	audience = "api-smartflo.tatateleservices.com"
	issuer   = "tandem-smartflo"
)

// Claims of our tokens beside the registered ones. Without its credential a
// token is void.
const (
	claimAccount    = "account"
	claimUser       = "user"
	claimName       = "name"
	claimCredential = "credential"
)

// loggedIn is the answer to a good log-in. Nothing here expires by days: the
// count of days left is that of the vendor's sample.
type loggedIn struct {
	Success bool   `json:"success"`
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"` // s
	Days    int    `json:"number_of_days_left"`
}

func postLogin(q *request) (any, error) {
	f, err := q.fields()
	if err != nil {
		return nil, err
	}
	name, err := text(f, "email", true)
	if err != nil {
		return nil, err
	}
	secret, err := text(f, "password", true)
	if err != nil {
		return nil, err
	}
	t, err := q.d.cfg.Auth.Check(q.Context(), string(Kind), name, secret, q.RemoteAddr)
	switch {
	case voice.IsKind(err, voice.Permission), voice.IsKind(err, voice.NotExist):
		return nil, &fault{http.StatusUnauthorized, "The username or password is incorrect.", map[string]any{"login_failed_count": q.d.failed(name)}}
	case voice.IsKind(err, voice.Limit):
		at := q.d.cfg.Now().Add(retryAfter)
		zone := q.d.cfg.Zone
		if zone == nil {
			zone = time.FixedZone("IST", 5*3600+1800) // nobody knows whose account it is
		}
		return nil, &fault{http.StatusTooManyRequests, "Too many failed logins.", map[string]any{"retry_after": stamp(at, zone)}}
	case err != nil:
		return nil, err
	}
	q.d.mu.Lock()
	delete(q.d.failures, strings.ToLower(name))
	q.d.mu.Unlock()
	c := dialect.Claims{Issuer: issuer, Audience: audience, Extra: map[string]any{
		claimAccount: string(t.Tenant), claimUser: string(t.User), claimName: t.Name, claimCredential: string(t.ID)}}
	access, err := q.d.cfg.Tokens.IssueAccess(q.Context(), c, TokenLife)
	return loggedIn{true, access, "bearer", int64(TokenLife / time.Second), 30}, err
}

// failed counts a failed log-in and gives how many there were since the last good one.
func (d *Dialect) failed(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.failures) >= maxCounted {
		clear(d.failures)
	}
	name = strings.ToLower(name[:min(len(name), 256)])
	d.failures[name]++
	return d.failures[name]
}

// postLogout answers that all is well: the token ends by itself, and the others
// of the same user stay good.
func postLogout(*request) (any, error) {
	return done{Success: true, Message: "Logged out; the token ends within the hour."}, nil
}

// postRefresh gives a fresh token for one that is still good.
func postRefresh(q *request) (any, error) {
	c, err := q.claims()
	if err != nil {
		return nil, err
	}
	access, err := q.d.cfg.Tokens.IssueAccess(q.Context(), dialect.Claims{Issuer: issuer, Audience: audience, Extra: map[string]any{
		claimAccount: claim(c, claimAccount), claimUser: claim(c, claimUser), claimName: claim(c, claimName), claimCredential: claim(c, claimCredential)}}, TokenLife)
	return loggedIn{true, access, "bearer", int64(TokenLife / time.Second), 30}, err
}

func claim(c dialect.Claims, name string) string {
	s, _ := c.Extra[name].(string)
	return s
}

// claims reads the token of a request, which is sent bare or as a bearer's.
func (q *request) claims() (dialect.Claims, error) {
	refused := failf(http.StatusUnauthorized, unauthenticated)
	token := strings.TrimSpace(q.Header.Get("Authorization"))
	if scheme, rest, ok := strings.Cut(token, " "); ok {
		if !strings.EqualFold(scheme, "Bearer") {
			return dialect.Claims{}, refused
		}
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return dialect.Claims{}, refused
	}
	c, err := q.d.cfg.Tokens.VerifyAccess(q.Context(), token, issuer, audience)
	if voice.IsKind(err, voice.Permission) || voice.IsKind(err, voice.Invalid) {
		return c, refused
	}
	return c, err
}

// admit lets a request in by its token; tenant and user come from it alone.
func (q *request) admit() error {
	c, err := q.claims()
	if err != nil {
		return err
	}
	t, err := q.d.cfg.Credentials.TokenByName(q.Context(), string(Kind), claim(c, claimName))
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return err
	}
	if err != nil || t.Tenant == "" || string(t.ID) != claim(c, claimCredential) || string(t.Tenant) != claim(c, claimAccount) {
		return failf(http.StatusUnauthorized, "Deleted or blacklisted token provided")
	}
	q.tenant = t.Tenant
	if err := q.d.slow(q.tenant); err != nil {
		return err
	}
	if t.User == "" { // the account's own credential
		q.user = voice.User{Tenant: q.tenant, Role: voice.RoleAdmin}
		return nil
	}
	q.user, err = q.d.cfg.Users.User(q.Context(), q.tenant, t.User)
	return ifNotExist(err, failf(http.StatusUnauthorized, unauthenticated))
}

// rate counts the requests of an account in one second.
type rate struct {
	second int64
	count  int
}

// slow refuses an account that asks too often.
func (d *Dialect) slow(t voice.TenantID) error {
	if d.cfg.RequestsPerSecond <= 0 {
		return nil
	}
	now := d.cfg.Now().Unix()
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.rates[t]
	if r.second != now {
		if len(d.rates) >= maxCounted {
			clear(d.rates)
		}
		r = rate{second: now}
	}
	r.count++
	d.rates[t] = r
	if r.count <= d.cfg.RequestsPerSecond {
		return nil
	}
	// The vendor's own sample has the word false as text.
	return &fault{http.StatusTooManyRequests, "Too many requests.", map[string]any{"success": "false"}}
}
