package transact

import "bytes"

// unfold joins continued header lines (RFC 3261 §7.3.1) and gives each address of
// a list a line of its own. Messages with neither, which is nearly all, come back
// as they are.
func unfold(b []byte) []byte {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || !unusual(b[:end]) {
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
	split, count := make([]byte, 0, len(b)), 0
	for i, line := range lines {
		if i > 0 {
			split = append(split, '\r', '\n')
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || i == 0 || !isList(bytes.TrimRight(name, " \t")) {
			split = append(split, line...)
			continue
		}
		for n := 0; ; n, count = n+1, count+1 {
			if n > 0 {
				split = append(split, '\r', '\n')
			}
			comma := listComma(value)
			if count > maxHeaders {
				comma = len(value) // too many for the checks, whatever follows
			}
			split = append(append(append(split, name...), ':', ' '), bytes.Trim(value[:comma], " \t")...)
			if comma == len(value) {
				break
			}
			value = value[comma+1:]
		}
	}
	return append(split, b[end:]...)
}

// unusual reports whether a header section has a continued line or a comma in a
// header of the kind that isList tells.
func unusual(b []byte) bool {
	for {
		n := bytes.IndexByte(b, '\n')
		if n < 0 || n+1 >= len(b) {
			return false
		}
		b = b[n+1:]
		switch b[0] {
		case ' ', '\t':
			return true
		case 'v', 'V', 'm', 'M', 'c', 'C', 'r', 'R':
			line := b
			if end := bytes.IndexByte(b, '\r'); end >= 0 {
				line = b[:end]
			}
			if bytes.IndexByte(line, ',') < 0 {
				continue
			}
			name, _, _ := bytes.Cut(line, []byte(":"))
			if isList(bytes.TrimRight(name, " \t")) {
				return true
			}
		}
	}
}

// isList reports whether values of the header may be given as a list that means
// the same as several lines and is read one by one (RFC 3261 §7.3.1).
func isList(name []byte) bool {
	for _, list := range [...]string{"via", "v", "contact", "m", "route", "record-route"} {
		if len(name) == len(list) && bytes.EqualFold(name, []byte(list)) {
			return true
		}
	}
	return false
}

// listComma is the place of the first comma that is neither in quotes nor in
// angle brackets, or the length of s.
func listComma(s []byte) int {
	quoted, inside := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			inside = true
		case c == '>':
			inside = false
		case c == ',' && !inside:
			return i
		}
	}
	return len(s)
}
