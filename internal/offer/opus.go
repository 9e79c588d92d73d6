package offer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// OpusUse is how far a side speaks Opus (RFC 7587).
type OpusUse uint8

// The ways. Browsers are spoken to in Opus; telephones only where they have nothing else
// that we speak, since what is won on a browser's networks is no use on most of theirs.
const (
	OpusNone   OpusUse = iota
	OpusHeard          // browsers may send it, and are sent another codec
	OpusSpoken         // both ways
)

// OpusMedia is what was agreed on of Opus; zero = the peer may not send it.
type OpusMedia struct {
	PT      uint8 // payload type
	EventPT uint8 // of telephone-event/48000; 0 = not agreed
	FEC     bool  // the peer makes use of in-band FEC
	MaxRate int   // bit/s that the peer takes at most; 0 = it does not say
}

const (
	opusRate        = 48000 // clock of Opus and of the events beside it (RFC 7587 §4.1)
	opusPTOffered   = 111   // what browsers use
	wideEventPTUsed = 110   // the same of telephone-event/48000
)

// opusHeard is what we ask for: sound is telephone sound here, and what a peer encodes
// beyond 8 kHz is thrown away.
const opusHeard = "minptime=10;maxplaybackrate=8000;sprop-maxcapturerate=8000;maxaveragebitrate=24000"

// Events says whether keys come as telephone-event.
func (m Media) Events() bool { return m.EventPT != 0 || m.Opus.EventPT != 0 }

// browser says whether the line is a browser's: secured by DTLS and found by ICE.
func (l *line) browser() bool { return isDTLS(l.proto) && l.ice.ufrag != "" && l.ice.pwd != "" }

// sends gives the codecs that we may send on the peer's line.
func (l *Local) sends(r *line) []string {
	own := l.codecs()
	if l.Opus != OpusSpoken {
		return own
	}
	if !r.browser() && slices.ContainsFunc(r.codecs(), func(c Codec) bool { return slices.Contains(own, c.Name) }) {
		return own
	}
	return append([]string{Opus}, own...)
}

// settleOpus says whether the peer may send Opus beside the codec that we send, and under
// which payload types keys come.
func (l *Local) settleOpus(r *line, m *Media, answering bool) {
	at := slices.IndexFunc(r.codecs(), func(c Codec) bool { return c.Name == Opus })
	switch {
	case at < 0, l.Opus == OpusNone, answering && m.Codec.Name != Opus && (l.Opus != OpusHeard || !r.browser()), !answering && l.Opus != OpusSpoken:
		return
	}
	m.Opus = r.opusMedia(r.codecs()[at].PayloadType)
	if l.NoEvents {
		m.Opus.EventPT = 0
	}
	if m.Codec.Name == Opus {
		m.Ptime, m.Comfort = DefaultPtime, false // it has a noise of its own
		if answering && m.Opus.EventPT != 0 {
			m.EventPT = 0 // of a clock that no codec has
		}
	}
	l.opus = m.Opus
}

// answers gives the codecs of our answer, the one that we would rather hear first.
func (m *Media) answers(r *line) []Codec {
	own := []Codec{m.Codec}
	if m.Opus.PT == 0 || m.Codec.Name == Opus {
		return own
	}
	opus := Codec{Name: Opus, PayloadType: m.Opus.PT}
	all := r.codecs()
	if m.Codec.Name == G722 || slices.Index(all, m.Codec) < slices.Index(all, opus) {
		return append(own, opus) // G.722 is no worse and costs less
	}
	return append([]Codec{opus}, own...)
}

// offers gives the codecs of our offer, and the payload type of the events beside Opus.
func (l *Local) offers(browser bool) (codecs []Codec, event, wideEvent uint8) {
	if l.Opus == OpusSpoken && (browser || l.opus.PT != 0) {
		codecs = append(codecs, Codec{Opus, cmp.Or(l.opus.PT, opusPTOffered)})
		wideEvent = cmp.Or(l.opus.EventPT, unlike(wideEventPTUsed, codecs[0].PayloadType))
	}
	for _, name := range l.codecs() {
		codecs = append(codecs, Codec{Name: name, PayloadType: staticPT(name)})
	}
	event = eventPTOffered
	if wideEvent != 0 {
		event = unlike(event, codecs[0].PayloadType, wideEvent)
	}
	if l.NoEvents {
		event, wideEvent = 0, 0
	}
	return codecs, event, wideEvent
}

// unlike is pt, or the next below it that none of others is.
func unlike(pt uint8, others ...uint8) uint8 {
	for slices.Contains(others, pt) {
		pt--
	}
	return pt
}

// opusMedia reads what the peer says of its Opus (RFC 7587 §6.1).
func (l *line) opusMedia(pt uint8) OpusMedia {
	m := OpusMedia{PT: pt}
	if event := l.eventPT(opusRate); event >= 96 {
		m.EventPT = event
	}
	at := slices.IndexFunc(l.params, func(p fmtp) bool { return p.pt == pt })
	if at < 0 {
		return m
	}
	for part := range strings.SplitSeq(l.params[at].text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "useinbandfec":
			m.FEC = value == "1"
		case "maxaveragebitrate":
			if n, err := strconv.Atoi(value); err == nil && n >= 6000 && n <= 510000 {
				m.MaxRate = n
			}
		}
	}
	return m
}

// fmtp are the parameters of a format.
type fmtp struct {
	pt   uint8
	text string
}

// fmtp reads "111 minptime=10;useinbandfec=1"; the first of a number stands.
func (p *parser) fmtp(arg string) {
	num, text, ok := strings.Cut(strings.TrimSpace(arg), " ")
	pt, err := strconv.ParseUint(num, 10, 7)
	if p.cur == nil || !ok || err != nil || len(p.cur.params) >= MaxFormats {
		return
	}
	if !slices.ContainsFunc(p.cur.params, func(f fmtp) bool { return f.pt == uint8(pt) }) {
		p.cur.params = append(p.cur.params, fmtp{uint8(pt), text})
	}
}

// writeOpus writes how we hear Opus, and whether we make use of in-band FEC.
func (l *Local) writeOpus(b *strings.Builder, pt uint8) {
	fmt.Fprintf(b, "a=rtpmap:%d opus/48000/2\r\na=fmtp:%d %s", pt, pt, opusHeard)
	if l.Opus == OpusSpoken {
		b.WriteString(";useinbandfec=1")
	}
	b.WriteString("\r\n")
}
