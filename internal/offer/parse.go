package offer

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Session is a peer's parsed description.
type Session struct {
	ID      string // sess-id of the o= line
	Version string // sess-version of the o= line
	media   []line
	usable  int // index in media of the audio line we take, -1 = none
	sdes    int // the same of one with keys in the description
	why     string
}

// IPv4 says whether the peer's audio comes by IPv4 and, without ICE, from nowhere else
// than it says.
func (s *Session) IPv4() bool {
	for _, i := range []int{s.usable, s.sdes} {
		if i >= 0 && (!s.media[i].addr.Is4() || s.media[i].ice.ufrag != "") {
			return false
		}
	}
	return s.usable >= 0 || s.sdes >= 0
}

// line is one m= line with what belongs to it.
type line struct {
	kind    string
	port    uint16
	proto   string
	formats []string
	addr    netip.Addr // of its own c= line or the session's
	badAddr bool
	dir     Direction
	rtcp    netip.AddrPort
	times   packetTimes
	maps    []rtpmap
	params  []fmtp
	mid     string
	bundled bool // mid is in a=group:BUNDLE
	mux     bool // a=rtcp-mux
	ice     iceAttrs
	dtlsAttrs
	cryptos []cryptoLine
}

type rtpmap struct {
	pt   uint8
	name string // upper case
	rate int
}

// parser is the state while reading.
type parser struct {
	s       Session
	addr    netip.Addr
	hasAddr bool
	badAddr bool
	dir     Direction
	times   packetTimes
	bundled bundle
	ice     iceAttrs
	dtlsAttrs
	cur      *line
	curAddr  bool
	ownsPort []rtcpAttr
}

type rtcpAttr struct {
	index int
	port  uint16
	addr  netip.Addr
}

// Parse reads an offer or an answer. Errors wrap ErrSyntax when the text is no
// session description. A description without usable audio parses; Answer and
// Accept refuse it then.
func Parse(b []byte) (*Session, error) {
	if len(b) == 0 {
		return nil, syntax("empty")
	}
	if len(b) > MaxSize {
		return nil, syntax("%d bytes, more than %d", len(b), MaxSize)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return nil, syntax("holds a NUL byte")
	}
	p := parser{dir: SendRecv}
	n := 0
	for text := range strings.SplitSeq(string(b), "\n") {
		text = strings.TrimSuffix(text, "\r")
		if text == "" {
			continue
		}
		if n++; n > MaxLines {
			return nil, syntax("more than %d lines", MaxLines)
		}
		if len(text) < 2 || text[1] != '=' {
			return nil, syntax("line %d is not of the form x=", n)
		}
		if n == 1 && text != "v=0" {
			return nil, syntax("does not begin with v=0")
		}
		if err := p.line(text[0], text[2:]); err != nil {
			return nil, err
		}
	}
	p.finish()
	return &p.s, nil
}

func (p *parser) line(kind byte, value string) error {
	switch kind {
	case 'o':
		if f := strings.Fields(value); len(f) == 6 {
			p.s.ID, p.s.Version = f[1], f[2]
		} else {
			return syntax("o= line has %d fields, not 6", len(f))
		}
	case 'c':
		p.connection(value)
	case 'm':
		return p.mediaLine(value)
	case 'a':
		p.attribute(value)
	}
	return nil
}

func (p *parser) connection(value string) {
	addr, ok := parseConnection(value)
	if p.cur != nil {
		p.cur.addr, p.cur.badAddr, p.curAddr = addr, !ok, true
		return
	}
	p.addr, p.badAddr, p.hasAddr = addr, !ok, true
}

