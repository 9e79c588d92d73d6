package voice

import (
	"context"
	"time"
)

// AccessToken is an opaque bearer token. The store keeps its SHA-256 alone.
type AccessToken struct {
	Hash    string // hex of SHA-256 of the token
	Kind    string // whose API it opens: "telphin", "api"
	Tenant  TenantID
	User    UserID
	Token   TokenID // credential that it was issued for; void when that is gone
	Name    string  // for people, of long-lived keys
	Scopes  []string
	Created time.Time
	Expires time.Time // zero = never
	Used    time.Time
}

// AccessTokenStore keeps opaque tokens.
type AccessTokenStore interface {
	CreateAccessToken(ctx context.Context, a AccessToken) error
	// AccessToken finds one by kind and hash; NotExist when its credential is gone.
	AccessToken(ctx context.Context, kind, hash string) (AccessToken, error)
	// AccessTokens lists a tenant's of a kind, by creation.
	AccessTokens(ctx context.Context, t TenantID, kind string) ([]AccessToken, error)
	DeleteAccessToken(ctx context.Context, t TenantID, hash string) error
	// ExpireAccessTokens removes those that expired before at.
	ExpireAccessTokens(ctx context.Context, at time.Time) error
}
