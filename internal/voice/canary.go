package voice

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
)

// Canary is a document that a part of an app's callers gets already, while the
// others go on with the published one.
type Canary struct {
	Percent  int    `json:"percent"`          // of the callers, 1 to 99; 0 = there is no canary
	Number   E164   `json:"number,omitempty"` // only of calls to this number; "" = of all
	Salt     string `json:"salt"`             // draws which callers
	Document string `json:"document"`         // in the language of the app, verbatim
	// Record is what the history of the app keeps of it once it is promoted.
	Record json.RawMessage `json:"record,omitempty"`
}

// Takes reports whether a call gets the canary: by who calls, so that one caller
// always gets the same. A caller without a number never gets it.
func (c Canary) Takes(from, to string) bool {
	if c.Percent <= 0 || from == "" || from == "anonymous" {
		return false
	}
	if c.Number != "" {
		if n, err := ParseE164(to); err != nil || n != c.Number {
			return false
		}
	}
	if n, err := ParseE164(from); err == nil {
		from = string(n) // however it is written
	}
	const parts = 10_000
	sum := sha256.Sum256([]byte(c.Salt + "\x00" + from))
	return int(binary.BigEndian.Uint64(sum[:8])%parts) < c.Percent*parts/100
}
