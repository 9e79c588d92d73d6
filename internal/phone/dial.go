package phone

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// CallOptions says how a call is placed. The zero value takes everything from
// the phone.
type CallOptions struct {
	From             string // SIP address to show in place of the phone's own
	DisplayName      string // name to show in place of the phone's own
	Codecs           []Codec
	NoTelephoneEvent bool
	NoReliable       bool          // do not support reliable provisional responses (RFC 3262)
	LateOffer        bool          // INVITE without SDP: the far end offers, our ACK answers
	SessionExpires   time.Duration // ask for a session timer (RFC 4028), whole seconds, 0 for none
	Replaces         *Replaces     // take the place of this call at the far end
	Headers          []Header      // more headers for the INVITE
}

// Header is a SIP header added to a request.
type Header struct{ Name, Value string }

const (
	cancelWait  = 5 * time.Second // for a first response before, and a final one after, CANCEL
	sendTimeout = 10 * time.Second
)

// Dial places a call and returns when it is answered. When it is not, the
// error says why (RefusedError for a final response) and the call returned,
// if any, holds the timeline. Ending ctx gives the call up with CANCEL; once
// answered, ctx has no more meaning.
func (p *Phone) Dial(ctx context.Context, target string, o CallOptions) (*Call, error) {
	c, err := p.Invite(target, o)
	if err != nil {
		return nil, err
	}
	select {
	case <-c.answered:
		return c, nil
	case <-c.done:
		return c, c.failure()
	case <-ctx.Done():
	}
	c.Hangup(context.WithoutCancel(ctx))
	return c, fmt.Errorf("call given up: %w", context.Cause(ctx))
}

// retryAfter reads the seconds of a Retry-After (RFC 3261 §20.33), at most an hour; 0
// when there are none.
func retryAfter(s string) time.Duration {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " ;("); i >= 0 {
		s = s[:i]
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600)) * time.Second
}

// failure is the ending of a call that was not answered as an error.
func (c *Call) failure() error {
	e, _ := c.Ending()
	if e.Status >= 300 {
		return &RefusedError{What: "call", Status: e.Status, Phrase: e.Phrase, RetryAfter: e.RetryAfter}
	}
	return errors.New("call failed: " + e.Text)
}

// Invite begins a call to a SIP address and returns at once; wait for
// Answered or Done. Audio that comes before the answer is heard already.
func (p *Phone) Invite(target string, o CallOptions) (*Call, error) {
	return p.invite(target, o, nil)
}

func (p *Phone) invite(target string, o CallOptions, progress func(status int, phrase string)) (*Call, error) {
	var uri sip.Uri
	if err := sip.ParseUri(target, &uri); err != nil || uri.Host == "" || uri.Scheme != "sip" {
		return nil, fmt.Errorf("call: %q is not a SIP address (sip:NAME@HOST)", target)
	}
	from := &sip.FromHeader{DisplayName: p.opts.DisplayName, Address: p.self()}
	if o.DisplayName != "" {
		from.DisplayName = o.DisplayName
	}
	if o.From != "" {
		from.Address = sip.Uri{}
		if err := sip.ParseUri(o.From, &from.Address); err != nil || from.Address.Host == "" {
			return nil, fmt.Errorf("call: from %q is not a SIP address (sip:NAME@HOST)", o.From)
		}
	}
	c, err := p.newCall(p.newID(), true, o)
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	from.Params.Add("tag", c.localTag)
	c.progress = progress
	c.from, c.to, c.target = from, &sip.ToHeader{Address: *uri.Clone()}, uri
	c.to.Address.UriParams = nil
	c.invite = c.buildInvite(uri)
	if err := p.add(c); err != nil {
		c.media.close()
		return nil, err
	}
	c.run(c.place)
	return c, nil
}

func (c *Call) buildInvite(uri sip.Uri) *sip.Request {
	p, o := c.phone, c.opts
	req := p.newRequest(sip.INVITE, uri, c.from, c.to, c.id, c.cseq)
	if p.opts.Proxy != "" {
		req.SetDestination(p.opts.Proxy)
	}
	supported := []string{"timer", "replaces"}
	if !o.NoReliable {
		supported = append(supported, "100rel")
	}
	req.AppendHeader(sip.NewHeader("Supported", strings.Join(supported, ", ")))
	if o.SessionExpires > 0 {
		req.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(o.SessionExpires.Seconds()))))
	}
	if o.Replaces != nil {
		req.AppendHeader(sip.NewHeader("Replaces", o.Replaces.String()))
	}
	for _, h := range o.Headers {
		req.AppendHeader(sip.NewHeader(h.Name, h.Value))
	}
	if !o.LateOffer {
		setBody(req, "application/sdp", c.local.marshal(c.sdpID))
	}
	return req
}

