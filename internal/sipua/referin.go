package sipua

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

const (
	maxReferTo    = 2048        // bytes of a Refer-To, Referred-By or Replaces
	maxReferUser  = 256         // bytes of its user part, or of the URI in Referred-By
	resultTimeout = time.Second // that Result waits for the peer
)

// ReferOrder is a REFER that the peer of a dialog sent (RFC 3515): its wish to
// have the other party of the call call someone else. Exactly one of Decline
// and Accept is called, by any goroutine; after Accept comes one Result. What
// is not decided within 16 s is declined; a Result that does not come within
// Limits.Refer ends the transferor's subscription without one. The dialog takes
// no other REFER until the Result.
type ReferOrder struct {
	// User and Host are those of the SIP URI in Refer-To; the user part is
	// escaped as it came, as in Incoming.RequestURI, and may be empty.
	User, Host string
	Replaces   *Replaces // whom the call is to take the place of; nil = a blind transfer
	By         string    // URI in Referred-By (RFC 3892), a claim; "" = none

	d     *Dialog
	in    *transact.Inbound
	id    string // of the subscription in Event; "" = the dialog's first
	quiet bool   // the peer wants no NOTIFY (RFC 4488)

	decided chan struct{} // closed by Accept or Decline
	result  chan frag     // in: the final one
	told    chan struct{} // closed when the peer has answered the final NOTIFY, or never will

	mu       sync.Mutex
	accepted bool
	closed   bool // decided
	resulted bool
	lost     bool      // the peer has no subscription any more
	until    time.Time // the subscription ends
}

// frag is a status line for a message/sipfrag (RFC 3420).
type frag struct {
	status int
	reason string
}

