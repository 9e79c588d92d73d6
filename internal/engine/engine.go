// Package engine makes live calls of SIP dialogs and media ports: answer, play,
// gather, record, dial, bridge.
//
// It decides nothing about a call's flow (package interp does) and knows no
// vendor. An incoming call runs in the goroutine that the SIP agent gives it;
// Dial rings targets in goroutines of its own and waits for them. A Call
// belongs to one goroutine; an Engine may be used by many.
package engine

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/blob"
	"tandem/internal/browser"
	"tandem/internal/dtlssrtp"
	"tandem/internal/media"
	"tandem/internal/media/tones"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// Prompts turns prompts into audio.
type Prompts interface {
	// Clip gives the audio of a prompt. A clip beside an error is a substitute,
	// and the error says what it stands in for.
	Clip(ctx context.Context, t voice.TenantID, p voice.Prompt) (*media.Clip, error)
}

// Config is what an engine is made of. Agent, Pool and the stores are needed.
type Config struct {
	Pool       *rtpport.Pool
	Prompts    Prompts
	Drafts     blob.Drafts // recordings while they are made
	Recordings voice.RecordingStore
	// Captures keeps the captures of calls' packets, whose files are Drafts; nil = nothing
	// is captured. CaptureBytes bounds each file; 0 = 64 MB.
	Captures     voice.CaptureStore
	CaptureBytes int64
	Bindings     voice.BindingStore
	Trunks       voice.TrunkStore
	Tenants      voice.TenantStore
	// Events takes the timelines of calls; it must not block.
	Events func(voice.Event)
	// Transfers is told of each party that wishes its talk transferred, in a
	// goroutine of the SIP stack, and has Answer answered within 16 s; nil = all are
	// declined.
	Transfers func(voice.Referral)
	// MediaAddr gives the address that is put into session descriptions for a peer;
	// invalid = this machine's own towards it. May be nil.
	MediaAddr func(peer netip.Addr) netip.Addr
	// Pages gives the open pages in browsers that are telephones of an extension; nil =
	// there are none.
	Pages func(ctx context.Context, t voice.TenantID, extension string) ([]*browser.Page, error)
	// Identity is our certificate for media secured by DTLS; nil = there is none.
	Identity *dtlssrtp.Identity
	// CheckHost says whether a SIP address given by a tenant may be called.
	CheckHost func(ctx context.Context, host string) error
	// Redirects is how often telephones' redirections (3xx) are followed in the
	// ringing of one target, to what the account may dial; 0 = never.
	Redirects int
	// MediaTimeout ends a call whose caller sent audio and then none for so
	// long, and a bridge whose far end did; 0 = never.
	MediaTimeout time.Duration
	// MaxCalls bounds the calls at once; more are refused with 503. 0 = no bound.
	MaxCalls int
	// Hold says whether orders to call should wait, because callers are refused for
	// what they would take. nil = never.
	Hold    func() bool
	Country string // of tones: "se", "us", …
	// RecordCalls records every bridged call.
	RecordCalls bool
	// ComfortNoise offers and accepts comfort noise (RFC 3389).
	ComfortNoise bool
	// MaxRoomTape bounds the recording of a room; 0 = voice.MaxRecordLength, which
	// is also the most.
	MaxRoomTape time.Duration
	Logger      *slog.Logger
}

// errRingTime ends the ringing of a target.
var errRingTime = errors.New("nobody answered in the ring time")

// Engine makes calls.
type Engine struct {
	cfg   Config
	agent atomic.Pointer[sipua.Agent]
	gate  *gate
	// coming counts the ports of calls that have room and are not rung yet.
	coming   atomic.Int64
	rooms    rooms
	captures captures
	// places finds whose a dialog is that a party names.
	places places
	// profiles are those of media that telephones took.
	profiles profiles
	tones    *tones.Set
	addrs    *localAddrs
	routes   *localAddrs // from where packets are sent, whatever peers are told
	sound    atomic.Pointer[Sound]
}

// New makes an engine. SetAgent completes it before the first call.
func New(cfg Config) *Engine {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg: cfg, gate: newGate(), rooms: rooms{all: map[roomKey]*room{}}, tones: tones.For(cfg.Country), addrs: newLocalAddrs(cfg.MediaAddr, cfg.Pool.Host()), routes: newLocalAddrs(nil, netip.Addr{}), captures: captures{closing: make(chan struct{})}}
}

// SetAgent gives the SIP agent that dials. The agent's Handler calls Incoming,
// so each needs the other; a call that dials before this is refused.
func (e *Engine) SetAgent(a *sipua.Agent) { e.agent.Store(a) }

