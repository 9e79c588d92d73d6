package sipua

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

const (
	keepShares = 16               // parts of the interval over which telephones are spread
	maxKept    = 1 << 16          // telephones behind NAT that are kept in reach
	natExpires = 10 * time.Minute // longest registration from behind a NAT over UDP
)

// keeper holds the way open to telephones behind NAT that registered over UDP, and
// from our own NAT to the trunks where we register. A telephone gets an OPTIONS that
// nobody waits for: the answer comes from inside, which refreshes the mapping in
// every NAT (RFC 4787 §4.3 demands no more than that). A trunk gets an empty line.
// TCP needs neither: the kernel probes idle connections more often.
type keeper struct {
	mu     sync.Mutex
	phones map[netip.AddrPort]keptPhone // by where they registered from
}

type keptPhone struct {
	contact string
	until   time.Time
}

// behindNAT says whether a contact is not where its REGISTER came from.
func behindNAT(u sip.Uri, source netip.AddrPort) bool {
	port := u.Port
	if port == 0 {
		port = 5060
	}
	a, err := netip.ParseAddr(hostOnly(u.Host))
	return err != nil || netip.AddrPortFrom(a.Unmap(), uint16(port)) != source
}

func hostOnly(s string) string {
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		return s[1 : len(s)-1]
	}
	return s
}

// keep begins to hold the way to a telephone open, until its registration ends.
func (a *Agent) keep(b voice.Binding) {
	source, err := netip.ParseAddrPort(b.Source)
	var u sip.Uri
	if err != nil || a.cfg.KeepAlive <= 0 || transact.SplitTransport(b.Transport) != "udp" ||
		sip.ParseUri(b.Contact, &u) != nil || !behindNAT(u, source) {
		return
	}
	k := &a.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.phones[source]; !known && len(k.phones) >= maxKept {
		return
	}
	k.phones[source] = keptPhone{b.Contact, b.Expires}
}

// keepAlive sends what keeps mappings alive, until Close.
func (a *Agent) keepAlive() {
	if a.cfg.KeepAlive <= 0 {
		return
	}
	tick := time.NewTicker(max(a.cfg.KeepAlive/keepShares, time.Millisecond))
	defer tick.Stop()
	for share := 0; ; share = (share + 1) % keepShares {
		select {
		case <-tick.C:
		case <-a.ctx.Done():
			return
		}
		for source, contact := range a.keeper.due(share, time.Now()) {
			a.probe(source, contact)
		}
		if share == 0 {
			for _, to := range a.trunks.registeredOverUDP() {
				a.wire.Refresh(to)
			}
		}
	}
}

// due gives the telephones of a share and forgets those whose registration is over.
func (k *keeper) due(share int, now time.Time) map[netip.AddrPort]string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out map[netip.AddrPort]string
	for source, p := range k.phones {
		switch {
		case now.After(p.until):
			delete(k.phones, source)
		case int(source.Port())%keepShares == share:
			if out == nil {
				out = map[netip.AddrPort]string{}
			}
			out[source] = p.contact
		}
	}
	return out
}

// probe sends an OPTIONS; its answer finds no transaction and is dropped.
func (a *Agent) probe(source netip.AddrPort, contact string) {
	var uri sip.Uri
	if sip.ParseUri(contact, &uri) != nil {
		return
	}
	to := transact.Dest{Transport: "udp", Addr: source}
	self := sip.Uri{Scheme: "sip", User: "keepalive", Host: a.hostText(to)}
	req := a.optionsRequest(self, uri, nil, to)
	ctx, cancel := context.WithTimeout(a.ctx, time.Second)
	defer cancel()
	if err := a.wire.Write(ctx, req, to); err != nil {
		a.log.Debug("keep-alive was not sent", "to", source, "error", err)
	}
}

// registeredOverUDP gives the trunks where we are registered over UDP.
func (s *trunkSet) registeredOverUDP() []netip.AddrPort {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []netip.AddrPort
	for id, r := range s.regs {
		r.mu.Lock()
		up := r.state.Registered
		r.mu.Unlock()
		if to, ok := s.addrs[id]; ok && up && transact.SplitTransport(r.trunk.Transport) == "udp" {
			out = append(out, to[:min(len(to), 4)]...)
		}
	}
	return out
}

// Readdress makes what peers were told of our address true again after it changed:
// the registrations at trunks are made anew.
func (a *Agent) Readdress() {
	a.wire.ForgetHosts()
	s := &a.trunks
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.regs {
		select {
		case r.poke <- struct{}{}:
		default:
		}
	}
}

// shorten bounds a registration from behind a NAT: should the NAT lose the mapping
// all the same, the telephone is out of reach for no longer than this.
func shorten(in *transact.Inbound, u sip.Uri, asked time.Duration) time.Duration {
	if asked > natExpires && in.Transport() == "udp" && behindNAT(u, in.Source()) {
		return natExpires
	}
	return asked
}
