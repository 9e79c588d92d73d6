package explain

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// reason gives why the call ended; "" = it is up.
func (s *story) reason() voice.EndReason {
	switch {
	case s.cdr.End.IsZero():
		return ""
	case s.cdr.Reason != "":
		return s.cdr.Reason
	}
	return byCause(s.cdr.Cause)
}

// headline tells the last of what the caller did and how it ended.
func (s *story) headline() string {
	acts := s.acts[max(0, len(s.acts)-headActs):]
	parts := make([]string, 0, len(acts)+1)
	for _, a := range acts {
		parts = append(parts, a.text)
	}
	if len(parts) > 0 && strings.HasPrefix(parts[0], "heard it again") {
		parts[0] = "heard the menu again" + strings.TrimPrefix(parts[0], "heard it again")
	}
	end := s.ending()
	switch {
	case end == "":
		if len(parts) == 0 {
			return s.who + " is in the call, which is up"
		}
		return s.who + " " + listed(parts) + "; the call is up"
	case len(parts) == 0 && !subject(end):
		return end
	case subject(end):
		return s.who + " " + listed(append(parts, end))
	}
	return s.who + " " + listed(parts) + "; then " + end
}

// ending gives how the call ended, as the last part of the headline; "" = it is up.
func (s *story) ending() string {
	r := s.reason()
	if r == "" {
		return ""
	}
	w, ok := ofReason(r)
	if !ok { // of a newer program
		return "the call ended: " + cut(cmp.Or(s.cdr.Words, string(s.cdr.Cause)))
	}
	said := w.said
	switch r {
	case voice.EndCallerHungUp:
		said += s.when()
	case voice.EndCallerGaveUp:
		said += ", " + span(s.cdr.End.Sub(s.cdr.Start)) + " after calling"
	case voice.EndBusy, voice.EndNoAnswer, voice.EndRejected, voice.EndUnreachable:
		if n := len(s.acts); n > 0 && strings.HasPrefix(s.acts[n-1].text, "was to be connected ") {
			said = "the call ended"
		}
	case voice.EndFlowHungUp, voice.EndOrdered, voice.EndOrderFailed, voice.EndNotBegun, voice.EndFirstMissed, voice.EndSecondMissed,
		voice.EndWatcherMissed, voice.EndStepFailed, voice.EndUnknownNumber, voice.EndForbidden, voice.EndNoService, voice.EndNoMedia, voice.EndNotSecured:
		if own := s.own(); own != "" && own != said {
			said += " (" + own + ")"
		}
	}
	return said
}

// own gives the words of the record, where they say more than the reason does.
func (s *story) own() string {
	words := cut(s.cdr.Words)
	for _, begin := range []string{"refused: ", "the first party was not reached: "} {
		words = strings.TrimPrefix(words, begin)
	}
	switch {
	case strings.HasPrefix(words, "the flow hung up at"), strings.Contains(words, "hung up by order"):
		return ""
	}
	return words
}

// when says how long after the last that the caller did or met the end came.
func (s *story) when() string {
	end := s.cdr.End
	if n := len(s.acts); n > 0 {
		a := s.acts[n-1]
		if strings.HasPrefix(a.text, "talked ") {
			return ""
		}
		if a.until.Before(end) && end.Sub(a.until) >= time.Second/2 && a.until != s.last {
			return " after " + span(end.Sub(a.until))
		}
		return ""
	}
	from := s.cdr.Answered
	if from.IsZero() {
		from = s.cdr.Start
	}
	text := " after " + span(end.Sub(from))
	if s.prompt != "" {
		return text + " while hearing " + cut(s.prompt)
	}
	return text
}

// arrival tells who called whom and how long that was.
func (s *story) arrival() string {
	c := s.cdr
	who := "a call"
	if c.Direction == voice.Outbound {
		who = "a call that was ordered"
	}
	if c.From != "" {
		who += " from " + cut(c.From)
	}
	if c.To != "" {
		who += " to " + cut(c.To)
	}
	switch {
	case c.End.IsZero():
		return who + " is up"
	case c.Answered.IsZero():
		return who + " was never answered and over after " + span(c.End.Sub(c.Start))
	}
	after := "after " + span(c.Answered.Sub(c.Start))
	if c.Answered.Sub(c.Start) < time.Second {
		after = "at once"
	}
	return who + " was answered " + after + " and lasted " + span(c.End.Sub(c.Answered))
}

