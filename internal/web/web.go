package web

import (
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Accounts checks people; admin.Admin does.
type Accounts interface {
	// Login checks a name and password. Error kinds: Permission when they do not
	// fit (one answer for unknown names and wrong passwords), Limit when there
	// were too many attempts from source (host:port of the client): guessing is
	// slowed there, where the APIs' log-ins are counted too.
	Login(ctx context.Context, name, password, source string) (voice.User, error)
	// SetUp uses the one-time token, of 128 random bits, up and sets the
	// password. Error kinds: Permission for the token, Invalid for the password.
	SetUp(ctx context.Context, token, password string) (voice.User, error)
}

// Calls gives what is known of calls; voice.CallStore does.
type Calls interface {
	CDR(ctx context.Context, t voice.TenantID, id voice.CallID) (voice.CDR, error)
	CDRs(ctx context.Context, f voice.CDRFilter) ([]voice.CDR, error)
	Events(ctx context.Context, id voice.CallID) ([]voice.Event, error)
}

// Status gives what the status page shows of one tenant.
type Status interface {
	Status(ctx context.Context, t voice.TenantID) (Report, error)
}

// Report is the content of the status page.
type Report struct {
	Account    string // the tenant's name
	SIPAddress string // what to call: "sip:100@192.0.2.7"
	Facts      []Fact // numbers and where they go, trunks and their state, versions
	Warnings   []string
}

// Fact is one line of the status page.
type Fact struct{ Name, Text string }

// Health says whether the server works; nil is good.
type Health interface {
	Health(ctx context.Context) error
}

// Config is what the pages are made of. Every field but Logger is needed.
type Config struct {
	Accounts Accounts
	Calls    Calls
	Status   Status
	Health   Health
	// Secure marks the cookie for HTTPS alone even when this server itself
	// speaks HTTP, behind a proxy.
	Secure bool
	Logger *slog.Logger
}

// Handler serves the pages.
type Handler struct {
	cfg      Config
	mux      http.Handler
	pages    *template.Template
	sessions *sessions
}

//go:embed pages static
var content embed.FS

const (
	sessionLife = 12 * time.Hour
	maxForm     = 16 << 10 // bytes
	listLength  = 50       // calls on the status page
)

// New makes the handler.
func New(cfg Config) *Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Handler{cfg: cfg, sessions: newSessions(sessionLife)}
	h.pages = template.Must(template.New("").Funcs(template.FuncMap{
		"stamp":  stamp,
		"offset": offset,
		"length": length,
	}).ParseFS(content, "pages/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.signedIn(h.status))
	mux.HandleFunc("GET /calls/{id}", h.signedIn(h.call))
	mux.HandleFunc("GET /login", h.loginForm)
	mux.HandleFunc("POST /login", h.login)
	mux.HandleFunc("POST /logout", h.logout)
	mux.HandleFunc("GET /setup", h.setupForm)
	mux.HandleFunc("POST /setup", h.setup)
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /static/", http.FileServerFS(content))
	mux.HandleFunc("/", h.notFound)
	h.mux = http.NewCrossOriginProtection().Handler(mux)
	return h
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	if !strings.HasPrefix(r.URL.Path, "/static/") {
		head.Set("Cache-Control", "no-store")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	h.mux.ServeHTTP(w, r)
}

func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Server", "tandem")
	if err := h.cfg.Health.Health(r.Context()); err != nil {
		h.cfg.Logger.Error("health check failed", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte("failed\n"))
		return
	}
	w.Write([]byte("ok\n"))
}

// stamp gives a time as people read it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