// Full says whether as many calls are up as may be.
func (e *Engine) Full() bool { return e.full(0) }

// full is Full when so many ports are as good as taken.
func (e *Engine) full(coming int) bool {
	return e.cfg.MaxCalls > 0 && e.cfg.Pool.Stats().Ports+coming >= legsOfCall*e.cfg.MaxCalls
}

// Incoming makes the call of an INVITE. The error says why it was refused,
// which has been done then.
func (e *Engine) Incoming(inc *sipua.Incoming) (*Call, error) {
	local := e.addrs.towards(inc.Source().Addr())
	browser := isBrowser(inc.Header("contact"), inc.Transport())
	told := local
	if o := inc.Offer(); o == nil || browser || !o.IPv4() {
		told = netip.Addr{} // the peer may come from elsewhere, or by IPv6
	}
	port, err := e.cfg.Pool.OpenAt(told)
	if err != nil {
		inc.Reject(503, "Service Unavailable")
		return nil, voice.E("engine.Incoming", voice.Limit, err)
	}
	info := infoOf(inc)
	c := newCall(e, info)
	c.a = &leg{id: "a", to: "the caller", who: callerOf(info), started: info.Start, side: &side{
		dialog: inc.Dialog, sip: inc.Dialog, arrives: inc, inc: inc, port: port,
		local: e.localAt(local, inc.Source().Addr(), port),
	}}
	policy, err := policyOf(inc.Secure(), inc.Peer(), browser)
	if err != nil {
		port.Close()
		inc.Reject(488, "Not Acceptable Here")
		return nil, err
	}
	policy.apply(c.a.local)
	c.a.belongs(c)
	c.first = c.a.id
	c.beside.caller(c.a)
	c.wire.join(port)
	e.places.know(c.a.side)
	inc.OnMessage(c.a.noteMessage)
	c.a.watch()
	return c, nil
}

// NewCall makes a call that we begin; it has no party until Place.
func (e *Engine) NewCall(info voice.CallInfo) *Call { return newCall(e, info) }

func infoOf(inc *sipua.Incoming) voice.CallInfo {
	from, name := inc.From()
	to, host := inc.RequestURI()
	info := voice.CallInfo{
		ID: voice.NewCallID(inc.Received()), Direction: voice.Inbound, Start: inc.Received(),
		From: from, FromName: name, To: to, ToDomain: host, Source: inc.Source().String(),
	}
	switch peer := inc.Peer(); peer.Kind {
	case sipua.PeerExtension:
		info.Tenant, info.Extension = peer.Extension.Tenant, peer.Extension.Number
		info.From = peer.Extension.Number
	case sipua.PeerTrunk:
		info.Tenant, info.Trunk = peer.Trunk.Tenant, peer.Trunk.ID
		assert(&info, inc)
	}
	return info
}

// callerOf names the caller; only a telephone of ours is an extension.
func callerOf(i voice.CallInfo) voice.Target {
	if i.Extension != "" {
		return voice.Target{Kind: voice.ToExtension, ID: i.Extension}
	}
	return voice.Target{Kind: voice.ToNumber, ID: i.From}
}

// localAddrs finds the address of this machine that a peer reaches.
type localAddrs struct {
	told func(peer netip.Addr) netip.Addr
	only netip.Addr // that media is bound to; invalid = every one of the machine

	mu    sync.Mutex
	known map[netip.Addr]netip.Addr // by peer, for a moment: calls come from the same few
	since time.Time
}

const (
	addrsKept = time.Second
	addrsMost = 1000
)

func newLocalAddrs(told func(netip.Addr) netip.Addr, only netip.Addr) *localAddrs {
	return &localAddrs{told: told, only: only}
}

func (l *localAddrs) towards(peer netip.Addr) netip.Addr {
	peer = peer.Unmap()
	asked := peer
	if l.only.IsValid() && l.only.Is4() != peer.Is4() && !peer.IsLoopback() {
		asked = somebodyOutside(l.only.Is4())
	}
	if l.told != nil {
		if a := l.told(asked); a.IsValid() {
			return a
		}
	}
	if l.only.IsValid() {
		return l.only
	}
	l.mu.Lock()
	if now := time.Now(); len(l.known) >= addrsMost || now.Sub(l.since) >= addrsKept {
		l.known, l.since = map[netip.Addr]netip.Addr{}, now
	}
	a, ok := l.known[peer]
	l.mu.Unlock()
	if ok {
		return a
	}
	// Connecting a datagram socket sends nothing; the kernel picks the address.
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(peer, 9)))
	if err != nil {
		return netip.IPv4Unspecified()
	}
	a = conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[peer] = a
	return a
}