func (f frag) body() []byte { return fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", f.status, f.reason) }

// OnRefer sets what is told of each transfer that the peer asks for. f runs in
// a goroutine of the stack and should not block. Without one every REFER is
// declined with 603.
func (d *Dialog) OnRefer(f func(*ReferOrder)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onRefer = f
}

// Decline refuses the transfer with a status of 300 to 699; another is sent as
// 603. It does nothing once the order is decided.
func (o *ReferOrder) Decline(status int, reason string) {
	if !o.decide(false) {
		return
	}
	if status < 300 || status > 699 {
		status, reason = 603, "Decline"
	}
	o.d.referOver(o) // the peer may ask again at once
	o.d.a.reply(o.in, status, cleanText(reason))
	close(o.decided)
}

// Accept tells the transferor that its wish is being seen to: 202, then NOTIFY
// with 100 Trying. It does nothing once the order is decided.
func (o *ReferOrder) Accept() {
	if !o.decide(true) {
		return
	}
	o.d.mu.Lock()
	contact := o.d.contactLocked()
	o.d.mu.Unlock()
	headers := []sip.Header{contact}
	if o.quiet {
		headers = append(headers, sip.NewHeader("Refer-Sub", "false"))
	}
	o.d.a.reply(o.in, 202, "Accepted", headers...)
	close(o.decided)
}

func (o *ReferOrder) decide(accept bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.closed, o.accepted = true, accept
	return true
}

// Result tells the transferor what came of the call that it wished: a final
// status of 200 to 699; another is sent as 500. It waits for the answer 1 s at
// most, so that BYE may follow. Only the first after Accept counts.
func (o *ReferOrder) Result(status int, reason string) {
	o.mu.Lock()
	first := o.accepted && !o.resulted
	o.resulted = o.resulted || first
	o.mu.Unlock()
	if !first {
		return
	}
	if status < 200 || status > 699 {
		status, reason = 500, "Server Internal Error"
	}
	o.result <- frag{status, cleanText(reason)}
	timer := time.NewTimer(resultTimeout)
	defer timer.Stop()
	select {
	case <-o.told:
	case <-timer.C:
	}
}

// referred takes a REFER.
func (d *Dialog) referred(in *transact.Inbound) {
	o, code, reason := d.orderOf(in)
	if code != 0 {
		d.a.reply(in, code, reason)
		return
	}
	d.mu.Lock()
	f := d.onRefer
	switch {
	case f == nil || d.state != stateUp:
		d.mu.Unlock()
		d.a.reply(in, 603, "Decline")
		return
	case d.order != nil || d.sentRefer != nil:
		d.mu.Unlock()
		d.a.reply(in, 491, "Request Pending")
		return
	}
	if d.referredBefore { // RFC 3515 §2.4.6
		o.id = strconv.FormatUint(uint64(in.Req.CSeq().SeqNo), 10)
	}
	d.order, d.referredBefore = o, true
	d.mu.Unlock()
	if !d.a.spawn(o.follow) || !d.a.spawn(func() { f(o) }) {
		o.Decline(503, "Service Unavailable")
	}
}

// orderOf reads a REFER; a code refuses it.
func (d *Dialog) orderOf(in *transact.Inbound) (o *ReferOrder, code int, reason string) {
	req := in.Req
	to := values(req, "refer-to", "r")
	by := values(req, "referred-by", "b")
	if len(to) != 1 {
		return nil, 400, "One Refer-To Is Needed"
	}
	u, headers, ok := parseTarget(to[0])
	if !ok {
		return nil, 400, "Bad Refer-To"
	}
	o = &ReferOrder{
		User: u.User, Host: u.Host, d: d, in: in,
		quiet:   strings.EqualFold(strings.TrimSpace(header(req, "refer-sub")), "false"),
		decided: make(chan struct{}), result: make(chan frag, 1), told: make(chan struct{}),
		until: time.Now().Add(d.a.cfg.Limits.Refer),
	}
	for _, kv := range u.UriParams {
		if strings.EqualFold(kv.K, "method") && !strings.EqualFold(kv.V, string(sip.INVITE)) {
			return nil, 403, "Only INVITE Is Sent For A REFER"
		}
	}
	if o.Replaces, ok = escapedReplaces(headers); !ok {
		return nil, 400, "Bad Replaces In Refer-To"
	}
	if len(by) > 0 {
		uri, ok := addressOf(strings.TrimSpace(by[0]))
		if !ok || len(by) > 1 || uri == "" || len(uri) > maxReferUser {
			return nil, 400, "Bad Referred-By"
		}
		o.By = cleanText(uri)
	}
	return o, 0, ""
}

// values gives the values of all headers of the names.
func values(req *sip.Request, names ...string) []string {
	var out []string
	for _, name := range names {
		for _, h := range req.GetHeaders(name) {
			out = append(out, h.Value())
		}
	}
	return out
}

// parseTarget reads an address of one SIP URI, with or without a name and
// brackets, and gives the headers in the URI apart (RFC 3261 §19.1.1).
func parseTarget(value string) (u sip.Uri, headers string, ok bool) {
	text, ok := addressOf(strings.TrimSpace(value))
	if !ok || len(value) > maxReferTo || strings.ContainsAny(text, " \t<>\"\\") {
		return u, "", false
	}
	user, rest, found := strings.Cut(text, "@")
	if !found {
		user, rest = "", text
	}
	base, headers, _ := strings.Cut(rest, "?")
	if found {
		base = user + "@" + base
	}
	if err := sip.ParseUri(base, &u); err != nil || u.Scheme != "sip" || !transact.ValidHost(u.Host) ||
		u.Port < 0 || u.Port > 65535 || len(u.User) > maxReferUser {
		return u, "", false
	}
	if _, err := url.PathUnescape(base); err != nil {
		return u, "", false
	}
	return u, headers, true
}

// addressOf gives the URI of a name-addr or addr-spec.
func addressOf(s string) (string, bool) {
	if strings.HasPrefix(s, `"`) {
		i := 1
		for i < len(s) && s[i] != '"' {
			if s[i] == '\\' {
				i++
			}
			i++
		}
		if i >= len(s) {
			return "", false
		}
		s = strings.TrimSpace(s[i+1:])
		if !strings.HasPrefix(s, "<") {
			return "", false
		}
	}
	_, after, bracket := strings.Cut(s, "<")
	if !bracket {
		uri, _, _ := strings.Cut(s, ";") // what follows are parameters of the header
		return strings.TrimSpace(uri), !strings.Contains(uri, ",")
	}
	uri, rest, closed := strings.Cut(after, ">")
	rest = strings.TrimSpace(rest)
	return uri, closed && (rest == "" || rest[0] == ';') && !strings.Contains(rest, "<")
}

// escapedReplaces reads the Replaces among the headers in a URI, nil when there
// is none. Other headers have no meaning here.
func escapedReplaces(headers string) (r *Replaces, ok bool) {
	if headers == "" {
		return nil, true
	}
	for h := range strings.SplitSeq(headers, "&") {
		name, value, _ := strings.Cut(h, "=")
		name, err := url.PathUnescape(name)
		if err != nil {
			return nil, false
		}
		if !strings.EqualFold(name, "Replaces") {
			continue
		}
		value, err = url.PathUnescape(value)
		if err != nil || r != nil {
			return nil, false
		}
		if r, ok = parseReplaces(value); !ok {
			return nil, false
		}
	}
	return r, true
}