// parseConnection reads "IN IP4 192.0.2.1"; host names are not looked up.
func parseConnection(value string) (netip.Addr, bool) {
	f := strings.Fields(value)
	if len(f) != 3 || f[0] != "IN" {
		return netip.Addr{}, false
	}
	host, _, _ := strings.Cut(f[2], "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	addr = addr.Unmap()
	if (f[1] == "IP4") != addr.Is4() {
		return netip.Addr{}, false
	}
	return addr, true
}

func (p *parser) mediaLine(value string) error {
	p.closeMedia()
	if len(p.s.media) >= MaxMedia {
		return syntax("more than %d m= lines", MaxMedia)
	}
	f := strings.Fields(value)
	if len(f) < 3 {
		return syntax("m= line is too short")
	}
	if len(f)-3 > MaxFormats {
		return syntax("more than %d formats on an m= line", MaxFormats)
	}
	portText, count, counted := strings.Cut(f[1], "/")
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return syntax("port of an m= line is no number below 65536")
	}
	l := line{kind: f[0], port: uint16(port), proto: f[2], formats: f[3:], dir: p.dir, times: p.times}
	if counted && count != "1" {
		l.badAddr = true // several ports mean layered streams, which we do not take
	}
	p.s.media = append(p.s.media, l)
	p.cur, p.curAddr = &p.s.media[len(p.s.media)-1], false
	return nil
}

func (p *parser) closeMedia() {
	if p.cur == nil || p.curAddr {
		return
	}
	p.cur.addr = p.addr
	if p.badAddr || !p.hasAddr {
		p.cur.badAddr = true
	}
}

func (p *parser) attribute(value string) {
	name, arg, _ := strings.Cut(value, ":")
	switch name {
	case string(SendRecv), string(SendOnly), string(RecvOnly), string(Inactive):
		if p.cur != nil {
			p.cur.dir = Direction(name)
		} else {
			p.dir = Direction(name)
		}
	case "ptime", "maxptime":
		times := &p.times
		if p.cur != nil {
			times = &p.cur.times
		}
		times.attribute(name, arg)
	case "rtpmap":
		p.rtpmap(arg)
	case "fmtp":
		p.fmtp(arg)
	case "rtcp":
		p.rtcp(arg)
	case "group":
		if f := strings.Fields(arg); p.cur == nil && len(f) > 1 && f[0] == "BUNDLE" && len(f) <= MaxMedia+1 {
			p.bundled = f[1:]
		}
	case "mid":
		if p.cur != nil {
			p.cur.mid = token(strings.TrimSpace(arg))
		}
	case "rtcp-mux":
		if p.cur != nil {
			p.cur.mux = true
		}
	case "crypto":
		if p.cur != nil {
			p.cur.crypto(arg)
		}
	default:
		ice, dtls := &p.ice, &p.dtlsAttrs
		if p.cur != nil {
			ice, dtls = &p.cur.ice, &p.cur.dtlsAttrs
		}
		if !ice.attribute(name, arg) {
			dtls.attribute(name, arg)
		}
	}
}

// rtpmap reads "101 telephone-event/8000"; the first map of a number stands.
func (p *parser) rtpmap(arg string) {
	if p.cur == nil {
		return
	}
	num, enc, ok := strings.Cut(strings.TrimSpace(arg), " ")
	pt, err := strconv.ParseUint(num, 10, 7)
	if !ok || err != nil || len(p.cur.maps) >= MaxFormats {
		return
	}
	for _, m := range p.cur.maps {
		if m.pt == uint8(pt) {
			return
		}
	}
	parts := strings.Split(strings.TrimSpace(enc), "/")
	channels := "1"
	if strings.EqualFold(parts[0], Opus) {
		channels = "2" // always, RFC 7587 §7
	}
	if len(parts) < 2 || len(parts) > 3 || (len(parts) == 3 && parts[2] != channels) {
		parts = []string{"?", "0"}
	}
	rate, err := strconv.Atoi(parts[1])
	if err != nil {
		rate = 0
	}
	p.cur.maps = append(p.cur.maps, rtpmap{pt: uint8(pt), name: strings.ToUpper(parts[0]), rate: rate})
}

// rtcp reads "a=rtcp:53020 [IN IP4 192.0.2.1]" (RFC 3605).
func (p *parser) rtcp(arg string) {
	if p.cur == nil {
		return
	}
	num, rest, _ := strings.Cut(strings.TrimSpace(arg), " ")
	port, err := strconv.ParseUint(num, 10, 16)
	if err != nil || port == 0 {
		return
	}
	a := rtcpAttr{index: len(p.s.media) - 1, port: uint16(port)}
	if rest != "" {
		addr, ok := parseConnection(rest)
		if !ok || !sendable(addr) {
			return
		}
		a.addr = addr
	}
	p.ownsPort = append(p.ownsPort, a)
}

