package transact

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// flow is a way back to one peer.
type flow interface {
	sip.Connection
	peer() netip.AddrPort
	network() string
	writeRaw([]byte) error
}

// receive takes one whole message.
func (l *Layer) receive(b []byte, f flow) {
	defer func() {
		if r := recover(); r != nil {
			l.panics.Add(1)
			l.cfg.Logger.Error("panic while handling a SIP message", "peer", f.peer(), "panic", r, "stack", string(debug.Stack()))
		}
	}()
	response := bytes.HasPrefix(b, []byte("SIP/"))
	exempt := l.exempt(f.peer().Addr())
	if !response && begins(b) && !exempt && !l.limit.allow(f.peer().Addr(), time.Now()) {
		l.limited.Add(1)
		return
	}
	if !response && len(b) > l.cfg.Limits.MessageSize {
		l.malformed.Add(1)
		replyRaw(b, f, statusFor(tooLarge), tooLarge)
		return
	}
	if reason := headerBytes(b); reason != "" {
		l.malformed.Add(1)
		replyRaw(b, f, 400, reason)
		return
	}
	raw := b
	b = unfold(b)
	if tooManyLines(b) {
		l.malformed.Add(1)
		replyRaw(b, f, 400, "Too Many Headers")
		return
	}
	if response && !exempt && !l.awaited(b, f) || !response && !l.pass(b, f, exempt) {
		return
	}
	msg, err := l.parse(b)
	if err != nil {
		l.malformed.Add(1)
		code, reason := parseStatus(b)
		replyRaw(b, f, code, reason)
		return
	}
	msg.SetTransport(strings.ToUpper(f.network()))
	msg.SetSource(f.peer().String())
	switch m := msg.(type) {
	case *sip.Response:
		l.response(m, raw, f)
	case *sip.Request:
		l.request(m, raw, f, len(b))
	}
}

// tooManyLines spares the parser a section that the checks would refuse for its
// number of headers, which are more than its lines.
func tooManyLines(b []byte) bool {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	return end >= 0 && bytes.Count(b[:end], []byte("\n")) > maxHeaders
}

// parse reads one message whose lines are whole.
func (l *Layer) parse(b []byte) (sip.Message, error) {
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	if _, rest, ok := bytes.Cut(line, []byte(" ")); ok && !bytes.HasPrefix(line, []byte("SIP/")) {
		if uri, _, ok := bytes.Cut(rest, []byte(" ")); !ok || !soundURI(string(uri)) {
			return nil, errAddress
		}
	}
	return l.parser.ParseSIP(b)
}

// parseStatus tells a URI scheme that is not spoken here from plain nonsense.
func parseStatus(b []byte) (int, string) {
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	f := bytes.Split(line, []byte(" "))
	if len(f) != 3 || !bytes.Equal(f[2], []byte("SIP/2.0")) {
		return 400, "Bad Request"
	}
	scheme, _, ok := bytes.Cut(f[1], []byte(":"))
	if ok && isScheme(scheme) && !bytes.EqualFold(scheme, []byte("sip")) && !bytes.EqualFold(scheme, []byte("sips")) {
		return 416, "Unsupported URI Scheme"
	}
	return 400, "Bad Request"
}

// isScheme reports whether s is a URI scheme by RFC 3986 §3.1.
func isScheme(s []byte) bool {
	for i, c := range s {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return len(s) > 0
}

// begins reports whether the request is of a kind that starts something, the
// only ones that count against a source's rate.
func begins(b []byte) bool {
	method, _, _ := bytes.Cut(b, []byte(" "))
	switch string(method) {
	case "ACK", "BYE", "CANCEL", "PRACK", "UPDATE":
		return false
	}
	return true
}

// headerBytes finds bytes that parsers read differently: NUL, bare CR or LF,
// other control characters in the header section, and names that are no token,
// such as one with a space that only some readers take for one. Only a
// quoted-pair may hold a control character (RFC 3261 §25.1).
func headerBytes(b []byte) string {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return "Header Section Without End"
	}
	for i := 0; i < end; i++ {
		c := b[i]
		if c >= 0x20 && c != 0x7f || c == '\t' {
			continue
		}
		if c == '\r' && b[i+1] == '\n' {
			i++
			if !soundName(b[i+1 : end]) {
				return "Bad Header Name"
			}
			continue
		}
		if i > 0 && b[i-1] == '\\' && c != '\r' && c != '\n' {
			continue
		}
		return "Control Character in Header"
	}
	return ""
}

// soundName reports whether the header line that b begins with has a name that
// is a token, or continues the line before. White space may stand before the colon.
func soundName(b []byte) bool {
	if len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		return true
	}
	n := bytes.IndexByte(b, ':')
	if n < 0 {
		return false
	}
	for n > 0 && (b[n-1] == ' ' || b[n-1] == '\t') {
		n--
	}
	for _, c := range b[:n] {
		if !tokenByte(c) {
			return false
		}
	}
	return n > 0
}

