package sipua_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// answer waits for the final response to a request of a Call-ID.
func (p *rawPeer) answer(method, callID string, cseq int) message {
	p.t.Helper()
	for {
		m := p.until("SIP/2.0 ", method)
		if m.header("Call-ID") == callID && strings.HasPrefix(m.header("CSeq"), fmt.Sprint(cseq, " ")) && !strings.HasPrefix(m.start, "SIP/2.0 1") {
			return m
		}
	}
}

// expect sends a request and compares its final status.
func (p *rawPeer) expect(what, want, method, target, callID, fromTag, to string, cseq int, body string, headers ...string) message {
	p.t.Helper()
	p.request(method, target, callID, fromTag, to, cseq, body, headers...)
	m := p.answer(method, callID, cseq)
	if !strings.HasPrefix(m.start, "SIP/2.0 "+want) {
		p.t.Errorf("%s got %q, want %s", what, m.start, want)
	}
	return m
}

// requests that fit no state.
func TestHostileTransactions(t *testing.T) {
	up := make(chan *sipua.Incoming, 8)
	cfg := hostileConfig()
	cfg.Handler = answering(4000, func(inc *sipua.Incoming) { up <- inc })
	a := besieged(t, cfg)
	p := newPeer(t, a)
	at := uri("1", a)

	// The same branch under another Call-ID is the same transaction and gets its
	// answer again, never a call of its own.
	invite := func(branch, id string) string {
		body := string(sdp(5000))
		return string(asks("INVITE").to(at).set("Via", "SIP/2.0/UDP "+p.addr()+";branch=z9hG4bK"+branch+";rport").set("Call-ID", id).set("To", "<sip:1@x>").with("application/sdp", body))
	}
	p.send(invite("twin", "twin1"))
	first := p.answer("INVITE", "twin1", 1)
	receive(t, up, "the call")
	p.send(invite("twin", "twin2"))
	if m := p.until("SIP/2.0 200", "INVITE"); m.header("Call-ID") != "twin1" || len(up) != 0 {
		t.Errorf("the branch of another call got %q of %s, and %d calls", m.start, m.header("Call-ID"), len(up))
	}

	// BYE before ACK ends the call; ACKs for it afterwards, or by the hundred, do nothing.
	p.expect("BYE before ACK", "200", "BYE", at, "twin1", "1", first.header("To"), 2, "")
	for i := range 200 {
		p.request("ACK", at, "twin1", "1", first.header("To"), 1+i%3, "")
		p.request("ACK", at, fmt.Sprint("storm", i), "1", "<sip:1@x>;tag=nobody", 1, "")
	}
	p.expect("a second BYE", "481", "BYE", at, "twin1", "1", first.header("To"), 3, "")

	// An INVITE that comes again after its end gets no second call: its transaction
	// still absorbs it.
	p.send(invite("twin", "twin1"))
	if m, ok := p.read(150 * time.Millisecond); ok && strings.HasPrefix(m.start, "SIP/2.0 100") || len(up) != 0 {
		t.Errorf("a retransmission after the end began something: %q", m.start)
	}

	p.expect("CANCEL without INVITE", "481", "CANCEL", at, "nocall", "1", "<sip:1@x>", 1, "")
	for _, h := range []string{"Replaces: nobody@x;to-tag=a;from-tag=b", "Replaces: twin1;to-tag=x;from-tag=1"} {
		p.expect("INVITE with "+h, "481", "INVITE", at, "repl"+h[10:12], "1", "<sip:1@x>", 1, string(sdp(5000)), h)
	}
	for _, m := range []string{"BYE", "UPDATE", "INFO", "PRACK", "REFER", "NOTIFY", "INVITE"} {
		p.expect(m+" in a dialog that is none", "481", m, at, "none"+m, "1", "<sip:1@x>;tag=nobody", 1, "", "Refer-To: <sip:2@x>", "Event: refer", "RAck: 1 1 INVITE")
	}
}