func (p *parser) finish() {
	p.closeMedia()
	for i := range p.s.media {
		p.s.media[i].inherits(p)
	}
	for _, a := range p.ownsPort {
		l := &p.s.media[a.index]
		if !a.addr.IsValid() {
			a.addr = l.addr
		}
		l.rtcp = netip.AddrPortFrom(a.addr, a.port)
	}
	p.s.usable, p.s.sdes, p.s.why = -1, -1, "no audio"
	for i := range p.s.media {
		why := p.s.media[i].refusal()
		keys := isSDES(p.s.media[i].proto)
		switch {
		case why == "" && keys && p.s.sdes < 0:
			p.s.sdes = i
		case why == "" && !keys && p.s.usable < 0:
			p.s.usable = i
		}
		if why == "" {
			continue
		}
		if p.s.media[i].kind == "audio" {
			p.s.why = why
		}
	}
}

// sendable reports whether media may ever be sent to a.
func sendable(a netip.Addr) bool {
	return a.IsValid() && !a.IsMulticast() && !a.IsUnspecified() &&
		a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// refusal says why the line cannot be used, "" when it can.
func (l *line) refusal() string {
	switch {
	case l.kind != "audio":
		return "not audio"
	case l.port == 0:
		return "audio is refused (port 0)"
	case l.proto != "RTP/AVP" && l.proto != "RTP/AVPF" && !isDTLS(l.proto) && !isSDES(l.proto):
		return "media protocol " + strconv.Quote(l.proto) + " is not spoken here"
	case isSDES(l.proto) && len(l.cryptos) == 0:
		return "secure media without an a=crypto that can be used"
	case isDTLS(l.proto) && l.dtlsRefusal() != "":
		return l.dtlsRefusal()
	case l.badAddr && !l.usesICE():
		return "no usable connection address"
	case !l.usesICE() && !l.addr.IsUnspecified() && !sendable(l.addr):
		return "multicast and broadcast media are refused"
	case len(l.codecs()) == 0:
		return "no common codec"
	}
	return ""
}

// codecs lists the codecs of the line that we speak, in the peer's order.
func (l *line) codecs() []Codec {
	var out []Codec
	for _, f := range l.formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		switch name, rate := l.mapped(uint8(pt)); {
		case rate == 8000 && (name == PCMU || name == PCMA || name == G722):
			out = append(out, Codec{Name: name, PayloadType: uint8(pt)})
		case rate == opusRate && name == Opus && (pt >= 96 || pt >= 35 && pt < 64):
			out = append(out, Codec{Name: name, PayloadType: uint8(pt)})
		}
	}
	return out
}

// mapped gives name and clock rate of a payload type (RFC 3551 for 0, 8 and 9).
func (l *line) mapped(pt uint8) (string, int) {
	for _, m := range l.maps {
		if m.pt == pt {
			return m.name, m.rate
		}
	}
	switch pt {
	case 0:
		return PCMU, 8000
	case 8:
		return PCMA, 8000
	case 9:
		return G722, 8000
	}
	return "", 0
}

// eventPT gives the payload type of telephone-event of a clock (RFC 4733), or 0.
func (l *line) eventPT(clock int) uint8 {
	for _, f := range l.formats {
		pt, err := strconv.ParseUint(f, 10, 7)
		if err != nil || pt == 0 {
			continue
		}
		if name, rate := l.mapped(uint8(pt)); rate == clock && name == "TELEPHONE-EVENT" {
			return uint8(pt)
		}
	}
	return 0
}

// comfort says whether the line has comfort noise under its static payload type.
func (l *line) comfort() bool {
	name, rate := l.mapped(comfortPT)
	return slices.Contains(l.formats, "13") && (name == "" || name == "CN" && rate == 8000)
}
