package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Config is every setting of the program.
type Config struct {
	// Data is the folder of the database, the sounds, the recordings and the keys.
	Data string
	// HTTP is the address of the web pages and the vendors' APIs.
	HTTP string
	// HTTPTLS is the address of the same over TLS; "" = none.
	HTTPTLS string
	// SIP is the address for SIP over UDP and TCP.
	SIP string
	// SIPTLS, SIPWS and SIPWSS are the addresses for SIP over TLS, and over WebSocket
	// beside the web pages'; "" = none.
	SIPTLS, SIPWS, SIPWSS string
	// SIPWeb serves SIP over WebSocket at /sip of the web pages.
	SIPWeb bool
	// SIPOrigins are those of pages elsewhere that may speak SIP over WebSocket.
	SIPOrigins []string
	// TLS has this server's certificate.
	TLS TLS
	// RTP is the range of UDP ports for audio; each call leg takes two.
	RTP PortRange
	// RTPHost is the address of this machine that audio comes to and leaves from;
	// "" = every one.
	RTPHost string
	// Public is the host name or address that phones and carriers reach this
	// machine by; "" = the first address of this machine that is not loopback.
	Public string
	// STUN is the HOST[:PORT] of a server that says what this machine is reached by
	// while Public is empty.
	STUN string
	// LocalNetworks hold the peers that reach this machine by its own address.
	LocalNetworks []netip.Prefix
	// KeepAlive is how many seconds pass between keep-alives through NAT; 0 = none.
	KeepAlive int
	// ReplayDays is how many days what calls were told is kept, for replays; 0 = it
	// is not.
	ReplayDays int
	Captures   Captures
	// AuditDays is how many days the audit log is kept.
	AuditDays int
	// BaseURL begins the links handed to clients; "" = http://<public>:<http port>.
	BaseURL string
	// DNS are the name servers that are asked where SIP goes, HOST:PORT; empty =
	// this machine's.
	DNS []string
	// Realm is the SIP digest realm. Phones' passwords are stored as hashes that
	// hold it: changing it means giving out new passwords.
	Realm string
	// AllowLoopback lets trunks, SIP addresses and web hooks on loopback be used.
	AllowLoopback bool
	// RecordCalls records both sides of every bridged call.
	RecordCalls bool
	// ComfortNoise offers and accepts comfort noise (RFC 3389).
	ComfortNoise bool
	// AllowPrivate are ranges that are not public and may be called and fetched
	// from all the same: the networks of phones and PBXs beside this machine.
	AllowPrivate []netip.Prefix
	// DebugSocket serves profiles on a socket in Data, to the folder's owner.
	DebugSocket bool
	// Sample makes a sample account with a menu at the first start.
	Sample bool
	// Postgres is a connection URL; "" = SQLite in Data.
	Postgres string

	SMTP   SMTP
	SMS    SMS
	Speech Speech
	ASR    ASR
	Log    Log
	Limits Limits

	Webhooks Webhooks
	Metrics  Metrics
	Traces   Traces

	// DrainTime is how many seconds calls that are up may go on after SIGTERM.
	DrainTime int
}

// Captures bounds what is kept of calls' packets.
type Captures struct {
	Hours     int // that they are kept; 0 = nothing is captured
	CallMB    int // the most of one call
	AccountMB int // the most of an account
}

// TLS is the certificate of this server and whose certificates it takes.
type TLS struct {
	Cert, Key   string // PEM files; "" = one that it signs itself, in Data
	Authorities string // PEM file of those that are trusted beside the system's
}

// UsesTLS says whether the server needs a certificate.
func (c Config) UsesTLS() bool { return c.HTTPTLS != "" || c.SIPTLS != "" || c.SIPWSS != "" }

// Metrics is who may read them at /metrics.
type Metrics struct {
	Token    string // asked for as a bearer token, from any address; "" = none will do
	Loopback bool   // requests from this machine may read them without it
}

// Traces is where the spans of calls are sent.
type Traces struct {
	Endpoint string // URL of an OTLP receiver; "" = nowhere
	Headers  string // "Name: value; Name: value"
	Share    int    // percent of the calls
}

