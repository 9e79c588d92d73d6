package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// rung is what came of ringing one way: a leg that answered, or why not.
type rung struct {
	target voice.Target
	leg    *leg // nil unless answered
	cause  voice.Cause
	words  string
	// next says that the way's next trunk may do better.
	next bool
	// moved is where a 3xx leads to.
	moved []string
}

// ring rings one way, trunk after trunk, and waits for its answer.
func (c *Call) ring(ctx context.Context, id voice.LegID, w way, hears *ringing) (result rung) {
	defer func() {
		if r := recover(); r != nil {
			c.e.cfg.Logger.Error("panic while a leg was dialled", "call", c.Info().ID, "panic", r)
			result = rung{target: w.target, cause: voice.CauseFailed, words: "internal fault"}
		}
		if result.leg == nil && w.release != nil {
			w.release()
		}
	}()
	if w.page != nil {
		return c.ringPage(ctx, id, w)
	}
	f := following{seen: []string{w.target.ID}}
	for i := 0; i < len(w.hops); i++ {
		hop := w.hops[i]
		if i > 0 {
			id = c.nextLeg()
		}
		result = c.ringHop(ctx, id, w, &hop, hears)
		result.target = w.target
		if len(result.moved) > 0 && ctx.Err() == nil {
			if hops := c.follow(ctx, id, &w, hop, result.moved, &f); len(hops) > 0 {
				hears.lost(id)
				w.hops = slices.Insert(slices.Clone(w.hops), i+1, hops...)
				continue
			}
		}
		if result.leg != nil || !result.next || i+1 == len(w.hops) || ctx.Err() != nil {
			return result
		}
		hears.lost(id)
		what := w.words
		if hop.Trunk != nil {
			what = "trunk " + hop.Trunk.Name
		}
		c.Note(voice.Event{Kind: voice.EventDialFailed, Leg: id, Text: what + " failed (" + result.words + "), trying the next",
			Data: map[string]string{"cause": string(result.cause)}})
	}
	return result
}

// ringHop dials one leg. A leg that fails frees what it held and is in the
// record of the call all the same.
func (c *Call) ringHop(ctx context.Context, id voice.LegID, w way, hop *sipua.Target, hears *ringing) (result rung) {
	l := &leg{id: id, to: w.words, who: w.target, started: time.Now(), release: w.release, side: &side{}}
	l.belongs(c)
	defer func() {
		if result.leg != nil {
			return
		}
		if l.port != nil {
			l.port.Close()
			c.wire.part(l.port)
		}
		c.e.places.forget(l.side)
		c.addLeg(voice.LegRecord{ID: id, To: l.to, Start: l.started, End: time.Now(), Cause: result.cause, Words: result.words})
	}()
	if err := c.prepare(ctx, l, hop); err != nil {
		// A host that is not found is its trunk's fault; the others may do better.
		return rung{cause: causeOf(err), words: voice.Reason(err), next: voice.IsKind(err, voice.Unavailable)}
	}
	rang := false
	progress := func(p sipua.Progress) {
		if !rang {
			rang = true
			c.Note(voice.Event{Kind: voice.EventLegRinging, Leg: id, Text: fmt.Sprintf("%s: %d %s", w.words, p.Status, p.Reason)})
		}
		if p.Session != nil && l.accept(p.Session) == nil {
			hears.early(l)
		}
	}
	d, err := c.dialOffering(ctx, l, hop, w.words, progress)
	if err != nil {
		return dialFailure(ctx, err, w.words)
	}
	if err := l.accept(d.Remote()); err != nil {
		d.Hangup(voice.CauseMedia, voice.Reason(err))
		return rung{cause: voice.CauseMedia, words: w.words + " answered with media that can't be used: " + voice.Reason(err)}
	}
	l.watch()
	if err := l.untilSecure(ctx); err != nil {
		d.Hangup(voice.CauseMedia, voice.Reason(err))
		return rung{cause: voice.CauseMedia, words: w.words + " answered, but its media did not come up: " + voice.Reason(err)}
	}
	l.hasAnswered()
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: id, Text: w.words + " answered with " + l.codec(), Data: targetData(w.target)})
	return rung{leg: l}
}

