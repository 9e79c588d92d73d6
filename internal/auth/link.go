package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// LinkStore keeps links that work once, by the hash of their secret part.
type LinkStore interface {
	PutLink(ctx context.Context, hash, purpose string, t voice.TenantID, u voice.UserID, expires time.Time) error
	// TakeLink removes the link and gives whose it was; NotExist when there is
	// none of that purpose or it has expired by now.
	TakeLink(ctx context.Context, hash, purpose string, now time.Time) (voice.TenantID, voice.UserID, error)
	// DropLinks removes the links of a purpose of one user.
	DropLinks(ctx context.Context, purpose string, t voice.TenantID, u voice.UserID) error
}

// SetUp is the purpose of the owner's first link.
const SetUp = "set-up"

// Links makes and takes secrets that work once: the owner's first way in, a
// forgotten password. The secret has 128 random bits and only its SHA-256 is kept.
type Links struct {
	store LinkStore
	clock clock.Clock
}

// NewLinks makes a Links.
func NewLinks(store LinkStore, c clock.Clock) *Links { return &Links{store: store, clock: c} }

// Create gives the secret part of a link of the purpose, good for life, for a
// user; t and u are empty for the owner of the installation.
func (l *Links) Create(ctx context.Context, purpose string, t voice.TenantID, u voice.UserID, life time.Duration) (string, error) {
	secret := voice.NewSecret()
	return secret, l.store.PutLink(ctx, linkHash(secret), purpose, t, u, l.clock.Now().Add(life))
}

// Take gives whose link it was; it does not work again. Permission when it was
// used, has expired or never was.
func (l *Links) Take(ctx context.Context, purpose, secret string) (voice.TenantID, voice.UserID, error) {
	t, u, err := l.store.TakeLink(ctx, linkHash(secret), purpose, l.clock.Now())
	if voice.IsKind(err, voice.NotExist) {
		return "", "", voice.E("auth.TakeLink", voice.Permission, err)
	}
	return t, u, err
}

// Replace is Create for a user whose links of the purpose from before work no more.
func (l *Links) Replace(ctx context.Context, purpose string, t voice.TenantID, u voice.UserID, life time.Duration) (string, error) {
	if err := l.store.DropLinks(ctx, purpose, t, u); err != nil {
		return "", err
	}
	return l.Create(ctx, purpose, t, u, life)
}

// linkHash is what is kept of a secret with so many random bits that nobody can
// try them all.
func linkHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