// place runs the first INVITE to its end, with credentials when asked.
func (c *Call) place() {
	res, err := c.inviteOnce(c.invite, c.provisional)
	if err == nil && c.phone.challenged(res) && !c.givenUp() {
		var again *sip.Request
		if again, err = c.phone.authorize(c.invite, res, c.nextCSeq()); err == nil {
			c.mu.Lock()
			c.invite = again
			c.mu.Unlock()
			res, err = c.inviteOnce(again, c.provisional)
		}
	}
	switch {
	case err != nil:
		c.finish(Ending{ByUs: c.givenUp(), Method: "INVITE", Text: err.Error()})
	case !res.IsSuccess():
		e := Ending{Method: "INVITE", Status: res.StatusCode, Phrase: res.Reason, Reason: headerValue(res, "Reason"), RetryAfter: retryAfter(headerValue(res, "Retry-After")), Text: fmt.Sprintf("call refused: %d %s", res.StatusCode, res.Reason)}
		if c.givenUp() {
			e = Ending{ByUs: true, Method: "CANCEL", Text: "cancelled here"}
		}
		c.finish(e)
	default:
		c.established(res)
	}
}

// established takes the first 2xx: dialog, ACK, audio, session timer.
func (c *Call) established(res *sip.Response) {
	c.learn(res)
	answer, mediaErr := c.answerTo(res)
	c.sendAck(res, answer)
	if c.givenUp() {
		c.bye(Ending{ByUs: true, Method: "BYE", Text: "cancelled here, hung up as the answer had crossed"})
		return
	}
	if mediaErr != nil {
		c.bye(Ending{ByUs: true, Method: "BYE", Text: "hung up here: " + mediaErr.Error()})
		return
	}
	c.noteMedia()
	c.setTimer(headerValue(res, "Session-Expires"), true)
	c.markAnswered()
}

// answerTo applies the description of a 2xx; when it is an offer (ours was
// empty) it returns our answer for the ACK.
func (c *Call) answerTo(res *sip.Response) ([]byte, error) {
	if len(res.Body()) == 0 {
		c.mu.Lock()
		on := c.mediaOn
		c.mu.Unlock()
		if on { // answered already by a reliable 1xx
			return nil, nil
		}
		return nil, errors.New("the answer carries no audio description")
	}
	remote, err := parseSDP(res.Body())
	if err != nil {
		return nil, err
	}
	if len(c.invite.Body()) > 0 {
		return nil, c.applyMedia(c.localCopy(), remote)
	}
	local, err := c.answerOffer(remote)
	if err != nil {
		return nil, err
	}
	return local.marshal(c.sdpID), nil
}

func (c *Call) localCopy() session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.local
}

// inviteOnce sends one INVITE and follows it to its final response; onEarly
// is given the provisional ones above 100.
func (c *Call) inviteOnce(req *sip.Request, onEarly func(*sip.Response)) (*sip.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	c.note(Event{Kind: KindSent, Method: "INVITE", Text: req.Recipient.String()})
	tx, err := c.phone.tx.Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("send INVITE: %w", err)
	}
	c.phone.used(tx.Connection())
	tx.OnRetransmission(func(res *sip.Response) {
		c.noteResponse(KindReceived, sip.INVITE, res)
		c.repeatAck()
	})
	res, err := c.follow(tx, req, onEarly)
	if err != nil || !res.IsSuccess() {
		if err != nil {
			tx.Terminate()
			return nil, err
		}
		c.run(func() { drain(tx, c.done) })
		return res, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending != nil {
		tx.Terminate()
	} else {
		c.client = append(c.client, tx)
	}
	return res, nil
}

// drain keeps a refused INVITE transaction, which answers repeated refusals
// with ACK, until it or the call ends.
func drain(tx *sip.ClientTx, done <-chan struct{}) {
	for {
		select {
		case <-tx.Responses():
		case <-tx.Done():
			return
		case <-done:
			tx.Terminate()
			return
		}
	}
}

func (c *Call) follow(tx *sip.ClientTx, req *sip.Request, onEarly func(*sip.Response)) (*sip.Response, error) {
	giveUp := c.cancel
	early, cancelled := false, false
	var limit <-chan time.Time
	for {
		select {
		case res := <-tx.Responses():
			c.noteResponse(KindReceived, sip.INVITE, res)
			if !res.IsProvisional() {
				return res, nil
			}
			early = true
			if res.StatusCode > 100 && onEarly != nil {
				onEarly(res)
			}
		case <-giveUp:
			giveUp, cancelled = nil, true
			limit = time.After(cancelWait)
		case <-limit:
			return nil, errors.New("cancelled here; the far end did not answer the CANCEL")
		case <-tx.Done():
			return nil, fmt.Errorf("no answer to the INVITE: %w", tx.Err())
		}
		if cancelled && early { // RFC 3261 §9.1: not before a provisional response
			cancelled = false
			limit = time.After(cancelWait)
			c.run(func() { c.sendCancel(req) })
		}
	}
}

