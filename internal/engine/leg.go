package engine

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/media"
	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// leg is one party's side of a call.
type leg struct {
	id      voice.LegID
	to      string       // whom it reaches, in words
	who     voice.Target // the same; a telephone of ours is an extension
	started time.Time
	release func() // gives back what the leg reserved; may be nil

	// method is how this party sends keys, the first way that is seen. Written by
	// the call's goroutine alone, under mu.
	method voice.DigitMethod

	course course

	*side
}

// dialog is the signalling of a party that has begun: a SIP dialog, or the line of a
// page in a browser.
type dialog interface {
	Done() <-chan struct{}
	Cause() (voice.Cause, string)
	Reason() voice.EndReason
	HangupFor(why voice.EndReason, cause voice.Cause, words string)
	PeerAddr() netip.Addr
}

// arriving is the caller's signalling until the answer.
type arriving interface {
	Offer() *offer.Session // nil = ours is waited for
	Ring() error
	EarlyMedia(sdp []byte) error
	Answer(sdp []byte) error
}

// side is a party's signalling and its media port. It stays the same when another call
// takes the party over, under another leg.
type side struct {
	dialog  dialog
	sip     *sipua.Dialog   // the same; nil = a browser
	arrives arriving        // the caller's leg of an incoming call
	inc     *sipua.Incoming // the same; nil = a browser
	port    *rtpport.Port
	at      atomic.Pointer[place]

	latest  atomic.Pointer[rtpport.Stats] // as Watch saw them last
	watched watched

	mu       sync.Mutex // offers come in the SIP stack's goroutine
	answered time.Time
	local    *offer.Local
	media    offer.Media
	agreed   time.Time // when media was last agreed on
	sent     []byte    // our description, once it went out

	heardFrom netip.AddrPort // whose audio was last noted
	alarmed   bool           // one who copies its stream is on the timeline

	shaking *shaking // the handshake that secures the media; nil = plain media
}

// place is where a side is at present.
type place struct {
	call *Call
	leg  *leg
}

// belongs says of which call a leg is, whose timeline has its messages from now on.
func (l *leg) belongs(c *Call) { l.at.Store(&place{c, l}) }

// note puts an event on the timeline of the call that the side is in.
func (s *side) note(e voice.Event) {
	p := s.at.Load()
	e.Leg = p.leg.id
	p.call.Note(e)
}

// noteMessage puts a SIP message there.
func (s *side) noteMessage(m sipua.Message) {
	s.note(sipEvent(m))
	s.at.Load().call.wire.sees(m)
}

// Done closes when the party has left.
func (s *side) Done() <-chan struct{} { return s.dialog.Done() }

func (l *leg) gone() bool { return closed(l.dialog.Done()) }

// codec names what the leg speaks, for people.
func (l *leg) codec() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	words := l.media.Codec.Name
	if l.media.Opus.PT != 0 && words != offer.Opus {
		words += " (" + offer.Opus + " is taken too)"
	}
	if l.media.DTLS.Used() {
		words += " secured by DTLS-SRTP"
	}
	if l.media.Crypto.Used() {
		words += " secured by SDES-SRTP (" + l.media.Crypto.Suite + ")"
	}
	keys := ", keys in band"
	if l.media.Events() {
		keys = ", keys by telephone-event"
	}
	if l.media.Refused != "" {
		keys += "; not taken: " + l.media.Refused
	}
	return words + keys
}

// speaks is the codec of the leg, or what it will be when the caller is answered.
func (l *leg) speaks() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.media.Codec.Name == "" && l.arrives != nil && l.arrives.Offer() != nil {
		m, err := l.local.Would(l.arrives.Offer())
		if err != nil {
			return "" // which its answer will say
		}
		return m.Codec.Name
	}
	return l.media.Codec.Name
}

// agree starts the port with what an offer and its answer came to.
func (s *side) agree(m offer.Media) error {
	s.media, s.agreed = m, time.Now()
	p := params(m, s.dialog.PeerAddr())
	p.Strangers = s.mayBeStranger(m)
	s.secure(&p, m)
	return s.port.Start(p)
}

func params(m offer.Media, host netip.Addr) rtpport.Params {
	p := rtpport.Params{Remote: m.Remote, RTCP: m.RTCP, Host: host, Codec: media.PCMU, EventPT: m.EventPT, Ptime: m.Ptime, Comfort: m.Comfort}
	switch m.Codec.Name {
	case offer.PCMA:
		p.Codec = media.PCMA
	case offer.G722:
		p.Codec = media.G722
	case offer.Opus:
		p.Codec = media.Opus
	}
	p.Opus = rtpport.Opus(m.Opus)
	if m.Codec.PayloadType != p.Codec.PayloadType() {
		p.CodecPT = m.Codec.PayloadType
	}
	switch {
	case m.MaySend() && m.Receives():
		p.Direction = rtpport.SendRecv
	case m.MaySend():
		p.Direction = rtpport.SendOnly
	case m.Receives():
		p.Direction = rtpport.RecvOnly
	default:
		p.Direction = rtpport.Inactive
	}
	return p
}

