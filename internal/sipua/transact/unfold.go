package transact

import "bytes"

// unfold joins continued header lines (RFC 3261 §7.3.1) and takes the white
// space out of addresses and Via headers that the parser does not expect there. Messages
// without continuation, which is nearly all, come back as they are.
func unfold(b []byte) []byte {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || (!bytes.Contains(b[:end], []byte("\r\n ")) && !bytes.Contains(b[:end], []byte("\r\n\t"))) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i, line := range bytes.Split(b[:end], []byte("\r\n")) {
		switch {
		case i == 0:
			out = append(out, line...)
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t'):
			out = append(bytes.TrimRight(out, " \t"), ' ')
			out = append(out, bytes.TrimLeft(line, " \t")...)
		default:
			out = append(append(out, '\r', '\n'), line...)
		}
	}
	lines := bytes.Split(out, []byte("\r\n"))
	for i, line := range lines {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || i == 0 {
			continue
		}
		switch name = bytes.ToLower(bytes.TrimRight(name, " \t")); string(name) {
		case "via", "v":
			lines[i] = append([]byte("Via: "), tighten(bytes.TrimSpace(value), "/;=,")...)
		case "to", "t", "from", "f", "contact", "m":
			lines[i] = append(append(name, ": "...), tighten(bytes.TrimSpace(value), ";=")...)
		}
	}
	return append(bytes.Join(lines, []byte("\r\n")), b[end:]...)
}

// tighten drops white space around the separators outside of quotes.
func tighten(s []byte, separators string) []byte {
	out := make([]byte, 0, len(s))
	quoted := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if quoted && c == '\\' && i+1 < len(s) {
			out = append(out, c, s[i+1])
			i++
			continue
		}
		if c == '"' {
			quoted = !quoted
		}
		if !quoted && bytes.IndexByte([]byte(separators), c) >= 0 {
			out = append(bytes.TrimRight(out, " \t"), c)
			for i+1 < len(s) && (s[i+1] == ' ' || s[i+1] == '\t') {
				i++
			}
			continue
		}
		out = append(out, c)
	}
	return out
}