func (c *Call) sendCancel(invite *sip.Request) {
	cancel := sip.NewRequest(sip.CANCEL, *invite.Recipient.Clone())
	c.phone.aim(cancel)
	cancel.SetDestination(invite.Destination())
	hops, id := sip.MaxForwardsHeader(70), sip.CallIDHeader(c.id)
	cancel.AppendHeader(invite.Via().Clone())
	sip.CopyHeaders("Route", invite, cancel)
	for _, h := range []sip.Header{&hops, sip.HeaderClone(invite.From()), sip.HeaderClone(invite.To()), &id,
		&sip.CSeqHeader{SeqNo: invite.CSeq().SeqNo, MethodName: sip.CANCEL}} {
		cancel.AppendHeader(h)
	}
	cancel.SetBody(nil)
	ctx, stop := context.WithTimeout(context.Background(), cancelWait)
	defer stop()
	c.phone.transact(ctx, cancel, c.note) // its failure shows as the INVITE's
}

func (c *Call) givenUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cancelled
}

// provisional takes a 101-199 response to the first INVITE: the early dialog,
// early audio, and its acknowledgement when it is reliable (RFC 3262 §4).
func (c *Call) provisional(res *sip.Response) {
	if c.progress != nil {
		c.progress(res.StatusCode, res.Reason)
	}
	if tag, _ := res.To().Params.Get("tag"); tag == "" {
		return
	}
	seq, err := strconv.ParseUint(strings.TrimSpace(headerValue(res, "RSeq")), 10, 32)
	reliable := err == nil && headerHas(res, "Require", "100rel")
	tag, _ := res.To().Params.Get("tag")
	c.mu.Lock()
	repeated := reliable && c.pracks[tag] >= uint32(seq)
	if reliable && !repeated {
		c.pracks[tag] = uint32(seq)
	}
	c.mu.Unlock()
	if repeated {
		return
	}
	c.learn(res)
	var body []byte
	if len(res.Body()) > 0 && (reliable || len(c.invite.Body()) > 0) {
		if body, err = c.answerTo(res); err == nil {
			c.noteMedia()
		}
	}
	if !reliable {
		return
	}
	prack := c.newRequest(sip.PRACK)
	prack.AppendHeader(sip.NewHeader("RAck", fmt.Sprintf("%d %d INVITE", seq, c.invite.CSeq().SeqNo)))
	setBody(prack, "application/sdp", body)
	c.run(func() {
		ctx, stop := context.WithTimeout(context.Background(), requestTime)
		defer stop()
		c.phone.transact(ctx, prack, c.note) // a lost PRACK shows as repeated responses
	})
}

// learn takes tag, target and route set of the far end from a response,
// RFC 3261 §12.1.2.
func (c *Call) learn(res *sip.Response) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag, _ := res.To().Params.Get("tag")
	to := *c.to
	to.Params = sip.NewParams()
	if tag != "" {
		to.Params.Add("tag", tag)
	}
	c.to = &to
	if contact := res.Contact(); contact != nil {
		c.target = *contact.Address.Clone()
	}
	c.routes = routesFrom(res.GetHeaders("Record-Route"), true)
	if a := headerValue(res, "Allow"); a != "" {
		c.allow = strings.FieldsFunc(a, func(r rune) bool { return r == ',' || r == ' ' })
	}
}

func routesFrom(recorded []sip.Header, reverse bool) []sip.Header {
	var routes []sip.Header
	for _, h := range recorded {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			routes = append(routes, &sip.RouteHeader{Address: *rr.Address.Clone()})
		}
	}
	if reverse {
		slices.Reverse(routes)
	}
	return routes
}

// sendAck acknowledges a 2xx outside any transaction, RFC 3261 §13.2.2.4:
// the number is the INVITE's, whatever was sent since.
func (c *Call) sendAck(res *sip.Response, body []byte) {
	c.mu.Lock()
	ack := c.phone.newRequest(sip.ACK, *c.target.Clone(), sip.HeaderClone(c.from).(*sip.FromHeader), sip.HeaderClone(c.to).(*sip.ToHeader), c.id, res.CSeq().SeqNo)
	for _, r := range c.routes {
		ack.AppendHeader(sip.HeaderClone(r))
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		sip.CopyHeaders(name, c.invite, ack)
	}
	setBody(ack, "application/sdp", body)
	c.ack = ack
	c.mu.Unlock()
	c.repeatAck()
}

// repeatAck sends the ACK of the last 2xx, again when the 2xx is repeated.
func (c *Call) repeatAck() {
	c.mu.Lock()
	ack := c.ack
	if ack != nil {
		ack = ack.Clone()
	}
	c.mu.Unlock()
	if ack == nil {
		return
	}
	c.phone.aim(ack)
	event := Event{Kind: KindSent, Method: "ACK"}
	if err := c.phone.tp.WriteMsg(ack); err != nil {
		event.Text = "not sent: " + err.Error()
	}
	c.note(event)
}