// Webhooks is how the requests that tell others of calls are sent.
type Webhooks struct {
	Timeout   int // seconds for one attempt
	PauseUnit int // microseconds that stand for one second of the pauses between attempts
}

// SMTP is the mail server that voicemail goes out by.
type SMTP struct {
	Host     string // "" = no mail is sent; messages are kept here
	Port     int
	User     string
	Password string
	From     string // "" = tandem@<public>
	TLS      string // "starttls", "tls", "opportunistic" or "none"
}

// Speech is how text becomes sound.
type Speech struct {
	Engines     []string // in order of preference; those not installed are passed over
	OpenAIURL   string   // "" = the HTTP engine is off
	OpenAIKey   string
	OpenAIModel string
	OpenAIVoice string
}

// SMS is the gateway that text messages go out by, behind HTTP. In URL, Headers
// and Body {to}, {text}, {from} and {key} stand for what differs.
type SMS struct {
	URL     string // "" = no text messages are sent
	Method  string // "GET" or "POST"
	Headers string // "Name: value; Name: value"
	Type    string // of Body
	Body    string
	From    string // sender
	Key     string
}

// ASR is the server that understands speech, as OpenAI's API has it.
type ASR struct {
	URL   string // "" = nothing is understood
	Key   string
	Model string
}

// Log is what the program writes about itself.
type Log struct {
	Level  string // "debug", "info", "warn" or "error"
	Format string // "text" or "json"
}

// Limits bound the whole installation.
type Limits struct {
	Calls           int // concurrent calls; more get 503
	SourceCalls     int // concurrent calls from one address of nobody known; 0 = any number
	SourcePerSecond int // of them, begun a second
	SourcePerMinute int // of them, begun a minute
	Redirects       int // followed of telephones in one call
	FreeDiskMB      int // below this much free space in Data the doctor finds a failure
}

// PortRange is an inclusive range of UDP ports.
type PortRange struct{ Low, High int }

// String gives "10000-20000".
func (r PortRange) String() string { return strconv.Itoa(r.Low) + "-" + strconv.Itoa(r.High) }

// ParsePortRange reads "LOW-HIGH"; both within 1 to 65535, and at least one
// even port with its odd neighbour between them.
func ParsePortRange(s string) (PortRange, error) {
	lo, hi, ok := strings.Cut(s, "-")
	low, err1 := strconv.Atoi(strings.TrimSpace(lo))
	high, err2 := strconv.Atoi(strings.TrimSpace(hi))
	if !ok || err1 != nil || err2 != nil {
		return PortRange{}, fmt.Errorf("%q is not a range of ports such as 10000-20000", s)
	}
	if low < 1 || high > 65535 || low >= high {
		return PortRange{}, fmt.Errorf("%q is not a range: the ports are 1 to 65535, the lower first", s)
	}
	return PortRange{low, high}, nil
}

// Default gives the settings of an installation that says nothing.
func Default() Config {
	return Config{
		Data:       "./data",
		HTTP:       ":8080",
		SIP:        ":5060",
		SIPWeb:     true,
		RTP:        PortRange{10000, 20000},
		Realm:      "tandem",
		KeepAlive:  25,
		ReplayDays: 7, AuditDays: 365,
		Captures: Captures{Hours: 24, CallMB: 64, AccountMB: 1024},
		Sample:   true,
		SMTP:     SMTP{Port: 587, TLS: "starttls"},
		SMS:      SMS{Method: "POST", Type: "application/json", Body: `{"to": "{to}", "from": "{from}", "text": "{text}"}`},
		Speech: Speech{
			Engines:     []string{"openai", "espeak", "flite"},
			OpenAIModel: "gpt-4o-mini-tts",
			OpenAIVoice: "alloy",
		},
		ASR:    ASR{Model: "whisper-1"},
		Log:    Log{Level: "info", Format: "text"},
		Limits: Limits{Calls: 2000, SourceCalls: 50, SourcePerSecond: 10, SourcePerMinute: 200, FreeDiskMB: 200},

		Webhooks:  Webhooks{Timeout: 10, PauseUnit: 1_000_000},
		Traces:    Traces{Share: 100},
		DrainTime: 60,
	}
}

