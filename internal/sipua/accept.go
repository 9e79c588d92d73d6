package sipua

import (
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// acceptance is a response that is sent again and again until the peer
// confirms it: a 2xx until its ACK (RFC 3261 §13.3.1.4), a reliable
// provisional until its PRACK (RFC 3262 §3). T1 doubles up to T2, for
// provisionals without limit; after 64*T1 it gives up.
type acceptance struct {
	in       *transact.Inbound
	res      *sip.Response
	seq      uint32 // CSeq of the INVITE
	rseq     uint32 // of a provisional
	first    bool   // it answers the INVITE that began the dialog
	give     func() // called once when nobody confirmed
	reliable bool

	mu       sync.Mutex
	interval time.Duration
	until    time.Time
	timer    *time.Timer
	stopped  bool
}

// newAcceptance makes one for a 2xx of d.
func (d *Dialog) newAcceptance(in *transact.Inbound, res *sip.Response, first bool) *acceptance {
	a := &acceptance{in: in, res: res, seq: in.Req.CSeq().SeqNo, first: first}
	a.give = func() { d.unconfirmed(a) }
	return a
}

// start sends the response and keeps sending it.
func (a *acceptance) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return
	}
	a.interval, a.until = sip.T1, time.Now().Add(64*sip.T1)
	a.sendLocked()
	a.timer = time.AfterFunc(a.interval, a.again)
}

// sendLocked sends; what the transport refuses is sent again anyway.
func (a *acceptance) sendLocked() { _ = a.in.Send(a.res) }

func (a *acceptance) again() {
	a.mu.Lock()
	if a.stopped {
		a.mu.Unlock()
		return
	}
	if !time.Now().Before(a.until) {
		a.stopped = true
		a.mu.Unlock()
		a.give()
		return
	}
	a.sendLocked()
	a.interval *= 2
	if !a.reliable {
		a.interval = min(a.interval, sip.T2)
	}
	a.timer.Reset(min(a.interval, time.Until(a.until)+time.Millisecond))
	a.mu.Unlock()
}

func (a *acceptance) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// acked takes the ACK of our 2xx.
func (d *Dialog) acked(req *sip.Request) {
	d.mu.Lock()
	acc := d.acc
	if acc == nil || acc.seq != req.CSeq().SeqNo {
		d.mu.Unlock()
		return
	}
	d.acc = nil
	d.settledLocked()
	cause := d.cause
	bye := d.byeWhenUp
	s := ackAnswer(req, acc.in.Req)
	if s != nil {
		d.remoteSDP = s
	}
	if acc.first && !bye {
		close(d.up)
	}
	d.mu.Unlock()
	acc.stop()
	if bye {
		d.bye(cause)
	} else if !acc.first {
		d.tellAnswer(s)
	}
}

// ackAnswer reads the answer that an ACK carries when the INVITE had no offer.
func ackAnswer(ack, invite *sip.Request) *offer.Session {
	if len(invite.Body()) > 0 {
		return nil
	}
	body, _, _ := sdpBody(ack)
	s, err := offer.Parse(body)
	if err != nil {
		return nil
	}
	return s
}

// unconfirmed ends a call whose 2xx nobody acknowledged.
func (d *Dialog) unconfirmed(acc *acceptance) {
	d.mu.Lock()
	if d.acc != acc {
		d.mu.Unlock()
		return
	}
	d.acc = nil
	d.finishLocked(voice.EndNoConfirm, voice.CauseFailed, "the peer never acknowledged our answer")
	cause := d.cause
	d.mu.Unlock()
	d.bye(cause)
}
