package digestauth

import (
	"errors"
	"strings"
)

// maxParams and maxHeader bound an Authorization header.
const (
	maxParams = 24
	maxHeader = 4096
)

var errSyntax = errors.New("digest header cannot be read")

// parseParams reads `Digest name=value, name="value"`. Names are lower-cased;
// one given twice is an error, since readers would differ about it.
func parseParams(header string) (map[string]string, error) {
	if len(header) > maxHeader {
		return nil, errSyntax
	}
	scheme, rest, ok := strings.Cut(strings.TrimSpace(header), " ")
	if !ok || !strings.EqualFold(scheme, "Digest") {
		return nil, errSyntax
	}
	out := make(map[string]string, 12)
	for rest = trim(rest); rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.ToLower(trim(name))
		if !ok || name == "" || strings.ContainsAny(name, " \t,\"") || len(out) >= maxParams {
			return nil, errSyntax
		}
		var value string
		if value, rest, ok = cutValue(trim(after)); !ok {
			return nil, errSyntax
		}
		if _, twice := out[name]; twice {
			return nil, errSyntax
		}
		out[name] = value
	}
	return out, nil
}

func trim(s string) string { return strings.Trim(s, " \t") }

// cutValue takes a token or quoted string and the comma behind it.
func cutValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ",")
		value = trim(value)
		return value, trim(rest), value != "" && !strings.ContainsAny(value, " \t\"")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			rest = trim(s[i+1:])
			if rest == "" {
				return b.String(), "", true
			}
			rest, ok = strings.CutPrefix(rest, ",")
			return b.String(), trim(rest), ok
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
