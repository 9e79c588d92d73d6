package sipua

import (
	"bytes"
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/offer"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// dialogState is where a dialog stands.
type dialogState int

const (
	stateEarly dialogState = iota // before the 2xx
	stateUp                       // 2xx sent or received
	stateEnded                    // Done is closed; a BYE may still be on its way
)

// maxEarlyLog bounds the messages kept until OnMessage is set.
const maxEarlyLog = 64

// Digit is a key that came by INFO.
type Digit struct {
	Key      byte          // 0-9 * # A-D
	Duration time.Duration // as the peer says; 0 = it does not
}

// Dialog is one SIP dialog of a call, begun by either side (RFC 3261 §12).
type Dialog struct {
	a        *Agent
	callID   string
	localTag string
	peer     Peer
	inc      *Incoming // set on dialogs that the peer began
	done     chan struct{}
	up       chan struct{} // closed by the ACK of our 2xx, or when ours was sent
	digits   chan Digit

	mu        sync.Mutex
	state     dialogState
	reason    voice.EndReason // that the dialog itself knows; set with cause
	cause     voice.Cause
	words     string
	remoteTag string
	local     sip.FromHeader
	remote    sip.ToHeader
	target    sip.Uri
	routes    []sip.Uri
	dest      transact.Dest
	pinned    bool // dest is where the peer's requests come from, whatever Contact says
	localSeq  uint32
	remoteSeq uint32
	creds     *credentials
	remoteSDP *offer.Session
	localSDP  []byte
	agreed    bool   // an early offer has its answer for sure, so UPDATE may bring another (RFC 3311 §5.1)
	allow     string // what the peer's Allow headers list
	reoffer   func(*offer.Session) ([]byte, error)
	onRefer   func(*ReferOrder)
	order     *ReferOrder // a REFER of the peer that is open
	sentRefer *referral   // a REFER of ours that is open
	onAnswer  func(*offer.Session)
	inviting  bool          // an INVITE of ours is open within the dialog
	answering bool          // an INVITE or UPDATE of the peer is being answered
	acc       *acceptance   // our 2xx that waits for its ACK
	byeWhenUp bool          // hung up before the ACK came: BYE follows it
	wake      chan struct{} // closed when an open offer is settled
	timer     sessionTimer
	log       []Message
	onMessage func(Message)

	referredBefore bool // the peer has sent a REFER that we looked at
}

func newDialog(a *Agent, callID, localTag string) *Dialog {
	return &Dialog{
		a: a, callID: callID, localTag: localTag,
		done: make(chan struct{}), up: make(chan struct{}), digits: make(chan Digit, 16),
		localSeq: rand.Uint32N(1<<15) + 1,
	}
}

// ID gives the Call-ID.
func (d *Dialog) ID() string { return d.callID }

// Peer tells who is at the other end.
func (d *Dialog) Peer() Peer { return d.peer }

// Done is closed when the dialog is over for its owner.
func (d *Dialog) Done() <-chan struct{} { return d.done }

// Up is closed when the call is established: by the ACK of our 200, or by the
// peer's 2xx.
func (d *Dialog) Up() <-chan struct{} { return d.up }

// Digits gives the keys that come by INFO. It is never closed.
func (d *Dialog) Digits() <-chan Digit { return d.digits }

// Reason says what ended the dialog, where the dialog itself knows it; "" when its
// owner ended it, or while it is not over.
func (d *Dialog) Reason() voice.EndReason {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reason
}

// Cause says why the dialog is over, with words for people; "" while it is not.
func (d *Dialog) Cause() (voice.Cause, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cause, d.words
}

// Remote gives the peer's last session description, nil when it sent none.
func (d *Dialog) Remote() *offer.Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.remoteSDP
}

