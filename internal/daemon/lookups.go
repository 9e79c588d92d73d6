package daemon

import (
	"context"
	"strconv"
	"sync"
	"time"

	"tandem/internal/voice"
)

// lookupAge is how long what a call asks of the configuration is taken from
// memory. A change made by this process counts at once, one by another process
// after this time at the latest.
const lookupAge = 250 * time.Millisecond

// maxLookups bounds each table of a cache.
const maxLookups = 10_000

// lookups answers the questions that every call asks, from memory while they
// are fresh. What is not found is never kept.
type lookups struct {
	voice.NumberStore
	voice.ExtensionStore
	voice.AppStore
	voice.TenantStore
	voice.SoundStore
	changes func() uint64 // grows with each change by this process

	mu         sync.Mutex
	until      time.Time
	seen       uint64
	numbers    map[voice.E164]voice.Number
	extensions map[voice.TenantID][]voice.Extension
	apps       map[appKey]voice.App
	tenants    map[voice.TenantID]voice.Tenant
	sounds     map[soundKey]voice.Sound
}

type soundKey struct {
	tenant voice.TenantID
	id     voice.SoundID
}

type appKey struct {
	tenant voice.TenantID
	id     voice.AppID
}

// fresh empties the tables when they are too old or something changed. The
// caller holds l.mu.
func (l *lookups) fresh() {
	now := time.Now()
	n := l.changes()
	if n == l.seen && now.Before(l.until) && len(l.numbers)+len(l.extensions)+len(l.apps)+len(l.sounds) < maxLookups {
		return
	}
	l.seen, l.until = n, now.Add(lookupAge)
	l.numbers, l.extensions = map[voice.E164]voice.Number{}, map[voice.TenantID][]voice.Extension{}
	l.apps, l.tenants = map[appKey]voice.App{}, map[voice.TenantID]voice.Tenant{}
	l.sounds = map[soundKey]voice.Sound{}
}

// cached gives what table holds under key, else what ask gives, which it keeps
// unless something changed meanwhile.
func cached[K comparable, V any](l *lookups, table func() map[K]V, key K, ask func() (V, error)) (V, error) {
	l.mu.Lock()
	l.fresh()
	v, ok := table()[key]
	before := l.changes()
	l.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := ask()
	if err != nil {
		return v, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes() == before && l.seen == before {
		table()[key] = v
	}
	return v, nil
}

func (l *lookups) NumberByE164(ctx context.Context, e voice.E164) (voice.Number, error) {
	return cached(l, func() map[voice.E164]voice.Number { return l.numbers }, e,
		func() (voice.Number, error) { return l.NumberStore.NumberByE164(ctx, e) })
}

func (l *lookups) Extensions(ctx context.Context, t voice.TenantID) ([]voice.Extension, error) {
	return cached(l, func() map[voice.TenantID][]voice.Extension { return l.extensions }, t,
		func() ([]voice.Extension, error) { return l.ExtensionStore.Extensions(ctx, t) })
}

func (l *lookups) App(ctx context.Context, t voice.TenantID, id voice.AppID) (voice.App, error) {
	return cached(l, func() map[appKey]voice.App { return l.apps }, appKey{t, id},
		func() (voice.App, error) { return l.AppStore.App(ctx, t, id) })
}

func (l *lookups) Tenant(ctx context.Context, t voice.TenantID) (voice.Tenant, error) {
	return cached(l, func() map[voice.TenantID]voice.Tenant { return l.tenants }, t,
		func() (voice.Tenant, error) { return l.TenantStore.Tenant(ctx, t) })
}

func (l *lookups) Sound(ctx context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	return cached(l, func() map[soundKey]voice.Sound { return l.sounds }, soundKey{t, id},
		func() (voice.Sound, error) { return l.sound(ctx, t, id) })
}

// sound finds a sound by its id; and, because variables of calls hold what an
// application knows, by its number or the name of its file.
func (l *lookups) sound(ctx context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	s, err := l.SoundStore.Sound(ctx, t, id)
	if id == "" || !voice.IsKind(err, voice.NotExist) {
		return s, err
	}
	list, listErr := l.Sounds(ctx, t, "")
	if listErr != nil {
		return s, listErr
	}
	for _, named := range list {
		if named.FileName == string(id) || strconv.FormatInt(named.Serial, 10) == string(id) {
			return named, nil
		}
	}
	return s, err
}
