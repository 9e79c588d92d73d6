package routee

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"strconv"
	"strings"

	"tandem/internal/voice"
)

// callEncoding is that of call ids (voice.NewID).
var callEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// maxDials bounds the legs of a call that have a message id which is understood.
const maxDials = 50

// first is the number of the leg that a call begins with; DIAL legs count from 1.
const first = 0

// TrackingID gives the UUID of a call: its 16 bytes. Ids that are none of ours give "".
func TrackingID(id voice.CallID) string {
	b, err := callEncoding.DecodeString(string(id))
	if err != nil || len(b) != 16 {
		return ""
	}
	return uuid(b)
}

// MessageID gives the UUID of a leg: the call's bytes, mixed with the leg's number.
func MessageID(id voice.CallID, leg int) string {
	b, err := callEncoding.DecodeString(string(id))
	if err != nil || len(b) != 16 {
		return ""
	}
	return uuid(mixed(b, leg))
}

func mixed(b []byte, leg int) []byte {
	sum := sha256.Sum256([]byte("leg " + strconv.Itoa(leg)))
	out := make([]byte, 16)
	for i := range out {
		out[i] = b[i] ^ sum[i]
	}
	return out
}

func uuid(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// bytesOf reads a UUID; nil when it is none.
func bytesOf(id string) []byte {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 {
		return nil
	}
	return b
}

// candidates gives the calls that an id may stand for, and the leg of each: as a
// tracking id first, then as the message id of each leg.
func candidates(id string) []legRef {
	b := bytesOf(id)
	if b == nil {
		return nil
	}
	refs := []legRef{{call: callOf(b), leg: first, whole: true}}
	for leg := first; leg <= maxDials; leg++ {
		refs = append(refs, legRef{call: callOf(mixed(b, leg)), leg: leg})
	}
	return refs
}

func callOf(b []byte) voice.CallID { return voice.CallID(callEncoding.EncodeToString(b)) }

// legRef is a leg of a call, or the call as a whole.
type legRef struct {
	call  voice.CallID
	leg   int
	whole bool
}
