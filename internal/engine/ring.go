package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// ring rings one way and waits for its answer. early is called when the far
// end sends sound before it answers; nil when that is not wanted.
func (c *Call) ring(ctx context.Context, id voice.LegID, w way, early func(*leg)) (result rung) {
	result = rung{target: w.target, words: w.words}
	defer func() {
		if result.leg == nil && w.release != nil {
			w.release()
		}
	}()
	for i, hop := range w.hops {
		l, err := c.ringHop(ctx, id, w, hop, early)
		if err == nil {
			result.leg = l
			return result
		}
		f, ok := sipua.FailureOf(err)
		if !ok {
			result.cause, result.words = voice.CauseFailed, voice.Reason(err)
			return result
		}
		result.cause, result.words = f.Cause, f.Error()+" from "+w.words
		if errors.Is(context.Cause(ctx), errRingTime) {
			result.cause, result.words = voice.CauseNoAnswer, "no answer from "+w.words+" in the ring time"
		}
		if i+1 == len(w.hops) || ctx.Err() != nil || !mayFailOver(f) {
			return result
		}
		c.Note(voice.Event{Kind: voice.EventDialFailed, Leg: id, Text: "trunk " + hop.Trunk.Name + " failed (" + f.Error() + "), trying the next"})
	}
	return result
}

// mayFailOver says whether a failure is the trunk's and not the called party's.
func mayFailOver(f *sipua.Failure) bool {
	return !f.Rang && (f.Status == 0 || f.Status == 408 || f.Status >= 500 && f.Status < 600)
}

func (c *Call) ringHop(ctx context.Context, id voice.LegID, w way, hop sipua.Target, early func(*leg)) (*leg, error) {
	agent := c.e.agent.Load()
	if agent == nil {
		return nil, voice.Errorf("engine.Dial", voice.Unavailable, "the server is starting")
	}
	peer, err := agent.Toward(ctx, hop)
	if err != nil {
		return nil, err
	}
	port, err := c.openPort()
	if err != nil {
		return nil, err
	}
	l := &leg{
		id: id, to: w.words, started: time.Now(), port: port, host: peer, release: w.release,
		local: offer.NewLocal(netip.AddrPortFrom(c.e.addrs.towards(peer), uint16(port.LocalPort()))),
	}
	hop.Trace = func(m sipua.Message) { c.Note(sipEvent(id, m)) }
	rang := false
	d, err := agent.Dial(ctx, hop, l.local.Offer(offer.SendRecv), func(p sipua.Progress) {
		if !rang {
			rang = true
			c.Note(voice.Event{Kind: voice.EventLegRinging, Leg: id, Text: fmt.Sprintf("%s: %d %s", w.words, p.Status, p.Reason)})
		}
		if p.Session != nil && early != nil && l.accept(p.Session) == nil {
			early(l)
		}
	})
	if err != nil {
		port.Close()
		return nil, err
	}
	l.dialog = d
	if err := l.accept(d.Remote()); err != nil {
		d.Hangup(voice.CauseMedia, voice.Reason(err))
		port.Close()
		return nil, err
	}
	d.OnReoffer(l.reoffer(c.Note))
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: id, Text: w.words + " answered with " + l.codec()})
	return l, nil
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
		return nil, voice.E("engine.Dial", voice.Limit, err)
	}
	return p, nil
}
