package sipua

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// ErrAnsweredElsewhere, as the cause of a Dial's context, tells the phone that
// another one took the call, so that it lists none as missed (RFC 3326).
var ErrAnsweredElsewhere = errors.New("call completed elsewhere")

// Target is who to call and how to get there. Exactly one of Trunk, Binding
// and URI says where; NextHop overrides the place.
type Target struct {
	Trunk   *voice.Trunk   // through a trunk, with its credentials
	Binding *voice.Binding // a registered phone
	URI     string         // "sip:user@host[:port]"

	User    string // with Trunk: the number to dial
	NextHop string // HOST:PORT to send to instead of the URI's
	// Transport is "udp" or "tcp" for NextHop and URI; "" = as the URI says.
	Transport string
	// Places are where the INVITE may go, in turn, as Locate gave them; nil = they
	// are looked up.
	Places []Place

	From     string // user part of our From; "" = anonymous
	FromName string // display name
	FromHost string // "" = the trunk's host, or ours
	Identity string // number for P-Asserted-Identity; "" = none
	Private  bool   // From is anonymous, and Privacy asks for that (RFC 3323, RFC 3325)
	// Diversions are where the call was sent on from, first called first; they are
	// written as History-Info (RFC 7044) and Diversion (RFC 5806).
	Diversions  []Diversion
	MaxForwards int // hops left; 0 = 70, negative = none
	// Headers are added to the INVITE; one whose name or value would break the
	// message is left out.
	Headers map[string]string

	// Trace sees the dialog's messages from the INVITE on, as by OnMessage. It
	// must not block. May be nil.
	Trace func(Message)

	// Began is told of the dialog before the INVITE goes out. It must not block.
	// May be nil.
	Began func(*Dialog)

	// Silence ends the attempt at a place when not even a provisional response came
	// within it; 0 = wait for the transaction's own end, 32 s. Where there is
	// another place to try, no more than failOver is waited.
	Silence time.Duration

	registering bool // the target is the registrar, so its Service-Route does not count

	// Note is told in words of what Dial does beside ringing: a place that failed,
	// a transport that was changed. It must not block. May be nil.
	Note func(words string)
}

// Progress is a provisional response above 100.
type Progress struct {
	Status  int
	Reason  string
	Session *offer.Session // early media, nil when none
}

// Dial calls a target with our offer and waits for the answer. When ctx ends
// first, the call is cancelled; a 2xx that crosses the CANCEL is hung up. An
// error is a voice.Error around a *Failure. progress may be nil; it is called
// from Dial's goroutine. Redirections are not followed; the Failure tells where to.
func (a *Agent) Dial(ctx context.Context, t Target, sdp []byte, progress func(Progress)) (*Dialog, error) {
	const op = "sipua.Dial"
	if t.MaxForwards < 0 {
		return nil, failed(op, &Failure{Status: 483, Reason: "Too Many Hops", Cause: voice.CauseFailed})
	}
	d, places, err := a.outgoing(ctx, t)
	if err != nil {
		return nil, failed(op, &Failure{Reason: err.Error(), Cause: voice.CauseUnavailable})
	}
	d.localSDP = sdp
	if !a.enter(d) {
		return nil, failed(op, &Failure{Reason: "no more calls are taken", Cause: voice.CauseUnavailable})
	}
	if t.Began != nil {
		t.Began(d)
	}
	x := &dialling{a: a, d: d, t: t, places: places, progress: progress, forks: map[string]*fork{}}
	req := x.invite(sdp)
	for try := 0; ; try++ {
		res, f := x.reach(ctx, &req)
		if f != nil {
			a.leave(d)
			d.finish("", f.Cause, f.Error())
			return nil, failed(op, f)
		}
		if res.IsSuccess() {
			return x.answered(req, res, sdp)
		}
		again := x.again(req, res, try)
		if again == nil {
			f := failureFrom(res)
			f.Rang, f.Progressed = x.rang, x.progressed
			a.leave(d)
			d.finish("", f.Cause, f.Error())
			return nil, failed(op, f)
		}
		req = again
	}
}

