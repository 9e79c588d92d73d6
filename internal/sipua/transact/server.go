package transact

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/certs"
)

// Inbound is a request that arrived. Until Begin it is answered without state;
// after Begin its transaction absorbs retransmissions and repeats the answer.
type Inbound struct {
	Req *sip.Request

	l        *Layer
	flow     flow
	source   netip.AddrPort
	size     int // bytes of the request
	raw      []byte
	at       time.Time
	key      string
	tag      func() string
	tx       atomic.Pointer[sip.ServerTx]
	accepted atomic.Bool // a 2xx was sent
}

// Source gives the address that the request came from.
func (in *Inbound) Source() netip.AddrPort { return in.source }

// Raw gives the request as it came, until Config.Request returns; nil afterwards.
func (in *Inbound) Raw() []byte { return in.raw }

// Local gives our end of the way that it came by, as Seen.Local.
func (in *Inbound) Local() netip.AddrPort { return localOf(in.flow) }

// Arrived gives the time at which the request reached this machine, as far as the
// kernel tells, else when it was read.
func (in *Inbound) Arrived() time.Time { return in.at }

// Transport gives the transport, as Dest.Transport.
func (in *Inbound) Transport() string { return in.flow.network() }

// Proves checks that the peer, which connected to us by TLS, showed a certificate of
// name that leads to roots; nil = the system's.
func (in *Inbound) Proves(name string, roots *x509.CertPool) error {
	t, ok := in.flow.(*stream)
	if !ok || t.key.Transport != "tls" {
		return errors.New("it came without TLS")
	}
	if t.key.Name != "" { // we connected, and have checked it
		if !certs.SameName(t.key.Name, name) {
			return errors.New("the connection is that of " + t.key.Name)
		}
		return nil
	}
	return certs.Proves(t.shown, name, roots, certs.Calls)
}

// Tag gives the tag we put in To: always the same for the same request, so
// that answers without state agree (RFC 3261 §8.2.7).
func (in *Inbound) Tag() string { return in.tag() }

// makeTag gives what Tag gives.
func (in *Inbound) makeTag() string {
	sum := sha256.Sum256([]byte(in.l.name + in.Req.CallID().Value() + serverKey(in.Req)))
	return hex.EncodeToString(sum[:10])
}

// Begin enters the server transaction. It fails when the table is full or the
// layer closed; then answer with Reply.
func (in *Inbound) Begin() error {
	tx := sip.NewServerTx(in.key, in.Req, in.flow, in.l.cfg.Logger)
	in.l.mu.Lock()
	switch {
	case in.l.closed:
		in.l.mu.Unlock()
		return fmt.Errorf("begin transaction: %w", ErrClosed)
	case len(in.l.servers) >= in.l.cfg.Limits.Transactions:
		in.l.mu.Unlock()
		in.l.overflow.Add(1)
		return fmt.Errorf("begin transaction: %w", ErrFull)
	}
	in.tx.Store(tx)
	in.l.servers[in.key] = in
	in.l.mu.Unlock()
	if err := tx.Init(); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if !tx.OnTerminate(func(key string, _ error) { in.l.forget(key, in) }) {
		in.l.forget(in.key, in)
	}
	return nil
}

func (l *Layer) forget(key string, in *Inbound) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.servers[key] == in {
		delete(l.servers, key)
	}
}

// Response makes a response with our tag; the caller may add headers.
func (in *Inbound) Response(code int, reason string) *sip.Response {
	to := in.Req.To()
	res := sip.NewResponseFromRequest(in.Req, code, reason, nil)
	res.SipVersion = "SIP/2.0" // not the peer's
	if code > 100 && to != nil && !to.Params.Has("tag") && in.Req.CallID() != nil && in.Req.From() != nil && in.Req.CSeq() != nil {
		res.To().Params.Add("tag", in.Tag())
	}
	return res
}

// Reply sends a response made of code, reason and headers.
func (in *Inbound) Reply(code int, reason string, headers ...sip.Header) error {
	res := in.Response(code, reason)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	return in.Send(res)
}

// Send sends a response, through the transaction if it began.
//
// Over UDP anyone can give another's address as his own, so what a source that
// is not exempt from limits is refused with is not used to flood that address:
// a challenge is sent once and leaves no transaction, another refusal is repeated
// once, and an answer without a transaction is at most one and a half times as
// long as the request.
func (in *Inbound) Send(res *sip.Response) error {
	first := true
	if res.IsSuccess() && in.Req.IsInvite() {
		first = !in.accepted.Swap(true)
	}
	tx := in.tx.Load()
	if tx != nil && !first { // the transaction has done its part
		return in.flow.WriteMsg(res)
	}
	doubted := in.flow.network() == "udp" && !in.l.exempt(in.source.Addr())
	if doubted && tx != nil && (res.StatusCode == 401 || res.StatusCode == 407) {
		tx.Terminate()
		tx = nil
	}
	if tx == nil {
		if doubted && !in.shorten(res) {
			in.l.limited.Add(1)
			return fmt.Errorf("respond %d: %w", res.StatusCode, ErrTooLong)
		}
		return in.flow.WriteMsg(res)
	}
	err := tx.Respond(res)
	switch {
	case err != nil && res.IsSuccess() && in.Req.IsInvite() && first:
		// sipgo starts the timer that ends the transaction only when it was sent.
		time.AfterFunc(sip.Timer_L, tx.Terminate)
	case doubted && res.StatusCode >= 300:
		time.AfterFunc(2*sip.T1, tx.Terminate)
	case err == nil:
		in.rest(tx, res)
	}
	if err != nil {
		return fmt.Errorf("respond %d: %w", res.StatusCode, err)
	}
	return nil
}

// shorten takes out of a response what it can do without, until it is no longer
// than one and a half times the request; false when it can't be.
func (in *Inbound) shorten(res *sip.Response) bool {
	fits := func() bool { return len(res.String()) <= in.size*3/2 }
	for _, name := range []string{"Server", "Supported", "Accept", "Allow"} {
		if fits() {
			return true
		}
		res.RemoveHeader(name)
	}
	if list := res.GetHeaders("WWW-Authenticate"); !fits() && len(list) > 1 {
		// The strongest stays: who knows the other alone sends longer requests.
		for range list {
			res.RemoveHeader("WWW-Authenticate")
		}
		res.AppendHeader(list[0])
	}
	return fits()
}
