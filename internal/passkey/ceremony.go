package passkey

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"tandem/internal/voice"
)

// Bounds of the ceremonies that wait for their answer. When there are more, the one
// that ends first goes.
const (
	ceremonyLife = 5 * time.Minute
	maxWaiting   = 10_000 // in one table
	maxOfOne     = 100    // that one person, or one address of nobody known, has begun
)

// purpose is what an answer will do.
type purpose int

const (
	toRegister purpose = iota
	toLogIn            // without a password
	toConfirm          // the second factor of a log-in
)

// waiting is a ceremony that was begun.
type waiting struct {
	purpose purpose
	by      string // the person, or the address
	session webauthn.SessionData
	ends    time.Time
}

// ceremonies are those that wait, by the hash of their token.
type ceremonies struct {
	mu  sync.Mutex
	all map[[32]byte]waiting
	of  map[string]int // by waiting.by
}

func newCeremonies() *ceremonies {
	return &ceremonies{all: map[[32]byte]waiting{}, of: map[string]int{}}
}

// begin keeps a ceremony and gives its token, 256 random bits.
func (c *ceremonies) begin(w waiting, now time.Time) string {
	token := voice.NewSecret() + voice.NewSecret()
	w.ends = now.Add(ceremonyLife)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= maxWaiting {
		c.makeRoom(now, "")
	}
	if c.of[w.by] >= maxOfOne {
		c.makeRoom(now, w.by)
	}
	c.all[sha256.Sum256([]byte(token))] = w
	c.of[w.by]++
	return token
}

// makeRoom removes those whose time is over, and else the one that ends first: of by,
// or "" of all.
func (c *ceremonies) makeRoom(now time.Time, by string) {
	var first [32]byte
	var ends time.Time
	for k, w := range c.all {
		switch {
		case !now.Before(w.ends):
			c.remove(k)
		case (by == "" || w.by == by) && (ends.IsZero() || w.ends.Before(ends)):
			first, ends = k, w.ends
		}
	}
	if by == "" && len(c.all) >= maxWaiting || by != "" && c.of[by] >= maxOfOne {
		c.remove(first)
	}
}

func (c *ceremonies) remove(k [32]byte) {
	w, ok := c.all[k]
	if !ok {
		return
	}
	delete(c.all, k)
	if c.of[w.by]--; c.of[w.by] <= 0 {
		delete(c.of, w.by)
	}
}

// take ends a ceremony; false when there is none, its time is over, or it is another
// person's or for another purpose. Whatever it is, it serves no more.
func (c *ceremonies) take(token string, p purpose, by string, now time.Time) (webauthn.SessionData, bool) {
	k := sha256.Sum256([]byte(token))
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.all[k]
	c.remove(k)
	// Who logs in without a password may come from another address than before.
	ok = ok && now.Before(w.ends) && w.purpose == p && (p == toLogIn || w.by == by)
	return w.session, ok
}
