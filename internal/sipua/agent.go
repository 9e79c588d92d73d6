package sipua

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/digestauth"
	"tandem/internal/sipua/locate"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// closeGrace is how long Close waits for the answers to its BYEs.
const closeGrace = 2 * time.Second

// Agent is a started user agent.
type Agent struct {
	cfg   Config
	log   *slog.Logger
	wire  *transact.Layer
	auth  *digestauth.Server
	guard *digestauth.Guard
	where *locate.Resolver

	ctx    context.Context // ends in Close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	closing bool // no new calls
	closed  bool // no new goroutines
	dialogs map[string]*Dialog
	byCall  map[string][]*Dialog // by Call-ID
	merged  map[string]*Incoming // by Call-ID, From tag, CSeq: RFC 3261 §8.2.2.2
	gone    ring
	idle    chan struct{} // closed when closing and no dialog is left
	peers   map[netip.Addr]time.Time
	trunks  trunkSet
	keeper  keeper
	flows   flows
	traffic traffic
}

// Start opens the sockets and starts the registrations of the trunks. ctx only
// bounds the start itself. Error kind Unavailable when the port is taken.
func Start(ctx context.Context, cfg Config) (*Agent, error) {
	cfg.Limits.defaults()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Agent{
		cfg: cfg, log: cfg.Logger, idle: make(chan struct{}),
		flows: flows{by: map[transact.Dest][]voice.Binding{}}, dialogs: map[string]*Dialog{}, byCall: map[string][]*Dialog{}, merged: map[string]*Incoming{},
		peers: map[netip.Addr]time.Time{},
		guard: digestauth.NewGuard(cfg.Limits.AuthAccount, cfg.Limits.AuthSource, nil),
	}
	// The sockets deliver as soon as they are open; ready holds them back
	// until the agent is whole.
	ready := make(chan struct{})
	wire, err := transact.Open(transact.Config{
		Listen: cfg.Listen, Public: cfg.Public, Advertise: cfg.Advertise, Limits: cfg.Limits.Wire, Logger: cfg.Logger,
		Request: func(in *transact.Inbound) { <-ready; a.request(in) },
		Ack:     func(req *sip.Request) { <-ready; a.ack(req) },
		Cancel:  func(inv *transact.Inbound, req *sip.Request) { <-ready; a.cancelled(inv, req) },
		Gate:    a.gate,
		Known:   a.knows,
		Exempt:  a.exempt,
		Seen:    a.seen,
		Lost:    func(d transact.Dest) { <-ready; a.lost(d) },
		TLS:     cfg.TLS, WS: cfg.WS, WSS: cfg.WSS, ServerTLS: cfg.ServerTLS, ClientTLS: a.clientTLS, Secured: a.secured, Origins: cfg.Origins,
	})
	if err != nil {
		return nil, voice.E("sipua.Start", voice.Unavailable, err)
	}
	a.wire = wire
	if a.cfg.Realm == "" {
		a.cfg.Realm = a.cfg.Public
	}
	if a.cfg.Realm == "" {
		a.cfg.Realm = wire.Addr().Addr().String()
	}
	a.auth = digestauth.NewServer(a.cfg.Realm, nil)
	a.where = locate.New(locate.Config{Servers: cfg.NameServers, Usable: a.sendable, Transports: []string{"udp", "tcp", "tls"}})
	a.ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.trunks.init()
	a.keeper.phones = map[netip.AddrPort]keptPhone{}
	for _, b := range cfg.Bound {
		a.keep(b)
	}
	close(ready)
	a.SetTrunks(cfg.Trunks)
	a.spawn(func() { a.forgetFlows(cfg.Bound) })
	a.spawn(a.resolveTrunks)
	a.spawn(a.keepAlive)
	return a, nil
}

// Addr gives the address that UDP and TCP listen on.
func (a *Agent) Addr() netip.AddrPort { return a.wire.Addr() }

// Listens gives where a transport is listened for; false = nowhere.
func (a *Agent) Listens(transport string) (netip.AddrPort, bool) { return a.wire.Listens(transport) }

// WebSockets serves SIP by WebSocket (RFC 7118) to whoever asks an HTTP server for it.
func (a *Agent) WebSockets() http.Handler { return a.wire }

// Realm gives the digest realm, which is the domain of the extensions.
func (a *Agent) Realm() string { return a.cfg.Realm }

// Calls gives the number of dialogs that exist.
func (a *Agent) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.dialogs)
}

// Counters gives what the sockets refused so far.
func (a *Agent) Counters() transact.Counters { return a.wire.Counters() }

// Alive gives the numbers of server and client transactions and TCP connections.
func (a *Agent) Alive() (servers, clients, conns int) { return a.wire.Alive() }

// Close ends all calls with BYE or 503, withdraws the registrations at trunks,
// closes the sockets and waits for all goroutines, the Handlers' too.
func (a *Agent) Close() error {
	a.mu.Lock()
	if a.closing {
		a.mu.Unlock()
		return nil
	}
	a.closing = true
	dialogs := make([]*Dialog, 0, len(a.dialogs))
	for _, d := range a.dialogs {
		dialogs = append(dialogs, d)
	}
	if len(dialogs) == 0 {
		close(a.idle)
	}
	a.mu.Unlock()
	for _, d := range dialogs {
		d.HangupFor(voice.EndStopping, voice.CauseShutdown, "the server is stopping")
	}
	a.farewell()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	for _, d := range dialogs {
		d.abandon()
	}
	err := a.wire.Close()
	a.wg.Wait()
	if err != nil {
		return fmt.Errorf("close SIP sockets: %w", err)
	}
	return nil
}

