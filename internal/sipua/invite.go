package sipua

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// attempt sends one INVITE to dest and waits for its final response. within is
// how long there may be no sign of life, 0 = until the transaction ends.
func (x *dialling) attempt(ctx context.Context, req *sip.Request, dest transact.Dest, within time.Duration) (*sip.Response, *Failure) {
	tx, err := x.a.wire.Begin(ctx, req, dest)
	if err != nil {
		return nil, &Failure{Reason: err.Error(), Cause: voice.CauseUnavailable, elsewhere: true}
	}
	var silence <-chan time.Time
	if within > 0 {
		timer := time.NewTimer(within)
		defer timer.Stop()
		silence = timer.C
	}
	heard := false
	for {
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				heard, silence = true, nil
				x.provisional(req, res)
				continue
			}
			// sipgo's transaction lives on for its timers D or M and repeats the
			// ACK of a refusal itself.
			if res.IsSuccess() {
				tx.OnRetransmission(func(res *sip.Response) { x.success(req, res, dest) })
			}
			return res, nil
		case <-tx.Done():
			return nil, &Failure{Reason: x.a.silenceOf(dest), Cause: voice.CauseUnavailable, elsewhere: !heard}
		case <-silence:
			x.withdraw(tx, req, dest, heard, nil)
			return nil, &Failure{Reason: fmt.Sprintf("no sign of life from %s within %v", dest, within), Cause: voice.CauseUnavailable, elsewhere: true}
		case <-ctx.Done():
			x.withdraw(tx, req, dest, heard, context.Cause(ctx))
			return nil, x.givenUp(ctx)
		}
	}
}

// givenUp says why the caller of Dial withdrew.
func (x *dialling) givenUp(ctx context.Context) *Failure {
	f := &Failure{Cause: voice.CauseCancelled, Reason: "cancelled", Rang: x.rang, Progressed: x.progressed}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.Cause, f.Reason = voice.CauseNoAnswer, "no answer in time"
	}
	return f
}

// withdraw cancels an INVITE in the background (RFC 3261 §9.1): CANCEL goes
// out once a provisional response has come; a 2xx that crosses it is
// acknowledged and hung up.
func (x *dialling) withdraw(tx *sip.ClientTx, req *sip.Request, dest transact.Dest, heard bool, why error) {
	if !x.a.spawn(func() { x.withdrawing(tx, req, dest, heard, why) }) {
		tx.Terminate()
	}
}

func (x *dialling) withdrawing(tx *sip.ClientTx, req *sip.Request, dest transact.Dest, heard bool, why error) {
	limit := time.NewTimer(64 * sip.T1)
	defer limit.Stop()
	if heard {
		x.cancel(req, dest, why)
	}
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional() && !heard:
				heard = true
				x.cancel(req, dest, why)
			case res.IsProvisional():
			case res.IsSuccess():
				tx.OnRetransmission(func(res *sip.Response) { x.hangupFork(req, res, dest) })
				x.hangupFork(req, res, dest)
				return
			default:
				return
			}
		case <-tx.Done():
			return
		case <-limit.C:
			tx.Terminate()
			return
		case <-x.a.ctx.Done():
			tx.Terminate()
			return
		}
	}
}

// cancel sends the CANCEL of an INVITE: same branch, same number.
func (x *dialling) cancel(invite *sip.Request, dest transact.Dest, why error) {
	req := sip.NewRequest(sip.CANCEL, invite.Recipient)
	req.AppendHeader(sip.HeaderClone(invite.Via()))
	for _, h := range invite.GetHeaders("route") {
		req.AppendHeader(sip.HeaderClone(h))
	}
	for _, h := range []sip.Header{invite.From(), invite.To(), invite.CallID()} {
		req.AppendHeader(sip.HeaderClone(h))
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	forwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	if errors.Is(why, ErrAnsweredElsewhere) {
		req.AppendHeader(sip.NewHeader("Reason", `SIP;cause=200;text="Call completed elsewhere"`))
	}
	x.a.spawn(func() {
		ctx, cancel := context.WithTimeout(x.a.ctx, 64*sip.T1)
		defer cancel()
		// The INVITE's own final response tells what came of it.
		_, _ = x.a.roundTrip(ctx, req, dest, nil)
	})
}

// ackFor makes the ACK of a 2xx: the INVITE's number, never the dialog's last,
// and its credentials (RFC 3261 §13.2.2.4).
func (d *Dialog) ackFor(invite *sip.Request) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	ack := d.requestLocked(sip.ACK, invite.CSeq().SeqNo)
	for _, name := range []string{"authorization", "proxy-authorization"} {
		for _, h := range invite.GetHeaders(name) {
			ack.AppendHeader(sip.HeaderClone(h))
		}
	}
	return ack
}

// sendAck sends an ACK to where the dialog's requests go.
func (d *Dialog) sendAck(ctx context.Context, invite *sip.Request) {
	places, _, err := d.hops(ctx)
	if err == nil {
		err = d.a.wire.Write(ctx, d.ackFor(invite), destOf(places[0]))
	}
	if err != nil {
		d.a.log.Debug("ACK was not sent", "call", d.callID, "error", err)
	}
}

