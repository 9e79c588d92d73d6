package telphin

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that this dialect writes, and of its credentials.
const Kind = telphinivr.Kind

// Config is what the dialect is made of. Every field but SIPRealm, PublicURL,
// Speech, HourlyLimit, Log and Now is needed for the API; compiling needs none.
type Config struct {
	Tenants    voice.TenantStore
	Users      voice.UserStore
	Extensions voice.ExtensionStore
	Apps       voice.AppStore
	Sounds     voice.SoundStore
	Numbers    voice.NumberStore
	Recordings voice.RecordingStore
	Calls      voice.CallStore
	// Discard removes a recording and its audio; nil = its description alone.
	Discard   func(ctx context.Context, r voice.Recording) error
	Resources voice.ResourceStore
	// Credentials holds the applications: tokens of kind Kind, named by their
	// App ID, with the scopes of voice.Application and ScopeAccess.
	Credentials voice.TokenStore
	Auth        dialect.Authenticator
	Bearers     dialect.Bearers
	Audio       dialect.Audio
	Control     dialect.Control
	Live        dialect.LiveCalls

	SIPDomain string // host part of our SIP addresses
	// SIPRealm is the digest realm that telephones' passwords are hashed with;
	// "" = SIPDomain. It is the registrar's.
	SIPRealm string
	// PublicURL is the base of links to audio, "http://host:8080/telphin"; "" takes
	// what the client of the request used.
	PublicURL string
	LinkKey   []byte // signs links to audio; the same after a restart
	// Speech says that there is a recogniser for voice_helper.
	Speech bool
	// HourlyLimit bounds the requests of an account an hour; 0 = DefaultHourlyLimit.
	HourlyLimit int
	Log         *slog.Logger
	Now         func() time.Time
}

// DefaultHourlyLimit is how many requests an account may make an hour.
const DefaultHourlyLimit = 100_000

// Dialect is the Telphin API and its compiler.
type Dialect struct {
	cfg    Config
	routes []route
	// making is held while an internal number is given out.
	making sync.Mutex
	rates  rates
	codes  codes
}

var (
	_ dialect.Dialect    = (*Dialect)(nil)
	_ dialect.Documented = (*Dialect)(nil)
	_ dialect.Asker      = (*Dialect)(nil)
	_ dialect.Subscriber = (*Dialect)(nil)
)

// New makes the dialect.
func New(cfg Config) *Dialect {
	if cfg.SIPRealm == "" {
		cfg.SIPRealm = cfg.SIPDomain
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HourlyLimit == 0 {
		cfg.HourlyLimit = DefaultHourlyLimit
	}
	if cfg.Discard == nil {
		cfg.Discard = func(ctx context.Context, r voice.Recording) error {
			return cfg.Recordings.DeleteRecording(ctx, r.Tenant, r.ID)
		}
	}
	d := &Dialect{cfg: cfg}
	d.routes = allRoutes()
	return d
}

// Kind gives "telphin".
func (d *Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists the vendor's hosts whose paths this API serves.
func (d *Dialect) HostNames() []string {
	return []string{"apiproxy.telphin.ru", "api.telphin.ru", "apiproxy.ringme.ru", "api.ringme.ru", "apiproxy.ringme.co"}
}

// Handler serves the API below prefix.
func (d *Dialect) Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, prefix) })
}

// Compile makes the program of an extension of type ivr, queue or fax.
func (d *Dialect) Compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return telphinivr.Compile(ctx, app, r, telphinivr.Settings{Speech: d.cfg.Speech})
}

// Dialled gives the extension of type ivr, queue or fax behind an internal number,
// short or with the account's prefix.
func (d *Dialect) Dialled(ctx context.Context, _ voice.TenantID, user string, r dialect.Resolver) (dialect.Target, error) {
	nothing := voice.Errorf("telphin.Dialled", voice.NotExist, "nothing is behind %q", user)
	number, ok := telphinivr.ShortNumber(user)
	if !ok {
		return dialect.Target{}, nothing
	}
	apps, err := r.Apps(ctx)
	if err != nil {
		return dialect.Target{}, err
	}
	for _, a := range apps {
		if a.Kind != Kind {
			continue
		}
		if doc, err := telphinivr.Parse(a.Document); err == nil && doc.Extension.Name == number {
			return dialect.Target{App: a.ID}, nil
		}
	}
	return dialect.Target{}, nothing
}

func (d *Dialect) resolver(t voice.TenantID) dialect.Resolver {
	return dialect.StoreResolver{Tenant: t, UserStore: d.cfg.Users, AppStore: d.cfg.Apps, SoundStore: d.cfg.Sounds,
		ExtensionStore: d.cfg.Extensions, ResourceStore: d.cfg.Resources}
}
