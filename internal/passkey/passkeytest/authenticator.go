// Package passkeytest is an authenticator in software, for tests of passkeys: it answers
// ceremonies as a browser and a security key do together, or wrongly where a test says so.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Authenticator holds passkeys (ES256). The zero value does not verify its user.
type Authenticator struct {
	Origin   string // that the browser writes down: "https://pbx.example"
	Verified bool   // it has verified its user, by a finger or PIN
	Counts   bool   // signatures are counted
	Synced   bool   // passkeys may be copied
	Keys     []*Key

	// Party, when set, is signed in place of the relying party that was asked for.
	Party string
}

// Key is one passkey.
type Key struct {
	ID     []byte
	Handle []byte
	Count  uint32 // of the last signature

	private *ecdsa.PrivateKey
}

// Flags of authenticator data (WebAuthn §6.1).
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	mayBeCopied  = 1 << 3
	isCopied     = 1 << 4
	hasKey       = 1 << 6
)

var b64 = base64.RawURLEncoding

type options struct {
	Challenge string `json:"challenge"`
	Party     struct {
		ID string `json:"id"`
	} `json:"rp"`
	PartyID string `json:"rpId"`
	User    struct {
		ID string `json:"id"`
	} `json:"user"`
	Exclude []struct {
		ID string `json:"id"`
	} `json:"excludeCredentials"`
	Allow []struct {
		ID string `json:"id"`
	} `json:"allowCredentials"`
}

// Create registers a new passkey and gives RegistrationResponseJSON. An error when one
// of those that are excluded is here.
func (a *Authenticator) Create(asked json.RawMessage) (json.RawMessage, error) {
	var o options
	if err := json.Unmarshal(asked, &o); err != nil {
		return nil, err
	}
	for _, x := range o.Exclude {
		if a.key(x.ID) != nil {
			return nil, errors.New("InvalidStateError: the passkey is here already")
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	k := &Key{ID: make([]byte, 32), private: private}
	rand.Read(k.ID)
	if k.Handle, err = b64.DecodeString(o.User.ID); err != nil {
		return nil, err
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	data := a.data(o.Party.ID, hasKey, k)
	data = append(data, make([]byte, 16)...) // no make
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID)))
	data = append(data, k.ID...)
	data = append(data, 0xa5, 1, 2, 3, 0x26, 0x20, 1) // EC2, ES256, P-256 (RFC 9053)
	data = append(data, 0x21)
	data = append(data, cborBytes(point[1:33])...)
	data = append(data, 0x22)
	data = append(data, cborBytes(point[33:])...)
	object := []byte{0xa3}
	object = append(object, cborText("fmt")...)
	object = append(object, cborText("none")...)
	object = append(object, cborText("attStmt")...)
	object = append(object, 0xa0)
	object = append(object, cborText("authData")...)
	object = append(object, cborBytes(data)...)
	a.Keys = append(a.Keys, k)
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(k.ID), "rawId": b64.EncodeToString(k.ID), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(a.client("webauthn.create", o.Challenge)),
			"attestationObject": b64.EncodeToString(object), "transports": []string{"internal"}},
	})
}

// Get signs with one of the passkeys that are asked for, or when none is named with the
// last, and gives AuthenticationResponseJSON. An error when there is none.
func (a *Authenticator) Get(asked json.RawMessage) (json.RawMessage, error) {
	var o options
	if err := json.Unmarshal(asked, &o); err != nil {
		return nil, err
	}
	var k *Key
	for _, x := range o.Allow {
		if k == nil {
			k = a.key(x.ID)
		}
	}
	if len(o.Allow) == 0 && len(a.Keys) > 0 {
		k = a.Keys[len(a.Keys)-1]
	}
	if k == nil {
		return nil, errors.New("NotAllowedError: there is no such passkey")
	}
	return a.Sign(k, o.PartyID, o.Challenge)
}

// Sign answers with a passkey whatever was asked.
func (a *Authenticator) Sign(k *Key, party, challenge string) (json.RawMessage, error) {
	if a.Counts {
		k.Count++
	}
	data, client := a.data(party, 0, k), a.client("webauthn.get", challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, sum[:])
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(k.ID), "rawId": b64.EncodeToString(k.ID), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
			"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(k.Handle)},
	})
}

func (a *Authenticator) key(id string) *Key {
	for _, k := range a.Keys {
		if b64.EncodeToString(k.ID) == id {
			return k
		}
	}
	return nil
}

// data is authenticator data (WebAuthn §6.1).
func (a *Authenticator) data(party string, flags byte, k *Key) []byte {
	flags |= userPresent
	if a.Verified {
		flags |= userVerified
	}
	if a.Synced {
		flags |= mayBeCopied | isCopied
	}
	if a.Party != "" {
		party = a.Party
	}
	hash := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), k.Count)
}

func (a *Authenticator) client(kind, challenge string) []byte {
	return fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":false}`, kind, challenge, a.Origin)
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) } // of less than 24 bytes

func cborBytes(b []byte) []byte {
	return append([]byte{0x59, byte(len(b) >> 8), byte(len(b))}, b...)
}
