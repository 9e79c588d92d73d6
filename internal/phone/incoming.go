package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RFC 3261 §17.1.1.1 timers, used for the responses that a dialog repeats
// itself.
const (
	timerT1  = 500 * time.Millisecond
	timerT2  = 4 * time.Second
	giveUpAt = 64 * timerT1
)

// pendingAccept is a 2xx to an INVITE that is repeated until its ACK comes.
type pendingAccept struct {
	cseq  uint32
	offer *session // set when our 2xx was the offer
	once  sync.Once
	acked chan struct{} // closed by the ACK
}

// pendingRing is a reliable provisional response repeated until its PRACK.
type pendingRing struct {
	rseq  uint32
	once  sync.Once
	acked chan struct{} // closed by the PRACK
}

// invited makes a call of an INVITE outside any dialog.
func (p *Phone) invited(req *sip.Request, tx *sip.ServerTx) {
	// Answering at once stops sipgo's timer for 100, which would read the
	// request while the tag is put in.
	tx.Respond(sip.NewResponseFromRequest(req, 100, "Trying", nil))
	old, status, phrase := p.replaced(req)
	if status != 0 {
		p.refuse(req, tx, status, phrase)
		return
	}
	c, err := p.newCall(string(*req.CallID()), false, CallOptions{})
	if err != nil {
		p.refuse(req, tx, 500, "Server Internal Error")
		return
	}
	req.To().Params.Add("tag", c.localTag)
	contact := req.Contact()
	if len(req.Body()) > 0 {
		c.remote, err = parseSDP(req.Body())
	}
	if err != nil || contact == nil {
		c.media.close()
		p.refuse(req, tx, 400, "Bad Request")
		return
	}
	from, to := req.To().AsFrom(), req.From().AsTo()
	c.from, c.to = &from, &to
	c.target, c.routes = *contact.Address.Clone(), routesFrom(req.GetHeaders("Record-Route"), false)
	c.remoteCSeq, c.invite, c.server = req.CSeq().SeqNo, req, tx
	if err := p.add(c); err != nil {
		c.media.close()
		tx.Terminate()
		return
	}
	tx.OnCancel(func(cancel *sip.Request) {
		reason := headerValue(cancel, "Reason")
		c.run(func() { c.cancelledByFarEnd(reason) })
	})
	c.note(Event{Kind: KindReceived, Method: "INVITE", Text: "from " + to.Address.String()})
	if old != nil {
		c.run(func() { c.replace(old) })
		return
	}
	select {
	case p.incoming <- c:
	default:
		c.refuse(486, "Busy Here", "rejected here: too many calls wait")
	}
}

func (c *Call) cancelledByFarEnd(reason string) {
	c.note(Event{Kind: KindReceived, Method: "CANCEL", Text: reason})
	text := "cancelled by the far end"
	if reason != "" {
		text += ": " + reason
	}
	c.finish(Ending{Method: "CANCEL", Reason: reason, Text: text})
}

// respond answers the first INVITE of an incoming call.
func (c *Call) respond(res *sip.Response) error {
	c.mu.Lock()
	tx := c.server
	c.mu.Unlock()
	if tx == nil {
		return errors.New("the call is answered or over")
	}
	c.noteResponse(KindSent, sip.INVITE, res)
	if err := tx.Respond(res); err != nil {
		return fmt.Errorf("respond: %w", err)
	}
	return nil
}

func (c *Call) newResponse(req *sip.Request, status int, phrase string) *sip.Response {
	res := sip.NewResponseFromRequest(req, status, phrase, nil)
	res.AppendHeader(&sip.ContactHeader{Address: *c.phone.contact()})
	res.AppendHeader(sip.NewHeader("Allow", c.phone.allowed()))
	res.AppendHeader(sip.NewHeader("Supported", "timer, 100rel, replaces"))
	return res
}

// Ring tells the caller that the phone rings: 180, or 183 with audio both
// ways when early is set. It is sent reliably where the caller requires it.
func (c *Call) Ring(early bool) error {
	res := c.newResponse(c.invite, 180, "Ringing")
	if early {
		res = c.newResponse(c.invite, 183, "Session Progress")
		local, err := c.answerOffer(c.remoteCopy())
		if err != nil {
			return fmt.Errorf("ring: %w", err)
		}
		c.mu.Lock()
		c.early = &local
		c.mu.Unlock()
		setBody(res, "application/sdp", local.marshal(c.sdpID))
		c.noteMedia()
	}
	if headerHas(c.invite, "Require", "100rel") || (c.phone.opts.Reliable && headerHas(c.invite, "Supported", "100rel")) {
		c.mu.Lock()
		ring := &pendingRing{rseq: 1, acked: make(chan struct{})}
		if c.ring != nil {
			ring.rseq = c.ring.rseq + 1
		}
		c.ring = ring
		c.mu.Unlock()
		res.AppendHeader(sip.NewHeader("Require", "100rel"))
		res.AppendHeader(sip.NewHeader("RSeq", strconv.Itoa(int(ring.rseq))))
		c.run(func() { c.repeat(ring.acked, func() { c.respond(res) }) })
	}
	return c.respond(res)
}

