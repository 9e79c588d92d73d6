package dialect

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Bounds of the Library's cache.
const (
	// MaxCached bounds the programs kept.
	MaxCached = 2_000
	// CacheAge bounds how long a program is used while its app is unchanged: so
	// long may a change to something it refers to go unseen.
	CacheAge = 5 * time.Second
)

// Library finds programs for the switchboard, in whatever dialect the app is
// written. It keeps compiled programs by the version of their app.
type Library struct {
	apps     voice.AppStore
	resolver func(voice.TenantID) Resolver
	dialects []Dialect
	now      func() time.Time

	mu    sync.Mutex
	cache map[cacheKey]cached
}

type cacheKey struct {
	tenant voice.TenantID
	app    voice.AppID
	canary bool
}

type cached struct {
	version int64
	until   time.Time
	program *flow.Program
}

// NewLibrary makes a Library over the apps of store. now is the clock.
func NewLibrary(apps voice.AppStore, resolver func(voice.TenantID) Resolver, now func() time.Time, dialects ...Dialect) *Library {
	return &Library{apps: apps, resolver: resolver, dialects: dialects, now: now, cache: map[cacheKey]cached{}}
}

// Program compiles an app, or gives it from the cache. Errors: NotExist when
// the tenant has no such app, Invalid when its document has no way in.
func (l *Library) Program(ctx context.Context, t voice.TenantID, id voice.AppID) (*flow.Program, error) {
	app, err := l.app(ctx, t, id)
	if err != nil {
		return nil, err
	}
	return l.compiled(ctx, app, false)
}

// ProgramFor is Program for a call from a number to a number: some callers get the
// app's canary, where it has one, and canary says so. A canary that does not compile
// is left to nobody.
func (l *Library) ProgramFor(ctx context.Context, t voice.TenantID, id voice.AppID, from, to string) (p *flow.Program, canary bool, err error) {
	app, err := l.app(ctx, t, id)
	if err != nil {
		return nil, false, err
	}
	if app.Canary.Takes(from, to) {
		next := app
		next.Document = json.RawMessage(app.Canary.Document)
		if p, err := l.compiled(ctx, next, true); err == nil {
			return p, true, nil
		}
	}
	p, err = l.compiled(ctx, app, false)
	return p, false, err
}

func (l *Library) compiled(ctx context.Context, app voice.App, canary bool) (*flow.Program, error) {
	const op = "dialect.Program"
	t, id := app.Tenant, app.ID
	key, now := cacheKey{t, id, canary}, l.now()
	l.mu.Lock()
	c, ok := l.cache[key]
	l.mu.Unlock()
	if ok && c.version == app.Version && now.Before(c.until) {
		return c.program, nil
	}
	for _, d := range l.dialects {
		if d.Kind() != app.Kind {
			continue
		}
		p, diags, err := d.Compile(ctx, app, l.resolver(t))
		if err != nil {
			return nil, err
		}
		if p.Entry == "" {
			if first, ok := diags.FirstError(); ok {
				return nil, voice.Errorf(op, voice.Invalid, "app %s: %s", id, first)
			}
			return nil, voice.Errorf(op, voice.Invalid, "app %s has no way in", id)
		}
		l.keep(key, cached{version: app.Version, until: now.Add(CacheAge), program: &p})
		return &p, nil
	}
	return nil, voice.Errorf(op, voice.Unavailable, "no dialect for apps of kind %q", app.Kind)
}

// app finds the stored app, or stands in for the mailbox of a user.
func (l *Library) app(ctx context.Context, t voice.TenantID, id voice.AppID) (voice.App, error) {
	user, ok := MailboxUser(id)
	if !ok {
		return l.apps.App(ctx, t, id)
	}
	if len(l.dialects) == 0 {
		return voice.App{}, voice.Errorf("dialect.Program", voice.NotExist, "no mailbox of user %s", user)
	}
	return voice.App{ID: id, Tenant: t, Kind: l.dialects[0].Kind(), Type: UserMailbox, Name: "mailbox of user " + string(user)}, nil
}

func (l *Library) keep(key cacheKey, c cached) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.cache) >= MaxCached {
		clear(l.cache)
	}
	l.cache[key] = c
}

// Dialled gives the program behind what someone of tenant t dialled: the first
// dialect that knows the address decides. NotExist when none does.
func (l *Library) Dialled(ctx context.Context, t voice.TenantID, user string) (*flow.Program, error) {
	target, err := l.target(ctx, t, user)
	if err != nil || target.Program != nil {
		return target.Program, err
	}
	return l.Program(ctx, t, target.App)
}

// DialledApp gives the app behind an address, for callers who may come from
// outside: programs that are no apps, such as those that record a prompt, are
// not theirs to reach. NotExist when there is none.
func (l *Library) DialledApp(ctx context.Context, t voice.TenantID, user string) (voice.AppID, error) {
	target, err := l.target(ctx, t, user)
	if err == nil && target.Program != nil {
		err = voice.Errorf("dialect.DialledApp", voice.NotExist, "no app is behind %q", user)
	}
	return target.App, err
}

func (l *Library) target(ctx context.Context, t voice.TenantID, user string) (Target, error) {
	for _, d := range l.dialects {
		target, err := d.Dialled(ctx, t, user, l.resolver(t))
		if !voice.IsKind(err, voice.NotExist) {
			return target, err
		}
	}
	return Target{}, voice.Errorf("dialect.Dialled", voice.NotExist, "nothing is behind %q", user)
}
