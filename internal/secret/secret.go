// Package secret seals small values, such as trunk passwords and signing keys,
// so that a copy of the database alone does not reveal them.
//
// A Box seals with AES-256-GCM (NIST SP 800-38D) and a random nonce. The
// identity of the row is associated data: a sealed value moved to another row
// does not open. Each sealed value names its key, so that keys can be rotated.
// It is not a password hash and starts no goroutine; a Box may be used by many
// goroutines at once.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"tandem/internal/voice"
)

// keyBytes is the length of an AES-256 key.
const keyBytes = 32

// Box seals and opens values. It prints as "secret.Box", never its keys.
type Box struct {
	active string
	keys   map[string]cipher.AEAD
	lines  []string // the key file's lines, active key first
}

// New makes a box with one fresh key that lives in memory alone, for tests and
// for data that need not outlive the process.
func New() *Box {
	b, err := parse(newLine())
	if err != nil {
		panic("secret: a fresh key does not parse: " + err.Error()) // cannot be: newLine writes what parse reads
	}
	return b
}

// String hides the keys.
func (b *Box) String() string { return "secret.Box" }

// GoString hides the keys.
func (b *Box) GoString() string { return "secret.Box" }

// Seal gives plain in a printable, sealed form that opens only for the same
// row, such as "trunk/704110238/tr1".
func (b *Box) Seal(row string, plain []byte) string {
	sealed := b.keys[b.active].Seal(nil, nil, plain, []byte(row))
	return b.active + ":" + base64.RawStdEncoding.EncodeToString(sealed)
}

// Open gives back what was sealed for row. Errors: Invalid when sealed is not
// in the form that Seal writes, NotExist when its key is not in this box,
// Permission when it was altered or sealed for another row.
func (b *Box) Open(row, sealed string) ([]byte, error) {
	const op = "secret.Open"
	id, text, ok := strings.Cut(sealed, ":")
	if !ok {
		return nil, voice.Errorf(op, voice.Invalid, "value is not sealed")
	}
	aead, ok := b.keys[id]
	if !ok {
		return nil, voice.Errorf(op, voice.NotExist, "value was sealed with key %q, which the key file does not hold", id)
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, voice.Errorf(op, voice.Invalid, "sealed value is damaged: %w", err)
	}
	plain, err := aead.Open(nil, nil, raw, []byte(row))
	if err != nil {
		return nil, voice.Errorf(op, voice.Permission, "value does not open: altered, or sealed for another row")
	}
	return plain, nil
}

// newLine makes a key file line: "id key", both hex, with 32 and 256 random bits.
func newLine() string {
	var b [4 + keyBytes]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:4]) + " " + hex.EncodeToString(b[4:])
}

// parse reads the lines of a key file; the first key is the active one.
func parse(text string) (*Box, error) {
	b := &Box{keys: map[string]cipher.AEAD{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, key, _ := strings.Cut(line, " ")
		raw, err := hex.DecodeString(strings.TrimSpace(key))
		if err != nil || len(raw) != keyBytes || id == "" || strings.Contains(id, ":") {
			return nil, fmt.Errorf("key %d is not an id and %d hexadecimal digits", len(b.keys)+1, 2*keyBytes)
		}
		if b.keys[id] != nil {
			return nil, fmt.Errorf("key id %q stands twice", id)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, err
		}
		if b.keys[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
			return nil, err
		}
		if b.active == "" {
			b.active = id
		}
		b.lines = append(b.lines, line)
	}
	if b.active == "" {
		return nil, fmt.Errorf("no key in it")
	}
	return b, nil
}
