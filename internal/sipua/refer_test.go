package sipua_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

type referred struct {
	result sipua.Referral
	err    error
}

// transferring has a raw peer call us, is told to send it to sip:102@home, and
// gives the REFER that the peer gets.
func transferring(t *testing.T, within time.Duration) (p *rawPeer, a *sipua.Agent, to string, refer message, end <-chan referred) {
	t.Helper()
	done := make(chan referred, 1)
	a = start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		answering(4000, func(inc *sipua.Incoming) {
			<-inc.Up()
			if !inc.TakesRefer() {
				t.Error("the peer's Allow is not seen")
			}
			ctx, cancel := context.WithTimeout(context.Background(), within)
			defer cancel()
			res, err := inc.Refer(ctx, "sip:102@home")
			done <- referred{res, err}
		})(inc)
	}})
	p = newPeer(t, a)
	p.request("INVITE", uri("1", a), "refers", "f", "<sip:1@x>", 1, string(sdp(5000)), "Allow: INVITE, ACK, BYE, refer")
	to = p.until("SIP/2.0 200", "INVITE").header("To")
	p.request("ACK", uri("1", a), "refers", "f", to, 1, "")
	return p, a, to, p.until("REFER ", "REFER"), done
}

// tell sends a NOTIFY of the transfer and checks how it is answered.
func tell(t *testing.T, p *rawPeer, a *sipua.Agent, to string, seq int, event, state, frag, want string) {
	t.Helper()
	p.request("NOTIFY", uri("1", a), "refers", "f", to, seq, "SIP/2.0 "+frag+"\r\n", "Event: "+event,
		"Subscription-State: "+state, "Content-Type: message/sipfrag;version=2.0")
	if m := p.until("SIP/2.0 ", "NOTIFY"); !strings.HasPrefix(m.start, "SIP/2.0 "+want) {
		t.Errorf("NOTIFY %s got %s", frag, m.start)
	}
}

func TestRefer(t *testing.T) {
	for name, c := range map[string]struct {
		frags []string // the last is final
		want  sipua.Referral
	}{
		"answered":        {[]string{"100 Trying", "180 Ringing", "200 OK"}, sipua.Referral{Status: 200, Reason: "OK"}},
		"busy":            {[]string{"100 Trying", "486 Busy Here"}, sipua.Referral{Status: 486, Reason: "Busy Here"}},
		"without results": {[]string{"100 Trying"}, sipua.Referral{Reason: "the peer did not say what came of it"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, a, to, refer, end := transferring(t, wait)
			if refer.header("Refer-To") != "<sip:102@home>" || !strings.Contains(refer.header("Referred-By"), "sip:1@") || refer.header("Contact") == "" {
				t.Errorf("REFER has %q", refer.headers)
			}
			seq, _, _ := strings.Cut(refer.header("CSeq"), " ")
			p.respond(refer, 202, "Accepted", "", "")
			tell(t, p, a, to, 2, "presence", "active", "200 OK", "489")
			tell(t, p, a, to, 3, "refer;id=1", "terminated", "200 OK", "481") // another's
			for i, frag := range c.frags {
				state := "active;expires=60"
				if i == len(c.frags)-1 {
					state = "terminated;reason=noresource"
				}
				tell(t, p, a, to, 4+i, "refer;id="+seq, state, frag, "200")
			}
			if got := receive(t, end, "the result"); got.err != nil || got.result != c.want {
				t.Errorf("got %+v, %v", got.result, got.err)
			}
			tell(t, p, a, to, 20, "refer", "terminated", "200 OK", "481") // it is over
			p.request("BYE", uri("1", a), "refers", "f", to, 21, "")
			p.until("SIP/2.0 200", "BYE")
		})
	}
}

func TestReferRefused(t *testing.T) {
	for _, status := range []int{403, 405, 501, 603} {
		p, a, to, refer, end := transferring(t, wait)
		p.respond(refer, status, "No", "", "")
		if got := receive(t, end, "the result"); got.err != nil || got.result != (sipua.Referral{Status: status, Reason: "No", Refused: true}) {
			t.Errorf("%d gave %+v, %v", status, got.result, got.err)
		}
		p.request("BYE", uri("1", a), "refers", "f", to, 2, "")
		p.until("SIP/2.0 200", "BYE")
	}
}

func TestReferWithoutResult(t *testing.T) {
	p, a, to, refer, end := transferring(t, wait)
	p.respond(refer, 202, "Accepted", "", "")
	p.request("BYE", uri("1", a), "refers", "f", to, 2, "")
	if got := receive(t, end, "the end"); !voice.IsKind(got.err, voice.HungUp) {
		t.Errorf("a peer that left gave %+v, %v", got.result, got.err)
	}

	p, _, _, refer, end = transferring(t, 300*time.Millisecond)
	p.respond(refer, 202, "Accepted", "", "")
	if got := receive(t, end, "the end"); !voice.IsKind(got.err, voice.Unavailable) {
		t.Errorf("a peer that says nothing gave %+v, %v", got.result, got.err)
	}
}

func TestReferBadAddress(t *testing.T) {
	d, _ := pair(t, sipua.Config{}, sipua.Config{}, nil)
	for _, bad := range []string{"", "102", "sip:102@", "sip:1@h>\r\nX: y", "mailto:x@y"} {
		if _, err := d.Refer(t.Context(), bad); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("%q gave %v", bad, err)
		}
	}
	if got := d.Home("102"); !strings.HasPrefix(got, "sip:102@127.0.0.1:") {
		t.Errorf("home is %s", got)
	}
}
