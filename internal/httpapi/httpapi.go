package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/admin"
	"tandem/internal/browser"
	"tandem/internal/dialect"
	"tandem/internal/hooks"
	"tandem/internal/listen"
	"tandem/internal/publish"
	"tandem/internal/replay"
	"tandem/internal/voice"
)

// Prefix is the path that the API is served below.
const Prefix = "/api/v1"

// Bounds of bodies, in bytes.
const (
	maxBody  = 1 << 20
	maxAudio = 10 << 20          // of an uploaded sound
	maxForm  = maxAudio + 64<<10 // of the form that holds it
)

// Keys makes and checks the keys of this API.
type Keys interface {
	// Check gives what a key stands for. Permission when there is no such key or
	// it has expired; Limit when there were too many failures from source, the
	// client's address with or without port.
	Check(ctx context.Context, key, source string) (voice.AccessToken, error)
	// Make stores a new key with a's account, user, name, scopes and expiry, and
	// gives it with what was stored. The key is not kept.
	Make(ctx context.Context, a voice.AccessToken) (key string, made voice.AccessToken, err error)
	// List lists an account's keys, by creation.
	List(ctx context.Context, t voice.TenantID) ([]voice.AccessToken, error)
	// Remove ends a key, by its hash.
	Remove(ctx context.Context, t voice.TenantID, hash string) error
}

// Admin makes what the command line makes too; package admin does.
type Admin interface {
	CreateAccount(ctx context.Context, s admin.AccountSpec) (voice.Tenant, voice.User, error)
	CreateCredential(ctx context.Context, s admin.CredentialSpec) ([]admin.Field, error)
	AddNumber(ctx context.Context, t voice.TenantID, number string, dest voice.Destination) (voice.Number, error)
	RouteNumber(ctx context.Context, t voice.TenantID, number string, dest voice.Destination) (voice.Number, error)
	AddExtension(ctx context.Context, t voice.TenantID, s admin.ExtensionSpec) (admin.PhoneAccount, error)
	SecureExtension(ctx context.Context, t voice.TenantID, number, srtp string) error
	RemoveExtension(ctx context.Context, t voice.TenantID, number string) error
}

// TrunkAdmin makes and changes trunks; package admin does.
type TrunkAdmin interface {
	AddTrunk(ctx context.Context, k voice.Trunk) (voice.Trunk, error)
	EditTrunk(ctx context.Context, t voice.TenantID, id string, change func(*voice.Trunk)) (voice.Trunk, error)
}

// Factors keeps people's second factors; package admin does.
type Factors interface {
	BeginFactor(ctx context.Context, u voice.User) (voice.Enrolment, error)
	ConfirmFactor(ctx context.Context, u voice.User, code string) (recovery []string, err error)
	RenewRecovery(ctx context.Context, u voice.User, code string) (recovery []string, err error)
	RemoveFactor(ctx context.Context, u voice.User, code string) error
	ResetFactor(ctx context.Context, u voice.User) error
}

// Inviter makes links by which people set a password; package admin does.
type Inviter interface {
	Invite(ctx context.Context, u voice.User) (link string, expires time.Time, err error)
}

// Blobs removes audio by its blob key.
type Blobs interface {
	Delete(ctx context.Context, key string) error
}

// Maker makes an app of a document.
type Maker func(ctx context.Context, t voice.TenantID, document json.RawMessage) (voice.App, error)

// TrunkStates tells how a trunk stands.
type TrunkStates interface {
	// TrunkState tells how its registration stands, in words; "" = unknown.
	TrunkState(ctx context.Context, id voice.TrunkID) (registered bool, words string)
	// AskTrunk asks it for what it can, now.
	AskTrunk(ctx context.Context, k voice.Trunk) (TrunkAnswer, error)
}

// Media sees the media of calls that are up.
type Media interface {
	LiveLegs(t voice.TenantID, id voice.CallID) []voice.LegRecord
}

