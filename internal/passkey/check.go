package passkey

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"tandem/internal/voice"
)

// BeginLogin begins a log-in without name and password: the person chooses among the
// passkeys that the device has for this server. Conflict when they don't work at the origin.
func (k *Keeper) BeginLogin(ctx context.Context, origin string) (voice.Ceremony, error) {
	const op = "passkey.BeginLogin"
	if err := k.at(op, origin); err != nil {
		return voice.Ceremony{}, err
	}
	options, session, err := k.party.BeginDiscoverableLogin()
	if err != nil {
		return voice.Ceremony{}, voice.E(op, voice.Internal, err)
	}
	return k.begun(op, k.open, waiting{purpose: toLogIn, by: sourceOf(ctx), session: *session}, options.Response)
}

// Login ends it: credential is what the browser gave, in the JSON form of WebAuthn §5.1
// (AuthenticationResponseJSON). Error kinds: Conflict when the ceremony is not known, over
// or was answered before; Permission when the passkey is not one of ours, does not prove
// itself and its user, or its counter went back; Limit after too many of these.
func (k *Keeper) Login(ctx context.Context, token string, credential []byte) (voice.User, error) {
	const op = "passkey.Login"
	session, ok := k.open.take(token, toLogIn, "", k.cfg.Now())
	if !ok {
		return voice.User{}, over(op)
	}
	var who voice.User
	err := k.check(ctx, op, credential, func(p voice.Passkey, answer *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		u, err := k.cfg.Store.User(ctx, p.Tenant, p.User)
		if err != nil {
			return nil, err
		}
		who = u
		_, c, err := k.party.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) {
			return k.person(u, []voice.Passkey{p}), nil // the handle is compared with the person's
		}, session, answer)
		return c, refusedBy(op, err)
	})
	if err != nil {
		return voice.User{}, err
	}
	return who, nil
}

// BeginFactor asks a person who has given the password for one of the passkeys.
// NotExist when none is for this server's name, Conflict as BeginLogin.
func (k *Keeper) BeginFactor(ctx context.Context, u voice.User, origin string) (voice.Ceremony, error) {
	const op = "passkey.BeginFactor"
	if err := k.at(op, origin); err != nil {
		return voice.Ceremony{}, err
	}
	have, err := k.cfg.Store.Passkeys(ctx, u.Tenant, u.ID)
	if err != nil {
		return voice.Ceremony{}, err
	}
	who := k.person(u, have)
	if len(who.keys) == 0 {
		return voice.Ceremony{}, voice.Errorf(op, voice.NotExist, "None of your passkeys was made for %s. An administrator can remove them.", k.cfg.Party)
	}
	options, session, err := k.party.BeginLogin(who, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return voice.Ceremony{}, voice.E(op, voice.Internal, err)
	}
	return k.begun(op, k.known, waiting{purpose: toConfirm, by: handle(u), session: *session}, options.Response)
}

// CheckPasskey ends it; errors as Login.
func (k *Keeper) CheckPasskey(ctx context.Context, u voice.User, token string, credential []byte) error {
	const op = "passkey.CheckPasskey"
	session, ok := k.known.take(token, toConfirm, handle(u), k.cfg.Now())
	if !ok {
		return over(op)
	}
	return k.check(ctx, op, credential, func(p voice.Passkey, answer *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
		if p.Tenant != u.Tenant || p.User != u.ID {
			return nil, refused(op, "the passkey is another person's")
		}
		have, err := k.cfg.Store.Passkeys(ctx, u.Tenant, u.ID)
		if err != nil {
			return nil, err
		}
		c, err := k.party.ValidateLogin(k.person(u, have), session, answer)
		return c, refusedBy(op, err)
	})
}