func (l *Layer) response(res *sip.Response, raw []byte, f flow) {
	if res.StatusCode < 100 || res.StatusCode > 699 || checkResponse(res) != "" {
		l.malformed.Add(1)
		return
	}
	l.seen(res, raw, true, f)
	key := clientKey(res.Via(), res.CSeq().MethodName)
	l.mu.Lock()
	c := l.clients[key]
	l.mu.Unlock()
	if c != nil {
		c.deliver(l, res)
	}
}

func (l *Layer) request(req *sip.Request, raw []byte, f flow, size int) {
	in := &Inbound{Req: req, l: l, flow: f, source: f.peer(), size: size, at: time.Now()}
	in.tag = sync.OnceValue(in.makeTag)
	if u, ok := f.(*udpFlow); ok && !u.at.IsZero() {
		in.at = u.at
	}
	if code, reason := checkRequest(req); code != 0 {
		l.malformed.Add(1)
		if !req.IsAck() && req.Via() != nil {
			in.answerVia()
			_ = in.Reply(code, reason) // the peer's transport failed, it asks again
		}
		return
	}
	in.answerVia()
	l.seen(req, raw, true, f)
	key := serverKey(req)
	l.mu.Lock()
	known := l.servers[key]
	l.mu.Unlock()
	rested := known == nil && l.rested(req, key, f)
	switch {
	case req.IsCancel():
		l.cancelRequest(in, known, rested)
	case rested:
	case known != nil && known.tx.Load() != nil:
		l.again(known, req)
	case req.IsAck():
		if l.cfg.Ack != nil {
			l.cfg.Ack(req)
		}
	case known == nil:
		in.key, in.raw = key, raw
		l.cfg.Request(in)
		in.raw = nil
	}
}

// again hands a retransmission or the ACK of an error to its transaction. An
// ACK of a 2xx that carries the INVITE's branch, against RFC 3261 §17.1.1.3,
// still reaches its dialog.
func (l *Layer) again(known *Inbound, req *sip.Request) {
	if req.IsAck() && known.accepted.Load() {
		if l.cfg.Ack != nil {
			l.cfg.Ack(req)
		}
		return
	}
	if !req.IsAck() {
		l.repeats.Add(1)
	}
	// Its only error is for methods that the key already tells apart.
	_ = known.tx.Load().Receive(req)
}

// cancelRequest answers a CANCEL. Of a transaction that rests there is nothing to end
// (RFC 3261 §9.2).
func (l *Layer) cancelRequest(in *Inbound, known *Inbound, rested bool) {
	if !rested && (known == nil || !known.Req.IsInvite()) {
		_ = in.Reply(481, "Call/Transaction Does Not Exist")
		return
	}
	res := in.Response(200, "OK")
	if t := res.To(); t != nil && known != nil {
		t.Params.Add("tag", known.Tag())
	}
	_ = in.flow.WriteMsg(res)
	if known != nil && l.cfg.Cancel != nil {
		l.cfg.Cancel(known, in.Req)
	}
}

// answerVia notes in the top Via where the request came from, so that every
// response carries it (RFC 3261 §18.2.1, RFC 3581 §4), and aims responses.
func (in *Inbound) answerVia() {
	via, src := in.Req.Via(), in.flow.peer()
	_, symmetric := via.Params.Get("rport")
	port := uint16(5060)
	if via.Port > 0 && via.Port < 65536 {
		port = uint16(via.Port)
	}
	if symmetric {
		via.Params.Add("rport", strconv.Itoa(int(src.Port())))
		port = src.Port()
	}
	if a, err := netip.ParseAddr(strings.Trim(via.Host, "[]")); symmetric || err != nil || a.Unmap() != src.Addr() {
		via.Params.Add("received", src.Addr().String())
	}
	if u, ok := in.flow.(*udpFlow); ok {
		u.to = netip.AddrPortFrom(src.Addr(), port)
	}
	in.source = src
}

func serverKey(req *sip.Request) string {
	via, method := req.Via(), req.Method
	if method == sip.ACK || method == sip.CANCEL {
		method = sip.INVITE
	}
	branch, _ := via.Params.Get("branch")
	if len(branch) > len(sip.RFC3261BranchMagicCookie) && strings.HasPrefix(branch, sip.RFC3261BranchMagicCookie) {
		return branch + "\x00" + via.Host + "\x00" + strconv.Itoa(via.Port) + "\x00" + string(method)
	}
	// RFC 2543 peers: RFC 3261 §17.2.3, second list.
	return fmt.Sprintf("%s\x00%s\x00%d\x00%s\x00%s\x00%s", req.CallID().Value(), req.From().Value(),
		req.CSeq().SeqNo, via.Value(), req.Recipient.String(), method)
}

func clientKey(via *sip.ViaHeader, method sip.RequestMethod) string {
	branch, _ := via.Params.Get("branch")
	return branch + "\x00" + string(method)
}
