package phone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Options says who a phone is and where it listens. The zero value is an
// anonymous phone on a free UDP port of 127.0.0.1.
type Options struct {
	Bind    string // address and port for SIP, default "127.0.0.1:0"; the address must be concrete
	RTPBind string // address for RTP, default that of Bind; ports are chosen freely
	// ListenUDP opens the phone's UDP sockets, for one on another network than the
	// process; default net.ListenUDP.
	ListenUDP   func(network string, at *net.UDPAddr) (*net.UDPConn, error)
	Transport   string      // "udp" (default), "tcp" or "tls"
	TLS         *tls.Config // whom connections by TLS trust; nil = the system's authorities
	Proxy       string      // HOST:PORT that requests outside a call go to, default where their URI points
	Username    string      // user part of our address, and for digest authentication
	Password    string
	Domain      string // host part of our address, default that of Bind
	DisplayName string

	Codecs           []Codec // in order of preference, default PCMU then PCMA
	NoTelephoneEvent bool    // do not offer or accept RFC 4733 key events
	Reliable         bool    // ring with reliable responses (RFC 3262) even when only supported, not required
	NoRefer          bool    // do not list REFER in Allow
	RefuseRefer      int     // answer REFER with this status of 300 to 699, 0 to do what it asks
	DigestAlgorithm  string  // take only this challenge ("MD5", "SHA-256"); empty: the first that is understood

	Logger  *slog.Logger // for the signalling library's own messages, default none
	OnEvent func(Event)  // called for every event, one at a time per call; must not block
}

// Phone is one telephone: a SIP address with any number of calls.
type Phone struct {
	opts     Options
	addr     netip.AddrPort // of the SIP socket
	rtp      netip.AddrPort
	tp       *sip.TransportLayer
	tx       *sip.TransactionLayer
	socket   interface{ Close() error }
	udp      *readyConn // the same, nil over TCP
	incoming chan *Call // out

	wg sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	calls    map[string]*Call
	bindings map[string]*binding
	streams  map[*sip.TCPConnection]struct{} // every one that was used
}

const (
	maxDatagram   = 8000 // bytes of a SIP message over UDP
	incomingCalls = 64   // calls waiting in Incoming
	byeTime       = 2 * time.Second
	requestTime   = 32 * time.Second // 64*T1, RFC 3261 §17
)

// raiseDatagramLimit lifts sipgo's limit of 1,300 bytes, which an INVITE with
// a SHA-256 digest exceeds. The limit is a variable of that package, so it is
// written once, and only when nobody has done so before.
var raiseDatagramLimit = sync.OnceFunc(func() {
	if sip.UDPMTUSize < maxDatagram {
		sip.UDPMTUSize = maxDatagram
	}
})

// New opens the SIP socket of a phone and begins to listen.
func New(o Options) (*Phone, error) {
	if o.Bind == "" {
		o.Bind = "127.0.0.1:0"
	}
	o.Transport = strings.ToLower(o.Transport)
	if o.Transport == "" {
		o.Transport = "udp"
	}
	if len(o.Codecs) == 0 {
		o.Codecs = []Codec{PCMU, PCMA}
	}
	if o.ListenUDP == nil {
		o.ListenUDP = net.ListenUDP
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	bind, err := netip.ParseAddrPort(o.Bind)
	if err != nil || bind.Addr().IsUnspecified() {
		return nil, fmt.Errorf("phone: bind address %q: need a concrete IP address and a port", o.Bind)
	}
	raiseDatagramLimit()
	p := &Phone{opts: o, incoming: make(chan *Call, incomingCalls), calls: map[string]*Call{}, bindings: map[string]*binding{}, streams: map[*sip.TCPConnection]struct{}{}}
	p.rtp = netip.AddrPortFrom(bind.Addr(), 0)
	if o.RTPBind != "" {
		host, _, err := net.SplitHostPort(o.RTPBind)
		if err != nil {
			host = o.RTPBind
		}
		a, err := netip.ParseAddr(host)
		if err != nil {
			return nil, fmt.Errorf("phone: RTP address: %w", err)
		}
		p.rtp = netip.AddrPortFrom(a, 0)
	}
	p.tp = sip.NewTransportLayer(net.DefaultResolver, sip.NewParser(), o.TLS, sip.WithTransportLayerLogger(o.Logger))
	p.tx = sip.NewTransactionLayer(p.tp, sip.WithTransactionLayerLogger(o.Logger),
		sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}))
	p.tx.OnRequest(p.request)
	if err := p.listen(bind); err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	return p, nil
}

func (p *Phone) listen(bind netip.AddrPort) error {
	switch p.opts.Transport {
	case "udp":
		conn, err := p.opts.ListenUDP("udp", net.UDPAddrFromAddrPort(bind))
		if err != nil {
			return err
		}
		ready := &readyConn{PacketConn: conn, reading: make(chan struct{})}
		p.udp = ready
		p.socket, p.addr = conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
		p.wg.Go(func() { p.tp.ServeUDP(ready) })
		<-ready.reading
	case "tcp", "tls":
		l, err := net.Listen("tcp", bind.String())
		if err != nil {
			return err
		}
		p.socket, p.addr = l, l.Addr().(*net.TCPAddr).AddrPort()
		// A phone has no certificate: over TLS it is reached by the connections that it
		// makes (RFC 5923), and keeps a port so that nobody else is reached at its address.
		if p.opts.Transport == "tcp" {
			p.wg.Go(func() { p.tp.ServeTCP(l) })
		}
	default:
		return fmt.Errorf("transport %q is none of udp, tcp and tls", p.opts.Transport)
	}
	return nil
}

