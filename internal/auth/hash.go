package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"tandem/internal/voice"
)

// Cost of a hash: OWASP's second argon2id setting, some 20 ms and 19 MiB.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2        // passes
	hashThreads = 1
	hashSalt    = 16 // bytes
	hashKey     = 32 // bytes
)

// Bounds of what a stored hash may ask for.
const (
	maxHashMemory = 256 << 10 // KiB
	maxHashTime   = 16
	maxHashKey    = 64
)

// MaxSecret bounds a password, in bytes.
const MaxSecret = 1024

// Hasher hashes secrets with argon2id (RFC 9106), at most two at once, so that
// guessing can take neither the memory nor the processors from calls.
type Hasher struct{ slots chan struct{} } // in and out: one token per hash that runs

// NewHasher makes a hasher. A process has one.
func NewHasher() *Hasher { return &Hasher{slots: make(chan struct{}, 2)} }

// Hash gives the hash of a secret for storing, with a fresh salt:
// "$argon2id$v=19$m=19456,t=2,p=1$salt$key". Invalid when the secret is empty
// or longer than MaxSecret; Unavailable when ctx ends while it waits its turn.
func (h *Hasher) Hash(ctx context.Context, secret string) (string, error) {
	if secret == "" || len(secret) > MaxSecret {
		return "", voice.InvalidField("auth.Hash", "password", "a password has 1 to %d bytes, not %d", MaxSecret, len(secret))
	}
	p := hashed{memory: hashMemory, time: hashTime, threads: hashThreads, salt: make([]byte, hashSalt)}
	rand.Read(p.salt)
	key, err := h.derive(ctx, secret, p, hashKey)
	if err != nil {
		return "", err
	}
	p.key = key
	return p.String(), nil
}

// Verify reports whether secret is what encoded was made of. Errors: Invalid
// when encoded is no hash, Unavailable when ctx ends while it waits its turn.
func (h *Hasher) Verify(ctx context.Context, encoded, secret string) (bool, error) {
	p, err := parseHash(encoded)
	if err != nil {
		return false, err
	}
	if len(secret) > MaxSecret {
		secret = secret[:MaxSecret] // can't be right: Hash takes none so long
		p.key[0] ^= 1
	}
	key, err := h.derive(ctx, secret, p, len(p.key))
	return err == nil && subtle.ConstantTimeCompare(key, p.key) == 1, err
}

func (h *Hasher) derive(ctx context.Context, secret string, p hashed, size int) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, voice.E("auth.Hash", voice.Unavailable, context.Cause(ctx))
	}
	return argon2.IDKey([]byte(secret), p.salt, p.time, p.memory, p.threads, uint32(size)), nil
}

// hashed is a stored hash, taken apart.
type hashed struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// String gives the PHC string form.
func (p hashed) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

func parseHash(encoded string) (hashed, error) {
	var p hashed
	refuse := func(why string) (hashed, error) {
		return hashed{}, voice.Errorf("auth.Verify", voice.Invalid, "stored hash: %s", why)
	}
	parts := strings.Split(encoded, "$") // "", argon2id, v=19, m=…, salt, key
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return refuse("not argon2id")
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); n != 3 || err != nil {
		return refuse("no cost")
	}
	if p.memory < 8 || p.memory > maxHashMemory || p.time < 1 || p.time > maxHashTime || p.threads < 1 || p.threads > 4 {
		return refuse("cost out of bounds")
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 || len(p.salt) > maxHashKey {
		return refuse("no salt")
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(p.key) < 16 || len(p.key) > maxHashKey {
		return refuse("no key")
	}
	return p, nil
}

// nobody is the hash that the secret of an unknown name is compared with, so
// that it costs the same work. Verify with it is always false to its caller.
func nobody() string {
	return hashed{
		memory: hashMemory, time: hashTime, threads: hashThreads,
		salt: make([]byte, hashSalt), key: make([]byte, hashKey),
	}.String()
}
