package phone

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Codec is one of the two G.711 laws, by its SDP name (RFC 3551 §6).
type Codec string

// The codecs a phone speaks, at 8 kHz mono.
const (
	PCMU Codec = "PCMU"
	PCMA Codec = "PCMA"
)

func (c Codec) payloadType() byte {
	if c == PCMA {
		return 8
	}
	return 0
}

// Direction of a media stream as seen by the side that says it, RFC 4566 §6.
type Direction string

// The directions of RFC 3264 §5.1.
const (
	SendRecv Direction = "sendrecv"
	SendOnly Direction = "sendonly"
	RecvOnly Direction = "recvonly"
	Inactive Direction = "inactive"
)

func (d Direction) sends() bool    { return d == SendRecv || d == SendOnly }
func (d Direction) receives() bool { return d == SendRecv || d == RecvOnly }

// reversed is the widest answer to an offer of d.
func (d Direction) reversed() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	}
	return d
}

// session is the one audio stream of a session description.
type session struct {
	addr      netip.AddrPort // where the describing side wants RTP; port 0 refuses it
	codecs    []Codec        // in order of preference
	eventType int            // payload type of telephone-event, -1 when absent
	direction Direction
	ptime     int // packet length in ms, 0 when not stated
	version   uint64
	others    int // further media lines, each of which an answer must refuse
}

const maxSDPLines = 500

// parseSDP reads the first audio stream over RTP/AVP of a description
// (RFC 4566); attributes it does not know are passed over.
func parseSDP(body []byte) (session, error) {
	s := session{eventType: -1, direction: SendRecv}
	var host netip.Addr
	var formats []string
	names := map[string]string{}
	found, inAudio, before := false, false, true
	lines := strings.Split(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n")
	if len(lines) > maxSDPLines {
		return s, fmt.Errorf("sdp: more than %d lines", maxSDPLines)
	}
	for _, line := range lines {
		kind, value, ok := strings.Cut(line, "=")
		if !ok || len(kind) != 1 {
			continue
		}
		switch {
		case kind == "m":
			before = false
			if found {
				s.others++
			}
			inAudio = false
			f := strings.Fields(value)
			if found || len(f) < 4 || f[0] != "audio" || f[2] != "RTP/AVP" {
				continue
			}
			port, err := strconv.ParseUint(f[1], 10, 16)
			if err != nil {
				return s, fmt.Errorf("sdp: port %q", f[1])
			}
			found, inAudio, formats = true, true, f[3:]
			s.addr = netip.AddrPortFrom(host, uint16(port))
		case kind == "c" && (before || inAudio):
			a, err := connection(value)
			if err != nil {
				return s, err
			}
			if before {
				host = a
			} else {
				s.addr = netip.AddrPortFrom(a, s.addr.Port())
			}
		case kind == "o":
			if f := strings.Fields(value); len(f) > 2 {
				s.version, _ = strconv.ParseUint(f[2], 10, 64)
			}
		case kind == "a" && (before || inAudio):
			s.attribute(value, names)
		}
	}
	if !found {
		return s, errors.New("sdp: no audio over RTP/AVP")
	}
	if s.addr.Port() != 0 && !s.addr.Addr().IsValid() {
		return s, errors.New("sdp: no connection address")
	}
	s.setFormats(formats, names)
	if s.addr.Addr().IsUnspecified() { // hold as RFC 2543 wrote it
		s.direction = Inactive
	}
	return s, nil
}

func connection(value string) (netip.Addr, error) {
	f := strings.Fields(value)
	if len(f) != 3 {
		return netip.Addr{}, fmt.Errorf("sdp: connection line %q", value)
	}
	a, err := netip.ParseAddr(f[2])
	if err != nil {
		return a, fmt.Errorf("sdp: connection address %q is not an IP address", f[2])
	}
	return a, nil
}

func (s *session) attribute(value string, names map[string]string) {
	name, rest, _ := strings.Cut(value, ":")
	switch name {
	case "rtpmap":
		if pt, enc, ok := strings.Cut(rest, " "); ok {
			names[pt] = strings.ToUpper(strings.TrimSpace(enc))
		}
	case "ptime":
		s.ptime, _ = strconv.Atoi(strings.TrimSpace(rest))
	case string(SendRecv), string(SendOnly), string(RecvOnly), string(Inactive):
		s.direction = Direction(name)
	}
}

func (s *session) setFormats(formats []string, names map[string]string) {
	for _, f := range formats {
		name := names[f]
		switch {
		case f == "0" || name == "PCMU/8000" || name == "PCMU/8000/1":
			if f == "0" {
				s.codecs = append(s.codecs, PCMU)
			}
		case f == "8" || name == "PCMA/8000" || name == "PCMA/8000/1":
			if f == "8" {
				s.codecs = append(s.codecs, PCMA)
			}
		case name == "TELEPHONE-EVENT/8000" && s.eventType < 0:
			if pt, err := strconv.Atoi(f); err == nil && pt >= 0 && pt < 128 {
				s.eventType = pt
			}
		}
	}
}

// marshal writes the description; id is the session number of the o= line.
func (s session) marshal(id uint64) []byte {
	family := "IP4"
	if s.addr.Addr().Is6() {
		family = "IP6"
	}
	host := s.addr.Addr().String()
	var formats, maps strings.Builder
	for _, c := range s.codecs {
		fmt.Fprintf(&formats, " %d", c.payloadType())
		fmt.Fprintf(&maps, "a=rtpmap:%d %s/8000\r\n", c.payloadType(), c)
	}
	if s.eventType >= 0 {
		fmt.Fprintf(&formats, " %d", s.eventType)
		fmt.Fprintf(&maps, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", s.eventType, s.eventType)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=- %d %d IN %s %s\r\ns=phone\r\nc=IN %s %s\r\nt=0 0\r\n", id, s.version, family, host, family, host)
	fmt.Fprintf(&b, "m=audio %d RTP/AVP%s\r\n%sa=ptime:20\r\na=%s\r\n", s.addr.Port(), formats.String(), maps.String(), s.direction)
	for range s.others {
		b.WriteString("m=video 0 RTP/AVP 31\r\n")
	}
	return []byte(b.String())
}

// choose picks the first codec of ours that the far side has too.
func choose(ours, theirs []Codec) (Codec, error) {
	for _, c := range theirs {
		if slices.Contains(ours, c) {
			return c, nil
		}
	}
	return "", errors.New("no codec in common")
}