// answer answers the caller's leg. With an INVITE that carried no offer ours
// goes out in the 200 and the caller's answer comes with the ACK.
func (l *leg) answer(ctx context.Context) error {
	if l.arrives == nil {
		return nil // a leg that we dialled has answered itself
	}
	l.mu.Lock()
	offered := l.arrives.Offer()
	if offered == nil {
		sdp := l.local.Offer(offer.SendRecv)
		l.mu.Unlock()
		return l.answerDelayed(ctx, sdp)
	}
	err := l.describe(offered)
	if err == nil {
		err = l.arrives.Answer(l.sent)
	}
	agreed := l.media
	l.mu.Unlock()
	if err == nil {
		err = l.untilSecure(ctx)
	}
	if err == nil {
		l.hasAnswered()
		l.opens(ctx, agreed)
	}
	return err
}

// describe settles the caller's offer once, and starts the port: it listens
// before the caller may send. The caller holds l.mu.
func (l *leg) describe(offered *offer.Session) error {
	if l.sent != nil {
		return nil
	}
	l.suit(offered)
	sdp, m, err := l.local.Answer(offered)
	if err == nil {
		err = l.agree(m)
	}
	if err != nil {
		return voice.E("engine.answer", voice.Unavailable, err)
	}
	l.sent = sdp
	return nil
}

// early opens the sound to a caller who is not answered yet (183).
func (l *leg) early() error {
	if l.arrives == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	offered := l.arrives.Offer()
	if offered == nil {
		return voice.Errorf("engine.early", voice.Conflict, "the caller made no offer")
	}
	if !l.answered.IsZero() {
		return nil
	}
	if err := l.describe(offered); err != nil {
		return err
	}
	return l.arrives.EarlyMedia(l.sent)
}

func (l *leg) answerDelayed(ctx context.Context, sdp []byte) error {
	if err := l.inc.Answer(sdp); err != nil {
		return err
	}
	select {
	case <-l.inc.Up():
	case <-l.Done():
		return voice.Errorf("engine.answer", voice.HungUp, "the caller left before the call was up")
	case <-ctx.Done():
		return voice.E("engine.answer", voice.Unavailable, context.Cause(ctx))
	}
	if err := l.accept(l.inc.Remote()); err != nil {
		return err
	}
	if err := l.untilSecure(ctx); err != nil {
		return err
	}
	l.hasAnswered()
	return nil
}

func (l *leg) hasAnswered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = time.Now()
}

// opened says whether a caller who is not answered hears us already.
func (l *leg) opened() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent != nil
}

// ring tells the caller that it rings; a leg that we dialled needs no telling.
func (l *leg) ring() error {
	if l.arrives == nil {
		return nil
	}
	return l.arrives.Ring()
}

// accept takes the peer's answer to our offer.
func (l *leg) accept(s *offer.Session) error {
	if s == nil {
		return voice.Errorf("engine.accept", voice.Unavailable, "the peer sent no session description")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.local.Accept(s)
	if err != nil {
		return voice.E("engine.accept", voice.Unavailable, err)
	}
	if err := l.agree(m); err != nil {
		return voice.E("engine.accept", voice.Unavailable, err)
	}
	return nil
}

// silentTooLong says whether a party that has sent audio has stopped for most.
// Silence on hold does not count, nor that before media was last agreed on.
func (l *leg) silentTooLong(most time.Duration) bool {
	if most <= 0 || l.port.LastReceived().IsZero() || l.port.SilentFor() < most {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.media.Held() && l.media.Receives() && time.Since(l.agreed) >= most
}

// end hangs up, frees the media and gives the leg's record.
func (l *leg) end(cause voice.Cause, words string) voice.LegRecord {
	l.at.Load().call.e.places.forget(l.side)
	l.sources()
	l.dialog.HangupFor("", cause, words)
	st := l.port.Close()
	l.at.Load().call.wire.part(l.port)
	l.stray(st.Foreign)
	if l.release != nil {
		l.release()
	}
	return l.record(st, cause, words)
}

// record gives the leg's record as of now.
func (l *leg) record(st rtpport.Stats, cause voice.Cause, words string) voice.LegRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	answered := l.answered
	if !answered.IsZero() && answered.Before(l.started) { // when it was another call's
		answered = l.started
	}
	return voice.LegRecord{
		ID: l.id, To: l.to, Start: l.started, Answered: answered, End: time.Now(),
		Cause: cause, Words: words, Codec: l.media.Codec.Name,
		Quality: quality(st, l.media), Keys: l.keysBy(), Course: l.course.list(),
	}
}
