package hooks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// secretBytes is the length of a secret; the specification wants 24 to 64.
const secretBytes = 32

// sealed is a secret as it is stored.
type sealed struct {
	Row   string    `json:"row"` // what it is sealed for
	Text  string    `json:"text"`
	Until time.Time `json:"until,omitzero"` // zero = it is the present one
}

// newSecret makes a secret: as people are shown it, and sealed.
func (k *Keeper) newSecret(t voice.TenantID) (string, sealed) {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // it never fails
	row := "webhook secret " + string(t) + " " + voice.NewID("")
	return "whsec_" + base64.StdEncoding.EncodeToString(key), sealed{Row: row, Text: k.cfg.Box.Seal(row, key)}
}

// renewed puts a fresh secret before the former ones that are valid for a while.
func renewed(former []sealed, fresh sealed, now time.Time, overlap time.Duration) []sealed {
	list := []sealed{fresh}
	for _, s := range former {
		if s.Until.IsZero() || s.Until.After(now.Add(overlap)) {
			s.Until = now.Add(overlap)
		}
		if s.Until.After(now) && len(list) < maxSecrets {
			list = append(list, s)
		}
	}
	return list
}

// Sign gives the headers of Standard Webhooks for a delivery that is sent at
// now: of a webhook of ours by its own secrets, of another where the account has
// asked for it by the account's. signed is "" when it is not signed.
func (k *Keeper) Sign(ctx context.Context, d voice.Delivery, now time.Time) (headers map[string]string, signed string, err error) {
	var s stored
	if serial, ours := serialOf(d.Signature); ours {
		if _, s, err = k.find(ctx, d.Tenant, serial); err != nil {
			return nil, "", err
		}
	} else {
		if _, s, err = k.settings(ctx, d.Tenant); err != nil || !s.SignAll {
			return nil, "", err
		}
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	signed = string(d.ID) + "." + stamp + "." + d.Body
	var signatures []string
	for _, x := range s.Secrets {
		if !x.Until.IsZero() && !x.Until.After(now) {
			continue
		}
		key, err := k.cfg.Box.Open(x.Row, x.Text)
		if err != nil {
			return nil, "", err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(signed))
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return map[string]string{
		"webhook-id": string(d.ID), "webhook-timestamp": stamp, "webhook-signature": strings.Join(signatures, " "),
	}, signed, nil
}

// Settings are what an account has set for the webhooks of all its vendors.
type Settings struct {
	// SignAll signs them too, beside the signature that a vendor has.
	SignAll bool
	// Retry names vendors whose webhooks are tried again over three days though the
	// vendor says that they are not, or less often.
	Retry []string
}

func (k *Keeper) settings(ctx context.Context, t voice.TenantID) (voice.Resource, stored, error) {
	rs, err := k.cfg.Resources.Resources(ctx, t, voice.ResourceFilter{Kind: KindSettings, Name: "settings", Limit: 1})
	if err != nil || len(rs) == 0 {
		return voice.Resource{}, stored{}, err
	}
	s, err := read(rs[0])
	return rs[0], s, err
}

// Settings gives an account's.
func (k *Keeper) Settings(ctx context.Context, t voice.TenantID) (Settings, error) {
	_, s, err := k.settings(ctx, t)
	return Settings{SignAll: s.SignAll, Retry: s.Retry}, err
}

// SetSettings changes them. secret is "" unless the account had none: it is
// shown this once.
func (k *Keeper) SetSettings(ctx context.Context, t voice.TenantID, to Settings) (secret string, err error) {
	r, s, err := k.settings(ctx, t)
	if err != nil {
		return "", err
	}
	s.SignAll, s.Retry = to.SignAll, to.Retry
	if to.SignAll && len(s.Secrets) == 0 {
		text, first := k.newSecret(t)
		secret, s.Secrets = text, []sealed{first}
	}
	if r.Serial != 0 {
		_, err = k.write(ctx, r, s)
		return secret, err
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return "", voice.E("hooks.SetSettings", voice.Internal, err)
	}
	now := k.cfg.Now()
	_, err = k.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: t, Kind: KindSettings, Name: "settings", Data: raw, Created: now, Updated: now})
	return secret, err
}

// RotateAccount gives an account a new secret for its vendors' webhooks, as
// Rotate does for one of ours.
func (k *Keeper) RotateAccount(ctx context.Context, t voice.TenantID, overlap time.Duration) (string, error) {
	r, s, err := k.settings(ctx, t)
	if err != nil {
		return "", err
	}
	if len(s.Secrets) == 0 {
		return "", voice.Errorf("hooks.RotateAccount", voice.Conflict, "the vendors' webhooks are not signed: there is no secret to rotate")
	}
	return k.rotate(ctx, r, s, overlap)
}

// Tries gives how often a delivery is tried: as its dialect says, or fully when
// the account has switched that on for the vendor. When that can't be read, as
// the dialect says.
func (k *Keeper) Tries(ctx context.Context, d voice.Delivery) int {
	if d.Tries >= voice.FullTries {
		return d.Tries
	}
	vendor, _, _ := strings.Cut(d.Endpoint, "/")
	if _, s, err := k.settings(ctx, d.Tenant); err == nil && slices.Contains(s.Retry, vendor) {
		return voice.FullTries
	}
	return d.Tries
}