// farewell waits for the answers to our BYEs and withdrawals, for closeGrace at most.
func (a *Agent) farewell() {
	timer := time.NewTimer(closeGrace)
	defer timer.Stop()
	over := false
	select {
	case <-a.idle:
	case <-timer.C:
		over = true
	}
	for _, r := range a.trunks.stop() {
		if over {
			return
		}
		select {
		case <-r.done:
		case <-timer.C:
			over = true
		}
	}
}

// spawn runs f in a goroutine that Close waits for; false when it is too late.
func (a *Agent) spawn(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.wg.Go(f)
	return true
}

func dialogKey(callID, localTag string) string { return callID + "\x00" + localTag }

// enter puts a dialog in the table; false when the agent is closing or full.
func (a *Agent) enter(d *Dialog) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing || len(a.dialogs) >= a.cfg.Limits.Calls {
		return false
	}
	a.dialogs[dialogKey(d.callID, d.localTag)] = d
	a.byCall[d.callID] = append(a.byCall[d.callID], d)
	return true
}

// leave takes a dialog out of the table.
func (a *Agent) leave(d *Dialog) {
	d.mu.Lock()
	remoteTag := d.remoteTag
	d.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	key := dialogKey(d.callID, d.localTag)
	if a.dialogs[key] != d {
		return
	}
	delete(a.dialogs, key)
	select {
	case <-d.up:
		a.gone.add(key, remoteTag)
	default:
	}
	list := a.byCall[d.callID]
	for i := range list {
		if list[i] == d {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(a.byCall, d.callID)
	} else {
		a.byCall[d.callID] = list
	}
	if a.closing && len(a.dialogs) == 0 {
		select {
		case <-a.idle:
		default:
			close(a.idle)
		}
	}
}

// find gives the dialog that a request belongs to.
func (a *Agent) find(req *sip.Request) *Dialog {
	tag, ok := req.To().Params.Get("tag")
	if !ok {
		return nil
	}
	a.mu.Lock()
	d := a.dialogs[dialogKey(req.CallID().Value(), tag)]
	a.mu.Unlock()
	if d == nil {
		return nil
	}
	from, _ := req.From().Params.Get("tag")
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.remoteTag != from {
		return nil
	}
	return d
}

// trustFor is how long an address stays free of limits after it proved itself.
const (
	trustFor   = time.Hour
	maxTrusted = 1 << 14
)

// trust frees an address from limits for a while.
func (a *Agent) trust(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if len(a.peers) >= maxTrusted {
		for k, until := range a.peers {
			if now.After(until) || len(a.peers) >= maxTrusted {
				delete(a.peers, k)
			}
		}
	}
	a.peers[addr] = now.Add(trustFor)
}

func (a *Agent) exempt(addr netip.Addr) bool {
	if addr.IsLoopback() && !a.cfg.Limits.LimitLoopback {
		return true
	}
	if a.trunks.has(addr) {
		return true
	}
	a.mu.Lock()
	until, ok := a.peers[addr]
	a.mu.Unlock()
	return ok && time.Now().Before(until)
}

// seen hands a message to the traces of its call.
func (a *Agent) seen(s transact.Seen) {
	a.traffic.count(s)
	id := s.Msg.CallID()
	if id == nil {
		return
	}
	a.mu.Lock()
	list := a.byCall[id.Value()]
	a.mu.Unlock()
	if len(list) == 0 && a.cfg.Trace == nil {
		return
	}
	m := messageOf(s)
	for _, d := range list {
		if d.concerns(s.Msg) {
			d.note(m)
		}
	}
	if a.cfg.Trace != nil {
		a.cfg.Trace(id.Value(), m)
	}
}

func messageOf(s transact.Seen) Message {
	m := Message{At: s.At, In: s.In, Peer: s.Peer, Local: s.Local, Transport: s.Transport, Raw: s.Raw}
	if c := s.Msg.CSeq(); c != nil {
		m.Method, m.CSeq = string(c.MethodName), c.SeqNo
	}
	switch msg := s.Msg.(type) {
	case *sip.Request:
		m.Method = string(msg.Method)
	case *sip.Response:
		m.Status, m.Reason = msg.StatusCode, msg.Reason
	}
	return m
}

// Ours reports whether a host in a URI of a peer means this server.
func (a *Agent) Ours(host string, peer netip.Addr) bool {
	host, _ = splitHost(host)
	return a.ours(host, peer)
}

// ours reports whether a host in a URI of a peer means this server.
func (a *Agent) ours(host string, peer netip.Addr) bool {
	host = strings.Trim(host, "[]")
	return strings.EqualFold(host, a.cfg.Realm) || (a.cfg.Public != "" && strings.EqualFold(host, a.cfg.Public)) ||
		host == strings.Trim(a.wire.Host(peer), "[]")
}
