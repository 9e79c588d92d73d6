package engine

import (
	"sync"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// places knows which side a dialog is, from its beginning until the leg is over.
type places struct {
	mu  sync.Mutex
	all map[dialog]*side
}

func (p *places) know(s *side) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[dialog]*side{}
	}
	p.all[s.dialog] = s
}

func (p *places) forget(s *side) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, s.dialog)
}

// of gives where a dialog is in the calls of an account; false when it is in none.
func (p *places) of(d *sipua.Dialog, t voice.TenantID) (voice.Place, bool) {
	p.mu.Lock()
	s := p.all[d]
	p.mu.Unlock()
	if s == nil || t == "" || s.at.Load().call.Info().Tenant != t {
		return voice.Place{}, false
	}
	return s.place(), true
}

// place gives where the side is now.
func (s *side) place() voice.Place {
	at := s.at.Load()
	p := voice.Place{Call: at.call.Info().ID, Leg: at.leg.id, First: at.call.beside.leads(at.leg)}
	if at.leg.who.Kind == voice.ToExtension {
		p.Extension = at.leg.who.ID
	}
	if s.sip == nil {
		return p
	}
	if peer := s.sip.Peer(); peer.Kind == sipua.PeerTrunk && peer.Trunk.Refer {
		p.Trunk = peer.Trunk.ID
	}
	return p
}

// referred hands on that the peer wishes its talk transferred.
func (s *side) referred(o *sipua.ReferOrder) {
	c := s.at.Load().call
	if c.e.cfg.Transfers == nil {
		o.Decline(603, "Decline")
		return
	}
	r := voice.Referral{By: s.place(), To: o.User, Answer: referralAnswer{o}}
	if o.Replaces != nil {
		r.Attended = true
		if d := c.e.agent.Load().Match(*o.Replaces); d != nil && d != s.sip {
			r.With, _ = c.e.places.of(d, c.Info().Tenant)
		}
	}
	c.e.cfg.Transfers(r)
}

// referralAnswer answers a REFER.
type referralAnswer struct{ o *sipua.ReferOrder }

func (a referralAnswer) Decline(words string) { a.o.Decline(603, "Decline") }
func (a referralAnswer) Accept()              { a.o.Accept() }

func (a referralAnswer) Result(cause voice.Cause) {
	switch {
	case cause == voice.CauseNormal:
		a.o.Result(200, "OK")
	case cause == voice.CauseNotFound && a.o.Replaces != nil:
		a.o.Result(481, "Call/Transaction Does Not Exist")
	default:
		a.o.Result(sipua.StatusOf(cause))
	}
}

// TakesOver says whether a call may take the place of d in another (RFC 3891
// §3): it comes from a telephone of the account whose call that is.
func (e *Engine) TakesOver(inc *sipua.Incoming, d *sipua.Dialog) bool {
	peer := inc.Peer()
	if peer.Kind != sipua.PeerExtension {
		return false
	}
	_, ok := e.places.of(d, peer.Extension.Tenant)
	return ok
}

// Takes implements voice.Taker.
func (c *Call) Takes() (voice.Place, bool) {
	if c.a == nil || c.a.inc == nil || c.a.inc.Replaces() == nil {
		return voice.Place{}, false
	}
	d := c.e.agent.Load().Match(*c.a.inc.Replaces())
	if d == nil { // it has ended since then
		return voice.Place{}, true
	}
	p, _ := c.e.places.of(d, c.Info().Tenant)
	return p, true
}