// Host gives the host that others reach this machine by: Public, else the host
// that SIP is bound to, else this machine's first address that is not loopback,
// else 127.0.0.1.
func (c Config) Host() string {
	if c.Public != "" {
		return c.Public
	}
	if h, _, err := net.SplitHostPort(c.SIP); err == nil {
		if ip := net.ParseIP(h); h != "" && (ip == nil || !ip.IsUnspecified()) {
			return h
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

// URL gives what the links handed to clients begin with, without a last slash.
func (c Config) URL() string {
	if c.BaseURL != "" {
		return strings.TrimRight(c.BaseURL, "/")
	}
	_, port, err := net.SplitHostPort(c.HTTP)
	if err != nil || port == "80" || port == "" {
		return "http://" + bracket(c.Host())
	}
	return "http://" + net.JoinHostPort(strings.Trim(c.Host(), "[]"), port)
}

// bracket puts an IPv6 address in the form that a URL wants.
func bracket(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// check looks at what one setting alone cannot show.
func (c Config) check() error {
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return fmt.Errorf("tls.cert and tls.key belong together: set both, or neither for a certificate that the server signs itself")
	}
	if c.SMTP.User != "" && c.SMTP.Host == "" {
		return fmt.Errorf("smtp.user is set but smtp.host is not: name the mail server")
	}
	if c.SMTP.User != "" && c.SMTP.TLS == "none" {
		return fmt.Errorf("smtp.user is set with smtp.tls = none: the password would travel in clear; use starttls or tls")
	}
	if c.Captures.CallMB > c.Captures.AccountMB {
		return fmt.Errorf("capture.call_mb is %d and capture.account_mb %d: no call could be captured", c.Captures.CallMB, c.Captures.AccountMB)
	}
	says := c.SMS.URL + c.SMS.Headers
	if c.SMS.Method != "GET" {
		says += c.SMS.Body
	}
	if c.SMS.URL != "" && (!strings.Contains(says, "{to}") || !strings.Contains(says, "{text}")) {
		return fmt.Errorf("sms.url is set but neither it nor, with POST, sms.body holds {to} and {text}: the gateway would not know what to send to whom")
	}
	return nil
}

func checkAddr(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT or :PORT", s)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q has the port %q; ports are 0 to 65535, 0 takes a free one", s, port)
	}
	if strings.ContainsAny(host, " \t/@") {
		return fmt.Errorf("%q has the host %q, which is no host", s, host)
	}
	return nil
}

func checkHost(s string) error {
	if strings.Contains(s, "://") || strings.ContainsAny(s, " \t/@") {
		return fmt.Errorf("%q is not a host name or address alone", s)
	}
	if strings.Contains(s, ":") && net.ParseIP(strings.Trim(s, "[]")) == nil {
		return fmt.Errorf("%q has a port; give the host alone", s)
	}
	return nil
}

func checkURL(s string, schemes ...string) error {
	u, err := url.Parse(s)
	// PostgreSQL on a Unix socket has its folder in the query: ?host=/run/postgresql.
	if err == nil && (u.Host != "" || u.Query().Get("host") != "") {
		for _, want := range schemes {
			if u.Scheme == want {
				return nil
			}
		}
	}
	// The value may hold a password: it is not repeated.
	return fmt.Errorf("not a URL that begins with %s://", strings.Join(schemes, ":// or "))
}

// DatabasePath is the SQLite file.
func (c Config) DatabasePath() string { return filepath.Join(c.Data, "tandem.db") }

// CertPath is the folder of the certificate that the server signs itself.
func (c Config) CertPath() string { return filepath.Join(c.Data, "tls") }

// KeyPath is the file of the keys that seal secrets in the database.
func (c Config) KeyPath() string { return filepath.Join(c.Data, "secret.key") }

// BlobPath is the folder of sounds and recordings.
func (c Config) BlobPath() string { return filepath.Join(c.Data, "blobs") }
