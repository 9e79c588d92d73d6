package sipua

import (
	"context"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// Incoming is a call that a peer makes to us. Until Answer it may ring, play
// early media and be refused; afterwards it is its Dialog.
type Incoming struct {
	*Dialog
	in       *transact.Inbound
	offered  *offer.Session
	provable bool   // the peer takes reliable provisional responses
	mustRel  bool   // and demands them
	key      string // in Agent.merged
	replaces *Replaces
	at       time.Time

	// Guarded by Dialog.mu.
	final  bool // a final response was decided
	rseq   uint32
	rel    *acceptance // reliable provisional that waits for its PRACK
	relSDP bool
	queued *sip.Response // provisional that waits for that PRACK
	answer []byte        // answer that waits for that PRACK
}

// RequestURI gives the user and host parts of what was dialled.
func (i *Incoming) RequestURI() (user, host string) {
	u := i.in.Req.Recipient
	if u.Scheme == "tel" {
		return u.Raw(), ""
	}
	return u.User, u.Host
}

// To gives the user part of the To header, which trunks that register may use
// for the number dialled.
func (i *Incoming) To() string { return i.in.Req.To().Address.User }

// From gives the caller's user part and display name, as claimed; the user part
// of an extension is verified.
func (i *Incoming) From() (user, name string) {
	f := i.in.Req.From()
	return f.Address.User, cleanText(f.DisplayName)
}

// FromHost gives the host part of the From address, as claimed.
func (i *Incoming) FromHost() string { return i.in.Req.From().Address.Host }

// Received gives the time at which the INVITE arrived.
func (i *Incoming) Received() time.Time { return i.at }

// Source gives the address that the INVITE came from.
func (i *Incoming) Source() netip.AddrPort { return i.in.Source() }

// Transport gives "udp", "tcp", "tls", "ws" or "wss".
func (i *Incoming) Transport() string { return i.in.Transport() }

// Header gives the first value of a header, "" when there is none. What it
// says is the peer's claim; trust P-Asserted-Identity and the like only from
// trunks.
func (i *Incoming) Header(name string) string { return header(i.in.Req, name) }

// MaxForwards gives the hops that are left for calls made on behalf of this one.
func (i *Incoming) MaxForwards() int {
	if h := i.in.Req.MaxForwards(); h != nil {
		return int(h.Val())
	}
	return 70
}

// Offer gives the peer's offer, nil when it wants us to offer; then Answer
// takes our offer and Remote gives its answer once Up is closed.
func (i *Incoming) Offer() *offer.Session { return i.offered }

// invited takes an INVITE that begins a call.
func (a *Agent) invited(in *transact.Inbound) {
	req := in.Req
	if f := req.MaxForwards(); f != nil && f.Val() == 0 {
		a.reply(in, 483, "Too Many Hops")
		return
	}
	replaces, ok := replacesOf(req)
	switch {
	case !ok:
		a.reply(in, 400, "Bad Replaces")
		return
	case replaces != nil && a.cfg.TakesOver == nil:
		a.reply(in, 481, "Call/Transaction Does Not Exist")
		return
	}
	if code, reason, hdr := checkInvite(req); code != 0 {
		a.reply(in, code, reason, hdr...)
		return
	}
	if a.busy() {
		a.reply(in, 503, "Service Unavailable", sip.NewHeader("Retry-After", "10"))
		return
	}
	body, code, reason := sdpBody(req)
	if code != 0 {
		a.reply(in, code, reason, sip.NewHeader("Accept", "application/sdp, multipart/mixed"))
		return
	}
	inc := a.incoming(in)
	inc.replaces = replaces
	if err := a.admit(inc); err != 0 {
		a.refuseUnseen(in, err)
		return
	}
	if err := in.Begin(); err != nil {
		a.dropIncoming(inc)
		a.refuseUnseen(in, 503)
		return
	}
	inc.note(Message{At: inc.at, In: true, Method: "INVITE", CSeq: req.CSeq().SeqNo, Peer: in.Source(), Local: in.Local(), Transport: in.Transport(), Raw: in.Raw()})
	a.reply(in, 100, "Trying")
	if !a.spawn(func() { a.serve(inc, body) }) {
		a.dropIncoming(inc)
		return
	}
	if a.cfg.Admission != nil {
		a.cfg.Admission.Arrived()
	}
}

func (a *Agent) refuseUnseen(in *transact.Inbound, code int) {
	if code == 482 {
		a.reply(in, 482, "Loop Detected")
		return
	}
	a.reply(in, 503, "Service Unavailable", sip.NewHeader("Retry-After", "10"))
}

// incoming makes the call with its dialog, RFC 3261 §12.1.1.
func (a *Agent) incoming(in *transact.Inbound) *Incoming {
	req := in.Req
	d := newDialog(a, req.CallID().Value(), in.Tag())
	d.remoteTag, _ = req.From().Params.Get("tag")
	d.remoteSeq = req.CSeq().SeqNo
	d.local = sip.FromHeader{Address: *req.To().Address.Clone()}
	d.local.Params.Add("tag", d.localTag)
	d.remote = req.From().AsTo()
	d.target = *req.From().Address.Clone() // RFC 2543 peers send no Contact
	if c := req.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	for _, h := range req.GetHeaders("record-route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	d.dest = transact.Dest{Transport: in.Transport(), Addr: in.Source()}
	d.pinned = true
	d.allow = header(req, "allow")
	inc := &Incoming{Dialog: d, in: in, key: mergeKey(req), at: time.Now()}
	inc.mustRel = hasToken(req, "100rel", "require")
	inc.provable = supports(req, "100rel")
	d.inc = inc
	return inc
}

// admit enters the call; the code refuses it.
func (a *Agent) admit(inc *Incoming) int {
	a.mu.Lock()
	_, twice := a.merged[inc.key]
	if !twice {
		a.merged[inc.key] = inc
	}
	a.mu.Unlock()
	if twice {
		return 482
	}
	if !a.enter(inc.Dialog) {
		a.unmerge(inc)
		return 503
	}
	return 0
}

func (a *Agent) unmerge(inc *Incoming) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.merged[inc.key] == inc {
		delete(a.merged, inc.key)
	}
}

func (a *Agent) dropIncoming(inc *Incoming) {
	a.unmerge(inc)
	inc.finish(voice.EndStopping, voice.CauseShutdown, "the server is stopping")
	a.leave(inc.Dialog)
}

// identifyTimeout bounds the look-ups before a call reaches its Handler.
const identifyTimeout = 5 * time.Second

// serve lets a call in and runs the Handler. What is done before is in a function
// of its own, because a call's stack holds as long as the call what this one does.
func (a *Agent) serve(inc *Incoming, body []byte) {
	defer a.unmerge(inc)
	if a.letIn(inc, body) {
		a.handle(inc)
	}
}

// letIn finds out who calls and reads the offer; false when the call was refused.
func (a *Agent) letIn(inc *Incoming, body []byte) bool {
	if a.cfg.Admission != nil {
		a.cfg.Admission.TookUp(time.Since(inc.in.Arrived()))
	}
	ctx, cancel := context.WithTimeout(a.ctx, identifyTimeout)
	peer, ref := a.identify(ctx, inc.in)
	cancel()
	if ref != nil {
		inc.refuse(ref.code, ref.reason, voice.EndForbidden, CauseOf(ref.code), ref.reason, ref.headers...)
		return false
	}
	inc.peer = peer
	inc.mu.Lock()
	// A trunk may be a proxy whose later requests come from elsewhere.
	inc.pinned = peer.Kind != PeerTrunk
	inc.mu.Unlock()
	if inc.replaces != nil {
		if code, reason := a.takeover(inc); code != 0 {
			inc.refuse(code, reason, voice.EndForbidden, CauseOf(code), "it asked to take the place of another call and may not")
			return false
		}
	}
	if len(body) > 0 {
		s, err := offer.Parse(body)
		if err != nil {
			inc.refuse(400, "Bad Session Description", voice.EndNoMedia, voice.CauseMedia, err.Error())
			return false
		}
		if err := s.Usable(inc.Secure()); err != nil {
			inc.refuse(488, "Not Acceptable Here", voice.EndNoMedia, voice.CauseMedia, err.Error(), sip.NewHeader("Warning", `305 tandem "Incompatible media format"`))
			return false
		}
		inc.offered = s
		inc.mu.Lock()
		inc.remoteSDP = s
		inc.mu.Unlock()
	}
	if a.cfg.Handler == nil {
		inc.refuse(404, "Not Found", voice.EndUnknownNumber, voice.CauseNotFound, "no handler")
		return false
	}
	return inc.session()
}

// handle runs the Handler; a panic in it ends this call only.
func (a *Agent) handle(inc *Incoming) {
	defer func() {
		words := "the handler returned without an answer"
		if r := recover(); r != nil {
			a.log.Error("panic in a call's handler", "call", inc.ID(), "panic", r, "stack", string(debug.Stack()))
			words = "internal error"
		}
		inc.HangupFor(voice.EndFault, voice.CauseFailed, words)
	}()
	a.cfg.Handler(inc)
	inc.mu.Lock()
	up := inc.state == stateUp
	inc.mu.Unlock()
	if up {
		inc.HangupFor(voice.EndFlowOver, voice.CauseNormal, "the call's program is over")
	}
}

// Reject refuses the call with a final status of 300 to 699 that fits.
func (i *Incoming) Reject(status int, reason string) error {
	if status < 300 || status > 699 {
		return voice.Errorf("sipua.Reject", voice.Invalid, "status %d is not between 300 and 699", status)
	}
	if !i.refuse(status, reason, "", CauseOf(status), fmt.Sprintf("refused with %d %s", status, reason)) {
		return voice.Errorf("sipua.Reject", voice.Conflict, "the call is already answered or over")
	}
	return nil
}

// refuse sends a final refusal once.
func (i *Incoming) refuse(status int, reason string, why voice.EndReason, cause voice.Cause, words string, headers ...sip.Header) bool {
	i.mu.Lock()
	if i.final && i.answer == nil || i.state == stateEnded {
		i.mu.Unlock()
		return false
	}
	i.final = true
	rel := i.rel
	i.rel, i.queued, i.answer = nil, nil, nil
	i.finishLocked(why, cause, words)
	i.mu.Unlock()
	if rel != nil {
		rel.stop()
	}
	i.a.reply(i.in, status, cleanText(reason), headers...)
	i.a.leave(i.Dialog)
	return true
}

// withdrawn takes the caller's CANCEL.
func (i *Incoming) withdrawn(cancel *sip.Request) {
	cause := causeFrom(cancel, voice.CauseCancelled)
	i.refuse(487, "Request Terminated", voice.EndCallerGaveUp, cause, "the caller gave up")
}

// Ring sends 180. It does nothing once the call is answered or over.
func (i *Incoming) Ring() error { return i.provisional(180, "Ringing", nil) }

// EarlyMedia sends 183 with our description, which answers the peer's offer,
// reliably where the peer supports it (RFC 3262).
func (i *Incoming) EarlyMedia(sdp []byte) error {
	if i.offered == nil {
		return voice.Errorf("sipua.EarlyMedia", voice.Conflict, "the caller made no offer")
	}
	return i.provisional(183, "Session Progress", sdp)
}

// Answer sends 200 with our description and returns at once; Up is closed when
// the peer's ACK has come. A description already sent by EarlyMedia should be
// given again unchanged. Error kind HungUp when the caller has left, Conflict
// when the call was answered before.
func (i *Incoming) Answer(sdp []byte) error {
	i.mu.Lock()
	switch {
	case i.state == stateEnded:
		i.mu.Unlock()
		return voice.Errorf("sipua.Answer", voice.HungUp, "the caller has left")
	case i.final:
		i.mu.Unlock()
		return voice.Errorf("sipua.Answer", voice.Conflict, "the call is already answered")
	}
	i.final = true
	if i.rel != nil && i.relSDP {
		i.answer = append([]byte{}, sdp...) // RFC 3262 §3: the 2xx waits for the PRACK
		i.mu.Unlock()
		return nil
	}
	i.acceptLocked(sdp)
	return nil
}

// acceptLocked sends the 2xx; it unlocks the dialog.
func (i *Incoming) acceptLocked(sdp []byte) {
	i.state, i.localSDP = stateUp, sdp
	rel := i.rel
	i.rel, i.queued = nil, nil
	res := i.okLocked(i.in, sdp)
	i.timer.decorate(res)
	acc := i.newAcceptance(i.in, res, true)
	i.acc = acc
	i.timer.start(i.Dialog)
	i.mu.Unlock()
	if rel != nil {
		rel.stop()
	}
	acc.start()
}

// okLocked makes a 200 with our Contact, and our description when there is one.
func (d *Dialog) okLocked(in *transact.Inbound, sdp []byte) *sip.Response {
	res := in.Response(200, "OK")
	d.a.stamp(res)
	res.AppendHeader(d.contactLocked())
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Supported", supported))
	setSDP(res, sdp)
	return res
}

func setSDP(m sip.Message, sdp []byte) {
	if len(sdp) > 0 {
		m.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		m.SetBody(sdp)
	}
}
