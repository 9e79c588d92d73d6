package web

import (
	"context"
	"log/slog"
	"net/http"
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

// Factors asks people for their second factor; admin.Admin does.
type Factors interface {
	// FactorNeeded gives "passkey" or "code" when one is asked for, "enrol" when the
	// person must have one and has none, or "".
	FactorNeeded(ctx context.Context, u voice.User) (string, error)
	// CheckFactor takes a code, each once. Error kinds as Accounts.Login.
	CheckFactor(ctx context.Context, u voice.User, code string) error
	// BeginFactor draws what the person's device is given.
	BeginFactor(ctx context.Context, u voice.User) (voice.Enrolment, error)
	// ConfirmFactor makes it count by a first code, and gives the recovery codes.
	ConfirmFactor(ctx context.Context, u voice.User, code string) (recovery []string, err error)
	// Note writes into the audit log what a person did: "logged in".
	Note(ctx context.Context, u voice.User, action string) error
}

// Health says whether the server works; nil is good.
type Health interface {
	Health(ctx context.Context) error
}

// Config is what the handler is made of. Every field but Secure and Logger is needed.
type Config struct {
	Accounts Accounts
	Users    Users
	Factors  Factors
	Sessions voice.SessionStore
	Health   Health

	Passkeys    Passkeys
	NewPasskeys NewPasskeys

	// Secure marks the cookie for HTTPS alone even when this server itself
	// speaks HTTP, behind a proxy.
	Secure bool
	Logger *slog.Logger
}

// Handler serves the app and its log-ins.
type Handler struct {
	cfg Config
	mux http.Handler
	// halfway are the log-ins that have the password and wait for the second factor.
	halfway *sessions
}

const (
	maxBody  = 16 << 10        // bytes
	codeLife = 5 * time.Minute // from the password to the second factor
)

// New makes the handler.
func New(cfg Config) *Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Handler{cfg: cfg, halfway: newSessions(codeLife)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session", h.login)
	mux.HandleFunc("POST /session/code", h.code)
	mux.HandleFunc("POST /session/passkey", h.passkey)
	mux.HandleFunc("POST /session/passkey/begin", h.beginPasskey)
	mux.HandleFunc("POST /session/passkey/new", h.newPasskey)
	mux.HandleFunc("POST /session/passkey/new/begin", h.beginNewPasskey)
	mux.HandleFunc("DELETE /session", h.logout)
	mux.HandleFunc("POST /session/setup", h.setup)
	mux.HandleFunc("GET /healthz", h.health)
	mux.Handle("GET /", newApp())
	h.mux = http.NewCrossOriginProtection().Handler(mux)
	return h
}

// policy lets the app load nothing from elsewhere. Its parts (Mantine, the canvas)
// set styles of elements; sounds are made in the page and played as blobs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
	"media-src 'self' blob: mediastream:; connect-src 'self' blob:; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "same-origin")
	head.Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
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
