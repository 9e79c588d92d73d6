package transact

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Characters of the parts of a SIP URI beside letters, figures and escapes (RFC
// 3261 §25.1). "#" in a user is not of them, but what telephones send for a key.
const (
	uriMark   = "-_.!~*'()"
	uriUser   = uriMark + "&=+$,;?/#"
	uriSecret = uriMark + "&=+$,"
	uriParam  = uriMark + "[]/:&+$"
	uriHeader = uriMark + "[]/:+$"
)

// ParseURI reads a URI that stands alone, as messages' are read.
func ParseURI(s string, u *sip.Uri) error { return parseURI(s, u) }

// parseURI reads a URI. sipgo's parser takes what is no URI for one and gives it
// a meaning that it does not write back, so the text is judged first.
func parseURI(s string, u *sip.Uri) error {
	if !soundURI(s) {
		return errAddress
	}
	return sip.ParseUri(s, u)
}

// soundURI reports whether s is a SIP or SIPS URI by RFC 3261 §25.1, or has
// another scheme and only visible characters.
func soundURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme([]byte(scheme)) {
		return false
	}
	if !strings.EqualFold(scheme, "sip") && !strings.EqualFold(scheme, "sips") {
		for i := range len(rest) {
			if rest[i] <= ' ' || rest[i] >= 0x7f || strings.IndexByte("<>\"", rest[i]) >= 0 {
				return false
			}
		}
		return rest != ""
	}
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		user, secret, _ := strings.Cut(rest[:at], ":")
		if user == "" || !soundPart(user, uriUser, true) || !soundPart(secret, uriSecret, true) {
			return false
		}
		rest = rest[at+1:]
	}
	rest, headers, asked := strings.Cut(rest, "?")
	host, params, _ := strings.Cut(rest, ";")
	if last := params[strings.LastIndexByte(params, ';')+1:]; asked && last != "" && !strings.Contains(last, "=") {
		return false // sipgo takes the headers for a part of its name
	}
	return soundHostPort(host) && soundParams(params) && (!asked || soundPart(headers, uriHeader+"=&", false))
}

func soundHostPort(s string) bool {
	host, port, given := s, "", false
	if end := strings.IndexByte(s, ']'); end >= 0 {
		host, port = s[:end+1], s[end+1:]
		port, given = strings.CutPrefix(port, ":")
		if !given && port != "" {
			return false
		}
	} else {
		host, port, given = strings.Cut(s, ":")
	}
	if given {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	return validHost(host)
}

func soundParams(s string) bool {
	n := 0
	for p := range strings.SplitSeq(s, ";") {
		name, value, given := strings.Cut(p, "=")
		if n++; n > maxParams || name == "" && given || !soundPart(name, uriParam, false) || !soundPart(value, uriParam, false) {
			return false
		}
	}
	return true
}

// soundPart reports whether s has only letters, figures, whole escapes and the
// marks. wide lets other than ASCII pass, which stands in users' names.
func soundPart(s, marks string, wide bool) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case c >= 0x80 && wide:
		case strings.IndexByte(marks, c) < 0:
			return false
		}
	}
	return true
}
