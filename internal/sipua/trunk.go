package sipua

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/internal/sipua/locate"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// How often the host names of trunks are looked up anew, and how many at once.
const (
	resolveEvery  = time.Minute
	resolveAtOnce = 8
)

// trunkSet holds the configured trunks, what their hosts resolve to, and their
// registrations.
type trunkSet struct {
	mu     sync.RWMutex
	list   []voice.Trunk
	byAddr map[netip.Addr][]voice.Trunk
	addrs  map[voice.TrunkID][]netip.AddrPort // where its calls go, and come from
	regs   map[voice.TrunkID]*registration
	keys   map[string]*trunkKeys // for TLS, by keysOf
	poke   chan struct{}         // asks the resolver for a round now
	over   bool
}

func (s *trunkSet) init() {
	s.byAddr = map[netip.Addr][]voice.Trunk{}
	s.addrs = map[voice.TrunkID][]netip.AddrPort{}
	s.regs = map[voice.TrunkID]*registration{}
	s.poke = make(chan struct{}, 1)
}

// has reports whether an address is a trunk's.
func (s *trunkSet) has(a netip.Addr) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.byAddr[a]) > 0
}

// match finds the trunk that a request comes from. On loopback, where many
// programs share the address, UDP requests must come from the trunk's port. Of
// several trunks at one address the one that registered under the dialled name
// is taken, then the one with the port, then the first.
//
// A trunk over TLS is recognised over TLS alone, and where it has a certificate of
// ours to check, by its own (RFC 5922 §7.4). A WebSocket is no trunk.
func (s *trunkSet) match(in *transact.Inbound) (voice.Trunk, bool) {
	src := in.Source()
	if in.Transport() == "ws" || in.Transport() == "wss" {
		return voice.Trunk{}, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var byPort, any *voice.Trunk
	for i := range s.byAddr[src.Addr()] {
		k := &s.byAddr[src.Addr()][i]
		same := slices.Contains(s.addrs[k.ID], src)
		if src.Addr().IsLoopback() && in.Transport() == "udp" && !same {
			continue
		}
		if k.Transport == "tls" && !s.keys[keysOf(*k)].knows(in, *k) {
			continue
		}
		if k.Username != "" && k.Username == in.Req.Recipient.User && (same || !src.Addr().IsLoopback()) {
			return *k, true
		}
		if same && byPort == nil {
			byPort = k
		}
		if any == nil {
			any = k
		}
	}
	if byPort != nil {
		return *byPort, true
	}
	if any != nil {
		return *any, true
	}
	return voice.Trunk{}, false
}

// SetTrunks replaces the trunks; registrations of those that stay the same go
// on, others are withdrawn or begun.
func (a *Agent) SetTrunks(list []voice.Trunk) {
	s := &a.trunks
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.list = slices.Clone(list)
	before := s.keys
	s.keys = map[string]*trunkKeys{}
	for _, k := range list {
		name := keysOf(k)
		switch {
		case k.Transport != "tls" && k.Transport != "":
		case before[name] != nil:
			s.keys[name] = before[name]
		default:
			s.keys[name] = readKeys(k, a.cfg.Authorities)
		}
	}
	keep := map[voice.TrunkID]bool{}
	for _, k := range list {
		if r := s.regs[k.ID]; k.Register && r != nil && sameTrunk(r.trunk, k) {
			keep[k.ID] = true
		}
	}
	for id, r := range s.regs {
		if !keep[id] {
			r.cancel()
			delete(s.regs, id)
		}
	}
	var begin []func()
	var undo []*registration
	for _, k := range list {
		if k.Register && k.Username != "" && !keep[k.ID] {
			r, ctx := a.newRegistration(k)
			s.regs[k.ID] = r
			begin = append(begin, func() { r.run(ctx) })
			undo = append(undo, r)
		}
	}
	if len(undo) > spreadFrom { // after a restart they come in the course of a while
		for _, r := range undo {
			r.delay = time.Duration(rand.Int64N(int64(min(spread*time.Duration(len(undo)), spreadMost))))
		}
	}
	s.placeLocked(nil)
	s.mu.Unlock()
	for i, run := range begin {
		if !a.spawn(run) {
			undo[i].cancel()
			close(undo[i].done)
		}
	}
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

func sameTrunk(a, b voice.Trunk) bool {
	return a.Host == b.Host && a.Transport == b.Transport && a.Username == b.Username &&
		a.Password == b.Password && a.Register == b.Register && a.Proxy == b.Proxy && keysOf(a) == keysOf(b)
}

// placeLocked rebuilds the address tables; found holds fresh look-ups.
func (s *trunkSet) placeLocked(found map[voice.TrunkID][]netip.AddrPort) {
	byAddr, addrs := map[netip.Addr][]voice.Trunk{}, map[voice.TrunkID][]netip.AddrPort{}
	for _, k := range s.list {
		list, ok := found[k.ID]
		if !ok {
			list = s.addrs[k.ID]
		}
		for _, host := range []string{k.Host, k.Proxy} {
			if ap, ok := literalAddr(host, k.Transport); ok && !slices.Contains(list, ap) {
				list = append(list, ap)
			}
		}
		var seen []netip.Addr
		for _, ap := range list {
			if !slices.Contains(seen, ap.Addr()) {
				seen = append(seen, ap.Addr())
				byAddr[ap.Addr()] = append(byAddr[ap.Addr()], k)
			}
		}
		if len(list) > 0 {
			addrs[k.ID] = list
		}
	}
	s.byAddr, s.addrs = byAddr, addrs
}

// literalAddr reads HOST[:PORT] whose host is an address.
func literalAddr(text, transport string) (netip.AddrPort, bool) {
	host, port := splitHost(text)
	lit, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.AddrPort{}, false
	}
	switch {
	case port != 0:
	case transport == "tls":
		port = 5061
	default:
		port = 5060
	}
	return netip.AddrPortFrom(lit.Unmap(), uint16(port)), true
}

// resolveTrunks keeps the addresses of trunks with host names fresh.
func (a *Agent) resolveTrunks() {
	s := &a.trunks
	tick := time.NewTicker(resolveEvery)
	defer tick.Stop()
	for {
		s.mu.RLock()
		list := s.list
		s.mu.RUnlock()
		found := a.findTrunks(list)
		s.mu.Lock()
		s.placeLocked(found)
		s.mu.Unlock()
		select {
		case <-tick.C:
		case <-s.poke:
		case <-a.ctx.Done():
			return
		}
	}
}

// findTrunks looks the hosts and proxies of trunks up, resolveAtOnce at a time.
// A host that is not found is left out, and keeps what it had.
func (a *Agent) findTrunks(list []voice.Trunk) map[voice.TrunkID][]netip.AddrPort {
	found := map[voice.TrunkID][]netip.AddrPort{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	turn := make(chan struct{}, resolveAtOnce)
	for _, k := range list {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			var addrs []netip.AddrPort
			for _, text := range []string{k.Proxy, k.Host} { // the proxy first: there it goes
				if text == "" {
					continue
				}
				host, port := splitHost(text)
				places, err := a.where.Find(a.ctx, locate.Query{Host: host, Port: port, Transport: k.Transport})
				if err != nil {
					continue
				}
				for _, p := range places {
					addrs = append(addrs, p.Addr)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if len(addrs) > 0 {
				found[k.ID] = addrs
			}
		})
	}
	wg.Wait()
	return found
}

// stop withdraws all registrations and gives them, to be waited for.
func (s *trunkSet) stop() []*registration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	regs := make([]*registration, 0, len(s.regs))
	for _, r := range s.regs {
		regs = append(regs, r)
		r.cancel()
	}
	return regs
}
