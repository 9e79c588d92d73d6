package offer

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventPTOffered is the payload type under which we offer telephone-event.
const eventPTOffered = 101

// Local is our side of one call's descriptions. It keeps the session id and
// raises the version whenever what we say changes (RFC 3264 §8).
type Local struct {
	Addr     netip.AddrPort // where we receive RTP; RTCP is one above
	Codecs   []string       // what we speak, best first; empty = PCMU, PCMA, G722
	NoEvents bool           // do not offer or accept telephone-event

	id      uint64
	version uint64
	body    string // what was last said, without the o= line
	last    []byte
}

// NewLocal begins our side of a call whose RTP arrives at addr.
func NewLocal(addr netip.AddrPort) *Local {
	var b [8]byte
	rand.Read(b[:]) // never fails since Go 1.24
	id := binary.BigEndian.Uint64(b[:]) >> 2
	return &Local{Addr: addr, id: id, version: id}
}

// Last gives the description last made, nil when there was none.
func (l *Local) Last() []byte { return bytes.Clone(l.last) }

func (l *Local) codecs() []string {
	if len(l.Codecs) == 0 {
		return []string{PCMU, PCMA, G722}
	}
	return l.Codecs
}

// Offer makes an offer of our codecs in direction dir ("" = sendrecv).
func (l *Local) Offer(dir Direction) []byte {
	if dir == "" {
		dir = SendRecv
	}
	var codecs []Codec
	for _, name := range l.codecs() {
		codecs = append(codecs, Codec{Name: name, PayloadType: staticPT(name)})
	}
	event := uint8(eventPTOffered)
	if l.NoEvents {
		event = 0
	}
	var b strings.Builder
	l.writeAudio(&b, "RTP/AVP", codecs, event, dir)
	return l.describe(b.String())
}

func staticPT(name string) uint8 {
	switch name {
	case PCMA:
		return 8
	case G722:
		return 9
	}
	return 0
}

// Answer answers a peer's offer and gives what is agreed. Errors wrap
// ErrUnacceptable. Lines other than the taken one are refused in place with
// port 0 (RFC 3264 §6).
func (l *Local) Answer(s *Session) ([]byte, Media, error) {
	m, err := l.agree(s)
	if err != nil {
		return nil, Media{}, err
	}
	var b strings.Builder
	for i := range s.media {
		r := &s.media[i]
		if i == s.usable {
			l.writeAudio(&b, r.proto, []Codec{m.Codec}, m.EventPT, m.Direction.Reverse())
			continue
		}
		formats := r.formats
		if len(formats) == 0 {
			formats = []string{"0"}
		}
		fmt.Fprintf(&b, "m=%s 0 %s %s\r\n", r.kind, r.proto, strings.Join(formats, " "))
	}
	return l.describe(b.String()), m, nil
}

// Accept takes a peer's answer to our last offer and gives what is agreed.
// Errors wrap ErrUnacceptable.
func (l *Local) Accept(s *Session) (Media, error) { return l.agree(s) }

// agree takes the peer's first codec that we speak too.
func (l *Local) agree(s *Session) (Media, error) {
	m, err := s.Preview(l.codecs()...)
	if err != nil {
		return Media{}, err
	}
	if l.NoEvents {
		m.EventPT = 0
	}
	return m, nil
}

// Preview gives what would be agreed by a side that speaks the named codecs
// (none = all), without answering. Errors wrap ErrUnacceptable.
func (s *Session) Preview(codecs ...string) (Media, error) {
	if s.usable < 0 {
		return Media{}, unacceptable("%s", s.why)
	}
	r := &s.media[s.usable]
	m := Media{Direction: r.dir, Ptime: r.ptime, EventPT: r.eventPT()}
	found := false
	for _, c := range r.codecs() {
		if len(codecs) == 0 || slices.Contains(codecs, c.Name) {
			m.Codec, found = c, true
			break
		}
	}
	if !found {
		return Media{}, unacceptable("no common codec")
	}
	if m.Ptime == 0 {
		m.Ptime = DefaultPtime
	}
	if r.addr.IsUnspecified() {
		return m, nil
	}
	m.Remote = netip.AddrPortFrom(r.addr, r.port)
	m.RTCP = r.rtcp
	if !m.RTCP.IsValid() && r.port < 65535 {
		m.RTCP = netip.AddrPortFrom(r.addr, r.port+1)
	}
	return m, nil
}

func (l *Local) writeAudio(b *strings.Builder, proto string, codecs []Codec, event uint8, dir Direction) {
	fmt.Fprintf(b, "m=audio %d %s", l.Addr.Port(), proto)
	for _, c := range codecs {
		fmt.Fprintf(b, " %d", c.PayloadType)
	}
	if event != 0 {
		fmt.Fprintf(b, " %d", event)
	}
	b.WriteString("\r\n")
	for _, c := range codecs {
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", c.PayloadType, c.Name)
	}
	if event != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-16\r\n", event, event)
	}
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", DefaultPtime/time.Millisecond, dir)
}

// describe puts the session part in front of media and keeps the result.
func (l *Local) describe(media string) []byte {
	family := "IP4"
	if l.Addr.Addr().Is6() && !l.Addr.Addr().Is4In6() {
		family = "IP6"
	}
	host := l.Addr.Addr().Unmap().String()
	body := "s=-\r\nc=IN " + family + " " + host + "\r\nt=0 0\r\n" + media
	if l.last != nil && body != l.body {
		l.version++
	}
	l.body = body
	l.last = []byte("v=0\r\no=- " + strconv.FormatUint(l.id, 10) + " " + strconv.FormatUint(l.version, 10) +
		" IN " + family + " " + host + "\r\n" + body)
	return l.Last()
}
