package transact

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Limits bound what peers can make us keep. Zero fields take the defaults.
type Limits struct {
	Rate            float64 // requests a second that begin something, per source address, and as many strays; default 10; negative = no limit
	Burst           int     // default 20
	Sources         int     // source addresses remembered; default 16384
	Transactions    int     // server transactions alive; default 60000
	MessageSize     int     // bytes of a request over UDP or any message of a connection; default 16384
	Connections     int     // connections in all; default 4096
	PerAddress      int     // connections of one address that is not exempt; default 64
	FirstMessage    time.Duration
	IdleConnection  time.Duration
	MessageComplete time.Duration
	Handshake       time.Duration
	Ping            time.Duration
}

func (l *Limits) defaults() {
	setDefault(&l.Rate, 10)
	setDefault(&l.Burst, 20)
	setDefault(&l.Sources, 16384)
	setDefault(&l.Transactions, 60000)
	setDefault(&l.MessageSize, 16384)
	setDefault(&l.Connections, 4096)
	setDefault(&l.PerAddress, 64)
	setDefault(&l.FirstMessage, 30*time.Second)    // until the first whole message
	setDefault(&l.IdleConnection, time.Hour)       // between messages
	setDefault(&l.MessageComplete, 10*time.Second) // from a message's first byte to its last
	setDefault(&l.Handshake, 10*time.Second)       // of TLS, and the request for a WebSocket
	setDefault(&l.Ping, 25*time.Second)            // between those that WebSockets are sent
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// Config says how to open a Layer.
type Config struct {
	Listen string // HOST:PORT; port 0 takes a free one, the same for UDP and TCP
	Public string // host that peers are told; "" = the local address towards each
	// Advertise gives the host that a peer is told in place of Public, "" for the
	// local address towards it. May be nil.
	Advertise func(peer netip.Addr) string
	Limits    Limits
	Logger    *slog.Logger

	// TLS, WS and WSS are where SIP is listened for by TLS and by WebSocket, HOST:PORT;
	// "" = not at all.
	TLS, WS, WSS string
	// ServerTLS has our certificate, for TLS and WSS.
	ServerTLS *tls.Config
	// ClientTLS gives what connections to a peer are made with: the authorities that
	// are trusted and our certificate. nil = the system's, and none.
	ClientTLS func(Dest) (*tls.Config, error)
	// Secured is told how the handshake with a peer that we connected to came out. It
	// must not block. May be nil.
	Secured func(Dest, error)
	// Origins are those of pages that may speak SIP by WebSocket beside pages of the
	// host that they ask: "https://example.com", "*" = all.
	Origins []string

	// Request takes every request that is not a retransmission, an ACK or the
	// CANCEL of a known INVITE.
	Request func(*Inbound)
	// Ack takes every ACK that belongs to no server transaction of ours that ended in an error.
	Ack func(*sip.Request)
	// Cancel takes the CANCEL of a known INVITE, already answered with 200.
	Cancel func(invite *Inbound, cancel *sip.Request)
	// Gate says whether a request that would begin something may go on, before it is
	// parsed; what may not is answered 503 with the time after which to try again.
	// It must be quick. nil = all may.
	Gate func(Opening) (again time.Duration, ok bool)
	// Known says whether a Call-ID is one of a dialog that exists, whose requests pass
	// the gate. May be nil.
	Known func(callID []byte) bool
	// Exempt says whether a source is free of limits. May be nil.
	Exempt func(netip.Addr) bool
	// Lost is told of a connection by TLS or WebSocket on which the peer had spoken and
	// that is closed; it has a Name when we had made it. It must not block. May be nil.
	Lost func(Dest)
	// Seen is told of every message read and of every one about to be written.
	// May be nil.
	Seen func(Seen)
}

// Seen is one message on the wire.
type Seen struct {
	Msg       sip.Message
	In        bool
	Peer      netip.AddrPort
	Local     netip.AddrPort // ours; over UDP its address may be unspecified
	Transport string         // as Dest.Transport
	At        time.Time
	Raw       []byte // the message as it is on the wire; valid until Config.Seen returns
}

// Dest is where a message goes.
type Dest struct {
	Transport string // "udp", "tcp", "tls", "ws" or "wss"
	Addr      netip.AddrPort
	// Name is whom the peer of a TLS connection has to prove to be. Without one only
	// a connection that the peer made serves, as by WebSocket.
	Name string
	Keys string // which keys and authorities Config.ClientTLS is asked for; "" = the usual
}

// key tells apart what needs connections of its own.
func (d Dest) key() Dest {
	if d.Transport != "tls" {
		d.Name, d.Keys = "", ""
	}
	return d
}

// Secure says whether nobody between reads messages that are sent so.
func Secure(transport string) bool { return transport == "tls" || transport == "wss" }

// String gives "udp 192.0.2.1:5060".
func (d Dest) String() string { return d.Transport + " " + d.Addr.String() }

// Counters count what was refused, since Open.
type Counters struct {
	Limited     uint64 // requests dropped by a source's rate
	Malformed   uint64 // messages that were no SIP
	Handshakes  uint64 // of TLS that failed, and pages that may not speak SIP here
	Overflow    uint64 // requests refused because the transaction table was full
	Connections uint64 // connections refused
	Panics      uint64 // handler panics that were caught
	Resent      uint64 // messages that were written to UDP again, because no answer came or the peer asked again
	Again       uint64 // requests of peers that came again
	TurnedAway  uint64 // requests that were answered 503 at the gate
	Strays      uint64 // messages of no call or request that is known, dropped by their source's rate
}

// Layer is the open sockets with their transactions.
type Layer struct {
	cfg    Config
	parser *sip.Parser
	udp    *net.UDPConn
	tcp    *net.TCPListener
	local  netip.AddrPort
	name   string // local as text
	limit  *sourceLimiter
	strays *sourceLimiter
	gate   *gate
	rests  *rests
	ctx    context.Context // ends with Close; for dialling only
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	servers map[string]*Inbound
	clients map[string]*client
	conns   map[Dest]*stream // by key
	dials   map[Dest]*dialling
	open    int // connections that are counted, those not entered yet too
	perAddr map[netip.Addr]int
	hosts   map[netip.Addr]string
	// refusals are closed UDP ports, with the time of their ICMP message.
	refusals map[netip.AddrPort]time.Time

	ended map[Dest]closed // connections that requests waited on

	limited, malformed, handshakes, overflow, refused, panics, resent, repeats, turnedAway, strayed atomic.Uint64

	tlsServer  *tls.Config
	listeners  map[string]net.Listener // by transport, of those beside udp and tcp
	webs       []*http.Server
	complained atomic.Int64 // when, in nanoseconds
}

// Open opens both sockets and starts reading.
func Open(cfg Config) (*Layer, error) {
	cfg.Limits.defaults()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Layer{
		cfg: cfg, parser: sip.NewParser(sip.WithHeadersParsers(headerParsers())), limit: newSourceLimiter(cfg.Limits), strays: newSourceLimiter(cfg.Limits), gate: newGate(), rests: newRests(),
		servers: map[string]*Inbound{}, clients: map[string]*client{},
		conns: map[Dest]*stream{}, dials: map[Dest]*dialling{}, perAddr: map[netip.Addr]int{}, hosts: map[netip.Addr]string{},
		refusals: map[netip.AddrPort]time.Time{}, ended: map[Dest]closed{}, listeners: map[string]net.Listener{},
	}
	if err := l.listen(); err != nil {
		return nil, fmt.Errorf("open SIP sockets: %w", err)
	}
	if err := l.listenMore(); err != nil {
		return nil, errors.Join(fmt.Errorf("open SIP sockets: %w", err), l.closeSockets())
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.serveMore()
	l.wg.Go(l.readUDP)
	l.wg.Go(func() { l.accept(l.tcp, l.serveTCP) })
	return l, nil
}

// listen takes the same port for UDP and TCP; with port 0 it tries a few.
func (l *Layer) listen() error {
	var lastErr error
	for range 20 {
		addr, err := net.ResolveUDPAddr("udp", l.cfg.Listen)
		if err != nil {
			return err
		}
		if l.udp, err = net.ListenUDP("udp", addr); err != nil {
			return err
		}
		bound := l.udp.LocalAddr().(*net.UDPAddr)
		l.tcp, err = net.ListenTCP("tcp", &net.TCPAddr{IP: addr.IP, Port: bound.Port, Zone: addr.Zone})
		if err == nil {
			l.local = unmap(bound.AddrPort())
			l.name = l.local.String()
			// A burst of calls must not overflow the kernel's buffer; the kernel may grant less.
			_ = l.udp.SetReadBuffer(4 << 20)
			_ = l.udp.SetWriteBuffer(1 << 20)
			hearRefusals(l.udp)
			timeStamps(l.udp)
			return nil
		}
		lastErr = errors.Join(err, l.udp.Close())
		if addr.Port != 0 {
			break
		}
	}
	return lastErr
}

func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Addr gives the address of both sockets.
func (l *Layer) Addr() netip.AddrPort { return l.local }

// Counters gives what was refused so far.
func (l *Layer) Counters() Counters {
	return Counters{
		Limited: l.limited.Load(), Malformed: l.malformed.Load(), Overflow: l.overflow.Load(),
		Connections: l.refused.Load(), Handshakes: l.handshakes.Load(), Panics: l.panics.Load(), Resent: l.resent.Load(), Again: l.repeats.Load(), TurnedAway: l.turnedAway.Load(),
		Strays: l.strayed.Load(),
	}
}

// Alive gives the numbers of server and client transactions and connections.
func (l *Layer) Alive() (servers, clients, conns int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.servers), len(l.clients), l.open
}

// Close ends all transactions, closes the sockets and waits for every goroutine.
func (l *Layer) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	servers, clients, conns := values(l.servers), values(l.clients), values(l.conns)
	l.mu.Unlock()
	l.cancel()
	for _, c := range clients {
		c.tx.Terminate()
	}
	for _, s := range servers {
		if tx := s.tx.Load(); tx != nil {
			tx.Terminate()
		}
	}
	err := l.closeSockets()
	for _, c := range conns {
		l.wg.Go(c.shut) // a peer that does not read keeps the farewell of TLS for seconds
	}
	l.wg.Wait()
	return err
}