func failureFrom(res *sip.Response) *Failure {
	f := &Failure{Status: res.StatusCode, Reason: cleanText(res.Reason), Cause: CauseOf(res.StatusCode)}
	if n, err := strconv.ParseUint(strings.TrimSpace(strings.SplitN(header(res, "retry-after")+";", ";", 2)[0]), 10, 20); err == nil {
		f.RetryAfter = time.Duration(n) * time.Second
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		f.Contacts = redirections(res)
	}
	return f
}

// outgoing makes the dialog of a call that we begin.
func (a *Agent) outgoing(ctx context.Context, t Target) (*Dialog, []Place, error) {
	uri, routes, places, err := a.place(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	dest := destOf(places[0])
	d := newDialog(a, sip.GenerateTagN(24)+"@"+a.hostText(dest), sip.GenerateTagN(20))
	d.target, d.dest, d.routes = uri, dest, routes
	d.onMessage = t.Trace
	// A phone behind its NAT is reached where it registered from.
	// An address that somebody typed is called at the places that were judged.
	d.pinned = t.Binding != nil || t.NextHop != "" || t.URI != "" && len(t.Places) > 0
	host := t.FromHost
	if t.Binding != nil {
		d.peer = Peer{Kind: PeerExtension, Extension: voice.Extension{Tenant: t.Binding.Tenant, Number: t.Binding.Extension}}
	}
	if t.Trunk != nil {
		d.peer = Peer{Kind: PeerTrunk, Trunk: *t.Trunk}
		if t.Trunk.Username != "" {
			d.creds = &credentials{username: t.Trunk.Username, password: t.Trunk.Password}
			if host == "" {
				host, _ = splitHost(t.Trunk.Host)
			}
		}
	}
	if host == "" {
		host = a.hostText(dest)
	}
	user := cleanUser(t.From)
	switch {
	case t.Private: // RFC 3323 §4.1.1.3
		user, host, t.FromName = "anonymous", "anonymous.invalid", "Anonymous"
	case user == "":
		user = "anonymous"
	}
	d.local = sip.FromHeader{DisplayName: cleanText(t.FromName), Address: sip.Uri{Scheme: "sip", User: user, Host: host}}
	d.local.Params.Add("tag", d.localTag)
	to := sip.Uri{Scheme: uri.Scheme, User: uri.User, Host: uri.Host}
	d.remote = sip.ToHeader{Address: to}
	return d, places, nil
}

func (a *Agent) hostText(to transact.Dest) string {
	return strings.Trim(a.wire.Host(to.Addr.Addr()), "[]")
}

// splitHost splits HOST[:PORT]; an IPv6 host with a port has brackets.
func splitHost(s string) (host string, port int) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.Contains(s[:i], ":") && !strings.HasSuffix(s[:i], "]") {
		if strings.Contains(s, ":") && !strings.HasPrefix(s, "[") {
			s = "[" + s + "]"
		}
		return s, 0
	}
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil {
		return s, 0
	}
	return s[:i], int(n)
}

// dialling is one call of ours until its answer.
type dialling struct {
	a          *Agent
	d          *Dialog
	t          Target
	places     []Place // where the INVITE may go
	at         int     // the one that it goes to
	progress   func(Progress)
	forks      map[string]*fork // by To tag
	early      *offer.Session   // last description in a provisional
	rang       bool
	progressed bool
}

// fork is an early dialog of one place that our INVITE reached.
type fork struct {
	target sip.Uri
	routes []sip.Uri
	rseq   uint32
}

// invite makes the INVITE.
func (x *dialling) invite(sdp []byte) *sip.Request {
	d := x.d
	d.mu.Lock()
	defer d.mu.Unlock()
	req := d.requestLocked(sip.INVITE, d.localSeq)
	if x.t.MaxForwards > 0 {
		f := sip.MaxForwardsHeader(min(x.t.MaxForwards, 255))
		req.ReplaceHeader(&f)
	}
	req.AppendHeader(sip.NewHeader("Allow", allowed))
	req.AppendHeader(sip.NewHeader("Supported", supported))
	d.timer.ask(req, x.a.cfg.Limits, false)
	x.identify(req)
	for name, value := range x.t.Headers {
		if !strings.ContainsAny(name, "\r\n: \t\x00") && !strings.ContainsAny(value, "\r\n\x00") {
			req.AppendHeader(sip.NewHeader(name, value))
		}
	}
	setSDP(req, sdp)
	return req
}

