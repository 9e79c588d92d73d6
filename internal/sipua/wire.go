package sipua

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/digestauth"
	"tandem/internal/sipua/transact"
)

const (
	allowed      = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, REGISTER"
	supported    = "100rel, timer, replaces, norefersub"
	maxAuthTries = 3
)

// errNoAnswer means that a request got no final response in time.
var errNoAnswer = errors.New("no answer")

// stamp adds the headers that all our requests carry.
func (a *Agent) stamp(m sip.Message) {
	if a.cfg.UserAgent == "" {
		return
	}
	name := "User-Agent"
	if _, ok := m.(*sip.Response); ok {
		name = "Server"
	}
	m.AppendHeader(sip.NewHeader(name, a.cfg.UserAgent))
}

// roundTrip sends a request and waits for the final response. Provisional ones
// go to progress, which may be nil.
func (a *Agent) roundTrip(ctx context.Context, req *sip.Request, to transact.Dest, progress func(*sip.Response)) (*sip.Response, error) {
	tx, err := a.wire.Begin(ctx, req, to)
	if err != nil {
		return nil, err
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			if progress != nil {
				progress(res)
			}
		case <-tx.Done():
			return nil, fmt.Errorf("%s: %s: %w", req.Method, a.silenceOf(to), errNoAnswer)
		case <-ctx.Done():
			return nil, fmt.Errorf("%s to %s: %w", req.Method, to, context.Cause(ctx))
		}
	}
}

// credentials are a trunk's, bound to the first realm that asked for them.
type credentials struct {
	username, password string
	realm              string
}

func challenged(res *sip.Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

// answer makes the request anew with an answer to res's challenge. The caller
// sets the next sequence number.
func (c *credentials) answer(req *sip.Request, res *sip.Response) (*sip.Request, error) {
	ask, give := "www-authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, give = "proxy-authenticate", "Proxy-Authorization"
	}
	var challenges []string
	for _, h := range res.GetHeaders(ask) {
		challenges = append(challenges, h.Value())
	}
	value, realm, err := digestauth.Answer(challenges, string(req.Method), req.Recipient.String(), c.username, c.password)
	if err != nil {
		return nil, err
	}
	if c.realm != "" && c.realm != realm {
		return nil, fmt.Errorf("realm %q is not the trunk's", realm)
	}
	c.realm = realm
	again := sip.NewRequest(req.Method, req.Recipient)
	for _, h := range req.Headers() {
		switch name := h.Name(); {
		case name == "Via", name == "Content-Length", strings.EqualFold(name, give):
		default:
			again.AppendHeader(sip.HeaderClone(h))
		}
	}
	again.AppendHeader(sip.NewHeader(give, value))
	again.SetBody(req.Body())
	return again, nil
}

// tokens lists the comma-separated tokens of all headers of the names.
func tokens(m sip.Message, names ...string) []string {
	var out []string
	for _, name := range names {
		for _, h := range m.GetHeaders(name) {
			for t := range strings.SplitSeq(h.Value(), ",") {
				if t = strings.TrimSpace(t); t != "" {
					out = append(out, t)
				}
			}
		}
	}
	return out
}

func hasToken(m sip.Message, token string, names ...string) bool {
	for _, t := range tokens(m, names...) {
		if strings.EqualFold(t, token) {
			return true
		}
	}
	return false
}

func supports(m sip.Message, option string) bool {
	return hasToken(m, option, "supported", "k", "require")
}

// header gives the first value of a header, "" when there is none.
func header(m sip.Message, name string) string {
	if h := m.GetHeaders(name); len(h) > 0 {
		return h[0].Value()
	}
	return ""
}

// cleanText makes a display name or reason safe to send: no control
// characters, quotes or backslashes, at most 128 bytes.
func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '"' || r == '\\' || r == 0xFFFD {
			return -1
		}
		return r
	}, s)
	if len(s) > 128 {
		s = strings.ToValidUTF8(s[:128], "")
	}
	return s
}

// cleanUser escapes what may not stand in the user part of a URI (RFC 3261 §25.1).
func cleanUser(s string) string {
	const plain = "-_.!~*'()&=+$,?/#"
	var b strings.Builder
	for i := range min(len(s), 256) {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || (strings.IndexByte(plain, c) >= 0 && c != '#') {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