// before tells what the headline had no room for.
func (s *story) before() string {
	if len(s.acts) <= headActs {
		return ""
	}
	acts := s.acts[:len(s.acts)-headActs]
	more := ""
	if n := len(acts) - mostActs; n > 0 {
		acts, more = acts[n:], count(n, "thing")+" before it are in the timeline; then "
	}
	parts := make([]string, len(acts))
	for i, a := range acts {
		parts[i] = a.text
	}
	return "before that, " + more + s.who + " " + listed(parts)
}

// why explains the end where that is needed.
func (s *story) why() string {
	w, _ := ofReason(s.reason())
	return w.why
}

// silence tells of sound that did not come, or did not arrive; "" = all went well.
func (s *story) silence() (fault string, more []string) {
	var legs []voice.Event
	for _, key := range []string{"ain", "aout"} {
		if e, ok := s.silent[key]; ok {
			legs = append(legs, e)
		}
	}
	for _, l := range s.cdr.Legs {
		if l.ID == "a" {
			continue
		}
		for _, dir := range []string{"in", "out"} {
			if e, ok := s.silent[string(l.ID)+dir]; ok {
				legs = append(legs, e)
			}
		}
	}
	if len(legs) == 0 {
		return "", nil
	}
	fault = s.unheard(legs[0])
	for _, e := range legs {
		more = append(more, sentence(e.Text))
	}
	return fault, more
}

// unheard is the headline of a silent direction.
func (s *story) unheard(e voice.Event) string {
	who := "the caller"
	if e.Leg != "a" {
		who = "the other party"
		for _, l := range s.cdr.Legs {
			if l.ID == e.Leg && l.To != "" {
				who = cut(l.To)
			}
		}
	}
	sent, _ := strconv.Atoi(e.Data["sent"])
	remote, at := e.Data["remote"], ""
	if host, _, ok := strings.Cut(remote, ":"); ok && strings.Count(remote, ":") == 1 {
		at = host
	} else {
		at = remote
	}
	if e.Data["direction"] == "out" {
		return fmt.Sprintf("%s heard nothing of us: %s", who, because(e, sent, at))
	}
	if e.Data["reason"] == "stopped" {
		return fmt.Sprintf("the sound of %s stopped: %s", who, because(e, sent, at))
	}
	return fmt.Sprintf("no audio came from %s: %s", who, because(e, sent, at))
}

// because gives a reason of package diagnose in short; the evidence follows in a
// sentence of its own.
func because(e voice.Event, sent int, at string) string {
	told := fmt.Sprintf("we sent %s to %s", count(sent, "packet"), cmp.Or(at, "no address"))
	switch e.Data["reason"] {
	case "private":
		return told + ", a private address in their SDP"
	case "our_private":
		return "we told it " + cmp.Or(e.Data["local"], "an address") + ", a private address, which it can't reach"
	case "no_address":
		return "its SDP names no address to send to"
	case "srtp":
		return "its packets could not be authenticated, as the two sides have different SRTP keys"
	case "handshake":
		return "the DTLS handshake that secures the sound did not come about"
	case "codec":
		return "it sends payload type " + e.Data["payload_type"] + ", which was not agreed"
	case "foreign":
		return "packets came from " + e.Data["foreign_from"] + ", while its SDP names " + e.Data["remote"]
	case "not_rtp":
		return "what it sends is no RTP"
	case "port_closed":
		return told + ", where the network says that nothing listens"
	case "unsendable":
		return "this machine can't send to " + cmp.Or(at, "it")
	case "only_rtcp":
		return told + "; its reports come, and its sound does not"
	case "nothing":
		return told + ", and nothing at all came back"
	case "stopped":
		return "what came before comes no more"
	case "thin":
		return "only single packets came"
	case "peer_unheard":
		return told + ", and its reports say that none of them arrives"
	}
	return cut(e.Text)
}

// quality tells of sound that was bad.
func (s *story) quality() string {
	for _, l := range s.cdr.Legs {
		q, who := l.Quality, cut(l.To)
		if l.ID == "a" {
			who = "the caller"
		}
		all := q.PacketsIn + q.LostIn
		switch {
		case all > 100 && q.LostIn*50 > all:
			return fmt.Sprintf("%d %% of the packets from %s were lost on the way, which is heard", 100*q.LostIn/all, who)
		case q.PacketsOut > 100 && q.LostOut*50 > q.PacketsOut:
			return fmt.Sprintf("%d %% of our packets to %s were lost on the way, which is heard there", 100*q.LostOut/q.PacketsOut, who)
		case q.MOSIn > 0 && q.MOSIn < 3:
			return fmt.Sprintf("the sound of %s was poor (MOS %.1f of 4.5)", who, q.MOSIn)
		}
	}
	return ""
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
