package auth

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// bearerLength is how long a bearer token is, in letters and digits: 190 bits.
const bearerLength = 32

// Expired tokens are removed at most this often, some time after they expired.
const (
	pruneEvery = 10 * time.Minute
	pruneAfter = time.Hour
)

// BearerStore keeps bearer tokens by the hash of what is secret.
type BearerStore interface {
	CreateAccessToken(ctx context.Context, a voice.AccessToken) error
	AccessToken(ctx context.Context, kind, hash string) (voice.AccessToken, error)
	ExpireAccessTokens(ctx context.Context, at time.Time) error
	// MarkAccessTokenUsed notes the last use and nothing else.
	MarkAccessTokenUsed(ctx context.Context, t voice.TenantID, hash string, at time.Time) error
}

// Bearers makes and checks opaque bearer tokens (RFC 6750): random text of
// which the SHA-256 alone is kept. It removes expired ones as it makes others.
type Bearers struct {
	store BearerStore
	clock clock.Clock

	refusals *Refusals

	mu     sync.Mutex
	pruned time.Time
}

// NewBearers makes a Bearers.
func NewBearers(store BearerStore, c clock.Clock) *Bearers { return &Bearers{store: store, clock: c} }

// Report has refusals written down by r.
func (b *Bearers) Report(r *Refusals) { b.refusals = r }

// Issue gives a token of 32 letters and digits of a kind, good for life or,
// when life is 0, for ever, but no longer than the credential. What it stands
// for is the credential's tenant, user, name and scopes; it is void when the
// credential is gone or its secret changes. A credential without an id was
// never stored: then the token stands by itself, until it is deleted.
func (b *Bearers) Issue(ctx context.Context, kind string, credential voice.Token, life time.Duration) (string, error) {
	now := b.clock.Now()
	token, expires := newBearer(), credential.Expires
	if life > 0 && (expires.IsZero() || now.Add(life).Before(expires)) {
		expires = now.Add(life)
	}
	if err := b.prune(ctx, now); err != nil {
		return "", err
	}
	err := b.store.CreateAccessToken(ctx, voice.AccessToken{
		Hash: linkHash(token), Kind: kind, Tenant: credential.Tenant, User: credential.User, Token: credential.ID,
		Name: credential.Name, Scopes: credential.Scopes, Created: now, Expires: expires,
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Verify gives what a token stands for. Permission when it is not ours, has
// expired or its credential is gone; Unavailable when the store does not answer.
func (b *Bearers) Verify(ctx context.Context, kind, token string) (voice.AccessToken, error) {
	a, err := b.verify(ctx, kind, token)
	if voice.IsKind(err, voice.Permission) {
		b.refusals.note(ctx, "key", kind, "", "", voice.Reason(err))
	}
	return a, err
}

func (b *Bearers) verify(ctx context.Context, kind, token string) (voice.AccessToken, error) {
	const op = "auth.Verify"
	if !looksLikeBearer(token) {
		return voice.AccessToken{}, voice.Errorf(op, voice.Permission, "the access token is none of ours")
	}
	a, err := b.store.AccessToken(ctx, kind, linkHash(token))
	if voice.IsKind(err, voice.NotExist) {
		return voice.AccessToken{}, voice.Errorf(op, voice.Permission, "the access token is unknown or was withdrawn")
	}
	if err != nil {
		return voice.AccessToken{}, err
	}
	now := b.clock.Now()
	if !a.Expires.IsZero() && !a.Expires.After(now) {
		return voice.AccessToken{}, voice.Errorf(op, voice.Permission, "the access token has expired")
	}
	voice.ActsAs(ctx, voice.ActorCredential, string(a.Token), a.Name)
	// A store that can't take the note keeps nobody out.
	if now.Sub(a.Used) >= usedEvery && b.store.MarkAccessTokenUsed(ctx, a.Tenant, a.Hash, now) == nil {
		a.Used = now
	}
	return a, nil
}

// prune removes tokens that expired a while ago, now and then.
func (b *Bearers) prune(ctx context.Context, now time.Time) error {
	b.mu.Lock()
	due := now.Sub(b.pruned) >= pruneEvery
	if due {
		b.pruned = now
	}
	b.mu.Unlock()
	if !due {
		return nil
	}
	return b.store.ExpireAccessTokens(ctx, now.Add(-pruneAfter))
}

const bearerLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newBearer draws a token; bytes that would make some letters likelier are
// drawn again.
func newBearer() string {
	token := make([]byte, 0, bearerLength)
	var b [2 * bearerLength]byte
	for {
		rand.Read(b[:])
		for _, v := range b {
			if int(v) >= 256-256%len(bearerLetters) {
				continue
			}
			if token = append(token, bearerLetters[int(v)%len(bearerLetters)]); len(token) == bearerLength {
				return string(token)
			}
		}
	}
}

func looksLikeBearer(token string) bool {
	if len(token) != bearerLength {
		return false
	}
	for _, c := range []byte(token) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
