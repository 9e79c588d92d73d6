package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/voice"
)

// keyScheme is the name of the way to authenticate in the OpenAPI document.
const keyScheme = "key"

// Scope is something that a key may do.
type Scope string

// The scopes. An operator's key sees to accounts and their keys, whosever they are.
const (
	CallsRead       Scope = "calls:read"
	CallsWrite      Scope = "calls:write"
	AppsRead        Scope = "apps:read"
	AppsWrite       Scope = "apps:write"
	ConfigRead      Scope = "config:read"
	ConfigWrite     Scope = "config:write"
	RecordingsRead  Scope = "recordings:read"
	RecordingsWrite Scope = "recordings:write"
	PhoneUse        Scope = "phone" // to be a telephone in a browser
	AuditRead       Scope = "audit:read"
	Operator        Scope = "operator"
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{CallsRead, CallsWrite, AppsRead, AppsWrite, ConfigRead, ConfigWrite, RecordingsRead, RecordingsWrite, PhoneUse, AuditRead, Operator}
}

// caller is whose key a request came with.
type caller struct {
	tenant voice.TenantID
	key    voice.AccessToken
	person voice.User // who is logged in at the web app; zero = it came with a key

	login func() (id string, err error) // of that person
}

// may reports whether the key has a scope.
func (c caller) may(s Scope) bool { return slices.Contains(c.key.Scopes, string(s)) }

// by names the caller in histories.
func (c caller) by() string {
	if c.person.ID != "" {
		return c.person.Called()
	}
	if c.key.Name == "" {
		return "a key"
	}
	return "key " + c.key.Name
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// admit lets a request through whose key has the scope of its operation.
func (a *API) admit(ctx huma.Context, next func(huma.Context)) {
	need := scopeOf(ctx.Operation())
	if a.cfg.Session != nil && ctx.Header("Authorization") == "" {
		if c, ok := a.logged(ctx); ok {
			a.let(ctx, next, c, need)
		}
		return
	}
	scheme, key, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || key == "" {
		a.refuse(ctx, http.StatusUnauthorized, `send the key as "Authorization: Bearer KEY"`)
		return
	}
	token, err := a.cfg.Keys.Check(ctx.Context(), key, ctx.RemoteAddr())
	switch voice.KindOf(err) {
	case "":
	case voice.Permission:
		a.refuse(ctx, http.StatusUnauthorized, "the key is not valid: it never was, has expired or was deleted")
		return
	case voice.Limit:
		ctx.SetHeader("Retry-After", "60")
		a.refuse(ctx, http.StatusTooManyRequests, voice.Reason(err))
		return
	default:
		a.cfg.Log.Error("key not checked", "err", err)
		a.refuse(ctx, statusOf(voice.KindOf(err)), "the key can't be checked now")
		return
	}
	a.let(ctx, next, caller{tenant: token.Tenant, key: token}, need)
}

// let goes on with a request whose caller has the scope that is needed.
func (a *API) let(ctx huma.Context, next func(huma.Context), c caller, need Scope) {
	what := "the key"
	if c.person.ID != "" {
		what = "your user"
	}
	switch {
	case need != "" && !c.may(need):
		a.refuse(ctx, http.StatusForbidden, what+" has not the scope "+string(need)+"; it has "+listed(c.key.Scopes))
		return
	case need != Operator && c.tenant == "":
		a.refuse(ctx, http.StatusForbidden, "the key belongs to no account; it may manage accounts below "+Prefix+"/accounts")
		return
	}
	if c.person.ID != "" {
		voice.ActsAs(ctx.Context(), voice.ActorUser, string(c.person.ID), c.person.Called())
	} else {
		voice.ActsAs(ctx.Context(), voice.ActorKey, "", c.key.Name)
	}
	next(huma.WithValue(ctx, callerKey{}, c))
}

func listed(scopes []string) string {
	if len(scopes) == 0 {
		return "none"
	}
	return strings.Join(scopes, ", ")
}

// refuse answers a request that is not let in.
func (a *API) refuse(ctx huma.Context, status int, words string) {
	if status == http.StatusUnauthorized {
		ctx.SetHeader("WWW-Authenticate", "Bearer")
	}
	_ = huma.WriteErr(a.huma, ctx, status, words) // the client is gone: there is nobody to tell
}

// scopeOf reads the scope that an operation demands from its description.
func scopeOf(op *huma.Operation) Scope {
	for _, way := range op.Security {
		for _, s := range way[keyScheme] {
			return Scope(s)
		}
	}
	return ""
}
