package sipua

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"time"

	"tandem/internal/admission"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// Limits bound what peers can make the agent keep or do. Zero fields take the
// defaults named.
type Limits struct {
	// Wire are the limits of sockets and transactions; its rate does not apply
	// to trunks, to addresses with an authenticated peer and, unless
	// LimitLoopback is set, to loopback.
	Wire          transact.Limits
	LimitLoopback bool
	Calls         int           // dialogs at once; default 20000
	AuthAccount   int           // failed authentications a minute per account; default 10
	AuthSource    int           // failed authentications a minute per source; default 20
	Contacts      int           // registered contacts per extension; default 10
	MinExpires    time.Duration // shortest registration accepted; default 60 s
	MaxExpires    time.Duration // longest registration granted; default 1 h
	Session       time.Duration // session timer asked for (RFC 4028); default 30 min; negative = none
	MinSession    time.Duration // shortest session timer accepted; default 90 s
	Refer         time.Duration // longest wait for the result of a peer's REFER; default 10 min
}

func (l *Limits) defaults() {
	setDefault(&l.Calls, 20000)
	setDefault(&l.Contacts, 10)
	setDefault(&l.MinExpires, time.Minute)
	setDefault(&l.MaxExpires, time.Hour)
	setDefault(&l.Session, 30*time.Minute)
	setDefault(&l.MinSession, 90*time.Second)
	setDefault(&l.Refer, 10*time.Minute)
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Admission decides what is let in. An admission.Controller is one.
type Admission interface {
	Admit(r admission.Request) admission.Decision
	// Arrived is told of each call that is let in, TookUp how long it waited until
	// its goroutine ran.
	Arrived()
	TookUp(waited time.Duration)
}

// Extensions finds SIP accounts. A voice.ExtensionStore satisfies it.
type Extensions interface {
	// ExtensionByUsername gives the account; kind NotExist when there is none.
	ExtensionByUsername(ctx context.Context, username string) (voice.Extension, error)
}

// Config says how to start an Agent.
type Config struct {
	Listen string // HOST:PORT for UDP and TCP; port 0 takes a free one
	Public string // host told to peers; "" = the local address towards each
	// Advertise gives the host that a peer is told in place of Public, "" for the
	// local address towards it. May be nil.
	Advertise func(peer netip.Addr) string
	// TLS, WS and WSS are where SIP is listened for by TLS and by WebSocket alone,
	// HOST:PORT; "" = not at all.
	TLS, WS, WSS string
	// ServerTLS has our certificate, for TLS and WSS; nil = there is none.
	ServerTLS *tls.Config
	// Origins are those of pages that may speak SIP by WebSocket beside pages of the
	// host that they ask: "https://example.com", "*" = all.
	Origins []string
	// Authorities are those whose certificates of peers are taken; nil = the system's.
	Authorities *x509.CertPool
	Realm       string // digest realm and domain of the extensions; "" = Public, else the listening host
	UserAgent   string // User-Agent and Server header; "" = none
	// NameServers are asked where names lead (RFC 3263), HOST:PORT; empty = those
	// of this machine.
	NameServers []string

	// Handler is called in a goroutine of its own for each new call. The call
	// is over when it returns: what is not answered is refused with 500, what
	// is still up is hung up. nil refuses all with 404.
	Handler func(*Incoming)
	// Extensions and Bindings make the registrar; nil Extensions = no registrar,
	// every INVITE that matches no trunk is anonymous.
	Extensions Extensions
	Bindings   voice.BindingStore
	Bound      []voice.Binding // registrations from before the start
	KeepAlive  time.Duration   // between keep-alives through NAT; 0 = none are sent
	Trunks     []voice.Trunk
	Logger     *slog.Logger // nil = silent
	Limits     Limits
	// Trace sees every message of every call, retransmissions too. It must not
	// block. May be nil.
	Trace func(callID string, m Message)
	// Admission decides which requests that begin something are let in; nil = all.
	Admission Admission
	// Draining, when it reports true, makes new INVITEs and OPTIONS get 503
	// with Retry-After. May be nil.
	Draining func() bool
	// TakesOver says whether the peer of inc, which is identified, may take the
	// place of d's peer (RFC 3891); d may be over. When it may and the dialog is
	// one that can be replaced, the Handler gets inc with Replaces. nil = nobody
	// may: INVITEs with Replaces are answered 481.
	TakesOver func(inc *Incoming, d *Dialog) bool
}

// PeerKind is how a caller was identified.
type PeerKind string

// The kinds of peer.
const (
	PeerAnonymous PeerKind = "anonymous" // nobody we know; what it says of itself is a claim
	PeerTrunk     PeerKind = "trunk"     // the address of a configured trunk
	PeerExtension PeerKind = "extension" // an extension that proved its password, or whose telephone we called
)

// Peer is who is at the other end.
type Peer struct {
	Kind      PeerKind
	Trunk     voice.Trunk     // when Kind is PeerTrunk
	Extension voice.Extension // when Kind is PeerExtension
}

// Message is one SIP message of a call, for its timeline.
type Message struct {
	At        time.Time
	In        bool   // it came in
	Method    string // of the request, or of the request that a response answers
	Status    int    // of a response; 0 = request
	Reason    string // of a response
	CSeq      uint32
	Peer      netip.AddrPort
	Local     netip.AddrPort // ours; over UDP its address may be unspecified
	Transport string         // "udp", "tcp", "tls", "ws" or "wss"
	// Raw is the message as it was read or is written; valid until the function that
	// was given it returns.
	Raw  []byte
	Note string // what happened beside messages, in words; then nothing but At is set beside it
}
