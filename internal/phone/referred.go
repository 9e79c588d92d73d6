package phone

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// successors is how many calls wait in Successor.
const successors = 8

// Successor gives the calls that take this one's place: those that the phone
// makes because the far end sent REFER, and those that come in with a Replaces
// for this one. What nobody reads beyond eight is not given.
func (c *Call) Successor() <-chan *Call { return c.successor }

func (c *Call) succeeded(by *Call) {
	select {
	case c.successor <- by:
	default:
	}
}

// referred takes a REFER of the far end (RFC 3515): the phone makes the call
// and tells by NOTIFY how it goes. The old call is left to the far end.
func (c *Call) referred(req *sip.Request, tx *sip.ServerTx) {
	to, given := referTo(req)
	c.noteRequest(req, to)
	var uri sip.Uri
	switch err := sip.ParseUri(to, &uri); {
	case c.phone.opts.RefuseRefer != 0:
		c.reply(req, tx, c.phone.opts.RefuseRefer, "REFER Is Refused", nil)
		return
	case given != 1 || err != nil || uri.Scheme != "sip" || uri.Host == "":
		c.reply(req, tx, 400, "Bad Refer-To", nil)
		return
	}
	o := CallOptions{Codecs: c.opts.Codecs, NoTelephoneEvent: c.opts.NoTelephoneEvent}
	if by := headerValue(req, "Referred-By"); by != "" {
		o.Headers = append(o.Headers, Header{"Referred-By", by})
	}
	for _, kv := range uri.Headers {
		if !strings.EqualFold(kv.K, "Replaces") {
			continue
		}
		r, err := unescapeReplaces(kv.V)
		if err != nil {
			c.reply(req, tx, 400, "Bad Replaces In Refer-To", nil)
			return
		}
		o.Replaces = &r
	}
	uri.Headers = nil
	event := "refer"
	c.mu.Lock()
	if c.refersTaken++; c.refersTaken > 1 {
		event += ";id=" + strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)
	}
	c.mu.Unlock()
	c.reply(req, tx, 202, "Accepted", nil)
	c.run(func() { c.transfer(uri.String(), o, event) })
}

// referTo gives the address in Refer-To, and how many such headers there are.
func referTo(req *sip.Request) (to string, given int) {
	all := append(req.GetHeaders("Refer-To"), req.GetHeaders("r")...)
	if len(all) == 0 {
		return "", 0
	}
	to = all[0].Value()
	if _, after, ok := strings.Cut(to, "<"); ok {
		to, _, _ = strings.Cut(after, ">")
	}
	return to, len(all)
}

// transfer makes the call that a REFER asked for and tells how it goes.
func (c *Call) transfer(target string, o CallOptions, event string) {
	c.tell(event, "active;expires=60", 100, "Trying")
	rings := make(chan fragment, 8)
	next, err := c.phone.invite(target, o, func(status int, phrase string) {
		select {
		case rings <- fragment{status: status, phrase: phrase}:
		default:
		}
	})
	if err != nil {
		c.note(Event{Kind: KindSent, Text: "transfer failed: " + err.Error()})
		c.tell(event, "terminated;reason=noresource", 503, "Service Unavailable")
		return
	}
	c.succeeded(next)
	told := 100
	for {
		select {
		case f := <-rings:
			if f.status != told {
				told = f.status
				c.tell(event, "active;expires=60", f.status, f.phrase)
			}
			continue
		case <-next.answered:
			c.tell(event, "terminated;reason=noresource", 200, "OK")
		case <-next.done:
			e, _ := next.Ending()
			if e.Status < 300 {
				e.Status, e.Phrase = 503, "Service Unavailable"
			}
			c.tell(event, "terminated;reason=noresource", e.Status, e.Phrase)
		}
		return
	}
}

// tell sends one NOTIFY, unless the call is over.
func (c *Call) tell(event, state string, status int, phrase string) {
	select {
	case <-c.done:
		return
	default:
	}
	req := c.newRequest(sip.NOTIFY)
	req.AppendHeader(sip.NewHeader("Event", event))
	req.AppendHeader(sip.NewHeader("Subscription-State", state))
	setBody(req, "message/sipfrag;version=2.0", fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", status, phrase))
	ctx, stop := context.WithTimeout(context.Background(), requestTime)
	defer stop()
	c.do(ctx, req) // a far end that does not listen changes nothing
}
