package phone

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

const (
	methods   = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY, MESSAGE"
	userAgent = "tandem-phone"
)

// allowed lists the methods that the phone says it takes.
func (p *Phone) allowed() string {
	if p.opts.NoRefer {
		return methods
	}
	return methods + ", REFER"
}

// contact is where the phone itself is reached.
func (p *Phone) contact() *sip.Uri {
	u := &sip.Uri{Scheme: "sip", User: p.opts.Username, Host: p.addr.Addr().String(), Port: int(p.addr.Port())}
	if p.opts.Transport != "udp" {
		u.UriParams.Add("transport", p.opts.Transport)
	}
	return u
}

// self is the phone's address of record.
func (p *Phone) self() sip.Uri {
	u := sip.Uri{Scheme: "sip", User: p.opts.Username, Host: p.opts.Domain}
	if u.User == "" {
		u.User = "anonymous"
	}
	if u.Host == "" {
		u.Host, u.Port = p.addr.Addr().String(), int(p.addr.Port())
	}
	return u
}

// via makes the top Via of a new transaction. Over TCP the transport fills
// the address in from the connection it takes.
func (p *Phone) via() *sip.ViaHeader {
	v := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(p.opts.Transport)}
	if p.opts.Transport == "udp" {
		v.Host, v.Port = p.addr.Addr().String(), int(p.addr.Port())
	}
	v.Params.Add("branch", sip.GenerateBranch())
	v.Params.Add("rport", "")
	return v
}

// newRequest begins a request with the headers every request needs, RFC 3261
// §8.1.1. Callers add the rest and the body.
func (p *Phone) newRequest(method sip.RequestMethod, target sip.Uri, from *sip.FromHeader, to *sip.ToHeader, callID string, cseq uint32) *sip.Request {
	req := sip.NewRequest(method, target)
	p.aim(req)
	id, hops := sip.CallIDHeader(callID), sip.MaxForwardsHeader(70)
	for _, h := range []sip.Header{p.via(), &hops, from, to, &id,
		&sip.CSeqHeader{SeqNo: cseq, MethodName: method},
		sip.NewHeader("User-Agent", userAgent)} {
		req.AppendHeader(h)
	}
	if method != sip.CANCEL && method != sip.ACK {
		req.AppendHeader(&sip.ContactHeader{Address: *p.contact()})
		req.AppendHeader(sip.NewHeader("Allow", p.allowed()))
	}
	req.SetBody(nil)
	return req
}

// aim binds a request to the phone's own transport and, for UDP, socket.
func (p *Phone) aim(req *sip.Request) {
	req.SetTransport(strings.ToUpper(p.opts.Transport))
	if p.opts.Transport == "udp" {
		req.Laddr = sip.Addr{IP: p.addr.Addr().AsSlice(), Port: int(p.addr.Port())}
	}
}

// setBody puts a body of a content type in place of the present one.
func setBody(m interface {
	RemoveHeader(string) bool
	AppendHeader(sip.Header)
	SetBody([]byte)
}, contentType string, body []byte) {
	for m.RemoveHeader("Content-Type") || m.RemoveHeader("Content-Length") {
	}
	if len(body) > 0 {
		m.AppendHeader(sip.NewHeader("Content-Type", contentType))
	}
	m.SetBody(body)
}

// transact sends a request other than INVITE and returns its final response.
// note, when not nil, is told of what is sent and received.
func (p *Phone) transact(ctx context.Context, req *sip.Request, note func(Event)) (*sip.Response, error) {
	if note != nil {
		note(Event{Kind: KindSent, Method: string(req.Method)})
	}
	tx, err := p.tx.Request(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", req.Method, err)
	}
	defer tx.Terminate()
	p.used(tx.Connection())
	for {
		select {
		case res := <-tx.Responses():
			if note != nil {
				note(Event{Kind: KindReceived, Method: string(req.Method), Status: res.StatusCode, Text: res.Reason})
			}
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, fmt.Errorf("%s: no answer: %w", req.Method, tx.Err())
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", req.Method, context.Cause(ctx))
		}
	}
}

// challenged says whether a response asks for a digest we can give.
func (p *Phone) challenged(res *sip.Response) bool {
	return (res.StatusCode == 401 || res.StatusCode == 407) && p.opts.Username != "" && p.opts.Password != ""
}

// authorize makes the request anew with credentials for the challenge in res
// (RFC 3261 §22, RFC 8760): next CSeq, new branch.
func (p *Phone) authorize(req *sip.Request, res *sip.Response, cseq uint32) (*sip.Request, error) {
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	var challenge *digest.Challenge
	for _, h := range res.GetHeaders(ask) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(c) {
			continue
		}
		if want := p.opts.DigestAlgorithm; want == "" || strings.EqualFold(want, c.Algorithm) || (want == "MD5" && c.Algorithm == "") {
			challenge = c
			break
		}
	}
	if challenge == nil {
		return nil, errors.New("no digest challenge that can be answered")
	}
	cred, err := digest.Digest(challenge, digest.Options{
		Method: string(req.Method), URI: req.Recipient.String(),
		Username: p.opts.Username, Password: p.opts.Password,
	})
	if err != nil {
		return nil, err
	}
	again := req.Clone()
	p.aim(again)
	for again.RemoveHeader("Via") || again.RemoveHeader(answer) {
	}
	again.PrependHeader(p.via())
	again.CSeq().SeqNo = cseq
	again.AppendHeader(sip.NewHeader(answer, cred.String()))
	return again, nil
}

// headerHas says whether a comma-separated header lists a token.
func headerHas(m interface{ GetHeaders(string) []sip.Header }, name, token string) bool {
	for _, h := range m.GetHeaders(name) {
		for f := range strings.SplitSeq(h.Value(), ",") {
			if strings.EqualFold(strings.TrimSpace(f), token) {
				return true
			}
		}
	}
	return false
}

func headerValue(m interface{ GetHeader(string) sip.Header }, name string) string {
	if h := m.GetHeader(name); h != nil {
		return h.Value()
	}
	return ""
}

func newTag() string           { return sip.GenerateTagN(12) }
func firstCSeq() uint32        { return 1 + rand.Uint32N(1000) }
func (p *Phone) newID() string { return sip.GenerateTagN(24) + "@" + p.addr.Addr().String() }
