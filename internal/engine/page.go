package engine

import (
	"context"
	"errors"
	"time"

	"tandem/internal/browser"
	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// pageGone is for how long nothing at all may come from a browser, whose checks of
// consent come every few seconds (RFC 7675 §5.1).
const pageGone = 12 * time.Second

// infoKeys gives the keys that the party sends by INFO; nil for a browser.
func (s *side) infoKeys() <-chan sipua.Digit {
	if s.sip == nil {
		return nil
	}
	return s.sip.Digits()
}

// FromPage makes the call of an offer that came from a page in a browser, and our
// answer to it. Invalid when the offer can't be taken, Limit and Unavailable when
// there is no room; the line is over then.
func (e *Engine) FromPage(l *browser.Line, info voice.CallInfo) (*Call, []byte, error) {
	c, sdp, err := e.fromPage(l, info)
	if err != nil {
		l.HangupFor(voice.EndNoMedia, voice.CauseMedia, voice.Reason(err))
		return nil, nil, err
	}
	return c, sdp, nil
}

func (e *Engine) fromPage(l *browser.Line, info voice.CallInfo) (*Call, []byte, error) {
	const op = "engine.FromPage"
	if e.Full() {
		return nil, nil, voice.Errorf(op, voice.Unavailable, "the server has as many calls up as it takes")
	}
	port, err := e.cfg.Pool.Open()
	if err != nil {
		return nil, nil, voice.E(op, voice.Unavailable, err)
	}
	c := newCall(e, info)
	c.a = &leg{id: "a", to: "the caller", who: callerOf(info), started: info.Start, side: &side{
		dialog: l, arrives: l, port: port, local: e.local(l.PeerAddr(), port),
	}}
	c.a.belongs(c)
	c.first = c.a.id
	c.a.mu.Lock()
	err = c.a.describe(l.Offer())
	if err == nil {
		err = secured(c.a.media)
	}
	sdp := c.a.sent
	c.a.mu.Unlock()
	if err != nil {
		port.Close()
		return nil, nil, voice.Errorf(op, voice.Invalid, "%s", voice.Reason(err))
	}
	l.In(info.ID)
	c.wire.join(port)
	c.beside.caller(c.a)
	e.places.know(c.a.side)
	return c, sdp, nil
}

// secured refuses what no browser says: without checks and a handshake, our packets
// could be aimed at anybody.
func secured(m offer.Media) error {
	if !m.DTLS.Used() || m.ICE == (offer.ICE{}) {
		return voice.Errorf("engine.secured", voice.Invalid, "a browser's media has DTLS, ICE and rtcp-mux; this description lacks one of them")
	}
	return nil
}

// pages gives the open pages that are telephones of an extension.
func (c *Call) pages(ctx context.Context, t voice.Target) ([]way, error) {
	if c.e.cfg.Pages == nil {
		return nil, nil
	}
	list, err := c.e.cfg.Pages(ctx, c.Info().Tenant, t.ID)
	if err != nil {
		return nil, err
	}
	ways := make([]way, 0, len(list))
	for _, p := range list {
		ways = append(ways, way{target: t, words: "extension " + t.ID + " in a browser at " + p.Addr().String(), page: p})
	}
	return ways, nil
}

// ringPage rings a page. A leg that fails frees what it held and is in the record of
// the call all the same.
func (c *Call) ringPage(ctx context.Context, id voice.LegID, w way) (result rung) {
	l := &leg{id: id, to: w.words, who: w.target, started: time.Now(), side: &side{}}
	l.belongs(c)
	defer func() {
		if result.leg != nil {
			return
		}
		if l.dialog != nil {
			c.e.places.forget(l.side)
			l.dialog.HangupFor("", result.cause, result.words)
		}
		if l.port != nil {
			l.port.Close()
			c.wire.part(l.port)
		}
		c.addLeg(voice.LegRecord{ID: id, To: l.to, Start: l.started, End: time.Now(), Cause: result.cause, Words: result.words})
	}()
	line, err := w.page.Ring(c.Info().ID, w.shown)
	if err == nil {
		l.port, err = c.openPort()
	}
	if line != nil {
		l.dialog = line
	}
	if err != nil {
		return rung{target: w.target, cause: causeOf(err), words: voice.Reason(err)}
	}
	l.local = c.e.local(w.page.Addr(), l.port)
	l.local.Browser = true
	c.e.places.know(l.side)
	l.mu.Lock()
	sdp := l.local.Offer(offer.SendRecv)
	l.mu.Unlock()
	c.Note(voice.Event{Kind: voice.EventLegRinging, Leg: id, Text: w.words + " rings"})
	if err := line.Invite(ctx, sdp, l.acceptPage); err != nil {
		result = pageFailure(ctx, err, w.words)
		result.target = w.target
		return result
	}
	if err := l.untilSecure(ctx); err != nil {
		return rung{target: w.target, cause: voice.CauseMedia, words: w.words + " answered, but its media did not come up: " + voice.Reason(err)}
	}
	l.hasAnswered()
	c.Note(voice.Event{Kind: voice.EventLegAnswered, Leg: id, Text: w.words + " answered with " + l.codec(), Data: targetData(w.target)})
	return rung{target: w.target, leg: l}
}

// acceptPage takes the page's answer to our offer, which has to be a browser's.
func (l *leg) acceptPage(s *offer.Session) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.local.Accept(s)
	if err == nil {
		err = secured(m)
	}
	if err == nil {
		err = l.agree(m)
	}
	if err != nil {
		return voice.Errorf("engine.accept", voice.Invalid, "%s", voice.Reason(err))
	}
	return nil
}

// pageFailure says why a page did not answer.
func pageFailure(ctx context.Context, err error, whom string) rung {
	if r, ok := errors.AsType[*browser.Refusal](err); ok {
		return rung{cause: r.Cause, words: r.Words}
	}
	return dialFailure(ctx, err, whom)
}

// stillThere ends the line of a browser from which nothing comes any more: its page or
// its network is gone.
func (s *side) stillThere(last time.Time, now time.Time) {
	if s.sip != nil {
		return
	}
	if _, answered, _ := s.terms(); answered.IsZero() {
		return // the handshake has its own time
	}
	if silent := now.Sub(last); silent >= pageGone {
		s.dialog.HangupFor(voice.EndNoAudio, voice.CauseMedia, "nothing has come from the browser for "+pageGone.String()+": its page was closed, or its network is gone")
	}
}