// readyConn tells when it is first read: only then does sipgo know the socket
// and send through it.
type readyConn struct {
	net.PacketConn
	once    sync.Once
	reading chan struct{} // out
	deaf    atomic.Bool   // what comes is dropped
	last    atomic.Int64  // Unix nanoseconds of the last datagram handed on
}

func (c *readyConn) ReadFrom(b []byte) (int, net.Addr, error) {
	c.once.Do(func() { close(c.reading) })
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err == nil && c.deaf.Load() {
			continue
		}
		c.last.Store(time.Now().UnixNano())
		return n, from, err
	}
}

const settleTime = 30 * time.Millisecond // for sipgo to find the way back to a sender

// settle drops what still comes and lets sipgo look at what came: a request that
// it finds no socket for makes it open one that is never closed.
func (c *readyConn) settle() {
	c.deaf.Store(true)
	time.Sleep(time.Until(time.Unix(0, c.last.Load()).Add(settleTime)))
}

// Addr is the address and port of the SIP socket.
func (p *Phone) Addr() netip.AddrPort { return p.addr }

// URI is the address of the phone itself, for calling it without a registrar.
func (p *Phone) URI() string { return p.contact().String() }

// Incoming gives the calls that arrive, until Close. A caller that finds the
// channel full hears 486.
func (p *Phone) Incoming() <-chan *Call { return p.incoming }

// Close hangs up all calls, waiting up to two seconds for the far ends,
// closes the sockets and waits for every goroutine. Registrations are left to
// expire; see Unregister.
func (p *Phone) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	calls := p.live()
	p.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range calls {
		ending.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), byeTime)
			defer cancel()
			c.Hangup(ctx) // an unwilling far end does not keep the phone open
		})
	}
	ending.Wait()
	p.mu.Lock()
	p.closed = true
	calls = p.live()
	for _, b := range p.bindings {
		b.end()
	}
	p.mu.Unlock()
	for _, c := range calls {
		c.finish(Ending{ByUs: true, Text: "phone closed"})
	}
	if p.udp != nil {
		p.udp.settle()
	}
	err := p.socket.Close()
	p.tx.Close()
	p.closeStreams()
	err = errors.Join(err, ignoreClosed(p.tp.Close()))
	p.wg.Wait()
	// Whoever sent at the last moment has made sipgo open a socket anew.
	return errors.Join(err, ignoreClosed(p.tp.Close()))
}

// used notes a connection that a transaction goes over.
func (p *Phone) used(conn sip.Connection) {
	c, ok := conn.(*sip.TCPConnection)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams[c] = struct{}{}
}

const streamTime = time.Second // for sipgo's readers to notice that a stream is closed

// closeStreams closes the TCP connections and waits until sipgo's readers,
// which take them out of its pool at their end, have gone.
func (p *Phone) closeStreams() {
	p.mu.Lock()
	for c := range p.streams {
		c.Conn.Close()
	}
	p.mu.Unlock()
	deadline := time.Now().Add(streamTime)
	for p.tp.Pool(p.opts.Transport).Size() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Phone) live() []*Call {
	var calls []*Call
	for _, c := range p.calls {
		calls = append(calls, c)
	}
	return calls
}

// enter counts a handler in, unless the phone is closing.
func (p *Phone) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Add(1)
	return true
}

func (p *Phone) find(callID, tag string) *Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[callID+" "+tag]
}

func (p *Phone) add(c *Call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.New("phone: closed")
	}
	p.calls[c.id+" "+c.localTag] = c
	return nil
}

func (p *Phone) drop(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.id+" "+c.localTag)
}

// request receives every request that no transaction has seen before.
func (p *Phone) request(req *sip.Request, tx *sip.ServerTx) {
	if !p.enter() {
		tx.Terminate()
		return
	}
	defer p.wg.Done()
	p.used(tx.Connection())
	if req.CallID() == nil || req.From() == nil || req.To() == nil || req.CSeq() == nil {
		p.refuse(req, tx, 400, "Bad Request")
		return
	}
	tag, _ := req.To().Params.Get("tag")
	call := p.find(string(*req.CallID()), tag)
	switch {
	case call != nil:
		call.request(req, tx)
	case req.IsAck():
		tx.TerminateGracefully()
	case tag != "" || req.IsCancel() || req.Method == sip.BYE:
		p.refuse(req, tx, 481, "Call/Transaction Does Not Exist")
	case req.IsInvite():
		p.invited(req, tx)
	case req.Method == sip.OPTIONS:
		p.refuse(req, tx, 200, "OK")
	default:
		p.refuse(req, tx, 405, "Method Not Allowed")
	}
}

// refuse answers a request that belongs to no call.
func (p *Phone) refuse(req *sip.Request, tx *sip.ServerTx, status int, phrase string) {
	res := sip.NewResponseFromRequest(req, status, phrase, nil)
	res.AppendHeader(sip.NewHeader("Allow", p.allowed()))
	tx.Respond(res)
	tx.TerminateGracefully()
}

func (p *Phone) emit(e Event) {
	if p.opts.OnEvent != nil {
		p.opts.OnEvent(e)
	}
}

func (p *Phone) codecs(o []Codec) []Codec {
	if len(o) == 0 {
		o = p.opts.Codecs
	}
	return slices.Clone(o)
}
