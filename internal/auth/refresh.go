package auth

import (
	"context"
	"maps"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// RefreshStore keeps which refresh token of a family is the current one. A
// family is all tokens that came from one sign-in; it ends with the credential
// it was signed in with, and when that credential's secret changes.
type RefreshStore interface {
	// StartRefresh begins a family for the credential, whose token is current.
	StartRefresh(ctx context.Context, family string, token voice.Token, current string, expires time.Time) error
	// TurnRefresh puts next in place of current, in one step. Permission when
	// the family is unknown, revoked or expired, or another token is the
	// current one; then current was used twice, and the family is revoked.
	TurnRefresh(ctx context.Context, family, current, next string, now, expires time.Time) error
	// RevokeRefresh ends a family.
	RevokeRefresh(ctx context.Context, family string) error
}

// Claims of a refresh token that are not the vendor's.
const (
	familyClaim     = "family"
	credentialClaim = "credential"
)

// Refresher issues refresh tokens and exchanges each once for the next one
// (RFC 9700 §4.14.2). A token that comes a second time was stolen, by whoever
// came first or second, so all of its family end.
type Refresher struct {
	signer *Signer
	store  RefreshStore
	clock  clock.Clock
}

// NewRefresher makes a refresher.
func NewRefresher(signer *Signer, store RefreshStore, c clock.Clock) *Refresher {
	return &Refresher{signer: signer, store: store, clock: c}
}

// Issue begins a family for the credential and gives its first refresh token,
// good for life. The token says what c says; kind, id, issue and expiry are set here.
func (r *Refresher) Issue(ctx context.Context, token voice.Token, c Claims, life time.Duration) (string, error) {
	family, id, now := voice.NewID("f"), voice.NewID(""), r.clock.Now()
	c.Extra = maps.Clone(c.Extra)
	if c.Extra == nil {
		c.Extra = map[string]any{}
	}
	c.Extra[familyClaim], c.Extra[credentialClaim] = family, string(token.ID)
	signed, err := r.sign(c, id, now, life)
	if err != nil {
		return "", err
	}
	return signed, r.store.StartRefresh(ctx, family, token, id, now.Add(life))
}

// Turn takes a refresh token and gives what it said, the next one, good for
// life, and the id of the credential that began it. Permission when it is not
// valid, or was used before.
func (r *Refresher) Turn(ctx context.Context, token, issuer, audience string, life time.Duration) (next string, c Claims, err error) {
	c, err = r.signer.Verify(token, issuer, audience, RefreshToken)
	if err != nil {
		return "", Claims{}, err
	}
	id, now := voice.NewID(""), r.clock.Now()
	next, err = r.sign(c, id, now, life)
	if err == nil {
		err = r.store.TurnRefresh(ctx, c.Text(familyClaim), c.ID, id, now, now.Add(life))
	}
	if err != nil {
		return "", Claims{}, err
	}
	return next, c, nil
}

// Revoke ends the family of a refresh token, when somebody signs out.
func (r *Refresher) Revoke(ctx context.Context, token, issuer, audience string) error {
	c, err := r.signer.Verify(token, issuer, audience, RefreshToken)
	if err != nil {
		return err
	}
	return r.store.RevokeRefresh(ctx, c.Text(familyClaim))
}

// Credential gives the id of the credential that a refresh token came from.
func (c Claims) Credential() voice.TokenID { return voice.TokenID(c.Text(credentialClaim)) }

func (r *Refresher) sign(c Claims, id string, now time.Time, life time.Duration) (string, error) {
	c.Kind, c.ID, c.Issued, c.Expires = RefreshToken, id, now, now.Add(life)
	return r.signer.Sign(c)
}
