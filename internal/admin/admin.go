package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tandem/internal/auth"
	"tandem/internal/voice"
)

// Store is what is kept.
type Store interface {
	voice.TenantStore
	voice.UserStore
	voice.AppStore
	voice.NumberStore
	voice.ExtensionStore
	voice.ExtensionPolicyStore
	voice.BindingStore
	voice.TrunkStore
	voice.SettingStore
	voice.AuditStore
	voice.SessionStore
	voice.FactorStore
	voice.FactorCodeStore
	voice.PasskeyStore
	voice.PasskeyUseStore
}

// Passwords checks and sets credentials; Credentials does.
type Passwords interface {
	// Password checks a secret. Permission when there is no such pair, Limit
	// when there were too many failures from source.
	Password(ctx context.Context, kind, name, secret, source string) (voice.Token, error)
	// UserPassword does the same for whatever name the user logs in by.
	UserPassword(ctx context.Context, kind string, u voice.User, secret, source string) error
	// SetPassword makes or replaces the credential of a user, named by the
	// user's e-mail.
	SetPassword(ctx context.Context, kind string, u voice.User, secret string) error
	// CreateApplication makes an OAuth application that acts for a user.
	CreateApplication(ctx context.Context, kind string, u voice.User, app voice.Application) (id, secret string, err error)
	// CreateSealed makes an application whose secret is kept sealed as well.
	CreateSealed(ctx context.Context, kind string, u voice.User, seal func(row string, plain []byte) string) (id, secret string, err error)
}

// Bootstrap gives a new account its first apps.
type Bootstrap func(ctx context.Context, t voice.Tenant, owner voice.User) error

// Admin manages one installation. Every field but Now is needed.
type Admin struct {
	Store     Store
	Passwords Passwords
	Links     *auth.Links
	Keys      *auth.Bearers
	Bootstrap Bootstrap
	// Seal seals a value for a row, as secret.Box does.
	Seal func(row string, plain []byte) string
	// Unseal opens it again, as secret.Box does.
	Unseal func(row, sealed string) ([]byte, error)
	// Codes limits guesses at second factors.
	Codes *auth.Attempts
	// Realm is the SIP digest realm that phones' passwords are hashed with.
	Realm string
	// Domain is the host of phones' addresses: "sip:101@Domain".
	Domain string
	// Registrar is where phones register, HOST:PORT; "" = Domain at port 5060.
	Registrar string
	// URL begins links, without a last slash: "http://192.0.2.7:8080".
	URL string
	// Now is the time that codes are judged by; nil = time.Now.
	Now func() time.Time
	// AllowLoopback accepts trunks on loopback.
	AllowLoopback bool
}

// tries bounds how often an id is drawn again after a clash.
const tries = 20

// draw calls store with new ids until one is free.
func draw(store func() error) (err error) {
	for range tries {
		if err = store(); !voice.IsKind(err, voice.Exists) {
			return err
		}
	}
	return err
}

// tenant finds an account that was named by a flag.
func (a *Admin) tenant(ctx context.Context, op string, id voice.TenantID) (voice.Tenant, error) {
	if id == "" {
		return voice.Tenant{}, voice.InvalidField(op, "account", "name the account; tandem account list shows them")
	}
	t, err := a.Store.Tenant(ctx, id)
	if voice.IsKind(err, voice.NotExist) {
		return t, voice.InvalidField(op, "account", "there is no account %s; tandem account list shows them", id)
	}
	return t, err
}

// serverKey is the setting under which a running server says where it is.
const serverKey = "server"

// Server says where a server listens.
type Server struct {
	HTTP  string `json:"http"` // HOST:PORT as bound
	SIP   string `json:"sip"`  // HOST:PORT as bound
	Host  string `json:"host"` // that others reach it by
	URL   string `json:"url"`
	Call  string `json:"call,omitempty"`  // SIP address that answers with a menu: "sip:100@192.0.2.7"
	Realm string `json:"realm,omitempty"` // of phones' passwords
	// AllowLoopback says that the server was started so; the other commands follow it.
	AllowLoopback bool      `json:"allow_loopback,omitempty"`
	PID           int       `json:"pid"`
	Started       time.Time `json:"started"`
}

// Announce stores where the running server is, for the other commands; the zero
// Server says that none runs.
func Announce(ctx context.Context, settings voice.SettingStore, s Server) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("admin.Announce: %w", err)
	}
	return settings.PutSetting(ctx, serverKey, string(raw))
}

// Announced gives where the server said that it is. It may have died since
// without a word; kind NotExist when none has spoken or it has stopped.
func Announced(ctx context.Context, settings voice.SettingStore) (Server, error) {
	const op = "admin.Announced"
	raw, err := settings.Setting(ctx, serverKey)
	if err != nil {
		return Server{}, err
	}
	var s Server
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return Server{}, voice.E(op, voice.Internal, err)
	}
	if s.HTTP == "" {
		return Server{}, voice.Errorf(op, voice.NotExist, "no server is running")
	}
	return s, nil
}

// TrunkState is what a running server knows of a trunk.
type TrunkState struct {
	Registered bool      `json:"registered"`
	Words      string    `json:"words"` // "registered for 3600 s", "403 Forbidden from sip.example"
	At         time.Time `json:"at"`
}

func trunkKey(id voice.TrunkID) string { return "trunk/" + string(id) }

// PutTrunkState stores what became of a trunk's registration.
func PutTrunkState(ctx context.Context, settings voice.SettingStore, id voice.TrunkID, s TrunkState) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("admin.PutTrunkState: %w", err)
	}
	return settings.PutSetting(ctx, trunkKey(id), string(raw))
}

// LastTrunkState gives what was stored last; NotExist when nothing was.
func LastTrunkState(ctx context.Context, settings voice.SettingStore, id voice.TrunkID) (TrunkState, error) {
	raw, err := settings.Setting(ctx, trunkKey(id))
	if err != nil {
		return TrunkState{}, err
	}
	var s TrunkState
	if err := json.Unmarshal([]byte(raw), &s); err != nil {
		return TrunkState{}, voice.E("admin.LastTrunkState", voice.Internal, err)
	}
	return s, nil
}
