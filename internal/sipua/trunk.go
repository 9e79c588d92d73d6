package sipua

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// resolveEvery is how often the host names of trunks are looked up anew.
const resolveEvery = time.Minute

// trunkSet holds the configured trunks, what their hosts resolve to, and their
// registrations.
type trunkSet struct {
	mu     sync.RWMutex
	list   []voice.Trunk
	byAddr map[netip.Addr][]voice.Trunk
	addrs  map[voice.TrunkID]netip.AddrPort
	regs   map[voice.TrunkID]*registration
	poke   chan struct{} // asks the resolver for a round now
	over   bool
}

func (s *trunkSet) init() {
	s.byAddr = map[netip.Addr][]voice.Trunk{}
	s.addrs = map[voice.TrunkID]netip.AddrPort{}
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
func (s *trunkSet) match(in *transact.Inbound) (voice.Trunk, bool) {
	src := in.Source()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var byPort, any *voice.Trunk
	for i := range s.byAddr[src.Addr()] {
		k := &s.byAddr[src.Addr()][i]
		same := s.addrs[k.ID].Port() == src.Port()
		if src.Addr().IsLoopback() && in.Transport() == "udp" && !same {
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
		a.Password == b.Password && a.Register == b.Register
}

// placeLocked rebuilds the address tables; found holds fresh look-ups.
func (s *trunkSet) placeLocked(found map[voice.TrunkID]netip.AddrPort) {
	byAddr, addrs := map[netip.Addr][]voice.Trunk{}, map[voice.TrunkID]netip.AddrPort{}
	for _, k := range s.list {
		host, port := splitHost(k.Host)
		ap, ok := found[k.ID]
		if !ok {
			ap, ok = s.addrs[k.ID]
		}
		if lit, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			if port == 0 {
				port = 5060
			}
			ap, ok = netip.AddrPortFrom(lit.Unmap(), uint16(port)), true
		}
		if ok {
			addrs[k.ID] = ap
			byAddr[ap.Addr()] = append(byAddr[ap.Addr()], k)
		}
	}
	s.byAddr, s.addrs = byAddr, addrs
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
		found := map[voice.TrunkID]netip.AddrPort{}
		for _, k := range list {
			host, port := splitHost(k.Host)
			ctx, cancel := context.WithTimeout(a.ctx, 5*time.Second)
			if ap, err := transact.Resolve(ctx, host, port); err == nil {
				found[k.ID] = ap
			}
			cancel()
		}
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
