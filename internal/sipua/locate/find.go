package locate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Bounds of one Find.
const (
	findTimeout  = 5 * time.Second
	maxServices  = 8
	maxHosts     = 16 // SRV records of one name
	maxAddresses = 8  // of one host
	maxPlaces    = 16
)

// Config says how a Resolver works; its zero value asks this machine's name servers.
type Config struct {
	Servers    []string // HOST:PORT of name servers; empty = those of /etc/resolv.conf
	Transports []string // that are spoken, first choice first; empty = udp, tcp
	Hosts      string   // file of host names; "" = /etc/hosts
	// Usable says whether an address can be sent to at all; nil = every one.
	Usable func(netip.Addr) bool
	Now    func() time.Time // nil = time.Now
}

// Resolver finds places.
type Resolver struct {
	cfg Config

	mu     sync.Mutex
	cache  map[cacheKey]*entry
	failed map[placeKey]time.Time
}

// New makes a Resolver.
func New(cfg Config) *Resolver {
	if len(cfg.Transports) == 0 {
		cfg.Transports = []string{"udp", "tcp"}
	}
	if cfg.Hosts == "" {
		cfg.Hosts = "/etc/hosts"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Resolver{cfg: cfg, cache: map[cacheKey]*entry{}, failed: map[placeKey]time.Time{}}
}

// Query is what a URI says of where it leads.
type Query struct {
	Host      string // name, or address literal with or without brackets
	Port      int    // 0 = none given
	Transport string // by transport= or a setting; "" = as the DNS says
	Secure    bool   // sips: nothing but tls
}

func (r *Resolver) speaks(transport string) bool { return slices.Contains(r.cfg.Transports, transport) }

func (r *Resolver) usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && (r.cfg.Usable == nil || r.cfg.Usable(a))
}

// Find gives the places of q, in the order in which they are to be tried: 1 to
// 16 of them, those that failed lately last. It takes 5 s at most. The error
// says in words what is missing.
func (r *Resolver) Find(ctx context.Context, q Query) ([]Place, error) {
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	list, err := r.find(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", q.Host, err)
	}
	for i := range list {
		list[i].Domain = strings.Trim(q.Host, "[].")
	}
	return r.healthyFirst(list), nil
}

func (r *Resolver) find(ctx context.Context, q Query) ([]Place, error) {
	switch {
	case q.Port < 0 || q.Port > 65535:
		return nil, fmt.Errorf("port %d is out of range", q.Port)
	case q.Secure && q.Transport != "" && q.Transport != "tcp" && q.Transport != "tls":
		return nil, errors.New("sips over " + q.Transport + " is not possible")
	case q.Secure:
		q.Transport = "tls"
	}
	if q.Transport != "" && !r.speaks(q.Transport) {
		return nil, errors.New("transport " + q.Transport + " is not spoken here")
	}
	if a, err := netip.ParseAddr(strings.Trim(q.Host, "[]")); err == nil {
		t := r.fallback(q)
		return []Place{{Transport: t, Addr: netip.AddrPortFrom(a.Unmap(), portOf(q.Port, t))}}, nil
	}
	if !validName(q.Host) {
		return nil, errors.New("no host name")
	}
	if q.Port != 0 || !strings.Contains(strings.Trim(q.Host, "."), ".") || r.inHosts(q.Host) != nil {
		t := r.fallback(q)
		return r.places(ctx, q.Host, t, portOf(q.Port, t))
	}
	for _, s := range r.wanted(ctx, q) {
		list, found, err := r.behindSRV(ctx, s)
		if len(list) > 0 || found && err != nil {
			return list, err
		}
	}
	t := r.fallback(q)
	return r.places(ctx, q.Host, t, portOf(0, t))
}

// fallback is the transport where the DNS names none (RFC 3263 §4.1).
func (r *Resolver) fallback(q Query) string {
	if q.Transport != "" {
		return q.Transport
	}
	if r.speaks("udp") {
		return "udp"
	}
	return r.cfg.Transports[0]
}

func portOf(port int, transport string) uint16 {
	switch {
	case port != 0:
		return uint16(port)
	case transport == "tls":
		return 5061
	}
	return 5060
}

