package passkey

import (
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"tandem/internal/voice"
)

// person is a user as the library sees one. It implements webauthn.User.
type person struct {
	u    voice.User
	keys []webauthn.Credential
}

// person gives a user with those of the passkeys that are for this party.
func (k *Keeper) person(u voice.User, all []voice.Passkey) person {
	p := person{u: u}
	for _, key := range all {
		if key.Party == k.cfg.Party {
			p.keys = append(p.keys, record(key))
		}
	}
	return p
}

// record is a passkey as the library keeps one (WebAuthn §4, credential record).
func record(p voice.Passkey) webauthn.Credential {
	c := webauthn.Credential{ID: p.Credential, PublicKey: p.PublicKey,
		Flags:         webauthn.CredentialFlags{UserPresent: true, UserVerified: true, BackupEligible: p.Synced},
		Authenticator: webauthn.Authenticator{SignCount: p.Count}}
	for _, t := range p.Transports {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// handle is what authenticators keep a person's passkeys under: random numbers that say
// nothing of who it is (WebAuthn §14.6.1).
func handle(u voice.User) string { return string(u.Tenant) + "/" + string(u.ID) }

// WebAuthnID implements webauthn.User.
func (p person) WebAuthnID() []byte { return []byte(handle(p.u)) }

// WebAuthnName implements webauthn.User: what tells accounts of one person apart.
func (p person) WebAuthnName() string {
	if p.u.Email != "" {
		return p.u.Email
	}
	return p.u.Called()
}

// WebAuthnDisplayName implements webauthn.User.
func (p person) WebAuthnDisplayName() string { return p.u.Called() }

// WebAuthnCredentials implements webauthn.User.
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.keys }
