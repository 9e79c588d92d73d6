package hoiio

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"tandem/internal/voice"
)

// SignatureHeader carries the signature of a notification: the hex form of
// HMAC-SHA256 over its body, with the access token as the key.
const SignatureHeader = "X-Hoiio-Signature"

// SealedRow names what an application's access token is sealed for.
func SealedRow(app string) string { return Kind + "/" + app }

// Sign implements dialect.Signer.
func (d *Dialect) Sign(ctx context.Context, x voice.Delivery, _ time.Time) (map[string]string, string, error) {
	const op = "hoiio.Sign"
	app := strings.TrimPrefix(x.Signature, Kind+"/")
	k, err := d.cfg.Credentials.TokenByName(ctx, Kind, app)
	if err != nil {
		return nil, "", err
	}
	if k.Tenant != x.Tenant {
		return nil, "", voice.Errorf(op, voice.NotExist, "the account has no application %s", app)
	}
	if k.Sealed == "" {
		return nil, "", voice.Errorf(op, voice.NotExist, "the access token of application %s is not kept", app)
	}
	key, err := d.cfg.Box.Open(SealedRow(app), k.Sealed)
	if err != nil {
		return nil, "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(x.Body))
	return map[string]string{SignatureHeader: hex.EncodeToString(mac.Sum(nil))}, x.Body, nil
}

// signingApp gives the application whose token signs for a session; where none is
// named the account's oldest, and "" when it has none.
func (d *Dialect) signingApp(ctx context.Context, t voice.TenantID, app string) (string, error) {
	if app != "" {
		return app, nil
	}
	all, err := d.cfg.Credentials.Tokens(ctx, t)
	for _, k := range all {
		if k.Kind == Kind {
			return k.Name, err
		}
	}
	return "", err
}
