package sipua

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// inDialog takes a request that names a dialog (RFC 3261 §12.2.2).
func (a *Agent) inDialog(in *transact.Inbound) {
	req := in.Req
	d := a.find(req)
	if d == nil || req.Method == sip.CANCEL {
		a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	d.mu.Lock()
	late := req.CSeq().SeqNo <= d.remoteSeq && d.remoteSeq != 0
	if !late {
		d.remoteSeq = req.CSeq().SeqNo
		if d.pinned { // its NAT may have given it another port
			d.dest = transact.Dest{Transport: in.Transport(), Addr: in.Source()}
		}
	}
	over := d.state == stateEnded
	d.mu.Unlock()
	if late && req.Method != sip.BYE { // whoever has hung up has gone, in whatever order the network brings it
		a.reply(in, 500, "CSeq Out of Order")
		return
	}
	if over && req.Method != sip.BYE {
		a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	if err := in.Begin(); err != nil {
		a.refuseUnseen(in, 503)
		return
	}
	switch req.Method {
	case sip.BYE:
		a.reply(in, 200, "OK")
		d.byeReceived(req)
	case sip.INVITE, sip.UPDATE:
		d.reoffered(in)
	case sip.PRACK:
		d.pracked(in)
	case sip.INFO:
		d.info(in)
	case sip.OPTIONS:
		a.reply(in, 200, "OK", capabilities()...)
	case sip.REFER:
		d.referred(in)
	case sip.NOTIFY:
		d.notified(in)
	case sip.SUBSCRIBE:
		d.subscribed(in)
	case sip.PUBLISH:
		a.reply(in, 489, "Bad Event")
	case sip.MESSAGE:
		a.reply(in, 405, "Method Not Allowed", sip.NewHeader("Allow", allowed))
	default:
		a.reply(in, 501, "Not Implemented", sip.NewHeader("Allow", allowed))
	}
}

func (d *Dialog) byeReceived(req *sip.Request) {
	if d.inc != nil && d.inc.refuse(487, "Request Terminated", voice.EndCallerGaveUp, causeFrom(req, voice.CauseCancelled), "the caller gave up") {
		return
	}
	d.ended(causeFrom(req, voice.CauseNormal), "the peer hung up")
}

// info takes digits (application/dtmf-relay and application/dtmf).
func (d *Dialog) info(in *transact.Inbound) {
	kind, _, _ := strings.Cut(contentType(in.Req), ";")
	var digit Digit
	var ok bool
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/dtmf-relay":
		digit, ok = parseRelay(string(in.Req.Body()))
	case "application/dtmf":
		digit.Key, ok = parseKey(string(in.Req.Body()))
	case "":
		d.a.reply(in, 200, "OK")
		return
	default:
		d.a.reply(in, 415, "Unsupported Media Type", sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	if !ok {
		d.a.reply(in, 400, "Bad Digit")
		return
	}
	select {
	case d.digits <- digit:
		d.a.reply(in, 200, "OK")
	default:
		d.a.reply(in, 500, "Too Many Digits")
	}
}

// parseRelay reads "Signal=5\r\nDuration=160".
func parseRelay(body string) (Digit, bool) {
	var d Digit
	ok := false
	for line := range strings.SplitSeq(body, "\n") {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			d.Key, ok = parseKey(value)
		case "duration":
			if n, err := strconv.ParseUint(value, 10, 16); err == nil {
				d.Duration = time.Duration(n) * time.Millisecond
			}
		}
	}
	return d, ok
}

// parseKey reads one key, also by its RFC 4733 number 10 (*) and 11 (#).
func parseKey(s string) (byte, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	switch s {
	case "10":
		return '*', true
	case "11":
		return '#', true
	}
	if len(s) == 1 && strings.Contains("0123456789*#ABCD", s) {
		return s[0], true
	}
	return 0, false
}

// reoffered takes a re-INVITE or UPDATE.
func (d *Dialog) reoffered(in *transact.Inbound) {
	req := in.Req
	body, code, reason := sdpBody(req)
	if code != 0 {
		d.a.reply(in, code, reason, sip.NewHeader("Accept", "application/sdp"))
		return
	}
	d.mu.Lock()
	switch {
	case d.inviting:
		d.mu.Unlock()
		d.a.reply(in, 491, "Request Pending")
		return
	case d.answering || d.acc != nil || (d.state != stateUp && (req.IsInvite() || len(body) > 0 && !d.agreed)):
		d.mu.Unlock()
		d.a.reply(in, 500, "Server Internal Error", sip.NewHeader("Retry-After", strconv.Itoa(rand.IntN(10))))
		return
	}
	if d.timer.take(req, d.a.cfg.Limits) != 0 {
		d.mu.Unlock()
		d.a.reply(in, 422, "Session Interval Too Small", sip.NewHeader("Min-SE", seconds(d.a.cfg.Limits.MinSession)))
		return
	}
	d.retarget(in)
	d.answering = true
	f, last := d.reoffer, d.localSDP
	d.mu.Unlock()
	if req.Method == sip.UPDATE && len(body) == 0 {
		d.accepted(in, nil, nil)
		return
	}
	if req.IsInvite() {
		d.a.reply(in, 100, "Trying")
	}
	d.a.spawn(func() { d.answerOffer(in, body, f, last) })
}

// retarget takes the peer's new Contact (RFC 3261 §12.2.2).
func (d *Dialog) retarget(in *transact.Inbound) {
	if soundContact(in.Req) {
		d.target = *in.Req.Contact().Address.Clone()
	}
}

func (d *Dialog) answerOffer(in *transact.Inbound, body []byte, f func(*offer.Session) ([]byte, error), last []byte) {
	var s *offer.Session
	var err error
	if len(body) > 0 {
		if s, err = offer.Parse(body); err != nil {
			d.refuseOffer(in, 400, "Bad Session Description")
			return
		}
		if _, err = s.Preview(); err != nil {
			d.refuseOffer(in, 488, "Not Acceptable Here")
			return
		}
	}
	answer := last
	if f != nil {
		if answer, err = f(s); err != nil {
			d.refuseOffer(in, 488, "Not Acceptable Here")
			return
		}
	}
	d.accepted(in, s, answer)
}

func (d *Dialog) refuseOffer(in *transact.Inbound, code int, reason string) {
	d.mu.Lock()
	d.answering = false
	d.settledLocked()
	d.mu.Unlock()
	d.a.reply(in, code, reason)
}

// accepted answers a re-INVITE or UPDATE with 200.
func (d *Dialog) accepted(in *transact.Inbound, s *offer.Session, answer []byte) {
	d.mu.Lock()
	d.answering = false
	d.settledLocked()
	if d.state == stateEnded {
		d.mu.Unlock()
		d.a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	if s != nil {
		d.remoteSDP = s
	}
	if answer != nil {
		d.localSDP = answer
	}
	res := d.okLocked(in, answer)
	d.timer.decorate(res)
	d.timer.start(d)
	if !in.Req.IsInvite() {
		d.mu.Unlock()
		d.a.sendResponse(in, res)
		return
	}
	acc := d.newAcceptance(in, res, false)
	d.acc = acc
	d.mu.Unlock()
	acc.start()
}