// check reads an answer, finds its passkey, has it verified and counts its use. What is
// refused counts as a failure of the passkey and of the address that it came from.
func (k *Keeper) check(ctx context.Context, op string, credential []byte, verify func(voice.Passkey, *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error)) error {
	if len(credential) > maxAnswer {
		return voice.InvalidField(op, "credential", "the authenticator's answer has more than %d bytes", maxAnswer)
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(credential)
	if err != nil {
		return voice.InvalidField(op, "credential", "the authenticator's answer can't be read: %s", words(err))
	}
	var reason error
	sum := sha256.Sum256(answer.RawID)
	err = k.cfg.Tries.Try("passkey/"+hex.EncodeToString(sum[:]), sourceOf(ctx), func() (bool, error) {
		reason = k.use(ctx, op, answer, verify)
		if voice.IsKind(reason, voice.Permission) {
			return false, nil
		}
		return reason == nil, reason
	})
	if voice.IsKind(err, voice.Permission) {
		return reason
	}
	return err
}

func (k *Keeper) use(ctx context.Context, op string, answer *protocol.ParsedCredentialAssertionData, verify func(voice.Passkey, *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error)) error {
	p, err := k.cfg.Store.PasskeyByCredential(ctx, answer.RawID)
	if voice.IsKind(err, voice.NotExist) {
		return refused(op, "this server does not know the passkey; it may have been removed here")
	}
	if err != nil {
		return err
	}
	c, err := verify(p, answer)
	if err == nil {
		err = k.count(ctx, op, p, c, answer.Response.AuthenticatorData.Counter)
	}
	if voice.IsKind(err, voice.Permission) {
		// What is asked for is refused whether or not that can be noted.
		_ = k.note(ctx, p, "log-in failed", voice.AuditChange{Field: "reason", To: voice.Reason(err)})
	}
	if err != nil {
		return err
	}
	voice.ActsAs(ctx, voice.ActorUser, string(p.User), k.called(ctx, p))
	return k.note(ctx, p, "used")
}

// count refuses a counter that does not go on: a copy of the passkey may be in use
// (WebAuthn §6.1.1).
func (k *Keeper) count(ctx context.Context, op string, p voice.Passkey, c *webauthn.Credential, count uint32) error {
	var err error
	if !c.Authenticator.CloneWarning {
		err = k.cfg.Store.UsePasskey(ctx, p.Tenant, p.ID, count, k.cfg.Now())
	}
	if c.Authenticator.CloneWarning || voice.IsKind(err, voice.Conflict) {
		return refused(op, "its counter went back from %d to %d, so that there may be a copy of it; remove this passkey and register a new one", p.Count, count)
	}
	if voice.IsKind(err, voice.NotExist) {
		return refused(op, "it was removed meanwhile")
	}
	return err
}

// called names the person of a passkey, for the audit log.
func (k *Keeper) called(ctx context.Context, p voice.Passkey) string {
	u, err := k.cfg.Store.User(ctx, p.Tenant, p.User)
	if err != nil {
		return string(p.User)
	}
	return u.Called()
}

func (k *Keeper) note(ctx context.Context, p voice.Passkey, action string, changes ...voice.AuditChange) error {
	actor, ok := voice.ActorOf(ctx)
	if !ok {
		actor = voice.Actor{Kind: voice.ActorUnknown, Via: "page"}
	}
	return k.cfg.Store.AppendAudit(ctx, voice.AuditEntry{Tenant: p.Tenant, At: k.cfg.Now(), Actor: actor, Action: action,
		Kind: "passkey", Object: string(p.ID), Name: p.Name, Changes: changes})
}

// refused is the refusal of a passkey, in words for its person.
func refused(op, format string, args ...any) error {
	return voice.Errorf(op, voice.Permission, "The passkey is refused: "+format+".", args...)
}

// refusedBy makes a refusal of what the library says; nil for nil.
func refusedBy(op string, err error) error {
	if err == nil {
		return nil
	}
	// The library's answer for a credential that it does not find has no details of its own.
	if e, ok := errors.AsType[*protocol.ErrorUnknownCredential](err); ok {
		err = e.Err
	}
	return refused(op, "%s", words(err))
}

func sourceOf(ctx context.Context) string {
	actor, _ := voice.ActorOf(ctx)
	return actor.Source
}
