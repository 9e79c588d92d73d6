package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// Parameters of the codes: those that every authenticator app takes (RFC 6238
// §1.2; RFC 4226 §4 R6 for the size of the secret).
const (
	totpStep   = 30 // seconds
	totpDigits = 6
	totpSecret = 20 // bytes
	totpSkew   = 1  // steps that a device's clock may be off, each way
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTPSecret draws the secret of a device, in base32.
func NewTOTPSecret() string {
	b := make([]byte, totpSecret)
	rand.Read(b)
	return base32Text.EncodeToString(b)
}

// TOTPURI is what an authenticator app reads from a QR code.
func TOTPURI(issuer, account, secret string) string {
	label := url.PathEscape(issuer) + ":" + url.PathEscape(account)
	return fmt.Sprintf("otpauth://totp/%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d", label, secret, url.QueryEscape(issuer), totpDigits, totpStep)
}

// TOTP is the code of a step, which is Unix time over 30 s (RFC 6238 §4.2, RFC 4226
// §5.3); "" for a secret that is not base32.
func TOTP(secret string, step int64) string {
	key, err := base32Text.DecodeString(secret)
	if err != nil || len(key) == 0 {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%0*d", totpDigits, binary.BigEndian.Uint32(sum[at:])&0x7fff_ffff%1_000_000)
}

// FindTOTP gives the step whose code it is, among those that a device may be at now.
func FindTOTP(secret, code string, now time.Time) (step int64, ok bool) {
	at := now.Unix() / totpStep
	for s := at - totpSkew; s <= at+totpSkew; s++ {
		if want := TOTP(secret, s); want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}