// Config is what the API is made of. Every field but Heartbeat,
// Makers, OwnAPI, Session, SessionID, Log and Now is needed.
type Config struct {
	Tenants     voice.TenantStore
	Users       voice.UserStore
	Credentials voice.TokenStore
	Numbers     voice.NumberStore
	Extensions  voice.ExtensionStore
	Bindings    voice.BindingStore
	Trunks      voice.TrunkStore
	Apps        voice.AppStore
	Sounds      voice.SoundStore
	Resources   voice.ResourceStore
	Recordings  voice.RecordingStore
	Captures    voice.CaptureStore
	Messages    voice.MessageStore
	Calls       voice.CallStore
	Stats       voice.CallCounter
	Deliveries  voice.DeliveryLog
	Audit       voice.AuditStore
	AuditChain  voice.AuditChainStore
	Hooks       *hooks.Keeper
	Kick        func() // wakes the outbox of deliveries

	PasskeyStore voice.PasskeyStore

	Keys        Keys
	Admin       Admin
	Factors     Factors
	Invites     Inviter
	FactorStore voice.FactorStore
	Passkeys    Passkeys
	Passwords   PasswordChecker
	TrunkAdmin  TrunkAdmin
	TrunkStates TrunkStates
	Audio       dialect.Audio
	Control     dialect.Control
	Live        dialect.LiveCalls
	Commands    dialect.Commander
	Capturing   dialect.Captures
	Transfers   dialect.Transfers
	Holds       dialect.Holds
	Rooms       dialect.Rooms
	Programs    publish.Programs
	Resolver    func(voice.TenantID) dialect.Resolver
	Dialects    []dialect.Dialect
	// Makers make apps of the kinds whose apps are more than a document, of what
	// that vendor's client would send. Other kinds need none.
	Makers map[voice.AppKind]Maker
	// OwnAPI lists kinds whose apps are made over the vendor's API alone.
	OwnAPI  []voice.AppKind
	Formats []dialect.Format
	Events  *Hub
	Pages   *browser.Desk
	Phones  Phones
	Blobs   Blobs
	// Server tells of the server itself; nil = nothing is told.
	Server Server
	// Prompts makes what a flow plays before it is published; nil = it is made when
	// it is needed.
	Prompts publish.PromptMaker
	// Media gives the legs of calls that are up as they stand; nil = they are shown
	// once they are over.
	Media Media

	// Clips gives the sound of prompts, for apps that are listened to; nil = that is
	// not possible here.
	Clips listen.Clips
	// Web asks applications, for apps that are listened to; nil = none are asked.
	Web voice.Requester

	// EachTape gives f what is kept of calls for replays; nil = nothing is.
	EachTape func(ctx context.Context, t voice.TenantID, after time.Time, f func(*replay.Tape) error) error

	// Session gives who is logged in at the web app by a request's cookie, and SessionID
	// the id of that log-in; nil = keys alone open this API. Permission when nobody is.
	Session   func(*http.Request) (voice.User, error)
	SessionID func(*http.Request) (string, error)
	// Sessions keeps the log-ins, which people see and end.
	Sessions voice.SessionStore

	// Heartbeat is the time between comments on a stream of events, at which its
	// key is checked again; 0 = 15 s.
	Heartbeat time.Duration

	Version string // of the program
	Log     *slog.Logger
	Now     func() time.Time
}

// API serves the API.
type API struct {
	cfg      Config
	huma     huma.API
	mux      *http.ServeMux
	spec     []byte // OpenAPI as JSON
	yaml     []byte
	orders   orders
	bench    *bench
	desk     *publish.Desk
	drafting sync.Mutex // held while a draft is written or removed because it was published
}

// New makes the API.
func New(cfg Config) (*API, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = heartbeat
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &API{cfg: cfg, mux: http.NewServeMux(), bench: newBench()}
	a.desk = publish.New(publish.Config{Dialects: cfg.Dialects, Resolver: cfg.Resolver, Apps: cfg.Apps, Resources: cfg.Resources, Numbers: cfg.Numbers, Trunks: cfg.Trunks,
		Programs: cfg.Programs, Prompts: cfg.Prompts, Within: a.within, Now: cfg.Now})
	a.huma = humago.New(a.mux, a.humaConfig())
	a.huma.UseMiddleware(a.admit)
	a.register()
	var err error
	if a.spec, err = json.Marshal(a.huma.OpenAPI()); err != nil {
		return nil, voice.E("httpapi.New", voice.Internal, err)
	}
	if a.yaml, err = a.huma.OpenAPI().YAML(); err != nil {
		return nil, voice.E("httpapi.New", voice.Internal, err)
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", serveSpec("application/openapi+json", a.spec))
	a.mux.HandleFunc("GET "+Prefix+"/openapi.yaml", serveSpec("application/openapi+yaml", a.yaml))
	a.mux.HandleFunc("/", a.noRoute)
	return a, nil
}

// humaConfig leaves out everything that huma would serve by itself.
func (a *API) humaConfig() huma.Config {
	c := huma.DefaultConfig("Tandem", a.cfg.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil // no $schema members
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat, yamlType: yamlFormat()}
	c.Transformers = []huma.Transformer{brief}
	c.Info.Description = "Everything of an account over HTTP. Send the key as \"Authorization: Bearer KEY\"; " +
		"each operation names the scope that the key needs. Errors are problem documents (RFC 9457) " +
		"whose errors name the fields at fault."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		keyScheme: {Type: "http", Scheme: "bearer", Description: "A key of the account, made by POST /keys or tandem credential create --for api."},
	}
	return c
}

// register makes the routes; the order is that of the sections in the document.
func (a *API) register() {
	a.registerMe()
	a.registerAccounts()
	a.registerServer()
	a.registerKeys()
	a.registerAudit()
	a.registerUsers()
	a.registerFactors()
	a.registerPasskeys()
	a.registerLogins()
	a.registerInvitations()
	a.registerTrunks()
	a.registerNumbers()
	a.registerExtensions()
	a.registerApps()
	a.registerSounds()
	a.registerHours()
	a.registerCalls()
	a.registerRecordings()
	a.registerCaptures()
	a.registerEvents()
	a.registerPhones()
	a.registerWebhooks()
	a.registerDeliveries()
	a.registerConversion()
	a.registerStats()
}

func serveSpec(contentType string, spec []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(spec) // the client is gone: there is nobody to tell
	}
}

// Document gives the document that describes this API, as JSON, without a server.
func Document(version string) ([]byte, error) {
	a, err := New(Config{Version: version})
	if err != nil {
		return nil, err
	}
	return a.spec, nil
}

// OpenAPI gives the document that describes this API, as JSON.
func (a *API) OpenAPI() []byte { return a.spec }

// ServeHTTP answers a request whose path begins with Prefix.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	defer a.recover(w, r)
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	a.mux.ServeHTTP(w, r)
}
