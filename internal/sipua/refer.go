package sipua

import (
	"context"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// maxNotices bounds what a peer tells of one transfer that nobody has read yet.
const maxNotices = 32

// Referral is what came of a REFER of ours.
type Referral struct {
	// Status is the final status of the call that the peer made, or of the REFER
	// itself when Refused; 0 = the peer did not say.
	Status  int
	Reason  string
	Refused bool // the peer takes no REFER, or not this one
}

// referral is a REFER of ours whose result has not come yet.
type referral struct {
	seq    uint32
	told   chan referNotice // in: NOTIFYs of its subscription
	closed bool             // the last one has come
}

type referNotice struct {
	status int
	reason string
	last   bool
}

// TakesRefer says whether the peer has listed REFER in an Allow header.
func (d *Dialog) TakesRefer() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for m := range strings.SplitSeq(d.allow, ",") {
		if strings.EqualFold(strings.TrimSpace(m), "REFER") {
			return true
		}
	}
	return false
}

// Home gives the SIP URI under which the peer reaches user at us.
func (d *Dialog) Home(user string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.contactLocked().Address
	u.User = user
	return u.String()
}

// Refer asks the peer to call to, a SIP URI (RFC 3515), as our wish (Referred-By,
// RFC 3892), and waits for what it tells of the result. The dialog stays up
// whatever comes; who wants to leave after a success hangs up. Errors: Invalid for
// an address that is none, Conflict while another REFER is open or the call is not
// up, HungUp when the peer leaves before it told the result, Unavailable when ctx
// ends first or nothing answers.
func (d *Dialog) Refer(ctx context.Context, to string) (Referral, error) {
	const op = "sipua.Refer"
	var target sip.Uri
	if err := sip.ParseUri(to, &target); err != nil || !transact.ValidHost(target.Host) || strings.ContainsAny(to, "<>\"\r\n ") {
		return Referral{}, voice.Errorf(op, voice.Invalid, "%q is not a SIP address", to)
	}
	d.mu.Lock()
	if d.state != stateUp || d.sentRefer != nil {
		d.mu.Unlock()
		return Referral{}, voice.Errorf(op, voice.Conflict, "the call is not up, or is being transferred already")
	}
	d.localSeq++
	req := d.requestLocked(sip.REFER, d.localSeq)
	r := &referral{seq: d.localSeq, told: make(chan referNotice, maxNotices)}
	d.sentRefer = r // before it is sent: a NOTIFY may overtake the 202
	req.AppendHeader(sip.NewHeader("Refer-To", "<"+to+">"))
	req.AppendHeader(sip.NewHeader("Referred-By", "<"+d.local.Address.String()+">"))
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.sentRefer = nil
		d.mu.Unlock()
	}()
	res, err := d.send(ctx, req)
	switch {
	case err != nil:
		return Referral{}, voice.E(op, voice.Unavailable, err)
	case !res.IsSuccess():
		return Referral{Status: res.StatusCode, Reason: cleanText(res.Reason), Refused: true}, nil
	}
	return d.followRefer(ctx, r)
}

// followRefer reads the NOTIFYs of a transfer until the final one.
func (d *Dialog) followRefer(ctx context.Context, r *referral) (Referral, error) {
	const op = "sipua.Refer"
	for {
		select {
		case n := <-r.told:
			if n.last || n.status >= 200 {
				if n.status < 200 { // the subscription ended without a result
					return Referral{Reason: "the peer did not say what came of it"}, nil
				}
				return Referral{Status: n.status, Reason: n.reason}, nil
			}
		case <-d.done:
			select {
			case n := <-r.told: // told and hung up at once
				if n.status >= 200 {
					return Referral{Status: n.status, Reason: n.reason}, nil
				}
			default:
			}
			_, words := d.Cause()
			return Referral{}, voice.Errorf(op, voice.HungUp, "the transferred party left before it told the result: %s", words)
		case <-ctx.Done():
			return Referral{}, voice.E(op, voice.Unavailable, context.Cause(ctx))
		}
	}
}

// notified takes a NOTIFY of the implicit subscription of a REFER (RFC 3515 §2.4.4).
func (d *Dialog) notified(in *transact.Inbound) {
	params, ok := referEvent(in.Req)
	if !ok {
		d.a.reply(in, 489, "Bad Event", sip.NewHeader("Allow-Events", "refer"))
		return
	}
	d.mu.Lock()
	r := d.sentRefer
	// The id is the CSeq of the REFER and may be missing for the first (§2.4.6); a
	// challenged one went out again with a higher number.
	if r == nil || r.closed || !ofReferral(params, r.seq, d.localSeq) {
		d.mu.Unlock()
		d.a.reply(in, 481, "Subscription Does Not Exist")
		return
	}
	kind, _, _ := strings.Cut(contentType(in.Req), ";")
	n := referNotice{}
	if strings.EqualFold(strings.TrimSpace(kind), "message/sipfrag") {
		n.status, n.reason = fragStatus(string(in.Req.Body()))
	}
	state, _, _ := strings.Cut(header(in.Req, "subscription-state"), ";")
	n.last = strings.EqualFold(strings.TrimSpace(state), "terminated")
	select {
	case r.told <- n:
		r.closed = n.last
		d.mu.Unlock()
		d.a.reply(in, 200, "OK")
	default:
		d.mu.Unlock()
		d.a.reply(in, 500, "Too Many Notifications")
	}
}

// referEvent gives the parameters of an Event header; false when it is not refer.
func referEvent(req *sip.Request) (params string, ok bool) {
	event, params, _ := strings.Cut(header(req, "event"), ";")
	if event == "" {
		event, params, _ = strings.Cut(header(req, "o"), ";")
	}
	return params, strings.EqualFold(strings.TrimSpace(event), "refer")
}

// ofReferral says whether the parameters of an Event header may be those of a
// REFER that went out with a sequence number between first and last.
func ofReferral(params string, first, last uint32) bool {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "id") {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
			return err == nil && uint32(n) >= first && uint32(n) <= last
		}
	}
	return true
}

// fragStatus reads the status line of a message/sipfrag (RFC 3420); 0 = it has none.
func fragStatus(body string) (int, string) {
	line, _, _ := strings.Cut(strings.TrimLeft(body, "\r\n"), "\n")
	rest, ok := strings.CutPrefix(strings.TrimSpace(line), "SIP/2.0 ")
	if !ok {
		return 0, ""
	}
	code, reason, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(code)
	if err != nil || n < 100 || n > 699 {
		return 0, ""
	}
	return n, cleanText(reason)
}
