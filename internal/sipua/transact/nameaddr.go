package transact

import (
	"errors"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

var (
	errAddress = errors.New("address cannot be read")
	errParam   = errors.New("parameter cannot be read")
	errCSeq    = errors.New("CSeq cannot be read")
	errVia     = errors.New("header Via cannot be read")
)

// maxParams bounds the parameters of one header value or URI.
const maxParams = 64

// headerParsers are sipgo's but for those of Refer-To and Referred-By, whose
// text is kept as it came, since its parser loses what is given twice in a URI,
// and of the addresses and Via that name a dialog, a transaction or a peer:
// sipgo reads parameters inside of quotes, tells TAG from tag, keeps white space
// as part of names and takes the last of two. A value has one reading here or
// none.
func headerParsers() map[string]sip.HeaderParser {
	m := make(map[string]sip.HeaderParser, 24)
	for name, p := range sip.DefaultHeadersParser() {
		m[name] = p
	}
	delete(m, "refer-to")
	delete(m, "referred-by")
	from := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.FromHeader{}
		return h, parseNameAddr(text, &h.DisplayName, &h.Address, &h.Params)
	}
	to := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.ToHeader{}
		return h, parseNameAddr(text, &h.DisplayName, &h.Address, &h.Params)
	}
	contact := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.ContactHeader{}
		if text == "*" {
			h.Address = sip.Uri{Host: "*", Wildcard: true}
			return h, nil
		}
		return h, parseNameAddr(text, &h.DisplayName, &h.Address, &h.Params)
	}
	route := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.RouteHeader{}
		return h, parseNameAddr(text, new(string), &h.Address, new(sip.HeaderParams))
	}
	recordRoute := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.RecordRouteHeader{}
		return h, parseNameAddr(text, new(string), &h.Address, new(sip.HeaderParams))
	}
	via := func(_ []byte, text string) (sip.Header, error) {
		h := &sip.ViaHeader{}
		return h, parseVia(text, h)
	}
	m["cseq"] = func(_ []byte, text string) (sip.Header, error) {
		num, method, ok := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		n, err := strconv.ParseUint(trimSpace(num), 10, 31)
		if method = trimSpace(method); !ok || err != nil || !isToken(method) {
			return nil, errCSeq
		}
		return &sip.CSeqHeader{SeqNo: uint32(n), MethodName: sip.RequestMethod(method)}, nil
	}
	m["from"], m["f"], m["to"], m["t"] = from, from, to, to
	m["contact"], m["m"], m["via"], m["v"] = contact, contact, via, via
	m["route"], m["record-route"] = route, recordRoute
	return m
}

// parseNameAddr reads a name-addr or addr-spec with its parameters (RFC 3261
// §20.10, §25.1). The display name keeps its escapes, without the quotes.
func parseNameAddr(s string, name *string, u *sip.Uri, params *sip.HeaderParams) error {
	s = trimSpace(s)
	rest := ""
	if strings.HasPrefix(s, `"`) {
		n := quotedLen(s)
		if n < 0 {
			return errAddress
		}
		*name, s = s[1:n-1], trimSpace(s[n:])
		if !strings.HasPrefix(s, "<") {
			return errAddress
		}
	}
	if open := strings.IndexByte(s, '<'); open >= 0 {
		if open > 0 {
			*name = trimSpace(s[:open])
			if strings.ContainsAny(*name, "\"<>;,:@\\") {
				return errAddress // no tokens, so the name should have been quoted
			}
		}
		uri, after, ok := strings.Cut(s[open+1:], ">")
		if !ok {
			return errAddress
		}
		s, rest = uri, trimSpace(after)
		if rest != "" && rest[0] != ';' {
			return errAddress
		}
	} else if i := strings.IndexByte(s, ';'); i >= 0 {
		s, rest = trimSpace(s[:i]), s[i:] // parameters belong to the header then
	}
	if err := parseURI(s, u); err != nil {
		return err
	}
	return parseParams(rest, params)
}

// parseParams reads ";name=value;name" with white space where RFC 3261 §25.1 has
// it. Names are written small, and one that is given twice is refused.
func parseParams(s string, to *sip.HeaderParams) error {
	for s = trimSpace(s); s != ""; s = trimSpace(s) {
		if s[0] != ';' || len(*to) >= maxParams {
			return errParam
		}
		s = trimSpace(s[1:])
		if s == "" || s[0] == ';' {
			continue // an empty one says nothing
		}
		n := strings.IndexAny(s, "=; \t")
		if n < 0 {
			n = len(s)
		}
		name := strings.ToLower(s[:n])
		if !isToken(name) || to.Has(name) {
			return errParam
		}
		value := ""
		s = trimSpace(s[n:])
		if s != "" && s[0] == '=' {
			var err error
			if value, s, err = paramValue(trimSpace(s[1:])); err != nil {
				return err
			}
		}
		*to = append(*to, sip.HeaderKV{K: name, V: value})
	}
	return nil
}

// paramValue takes a token, a host or a quoted string. Quotes stay, but around
// white space, where sipgo writes them by itself.
func paramValue(s string) (value, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		n := quotedLen(s)
		if n < 0 {
			return "", "", errParam
		}
		if value = s[:n]; strings.ContainsAny(value, " \t") {
			value = s[1 : n-1]
		}
		return value, s[n:], nil
	}
	n := strings.IndexAny(s, "; \t")
	if n < 0 {
		n = len(s)
	}
	if value = s[:n]; value == "" || strings.ContainsAny(value, "\"<>=,\\") {
		return "", "", errParam
	}
	return value, s[n:], nil
}

// quotedLen is the length of the quoted string that s begins with, or -1.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// parseVia reads one Via value (RFC 3261 §20.42).
func parseVia(s string, h *sip.ViaHeader) error {
	name, s, ok := strings.Cut(s, "/")
	version, s, ok2 := strings.Cut(s, "/")
	if !ok || !ok2 {
		return errVia
	}
	s = trimSpace(s)
	n := strings.IndexAny(s, " \t")
	if n < 0 {
		return errVia
	}
	h.ProtocolName, h.ProtocolVersion, h.Transport = trimSpace(name), trimSpace(version), s[:n]
	if !isToken(h.ProtocolName) || !isToken(h.ProtocolVersion) || !isToken(h.Transport) {
		return errVia
	}
	by, rest := trimSpace(s[n:]), ""
	if i := strings.IndexByte(by, ';'); i >= 0 {
		by, rest = trimSpace(by[:i]), by[i:]
	}
	host, port := by, ""
	if strings.HasPrefix(by, "[") {
		end := strings.IndexByte(by, ']')
		if end < 0 {
			return errVia
		}
		if host, port = by[:end+1], trimSpace(by[end+1:]); port != "" && port[0] != ':' {
			return errVia
		}
	} else if i := strings.IndexByte(by, ':'); i >= 0 {
		host, port = trimSpace(by[:i]), by[i:]
	}
	if !validHost(host) {
		return errVia
	}
	if h.Host = strings.Trim(host, "[]"); port != "" {
		p, err := strconv.ParseUint(trimSpace(port[1:]), 10, 16)
		if err != nil || p == 0 {
			return errVia
		}
		h.Port = int(p)
	}
	return parseParams(rest, &h.Params)
}

func trimSpace(s string) string { return strings.Trim(s, " \t") }