// OnReoffer sets what answers a new offer of the peer within the call: hold,
// resume, a new address. It gives our answer; an error is sent as 488. It is
// called with nil when the peer asks us for an offer. Without it our last
// description is repeated.
func (d *Dialog) OnReoffer(f func(*offer.Session) (answer []byte, err error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reoffer = f
}

// OnAnswer sets what is told of an answer that no call of the owner waits for:
// to the offer that OnReoffer made when it was given nil, or to a refresh of
// the session timer. The media may have moved.
func (d *Dialog) OnAnswer(f func(*offer.Session)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onAnswer = f
}

// tellAnswer tells OnAnswer's function in a goroutine of its own.
func (d *Dialog) tellAnswer(s *offer.Session) {
	d.mu.Lock()
	f := d.onAnswer
	d.mu.Unlock()
	if f != nil && s != nil {
		d.a.spawn(func() { f(s) })
	}
}

// OnMessage sets what sees the dialog's messages; those that passed before
// (64 at most) are handed on first. f must not block nor call the dialog; it is
// called from several goroutines, and Message.At tells the order.
func (d *Dialog) OnMessage(f func(Message)) {
	d.mu.Lock()
	early := d.log
	d.log, d.onMessage = nil, f
	d.mu.Unlock()
	for _, m := range early {
		f(m)
	}
}

func (d *Dialog) note(m Message) {
	d.mu.Lock()
	f := d.onMessage
	if f == nil && len(d.log) < maxEarlyLog {
		m.Raw = bytes.Clone(m.Raw)
		d.log = append(d.log, m)
	}
	d.mu.Unlock()
	if f != nil {
		f(m)
	}
}

// concerns tells two dialogs of one Call-ID apart, as when we call ourselves:
// a message is a dialog's when our tag is in it on either side.
func (d *Dialog) concerns(m sip.Message) bool {
	if m.From() == nil || m.To() == nil {
		return false // our refusal of a broken request
	}
	from, _ := m.From().Params.Get("tag")
	to, _ := m.To().Params.Get("tag")
	if from == d.localTag || to == d.localTag {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return to == "" && from == d.remoteTag
}

// finish marks the dialog over and tells its owner; false when it was already.
func (d *Dialog) finish(why voice.EndReason, cause voice.Cause, words string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.finishLocked(why, cause, words)
}

func (d *Dialog) finishLocked(why voice.EndReason, cause voice.Cause, words string) bool {
	if d.state == stateEnded {
		return false
	}
	d.state, d.reason, d.cause, d.words = stateEnded, why, cause, words
	d.timer.stop()
	close(d.done)
	return true
}

// settledLocked wakes those who wait for an open offer to be settled.
func (d *Dialog) settledLocked() {
	if d.wake != nil {
		close(d.wake)
		d.wake = nil
	}
}

// abandon ends a dialog without a word to the peer.
func (d *Dialog) abandon() {
	d.mu.Lock()
	acc := d.acc
	d.acc = nil
	d.finishLocked(voice.EndStopping, voice.CauseShutdown, "the server stopped")
	d.mu.Unlock()
	if acc != nil {
		acc.stop()
	}
	d.a.leave(d)
}

// Hangup ends the call: with BYE when it is up, with the status that belongs to
// cause when it is an unanswered incoming one. It does not wait for the peer.
func (d *Dialog) Hangup(cause voice.Cause, words string) { d.HangupFor("", cause, words) }

// HangupFor is Hangup for a reason that the dialog's owner does not know.
func (d *Dialog) HangupFor(why voice.EndReason, cause voice.Cause, words string) {
	d.mu.Lock()
	if d.state == stateEnded {
		d.mu.Unlock()
		return
	}
	early, waiting := d.state == stateEarly, d.acc != nil && d.acc.first
	if early {
		d.mu.Unlock()
		d.refuseEarly(why, cause, words)
		return
	}
	d.finishLocked(why, cause, words)
	if waiting {
		// RFC 3261 §15: the called side may not send BYE before the ACK.
		d.byeWhenUp = true
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	d.bye(cause)
}

// refuseEarly ends an unanswered incoming call; an outgoing one ends by its
// Dial's context.
func (d *Dialog) refuseEarly(why voice.EndReason, cause voice.Cause, words string) {
	if d.inc == nil {
		d.finish(why, cause, words)
		d.a.leave(d)
		return
	}
	status, reason := StatusOf(cause)
	d.inc.refuse(status, reason, why, cause, words, reasonHeader(cause))
}

// byeTries is how often BYE is sent to a peer that refuses it by 500.
const byeTries = 2

// bye sends BYE in the background and then forgets the dialog.
func (d *Dialog) bye(cause voice.Cause) {
	sent := d.a.spawn(func() {
		defer d.a.leave(d)
		ctx, cancel := context.WithTimeout(d.a.ctx, 64*sip.T1)
		defer cancel()
		for range byeTries {
			req := d.request(sip.BYE)
			req.AppendHeader(reasonHeader(cause))
			// The call is over whatever the peer answers; but one that saw a later request
			// before this one refuses it (RFC 3261 §12.2.2), and would stay.
			if res, err := d.send(ctx, req); err != nil || res.StatusCode != 500 {
				return
			}
		}
	})
	if !sent {
		d.a.leave(d)
	}
}

// ended takes a BYE or another end that the peer made.
func (d *Dialog) ended(cause voice.Cause, words string) {
	d.mu.Lock()
	acc := d.acc
	d.acc = nil
	d.finishLocked(voice.EndCallerHungUp, cause, words)
	d.mu.Unlock()
	if acc != nil {
		acc.stop()
	}
	d.a.leave(d)
}

// request makes a request within the dialog with the next sequence number.
func (d *Dialog) request(method sip.RequestMethod) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.localSeq++
	return d.requestLocked(method, d.localSeq)
}

// requestLocked makes a request within the dialog (RFC 3261 §12.2.1.1).
func (d *Dialog) requestLocked(method sip.RequestMethod, seq uint32) *sip.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !looseRoute(routes[0]) {
		// A strict router takes the request URI itself.
		uri = routes[0]
		routes = append(append([]sip.Uri{}, routes[1:]...), d.target)
	}
	req := sip.NewRequest(method, uri)
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	forwards := sip.MaxForwardsHeader(70)
	from := d.local
	from.Params = from.Params.Clone()
	to := d.remote
	to.Params = to.Params.Clone()
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&from)
	req.AppendHeader(&to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.AppendHeader(&forwards)
	d.a.stamp(req)
	if carriesContact(method) {
		req.AppendHeader(d.contactLocked())
	}
	return req
}

func carriesContact(m sip.RequestMethod) bool {
	return m == sip.INVITE || m == sip.UPDATE || m == sip.REFER || m == sip.SUBSCRIBE || m == sip.NOTIFY
}

func looseRoute(u sip.Uri) bool { return u.UriParams.Has("lr") }

// contactLocked makes our Contact towards the peer.
func (d *Dialog) contactLocked() *sip.ContactHeader {
	return d.a.contact(d.local.Address.User, d.dest)
}

// addTransport names a transport in a URI. WebSockets have one name there, with TLS
// and without (RFC 7118 §5).
func addTransport(u *sip.Uri, transport string) {
	switch transport {
	case "", "udp":
		return
	case "wss":
		transport = "ws"
	}
	u.UriParams.Add("transport", transport)
}

// contact makes a Contact header of ours for a peer at to.
func (a *Agent) contact(user string, to transact.Dest) *sip.ContactHeader {
	u := sip.Uri{
		Scheme: "sip", User: user,
		Host: strings.Trim(a.wire.Host(to.Addr.Addr()), "[]"), Port: a.wire.Port(to.Transport),
	}
	addTransport(&u, to.Transport)
	return &sip.ContactHeader{Address: u}
}

// send sends a request of the dialog and waits for its final response,
// answering a digest challenge of the trunk that the dialog belongs to.
func (d *Dialog) send(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	for try := 0; ; try++ {
		res, err := d.trip(ctx, req, func(ctx context.Context, req *sip.Request, dest transact.Dest, within time.Duration) (*sip.Response, error) {
			return d.a.roundTripWithin(ctx, req, dest, within)
		})
		if err != nil {
			return nil, err
		}
		d.mu.Lock()
		creds := d.creds
		d.mu.Unlock()
		if !challenged(res) || creds == nil || try >= maxAuthTries-1 {
			return res, nil
		}
		again, err := creds.answer(req, res)
		if err != nil {
			return res, nil // the refusal itself says it
		}
		d.mu.Lock()
		d.localSeq++
		again.CSeq().SeqNo = d.localSeq
		d.mu.Unlock()
		req = again
	}
}