// requests at the wrong time in a dialog that exists.
func TestHostileDialogs(t *testing.T) {
	up := make(chan *sipua.Incoming, 8)
	cfg := hostileConfig()
	cfg.Handler = func(inc *sipua.Incoming) {
		inc.OnRefer(func(o *sipua.ReferOrder) { o.Accept() }) // and no result comes
		inc.OnReoffer(nil)
		answering(4000, func(inc *sipua.Incoming) { up <- inc })(inc)
	}
	a := besieged(t, cfg)
	p := newPeer(t, a)
	at := uri("1", a)
	p.request("INVITE", at, "dlg", "f", "<sip:1@x>", 10, string(sdp(5000)))
	to := p.answer("INVITE", "dlg", 10).header("To")
	tag := to[strings.Index(to, ";tag=")+5:]
	p.request("ACK", at, "dlg", "f", to, 10, "")
	inc := receive(t, up, "the call")
	receive(t, inc.Up(), "ACK")

	p.expect("a count that goes back", "500", "INFO", at, "dlg", "f", to, 9, "5", "Content-Type: application/dtmf")
	p.expect("another's From tag", "481", "INFO", at, "dlg", "g", to, 11, "5", "Content-Type: application/dtmf")
	p.expect("the tag in capitals", "200", "INFO", at, "dlg", "f", "<sip:1@x>;TAG="+tag, 12, "5", "Content-Type: application/dtmf")
	p.expect("the tag with blanks", "200", "INFO", at, "dlg", "f", "<sip:1@x> ; tag = "+tag, 13, "5", "Content-Type: application/dtmf")
	p.expect("the tag within quotes", "481", "INFO", at, "dlg", "f", `<sip:1@x>;x=";tag=`+tag+`"`, 14, "5", "Content-Type: application/dtmf")
	p.expect("PRACK of nothing", "481", "PRACK", at, "dlg", "f", to, 15, "", "RAck: 77 10 INVITE")
	p.expect("PRACK without RAck", "4", "PRACK", at, "dlg", "f", to, 16, "")
	p.expect("a session description that is none", "4", "UPDATE", at, "dlg", "f", to, 17, "v=1\r\n")

	// REFERs in a loop: one is open, the others are refused.
	statuses := map[string]int{}
	for i := range 20 {
		p.request("REFER", at, "dlg", "f", to, 18+i, "", "Refer-To: <sip:1@"+a.Addr().String()+">")
		statuses[strings.Fields(p.answer("REFER", "dlg", 18+i).start)[1]]++
	}
	if statuses["491"] < 19 {
		t.Errorf("20 REFERs got %v", statuses)
	}
	p.request("BYE", at, "dlg", "f", to, 60, "")
	p.answer("BYE", "dlg", 60)
}

// an offer while another is open, both ways.
func TestHostileOffers(t *testing.T) {
	entered, free := make(chan struct{}, 4), make(chan struct{})
	cfg := hostileConfig()
	up := make(chan *sipua.Incoming, 8)
	cfg.Handler = func(inc *sipua.Incoming) {
		l := local(4000)
		inc.OnReoffer(func(s *offer.Session) ([]byte, error) {
			entered <- struct{}{}
			<-free
			body, _, err := l.Answer(s)
			return body, err
		})
		answering(4000, func(inc *sipua.Incoming) { up <- inc })(inc)
	}
	a := besieged(t, cfg)
	release := sync.OnceFunc(func() { close(free) })
	t.Cleanup(release)
	p := newPeer(t, a)
	at := uri("1", a)
	p.request("INVITE", at, "off", "f", "<sip:1@x>", 1, string(sdp(5000)))
	to := p.answer("INVITE", "off", 1).header("To")
	p.request("ACK", at, "off", "f", to, 1, "")
	inc := receive(t, up, "the call")
	p.request("INVITE", at, "off", "f", to, 2, string(sdp(5002)))
	receive(t, entered, "the offer")
	p.expect("UPDATE while an offer is open", "500", "UPDATE", at, "off", "f", to, 3, string(sdp(5004)))
	if _, err := inc.Reinvite(t.Context(), sdp(4002)); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("our own offer while theirs is open gave %v", err)
	}
	release()
	p.answer("INVITE", "off", 2)
	p.request("ACK", at, "off", "f", to, 2, "")
	p.request("BYE", at, "off", "f", to, 9, "")
	p.answer("BYE", "off", 9)
}

// a hundred forks of one call ring and answer: one is taken, each of the
// others that answers gets ACK and BYE.
func TestHostileForks(t *testing.T) {
	a := besieged(t, hostileConfig())
	p := newPeer(t, nil)
	done := make(chan *sipua.Dialog, 1)
	go func() {
		d, err := a.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr()}, sdp(5000), nil)
		if err != nil {
			t.Error(err)
		}
		done <- d
	}()
	inv := p.until("INVITE ", "INVITE")
	contact := "Contact: <sip:x@" + p.addr() + ">"
	for i := range 100 {
		p.respond(inv, 180, "Ringing", fmt.Sprint("fork", i), "", contact)
	}
	const answered = 20
	acked, ended := map[string]bool{}, map[string]bool{}
	for end := time.Now().Add(wait); len(acked) < answered || len(ended) < answered-1; {
		for i := range answered { // each repeats its answer until ACK
			if tag := fmt.Sprint("fork", i); !acked[tag] {
				p.respond(inv, 200, "OK", tag, string(sdp(6000)), contact)
			}
		}
		for m, ok := p.read(100 * time.Millisecond); ok; m, ok = p.read(100 * time.Millisecond) {
			_, tag, _ := strings.Cut(m.header("To"), ";tag=")
			switch method, _, _ := strings.Cut(m.start, " "); method {
			case "ACK":
				acked[tag] = true
			case "BYE":
				ended[tag] = true
				p.respond(m, 200, "OK", "", "")
			}
		}
		if time.Now().After(end) {
			t.Fatalf("of %d forks %d were acknowledged, %d ended", answered, len(acked), len(ended))
		}
	}
	d := receive(t, done, "the call")
	if d == nil {
		t.FailNow()
	}
	go d.Hangup(voice.CauseNormal, "")
	for a.Calls() > 0 {
		if m, ok := p.read(wait); ok && strings.HasPrefix(m.start, "BYE ") {
			p.respond(m, 200, "OK", "", "")
		}
	}
}

