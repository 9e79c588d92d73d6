package route

import (
	"context"

	"tandem/internal/voice"
)

// Router resolves destinations for live calls.
type Router struct {
	Sources Sources
}

// Route resolves d for the call in info. The call counts as coming from an app
// unless d is just what its caller dialled.
func (r Router) Route(ctx context.Context, t voice.TenantID, d voice.Destination, info voice.CallInfo) (voice.Route, error) {
	direct, err := r.direct(ctx, t, d, info)
	if err != nil {
		return voice.Route{}, err
	}
	return Resolve(ctx, r.Sources, t, d, Caller{FromApp: !direct})
}

// direct reports whether the caller dialled d itself: an extension, an outside
// number, or a number of ours that is connected to d.
func (r Router) direct(ctx context.Context, t voice.TenantID, d voice.Destination, info voice.CallInfo) (bool, error) {
	if info.Direction == voice.Outbound {
		return true, nil
	}
	if info.To == d.ID {
		return true, nil
	}
	e, err := voice.ParseE164(info.To)
	if err != nil {
		return false, nil
	}
	if d.Kind == voice.ToNumber && d.ID == string(e) {
		return true, nil
	}
	n, err := r.Sources.Numbers.NumberByE164(ctx, e)
	if voice.IsKind(err, voice.NotExist) {
		return false, nil
	}
	return err == nil && n.Tenant == t && n.Dest == d, err
}
