package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

func (c *Call) nextCSeq() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cseq++
	return c.cseq
}

// newRequest begins a request inside the dialog, RFC 3261 §12.2.1.1.
func (c *Call) newRequest(method sip.RequestMethod) *sip.Request {
	seq := c.nextCSeq()
	c.mu.Lock()
	defer c.mu.Unlock()
	req := c.phone.newRequest(method, *c.target.Clone(), sip.HeaderClone(c.from).(*sip.FromHeader), sip.HeaderClone(c.to).(*sip.ToHeader), c.id, seq)
	for _, r := range c.routes {
		req.AppendHeader(sip.HeaderClone(r))
	}
	return req
}

// do sends a request inside the dialog, with credentials when asked.
func (c *Call) do(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	res, err := c.phone.transact(ctx, req, c.note)
	if err != nil || !c.phone.challenged(res) {
		return res, err
	}
	again, err := c.phone.authorize(req, res, c.nextCSeq())
	if err != nil {
		return nil, err
	}
	return c.phone.transact(ctx, again, c.note)
}

func (c *Call) info(ctx context.Context, contentType, body string) error {
	req := c.newRequest(sip.INFO)
	setBody(req, contentType, []byte(body))
	res, err := c.do(ctx, req)
	if err == nil && !res.IsSuccess() {
		err = &RefusedError{What: "INFO", Status: res.StatusCode, Phrase: res.Reason}
	}
	return err
}

// Hangup ends the call in the way its state asks for: CANCEL before the
// answer of an outgoing call, 486 for a ringing one, else BYE. It returns when
// the far end has confirmed, or with the cause of ctx.
func (c *Call) Hangup(ctx context.Context) error {
	c.mu.Lock()
	over, answered := c.ending != nil, c.isAnswered || c.accept != nil
	giveUp := !over && !answered && c.outgoing && !c.cancelled
	if giveUp {
		c.cancelled = true
		close(c.cancel)
	}
	c.mu.Unlock()
	switch {
	case over:
		return nil
	case !answered && !c.outgoing:
		return c.Reject(486)
	case !answered:
		select {
		case <-c.done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("hang up: %w", context.Cause(ctx))
		}
	}
	return c.byeWith(ctx, Ending{ByUs: true, Method: "BYE", Text: "hung up here"})
}

func (c *Call) bye(e Ending) {
	ctx, stop := context.WithTimeout(context.Background(), requestTime)
	defer stop()
	c.byeWith(ctx, e) // the ending tells what happened
}

// byeWith sends BYE. The call is over for us whatever the far end says
// (RFC 3261 §15.1.1); its silence goes into the ending.
func (c *Call) byeWith(ctx context.Context, e Ending) error {
	res, err := c.do(ctx, c.newRequest(sip.BYE))
	switch {
	case err != nil:
		e.Text += "; the far end did not confirm: " + err.Error()
	case !res.IsSuccess():
		e.Text += fmt.Sprintf("; the far end said %d %s", res.StatusCode, res.Reason)
	}
	c.finish(e)
	if err != nil {
		return fmt.Errorf("hang up: %w", err)
	}
	return nil
}

// Hold stops the far end's audio with a re-INVITE (a=sendonly); we send none.
func (c *Call) Hold(ctx context.Context) error { return c.redirect(ctx, SendOnly, "hold") }

// Resume takes audio up again both ways.
func (c *Call) Resume(ctx context.Context) error { return c.redirect(ctx, SendRecv, "resume") }

