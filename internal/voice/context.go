package voice

import "context"

type tenantKey struct{}

// WithTenant says for whom something is fetched, so that the outbound policy
// knows which networks that account may reach.
func WithTenant(ctx context.Context, t TenantID) context.Context {
	return context.WithValue(ctx, tenantKey{}, t)
}

// TenantOf gives what WithTenant has said; "" = nothing.
func TenantOf(ctx context.Context) TenantID {
	t, _ := ctx.Value(tenantKey{}).(TenantID)
	return t
}