func values[K comparable, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// Host gives the host that a peer at to should use for us: Public, or the
// local address from which packets to it leave.
func (l *Layer) Host(to netip.Addr) string {
	if l.cfg.Advertise != nil {
		if host := l.cfg.Advertise(to); host != "" {
			return host
		}
	} else if l.cfg.Public != "" {
		return l.cfg.Public
	}
	if !l.local.Addr().IsUnspecified() {
		return l.local.Addr().String()
	}
	l.mu.Lock()
	host, ok := l.hosts[to]
	l.mu.Unlock()
	if ok {
		return host
	}
	host = "127.0.0.1"
	if c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9))); err == nil {
		host = unmap(c.LocalAddr().(*net.UDPAddr).AddrPort()).Addr().String()
		_ = c.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.hosts) >= l.cfg.Limits.Sources {
		clear(l.hosts)
	}
	l.hosts[to] = host
	return host
}

// ForgetHosts has the local addresses looked up anew.
func (l *Layer) ForgetHosts() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.hosts)
}

// Refresh sends an empty line over UDP, which keeps a NAT's mapping alive and which
// SIP takes for nothing (RFC 3261 §7.5).
func (l *Layer) Refresh(to netip.AddrPort) {
	_, _ = l.udp.WriteToUDPAddrPort([]byte("\r\n\r\n"), to) // the next one is due soon
}

func (l *Layer) seen(msg sip.Message, raw []byte, in bool, f flow) {
	if l.cfg.Seen != nil {
		l.cfg.Seen(Seen{Msg: msg, In: in, Peer: f.peer(), Local: localOf(f), Transport: f.network(), At: time.Now(), Raw: raw})
	}
}

// localOf gives our end of a flow; invalid where it is not known.
func localOf(f flow) netip.AddrPort {
	switch a := f.LocalAddr().(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}

func (l *Layer) exempt(a netip.Addr) bool { return l.cfg.Exempt != nil && l.cfg.Exempt(a) }

// SplitTransport gives the transport of a name in any case, "" for those that are
// not spoken.
func SplitTransport(name string) string {
	switch t := strings.ToLower(name); t {
	case "":
		return "udp"
	case "udp", "tcp", "tls", "ws", "wss":
		return t
	}
	return ""
}
