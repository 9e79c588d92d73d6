package offer

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// eventPTOffered is the payload type under which we offer telephone-event.
const eventPTOffered = 101

// comfortPT is the static payload type of comfort noise (RFC 3551 table 4).
const comfortPT = 13

// Local is our side of one call's descriptions. It keeps the session id and
// raises the version whenever what we say changes (RFC 3264 §8).
type Local struct {
	Addr     netip.AddrPort // where we receive RTP; RTCP is one above
	Codecs   []string       // what we speak, best first; empty = PCMU, PCMA, G722
	NoEvents bool           // do not offer or accept telephone-event
	Comfort  bool           // offer and accept comfort noise (RFC 3389)
	Opus     OpusUse        // beside Codecs
	// Others gives further addresses of this machine by which a peer with ICE may
	// reach us, on the port of Addr. It is asked once, when ICE is spoken; nil = none.
	Others func() []netip.Addr
	// Fingerprint is that of our certificate; zero = DTLS is not spoken.
	Fingerprint Fingerprint
	// SRTP is whether keys in descriptions are spoken. Set it where the signalling is
	// encrypted.
	SRTP SRTP
	// Browser makes offers of media secured by DTLS, with ICE and rtcp-mux.
	Browser bool
	// Secured refuses media that is not secured, by keys or by DTLS.
	Secured bool
	// First is the profile that is offered first where policy allows it: that which the
	// peer took before, as Offered gave it. "" = the first of those that policy allows.
	First string
	// Telephone says that the peer may know other profiles of secured media alone: those
	// are offered where it refuses (Next).
	Telephone bool

	ice      ICE
	beside   []netip.Addr      // what Others gave
	dtls     DTLS              // as agreed
	crypto   Crypto            // as agreed
	tag      string            // of the peer's a=crypto
	keys     map[string]string // ours, by suite
	offered  map[string]string // suites of our last offer, by tag
	offering string            // profile of our first offer
	lines    []line            // of the peer's last description, in whose order further offers are
	taken    int               // of lines
	ptime    time.Duration     // as last agreed; 0 = nothing is
	opus     OpusMedia         // as last agreed
	id       uint64
	version  uint64
	body     string // what was last said, without the o= line
	last     []byte
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
	f := formats{comfort: l.Comfort}
	f.codecs, f.event, f.wideEvent = l.offers(l.Browser)
	var b strings.Builder
	if l.lines == nil {
		r := line{proto: l.profile()}
		if r.proto == profileDTLS {
			r.mid, r.mux, r.bundled = "0", true, true
			l.offerICE()
		}
		l.offerLine(&b, &r, f, dir)
		return l.describe(l.head(&r), b.String())
	}
	for i := range l.lines {
		if i == l.taken {
			l.offerLine(&b, &l.lines[i], f, dir)
		} else {
			l.lines[i].refuse(&b)
		}
	}
	return l.describe(l.head(&l.lines[l.taken]), b.String())
}

// offerLine writes our offer of the line that is taken.
func (l *Local) offerLine(b *strings.Builder, r *line, f formats, dir Direction) {
	l.writeAudio(b, r.proto, f, dir)
	if l.offersKeys(r) {
		l.offerKeys(b)
	}
	l.secured(b, r, "actpass")
}

// head is the session's part of what secures the line.
func (l *Local) head(r *line) string {
	var head string
	if r.bundled && r.mid != "" {
		head = "a=group:BUNDLE " + r.mid + "\r\n"
	}
	if l.ice.Local.Ufrag != "" {
		head += "a=ice-lite\r\n"
	}
	return head
}

// refuse writes the line back with port 0 (RFC 3264 §6).
func (l *line) refuse(b *strings.Builder) {
	formats := l.formats
	if len(formats) == 0 {
		formats = []string{"0"}
	}
	fmt.Fprintf(b, "m=%s 0 %s %s\r\n", l.kind, l.proto, strings.Join(formats, " "))
	if l.mid != "" {
		fmt.Fprintf(b, "a=mid:%s\r\n", l.mid)
	}
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
	m, err := l.agree(s, true)
	if err != nil {
		return nil, Media{}, err
	}
	var b strings.Builder
	for i := range s.media {
		r := &s.media[i]
		if i == l.taken {
			l.writeAudio(&b, r.proto, formats{m.answers(r), m.EventPT, m.Opus.EventPT, m.Comfort}, m.Direction.Reverse())
			if m.Crypto.Used() {
				l.writeKey(&b, l.tag, m.Crypto.Suite)
			}
			l.secured(&b, r, m.DTLS.part())
			continue
		}
		r.refuse(&b)
	}
	return l.describe(l.head(&s.media[l.taken]), b.String()), m, nil
}

// Would gives what Answer would agree on of an offer, or the error with which it would
// refuse it.
func (l *Local) Would(s *Session) (Media, error) {
	try := *l
	try.keys = maps.Clone(l.keys)
	return try.agree(s, true)
}

