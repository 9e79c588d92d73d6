// Package diagnose says in words why one direction of a call's sound is silent,
// from what was counted and what the session descriptions said. It is pure: no
// clock, no socket. In answers for what we should hear, Out for what the peer
// should.
//
// A reason is told only by evidence that was counted: packets that were refused,
// of the wrong kind or that can't be authenticated; messages of the network; the
// peer's own reports; addresses that can't be reached. Where there is none, the
// finding says what is usual and that nothing shows it.
package diagnose

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Reason is why a direction is silent. The set is closed: metrics have it as label.
type Reason string

// The reasons, and the states that are none.
const (
	Fine    Reason = ""        // sound goes, or not enough is known yet
	Held    Reason = "hold"    // no fault: one side wants none
	Pausing Reason = "pausing" // no fault: comfort noise stands for the silence

	BadTags    Reason = "srtp"         // packets can't be authenticated
	Handshake  Reason = "handshake"    // the DTLS handshake that media waits for is not over
	WrongCodec Reason = "codec"        // packets of a payload type that was not agreed
	Elsewhere  Reason = "foreign"      // packets from an address that is not the peer's
	NotRTP     Reason = "not_rtp"      // what comes is no RTP
	OurPrivate Reason = "our_private"  // we told a public peer a private address
	Private    Reason = "private"      // the peer told us one
	NoAddress  Reason = "no_address"   // the peer named none, and sends nothing that would show it
	Closed     Reason = "port_closed"  // the peer's machine refuses what we send
	Unsendable Reason = "unsendable"   // this machine can't send there
	NoRTP      Reason = "only_rtcp"    // the peer's reports come, its sound does not
	Nothing    Reason = "nothing"      // nothing comes at all
	Stopped    Reason = "stopped"      // it came, and stopped
	Thin       Reason = "thin"         // single packets come
	Unheard    Reason = "peer_unheard" // the peer reports that nothing of ours arrives
)

// Reasons lists those that are faults.
func Reasons() []Reason {
	return []Reason{BadTags, Handshake, WrongCodec, Elsewhere, NotRTP, OurPrivate, Private, NoAddress, Closed, Unsendable, NoRTP, Nothing, Stopped, Thin, Unheard}
}

// Facts is what is known of a leg. Counts are of the time that is looked at: since
// the answer, or since sound was last heard.
type Facts struct {
	Seconds float64 // how long that is

	Sent       int64 // RTP packets of ours
	SendFailed int64 // of which this machine could not send
	Refused    int64 // ICMP messages that the peer's port is closed or its host unreachable

	Usable      int64          // packets of the peer that hold sound or noise
	Unknown     int64          // of a payload type that was not agreed
	UnknownType uint8          // the last of those
	Foreign     int64          // packets that came from elsewhere
	ForeignFrom netip.AddrPort // the last of those
	Invalid     int64          // no RTP
	BadTags     int64          // not authenticated
	Quiet       bool           // the last packet of the peer was comfort noise
	Reports     int64          // RTCP of the peer
	Blind       int64          // of which, in a row to the last, tell of nothing new of ours

	Remote netip.AddrPort // of the peer's description
	Host   netip.Addr     // where its signalling comes from
	Local  netip.AddrPort // what we told the peer
	Codec  string         // that was agreed

	Heard   bool // sound came before
	Expects bool // the peer says that it sends, and we want it
	Sends   bool // we may send
	Held    bool // the peer wants nothing from us

	Insecure bool // media waits for a DTLS handshake that is not over, or failed
}

// Finding is what is told.
type Finding struct {
	Reason Reason
	Fault  bool
	Text   string            // a sentence without its end
	Data   map[string]string // the evidence
}

// Bounds of what counts as silence.
const (
	thinRate     = 5 // usable packets a second, below which only single packets come
	thinSeconds  = 2
	blindReports = 2 // in a row
	fewSent      = 50
)

