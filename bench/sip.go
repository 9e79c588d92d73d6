package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// message is what the generator needs of a SIP message.
type message struct {
	status  int    // of a response
	method  string // of a request, or from the CSeq of a response
	callID  string
	cseq    string
	to      string // whole header, with tag
	from    string
	contact string // URI
	vias    []string
	retry   time.Duration // Retry-After
	body    string
}

func parseMessage(b []byte) (message, bool) {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	m := message{body: body}
	if rest, ok := strings.CutPrefix(lines[0], "SIP/2.0 "); ok {
		code, _, _ := strings.Cut(rest, " ")
		m.status, _ = strconv.Atoi(code)
	} else {
		m.method, _, _ = strings.Cut(lines[0], " ")
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "call-id", "i":
			m.callID = value
		case "cseq":
			m.cseq = value
		case "to", "t":
			m.to = value
		case "from", "f":
			m.from = value
		case "via", "v":
			m.vias = append(m.vias, value)
		case "retry-after":
			n, _ := strconv.Atoi(value)
			m.retry = time.Duration(n) * time.Second
		case "contact", "m":
			m.contact = value
			if _, uri, ok := strings.Cut(value, "<"); ok {
				m.contact, _, _ = strings.Cut(uri, ">")
			}
		}
	}
	if m.status != 0 {
		_, m.method, _ = strings.Cut(m.cseq, " ")
	}
	return m, m.callID != "" && m.cseq != ""
}

// audioAddress finds where a description wants its audio.
func audioAddress(sdp string) (netip.AddrPort, bool) {
	var host netip.Addr
	port := uint64(0)
	for line := range strings.SplitSeq(sdp, "\n") {
		f := strings.Fields(strings.TrimSpace(line))
		switch {
		case len(f) == 3 && f[0] == "c=IN":
			host, _ = netip.ParseAddr(f[2])
		case len(f) > 2 && f[0] == "m=audio":
			port, _ = strconv.ParseUint(f[1], 10, 16)
		}
	}
	return netip.AddrPortFrom(host, uint16(port)), host.IsValid() && port != 0
}

// request writes one request of a call.
func (c *call) request(method string, target, to string, cseq int, branch, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n", method, target, c.gen.transport(), c.gen.sipAddr, branch)
	fmt.Fprintf(&b, "From: <sip:load@caller.invalid>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n", c.tag, to, c.id, cseq, method)
	if method == "INVITE" {
		fmt.Fprintf(&b, "Contact: <sip:load@%s;transport=%s>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\n", c.gen.sipAddr, c.gen.transport())
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return []byte(b.String())
}

func (g *generator) transport() string {
	if g.secure != nil {
		return "TLS"
	}
	return "UDP"
}

func (c *call) offer() string {
	a, profile, more := c.gen.rtpAddr, "RTP/AVP", ""
	if c.seal != nil {
		profile, more = "RTP/SAVP", c.seal.offer()
	}
	formats, events := "0 101", "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
	if c.gen.noEvents {
		formats, events = "0", ""
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=load\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d %s %s\r\n"+
		"a=rtpmap:0 PCMU/8000\r\n%sa=ptime:20\r\na=sendrecv\r\n%s", a.Addr(), a.Addr(), a.Port(), profile, formats, events, more)
}

// respond writes the answer to a request of the server.
func respond(m message, status string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, v := range m.vias {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n", m.from, m.to, m.callID, m.cseq)
	return []byte(b.String())
}
