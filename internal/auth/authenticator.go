package auth

import (
	"context"
	"strings"
	"time"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// maxName bounds what is kept of a name that somebody tried, in bytes.
const maxName = 256

// usedEvery is how exactly the last use of a credential is kept.
const usedEvery = time.Minute

// useMarker is a TokenStore that can note the last use of a credential without
// touching the rest of it.
type useMarker interface {
	MarkTokenUsed(ctx context.Context, t voice.TenantID, id voice.TokenID, at time.Time) error
}

// Authenticator checks names and secrets against stored credentials.
type Authenticator struct {
	tokens voice.TokenStore
	hasher *Hasher
	clock  clock.Clock
	guard  *guard

	refusals *Refusals
}

// NewAuthenticator makes an authenticator with nothing counted yet.
func NewAuthenticator(tokens voice.TokenStore, hasher *Hasher, c clock.Clock) *Authenticator {
	return &Authenticator{tokens: tokens, hasher: hasher, clock: c, guard: newGuard()}
}

// Report has refusals that are no account's written down by r.
func (a *Authenticator) Report(r *Refusals) { a.refusals = r }

// Check gives the credential of kind and name when secret is right. source is
// the peer's address, with or without port. Errors: Permission when name or
// secret is wrong or the credential has expired, in the same words and after
// the same work; Limit when there were too many failures; Unavailable when the
// store does not answer.
func (a *Authenticator) Check(ctx context.Context, kind, name, secret, source string) (voice.Token, error) {
	const op = "auth.Check"
	now := a.clock.Now()
	try, wait := a.guard.begin(kind+"\x00"+strings.ToLower(name[:min(len(name), maxName)]), source, now)
	if wait > 0 {
		a.refusals.note(ctx, "log-in", kind, name, source, "too many failed attempts")
		return voice.Token{}, voice.Errorf(op, voice.Limit, "too many failed attempts; try again in %d s", int(wait.Seconds())+1)
	}
	token, err := a.tokens.TokenByName(ctx, kind, name)
	hash := token.Hash
	switch {
	case voice.IsKind(err, voice.NotExist):
		hash = nobody()
	case err != nil:
		a.guard.giveBack(try)
		return voice.Token{}, err
	}
	right, verr := a.hasher.Verify(ctx, hash, secret)
	if verr != nil {
		a.guard.giveBack(try)
		return voice.Token{}, verr
	}
	expired := err == nil && !token.Expires.IsZero() && !token.Expires.After(now)
	switch {
	case err != nil:
		a.refusals.note(ctx, "log-in", kind, name, source, "there is no such name")
	case !right:
		a.noteFailure(ctx, token, source, "the secret was wrong", now)
	case expired:
		a.noteFailure(ctx, token, source, "the credential has expired", now)
	}
	if err != nil || !right || expired {
		return voice.Token{}, voice.Errorf(op, voice.Permission, "name or password is wrong")
	}
	a.guard.succeed(try, now)
	voice.ActsAs(ctx, voice.ActorCredential, string(token.ID), token.Name)
	return a.markUsed(ctx, token, now), nil
}

// noteFailure writes into the account's audit log that a credential was refused; the guard
// bounds how often that can be.
func (a *Authenticator) noteFailure(ctx context.Context, t voice.Token, source, reason string, now time.Time) {
	log, ok := a.tokens.(auditor)
	if !ok {
		return
	}
	actor, ok := voice.ActorOf(ctx)
	if !ok {
		actor = voice.Actor{Kind: voice.ActorUnknown, Via: t.Kind, Source: place(source)}
	}
	// A store that can't take the note lets nobody in.
	_ = log.AppendAudit(ctx, voice.AuditEntry{Tenant: t.Tenant, At: now, Actor: actor, Action: "log-in failed",
		Kind: "credential", Object: string(t.ID), Name: t.Kind + " " + t.Name,
		Changes: []voice.AuditChange{{Field: "reason", To: reason}}})
}

// markUsed notes the last use, unless that was just now. A store that can't
// take the note keeps nobody out.
func (a *Authenticator) markUsed(ctx context.Context, t voice.Token, now time.Time) voice.Token {
	m, ok := a.tokens.(useMarker)
	if ok && now.Sub(t.Used) >= usedEvery && m.MarkTokenUsed(ctx, t.Tenant, t.ID, now) == nil {
		t.Used = now
	}
	return t
}
