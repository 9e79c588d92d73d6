package transact

import (
	"bytes"
	"strconv"
	"strings"
)

const tooLarge = "Message Too Large"

func statusFor(reason string) int {
	if reason == tooLarge {
		return 513
	}
	return 400
}

// frame finds the length of the first message in a stream (RFC 3261 §18.3).
// Size 0 means that more bytes are needed; a reason means that the stream
// cannot be followed.
func frame(b []byte, limit int) (size int, reason string) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > limit {
			return 0, tooLarge
		}
		return 0, ""
	}
	length, reason := contentLength(b[:end])
	if reason != "" {
		return 0, reason
	}
	size = end + 4 + length
	if size > limit {
		return 0, tooLarge
	}
	if size > len(b) {
		return 0, ""
	}
	return size, ""
}

// contentLength reads the body's length from a header section. It must be
// there, a plain decimal, and said once or always the same.
func contentLength(head []byte) (int, string) {
	found := -1
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		name = bytes.TrimRight(name, " \t")
		if !bytes.EqualFold(name, []byte("content-length")) && !bytes.EqualFold(name, []byte("l")) {
			continue
		}
		text := string(bytes.TrimSpace(value))
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil || strings.HasPrefix(text, "+") {
			return 0, "Bad Content-Length"
		}
		if found >= 0 && found != int(n) {
			return 0, "Conflicting Content-Length"
		}
		found = int(n)
	}
	if found < 0 {
		return 0, "Missing Content-Length"
	}
	return found, ""
}

// replyRaw answers a request that could not be parsed, if its text holds what
// a response must carry. ACK and responses are never answered.
func replyRaw(b []byte, f flow, code int, reason string) {
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	start, rest, _ := bytes.Cut(head, []byte("\r\n"))
	method, _, _ := bytes.Cut(start, []byte(" "))
	if bytes.HasPrefix(start, []byte("SIP/")) || bytes.EqualFold(method, []byte("ACK")) || len(method) == 0 {
		return
	}
	var via, from, to, callID, cseq string
	vias, lines := 0, 0
	for line := range strings.SplitSeq(string(rest), "\r\n") {
		if lines++; lines > 2*maxHeaders {
			break // what must be answered with stands before
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || hasControl(value) {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimRight(name, " \t")) {
		case "via", "v":
			if vias++; vias > maxVias {
				return
			}
			via += "Via: " + value + "\r\n"
		case "from", "f":
			from = value
		case "to", "t":
			to = value
		case "call-id", "i":
			callID = value
		case "cseq":
			cseq = value
		}
	}
	if via == "" || from == "" || to == "" || callID == "" || cseq == "" {
		return
	}
	// The peer cannot be worse off by not getting this: it would have got nothing.
	_ = f.writeRaw([]byte("SIP/2.0 " + strconv.Itoa(code) + " " + reason + "\r\n" + via +
		"From: " + from + "\r\nTo: " + to + "\r\nCall-ID: " + callID + "\r\nCSeq: " + cseq +
		"\r\nContent-Length: 0\r\n\r\n"))
}

func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 0x20 && c != '\t') || c == 0x7f {
			return true
		}
	}
	return false
}
