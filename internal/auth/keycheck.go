package auth

import (
	"context"

	"tandem/internal/clock"
	"tandem/internal/voice"
)

// KeyChecker checks bearer tokens that people keep for long, and counts
// failures as Authenticator does: whoever guesses from an address is made to
// wait, and a key that was right from there before is not.
type KeyChecker struct {
	bearers *Bearers
	clock   clock.Clock
	guard   *guard
}

// NewKeyChecker makes a checker with nothing counted yet.
func NewKeyChecker(b *Bearers, c clock.Clock) *KeyChecker {
	return &KeyChecker{bearers: b, clock: c, guard: newGuard()}
}

// Check gives what a token of a kind stands for. source is the peer's address,
// with or without port. Errors: those of Bearers.Verify, and Limit when there
// were too many failures.
func (k *KeyChecker) Check(ctx context.Context, kind, token, source string) (voice.AccessToken, error) {
	now := k.clock.Now()
	try, wait := k.guard.begin(linkHash(token), source, now)
	// A token that was right from there can't be a guess, however many come at once.
	if wait > 0 && !try.known {
		k.bearers.refusals.note(ctx, "key", kind, "", source, "too many wrong keys")
		return voice.AccessToken{}, voice.Errorf("auth.Check", voice.Limit, "too many wrong keys; try again in %d s", int(wait.Seconds())+1)
	}
	a, err := k.bearers.Verify(ctx, kind, token)
	switch voice.KindOf(err) {
	case "":
		k.guard.succeed(try, now)
	case voice.Permission:
	default:
		k.guard.giveBack(try)
	}
	return a, err
}
