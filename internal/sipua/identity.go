package sipua

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// maxHistory bounds the diversions that are read and written of a call.
const maxHistory = 20

// Diversion is one place that a call was sent on from.
type Diversion struct {
	Number string // user part of the address that was called
	Reason string // "unconditional", "user-busy", "no-answer", …; "" = unknown
}

// Asserted gives what a trunk that is trusted with identities says of the
// caller (RFC 3325): the number of P-Asserted-Identity, or of Remote-Party-ID
// where there is none, and whether it is not to be shown (Privacy: id). ok is
// false when it says nothing or the peer is not trusted.
func (i *Incoming) Asserted() (number, name string, private, ok bool) {
	if i.peer.Kind != PeerTrunk || !i.peer.Trunk.Identity {
		return "", "", false, false
	}
	req := i.in.Req
	for _, t := range privacyOf(req) {
		private = private || t == "id" || t == "user" || t == "header"
	}
	for _, name := range []string{"p-asserted-identity", "remote-party-id"} {
		for _, h := range req.GetHeaders(name) {
			a, found := firstAddr(h.Value())
			if !found || a.uri.User == "" && a.uri.Scheme != "tel" {
				continue
			}
			if name == "remote-party-id" && (strings.EqualFold(a.param("party"), "called") || a.param("privacy") == "full") {
				private = private || a.param("privacy") == "full"
			}
			return userOf(a.uri), cleanText(a.name), private, true
		}
	}
	return "", "", private, private
}

func privacyOf(m sip.Message) []string {
	var out []string
	for _, h := range m.GetHeaders("privacy") {
		for t := range strings.SplitSeq(h.Value(), ";") {
			out = append(out, strings.ToLower(strings.TrimSpace(t)))
		}
	}
	return out
}

// Diversions gives where a trusted trunk's call was sent on from, first called
// first: by History-Info (RFC 7044), or by Diversion (RFC 5806) where there is
// none. nil from peers that are not trusted with identities.
func (i *Incoming) Diversions() []Diversion {
	if i.peer.Kind != PeerTrunk || !i.peer.Trunk.Identity {
		return nil
	}
	if list := historyOf(i.in.Req); len(list) > 0 {
		return list
	}
	var out []Diversion
	for _, h := range i.in.Req.GetHeaders("diversion") {
		for _, text := range splitList(h.Value()) {
			if a, ok := firstAddr(text); ok && len(out) < maxHistory {
				out = append([]Diversion{{userOf(a.uri), reasonWord(a.param("reason"))}}, out...) // the latest stands first
			}
		}
	}
	return out
}

// historyOf reads the entries of History-Info but the last, which is whom this
// call is for; the reason of an entry stands in the Reason that is put into its
// URI, or is a plain diversion.
func historyOf(req *sip.Request) []Diversion {
	var all []Diversion
	for _, h := range req.GetHeaders("history-info") {
		for _, text := range splitList(h.Value()) {
			a, ok := firstAddr(text)
			if !ok || len(all) >= maxHistory {
				continue
			}
			d := Diversion{Number: userOf(a.uri)}
			if reason, ok := a.uri.Headers.Get("Reason"); ok {
				d.Reason = historyReason(reason)
			} else if cause, ok := a.uri.UriParams.Get("cause"); ok { // RFC 4458
				d.Reason = historyReason("cause%3D" + cause)
			}
			all = append(all, d)
		}
	}
	if len(all) < 2 {
		return nil
	}
	// An entry's reason says why it was left; with RFC 4458 the next one has it.
	for i := range all[:len(all)-1] {
		if all[i].Reason == "" {
			all[i].Reason = all[i+1].Reason
		}
	}
	return all[:len(all)-1]
}

// historyReason gives the word of RFC 5806 for a SIP cause.
func historyReason(escaped string) string {
	text := strings.ToLower(strings.NewReplacer("%3D", "=", "%3d", "=", "%3B", ";", "%3b", ";").Replace(escaped))
	_, n, _ := strings.Cut(text, "cause=")
	switch {
	case strings.HasPrefix(n, "302"):
		return "unconditional"
	case strings.HasPrefix(n, "486"), strings.HasPrefix(n, "600"):
		return "user-busy"
	case strings.HasPrefix(n, "408"), strings.HasPrefix(n, "487"), strings.HasPrefix(n, "480"):
		return "no-answer"
	case strings.HasPrefix(n, "404"), strings.HasPrefix(n, "503"):
		return "unavailable"
	}
	return ""
}