// wanted lists the SRV names to ask for, in turn: those of NAPTR records, or
// one for each transport that is spoken.
func (r *Resolver) wanted(ctx context.Context, q Query) []service {
	if q.Transport == "" {
		a := r.lookup(ctx, dns.CanonicalName(q.Host), dns.TypeNAPTR)
		if list := r.services(a.records, q.Secure); len(list) > 0 {
			return list
		}
	}
	var out []service
	for _, t := range r.cfg.Transports {
		if q.Transport != "" && q.Transport != t {
			continue
		}
		prefix := "_sip._" + t + "."
		if t == "tls" {
			prefix = "_sips._tcp."
			if q.Transport == "" {
				continue // TLS is for those who ask for it, by sips, transport= or NAPTR
			}
		}
		out = append(out, service{t, dns.CanonicalName(prefix + q.Host)})
	}
	return out
}

// behindSRV gives the places of SRV records; found says that there are any.
func (r *Resolver) behindSRV(ctx context.Context, s service) (list []Place, found bool, err error) {
	a := r.lookup(ctx, s.srv, dns.TypeSRV)
	if a.err != nil && !errors.Is(a.err, ErrNoRecord) {
		return nil, false, a.err
	}
	var records []*dns.SRV
	for _, rr := range a.records[:min(len(a.records), maxHosts)] {
		records = append(records, rr.(*dns.SRV))
	}
	if len(records) == 0 {
		return nil, false, nil
	}
	if len(records) == 1 && records[0].Target == "." {
		return nil, true, errors.New("its SRV record says that there is no SIP over " + s.transport)
	}
	err = errors.New("none of its SRV records leads to an address")
	for _, srv := range orderSRV(records, rand.IntN) {
		if srv.Port == 0 || srv.Target == "." || len(list) >= maxPlaces {
			continue
		}
		more, _ := r.places(ctx, srv.Target, s.transport, srv.Port)
		list = append(list, more[:min(len(more), maxPlaces-len(list))]...)
	}
	if len(list) > 0 {
		err = nil
	}
	return list, true, err
}

// places gives the addresses of a host, those of IPv4 first.
func (r *Resolver) places(ctx context.Context, host, transport string, port uint16) ([]Place, error) {
	name := strings.TrimSuffix(host, ".")
	addrs := r.inHosts(name)
	if addrs == nil {
		var err error
		if addrs, err = r.addressesOf(ctx, name); err != nil {
			return nil, err
		}
	}
	var out []Place
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		out = append(out, Place{Transport: transport, Addr: netip.AddrPortFrom(a, port), Name: name})
	}
	return out, nil
}

func (r *Resolver) addressesOf(ctx context.Context, name string) ([]netip.Addr, error) {
	if !strings.Contains(name, ".") { // this machine's search list, or localhost
		return r.system(ctx, name)
	}
	var six answer
	var wg sync.WaitGroup
	wg.Go(func() { six = r.lookup(ctx, dns.CanonicalName(name), dns.TypeAAAA) })
	four := r.lookup(ctx, dns.CanonicalName(name), dns.TypeA)
	wg.Wait()
	if addrs := append(r.addresses(four), r.addresses(six)...); len(addrs) > 0 {
		return addrs, nil
	}
	for _, a := range []answer{four, six} {
		if a.err != nil && !errors.Is(a.err, ErrNoRecord) {
			return nil, a.err
		}
	}
	if four.err == nil || six.err == nil {
		return nil, errors.New("none of its addresses can be reached from here")
	}
	return nil, errors.New("the name has no address")
}

// system asks the operating system, which knows names without a dot.
func (r *Resolver) system(ctx context.Context, name string) ([]netip.Addr, error) {
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	var four, six []netip.Addr
	for _, a := range all {
		switch a = a.Unmap(); {
		case !r.usable(a):
		case a.Is4():
			four = append(four, a)
		default:
			six = append(six, a)
		}
	}
	if len(four)+len(six) == 0 {
		return nil, errors.New("the name has no address that can be reached from here")
	}
	return append(four, six...), nil
}

// validName accepts a host name by RFC 3261 §25.1 with labels of 1 to 63
// characters; its last label may not begin with a digit, or it is a broken
// address.
func validName(h string) bool {
	h = strings.TrimSuffix(h, ".")
	if h == "" || len(h) > 253 {
		return false
	}
	labels := strings.Split(h, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, c := range []byte(l) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	last := labels[len(labels)-1][0]
	return last < '0' || last > '9'
}
