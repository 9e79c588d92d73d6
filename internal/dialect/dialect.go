package dialect

import (
	"context"
	"net/http"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Dialect is one vendor's API and document language.
type Dialect interface {
	// Kind is the dialect's name and the kind of the apps it writes: "sonetel".
	Kind() voice.AppKind
	// HostNames lists the vendor's own host names, lower case. Requests whose
	// Host is one of them are served at the root.
	HostNames() []string
	// Handler serves the API below prefix ("/sonetel", or "" at the root).
	Handler(prefix string) http.Handler
	// Compile makes the program of an app. The program is usable when it has
	// an entry, whatever the diagnostics. The error is for look-ups that broke,
	// and kind Invalid for a stored document that can't be read at all.
	Compile(ctx context.Context, app voice.App, r Resolver) (flow.Program, flow.Diagnostics, error)
	// Dialled says what user, the user part of a request URI, means in this
	// dialect to someone of tenant t. NotExist when it means nothing.
	Dialled(ctx context.Context, t voice.TenantID, user string, r Resolver) (Target, error)
}

// Target is what a dialled address comes to: an app, or a program of its own.
// Exactly one of the two is set.
type Target struct {
	App     voice.AppID
	Program *flow.Program
}

// Resolver looks up what a document refers to, within one tenant. What does not
// exist is an error of kind NotExist.
type Resolver interface {
	User(ctx context.Context, id voice.UserID) (voice.User, error)
	Apps(ctx context.Context) ([]voice.App, error)
	Sound(ctx context.Context, id voice.SoundID) (voice.Sound, error)
	// Sounds lists the sounds of an app; app "" = all of the tenant's.
	Sounds(ctx context.Context, app voice.AppID) ([]voice.Sound, error)
	// Group reports whether a ring group exists.
	Group(ctx context.Context, id string) (bool, error)
}

// StoreResolver is a Resolver over the stores.
type StoreResolver struct {
	Tenant     voice.TenantID
	UserStore  voice.UserStore
	AppStore   voice.AppStore
	SoundStore voice.SoundStore
}

// User finds a user of the tenant.
func (r StoreResolver) User(ctx context.Context, id voice.UserID) (voice.User, error) {
	return r.UserStore.User(ctx, r.Tenant, id)
}

// Apps lists the tenant's apps.
func (r StoreResolver) Apps(ctx context.Context) ([]voice.App, error) {
	return r.AppStore.Apps(ctx, r.Tenant)
}

// Sound finds a sound of the tenant.
func (r StoreResolver) Sound(ctx context.Context, id voice.SoundID) (voice.Sound, error) {
	return r.SoundStore.Sound(ctx, r.Tenant, id)
}

// Sounds lists the tenant's sounds of an app.
func (r StoreResolver) Sounds(ctx context.Context, app voice.AppID) ([]voice.Sound, error) {
	return r.SoundStore.Sounds(ctx, r.Tenant, app)
}

// Group reports whether id is a ring group. Every tenant has one, with the
// tenant's own id: all of its users.
func (r StoreResolver) Group(_ context.Context, id string) (bool, error) {
	return id == string(r.Tenant), nil
}
