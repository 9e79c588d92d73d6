package route

import (
	"context"
	"strings"

	"tandem/internal/voice"
)

// phonesOf rings the phones of an extension, whatever its user's call settings.
func (r *resolver) phonesOf(ctx context.Context, number string) ([]voice.Attempt, error) {
	if _, err := r.s.Extensions.Extension(ctx, r.tenant, number); err != nil {
		return nil, err
	}
	return []voice.Attempt{{Targets: []voice.Target{{Kind: voice.ToExtension, ID: number}}, Text: "extension " + number}}, nil
}

// dialled reaches whatever an extension of the tenant would reach by what is
// dialled: another extension, an app, an address, or an outside number.
func (r *resolver) dialled(ctx context.Context, what string) ([]voice.Attempt, error) {
	what = strings.TrimSpace(what)
	if strings.Contains(what, "@") {
		return r.sip(ctx, what)
	}
	attempts, err := r.extension(ctx, what)
	if !voice.IsKind(err, voice.NotExist) {
		return attempts, err
	}
	if r.s.Addresses != nil {
		app, err := r.s.Addresses.DialledApp(ctx, r.tenant, what)
		if err == nil {
			return r.attempts(ctx, voice.Destination{Kind: voice.ToApp, ID: string(app)})
		}
		if !voice.IsKind(err, voice.NotExist) {
			return nil, err
		}
	}
	if _, err := voice.ParseE164(what); err != nil {
		return nil, voice.Errorf(op, voice.NotExist, "nothing is behind %q", what)
	}
	return r.number(ctx, what)
}
