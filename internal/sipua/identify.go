package sipua

import (
	"context"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/digestauth"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// refusal is a final response to a request that was not let in.
type refusal struct {
	code    int
	reason  string
	headers []sip.Header
}

// identify finds out who sends an INVITE: an extension that proves its
// password, a trunk by its address, or nobody we know.
func (a *Agent) identify(ctx context.Context, in *transact.Inbound) (Peer, *refusal) {
	from := in.Req.From().Address
	if hasDigest(in.Req) && a.cfg.Extensions != nil {
		ext, ref := a.authenticate(ctx, in)
		if ref != nil {
			return Peer{}, ref
		}
		if from.User != ext.Username && from.User != ext.Number {
			return Peer{}, &refusal{code: 403, reason: "From Is Not Yours"}
		}
		return Peer{Kind: PeerExtension, Extension: ext}, nil
	}
	if k, ok := a.trunks.match(in); ok {
		return Peer{Kind: PeerTrunk, Trunk: k}, nil
	}
	source := in.Source().Addr()
	if a.cfg.Extensions == nil || from.User == "" || !a.ours(from.Host, source) {
		return Peer{Kind: PeerAnonymous}, nil
	}
	// Who claims our domain is challenged whether the name exists or not, or
	// names could be tried out. On one machine the caller's address is our
	// domain too, and only known names are challenged.
	if strings.Trim(from.Host, "[]") != source.String() {
		return Peer{}, a.challenge(in, false)
	}
	switch _, err := a.cfg.Extensions.ExtensionByUsername(ctx, from.User); {
	case err == nil:
		return Peer{}, a.challenge(in, false)
	case voice.IsKind(err, voice.NotExist):
		return Peer{Kind: PeerAnonymous}, nil
	default:
		a.log.Error("look-up of a SIP account failed", "error", err)
		return Peer{}, unavailable()
	}
}

func unavailable() *refusal {
	return &refusal{code: 503, reason: "Service Unavailable", headers: []sip.Header{sip.NewHeader("Retry-After", "10")}}
}

// hasDigest reports whether digest credentials are in the request.
func hasDigest(req *sip.Request) bool { return digestHeader(req) != "" }

// digestHeader gives the Authorization value that is digest; other schemes
// count as none (RFC 3261 §22.1).
func digestHeader(req *sip.Request) string {
	for _, name := range []string{"authorization", "proxy-authorization"} {
		for _, h := range req.GetHeaders(name) {
			if len(h.Value()) > 7 && strings.EqualFold(h.Value()[:7], "Digest ") {
				return h.Value()
			}
		}
	}
	return ""
}

// knowsMD5Only reports whether an agent is one of those that give up at the
// sight of SHA-256 instead of passing it over for the next challenge as RFC
// 8760 §2.4 has it: libre before 2.2, known by the baresip that is built on it.
func knowsMD5Only(userAgent string) bool {
	version, ok := strings.CutPrefix(strings.ToLower(userAgent), "baresip v")
	return ok && (strings.HasPrefix(version, "0.") || strings.HasPrefix(version, "1.") || strings.HasPrefix(version, "2.0"))
}

// challenge makes the 401 with both algorithms, where the agent bears both.
func (a *Agent) challenge(in *transact.Inbound, stale bool) *refusal {
	r := &refusal{code: 401, reason: "Unauthorized"}
	old := knowsMD5Only(header(in.Req, "user-agent"))
	for _, c := range a.auth.Challenges(in.Source().Addr(), stale) {
		if old && !strings.Contains(c, "algorithm="+digestauth.MD5) {
			continue
		}
		r.headers = append(r.headers, sip.NewHeader("WWW-Authenticate", c))
	}
	return r
}

// authenticate verifies the digest of a request. Unknown accounts cost the
// same work and get the same answer as a wrong password.
func (a *Agent) authenticate(ctx context.Context, in *transact.Inbound) (voice.Extension, *refusal) {
	cred, err := digestauth.Parse(digestHeader(in.Req))
	if err != nil {
		return voice.Extension{}, &refusal{code: 400, reason: "Bad Authorization"}
	}
	if cred.Realm != a.cfg.Realm {
		return voice.Extension{}, a.challenge(in, false)
	}
	if !sameURI(cred.URI, &in.Req.Recipient) {
		return voice.Extension{}, &refusal{code: 400, reason: "Digest URI Does Not Match"}
	}
	source := in.Source().Addr()
	if a.guard.Blocked(cred.Username, source) {
		return voice.Extension{}, &refusal{code: 503, reason: "Too Many Attempts", headers: []sip.Header{sip.NewHeader("Retry-After", "60")}}
	}
	ext, err := a.cfg.Extensions.ExtensionByUsername(ctx, cred.Username)
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		a.log.Error("look-up of a SIP account failed", "error", err)
		return voice.Extension{}, unavailable()
	}
	secret := digestauth.HA1{}
	if err == nil && ext.Realm == a.cfg.Realm {
		secret = digestauth.HA1{MD5: ext.HA1MD5, SHA256: ext.HA1SHA256}
	}
	switch a.auth.Verify(cred, string(in.Req.Method), source, secret) {
	case digestauth.OK:
		a.guard.Succeeded(cred.Username, source)
		a.trust(source)
		return ext, nil
	case digestauth.Stale:
		return voice.Extension{}, a.challenge(in, true)
	}
	a.guard.Failed(cred.Username, source)
	return voice.Extension{}, a.challenge(in, false)
}

// sameURI compares the digest's uri with the request URI: scheme, user, host
// and port must agree (RFC 7616 §3.4.6); parameters may be left out.
func sameURI(text string, want *sip.Uri) bool {
	var u sip.Uri
	if sip.ParseUri(text, &u) != nil {
		return false
	}
	port := func(n int) int {
		if n == 0 {
			return 5060
		}
		return n
	}
	return u.Scheme == want.Scheme && u.User == want.User && u.Raw() == want.Raw() &&
		strings.EqualFold(u.Host, want.Host) && port(u.Port) == port(want.Port)
}
