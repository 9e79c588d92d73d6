package sipua_test

import (
	"context"
	"strings"
	"testing"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

func tagOf(header string) string {
	_, tag, _ := strings.Cut(header, ";tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

// replacing sends an INVITE with Replaces headers and gives the response.
func replacing(t *testing.T, p *rawPeer, a *sipua.Agent, id string, replaces ...string) message {
	t.Helper()
	var lines []string
	for _, r := range replaces {
		lines = append(lines, "Replaces: "+r)
	}
	p.request("INVITE", uri("1", a), id, "r", "<sip:1@x>", 1, string(sdp(5002)), lines...)
	for {
		m := p.until("SIP/2.0 ", "INVITE")
		if m.header("Call-ID") == id && !strings.HasPrefix(m.start, "SIP/2.0 1") {
			p.request("ACK", uri("1", a), id, "r", m.header("To"), 1, "")
			return m
		}
	}
}

func TestReplaces(t *testing.T) {
	var a *sipua.Agent
	ready := make(chan struct{}) // a is set
	old := make(chan *sipua.Incoming, 1)
	a = start(t, sipua.Config{
		TakesOver: func(inc *sipua.Incoming, d *sipua.Dialog) bool { return inc.Header("X-Who") == "" && d.ID() == "old" },
		Handler: func(inc *sipua.Incoming) {
			<-ready
			r := inc.Replaces()
			if r == nil {
				old <- inc
				answering(4000, nil)(inc)
				return
			}
			answering(4002, func(*sipua.Incoming) {
				if d := a.Match(*r); d != nil {
					d.Hangup(voice.CauseNormal, "replaced")
				}
			})(inc)
		},
	})
	close(ready)
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "old", "f", "<sip:1@x>", 1, string(sdp(5000)))
	ok := p.until("SIP/2.0 200", "INVITE")
	p.request("ACK", uri("1", a), "old", "f", ok.header("To"), 1, "")
	inc := receive(t, old, "the call")
	receive(t, inc.Up(), "ACK")
	ours := tagOf(ok.header("To"))

	if d := a.Match(sipua.Replaces{CallID: "old", ToTag: ours, FromTag: "f"}); d != inc.Dialog {
		t.Error("the dialog is not matched")
	}
	if d := a.Match(sipua.Replaces{CallID: "old", ToTag: "f", FromTag: ours}); d != nil {
		t.Error("the tags may be turned")
	}
	x := newPeer(t, a)
	for id, c := range map[string]struct {
		want     string
		replaces []string
	}{
		"malformed":       {"400", []string{"old"}},
		"empty":           {"400", []string{";to-tag=" + ours + ";from-tag=f"}},
		"one tag":         {"400", []string{"old;to-tag=" + ours}},
		"tag twice":       {"400", []string{"old;to-tag=" + ours + ";from-tag=f;from-tag=g"}},
		"no token":        {"400", []string{"old;to-tag=" + ours + ";from-tag=a@b"}},
		"two in one":      {"400", []string{"old;to-tag=" + ours + ";from-tag=f,old;to-tag=a;from-tag=b"}},
		"twice":           {"400", []string{"old;to-tag=" + ours + ";from-tag=f", "old;to-tag=" + ours + ";from-tag=f"}},
		"early with text": {"400", []string{"old;to-tag=" + ours + ";from-tag=f;early-only=1"}},
		"oversized":       {"400", []string{"old;to-tag=" + ours + ";from-tag=f;x=" + strings.Repeat("1", 2100)}},
		"with join":       {"400", []string{"old;to-tag=" + ours + ";from-tag=f\r\nJoin: a;to-tag=1;from-tag=2"}},
		"unknown call":    {"481", []string{"other;to-tag=" + ours + ";from-tag=f"}},
		"unknown tag":     {"481", []string{"old;to-tag=" + ours + ";from-tag=g"}},
		"turned":          {"481", []string{"old;to-tag=f;from-tag=" + ours}},
		"not entitled":    {"481", []string{"old;to-tag=" + ours + ";from-tag=f\r\nX-Who: somebody else"}},
		"early only":      {"486", []string{"old ; from-tag=f ;Early-Only;x=y; to-tag=" + ours}},
	} {
		if m := replacing(t, x, a, strings.ReplaceAll(id, " ", "-"), c.replaces...); !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
			t.Errorf("%s: %q got %s, want %s", id, c.replaces, m.start, c.want)
		}
	}
	select {
	case <-inc.Done():
		t.Error("the call ended by a wrong Replaces")
	default:
	}
	p.request("INVITE", uri("1", a), "old", "f", ok.header("To"), 2, string(sdp(5000)), "Replaces: old;to-tag="+ours+";from-tag=f")
	p.until("SIP/2.0 400", "INVITE") // only a first INVITE may replace

	if m := replacing(t, x, a, "new", "old;to-tag="+ours+";from-tag=f"); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Fatalf("got %s", m.start)
	}
	bye := p.until("BYE ", "BYE") // of the old call
	if m := replacing(t, x, a, "between", "old;to-tag="+ours+";from-tag=f"); !strings.HasPrefix(m.start, "SIP/2.0 603") {
		t.Errorf("a call that is ending got %s", m.start)
	}
	p.respond(bye, 200, "OK", "", "")
	receive(t, inc.Done(), "the end")
	if m := replacing(t, x, a, "after", "old;to-tag="+ours+";from-tag=f"); !strings.HasPrefix(m.start, "SIP/2.0 603") {
		t.Errorf("a call that is over got %s", m.start)
	}
}

