package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tandem/internal/clock"
	"tandem/internal/secret"
	"tandem/internal/voice"
)

const (
	// header is the only one that is made or taken: so neither "none" nor an
	// HMAC with the public key as its secret can ever pass (RFC 8725 §3.1).
	// Clients of vendors look at its first letters, hence alg first and no space.
	header = `{"alg":"RS256","typ":"JWT"}`
	// keyBits is the size of the signing key.
	keyBits = 2048
	// maxToken bounds a token, in bytes.
	maxToken = 16 << 10
	// keySetting is where the sealed signing key is kept.
	keySetting = "auth.signing-key"
)

// Kinds of token, the claim "kind".
const (
	AccessToken  = "access"
	RefreshToken = "refresh"
)

// Claims are what a token says. Extra holds the vendor's own claims beside the
// named ones and can't replace them.
type Claims struct {
	Issuer   string    // iss
	Audience string    // aud
	Kind     string    // kind: AccessToken or RefreshToken
	Subject  string    // sub; "" = none
	ID       string    // jti; "" = none
	Issued   time.Time // iat; zero = now
	Expires  time.Time // exp
	Extra    map[string]any
}

// Signer signs tokens with one RSA key and verifies them.
type Signer struct {
	key   *rsa.PrivateKey
	clock clock.Clock
}

// OpenSigner gives the signer of this installation. The key is made at first
// use and kept in settings, sealed by box.
func OpenSigner(ctx context.Context, settings voice.SettingStore, box *secret.Box, c clock.Clock) (*Signer, error) {
	const op = "auth.OpenSigner"
	sealed, err := settings.Setting(ctx, keySetting)
	if voice.IsKind(err, voice.NotExist) {
		var fresh string
		if fresh, err = newSigningKey(box); err != nil {
			return nil, voice.Errorf(op, voice.Internal, "make signing key: %w", err)
		}
		sealed, err = settings.InitSetting(ctx, keySetting, fresh)
	}
	if err != nil {
		return nil, err
	}
	der, err := box.Open(keySetting, sealed)
	if err != nil {
		return nil, voice.Errorf(op, voice.Internal, "signing key: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, voice.Errorf(op, voice.Internal, "signing key is damaged")
	}
	return &Signer{key: key, clock: c}, nil
}

func newSigningKey(box *secret.Box) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return box.Seal(keySetting, der), nil
}

// Sign gives the token that says c. Its text is ASCII. Invalid when issuer,
// audience, kind or expiry is missing, or Extra can't be written as JSON.
func (s *Signer) Sign(c Claims) (string, error) {
	const op = "auth.Sign"
	if c.Issuer == "" || c.Audience == "" || c.Kind == "" || c.Expires.IsZero() {
		return "", voice.InvalidField(op, "claims", "a token needs issuer, audience, kind and expiry")
	}
	if c.Issued.IsZero() {
		c.Issued = s.clock.Now()
	}
	all := make(map[string]any, len(c.Extra)+7)
	for name, value := range c.Extra {
		all[name] = value
	}
	all["iss"], all["aud"], all["kind"] = c.Issuer, c.Audience, c.Kind
	all["iat"], all["exp"] = c.Issued.Unix(), c.Expires.Unix()
	delete(all, "sub")
	delete(all, "jti")
	if c.Subject != "" {
		all["sub"] = c.Subject
	}
	if c.ID != "" {
		all["jti"] = c.ID
	}
	payload, err := json.Marshal(all)
	if err != nil {
		return "", voice.InvalidField(op, "claims", "claims can't be written: %v", err)
	}
	signed := encode([]byte(header)) + "." + encode(ascii(payload))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", voice.E(op, voice.Internal, err)
	}
	return signed + "." + encode(signature), nil
}

// Verify gives what a token says when this installation signed it for issuer,
// audience and kind and it has not expired. Any other is kind Permission.
// Numbers in Extra are json.Number.
func (s *Signer) Verify(token, issuer, audience, kind string) (Claims, error) {
	const op = "auth.Verify"
	refuse := func(why string) (Claims, error) {
		return Claims{}, voice.Errorf(op, voice.Permission, "token %s", why)
	}
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return refuse("is no JWT")
	}
	if parts[0] != encode([]byte(header)) {
		return refuse("has a header that is not ours")
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return refuse("is damaged")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return refuse("has a wrong signature")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return refuse("is damaged")
	}
	c, err := parseClaims(payload)
	switch {
	case err != nil:
		return refuse("is damaged")
	case c.Issuer != issuer || c.Audience != audience || c.Kind != kind:
		return refuse("is for another purpose")
	case !c.Expires.After(s.clock.Now()):
		return refuse("has expired")
	}
	return c, nil
}

func parseClaims(payload []byte) (Claims, error) {
	var std struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Kind     string `json:"kind"`
		Subject  string `json:"sub"`
		ID       string `json:"jti"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &std); err != nil {
		return Claims{}, err
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var extra map[string]any
	if err := d.Decode(&extra); err != nil {
		return Claims{}, err
	}
	for _, name := range []string{"iss", "aud", "kind", "sub", "jti", "iat", "exp"} {
		delete(extra, name)
	}
	return Claims{
		Issuer: std.Issuer, Audience: std.Audience, Kind: std.Kind, Subject: std.Subject, ID: std.ID,
		Issued: time.Unix(std.Issued, 0).UTC(), Expires: time.Unix(std.Expires, 0).UTC(), Extra: extra,
	}, nil
}

// HasScope reports whether the claim "scope", a list or one text with spaces,
// names scope.
func (c Claims) HasScope(scope string) bool {
	switch list := c.Extra["scope"].(type) {
	case []any:
		return slices.Contains(list, any(scope))
	case []string:
		return slices.Contains(list, scope)
	case string:
		return slices.Contains(strings.Fields(list), scope)
	}
	return false
}

// Text gives the claim name of Extra when it is text, else "".
func (c Claims) Text(name string) string {
	text, _ := c.Extra[name].(string)
	return text
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
