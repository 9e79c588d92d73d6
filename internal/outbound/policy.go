package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Resolver looks names up; *net.Resolver has it.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what the operator of the host allows, never a tenant.
type Config struct {
	// AllowLoopback lets loopback be reached, on any port, for tests.
	AllowLoopback bool
	// Private are ranges that may be reached although they are not public.
	Private []netip.Prefix
	// Allowed gives further such ranges that the URLs of one account may lead to;
	// nil = none. It is asked for each request.
	Allowed func(ctx context.Context, t voice.TenantID) ([]netip.Prefix, error)
	// Ports may be reached besides 80, 443 and 8443.
	Ports []int
	// HTTPSOnly refuses plain http.
	HTTPSOnly bool
	// Own are addresses and ports that this program listens on; port 0 means
	// all of the address. The addresses of this machine's interfaces count as
	// well, with every port. Loopback is never reached on a port of Own.
	Own []netip.AddrPort
	// Interfaces gives this machine's addresses; nil = the system's.
	Interfaces func() ([]netip.Addr, error)
	Resolver   Resolver // nil = the system's
}

// Policy decides what may be reached.
type Policy struct {
	cfg   Config
	allow []netip.Prefix // of the account that a request is for
}

// Time bounds of every connection.
const (
	ConnectTime = 5 * time.Second
	TotalTime   = 15 * time.Second
)

// New makes a policy.
func New(cfg Config) *Policy {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	if cfg.Interfaces == nil {
		cfg.Interfaces = interfaces
	}
	cfg.Ports = append(slices.Clone(cfg.Ports), 80, 443, 8443)
	return &Policy{cfg: cfg}
}

func interfaces() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				addrs = append(addrs, addr.Unmap())
			}
		}
	}
	return addrs, nil
}

// refuse makes the error for an address that the policy forbids.
func refuse(op, format string, args ...any) error {
	return voice.Errorf(op, voice.Permission, format, args...)
}

// CheckAddr says whether an address and port may be reached for a fetch.
// Permission, in words, when not.
func (p *Policy) CheckAddr(at netip.AddrPort) error {
	const op = "outbound.CheckAddr"
	addr := at.Addr().Unmap()
	loopback := addr.IsLoopback() && addr.Zone() == ""
	for _, own := range p.cfg.Own {
		if own.Port() != at.Port() {
			continue
		}
		is, err := p.listens(own.Addr().Unmap(), addr)
		if err != nil {
			return err
		}
		if loopback || is {
			return refuse(op, "%s is this program itself", at)
		}
	}
	if err := p.checkRange(op, addr); err != nil {
		return err
	}
	if loopback {
		return nil
	}
	if !slices.Contains(p.cfg.Ports, int(at.Port())) {
		return refuse(op, "port %d may not be used; %s may", at.Port(), p.ports())
	}
	return nil
}

// listens says whether a listener on own is reached at addr.
func (p *Policy) listens(own, addr netip.Addr) (bool, error) {
	if own == addr || !own.IsUnspecified() {
		return own == addr, nil
	}
	return p.interfaceHas("outbound.CheckAddr", addr)
}

func (p *Policy) interfaceHas(op string, addr netip.Addr) (bool, error) {
	own, err := p.cfg.Interfaces()
	if err != nil {
		return false, voice.Errorf(op, voice.Unavailable, "this machine's addresses: %w", err)
	}
	return slices.Contains(own, addr), nil
}

// checkRange judges the address alone.
func (p *Policy) checkRange(op string, addr netip.Addr) error {
	addr = addr.Unmap()
	if !addr.IsValid() || addr.Zone() != "" {
		return refuse(op, "%s is no address that can be reached from here", addr)
	}
	if addr.IsLoopback() {
		if p.cfg.AllowLoopback {
			return nil
		}
		return refuse(op, "%s is this machine itself; allow_loopback permits that, for tests", addr)
	}
	if contains(p.cfg.Private, addr) || contains(p.allow, addr) {
		return nil
	}
	if what, special := special(addr); special {
		return refuse(op, "%s is not a public address: %s", addr, what)
	}
	own, err := p.interfaceHas(op, addr)
	if err != nil {
		return err
	}
	if own || slices.ContainsFunc(p.cfg.Own, func(o netip.AddrPort) bool { return o.Addr().Unmap() == addr && o.Port() == 0 }) {
		return refuse(op, "%s is this machine itself", addr)
	}
	return nil
}

func (p *Policy) ports() string {
	list := slices.Clone(p.cfg.Ports)
	slices.Sort(list)
	var words []string
	for _, n := range slices.Compact(list) {
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, ", ")
}

// Resolve gives the addresses of a host, a name or an address, when all of them
// may be reached, whatever the port. Invalid when host is neither, Permission
// when one of them is forbidden, NotExist when the name has none, Unavailable
// when it can't be looked up.
func (p *Policy) Resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return p.resolve(ctx, host, func(a netip.Addr) error { return p.checkRange("outbound.Resolve", a) })
}

func (p *Policy) resolve(ctx context.Context, host string, check func(netip.Addr) error) ([]netip.Addr, error) {
	const op = "outbound.Resolve"
	addr, isAddr, err := ParseHost(host)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Addr{addr}
	if !isAddr {
		ctx, cancel := context.WithTimeout(ctx, ConnectTime)
		defer cancel()
		addrs, err = p.cfg.Resolver.LookupNetIP(ctx, "ip", host)
		if dns, ok := err.(*net.DNSError); ok && dns.IsNotFound {
			return nil, voice.Errorf(op, voice.NotExist, "there is no host %s", host)
		}
		if err != nil {
			return nil, voice.Errorf(op, voice.Unavailable, "looking up %s: %w", host, err)
		}
		if len(addrs) == 0 {
			return nil, voice.Errorf(op, voice.NotExist, "host %s has no address", host)
		}
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
		// One forbidden address condemns the name: whoever mixes them means no good.
		if err := check(addrs[i]); err != nil {
			if isAddr {
				return nil, err
			}
			return nil, refuse(op, "host %s can't be used: %s", host, voice.Reason(err))
		}
	}
	return addrs, nil
}

// CheckHost says whether calls may be placed to a SIP host that a tenant gave:
// a name or an address, with or without a port. Errors as Resolve.
func (p *Policy) CheckHost(ctx context.Context, host string) error {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	} else if err := checkPort(port); err != nil {
		return err
	}
	_, err = p.Resolve(ctx, strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err
}