func TestReplacesEarly(t *testing.T) {
	type arrival struct {
		inc *sipua.Incoming
		d   *sipua.Dialog
	}
	var a *sipua.Agent
	ready := make(chan struct{}) // a is set
	ringing := make(chan *sipua.Incoming, 1)
	taken := make(chan arrival, 1)
	a = start(t, sipua.Config{
		TakesOver: func(*sipua.Incoming, *sipua.Dialog) bool { return true },
		Handler: func(inc *sipua.Incoming) {
			<-ready
			if r := inc.Replaces(); r != nil {
				taken <- arrival{inc, a.Match(*r)}
				answering(4002, nil)(inc)
				return
			}
			_ = inc.Ring()
			ringing <- inc
			<-inc.Done()
		},
	})
	close(ready)
	p, x := newPeer(t, a), newPeer(t, a)
	p.request("INVITE", uri("1", a), "theirs", "f", "<sip:1@x>", 1, string(sdp(5000)))
	tag := tagOf(p.until("SIP/2.0 180", "INVITE").header("To"))
	inc := receive(t, ringing, "the call")
	if a.Match(sipua.Replaces{CallID: "theirs", ToTag: tag, FromTag: "f"}) != inc.Dialog {
		t.Error("a ringing call is not matched")
	}
	if m := replacing(t, x, a, "bad", "theirs;to-tag="+tag+";from-tag=f"); !strings.HasPrefix(m.start, "SIP/2.0 481") {
		t.Errorf("an early dialog of the peer got %s", m.start)
	}

	// One that we began rings at q and is picked up by x.
	q := newPeer(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	rang := make(chan struct{}, 1)
	go func() {
		_, err := a.Dial(ctx, sipua.Target{URI: "sip:q@" + q.addr()}, sdp(5004), func(sipua.Progress) { rang <- struct{}{} })
		done <- err
	}()
	inv := q.until("INVITE ", "INVITE")
	q.respond(inv, 180, "Ringing", "q", "", "Contact: <sip:q@"+q.addr()+">")
	receive(t, rang, "180")
	replaces := inv.header("Call-ID") + ";to-tag=" + tagOf(inv.header("From")) + ";from-tag=q;early-only"
	if m := replacing(t, x, a, "good", replaces); !strings.HasPrefix(m.start, "SIP/2.0 200") {
		t.Errorf("an early dialog of ours got %s", m.start)
	}
	got := receive(t, taken, "the call")
	if got.d == nil || got.d.ID() != inv.header("Call-ID") {
		t.Errorf("matched %v", got.d)
	}
	cancel()
	q.respond(q.until("CANCEL ", "CANCEL"), 200, "OK", "", "")
	q.respond(inv, 487, "Request Terminated", "q", "")
	if err := receive(t, done, "the end of Dial"); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("dial gave %v", err)
	}
}

func TestReplacesNobodyAllows(t *testing.T) {
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "old", "f", "<sip:1@x>", 1, string(sdp(5000)))
	ok := p.until("SIP/2.0 200", "INVITE")
	p.request("ACK", uri("1", a), "old", "f", ok.header("To"), 1, "")
	if m := replacing(t, newPeer(t, a), a, "new", "old;to-tag="+tagOf(ok.header("To"))+";from-tag=f"); !strings.HasPrefix(m.start, "SIP/2.0 481") {
		t.Errorf("got %s", m.start)
	}
}
