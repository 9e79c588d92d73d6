package transact

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// rests are transactions over UDP that have nothing more to do than to know their
// request when it comes again: requests that were answered for good, and INVITEs that
// were accepted (RFC 3261 §17.2.2 Completed, RFC 6026 §7.1 Accepted). Of such a one the
// answer is kept by the transaction's key (nil = nothing is said again), and not the
// request, its parts and its timers.
type rests = aged[string, []byte]

const (
	restTimes = 64      // of T1
	restsMax  = 1 << 15 // beyond a thousand requests a second the time is shorter
)

func newRests() *rests { return newAged[string, []byte](restTimes*sip.T1, restsMax) }

// rest ends the transaction of a request over UDP whose last answer was sent, when all
// that is left of it is to know the request again.
func (in *Inbound) rest(tx *sip.ServerTx, res *sip.Response) {
	if in.flow.network() != "udp" || res.IsProvisional() || in.Req.IsInvite() && !res.IsSuccess() {
		return // a refused INVITE waits for its ACK
	}
	var answer []byte
	if !in.Req.IsInvite() {
		answer = sentText(in.flow, res)
	}
	in.l.rests.put(in.key, answer, time.Now())
	tx.Terminate()
}

// sentText gives a message as it was just sent over f.
func sentText(f flow, msg sip.Message) []byte {
	if u, ok := f.(*udpFlow); ok {
		if last := u.last.Load(); last != nil && last.msg == msg && last.text != nil {
			return last.text
		}
	}
	return textOf(msg)
}

// rested takes a request whose transaction rests; false = it has none.
func (l *Layer) rested(req *sip.Request, key string, f flow) bool {
	if f.network() != "udp" || req.IsAck() {
		return false
	}
	answer, ok := l.rests.get(key, time.Now())
	if !ok || req.IsCancel() {
		return ok
	}
	l.repeats.Add(1)
	if answer != nil {
		l.resent.Add(1)
		_ = f.writeRaw(answer) // a peer that can't be reached asks again
	}
	return true
}
