package phone

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// referral is a REFER of ours whose result is awaited.
type referral struct {
	first, last uint32 // numbers it was sent with; NOTIFYs name one of them
	told        chan fragment
}

// fragment is the status line in a NOTIFY of a REFER, RFC 3515 §2.4.5.
type fragment struct {
	status int
	phrase string
	last   bool // the subscription is over
}

// Refer asks the far end to call target (a blind transfer, RFC 3515) and gives
// the final status that it tells of that call. The call itself stays up; hang
// it up when the transfer went well. The error is a RefusedError when the far
// end does not take the REFER, and another when it ends the call or the
// subscription without a result.
func (c *Call) Refer(ctx context.Context, target string) (status int, err error) {
	var uri sip.Uri
	if err := sip.ParseUri(target, &uri); err != nil || uri.Host == "" || uri.Scheme != "sip" {
		return 0, fmt.Errorf("transfer: %q is not a SIP address (sip:NAME@HOST)", target)
	}
	return c.refer(ctx, target)
}

// ReferTo asks the far end to take our place in another call (an attended
// transfer, RFC 3891): Refer-To is the far end of the other call, with a
// Replaces that names it. The result is as Refer's.
func (c *Call) ReferTo(ctx context.Context, other *Call) (status int, err error) {
	other.mu.Lock()
	to := other.target
	other.mu.Unlock()
	to.Headers = nil
	r := other.Replaces()
	if r.ToTag == "" {
		return 0, errors.New("transfer: the other call has reached nobody")
	}
	return c.refer(ctx, to.String()+"?Replaces="+r.escaped())
}

func (c *Call) refer(ctx context.Context, to string) (int, error) {
	req := c.newRequest(sip.REFER)
	c.mu.Lock()
	by := c.from.Address
	r := &referral{first: req.CSeq().SeqNo, last: req.CSeq().SeqNo, told: make(chan fragment, 16)}
	c.referrals = append(c.referrals, r)
	c.mu.Unlock()
	defer c.forget(r)
	req.AppendHeader(sip.NewHeader("Refer-To", "<"+to+">"))
	req.AppendHeader(sip.NewHeader("Referred-By", "<"+by.String()+">"))
	res, err := c.phone.transact(ctx, req, c.note)
	if err == nil && c.phone.challenged(res) {
		if req, err = c.phone.authorize(req, res, c.nextCSeq()); err == nil {
			c.mu.Lock()
			r.last = req.CSeq().SeqNo
			c.mu.Unlock()
			res, err = c.phone.transact(ctx, req, c.note)
		}
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("transfer: %w", err)
	case !res.IsSuccess():
		return 0, &RefusedError{What: "transfer", Status: res.StatusCode, Phrase: res.Reason}
	}
	return c.followReferral(ctx, r)
}

func (c *Call) followReferral(ctx context.Context, r *referral) (int, error) {
	done := c.done
	for {
		select {
		case f := <-r.told:
			switch {
			case f.status >= 200:
				return f.status, nil
			case f.last:
				return 0, errors.New("transfer: the far end told no result")
			}
		case <-done:
			if len(r.told) > 0 { // told and hung up
				done = nil
				continue
			}
			return 0, fmt.Errorf("transfer: %w", c.ended())
		case <-ctx.Done():
			return 0, fmt.Errorf("transfer: %w", context.Cause(ctx))
		}
		if done == nil && len(r.told) == 0 {
			return 0, fmt.Errorf("transfer: %w", c.ended())
		}
	}
}

func (c *Call) forget(r *referral) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.referrals {
		if c.referrals[i] == r {
			c.referrals = append(c.referrals[:i:i], c.referrals[i+1:]...)
			return
		}
	}
}

// notified takes a NOTIFY: of a REFER of ours, or of something unasked for,
// which is taken without a meaning.
func (c *Call) notified(req *sip.Request, tx *sip.ServerTx) {
	event, params, _ := strings.Cut(headerValue(req, "Event"), ";")
	if !strings.EqualFold(strings.TrimSpace(event), "refer") {
		c.noteRequest(req, event)
		c.reply(req, tx, 200, "OK", nil)
		return
	}
	state := headerValue(req, "Subscription-State")
	f := readFragment(req.Body())
	f.last = strings.HasPrefix(strings.ToLower(state), "terminated")
	c.noteRequest(req, fmt.Sprintf("%d %s, %s", f.status, f.phrase, state))
	r := c.referralOf(params)
	if r == nil {
		c.reply(req, tx, 481, "Subscription Does Not Exist", nil)
		return
	}
	select {
	case r.told <- f:
	default: // far more than a call has states
	}
	c.reply(req, tx, 200, "OK", nil)
}

// referralOf finds the REFER that the id of an Event header names; without an
// id it is the first that is open (RFC 3515 §2.4.6).
func (c *Call) referralOf(params string) *referral {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := ""
	for p := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(p), "="); name == "id" {
			id = value
		}
	}
	n, _ := strconv.ParseUint(id, 10, 32)
	for _, r := range c.referrals {
		if id == "" || r.first <= uint32(n) && uint32(n) <= r.last {
			return r
		}
	}
	return nil
}

// readFragment reads "SIP/2.0 486 Busy Here"; the zero fragment when it is none.
func readFragment(body []byte) (f fragment) {
	line, _, _ := strings.Cut(string(body), "\r\n")
	version, rest, _ := strings.Cut(line, " ")
	code, phrase, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if version != "SIP/2.0" || err != nil {
		return fragment{}
	}
	return fragment{status: n, phrase: phrase}
}