// a PRACK that names another response.
func TestHostilePrack(t *testing.T) {
	cfg := hostileConfig()
	cfg.Handler = func(inc *sipua.Incoming) {
		body, _, err := local(4000).Answer(inc.Offer())
		if err == nil {
			_ = inc.EarlyMedia(body)
			_ = inc.Answer(body)
		}
		<-inc.Done()
	}
	a := besieged(t, cfg)
	p := newPeer(t, a)
	at := uri("1", a)
	p.request("INVITE", at, "rel", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: 100rel")
	early := p.until("SIP/2.0 183", "INVITE")
	to, rseq := early.header("To"), early.header("RSeq")
	for i, rack := range []string{"1 1 INVITE", rseq + " 2 INVITE", rseq + " 1 BYE", "", "x", "4294967296 1 INVITE", rseq + "1 1 INVITE"} {
		p.expect("RAck "+rack, "4", "PRACK", at, "rel", "f", to, 2+i, "", "RAck: "+rack)
	}
	p.expect("the right RAck", "200", "PRACK", at, "rel", "f", to, 20, "", "RAck: "+rseq+" 1 INVITE")
	p.answer("INVITE", "rel", 1)
	p.request("ACK", at, "rel", "f", to, 1, "")
	p.expect("BYE", "200", "BYE", at, "rel", "f", to, 21, "")
}

// D-05: callers who never acknowledge, and who leave while it rings, cost nothing
// once the timers are over.
func TestHostileSilence(t *testing.T) {
	cfg := hostileConfig()
	cfg.Handler = func(inc *sipua.Incoming) {
		if user, _ := inc.RequestURI(); user == "ring" {
			_ = inc.Ring()
			<-inc.Done()
			return
		}
		answering(4000, nil)(inc)
	}
	a := besieged(t, cfg)
	p := newPeer(t, a)
	n := soak(100, 5000)
	for i := range n {
		p.request("INVITE", uri("1", a), fmt.Sprint("noack", i), "f", "<sip:1@x>", 1, string(sdp(5000)))
		id := fmt.Sprint("ring", i)
		branch := p.request("INVITE", uri("ring", a), id, "f", "<sip:1@x>", 1, string(sdp(5000)))
		cancel := asks("CANCEL").to(uri("ring", a)).set("Via", "SIP/2.0/UDP "+p.addr()+";branch="+branch+";rport").set("Call-ID", id).set("From", "<sip:raw@x>;tag=f").set("To", "<sip:1@x>")
		p.send(string(cancel.bytes()))
		p.answer("INVITE", fmt.Sprint("noack", i), 1)
	}
	for a.Calls() > 0 { // BYEs that nobody answers
		p.read(50 * time.Millisecond)
	}
}

// TestByeOutOfOrder has a peer's BYE overtaken by a later request: it has gone all the
// same. Ours is sent again with a new number to who refuses it so.
func TestByeOutOfOrder(t *testing.T) {
	up := make(chan *sipua.Incoming, 2)
	ended := make(chan string, 2)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		answering(4000, func(inc *sipua.Incoming) { up <- inc })(inc)
		_, words := inc.Cause()
		ended <- words
	}})
	p := newPeer(t, a)
	at := uri("1", a)
	begin := func(id string) (string, *sipua.Incoming) {
		p.request("INVITE", at, id, "f", "<sip:1@x>", 10, string(sdp(5000)))
		to := p.answer("INVITE", id, 10).header("To")
		p.request("ACK", at, id, "f", to, 10, "")
		inc := receive(t, up, "the call")
		receive(t, inc.Up(), "ACK")
		return to, inc
	}
	to, _ := begin("overtaken")
	p.expect("what overtakes", "200", "OPTIONS", at, "overtaken", "f", to, 12, "")
	p.expect("what is too late", "500", "OPTIONS", at, "overtaken", "f", to, 11, "")
	p.expect("a BYE that was overtaken", "200", "BYE", at, "overtaken", "f", to, 11, "")
	if words := receive(t, ended, "the end"); words != "the peer hung up" {
		t.Errorf("it ended since %s", words)
	}

	_, inc := begin("ours")
	inc.Hangup(voice.CauseNormal, "")
	first := p.until("BYE ", "BYE")
	p.respond(first, 500, "CSeq Out of Order", "", "")
	again := p.until("BYE ", "BYE")
	for again.header("CSeq") == first.header("CSeq") { // sent again before our answer came
		again = p.until("BYE ", "BYE")
	}
	p.respond(again, 200, "OK", "", "")
	if number(again) != number(first)+1 {
		t.Errorf("CSeq %s follows %s", again.header("CSeq"), first.header("CSeq"))
	}
}

// number is that of a request in its dialog.
func number(m message) (n int) {
	fmt.Sscan(m.header("CSeq"), &n)
	return n
}