// In says why nothing of the peer is heard, in the time that the facts are of.
func In(f Facts) Finding {
	switch {
	case !f.Expects && f.Held:
		return Finding{Reason: Held, Text: "the peer holds the call: no sound is due"}
	case !f.Expects:
		return Finding{Reason: Held, Text: "the peer said that it only listens: no sound is due"}
	case f.Quiet:
		return Finding{Reason: Pausing, Text: "the peer sends comfort noise in place of silence"}
	case f.Usable > 0 && (f.Seconds < thinSeconds || float64(f.Usable) >= thinRate*f.Seconds):
		return Finding{}
	}
	lead := "sent " + count(f.Sent, "packet") + ", received none"
	if f.Heard {
		lead = "the peer's sound stopped"
	}
	if f.Usable > 0 {
		lead = fmt.Sprintf("only %s came in %.0f s", count(f.Usable, "packet"), f.Seconds)
	}
	reason, why := because(f)
	return Finding{Reason: reason, Fault: true, Text: lead + ": " + why, Data: evidence(f)}
}

// because finds the reason with the strongest evidence.
func because(f Facts) (Reason, string) {
	switch {
	case f.BadTags > 0:
		return BadTags, count(f.BadTags, "packet") + " came that can't be authenticated; the two sides have different SRTP keys"
	case f.Insecure:
		return Handshake, "the DTLS handshake that secures the media is not over; the peer does not begin it, or its packets do not get through"
	case f.Unknown > 0:
		return WrongCodec, fmt.Sprintf("%s came of payload type %d, which was not agreed (%s was); the peer sends another codec than its description says",
			count(f.Unknown, "packet"), f.UnknownType, f.Codec)
	case f.Foreign > 0:
		return Elsewhere, elsewhere(f)
	case f.Invalid > 0:
		return NotRTP, count(f.Invalid, "packet") + " came that are no RTP; the peer may send encrypted media or fax"
	case f.Usable > 0:
		return Thin, "sound needs about fifty a second; the peer sends only signs of life, or most is lost on the way"
	case !f.Heard && misplaced(f):
		remote := f.Remote.Addr().Unmap()
		return Private, fmt.Sprintf("the peer's description names %s, which is %s, while its signalling comes from %s; it is behind a NAT and does not know its public address (STUN, or the router's SIP ALG)",
			remote, kindOf(remote), f.Host)
	case f.Refused > 0:
		return Closed, fmt.Sprintf("the network answered %s that nothing listens at %s; the peer has closed its port or its description names a wrong one", times(f.Refused), f.Remote)
	case f.Heard:
		if f.Reports > 0 {
			return Stopped, "its RTCP reports go on, so it is up; its user may be muted by a telephone that then sends nothing, or its microphone failed"
		}
		return Stopped, "nothing at all comes any more; the peer has lost its power or network, or a NAT or firewall between has forgotten the way"
	}
	return never(f)
}

// never finds why nothing came from the beginning.
func never(f Facts) (Reason, string) {
	remote := f.Remote.Addr().Unmap()
	switch {
	case unreachable(f.Local.Addr()) && !unreachable(f.Host):
		return OurPrivate, fmt.Sprintf("the peer at %s was told our address %s, which is %s and can't be reached from there; set \"public\" to this machine's public address",
			f.Host, f.Local.Addr(), kindOf(f.Local.Addr()))
	case !remote.IsValid() || remote.IsUnspecified() || f.Remote.Port() == 0:
		return NoAddress, "the peer's description names no address to send to, and nothing came that would show one"
	case f.Sent > 0 && f.SendFailed >= f.Sent || f.Sent == 0 && f.SendFailed > 0:
		return Unsendable, fmt.Sprintf("this machine can't send to %s; it has no route there, or a local firewall forbids it", f.Remote)
	case f.Reports > 0:
		return NoRTP, fmt.Sprintf("%s of RTCP came, but no sound; the peer sends none, or something on the way lets only the odd port through", count(f.Reports, "report"))
	}
	return Nothing, fmt.Sprintf("nothing comes from %s at all; a firewall or NAT on the way blocks UDP to %s (open the ports of \"rtp\"), or the peer sends nothing while its user is silent", f.Remote, f.Local)
}

