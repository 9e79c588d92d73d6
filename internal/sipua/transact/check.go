package transact

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Bounds of a header section; more is refused with 400.
const (
	maxHeaders  = 256
	maxVias     = 70
	maxCallID   = 512
	maxTag      = 512
	maxURI      = 2048
	maxCSeq     = 1<<31 - 1
	maxContacts = 32
)

// known are the methods that have a meaning here; others get 501.
func known(m sip.RequestMethod) bool {
	switch m {
	case sip.INVITE, sip.ACK, sip.CANCEL, sip.BYE, sip.REGISTER, sip.OPTIONS, sip.SUBSCRIBE,
		sip.NOTIFY, sip.REFER, sip.INFO, sip.MESSAGE, sip.PRACK, sip.UPDATE, sip.PUBLISH:
		return true
	}
	return false
}

// checkRequest finds what RFC 3261 §8.2 and §16.3 call malformed and the
// parser lets pass. Code 0 means sound.
func checkRequest(req *sip.Request) (code int, reason string) {
	if req.SipVersion != "SIP/2.0" {
		return 505, "Version Not Supported"
	}
	if reason := checkHeaders(&req.MessageData); reason != "" {
		return 400, reason
	}
	if c := req.CSeq(); c.MethodName != req.Method {
		if !known(req.Method) {
			return 501, "Not Implemented"
		}
		return 400, "CSeq Method Does Not Match"
	}
	if n := len(req.GetHeaders("max-forwards")); n > 1 || (n == 1 && (req.MaxForwards() == nil || req.MaxForwards().Val() > 255)) {
		return 400, "Bad Max-Forwards"
	}
	return checkURI(&req.Recipient)
}

// checkResponse finds responses that no transaction may see.
func checkResponse(res *sip.Response) string {
	if res.SipVersion != "SIP/2.0" {
		return "version"
	}
	if len(res.GetHeaders("via")) != 1 {
		return "more than one Via" // RFC 3261 §8.1.3.3
	}
	return checkHeaders(&res.MessageData)
}

func checkHeaders(m *sip.MessageData) string {
	if m.Via() == nil || m.From() == nil || m.To() == nil || m.CallID() == nil || m.CSeq() == nil {
		return "Missing Header"
	}
	if len(m.Headers()) > maxHeaders {
		return "Too Many Headers"
	}
	var froms, tos, ids, cseqs, lengths, vias, contacts int
	var once [onceNames]int
	for _, h := range m.Headers() {
		switch h := h.(type) {
		case *sip.FromHeader:
			froms++
		case *sip.ToHeader:
			tos++
		case *sip.CallIDHeader:
			ids++
		case *sip.CSeqHeader:
			cseqs++
		case *sip.ContentLengthHeader:
			lengths++
		case *sip.ContactHeader:
			contacts++
		case *sip.ViaHeader:
			vias++
			if !isToken(h.Transport) || h.ProtocolName == "" || h.Host == "" || h.Port < 0 || h.Port > 65535 {
				return "Bad Via"
			}
		case *sip.ContentTypeHeader:
			once[0]++
		default:
			if i := onceOnly(h.Name()); i >= 0 {
				once[i]++
			}
		}
	}
	switch {
	case froms != 1 || tos != 1 || ids != 1 || cseqs != 1 || lengths > 1 || slices.Max(once[:]) > 1:
		return "Header Given Twice"
	case vias > maxVias:
		return "Too Many Via"
	case contacts > maxContacts:
		return "Too Many Contacts"
	case len(m.CallID().Value()) > maxCallID || m.CSeq().SeqNo > maxCSeq:
		return "Bad Call-ID or CSeq"
	}
	return checkParties(m)
}

const onceNames = 9

// onceOnly gives a number to the names of headers that have one value and that
// we act upon, -1 to others: of two values readers would take different ones.
func onceOnly(name string) int {
	if len(name) > len("session-expires") {
		return -1
	}
	switch strings.ToLower(name) {
	case "content-type", "c":
		return 0
	case "expires":
		return 1
	case "session-expires", "x":
		return 2
	case "min-se":
		return 3
	case "rack":
		return 4
	case "rseq":
		return 5
	case "event", "o":
		return 6
	case "refer-to", "r":
		return 7
	case "refer-sub":
		return 8
	}
	return -1
}

func checkParties(m *sip.MessageData) string {
	from, to := m.From(), m.To()
	for _, t := range []sip.HeaderParams{from.Params, to.Params} {
		if tag, ok := t.Get("tag"); ok && (len(tag) > maxTag || !isToken(tag)) {
			return "Bad Tag"
		}
	}
	for _, u := range []*sip.Uri{&from.Address, &to.Address} {
		if u.Scheme == "sip" || u.Scheme == "sips" {
			if !validHost(u.Host) || u.Port < 0 || u.Port > 65535 {
				return "Bad Address"
			}
		}
	}
	return ""
}

// checkURI judges a request URI (RFC 3261 §8.2.2.1, §19.1).
func checkURI(u *sip.Uri) (int, string) {
	switch u.Scheme {
	case "tel":
		return 0, ""
	case "sip", "sips":
	default:
		return 416, "Unsupported URI Scheme"
	}
	text := u.String()
	switch {
	case len(text) > maxURI:
		return 414, "Request-URI Too Long"
	case u.Headers.Length() > 0 || strings.ContainsAny(text, " \t<>\"") || u.Port < 0 || u.Port > 65535:
		return 400, "Bad Request-URI"
	case !validHost(u.Host):
		return 400, "Bad Host in Request-URI"
	case !validEscapes(text):
		return 400, "Bad Escape in Request-URI"
	}
	return 0, ""
}

// validHost accepts an IP literal or a host name by RFC 3261 §25.1.
func validHost(h string) bool {
	if inner, ok := strings.CutPrefix(h, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == ""
	}
	if h == "" || len(h) > 255 || h[0] == '.' || h[0] == '-' || strings.Contains(h, "..") {
		return false
	}
	for i := range len(h) {
		c := h[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}

// ValidHost reports whether h may be used as a host in a URI.
func ValidHost(h string) bool { return validHost(h) }

func validEscapes(s string) bool {
	for {
		_, after, found := strings.Cut(s, "%")
		if !found {
			return true
		}
		if len(after) < 2 || !isHex(after[0]) || !isHex(after[1]) {
			return false
		}
		s = after[2:]
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// ValidToken reports whether s is a token by RFC 3261 §25.1.
func ValidToken(s string) bool { return isToken(s) }

// isToken reports whether s is a token by RFC 3261 §25.1.
func isToken(s string) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-.!%*_+`'~", c) >= 0
}
