package voice

import (
	"context"
	"encoding/json"
	"time"
)

// PasskeyID names a passkey here; its authenticator knows it by Passkey.Credential.
type PasskeyID string

// Bounds of passkeys.
const (
	MaxPasskeys        = 20   // of one person
	MaxCredentialBytes = 1023 // of Passkey.Credential (WebAuthn §4)
	MaxPublicKeyBytes  = 4096 // of Passkey.PublicKey
)

// Passkey is a key pair of a person's device, security key or password manager, of
// which the public half is kept here (W3C Web Authentication).
type Passkey struct {
	ID         PasskeyID
	Tenant     TenantID
	User       UserID
	Name       string   // that the person gave it
	Party      string   // host name that it was made for: the relying party's id
	Credential []byte   // id that the authenticator gave it; unique in the installation
	PublicKey  []byte   // COSE_Key (RFC 9052)
	Transports []string // how the authenticator is reached: "internal", "usb"
	Count      uint32   // signatures that the authenticator has counted; 0 = it counts none
	Synced     bool     // it may be copied to other devices of the person
	Created    time.Time
	Used       time.Time // zero = never
}

// Ceremony is one exchange with a person's authenticator: the token by which the
// answer is known again, and what the browser is asked, in the JSON form of WebAuthn
// §5.1.8 or §5.1.9.
type Ceremony struct {
	Token   string
	Options json.RawMessage
}

// PasskeyStore keeps passkeys.
type PasskeyStore interface {
	// AddPasskey stores p. Error kinds: Exists when its credential is known already,
	// Limit when the person has MaxPasskeys, NotExist without the person.
	AddPasskey(ctx context.Context, p Passkey) error
	// Passkeys lists a person's, in order of creation.
	Passkeys(ctx context.Context, t TenantID, u UserID) ([]Passkey, error)
	// RenamePasskey is NotExist when the person has no such passkey.
	RenamePasskey(ctx context.Context, t TenantID, u UserID, id PasskeyID, name string) error
	// DeletePasskey is NotExist when the person has no such passkey.
	DeletePasskey(ctx context.Context, t TenantID, u UserID, id PasskeyID) error
	// DeletePasskeys removes all of a person; NotExist when there is none.
	DeletePasskeys(ctx context.Context, t TenantID, u UserID) error
}

// PasskeyUseStore finds and counts passkeys as they are used.
type PasskeyUseStore interface {
	// PasskeyByCredential finds one, whoever's it is.
	PasskeyByCredential(ctx context.Context, credential []byte) (Passkey, error)
	// UsePasskey notes a use with the authenticator's count. Conflict when that is not
	// more than the last, unless both are 0; NotExist when the passkey is gone. Of
	// requests with one count that come together, one is taken.
	UsePasskey(ctx context.Context, t TenantID, id PasskeyID, count uint32, at time.Time) error
}
