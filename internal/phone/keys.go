package phone

import (
	"fmt"
	"strings"
	"time"
)

// KeyStep is one step of a key script: wait, then press. Exactly one of the
// two fields is set.
type KeyStep struct {
	Wait  time.Duration
	Press string
}

// Limits of a key script.
const (
	maxKeySteps = 1000
	maxKeyWait  = time.Hour
)

// ParseKeys reads a key script: tokens separated by spaces, each either a
// duration to wait ("3s", "500ms") or keys to press ("1", "2#", "*A"). The
// error names the token that is neither.
func ParseKeys(script string) ([]KeyStep, error) {
	var steps []KeyStep
	for i, token := range strings.Fields(script) {
		if len(steps) == maxKeySteps {
			return nil, fmt.Errorf("keys: more than %d steps", maxKeySteps)
		}
		if validKeys(token) {
			steps = append(steps, KeyStep{Press: token})
			continue
		}
		wait, err := time.ParseDuration(token)
		if err != nil {
			return nil, fmt.Errorf("keys: token %d %q is neither keys (0-9 * # A-D) nor a time such as 500ms or 3s", i+1, token)
		}
		if wait <= 0 || wait > maxKeyWait {
			return nil, fmt.Errorf("keys: token %d %q: a wait must be more than 0 and at most %s", i+1, token, maxKeyWait)
		}
		steps = append(steps, KeyStep{Wait: wait})
	}
	return steps, nil
}

func validKeys(s string) bool {
	for _, r := range s {
		if _, ok := keyEvent(r); !ok {
			return false
		}
	}
	return s != ""
}

// keyNames lists the keys in the order of their RFC 4733 event codes.
const keyNames = "0123456789*#ABCD"

// keyEvent gives the RFC 4733 §3.2 event code of a key.
func keyEvent(r rune) (byte, bool) {
	i := strings.IndexRune(keyNames, r)
	return byte(i), i >= 0
}
