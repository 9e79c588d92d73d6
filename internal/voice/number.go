package voice

import (
	"context"
	"strings"
	"time"
)

// E164 is a telephone number in canonical form: "+" and 7 to 15 digits
// (ITU-T E.164 §6). There is one canonical form; policy looks at it and it is
// what is dialled.
type E164 string

// ParseE164 makes the canonical form of s. It takes "+46 8-50 00 00", "0046850000",
// and digits without a plus; it refuses letters, pauses, parameters, non-ASCII
// digits and lengths outside 7 to 15 with kind Invalid.
func ParseE164(s string) (E164, error) {
	const op = "voice.ParseE164"
	t := strings.TrimSpace(s)
	plus := strings.HasPrefix(t, "+")
	t = strings.TrimPrefix(t, "+")
	var b strings.Builder
	for _, r := range t {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '(' || r == ')' || r == '.':
		default:
			return "", InvalidField(op, "number", "%q holds %q, which is not part of a telephone number", s, r)
		}
	}
	d := b.String()
	if !plus {
		d = strings.TrimPrefix(d, "00")
	}
	if len(d) < 7 || len(d) > 15 {
		return "", InvalidField(op, "number", "%q has %d digits; a full international number has 7 to 15", s, len(d))
	}
	if d[0] == '0' {
		return "", InvalidField(op, "number", "%q has no country code", s)
	}
	return E164("+" + d), nil
}

// Digits gives the number without its plus.
func (e E164) Digits() string { return strings.TrimPrefix(string(e), "+") }

// Number is a DID: a telephone number of a tenant and where its calls go.
type Number struct {
	E164    E164
	Serial  int64 // as Sound.Serial
	Tenant  TenantID
	Dest    Destination // where calls go; Kind "" = nowhere
	Created time.Time
}

// NumberStore keeps numbers.
type NumberStore interface {
	// AddNumber adds n; Exists when any tenant has the number.
	AddNumber(ctx context.Context, n Number) error
	// NumberByE164 finds a number whoever owns it: the one look-up that a call
	// from outside begins with. NotExist otherwise.
	NumberByE164(ctx context.Context, e E164) (Number, error)
	// Numbers lists a tenant's numbers in ascending order.
	Numbers(ctx context.Context, t TenantID) ([]Number, error)
	// UpdateNumber replaces Dest; NotExist when the tenant has no such number.
	UpdateNumber(ctx context.Context, n Number) error
	// RemoveNumber removes it; NotExist when the tenant has no such number.
	RemoveNumber(ctx context.Context, t TenantID, e E164) error
}
