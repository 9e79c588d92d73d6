package routee

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps that this dialect writes, and of its credentials.
const Kind voice.AppKind = routeeplan.Kind

// Encoder makes MP3 of a stored recording. Unavailable when this server can't.
type Encoder interface {
	MP3(ctx context.Context, blob string) ([]byte, error)
}

// Config is what the dialect is made of. All but Encoder, Outbox, PublicURL, Pace, Log and
// Now are needed.
type Config struct {
	Apps       voice.AppStore
	Numbers    voice.NumberStore
	Resources  voice.ResourceStore
	Recordings voice.RecordingStore
	Calls      voice.CallStore
	Auth       dialect.Authenticator
	Bearers    dialect.Bearers
	Audio      Opener
	Control    dialect.Control
	Live       dialect.LiveCalls
	Commands   dialect.Commander
	Encoder    Encoder // nil = recordings are WAV files alone
	Outbox     Outbox  // nil = nobody is told that a campaign is over

	// PublicURL is the base of links to recordings; "" takes what the client of
	// the request used, and leaves the server out of those in webhooks.
	PublicURL string
	// Pace is the time between two calls of a campaign; 0 = DefaultPace.
	Pace time.Duration
	Log  *slog.Logger
	Now  func() time.Time
}

// Outbox queues requests that are not about a call.
type Outbox interface {
	CreateDeliveries(ctx context.Context, ds []voice.Delivery) error
}

// Opener opens stored audio as a WAV file.
type Opener interface {
	Open(ctx context.Context, blob string) (io.ReadSeekCloser, error)
}

// Dialect is the Routee API, its compiler and its webhooks.
type Dialect struct {
	cfg    Config
	routes []route

	ctx  context.Context // of campaigns; ends by Close
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu        sync.Mutex
	campaigns map[string]context.CancelFunc // those that run, by tracking id
}

var (
	_ dialect.Dialect    = (*Dialect)(nil)
	_ dialect.Asker      = (*Dialect)(nil)
	_ dialect.Notifier   = (*Dialect)(nil)
	_ dialect.Documented = (*Dialect)(nil)
)

// New makes the dialect.
func New(cfg Config) *Dialect {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Pace <= 0 {
		cfg.Pace = DefaultPace
	}
	d := &Dialect{cfg: cfg, campaigns: map[string]context.CancelFunc{}}
	d.ctx, d.stop = context.WithCancel(context.Background())
	d.routes = allRoutes()
	return d
}

// Close ends the campaigns; those that are not over go on after the next Resume.
func (d *Dialect) Close() {
	d.stop()
	d.wg.Wait()
}

// Wait waits until no campaign runs.
func (d *Dialect) Wait() { d.wg.Wait() }

// Kind gives "routee".
func (d *Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists the hosts of the vendor.
func (d *Dialect) HostNames() []string { return []string{"connect.routee.net", "auth.routee.net"} }

// Handler serves the API below prefix.
func (d *Dialect) Handler(prefix string) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, prefix) })
}

// Compile makes the program of what a number does with its calls.
func (d *Dialect) Compile(_ context.Context, app voice.App, _ dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	var s strategy
	if err := json.Unmarshal(app.Document, &s); err != nil {
		return flow.Program{}, nil, voice.Errorf("routee.Compile", voice.Invalid, "the strategy of app %s can't be read: %w", app.ID, err)
	}
	p := s.program()
	p.App, p.Name = app.ID, app.Name
	return *p, nil, nil
}

// Dialled says that nothing is dialled by this dialect's own addresses.
func (d *Dialect) Dialled(_ context.Context, _ voice.TenantID, user string, _ dialect.Resolver) (dialect.Target, error) {
	return dialect.Target{}, voice.Errorf("routee.Dialled", voice.NotExist, "nothing is behind %q", user)
}

// timeForm is the vendor's form of a time: ISO 8601 with milliseconds, in UTC.
const timeForm = "2006-01-02T15:04:05.000Z"

// stamp writes a time; nil for none.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(timeForm)
}
