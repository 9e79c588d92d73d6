package input

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// LinkQuery gives the query, exp and sig, of a link that whoever holds it may follow
// until a time: it is signed with key for what parts name, and stands in for a token.
func LinkQuery(key []byte, until time.Time, parts ...string) string {
	exp := strconv.FormatInt(until.Unix(), 10)
	return url.Values{"exp": {exp}, "sig": {sign(key, append(slices.Clone(parts), exp)...)}}.Encode()
}

// LinkGood says whether a query is LinkQuery's for the same parts, and not expired.
func LinkGood(q url.Values, key []byte, now time.Time, parts ...string) bool {
	exp := q.Get("exp")
	until, err := strconv.ParseInt(exp, 10, 64)
	return err == nil && now.Unix() < until && hmac.Equal([]byte(q.Get("sig")), []byte(sign(key, append(slices.Clone(parts), exp)...)))
}

// sign gives the signature of parts: whoever has not key can't make one.
func sign(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
