package reach

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	startWait  = 5 * time.Second // for the first answer
	lookWait   = 8 * time.Second // for a later one
	retryEvery = 10 * time.Second
)

// Config says what is known of this machine's address.
type Config struct {
	// Public is the host name or address that peers are told; "" = what STUN finds.
	Public string
	// STUN is HOST[:PORT] of a server to ask while Public is empty; "" = none.
	STUN string
	// Local are the networks whose peers reach this machine by its own address. With
	// STUN and none given they are the private ones of RFC 1918 and RFC 4193.
	Local []netip.Prefix
	// Every is how often to look again; 0 = a minute.
	Every time.Duration
	// Changed is told of each new address, "" for none, also of the first. It must not
	// block long. May be nil.
	Changed func(public string)
	Logger  *slog.Logger // nil = silent
	// Lookup resolves names; nil = the system's resolver.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Finder tells by which address peers reach this machine. Safe for concurrent use.
type Finder struct {
	cfg    Config
	cancel context.CancelFunc
	wg     sync.WaitGroup
	found  atomic.Pointer[[]netip.Addr] // of Public, or by STUN
}

// Start looks once, for five seconds at most, and then at intervals until Close.
// That nothing is found is logged and no error: calls go on with the local address.
func Start(ctx context.Context, cfg Config) *Finder {
	if cfg.Every <= 0 {
		cfg.Every = time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Lookup == nil {
		cfg.Lookup = net.DefaultResolver.LookupNetIP
	}
	cfg.Public = strings.Trim(cfg.Public, "[]")
	if cfg.Public != "" {
		cfg.STUN = ""
	}
	if cfg.STUN != "" && len(cfg.Local) == 0 {
		for _, n := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"} {
			cfg.Local = append(cfg.Local, netip.MustParsePrefix(n))
		}
	}
	f := &Finder{cfg: cfg}
	f.found.Store(&[]netip.Addr{})
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	if a, err := netip.ParseAddr(cfg.Public); err == nil {
		f.found.Store(&[]netip.Addr{a.Unmap()})
		return f
	}
	if cfg.Public == "" && cfg.STUN == "" {
		return f
	}
	ok := f.look(ctx, startWait)
	f.wg.Go(func() { f.run(own, ok) })
	return f
}

// Close ends the looking.
func (f *Finder) Close() {
	f.cancel()
	f.wg.Wait()
}

func (f *Finder) run(ctx context.Context, ok bool) {
	for {
		wait := f.cfg.Every
		if !ok {
			wait = min(wait, retryEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		ok = f.look(ctx, lookWait)
	}
}

// look finds the address anew; false when it could not. What was found before stays
// then: a STUN server that is down is no change of address.
func (f *Finder) look(ctx context.Context, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	found, err := f.ask(ctx)
	if err != nil {
		if ctx.Err() != context.Canceled {
			f.cfg.Logger.Warn("the public address was not found", "err", err)
		}
		return false
	}
	before := *f.found.Load()
	if slices.Equal(before, found) {
		return true
	}
	f.found.Store(&found)
	f.cfg.Logger.Info("public address", "address", found, "before", before)
	if f.cfg.Changed != nil {
		f.cfg.Changed(found[0].String())
	}
	return true
}

func (f *Finder) ask(ctx context.Context) ([]netip.Addr, error) {
	if f.cfg.STUN == "" {
		return f.resolve(ctx, f.cfg.Public)
	}
	host, port := f.cfg.STUN, stunPort
	if h, p, err := net.SplitHostPort(f.cfg.STUN); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("STUN server %s: bad port", f.cfg.STUN)
		}
		host, port = h, int(n)
	}
	servers, err := f.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var seen []netip.Addr
	for _, s := range servers {
		at, e := Ask(ctx, netip.AddrPortFrom(s, uint16(port)))
		if e != nil {
			err = e
			continue
		}
		if !slices.Contains(seen, at.Addr()) {
			seen = append(seen, at.Addr())
		}
	}
	if len(seen) == 0 {
		return nil, err
	}
	return seen, nil
}

// resolve gives the first address of each family, IPv4 first; those of loopback, as
// some systems have for their own name, are no address for others.
func (f *Finder) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.Trim(host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	all, err := f.cfg.Lookup(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	var v4, v6 netip.Addr
	for _, a := range all {
		switch a = a.Unmap(); {
		case a.IsLoopback() || a.IsUnspecified():
		case a.Is4() && !v4.IsValid():
			v4 = a
		case a.Is6() && !v6.IsValid():
			v6 = a
		}
	}
	var out []netip.Addr
	for _, a := range []netip.Addr{v4, v6} {
		if a.IsValid() {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("resolve %s: no address for others", host)
	}
	return out, nil
}

// Addr gives the address that media of peer should go to; invalid = this machine's
// own towards it. A peer on loopback always gets the latter.
func (f *Finder) Addr(peer netip.Addr) netip.Addr {
	peer = peer.Unmap()
	if peer.IsLoopback() || f.local(peer) {
		return netip.Addr{}
	}
	for _, a := range *f.found.Load() {
		if a.Is4() == peer.Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// Host gives the host that SIP of peer should go to; "" = this machine's own address
// towards it.
func (f *Finder) Host(peer netip.Addr) string {
	peer = peer.Unmap()
	if f.local(peer) {
		return ""
	}
	if f.cfg.Public != "" {
		if a, err := netip.ParseAddr(f.cfg.Public); err != nil || a.Unmap().Is4() == peer.Is4() {
			return f.cfg.Public
		}
		return ""
	}
	if a := f.Addr(peer); a.IsValid() {
		return a.String()
	}
	return ""
}

func (f *Finder) local(peer netip.Addr) bool {
	return slices.ContainsFunc(f.cfg.Local, func(n netip.Prefix) bool { return n.Contains(peer) })
}
