package sipua

import (
	"context"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// follow waits for the decision on a REFER and tells the peer what comes of it.
func (o *ReferOrder) follow() {
	limit := time.NewTimer(32 * sip.T1) // half of the peer's own patience
	select {
	case <-o.decided:
	case <-o.d.done:
		o.Decline(487, "Request Terminated")
	case <-limit.C:
		o.Decline(603, "Decline")
	}
	limit.Stop()
	<-o.decided
	if !o.accepted {
		return
	}
	defer close(o.told)
	trying := o.notify(frag{100, "Trying"}, "")
	last := time.NewTimer(time.Until(o.until))
	defer last.Stop()
	select {
	case f := <-o.result:
		o.pause(trying)
		o.d.referOver(o) // the peer may ask again at once
		o.wait(o.notify(f, "noresource"))
	case <-last.C:
		o.mu.Lock()
		o.resulted = true // what comes now is late
		o.mu.Unlock()
		o.d.referOver(o)
		o.notify(frag{100, "Trying"}, "timeout")
	case <-o.d.a.ctx.Done():
	}
}

// pause lets the answer to one NOTIFY come before the next goes out.
func (o *ReferOrder) pause(answered <-chan struct{}) {
	timer := time.NewTimer(sip.T1)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	}
}

func (o *ReferOrder) wait(answered <-chan struct{}) {
	select {
	case <-answered:
	case <-o.d.a.ctx.Done():
	}
}

// notify sends a NOTIFY (RFC 3515 §2.4.4) in the background; over is why the
// subscription ends, "" = it does not. The channel is closed when the peer has
// answered, or never will.
func (o *ReferOrder) notify(f frag, over string) <-chan struct{} {
	answered := make(chan struct{})
	o.mu.Lock()
	silent := o.quiet || o.lost
	left := max(time.Until(o.until), time.Second)
	o.lost = o.lost || over != ""
	o.mu.Unlock()
	if silent {
		close(answered)
		return answered
	}
	event, state := "refer", "active;expires="+seconds(left)
	if o.id != "" {
		event += ";id=" + o.id
	}
	if over != "" {
		state = "terminated;reason=" + over
	}
	req := o.d.request(sip.NOTIFY)
	req.AppendHeader(sip.NewHeader("Event", event))
	req.AppendHeader(sip.NewHeader("Subscription-State", state))
	req.AppendHeader(sip.NewHeader("Content-Type", "message/sipfrag;version=2.0"))
	req.SetBody(f.body())
	sent := o.d.a.spawn(func() {
		defer close(answered)
		ctx, cancel := context.WithTimeout(o.d.a.ctx, 64*sip.T1)
		defer cancel()
		res, err := o.d.send(ctx, req)
		// A peer that lost interest in its transfer changes nothing else here.
		if err == nil && res.StatusCode == 481 {
			o.mu.Lock()
			o.lost = true
			o.mu.Unlock()
		}
	})
	if !sent {
		close(answered)
	}
	return answered
}

// subscribed takes a SUBSCRIBE, by which the peer prolongs or ends the
// subscription that its REFER made (RFC 3515 §2.4.4, RFC 6665 §4.2.1).
func (d *Dialog) subscribed(in *transact.Inbound) {
	params, ok := referEvent(in.Req)
	if !ok {
		d.a.reply(in, 489, "Bad Event", sip.NewHeader("Allow-Events", "refer"))
		return
	}
	d.mu.Lock()
	o, contact := d.order, d.contactLocked()
	d.mu.Unlock()
	if o == nil || !o.prolong(in.Req, params) {
		d.a.reply(in, 481, "Subscription Does Not Exist")
		return
	}
	ends := strings.TrimSpace(header(in.Req, "expires")) == "0"
	o.mu.Lock()
	left := max(time.Until(o.until), 0)
	o.mu.Unlock()
	granted := seconds(left)
	if ends {
		granted = "0"
	}
	d.a.reply(in, 200, "OK", contact, sip.NewHeader("Expires", granted))
	if ends {
		o.notify(frag{100, "Trying"}, "timeout")
	} else {
		o.notify(frag{100, "Trying"}, "")
	}
}

// prolong says whether a SUBSCRIBE is for this order's subscription. The time is
// ours to set and stays: Limits.Refer from the REFER on.
func (o *ReferOrder) prolong(req *sip.Request, params string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	seq := o.in.Req.CSeq().SeqNo
	return o.accepted && !o.lost && !o.quiet && ofReferral(params, seq, seq) && len(req.Body()) == 0
}

// referOver lets the dialog take the next REFER.
func (d *Dialog) referOver(o *ReferOrder) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.order == o {
		d.order = nil
	}
}
