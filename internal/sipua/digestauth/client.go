package digestauth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/icholy/digest"
)

// ErrNoChallenge means that no challenge could be answered.
var ErrNoChallenge = errors.New("no digest challenge that can be answered")

// Answer answers the strongest of the challenges and gives the value of the
// Authorization header with the realm it is for. The count is always 1: each
// answer is to a new challenge.
func Answer(challenges []string, method, uri, username, password string) (header, realm string, err error) {
	best, rank := (*digest.Challenge)(nil), 0
	for _, text := range challenges {
		if len(text) > maxHeader || !digest.IsDigest(text) {
			continue
		}
		c, err := digest.ParseChallenge(text)
		if err != nil || c == nil || c.Realm == "" || c.Nonce == "" || strings.ContainsAny(c.Realm+c.Nonce+c.Opaque, "\"\\\r\n") {
			continue
		}
		if r := strength(c); r > rank {
			best, rank = c, r
		}
	}
	if best == nil {
		return "", "", ErrNoChallenge
	}
	cred, err := digest.Digest(best, digest.Options{Method: method, URI: uri, Count: 1, Username: username, Password: password})
	if err != nil {
		return "", "", fmt.Errorf("answer digest challenge: %w", err)
	}
	return cred.String(), best.Realm, nil
}

// strength ranks a challenge, 0 = cannot be answered.
func strength(c *digest.Challenge) int {
	if len(c.QOP) > 0 && !slices.Contains(c.QOP, "auth") {
		return 0
	}
	switch strings.ToUpper(c.Algorithm) {
	case SHA256:
		return 2
	case "", MD5:
		return 1
	}
	return 0
}