func reasonWord(s string) string {
	s = strings.ToLower(strings.Trim(s, `"`))
	if len(s) > 32 || !transact.ValidToken(s) {
		return ""
	}
	return s
}

// causeOfReason gives the SIP cause for a word of RFC 5806.
func causeOfReason(word string) int {
	switch word {
	case "user-busy":
		return 486
	case "no-answer":
		return 408
	case "unavailable":
		return 503
	}
	return 302
}

// identify writes who calls, as asked for and as little as privacy needs.
func (x *dialling) identify(req *sip.Request) {
	d := x.d
	host := d.local.Address.Host
	if x.t.Private {
		req.AppendHeader(sip.NewHeader("Privacy", "id"))
		host = d.a.hostText(d.dest)
		if x.t.Trunk != nil {
			host, _ = splitHost(x.t.Trunk.Host)
		}
	}
	if x.t.Identity != "" {
		req.AppendHeader(sip.NewHeader("P-Asserted-Identity", "<sip:"+cleanUser(x.t.Identity)+"@"+host+">"))
	}
	n := min(len(x.t.Diversions), maxHistory)
	if n == 0 {
		return
	}
	history := make([]string, 0, n+1)
	index := "1"
	for i, v := range x.t.Diversions[:n] {
		reason := v.Reason
		if reason == "" {
			reason = "unknown"
		}
		history = append(history, fmt.Sprintf("<sip:%s@%s?Reason=SIP%%3Bcause%%3D%d>;index=%s", cleanUser(v.Number), host, causeOfReason(v.Reason), index))
		index += ".1"
		last := x.t.Diversions[n-1-i] // the latest first (RFC 5806 §4.3)
		if last.Reason == "" {
			last.Reason = "unknown"
		}
		req.AppendHeader(sip.NewHeader("Diversion", fmt.Sprintf("<sip:%s@%s>;reason=%s;counter=1", cleanUser(last.Number), host, last.Reason)))
	}
	history = append(history, fmt.Sprintf("<%s>;index=%s", d.target.String(), index))
	req.AppendHeader(sip.NewHeader("History-Info", strings.Join(history, ", ")))
}

// addr is one name-addr of a header that sipgo has no parser for.
type addr struct {
	name   string
	uri    sip.Uri
	params string
}

func (a addr) param(name string) string {
	for p := range strings.SplitSeq(a.params, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// firstAddr reads the first address of a list.
func firstAddr(text string) (addr, bool) {
	list := splitList(text)
	if len(list) == 0 {
		return addr{}, false
	}
	text = list[0]
	var a addr
	if open := strings.LastIndexByte(text, '<'); open >= 0 {
		uri, params, ok := strings.Cut(text[open+1:], ">")
		if !ok {
			return a, false
		}
		a.name, a.params = strings.Trim(strings.TrimSpace(text[:open]), `"`), params
		text = uri
	} else {
		text, a.params, _ = strings.Cut(text, ";")
	}
	return a, len(text) <= 512 && transact.ParseURI(strings.TrimSpace(text), &a.uri) == nil
}

// splitList cuts a header's value at the commas that stand neither in quotes nor
// in angle brackets; maxHistory+1 parts at most.
func splitList(text string) []string {
	var out []string
	quoted, angled, from := false, false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !angled:
			quoted = !quoted
		case quoted:
		case c == '<':
			angled = true
		case c == '>':
			angled = false
		case c == ',' && !angled:
			out, from = append(out, strings.TrimSpace(text[from:i])), i+1
			if len(out) > maxHistory {
				return out
			}
		}
	}
	if quoted || angled {
		return nil // it has no end, so nobody knows what it holds
	}
	if last := strings.TrimSpace(text[from:]); last != "" {
		out = append(out, last)
	}
	return out
}

// userOf gives the number or name that a URI is for.
func userOf(u sip.Uri) string {
	if u.Scheme == "tel" {
		number, _, _ := strings.Cut(u.Raw(), ";")
		return number
	}
	user, _, _ := strings.Cut(u.User, ";")
	return user
}
