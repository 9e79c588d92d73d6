package smartflo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/smartfloivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that this dialect writes, and of its credentials.
const Kind = smartfloivr.Kind

// Downloader fetches audio under the outbound policy. Errors: Permission when
// policy forbids the address, Unavailable when nothing came, Limit when it is
// too long; reading may fail so too.
type Downloader interface {
	Download(ctx context.Context, url string) (io.ReadCloser, error)
}

// Config is what the dialect is made of. Needed are the stores, Auth, Tokens,
// Audio, Control and LinkKey.
type Config struct {
	Tenants    voice.TenantStore
	Users      voice.UserStore
	Extensions voice.ExtensionStore
	Apps       voice.AppStore
	Sounds     voice.SoundStore
	Numbers    voice.NumberStore
	Resources  voice.ResourceStore
	Recordings voice.RecordingStore
	Calls      voice.CallStore
	// Credentials holds the credentials of kind Kind; their name is an e-mail address.
	Credentials voice.TokenStore
	Auth        dialect.Authenticator
	Tokens      dialect.Tokens
	Audio       dialect.Audio
	Control     dialect.Control
	Live        dialect.LiveCalls  // nil = live calls can't be seen or ordered
	Downloads   Downloader         // nil = recordings can't be made of URLs
	Bindings    voice.BindingStore // nil = agents are never shown as offline

	// PublicURL is the base of links to recordings; "" takes what the client of
	// the request used, and leaves links out of webhooks.
	PublicURL string
	LinkKey   []byte // signs links to recordings; at least 32 bytes, the same after a restart
	// Zone is the time zone of times in answers and webhooks; nil = the account's.
	Zone *time.Location
	// RequestsPerSecond bounds the requests of an account; 0 = no bound.
	RequestsPerSecond int
	Timers            smartfloivr.Timers
	Log               *slog.Logger
	Now               func() time.Time
}

// Dialect is the Smartflo API, its compiler and its webhooks.
type Dialect struct {
	cfg    Config
	routes []route

	mu       sync.Mutex
	failures map[string]int // failed log-ins since the last good one
	rates    map[voice.TenantID]rate
}

var (
	_ dialect.Dialect    = (*Dialect)(nil)
	_ dialect.Expresser  = (*Dialect)(nil)
	_ dialect.Asker      = (*Dialect)(nil)
	_ dialect.Subscriber = (*Dialect)(nil)
	_ dialect.Documented = (*Dialect)(nil)
)

// New makes the dialect. Errors: kind Invalid when LinkKey is too short.
func New(cfg Config) (*Dialect, error) {
	if len(cfg.LinkKey) < 32 {
		return nil, voice.E("smartflo.New", voice.Invalid, errors.New("the link key is shorter than 32 bytes"))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Dialect{cfg: cfg, failures: map[string]int{}, rates: map[voice.TenantID]rate{}}
	d.routes = allRoutes()
	return d, nil
}

// Kind gives "smartflo".
func (d *Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists the hosts of the vendor and of the other brands of its API.
func (d *Dialect) HostNames() []string {
	return []string{"api-smartflo.tatateleservices.com", "api.servetel.in", "api.acefone.in", "api-account-uk.acefone.com"}
}

// Handler serves the API below prefix.
func (d *Dialect) Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, prefix) })
}

// options are those of the compiler for an account.
func (d *Dialect) options(ctx context.Context, t voice.TenantID) (smartfloivr.Options, error) {
	o := smartfloivr.Options{Timers: d.cfg.Timers}
	if t == "" || d.cfg.Tenants == nil {
		return o, nil
	}
	tenant, err := d.cfg.Tenants.Tenant(ctx, t)
	o.Country = tenant.Country
	return o, err
}

// Compile makes the program of an IVR, or of where a number leads.
func (d *Dialect) Compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	o, err := d.options(ctx, app.Tenant)
	if err != nil {
		return flow.Program{}, nil, err
	}
	return smartfloivr.Compile(ctx, app, r, o)
}

// Express writes a program as the body of POST /v1/ivr.
func (d *Dialect) Express(ctx context.Context, p flow.Program, r dialect.Resolver) (json.RawMessage, []dialect.Loss, error) {
	_, open := r.(dialect.OpenResolver)
	doc, losses, err := smartfloivr.Express(ctx, p, r, smartfloivr.Options{Open: open, Timers: d.cfg.Timers})
	if err != nil {
		return nil, losses, err
	}
	raw, err := json.Marshal(doc)
	return raw, losses, err
}

// Dialled gives the IVR of a number: 7926, or the EID made of it. NotExist when
// an extension of the account has the number too.
func (d *Dialect) Dialled(ctx context.Context, t voice.TenantID, user string, r dialect.Resolver) (dialect.Target, error) {
	nothing := voice.Errorf("smartflo.Dialled", voice.NotExist, "nothing is behind %q", user)
	if user == "" || strings.Trim(user, "0123456789") != "" {
		return dialect.Target{}, nothing
	}
	extensions, err := r.Extensions(ctx)
	if err != nil {
		return dialect.Target{}, err
	}
	for _, e := range extensions {
		if e.Number == user || smartfloivr.EID(t, e.Number) == user {
			return dialect.Target{}, nothing
		}
	}
	apps, err := r.Apps(ctx)
	for _, a := range apps {
		number := strconv.FormatInt(a.Serial, 10)
		if a.Kind == Kind && a.Type == smartfloivr.TypeIVR && a.Serial != 0 && (number == user || smartfloivr.EID(t, number) == user) {
			return dialect.Target{App: a.ID}, nil
		}
	}
	return dialect.Target{}, cmp.Or(err, error(nothing))
}

func (d *Dialect) resolver(t voice.TenantID) dialect.Resolver {
	return dialect.StoreResolver{Tenant: t, UserStore: d.cfg.Users, AppStore: d.cfg.Apps, SoundStore: d.cfg.Sounds,
		ExtensionStore: d.cfg.Extensions, ResourceStore: d.cfg.Resources}
}

// timeForm is the vendor's form of a time.
const timeForm = "2006-01-02 15:04:05"

// zone gives the time zone of an account's times.
func (d *Dialect) zone(ctx context.Context, t voice.TenantID) *time.Location {
	if d.cfg.Zone != nil {
		return d.cfg.Zone
	}
	tenant, err := d.cfg.Tenants.Tenant(ctx, t)
	if err != nil {
		return time.UTC
	}
	place, err := time.LoadLocation(tenant.Timezone)
	if err != nil {
		return time.UTC
	}
	return place
}

// stamp writes a time; "" for none.
func stamp(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(timeForm)
}
