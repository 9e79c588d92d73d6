package sipua

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// register takes a REGISTER (RFC 3261 §10.3). Without credentials it is
// answered without keeping anything.
func (a *Agent) register(in *transact.Inbound) {
	switch {
	case a.cfg.Extensions == nil || a.cfg.Bindings == nil:
		a.reply(in, 405, "Method Not Allowed", sip.NewHeader("Allow", allowed))
		return
	case !hasDigest(in.Req):
		ref := a.challenge(in, false)
		a.reply(in, ref.code, ref.reason, ref.headers...)
		return
	}
	if err := in.Begin(); err != nil {
		a.refuseUnseen(in, 503)
		return
	}
	a.spawn(func() {
		ctx, cancel := context.WithTimeout(a.ctx, identifyTimeout)
		defer cancel()
		if ref := a.registered(ctx, in); ref != nil {
			a.reply(in, ref.code, ref.reason, ref.headers...)
		}
	})
}

// registered authenticates and stores; nil when it has answered itself.
func (a *Agent) registered(ctx context.Context, in *transact.Inbound) *refusal {
	ext, ref := a.authenticate(ctx, in)
	if ref != nil {
		return ref
	}
	if to := in.Req.To().Address; to.User != ext.Username && to.User != ext.Number {
		return &refusal{code: 403, reason: "Address Is Not Yours"}
	}
	now := time.Now()
	have, err := a.cfg.Bindings.Bindings(ctx, ext.Tenant, ext.Number, now)
	if err != nil {
		a.log.Error("registrations cannot be read", "error", err)
		return unavailable()
	}
	put, remove, ref := a.changes(in, ext, have, now)
	if ref != nil {
		return ref
	}
	path, ok := pathOf(in.Req)
	if !ok {
		return &refusal{code: 400, reason: "Bad Path"}
	}
	for i := range put {
		put[i].Path = path
	}
	for _, contact := range remove {
		err = a.cfg.Bindings.RemoveBinding(ctx, ext.Tenant, ext.Number, contact)
		if voice.IsKind(err, voice.NotExist) {
			err = nil
		}
		if err != nil {
			break
		}
	}
	for _, b := range put {
		if err == nil {
			err = a.cfg.Bindings.PutBinding(ctx, b)
			a.keep(b)
			a.follow(ctx, b)
		}
	}
	if err == nil {
		have, err = a.cfg.Bindings.Bindings(ctx, ext.Tenant, ext.Number, now)
	}
	if err != nil {
		a.log.Error("registration cannot be stored", "error", err)
		return unavailable()
	}
	a.registrations(in, have, now)
	return nil
}

// registrations answers with the contacts that are registered now.
func (a *Agent) registrations(in *transact.Inbound, have []voice.Binding, now time.Time) {
	res := in.Response(200, "OK")
	a.stamp(res)
	for _, b := range have {
		left := int(b.Expires.Sub(now).Round(time.Second) / time.Second)
		res.AppendHeader(sip.NewHeader("Contact", "<"+b.Contact+">;expires="+strconv.Itoa(max(left, 1))))
	}
	for _, h := range in.Req.GetHeaders("path") { // RFC 3327 §5.3
		res.AppendHeader(sip.NewHeader("Path", h.Value()))
	}
	res.AppendHeader(sip.NewHeader("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
	a.sendResponse(in, res)
}

// changes works out what a REGISTER asks for. The same Call-ID may not go back
// in its count (RFC 3261 §10.3 step 6 and 7).
func (a *Agent) changes(in *transact.Inbound, ext voice.Extension, have []voice.Binding, now time.Time) (put []voice.Binding, remove []string, ref *refusal) {
	req := in.Req
	contacts := req.GetHeaders("contact")
	expires, given := parseExpires(header(req, "expires"))
	outdated := func(contact string) bool {
		for _, b := range have {
			if (contact == "" || b.Contact == contact) && b.CallID == req.CallID().Value() && req.CSeq().SeqNo <= b.CSeq {
				return true
			}
		}
		return false
	}
	for _, h := range contacts {
		c, ok := h.(*sip.ContactHeader)
		if !ok {
			return nil, nil, &refusal{code: 400, reason: "Bad Contact"}
		}
		if c.Address.Wildcard {
			if len(contacts) != 1 || !given || expires != 0 {
				return nil, nil, &refusal{code: 400, reason: "Contact * Needs Expires 0"}
			}
			if outdated("") {
				return nil, nil, &refusal{code: 500, reason: "CSeq Out of Order"}
			}
			return nil, []string{""}, nil
		}
		b, ref := a.binding(in, ext, c, expires, given, now)
		switch {
		case ref != nil:
			return nil, nil, ref
		case outdated(b.Contact):
			return nil, nil, &refusal{code: 500, reason: "CSeq Out of Order"}
		case !b.Expires.After(now):
			remove = append(remove, b.Contact)
		default:
			put = append(put, b)
		}
	}
	if a.tooMany(have, put, remove) {
		return nil, nil, &refusal{code: 403, reason: "Too Many Contacts"}
	}
	return put, remove, nil
}

// binding makes the registration of one contact.
func (a *Agent) binding(in *transact.Inbound, ext voice.Extension, c *sip.ContactHeader, expires time.Duration, given bool, now time.Time) (voice.Binding, *refusal) {
	u := c.Address
	if (u.Scheme != "sip" && u.Scheme != "sips") || !transact.ValidHost(u.Host) || len(u.String()) > 512 || strings.ContainsAny(u.String(), " <>\"") {
		return voice.Binding{}, &refusal{code: 400, reason: "Bad Contact"}
	}
	if own, ok := c.Params.Get("expires"); ok {
		if d, ok := parseExpires(own); ok {
			expires, given = d, true
		}
	}
	if !given {
		expires = a.cfg.Limits.MaxExpires
	}
	if expires > 0 && expires < a.cfg.Limits.MinExpires {
		return voice.Binding{}, &refusal{code: 423, reason: "Interval Too Brief",
			headers: []sip.Header{sip.NewHeader("Min-Expires", seconds(a.cfg.Limits.MinExpires))}}
	}
	expires = shorten(in, u, min(expires, a.cfg.Limits.MaxExpires))
	return voice.Binding{
		Tenant: ext.Tenant, Extension: ext.Number, Contact: u.String(),
		Source: in.Source().String(), Transport: in.Transport(),
		CallID: in.Req.CallID().Value(), CSeq: in.Req.CSeq().SeqNo,
		UserAgent: cleanText(header(in.Req, "user-agent")), Expires: now.Add(expires),
	}, nil
}

// tooMany reports whether the changes would leave more contacts than allowed.
func (a *Agent) tooMany(have, put []voice.Binding, remove []string) bool {
	left := map[string]bool{}
	for _, b := range have {
		left[b.Contact] = true
	}
	for _, c := range remove {
		delete(left, c)
	}
	for _, b := range put {
		left[b.Contact] = true
	}
	return len(put) > 0 && len(left) > a.cfg.Limits.Contacts
}

// parseExpires reads seconds; too large a number is as long as can be.
func parseExpires(s string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}