// dialFailure says why nobody answered.
func dialFailure(ctx context.Context, err error, whom string) rung {
	f, ok := sipua.FailureOf(err)
	why := context.Cause(ctx)
	switch {
	case ok && f.Status != 0:
		return rung{cause: f.Cause, words: f.Error() + " from " + whom, next: mayFailOver(f), moved: f.Contacts}
	case errors.Is(why, errRingTime):
		return rung{cause: voice.CauseNoAnswer, words: "no answer from " + whom + " in the ring time"}
	case errors.Is(why, sipua.ErrAnsweredElsewhere):
		return rung{cause: voice.CauseCancelled, words: "another phone answered first"}
	case why != nil:
		return rung{cause: voice.CauseCancelled, words: "no longer wanted"}
	case ok:
		return rung{cause: f.Cause, words: f.Error(), next: mayFailOver(f)}
	}
	return rung{cause: voice.CauseFailed, words: voice.Reason(err)}
}

// mayFailOver says whether a failure is the trunk's and not the called party's.
func mayFailOver(f *sipua.Failure) bool {
	return !f.Rang && (f.Status == 0 || f.Status == 408 || f.Status >= 500 && f.Status < 600)
}

// prepare finds where a leg goes and opens its media port.
func (c *Call) prepare(ctx context.Context, l *leg, hop *sipua.Target) error {
	agent := c.e.agent.Load()
	if agent == nil {
		return voice.Errorf("engine.Dial", voice.Unavailable, "the server is starting")
	}
	places, err := agent.Locate(ctx, *hop)
	if err != nil {
		return voice.E("engine.Dial", voice.Unavailable, err)
	}
	if hop.URI != "" {
		if places, err = c.pin(ctx, places); err != nil {
			return err
		}
	}
	hop.Places = places
	var who sipua.Peer
	if hop.Trunk != nil {
		who = sipua.Peer{Kind: sipua.PeerTrunk, Trunk: *hop.Trunk}
	}
	browser := false
	if b := hop.Binding; b != nil {
		browser = isBrowser(b.Contact, b.Transport)
		who = sipua.Peer{Kind: sipua.PeerExtension, Extension: voice.Extension{Tenant: b.Tenant, Number: b.Extension, SRTP: b.SRTP}}
	}
	p, err := policyOf(sipua.Secure(places), who, browser)
	if err != nil {
		return err
	}
	peer := places[0].Addr.Addr()
	if l.port, err = c.openPort(); err != nil {
		return err
	}
	l.local = c.e.local(peer, l.port)
	p.apply(l.local)
	if c.a != nil && c.a.speaks() == offer.G722 {
		l.local.Codecs = []string{offer.G722, offer.PCMU, offer.PCMA} // so that the talk passes as it is
	}
	hop.Trace = l.noteMessage
	hop.Note = func(words string) { c.Note(voice.Event{Kind: voice.EventSIP, Leg: l.id, Text: words}) }
	hop.Began = func(d *sipua.Dialog) {
		l.dialog, l.sip = d, d
		c.e.places.know(l.side)
	}
	return nil
}

// openPort makes a media port beside the caller's, where bridging is cheapest.
func (c *Call) openPort() (*rtpport.Port, error) {
	var p *rtpport.Port
	var err error
	if c.a != nil {
		p, err = c.e.cfg.Pool.OpenWith(c.a.port)
	} else {
		p, err = c.e.cfg.Pool.Open()
	}
	if err != nil {
		return nil, voice.E("engine.Dial", voice.Unavailable, err)
	}
	c.wire.join(p)
	return p, nil
}