func (c *Call) remoteCopy() session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

// repeat calls send after T1, 2*T1, ... at most T2 apart until stop is closed
// or the call over; false means that 64*T1 went by.
func (c *Call) repeat(stop <-chan struct{}, send func()) bool {
	limit := time.NewTimer(giveUpAt)
	defer limit.Stop()
	wait := timerT1
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return true
		case <-c.done:
			return true
		case <-limit.C:
			return false
		case <-timer.C:
			send()
			wait = min(2*wait, timerT2)
			timer.Reset(wait)
		}
	}
}

// Answer takes the call and returns when the caller has acknowledged it.
func (c *Call) Answer(ctx context.Context) error {
	c.mu.Lock()
	if c.outgoing || c.server == nil || c.accept != nil {
		c.mu.Unlock()
		return errors.New("answer: not a ringing incoming call")
	}
	tx, req, early := c.server, c.invite, c.early
	c.mu.Unlock()
	res, pending, err := c.acceptInvite(req, c.remoteCopy(), early)
	if err != nil {
		c.refuse(488, "Not Acceptable Here", "rejected here: "+err.Error())
		return fmt.Errorf("answer: %w", err)
	}
	if err := c.sendAccept(tx, res, pending); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	c.mu.Lock()
	c.server = nil
	c.mu.Unlock()
	select {
	case <-pending.acked:
	case <-c.done:
		return fmt.Errorf("answer: %w", c.ended())
	case <-ctx.Done():
		return fmt.Errorf("answer: %w", context.Cause(ctx))
	}
	c.setTimer(headerValue(res, "Session-Expires"), false)
	c.markAnswered()
	return nil
}

// acceptInvite makes the 200 to a first or later INVITE with our answer, or
// with an offer of ours when the INVITE had none. An answer already given in a
// 183 is given again unchanged.
func (c *Call) acceptInvite(req *sip.Request, remote session, early *session) (*sip.Response, *pendingAccept, error) {
	pending := &pendingAccept{cseq: req.CSeq().SeqNo, acked: make(chan struct{})}
	res := c.newResponse(req, 200, "OK")
	var local session
	switch {
	case early != nil:
		local = *early
	case len(req.Body()) > 0:
		var err error
		if local, err = c.answerOffer(remote); err != nil {
			return nil, nil, err
		}
		c.noteMedia()
	default:
		local = c.offer()
		pending.offer = &local
	}
	setBody(res, "application/sdp", local.marshal(c.sdpID))
	acceptTimer(req, res)
	return res, pending, nil
}

// sendAccept sends a 2xx and sees to its repetition until the ACK; without
// one the call is hung up, RFC 3261 §13.3.1.4.
func (c *Call) sendAccept(tx *sip.ServerTx, res *sip.Response, pending *pendingAccept) error {
	c.mu.Lock()
	c.accept = pending
	c.mu.Unlock()
	c.noteResponse(KindSent, sip.INVITE, res)
	if err := tx.Respond(res); err != nil {
		tx.TerminateGracefully()
		return err
	}
	c.run(func() {
		defer tx.TerminateGracefully()
		if !c.repeat(pending.acked, func() { tx.Respond(res) }) {
			c.bye(Ending{ByUs: true, Method: "BYE", Text: "hung up here: the far end did not acknowledge the answer"})
		}
	})
	return nil
}

// Reject refuses an incoming call with a status of 300 to 699.
func (c *Call) Reject(status int) error {
	if status < 300 || status > 699 {
		return fmt.Errorf("reject: %d is not a status of refusal", status)
	}
	phrase := map[int]string{480: "Temporarily Unavailable", 486: "Busy Here", 487: "Request Terminated",
		488: "Not Acceptable Here", 600: "Busy Everywhere", 603: "Decline"}[status]
	if phrase == "" {
		phrase = http.StatusText(status)
	}
	if phrase == "" {
		phrase = "Rejected"
	}
	return c.refuse(status, phrase, fmt.Sprintf("rejected here: %d %s", status, phrase))
}

func (c *Call) refuse(status int, phrase, text string) error {
	c.mu.Lock()
	open := !c.outgoing && c.server != nil && c.ending == nil
	c.mu.Unlock()
	if !open {
		return errors.New("reject: not a ringing incoming call")
	}
	err := c.respond(sip.NewResponseFromRequest(c.invite, status, phrase, nil))
	c.finish(Ending{ByUs: true, Method: "INVITE", Status: status, Phrase: phrase, Text: text})
	return err
}
