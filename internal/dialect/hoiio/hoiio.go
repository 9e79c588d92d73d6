package hoiio

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that numbers of this dialect lead to, and of its
// credentials.
const Kind = "hoiio"

// Opener opens what is sealed for a row.
type Opener interface {
	Open(row, sealed string) ([]byte, error)
}

// Config is what the dialect is made of. Needed are the stores, Settings, Auth, Box, Audio,
// Control, Live, Commands and LinkKey.
type Config struct {
	Tenants    voice.TenantStore
	Users      voice.UserStore
	Extensions voice.ExtensionStore
	Apps       voice.AppStore
	Numbers    voice.NumberStore
	Recordings voice.RecordingStore
	Calls      voice.CallStore
	// Credentials holds the credentials of kind Kind; their name is an app_id.
	Credentials voice.TokenStore
	Auth        dialect.Authenticator
	Box         Opener // opens the sealed access tokens, which sign notifications
	Audio       dialect.Audio
	Control     dialect.Control
	Live        dialect.LiveCalls
	Commands    dialect.Commander
	// Settings keeps the settings of applications.
	Settings voice.ResourceStore
	// Sound has the sound at an address here for whoever hears it next; nil = they are
	// refused. Errors: Permission or Invalid when policy forbids the address, Invalid
	// with the field file when it is no sound, Limit when it is too large, NotExist or
	// Unavailable when nothing came.
	Sound func(ctx context.Context, t voice.TenantID, url string) error
	// CheckURL says whether requests for the account of ctx may go to an address; nil =
	// to any http one. Errors: Permission or Invalid when not, others when its host can't
	// be resolved.
	CheckURL func(ctx context.Context, url string) error
	// MP3 turns a WAV file into MP3; nil = recordings are served as WAV.
	MP3 func(ctx context.Context, wav io.Reader) ([]byte, error)

	// PublicURL is the base of links to recordings; "" leaves Host to be used.
	PublicURL string
	// OwnURL gives the base when PublicURL is "": where this server is reached.
	OwnURL  func() string
	LinkKey []byte // signs links to recordings; at least 32 bytes, the same after a restart
	// Zone is the time zone of times; nil = +08:00, the vendor's.
	Zone *time.Location
	Log  *slog.Logger
	Now  func() time.Time
}

// Dialect is the Hoiio API and its notifications.
type Dialect struct {
	cfg     Config
	methods map[string]method
	hangups pace
}

var (
	_ dialect.Dialect    = (*Dialect)(nil)
	_ dialect.Notifier   = (*Dialect)(nil)
	_ dialect.Signer     = (*Dialect)(nil)
	_ dialect.Documented = (*Dialect)(nil)
)

// vendorZone is eight hours before UTC's, as the vendor's times are.
const vendorZone = 8 * 60 * 60

// New makes the dialect. Errors: kind Invalid when LinkKey is too short.
func New(cfg Config) (*Dialect, error) {
	if len(cfg.LinkKey) < 32 {
		return nil, voice.E("hoiio.New", voice.Invalid, errors.New("the link key is shorter than 32 bytes"))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Zone == nil {
		cfg.Zone = time.FixedZone("+08:00", vendorZone)
	}
	d := &Dialect{cfg: cfg, methods: map[string]method{}}
	for _, m := range allMethods() {
		d.methods[m.path] = m
	}
	return d, nil
}

// Kind gives "hoiio".
func (d *Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists the vendor's hosts.
func (d *Dialect) HostNames() []string { return []string{"secure.hoiio.com"} }

// Handler serves the API below prefix.
func (d *Dialect) Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, prefix) })
}

// document is what an app of this dialect is: where a number's calls are told.
type document struct {
	NotifyURL string `json:"notify_url"`
	// App is the application that may command the sessions and whose access token
	// signs; "" = any of the account's, and the oldest signs.
	App string `json:"app_id,omitempty"`
	// SMS is where text messages would go; it is kept and told, none arrive here.
	SMS string `json:"forward_sms_to,omitempty"`
}

func parseDocument(raw json.RawMessage) (document, error) {
	const op = "hoiio.document"
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return doc, voice.InvalidField(op, "document", "the document is not a JSON object with notify_url: %w", err)
	}
	if !isURL(doc.NotifyURL) {
		return doc, voice.InvalidField(op, "notify_url", "it is no http or https address of at most %d characters", maxURL)
	}
	return doc, nil
}

// Create makes an app of a document {"notify_url": "…"}, to which a number can be
// connected. "app_id" names the application that alone may command its sessions.
func Create(ctx context.Context, t voice.TenantID, apps voice.AppStore, tokens voice.TokenStore, raw json.RawMessage, now time.Time) (voice.App, error) {
	doc, err := parseDocument(raw)
	if err != nil {
		return voice.App{}, err
	}
	if doc.App != "" {
		k, err := tokens.TokenByName(ctx, Kind, doc.App)
		if voice.IsKind(err, voice.NotExist) || err == nil && k.Tenant != t {
			return voice.App{}, voice.InvalidField("hoiio.Create", "app_id", "the account has no application %q", doc.App)
		}
		if err != nil {
			return voice.App{}, err
		}
	}
	return create(ctx, apps, t, "Hoiio "+doc.NotifyURL, doc, now)
}

func create(ctx context.Context, apps voice.AppStore, t voice.TenantID, name string, doc document, now time.Time) (voice.App, error) {
	raw, err := encode(doc)
	if err != nil {
		return voice.App{}, err
	}
	if runes := []rune(name); len(runes) > 100 {
		name = string(runes[:100])
	}
	a := voice.App{ID: voice.AppID(voice.NewID("app")), Tenant: t, Kind: Kind, Type: "ivr", Name: name, Document: raw, Version: 1, Created: now, Updated: now}
	return a, apps.CreateApp(ctx, a, nil)
}

// Compile makes the program that takes a call and waits for blocks.
func (d *Dialect) Compile(_ context.Context, app voice.App, _ dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	doc, err := parseDocument(app.Document)
	if err != nil {
		return flow.Program{}, nil, err
	}
	return answerProgram(app.ID, doc), nil, nil
}

// Dialled knows no addresses.
func (d *Dialect) Dialled(_ context.Context, _ voice.TenantID, user string, _ dialect.Resolver) (dialect.Target, error) {
	return dialect.Target{}, voice.Errorf("hoiio.Dialled", voice.NotExist, "nothing is behind %q", user)
}