// again makes the next INVITE after a refusal that can be answered: a digest
// challenge (at most three tries in all) or a longer session timer.
func (x *dialling) again(req *sip.Request, res *sip.Response, try int) *sip.Request {
	if try >= maxAuthTries-1 {
		return nil
	}
	d := x.d
	var next *sip.Request
	switch {
	case challenged(res) && d.creds != nil:
		n, err := d.creds.answer(req, res)
		if err != nil {
			return nil
		}
		next = n
	case res.StatusCode == 422:
		minSE, _, ok := parseSession(header(res, "min-se"), "")
		if !ok || minSE > 24*time.Hour {
			return nil
		}
		d.mu.Lock()
		d.timer.min = minSE
		d.mu.Unlock()
		next = x.invite(d.localSDP)
	default:
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.localSeq++
	next.CSeq().SeqNo = d.localSeq
	clear(x.forks)
	return next
}

// provisional takes a 1xx.
func (x *dialling) provisional(req *sip.Request, res *sip.Response) {
	if res.StatusCode == 100 {
		return
	}
	x.progressed = true
	x.rang = x.rang || res.StatusCode == 180
	p := Progress{Status: res.StatusCode, Reason: cleanText(res.Reason)}
	if body, _, _ := sdpBody(res); len(body) > 0 {
		if s, err := offer.Parse(body); err == nil {
			p.Session, x.early = s, s
		}
	}
	if tag, ok := res.To().Params.Get("tag"); ok && !x.early1xx(tag, req, res) {
		return
	}
	if x.progress != nil {
		x.progress(p)
	}
}

const maxForks = 32 // early dialogs of one INVITE that are followed

// early1xx notes the early dialog and confirms a reliable provisional; false
// for a repetition.
func (x *dialling) early1xx(tag string, req *sip.Request, res *sip.Response) bool {
	f := x.forks[tag]
	if f == nil {
		if len(x.forks) >= maxForks {
			return false
		}
		f = &fork{}
		x.forks[tag] = f
	}
	if soundContact(res) {
		f.target, f.routes = *res.Contact().Address.Clone(), routeSet(res)
		x.d.adopt(tag, f, res)
	}
	rseq, err := strconv.ParseUint(strings.TrimSpace(header(res, "rseq")), 10, 32)
	if err != nil || !hasToken(res, "100rel", "require") || f.target.Host == "" {
		return true
	}
	if f.rseq != 0 && uint32(rseq) != f.rseq+1 {
		return false
	}
	f.rseq = uint32(rseq)
	x.d.mu.Lock()
	if len(res.Body()) > 0 && x.early != nil {
		x.d.agreed, x.d.remoteSDP = true, x.early
	}
	x.d.localSeq++
	prack := x.d.requestLocked(sip.PRACK, x.d.localSeq)
	x.d.mu.Unlock()
	prack.AppendHeader(sip.NewHeader("RAck", strconv.FormatUint(rseq, 10)+" "+
		strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)+" INVITE"))
	x.a.spawn(func() {
		ctx, cancel := context.WithTimeout(x.a.ctx, 64*sip.T1)
		defer cancel()
		// Without its PRACK the peer ends the call itself.
		_, _ = x.d.send(ctx, prack)
	})
	return true
}

// routeSet gives the route set of a response, in our order (RFC 3261 §12.1.2).
func routeSet(res *sip.Response) []sip.Uri {
	var out []sip.Uri
	for _, h := range res.GetHeaders("record-route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			out = append([]sip.Uri{*rr.Address.Clone()}, out...)
		}
	}
	return out
}

// adopt makes an early or answered fork the dialog's other end.
func (d *Dialog) adopt(tag string, f *fork, res *sip.Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remoteTag, d.target, d.routes = tag, f.target, f.routes
	d.remote.Params = d.remote.Params.Clone()
	d.remote.Params.Add("tag", tag)
	if allow := header(res, "allow"); allow != "" {
		d.allow = allow
	}
}
