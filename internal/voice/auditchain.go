package voice

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
)

// auditForm begins what is hashed of an entry; another encoding would have another name.
const auditForm = "tandem audit entry 1"

// ChainHash gives what Hash has to be when the entry follows the one whose hash is prev:
// SHA-256 in hexadecimal over all that the entry says, its id, its number and prev. Each
// text is preceded by its length in bytes and a colon, each number and list is a text of
// digits, so that no two entries have one encoding.
func (e AuditEntry) ChainHash(prev string) string {
	h := sha256.New()
	for _, text := range []string{
		auditForm, prev, strconv.FormatInt(e.Number, 10), e.ID, string(e.Tenant), strconv.FormatInt(e.At.UnixMicro(), 10),
		string(e.Actor.Kind), e.Actor.ID, e.Actor.Name, e.Actor.Via, e.Actor.Source,
		e.Action, e.Kind, e.Object, e.Name, strconv.Itoa(len(e.Changes)),
	} {
		hashText(h, text)
	}
	for _, c := range e.Changes {
		hashText(h, c.Field)
		hashText(h, c.From)
		hashText(h, c.To)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashText(h hash.Hash, text string) {
	h.Write([]byte(strconv.Itoa(len(text)) + ":" + text)) // it never fails
}
