package voice

import (
	"context"
	"time"
)

// Extension is a short number and the SIP account of the phone behind it.
// Passwords are kept only as digest HA1 values (RFC 7616 §3.4.2).
type Extension struct {
	Tenant    TenantID
	Serial    int64  // as Sound.Serial
	Number    string // 2 to 6 digits
	Username  string // SIP user, unique in the installation
	Realm     string
	HA1MD5    string // hex of MD5(username:realm:password)
	HA1SHA256 string // hex of SHA-256(username:realm:password)
	User      UserID
	// SRTP is "off", "preferred" (also "") or "required": whether media with its telephones
	// is secured, by keys in signalling that is encrypted (SDES) or by DTLS. Browsers know
	// nothing but DTLS, and speak it with "off" too.
	SRTP    string
	Created time.Time
}

// ExtensionStore keeps extensions.
type ExtensionStore interface {
	AddExtension(ctx context.Context, e Extension) error
	Extension(ctx context.Context, t TenantID, number string) (Extension, error)
	// ExtensionByUsername finds the SIP account, whoever owns it.
	ExtensionByUsername(ctx context.Context, username string) (Extension, error)
	Extensions(ctx context.Context, t TenantID) ([]Extension, error)
	RemoveExtension(ctx context.Context, t TenantID, number string) error
}

// ExtensionPolicyStore changes what an extension's telephones have to do.
type ExtensionPolicyStore interface {
	// SetExtensionSRTP changes Extension.SRTP. It holds from the next call on.
	SetExtensionSRTP(ctx context.Context, t TenantID, number, srtp string) error
}

// Binding is a phone's registration with us (RFC 3261 §10).
type Binding struct {
	Tenant    TenantID
	Extension string
	Contact   string // contact URI as registered
	Source    string // host:port it came from, where requests are sent
	Transport string // "udp", "tcp", …
	CallID    string // of the REGISTER
	CSeq      uint32
	UserAgent string
	Path      []string // URIs of the proxies between, nearest first, which calls pass too (RFC 3327)
	Expires   time.Time
	SRTP      string // of its extension; read, never put
}

// BindingStore keeps registrations, so that phones are reachable after a restart.
type BindingStore interface {
	// PutBinding adds or refreshes by (tenant, extension, contact).
	PutBinding(ctx context.Context, b Binding) error
	// RemoveBinding removes one; contact "" removes all of the extension.
	RemoveBinding(ctx context.Context, t TenantID, extension, contact string) error
	// Bindings lists those of an extension ("" = all of the tenant) that expire after now.
	Bindings(ctx context.Context, t TenantID, extension string, now time.Time) ([]Binding, error)
}

// Trunk is a configured SIP peer: a carrier or a PBX.
type Trunk struct {
	ID        TrunkID
	Tenant    TenantID
	Name      string
	Host      string // host, whose records say where to (RFC 3263), or host:port
	Transport string // "udp", "tcp" or "tls", then nothing less; "" = as the DNS says, else udp
	TLSName   string // whom its certificate has to name; "" = its host or proxy
	TLSCA     string // PEM of the authorities that may have signed it; "" = the system's
	TLSCert   string // PEM of the certificate that it is shown; "" = none
	TLSKey    string // PEM of that one's key, in clear in memory, sealed in the store
	Proxy     string // outbound proxy, HOST[:PORT], which all requests pass; "" = none
	Username  string // "" = no digest and no registration
	Password  string // in clear in memory, sealed in the store
	// SRTP is "off", "preferred" (also "") or "required": whether media is secured by
	// keys in the signalling (SDES, RFC 4568), which has to be encrypted for it.
	SRTP     string
	Register bool
	Priority int      // lower is tried first
	Prefixes []string // numbers that may be dialled through it: "+46", …; empty = any that policy allows
	CallerID E164     // shown when the caller's own may not be
	// Refer says that the peer may be asked to call elsewhere (REFER, RFC 3515) and
	// may ask us to: it carries calls of its own on our word.
	Refer bool
	// Identity says that the peer is trusted with identities (RFC 3325): what it says
	// of the caller and of who was called first is believed, and it is told ours.
	Identity bool
	// Redirects says that its 3xx are followed, to numbers that may be dialled
	// through it.
	Redirects bool
	Created   time.Time
}

// TrunkStore keeps trunks.
type TrunkStore interface {
	AddTrunk(ctx context.Context, k Trunk) error
	// Trunks lists a tenant's trunks by priority, then creation; t "" = all tenants'.
	Trunks(ctx context.Context, t TenantID) ([]Trunk, error)
	UpdateTrunk(ctx context.Context, k Trunk) error
	RemoveTrunk(ctx context.Context, t TenantID, id TrunkID) error
}