// Accept takes a peer's answer to our last offer and gives what is agreed.
// Errors wrap ErrUnacceptable.
func (l *Local) Accept(s *Session) (Media, error) { return l.agree(s, false) }

// agree takes the peer's first codec that we speak too, and what secures it.
func (l *Local) agree(s *Session, answering bool) (Media, error) {
	at := s.choose(l.SRTP != SRTPOff || l.crypto.Used())
	if at < 0 {
		return Media{}, unacceptable("%s", s.why)
	}
	r := &s.media[at]
	m, err := s.preview(at, l.sends(r)...)
	if err != nil {
		return Media{}, err
	}
	if m.DTLS, err = l.settleDTLS(r, answering); err != nil {
		return Media{}, err
	}
	if m.Crypto, err = l.settleSDES(r, answering); err != nil {
		return Media{}, err
	}
	if l.Secured && !m.DTLS.Used() && !m.Crypto.Used() {
		return Media{}, unacceptable("media has to be secured, as its extension's policy says, and is not")
	}
	m.ICE = l.settleICE(r, answering)
	if l.NoEvents {
		m.EventPT = 0
	}
	m.Comfort = m.Comfort && l.Comfort
	l.settleOpus(r, &m, answering)
	l.lines, l.taken, l.ptime = s.media, at, m.Ptime
	if answering {
		m.Refused = s.beside()
	}
	return m, nil
}

// beside names the media that the peer offers beside audio.
func (s *Session) beside() string {
	var kinds []string
	for _, kind := range []string{"video", "image", "text", "application", "message"} { // RFC 8866 §5.14
		if slices.ContainsFunc(s.media, func(l line) bool { return l.kind == kind && l.port != 0 }) {
			kinds = append(kinds, kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// Preview gives what would be agreed by a side that speaks the named codecs
// (none = all), without answering. Errors wrap ErrUnacceptable.
func (s *Session) Preview(codecs ...string) (Media, error) {
	return s.preview(s.choose(false), codecs...)
}

func (s *Session) preview(at int, codecs ...string) (Media, error) {
	if at < 0 {
		return Media{}, unacceptable("%s", s.why)
	}
	r := &s.media[at]
	m := Media{Direction: r.dir, Ptime: r.packetTime(), EventPT: r.eventPT(8000), Comfort: r.comfort(), Mux: r.mux}
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
	if !sendable(r.addr) { // on hold, or it is for ICE to tell
		return m, nil
	}
	m.Remote = netip.AddrPortFrom(r.addr, r.port)
	m.RTCP = r.rtcp
	if m.Mux {
		m.RTCP = m.Remote
	}
	if !m.RTCP.IsValid() && r.port < 65535 {
		m.RTCP = netip.AddrPortFrom(r.addr, r.port+1)
	}
	return m, nil
}

// formats are those of a line that we write; 0 = no events of that clock.
type formats struct {
	codecs           []Codec
	event, wideEvent uint8
	comfort          bool
}

func (l *Local) writeAudio(b *strings.Builder, proto string, f formats, dir Direction) {
	fmt.Fprintf(b, "m=audio %d %s", l.Addr.Port(), proto)
	for _, c := range f.codecs {
		fmt.Fprintf(b, " %d", c.PayloadType)
	}
	if f.comfort {
		fmt.Fprintf(b, " %d", comfortPT)
	}
	for _, pt := range []uint8{f.wideEvent, f.event} {
		if pt != 0 {
			fmt.Fprintf(b, " %d", pt)
		}
	}
	b.WriteString("\r\n")
	for _, c := range f.codecs {
		if c.Name == Opus {
			l.writeOpus(b, c.PayloadType)
			continue
		}
		fmt.Fprintf(b, "a=rtpmap:%d %s/8000\r\n", c.PayloadType, c.Name)
	}
	if f.comfort {
		fmt.Fprintf(b, "a=rtpmap:%d CN/8000\r\n", comfortPT)
	}
	writeEvent(b, f.wideEvent, opusRate)
	writeEvent(b, f.event, 8000)
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", cmp.Or(l.ptime, DefaultPtime)/time.Millisecond, dir)
}

func writeEvent(b *strings.Builder, pt uint8, clock int) {
	if pt != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/%d\r\na=fmtp:%d 0-16\r\n", pt, clock, pt)
	}
}

// describe puts the session part, which ends with head, in front of media and keeps
// the result.
func (l *Local) describe(head, media string) []byte {
	family := "IP4"
	if l.Addr.Addr().Is6() && !l.Addr.Addr().Is4In6() {
		family = "IP6"
	}
	host := l.Addr.Addr().Unmap().String()
	body := "s=-\r\nc=IN " + family + " " + host + "\r\nt=0 0\r\n" + head + media
	if l.last != nil && body != l.body {
		l.version++
	}
	l.body = body
	l.last = []byte("v=0\r\no=- " + strconv.FormatUint(l.id, 10) + " " + strconv.FormatUint(l.version, 10) +
		" IN " + family + " " + host + "\r\n" + body)
	return l.Last()
}
