package voice

import (
	"context"
	"net/netip"
	"time"
)

// Tenant is a customer account.
type Tenant struct {
	ID       TenantID
	Name     string
	Language string // "en"
	Timezone string // IANA name, "Europe/Stockholm"
	Country  string // ISO 3166 alpha-2
	Currency string // ISO 4217
	Limits   Limits
	// Rescue is the app that goes on with callers whose flow can't: an application
	// gives no valid answer, an app is gone. "" = the call ends.
	Rescue AppID
	// Allow are networks that the account's URLs may lead to although they are not
	// public. Only the operator of the host sets them, by AllowNetworks.
	Allow []netip.Prefix
	// SecondFactor says whose log-in at the web app needs one.
	SecondFactor FactorRule
	// CaptureCalls has the packets of each call captured.
	CaptureCalls bool
	Created      time.Time
}

// Limits bound what a tenant may do at once; zero fields take the defaults.
type Limits struct {
	OutboundCalls     int // concurrent legs through trunks; default 10
	OutboundPerMinute int // new legs through trunks a minute; default 30
	InboundCalls      int // concurrent calls; 0 = no limit of its own
	InboundPerSecond  int // incoming calls that begin a second; 0 = no limit of its own
	InboundPerMinute  int // the same a minute
	CallsPerSecond    int // ordered calls that begin a second; default 5
	MaxQueued         int // ordered calls that wait to begin; default 1,000
}

// The most that Limits may be set to.
const (
	MaxOutboundCalls  = 10_000  // at once, and a minute
	MaxInboundCalls   = 100_000 // at once, and a minute
	MaxInboundRate    = 10_000  // a second
	MaxCallsPerSecond = 1000
	MaxMaxQueued      = 100_000
)

// TenantStore keeps tenants.
type TenantStore interface {
	CreateTenant(ctx context.Context, t Tenant) error
	Tenant(ctx context.Context, id TenantID) (Tenant, error)
	Tenants(ctx context.Context) ([]Tenant, error)
	// UpdateTenant replaces all but Allow and Created.
	UpdateTenant(ctx context.Context, t Tenant) error
	// AllowNetworks replaces Allow.
	AllowNetworks(ctx context.Context, id TenantID, nets []netip.Prefix) error
}

// UserRole is what a user may do.
type UserRole string

// The roles.
const (
	RoleAdmin   UserRole = "admin"
	RoleRegular UserRole = "regular"
)

// User is a person of a tenant.
type User struct {
	ID        UserID
	Serial    int64 // as Sound.Serial
	Tenant    TenantID
	FirstName string
	LastName  string
	Email     string // unique in the whole installation; "" = none
	Role      UserRole
	Extension string // short number, or ""
	Location  string // country, ISO 3166 alpha-2
	Phones    []Phone
	Incoming  CallSettings
	ShowID    string // outgoing caller id: "auto", "none" or a number
	// Operator marks an administrator who has the server in care, too: trunks and
	// every account. Set when the user is made and never after.
	Operator bool
	// SecondFactor says that codes are asked for at the log-in; a FactorStore sets it.
	SecondFactor bool
	Passkeys     int // how many there are; a PasskeyStore sets it
	Created      time.Time
}

// HasFactor says whether the person proves more than the password at the log-in.
func (u User) HasFactor() bool { return u.SecondFactor || u.Passkeys > 0 }

// Phone is an outside telephone of a user.
type Phone struct {
	ID       string `json:"id"`
	Number   E164   `json:"number"`
	Name     string `json:"name,omitempty"`
	Type     string `json:"type,omitempty"` // "mobile", "fixed"
	Receives bool   `json:"receives"`
	Primary  bool   `json:"primary"`
}

// CallSettings say how a user is reached: First, and when it fails Second.
// App overrides both for calls that come from an app, when it is set.
type CallSettings struct {
	First  CallRule `json:"first"`
	Second CallRule `json:"second"`
	App    CallRule `json:"app"`
}

// CallRule is one way of reaching a user.
type CallRule struct {
	Action   string        `json:"action,omitempty"` // "ring", "forward", "disconnect"; "" = none
	To       string        `json:"to,omitempty"`     // "myphones", "sipphones", "phone", "voicemail", "user", "phnum", "voiceapp", "sip"
	ID       string        `json:"id,omitempty"`
	Show     string        `json:"show,omitempty"` // "caller", "none" or a number
	RingTime time.Duration `json:"ring_time,omitempty"`
}

// UserStore keeps users.
type UserStore interface {
	// CreateUser stores u; Exists when the e-mail or, in the tenant, the extension is taken.
	CreateUser(ctx context.Context, u User) error
	User(ctx context.Context, t TenantID, id UserID) (User, error)
	// Users lists a tenant's users in order of creation.
	Users(ctx context.Context, t TenantID) ([]User, error)
	UpdateUser(ctx context.Context, u User) error
	// DeleteUser removes the user and the user's extension and credentials.
	DeleteUser(ctx context.Context, t TenantID, id UserID) error
}

// Token is a stored API credential. The secret itself is never kept.
type Token struct {
	ID      TokenID
	Tenant  TenantID
	User    UserID
	Kind    string // vendor it is for: "sonetel", "telphin", …, or "owner" for the web app
	Name    string // public half: e-mail, client id; unique per Kind
	Hash    string // argon2id of the secret
	Scopes  []string
	Sealed  string // the secret itself, sealed, where it signs what we send; "" = it is not kept
	Created time.Time
	Expires time.Time // zero = never
	Used    time.Time
}

// TokenStore keeps credentials.
type TokenStore interface {
	CreateToken(ctx context.Context, t Token) error
	// TokenByName finds a credential by its public half, whoever owns it.
	TokenByName(ctx context.Context, kind, name string) (Token, error)
	Tokens(ctx context.Context, t TenantID) ([]Token, error)
	// TokenTenants lists the accounts that have credentials of a kind.
	TokenTenants(ctx context.Context, kind string) ([]TenantID, error)
	// UpdateToken replaces hash, sealed secret, scopes, expiry and last use.
	UpdateToken(ctx context.Context, t Token) error
	DeleteToken(ctx context.Context, t TenantID, id TokenID) error
}

// SettingStore keeps small installation-wide values: keys, first-start state.
type SettingStore interface {
	// Setting gives a value; NotExist when it was never set.
	Setting(ctx context.Context, key string) (string, error)
	PutSetting(ctx context.Context, key, value string) error
	// InitSetting stores value unless the key exists, and gives what is stored.
	InitSetting(ctx context.Context, key, value string) (string, error)
}
