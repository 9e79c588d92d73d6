package dialect

import (
	"context"
	"slices"
	"strconv"

	"tandem/internal/voice"
)

// StoreResolver is a Resolver over the stores.
type StoreResolver struct {
	Tenant         voice.TenantID
	UserStore      voice.UserStore
	AppStore       voice.AppStore
	SoundStore     voice.SoundStore
	ExtensionStore voice.ExtensionStore
	ResourceStore  voice.ResourceStore
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

// SoundBySerial finds a sound of the tenant by its number.
func (r StoreResolver) SoundBySerial(ctx context.Context, serial int64) (voice.Sound, error) {
	list, err := r.Sounds(ctx, "")
	return bySerial("sound", list, err, serial, func(s voice.Sound) int64 { return s.Serial })
}

// AppBySerial finds an app of the tenant by its number.
func (r StoreResolver) AppBySerial(ctx context.Context, serial int64) (voice.App, error) {
	list, err := r.Apps(ctx)
	return bySerial("app", list, err, serial, func(a voice.App) int64 { return a.Serial })
}

// Resource finds a resource of the tenant.
func (r StoreResolver) Resource(ctx context.Context, kind string, serial int64) (voice.Resource, error) {
	return r.ResourceStore.Resource(ctx, r.Tenant, kind, serial)
}

// Resources lists the tenant's resources of a kind; none without a store of them.
func (r StoreResolver) Resources(ctx context.Context, kind string) ([]voice.Resource, error) {
	if r.ResourceStore == nil {
		return nil, nil
	}
	return AllResources(ctx, r.ResourceStore, r.Tenant, kind)
}

// ResourceLister lists resources; a voice.ResourceStore does.
type ResourceLister interface {
	Resources(ctx context.Context, t voice.TenantID, f voice.ResourceFilter) ([]voice.Resource, error)
}

// AllResources lists the resources of a kind, however many a tenant has.
func AllResources(ctx context.Context, s ResourceLister, t voice.TenantID, kind string) ([]voice.Resource, error) {
	var all []voice.Resource
	f := voice.ResourceFilter{Kind: kind, Limit: 1000}
	for {
		list, err := s.Resources(ctx, t, f)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < f.Limit {
			return all, nil
		}
		f.After = list[len(list)-1].Serial
	}
}

// Extensions lists the tenant's extensions.
func (r StoreResolver) Extensions(ctx context.Context) ([]voice.Extension, error) {
	return r.ExtensionStore.Extensions(ctx, r.Tenant)
}

func bySerial[T any](what string, list []T, err error, serial int64, key func(T) int64) (T, error) {
	var zero T
	if err != nil {
		return zero, err
	}
	i := slices.IndexFunc(list, func(v T) bool { return key(v) == serial })
	if i < 0 || serial == 0 {
		return zero, voice.Errorf("dialect.Resolver", voice.NotExist, "%s %d does not exist", what, serial)
	}
	return list[i], nil
}

// OpenResolver is a Resolver for documents without an account: whatever they
// refer to exists. Sounds and apps have the number as their id.
type OpenResolver struct{}

// User gives a user of that id.
func (OpenResolver) User(_ context.Context, id voice.UserID) (voice.User, error) {
	return voice.User{ID: id, Serial: serialOf(string(id))}, nil
}

// Apps gives none.
func (OpenResolver) Apps(context.Context) ([]voice.App, error) { return nil, nil }

// Sound gives a sound of that id.
func (OpenResolver) Sound(_ context.Context, id voice.SoundID) (voice.Sound, error) {
	return voice.Sound{ID: id, Serial: serialOf(string(id)), Name: string(id), Blob: "unknown"}, nil
}

// Sounds gives none.
func (OpenResolver) Sounds(context.Context, voice.AppID) ([]voice.Sound, error) { return nil, nil }

// Group says that there is such a group.
func (OpenResolver) Group(context.Context, string) (bool, error) { return true, nil }

// SoundBySerial gives a sound of that number.
func (r OpenResolver) SoundBySerial(ctx context.Context, serial int64) (voice.Sound, error) {
	return r.Sound(ctx, voice.SoundID(strconv.FormatInt(serial, 10)))
}

// AppBySerial gives an app of that number.
func (OpenResolver) AppBySerial(_ context.Context, serial int64) (voice.App, error) {
	return voice.App{ID: voice.AppID(strconv.FormatInt(serial, 10)), Serial: serial}, nil
}

// Resource gives one without data.
func (OpenResolver) Resource(_ context.Context, kind string, serial int64) (voice.Resource, error) {
	return voice.Resource{Kind: kind, Serial: serial, Name: kind + " " + strconv.FormatInt(serial, 10), Data: []byte("{}")}, nil
}

// Resources gives none.
func (OpenResolver) Resources(context.Context, string) ([]voice.Resource, error) { return nil, nil }

// Extensions gives none.
func (OpenResolver) Extensions(context.Context) ([]voice.Extension, error) { return nil, nil }

// serialOf reads the number that an id of an OpenResolver is; 0 = it is none.
func serialOf(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