func (c *Call) redirect(ctx context.Context, d Direction, what string) error {
	c.mu.Lock()
	before := c.direction
	c.direction = d
	c.mu.Unlock()
	if err := c.Reinvite(ctx); err != nil {
		c.mu.Lock()
		c.direction = before
		c.mu.Unlock()
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Reinvite offers the audio again as it is wanted now and applies the answer.
// A 491 (both sides at once) is tried again as RFC 3261 §14.1 says.
func (c *Call) Reinvite(ctx context.Context) error {
	select {
	case c.offering <- struct{}{}:
		defer func() { <-c.offering }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		res, local, err := c.reinviteOnce()
		if err != nil {
			return err
		}
		switch {
		case res.IsSuccess():
			remote, err := parseSDP(res.Body())
			c.mu.Lock()
			if contact := res.Contact(); contact != nil {
				c.target = *contact.Address.Clone()
			}
			c.mu.Unlock()
			c.sendAck(res, nil)
			if err == nil {
				err = c.applyMedia(local, remote)
			}
			if err == nil {
				c.noteMedia()
				c.setTimer(headerValue(res, "Session-Expires"), true)
			}
			return err
		case res.StatusCode == 491:
			wait := 2100*time.Millisecond + rand.N(1900*time.Millisecond)
			if !c.outgoing {
				wait = rand.N(2 * time.Second)
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
				continue
			case <-c.done:
				err = c.ended()
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
			timer.Stop()
			return err
		case res.StatusCode == 481 || res.StatusCode == 408:
			c.finish(Ending{Method: "INVITE", Status: res.StatusCode, Phrase: res.Reason, Text: fmt.Sprintf("far end does not know the call: %d %s", res.StatusCode, res.Reason)})
		}
		return &RefusedError{What: "re-INVITE", Status: res.StatusCode, Phrase: res.Reason}
	}
}

func (c *Call) reinviteOnce() (*sip.Response, session, error) {
	select {
	case <-c.answered:
	default:
		return nil, session{}, errors.New("the call is not answered")
	}
	local := c.offer()
	req := c.newRequest(sip.INVITE)
	req.AppendHeader(sip.NewHeader("Supported", "timer, 100rel, replaces"))
	if s := c.timer.header(); s != "" {
		req.AppendHeader(sip.NewHeader("Session-Expires", s))
	}
	setBody(req, "application/sdp", local.marshal(c.sdpID))
	res, err := c.inviteOnce(req, nil)
	if err == nil && c.phone.challenged(res) {
		if req, err = c.phone.authorize(req, res, c.nextCSeq()); err == nil {
			res, err = c.inviteOnce(req, nil)
		}
	}
	return res, local, err
}

// offer is our description anew, with all we can do.
func (c *Call) offer() session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.local
	s.version++
	s.codecs, s.direction, s.others = c.phone.codecs(c.opts.Codecs), c.direction, 0
	if s.eventType < 0 && !c.phone.opts.NoTelephoneEvent && !c.opts.NoTelephoneEvent {
		s.eventType = 101
	}
	c.local.version = s.version
	return s
}

// answerOffer makes and applies our answer to an offer: one codec, the
// offer's event type, the widest direction that both want (RFC 3264 §6).
func (c *Call) answerOffer(remote session) (session, error) {
	local := c.offer()
	codec, err := choose(local.codecs, remote.codecs)
	if err != nil {
		return session{}, err
	}
	local.codecs, local.others = []Codec{codec}, remote.others
	if local.eventType >= 0 {
		local.eventType = remote.eventType
	}
	want, can := local.direction, remote.direction.reversed()
	local.direction = direction(want.sends() && can.sends(), want.receives() && can.receives())
	return local, c.applyMedia(local, remote)
}

func direction(send, receive bool) Direction {
	switch {
	case send && receive:
		return SendRecv
	case send:
		return SendOnly
	case receive:
		return RecvOnly
	}
	return Inactive
}

// request takes a request of the far end inside the dialog.
func (c *Call) request(req *sip.Request, tx *sip.ServerTx) {
	seq := req.CSeq().SeqNo
	if !req.IsAck() && !req.IsCancel() {
		c.mu.Lock()
		old := seq <= c.remoteCSeq && c.remoteCSeq != 0
		if !old {
			c.remoteCSeq = seq
		}
		c.mu.Unlock()
		if old {
			c.reply(req, tx, 500, "CSeq Out Of Order", nil)
			return
		}
	}
	switch req.Method {
	case sip.ACK:
		c.acked(req, seq)
		tx.TerminateGracefully()
	case sip.BYE:
		c.byeReceived(req, tx)
	case sip.INVITE:
		c.reinvited(req, tx)
	case sip.UPDATE:
		c.updated(req, tx)
	case sip.INFO:
		c.infoReceived(req)
		c.reply(req, tx, 200, "OK", nil)
	case sip.PRACK:
		c.prackReceived(req, tx)
	case sip.REFER:
		c.referred(req, tx)
	case sip.NOTIFY:
		c.notified(req, tx)
	case sip.OPTIONS, sip.MESSAGE:
		c.noteRequest(req, "")
		c.reply(req, tx, 200, "OK", nil)
	case sip.CANCEL:
		c.reply(req, tx, 481, "Call/Transaction Does Not Exist", nil)
	default:
		c.noteRequest(req, "")
		c.reply(req, tx, 405, "Method Not Allowed", nil)
	}
}

func (c *Call) noteRequest(req *sip.Request, text string) {
	c.note(Event{Kind: KindReceived, Method: string(req.Method), Text: text})
}

// reply answers a request other than INVITE.
func (c *Call) reply(req *sip.Request, tx *sip.ServerTx, status int, phrase string, body []byte) {
	res := c.newResponse(req, status, phrase)
	if len(body) > 0 {
		setBody(res, "application/sdp", body)
	}
	if req.Method == sip.UPDATE && status == 200 {
		acceptTimer(req, res)
	}
	c.noteResponse(KindSent, req.Method, res)
	tx.Respond(res)
	tx.TerminateGracefully()
}

func (c *Call) acked(req *sip.Request, seq uint32) {
	c.mu.Lock()
	pending := c.accept
	c.mu.Unlock()
	if pending == nil || pending.cseq != seq {
		return
	}
	pending.once.Do(func() {
		c.noteRequest(req, "")
		if pending.offer != nil {
			remote, err := parseSDP(req.Body())
			if err == nil {
				err = c.applyMedia(*pending.offer, remote)
			}
			if err == nil {
				c.noteMedia()
			} else {
				c.note(Event{Kind: KindMedia, Text: "the ACK has no usable answer: " + err.Error()})
			}
		}
		close(pending.acked)
	})
}

func (c *Call) byeReceived(req *sip.Request, tx *sip.ServerTx) {
	reason := headerValue(req, "Reason")
	c.noteRequest(req, reason)
	c.reply(req, tx, 200, "OK", nil)
	text := "far end hung up"
	if reason != "" {
		text += ": " + reason
	}
	c.mu.Lock()
	first := c.server // an unanswered INVITE ends with 487, RFC 3261 §15.1.2
	c.mu.Unlock()
	if first != nil {
		c.respond(sip.NewResponseFromRequest(c.invite, 487, "Request Terminated", nil))
	}
	c.finish(Ending{Method: "BYE", Reason: reason, Text: text})
}

func (c *Call) reinvited(req *sip.Request, tx *sip.ServerTx) {
	tx.Respond(sip.NewResponseFromRequest(req, 100, "Trying", nil))
	c.noteRequest(req, "")
	select {
	case c.offering <- struct{}{}:
		defer func() { <-c.offering }()
	default:
		c.reply(req, tx, 491, "Request Pending", nil)
		return
	}
	var remote session
	var err error
	if len(req.Body()) > 0 {
		remote, err = parseSDP(req.Body())
	}
	if err != nil {
		c.reply(req, tx, 400, "Bad Request", nil)
		return
	}
	res, pending, err := c.acceptInvite(req, remote, nil)
	if err != nil {
		c.reply(req, tx, 488, "Not Acceptable Here", nil)
		return
	}
	c.retarget(req)
	c.timer.refresh()
	c.sendAccept(tx, res, pending) // without an ACK the call is hung up
}

func (c *Call) retarget(req *sip.Request) {
	contact := req.Contact()
	if contact == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.target = *contact.Address.Clone()
}

func (c *Call) updated(req *sip.Request, tx *sip.ServerTx) {
	c.noteRequest(req, "")
	var body []byte
	if len(req.Body()) > 0 {
		remote, err := parseSDP(req.Body())
		if err != nil {
			c.reply(req, tx, 400, "Bad Request", nil)
			return
		}
		local, err := c.answerOffer(remote)
		if err != nil {
			c.reply(req, tx, 488, "Not Acceptable Here", nil)
			return
		}
		body = local.marshal(c.sdpID)
		c.noteMedia()
	}
	c.retarget(req)
	c.timer.refresh()
	c.reply(req, tx, 200, "OK", body)
}

func (c *Call) prackReceived(req *sip.Request, tx *sip.ServerTx) {
	c.noteRequest(req, headerValue(req, "RAck"))
	var rseq uint32
	fmt.Sscan(headerValue(req, "RAck"), &rseq)
	c.mu.Lock()
	ring := c.ring
	c.mu.Unlock()
	if ring == nil || ring.rseq != rseq {
		c.reply(req, tx, 481, "Call/Transaction Does Not Exist", nil)
		return
	}
	ring.once.Do(func() { close(ring.acked) })
	c.reply(req, tx, 200, "OK", nil)
}

// infoReceived takes a key out of an INFO body: "Signal=5" or the bare key.
func (c *Call) infoReceived(req *sip.Request) {
	kind := headerValue(req, "Content-Type")
	c.noteRequest(req, kind)
	body := strings.TrimSpace(string(req.Body()))
	if strings.Contains(kind, "dtmf-relay") {
		first, _, _ := strings.Cut(body, "\n")
		_, body, _ = strings.Cut(first, "=")
	} else if !strings.Contains(kind, "dtmf") {
		return
	}
	body = strings.TrimSpace(body)
	if len(body) != 1 || !validKeys(body) {
		return
	}
	c.media.mu.Lock()
	c.media.heard.keys = append(c.media.heard.keys, rune(body[0]))
	c.media.mu.Unlock()
	c.note(Event{Kind: KindKeyHeard, Text: body + " by " + string(KeyInfo)})
}
