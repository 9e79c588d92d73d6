package auth

import (
	"tandem/internal/clock"
	"tandem/internal/voice"
)

// Attempts limits guesses at what is not a stored credential, as the Authenticator
// limits those at passwords.
type Attempts struct {
	clock clock.Clock
	guard *guard
}

// NewAttempts makes one with nothing counted yet.
func NewAttempts(c clock.Clock) *Attempts { return &Attempts{clock: c, guard: newGuard()} }

// Try lets check look at a guess of name from source. Permission when it is wrong,
// Limit when there were too many; errors of check count nothing.
func (a *Attempts) Try(name, source string, check func() (bool, error)) error {
	const op = "auth.Try"
	try, wait := a.guard.begin(name, source, a.clock.Now())
	if wait > 0 {
		return voice.Errorf(op, voice.Limit, "too many failed attempts; try again in %d s", int(wait.Seconds())+1)
	}
	right, err := check()
	switch {
	case err != nil:
		a.guard.giveBack(try)
		return err
	case !right:
		return voice.Errorf(op, voice.Permission, "the code is wrong, was used before or is too old")
	}
	a.guard.succeed(try, a.clock.Now())
	return nil
}
