package sonetel

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that this dialect writes, and of its credentials.
const Kind voice.AppKind = "sonetel"

// Config is what the dialect is made of. Every field but SIPRealm, Timers,
// PublicURL, Log and Now is needed.
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
	Discard func(ctx context.Context, r voice.Recording) error
	// Credentials holds the credentials of kind Kind; their name is an e-mail address.
	Credentials voice.TokenStore
	Auth        dialect.Authenticator
	Tokens      dialect.Tokens
	Audio       dialect.Audio
	Control     dialect.Control

	SIPDomain string // host part of our SIP addresses
	// SIPRealm is the digest realm that telephones' passwords are hashed with;
	// "" = SIPDomain. It is the registrar's.
	SIPRealm string
	// PublicURL is the base of links to audio, "http://host:8080/sonetel"; ""
	// takes what the client of the request used.
	PublicURL string
	LinkKey   []byte // signs links to audio; at least 32 bytes, the same after a restart
	Timers    Timers
	Log       *slog.Logger
	Now       func() time.Time
}

// Dialect is the Sonetel API and its compiler.
type Dialect struct {
	cfg    Config
	routes []route
	// making is held while an app or prompt is made: its shortcode and record
	// ids are the next free ones.
	making sync.Mutex
}

var _ dialect.Dialect = (*Dialect)(nil)

// New makes the dialect. Errors: kind Invalid when LinkKey or SIPDomain is missing.
func New(cfg Config) (*Dialect, error) {
	if len(cfg.LinkKey) < 32 {
		return nil, voice.E("sonetel.New", voice.Invalid, errors.New("the link key is shorter than 32 bytes"))
	}
	if cfg.SIPDomain == "" {
		return nil, voice.E("sonetel.New", voice.Invalid, errors.New("the SIP domain is missing"))
	}
	if cfg.SIPRealm == "" {
		cfg.SIPRealm = cfg.SIPDomain
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Discard == nil {
		cfg.Discard = func(ctx context.Context, r voice.Recording) error {
			return cfg.Recordings.DeleteRecording(ctx, r.Tenant, r.ID)
		}
	}
	d := &Dialect{cfg: cfg}
	d.routes = d.allRoutes()
	return d, nil
}

// Kind gives "sonetel".
func (d *Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists the vendor's hosts whose paths this API serves.
func (d *Dialect) HostNames() []string {
	return []string{"public-api.sonetel.com", "beta-api.sonetel.com", "chat-api.sonetel.com", "api.sonetel.com",
		"audio-prompts.sonetel.com", "prompts.sonetel.com"}
}

// Handler serves the API below prefix.
func (d *Dialect) Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, prefix) })
}

// Compile makes the program of a voice app, or of the mailbox of a user
// (dialect.UserMailbox).
func (d *Dialect) Compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return compile(ctx, app, r, d.cfg.Timers)
}

func (d *Dialect) resolver(t voice.TenantID) dialect.Resolver {
	return dialect.StoreResolver{Tenant: t, UserStore: d.cfg.Users, AppStore: d.cfg.Apps, SoundStore: d.cfg.Sounds}
}
