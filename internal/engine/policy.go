package engine

import (
	"context"
	"sync"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// policy says how media with a peer may or has to be secured.
type policy struct {
	keys      offer.SRTP // by keys in the signalling (SDES)
	browser   bool       // by DTLS and nothing else, which it offers and is offered
	noDTLS    bool
	secured   bool // by one of them
	telephone bool // it may know other profiles alone
}

// policyOf gives what holds with a peer: a trunk's policy is of keys in the signalling, an
// extension's of whatever secures media. Keys are for signalling that is encrypted, secure;
// the error is that they would have to be and can't.
func policyOf(secure bool, peer sipua.Peer, browser bool) (policy, error) {
	p := policy{keys: offer.SRTPPreferred, browser: browser}
	switch peer.Kind {
	case sipua.PeerTrunk:
		switch peer.Trunk.SRTP {
		case "off":
			p.keys = offer.SRTPOff
		case "required":
			p.keys = offer.SRTPRequired
			if !secure {
				return p, voice.Errorf("engine.secure", voice.Unavailable, "SRTP is required of trunk %s, and its signalling is not encrypted: keys can't be in it", peer.Trunk.Name)
			}
		}
	case sipua.PeerExtension:
		p.telephone = true
		switch peer.Extension.SRTP {
		case "off":
			p.keys, p.noDTLS, p.telephone = offer.SRTPOff, !browser, false
		case "required":
			p.secured = true
		}
	}
	if !secure {
		p.keys = offer.SRTPOff
	}
	return p, nil
}

// apply makes our descriptions follow the policy.
func (p policy) apply(l *offer.Local) {
	l.SRTP, l.Browser, l.Secured, l.Telephone = p.keys, p.browser, p.secured, p.telephone
	if p.noDTLS {
		l.Fingerprint = offer.Fingerprint{}
	}
}

// dialOffering dials a leg with each profile that its policy allows, until one is not
// refused; a telephone begins with the one that it took before. A telephone that may be
// offered several has not rung meanwhile.
func (c *Call) dialOffering(ctx context.Context, l *leg, hop *sipua.Target, whom string, progress func(sipua.Progress)) (*sipua.Dialog, error) {
	telephone := ""
	if b := hop.Binding; b != nil {
		telephone = string(b.Tenant) + " " + b.Extension + " " + b.Contact
		l.local.First = c.e.profiles.of(telephone)
	}
	for {
		d, err := c.e.agent.Load().Dial(ctx, *hop, l.local.Offer(offer.SendRecv), progress)
		if err == nil && telephone != "" {
			c.e.profiles.took(telephone, l.local.Offered())
		}
		f, ok := sipua.FailureOf(err)
		if !ok || f.Rang || ctx.Err() != nil || f.Status != 488 && f.Status != 606 && f.Status != 415 {
			return d, err
		}
		next := l.local.Next()
		if next == "" {
			return d, err
		}
		c.Note(voice.Event{Kind: voice.EventMedia, Leg: l.id, Text: whom + " refused the media that was offered, and is offered " + next})
		c.e.places.forget(l.side) // of the dialog that is over
	}
}

// maxProfiles bounds the telephones whose profile is remembered.
const maxProfiles = 20_000

// profiles remembers which profile of media each telephone took, by its contact.
type profiles struct {
	mu  sync.Mutex
	all map[string]string
}

func (p *profiles) of(telephone string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[telephone]
}

// took remembers a profile. When there are too many, all are forgotten: each telephone
// costs some refused INVITEs then, once.
func (p *profiles) took(telephone, profile string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil || len(p.all) >= maxProfiles && p.all[telephone] == "" {
		p.all = map[string]string{}
	}
	p.all[telephone] = profile
}

// agreeable says why the caller can't be answered, so that nobody is rung in vain.
func (c *Call) agreeable() error {
	if c.answered || c.a == nil || c.a.arrives == nil || c.a.arrives.Offer() == nil {
		return nil
	}
	c.a.mu.Lock()
	var err error
	if c.a.local.Last() == nil { // else it has been answered, with early media
		_, err = c.a.local.Would(c.a.arrives.Offer())
	}
	c.a.mu.Unlock()
	if err == nil {
		return nil
	}
	c.noMedia = voice.EndNoMedia
	return voice.E("engine.Dial", voice.Unavailable, err)
}