// answered takes the 2xx that won.
func (x *dialling) answered(req *sip.Request, res *sip.Response, sdp []byte) (*Dialog, error) {
	d := x.d
	d.confirm(res)
	s, err := x.description(res, sdp)
	d.mu.Lock()
	d.state, d.remoteSDP = stateUp, s
	d.timer.settle(res, d.a.cfg.Limits)
	d.timer.start(d)
	close(d.up)
	d.mu.Unlock()
	d.sendAck(x.a.ctx, req)
	if err == nil {
		return d, nil
	}
	d.HangupFor(voice.EndNoMedia, voice.CauseMedia, "the peer's answer cannot be used")
	return nil, failed("sipua.Dial", &Failure{Status: 488, Reason: "unusable answer: " + err.Error(), Cause: voice.CauseMedia, Progressed: true})
}

// confirm takes the other end's tag, target and routes from a 2xx.
func (d *Dialog) confirm(res *sip.Response) {
	tag, _ := res.To().Params.Get("tag")
	d.mu.Lock()
	f := &fork{target: d.target, routes: routeSet(res)}
	d.mu.Unlock()
	if soundContact(res) {
		f.target = *res.Contact().Address.Clone()
	}
	d.adopt(tag, f, res)
}

// description reads the answer of a 2xx, or the one that came before it.
func (x *dialling) description(res *sip.Response, sdp []byte) (*offer.Session, error) {
	body, _, _ := sdpBody(res)
	if len(body) == 0 {
		x.d.mu.Lock()
		updated := x.d.remoteSDP
		x.d.mu.Unlock()
		if updated != nil { // by UPDATE
			return updated, nil
		}
		if x.early == nil {
			return nil, errors.New("the answer has no session description")
		}
		return x.early, nil
	}
	s, err := offer.Parse(body)
	if err != nil {
		return nil, err
	}
	if len(sdp) > 0 {
		if _, err := s.Preview(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// success takes a 2xx after the first: repeated because our ACK was lost, or
// of another place that our INVITE reached.
func (x *dialling) success(req *sip.Request, res *sip.Response, dest transact.Dest) {
	tag, _ := res.To().Params.Get("tag")
	x.d.mu.Lock()
	same := tag == x.d.remoteTag
	x.d.mu.Unlock()
	if same {
		x.a.spawn(func() { x.d.sendAck(x.a.ctx, req) })
		return
	}
	x.hangupFork(req, res, dest)
}

// hangupFork acknowledges and ends a dialog that nobody wants (RFC 3261
// §13.2.2.4).
func (x *dialling) hangupFork(req *sip.Request, res *sip.Response, dest transact.Dest) {
	x.d.mu.Lock()
	d := newDialog(x.a, x.d.callID, x.d.localTag)
	d.local, d.remote, d.target = x.d.local, x.d.remote, x.d.target
	d.dest, d.pinned, d.creds = dest, x.d.pinned, x.d.creds
	d.localSeq = x.d.localSeq + 1
	x.d.mu.Unlock()
	d.remote.Params = nil
	d.confirm(res)
	d.state = stateUp
	d.finish("", voice.CauseCancelled, "another place answered first")
	x.a.spawn(func() {
		d.sendAck(x.a.ctx, req)
		d.bye(voice.CauseNormal)
	})
}

// Reinvite offers a new description within the call and gives the peer's
// answer. An offer that is open on either side is waited for, 4*T1 (2 s) at
// most; then the error has kind Conflict. Kind Unavailable or Permission around
// a *Failure means that the peer refuses; the call goes on as it was.
func (d *Dialog) Reinvite(ctx context.Context, sdp []byte) (*offer.Session, error) {
	const op = "sipua.Reinvite"
	if err := d.openOffer(ctx); err != nil {
		return nil, err
	}
	defer func() {
		d.mu.Lock()
		d.inviting = false
		d.settledLocked()
		d.mu.Unlock()
	}()
	for try := 0; ; try++ {
		s, res, err := d.reinviteOnce(ctx, sdp)
		switch {
		case err != nil:
			return nil, voice.E(op, voice.Unavailable, err)
		case res.IsSuccess():
			return s, nil
		case res.StatusCode == 491 && try < 2:
			if err := d.pause(ctx); err != nil {
				return nil, voice.E(op, voice.Conflict, err)
			}
			continue
		}
		return nil, d.refreshed(res)
	}
}

// openOffer takes the right to offer.
func (d *Dialog) openOffer(ctx context.Context) error {
	const op = "sipua.Reinvite"
	limit := time.NewTimer(4 * sip.T1)
	defer limit.Stop()
	for {
		d.mu.Lock()
		if d.state != stateUp {
			d.mu.Unlock()
			return voice.Errorf(op, voice.HungUp, "the call is not up")
		}
		if !d.inviting && !d.answering && d.acc == nil {
			d.inviting = true
			d.mu.Unlock()
			return nil
		}
		if d.wake == nil {
			d.wake = make(chan struct{})
		}
		wake := d.wake
		d.mu.Unlock()
		select {
		case <-wake:
		case <-d.done:
		case <-limit.C:
			return voice.Errorf(op, voice.Conflict, "another offer is open")
		case <-ctx.Done():
			return voice.E(op, voice.Conflict, context.Cause(ctx))
		}
	}
}

// pause waits as RFC 3261 §14.1 demands after 491, with the lock on offers open
// so that the peer's offer can come in.
func (d *Dialog) pause(ctx context.Context) error {
	wait := time.Duration(rand.IntN(200)) * 10 * time.Millisecond
	if d.inc == nil {
		wait = 2100*time.Millisecond + time.Duration(rand.IntN(190))*10*time.Millisecond
	}
	d.mu.Lock()
	d.inviting = false
	d.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-d.done:
		return errors.New("the call ended")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answering || d.acc != nil || d.inviting {
		return errors.New("another offer is open")
	}
	d.inviting = true
	return nil
}

// reinviteOnce sends one re-INVITE, answering a challenge of the trunk.
func (d *Dialog) reinviteOnce(ctx context.Context, sdp []byte) (*offer.Session, *sip.Response, error) {
	req := d.request(sip.INVITE)
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", "timer"))
	d.mu.Lock()
	d.timer.ask(req, d.a.cfg.Limits, true)
	creds := d.creds
	d.mu.Unlock()
	setSDP(req, sdp)
	for try := 0; ; try++ {
		res, err := d.inviteTrip(ctx, req)
		if err != nil {
			return nil, nil, err
		}
		if challenged(res) && creds != nil && try < maxAuthTries-1 {
			if again, err := creds.answer(req, res); err == nil {
				d.mu.Lock()
				d.localSeq++
				again.CSeq().SeqNo = d.localSeq
				d.mu.Unlock()
				req = again
				continue
			}
		}
		if !res.IsSuccess() {
			return nil, res, nil
		}
		s, err := d.reanswered(req, res, sdp)
		return s, res, err
	}
}

func (d *Dialog) reanswered(req *sip.Request, res *sip.Response, sdp []byte) (*offer.Session, error) {
	d.mu.Lock()
	if soundContact(res) {
		d.target = *res.Contact().Address.Clone()
	}
	d.mu.Unlock()
	d.sendAck(d.a.ctx, req)
	body, _, _ := sdpBody(res)
	s, err := offer.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("answer to our offer: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remoteSDP = s
	if len(sdp) > 0 {
		d.localSDP = sdp
	}
	d.timer.settle(res, d.a.cfg.Limits)
	d.timer.start(d)
	return s, nil
}

// inviteTrip sends an INVITE within the dialog and waits for its final response.
func (d *Dialog) inviteTrip(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	return d.trip(ctx, req, d.inviteTo)
}

// inviteTo sends it to one place, which may be silent for within at most; 0 =
// until the transaction ends.
func (d *Dialog) inviteTo(ctx context.Context, req *sip.Request, dest transact.Dest, within time.Duration) (*sip.Response, error) {
	var silence <-chan time.Time
	if within > 0 {
		timer := time.NewTimer(within)
		defer timer.Stop()
		silence = timer.C
	}
	tx, err := d.a.wire.Begin(ctx, req, dest)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case res := <-tx.Responses():
			if res.IsProvisional() {
				silence = nil
				continue
			}
			if res.IsSuccess() {
				tx.OnRetransmission(func(*sip.Response) { d.a.spawn(func() { d.sendAck(d.a.ctx, req) }) })
			}
			return res, nil
		case <-tx.Done():
			return nil, fmt.Errorf("INVITE: %s: %w", d.a.silenceOf(dest), errNoAnswer)
		case <-silence:
			tx.Terminate()
			return nil, fmt.Errorf("INVITE to %s: %w", dest, errNoAnswer)
		case <-d.done:
			tx.Terminate()
			return nil, errors.New("the call ended")
		case <-ctx.Done():
			tx.Terminate()
			return nil, context.Cause(ctx)
		}
	}
}

// SendDigits sends keys by INFO (application/dtmf-relay), one after the other.
func (d *Dialog) SendDigits(ctx context.Context, digits string, each time.Duration) error {
	const op = "sipua.SendDigits"
	for _, key := range []byte(digits) {
		if _, ok := parseKey(string(key)); !ok {
			return voice.Errorf(op, voice.Invalid, "%q is no key", string(key))
		}
		req := d.request(sip.INFO)
		req.AppendHeader(sip.NewHeader("Content-Type", "application/dtmf-relay"))
		req.SetBody(fmt.Appendf(nil, "Signal=%c\r\nDuration=%d\r\n", key, each.Milliseconds()))
		res, err := d.send(ctx, req)
		if err != nil {
			return voice.E(op, voice.Unavailable, err)
		}
		if !res.IsSuccess() {
			return failed(op, failureFrom(res))
		}
	}
	return nil
}