// misplaced says whether the peer's description names an address that means
// nothing here, and not the one that it signals from.
func misplaced(f Facts) bool {
	remote := f.Remote.Addr().Unmap()
	return f.Host.IsValid() && remote != f.Host.Unmap() && unreachable(remote)
}

func elsewhere(f Facts) string {
	from, said := f.ForeignFrom, f.Remote
	text := fmt.Sprintf("%s came from %s, but the peer's description names %s", count(f.Foreign, "packet"), from, said)
	switch {
	case from.Addr().Unmap() == said.Addr().Unmap():
		return text + ": another port of the same machine, which is a wrong port or another program there"
	case f.Host.IsValid() && from.Addr().Unmap() == f.Host.Unmap():
		return text + ": the machine that signals, too late or too few in a row to be taken for the peer's"
	}
	return text + ", and they are not taken from elsewhere: it may be the peer behind another address, or a stranger"
}

// Out says why the peer hears nothing of us, though we send.
func Out(f Facts) Finding {
	switch {
	case f.Held || !f.Sends:
		return Finding{Reason: Held, Text: "the peer wants no sound of us"}
	case max(f.Sent, f.SendFailed) < fewSent:
		return Finding{}
	case f.SendFailed >= f.Sent:
		return Finding{Reason: Unsendable, Fault: true, Data: evidence(f),
			Text: fmt.Sprintf("the peer hears nothing of us: this machine can't send to %s", f.Remote)}
	case f.Refused > 0 && f.Refused*20 >= f.Sent && f.Usable > 0:
		return Finding{Reason: Closed, Fault: true, Data: evidence(f),
			Text: fmt.Sprintf("the peer hears nothing of us: the network answered %s that nothing listens at %s, though the peer's own sound comes", times(f.Refused), f.Remote)}
	case f.Blind < blindReports:
		return Finding{}
	}
	text := fmt.Sprintf("the peer hears nothing of us: its last %s no packet of the %d that we sent", told(f.Blind), f.Sent)
	remote := f.Remote.Addr().Unmap()
	switch {
	case f.Usable > 0 && misplaced(f):
		text += fmt.Sprintf("; its description names %s, which is %s", remote, kindOf(remote))
	case f.Usable > 0:
		text += "; its own sound comes, so a firewall or NAT lets only one direction through"
	}
	return Finding{Reason: Unheard, Fault: true, Text: text, Data: evidence(f)}
}

func evidence(f Facts) map[string]string {
	data := map[string]string{}
	put := func(key string, n int64) {
		if n > 0 {
			data[key] = strconv.FormatInt(n, 10)
		}
	}
	put("sent", f.Sent)
	put("send_failed", f.SendFailed)
	put("refused", f.Refused)
	put("received", f.Usable)
	put("unknown", f.Unknown)
	put("foreign", f.Foreign)
	put("invalid", f.Invalid)
	put("bad_tags", f.BadTags)
	put("reports", f.Reports)
	put("blind_reports", f.Blind)
	if f.Unknown > 0 {
		data["payload_type"] = strconv.Itoa(int(f.UnknownType))
	}
	if f.Foreign > 0 {
		data["foreign_from"] = f.ForeignFrom.String()
	}
	if f.Remote.IsValid() {
		data["remote"] = f.Remote.String()
	}
	if f.Host.IsValid() {
		data["signalling"] = f.Host.String()
	}
	if f.Local.IsValid() {
		data["local"] = f.Local.String()
	}
	return data
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return strconv.FormatInt(n, 10) + " times"
}

func told(n int64) string { return count(n, "report") + " tell of" }
