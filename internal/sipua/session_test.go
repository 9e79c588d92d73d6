package sipua_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// pair starts two agents with a call between them.
func pair(t *testing.T, server, client sipua.Config, setup func(*sipua.Incoming)) (*sipua.Dialog, *sipua.Incoming) {
	t.Helper()
	got := make(chan *sipua.Incoming, 1)
	server.Handler = func(inc *sipua.Incoming) {
		if setup != nil {
			setup(inc)
		}
		answering(4000, func(inc *sipua.Incoming) { <-inc.Up(); got <- inc })(inc)
	}
	s := start(t, server)
	c := start(t, client)
	d, err := c.Dial(t.Context(), sipua.Target{URI: uri("100", s), From: "alice"}, sdp(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d, receive(t, got, "the call")
}

func TestHoldAndResume(t *testing.T) {
	offers := make(chan offer.Media, 4)
	d, inc := pair(t, sipua.Config{}, sipua.Config{}, func(inc *sipua.Incoming) {
		l := local(4000)
		inc.OnReoffer(func(s *offer.Session) ([]byte, error) {
			body, m, err := l.Answer(s)
			offers <- m
			return body, err
		})
	})
	us := local(5000)
	us.Offer("")
	for _, dir := range []offer.Direction{offer.SendOnly, offer.Inactive, offer.SendRecv} {
		s, err := d.Reinvite(t.Context(), us.Offer(dir))
		if err != nil {
			t.Fatal(err)
		}
		if m := receive(t, offers, "the offer"); m.Direction != dir {
			t.Errorf("server saw %s, want %s", m.Direction, dir)
		}
		if m, _ := us.Accept(s); m.Direction != dir.Reverse() {
			t.Errorf("answer to %s is %s", dir, m.Direction)
		}
	}
	// And the other way: the called side offers.
	if _, err := inc.Reinvite(t.Context(), local(4002).Offer("")); err != nil {
		t.Errorf("re-INVITE of the called side: %v", err)
	}
	if m, _ := d.Remote().Preview(); m.Remote.Port() != 4002 {
		t.Errorf("new address is %v", m.Remote)
	}
}

func TestReofferRefusedKeepsCall(t *testing.T) {
	d, _ := pair(t, sipua.Config{}, sipua.Config{}, func(inc *sipua.Incoming) {
		inc.OnReoffer(func(*offer.Session) ([]byte, error) { return nil, errors.New("no") })
	})
	_, err := d.Reinvite(t.Context(), sdp(5002))
	if f, ok := sipua.FailureOf(err); !ok || f.Status != 488 {
		t.Errorf("re-INVITE gave %v", err)
	}
	select {
	case <-d.Done():
		t.Error("the call has ended")
	default:
	}
}

func TestGlare(t *testing.T) {
	entered, free := make(chan struct{}, 4), make(chan struct{})
	d, inc := pair(t, sipua.Config{}, sipua.Config{}, nil)
	l := local(5000)
	d.OnReoffer(func(s *offer.Session) ([]byte, error) {
		entered <- struct{}{}
		<-free
		body, _, err := l.Answer(s)
		return body, err
	})
	done := make(chan error, 1)
	go func() {
		_, err := inc.Reinvite(t.Context(), sdp(4004))
		done <- err
	}()
	receive(t, entered, "the offer")
	if _, err := d.Reinvite(t.Context(), sdp(5004)); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("an offer while another is open gave %v", err)
	}
	close(free)
	if err := receive(t, done, "the answer"); err != nil {
		t.Error(err)
	}
}

func TestInfoDigits(t *testing.T) {
	d, inc := pair(t, sipua.Config{}, sipua.Config{}, nil)
	if err := d.SendDigits(t.Context(), "1#*D", 120*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for _, want := range []byte("1#*D") {
		if got := receive(t, inc.Digits(), "a digit"); got.Key != want || got.Duration != 120*time.Millisecond {
			t.Errorf("got %c for %v, want %c", got.Key, got.Duration, want)
		}
	}
	if err := d.SendDigits(t.Context(), "x", 0); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("a key that is none gave %v", err)
	}
}

func TestInfoForms(t *testing.T) {
	got := make(chan *sipua.Incoming, 1)
	a := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) { got <- inc })})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "info", "f", "<sip:1@x>", 1, string(sdp(5000)))
	to := p.until("SIP/2.0 200", "INVITE").header("To")
	p.request("ACK", uri("1", a), "info", "f", to, 1, "")
	inc := receive(t, got, "the call")
	for i, c := range []struct{ kind, body, want string }{
		{"application/dtmf", "5", "200"},
		{"application/dtmf", "11", "200"},
		{"application/dtmf-relay", "Signal= 7\r\nDuration= 100\r\n", "200"},
		{"application/dtmf-relay", "Signal=ab\r\n", "400"},
		{"application/dtmf", "", "400"},
		{"text/x", "5", "415"},
	} {
		p.request("INFO", uri("1", a), "info", "f", to, 2+i, c.body, "Content-Type: "+c.kind)
		if m := p.until("SIP/2.0 ", "INFO"); !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
			t.Errorf("%q got %s", c.body, m.start)
		}
	}
	var keys []byte
	for range 3 {
		keys = append(keys, receive(t, inc.Digits(), "a digit").Key)
	}
	if string(keys) != "5#7" {
		t.Errorf("keys are %q", keys)
	}
	p.request("INFO", uri("1", a), "info", "f", to, 2, "5", "Content-Type: application/dtmf")
	if m := p.until("SIP/2.0 ", "INFO"); !strings.HasPrefix(m.start, "SIP/2.0 500") {
		t.Errorf("an old CSeq got %s", m.start)
	}
	p.request("REFER", uri("1", a), "info", "f", to, 20, "", "Refer-To: <sip:+900@evil.example>")
	if m := p.until("SIP/2.0 ", "REFER"); !strings.HasPrefix(m.start, "SIP/2.0 603") {
		t.Errorf("REFER got %s", m.start)
	}
	p.request("OPTIONS", uri("1", a), "info", "f", to, 21, "")
	p.until("SIP/2.0 200", "OPTIONS")
	p.request("UPDATE", uri("1", a), "info", "f", to, 22, "", "Session-Expires: 1800", "Supported: timer")
	if m := p.until("SIP/2.0 200", "UPDATE"); !strings.HasPrefix(m.header("Session-Expires"), "1800") {
		t.Errorf("UPDATE got Session-Expires %q", m.header("Session-Expires"))
	}
	p.request("UPDATE", uri("1", a), "info", "f", to, 23, string(sdp(5010)))
	if m := p.until("SIP/2.0 200", "UPDATE"); !strings.Contains(m.body, "m=audio") {
		t.Errorf("UPDATE with an offer got %q", m.body)
	}
}

func TestReliableEarlyMedia(t *testing.T) {
	server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		body, _, _ := local(4000).Answer(inc.Offer())
		if err := inc.EarlyMedia(body); err != nil {
			t.Error(err)
		}
		_ = inc.Answer(body) // waits for the PRACK by itself
		<-inc.Done()
	}})
	client := start(t, sipua.Config{})
	var early []sipua.Progress
	d, err := client.Dial(t.Context(), sipua.Target{URI: uri("1", server)}, sdp(5000), func(p sipua.Progress) { early = append(early, p) })
	if err != nil {
		t.Fatal(err)
	}
	if len(early) != 1 || early[0].Status != 183 || early[0].Session == nil {
		t.Errorf("progress was %+v", early)
	}
	var mu sync.Mutex
	var methods []string
	d.OnMessage(func(m sipua.Message) {
		mu.Lock()
		defer mu.Unlock()
		if !m.In && m.Status == 0 {
			methods = append(methods, m.Method)
		}
	})
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(methods, []string{"INVITE", "PRACK", "ACK"}) {
		t.Errorf("sent %v", methods)
	}
}

func TestPrackByHand(t *testing.T) {
	refused := make(chan string, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		_ = inc.Ring()
		<-inc.Done()
		_, w := inc.Cause()
		refused <- w
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "prack", "f", "<sip:1@x>", 1, string(sdp(5000)), "Require: 100rel")
	ring := p.until("SIP/2.0 180", "INVITE")
	if ring.header("Require") != "100rel" || ring.header("RSeq") == "" {
		t.Fatalf("180 has Require %q and RSeq %q", ring.header("Require"), ring.header("RSeq"))
	}
	p.until("SIP/2.0 180", "INVITE") // it is repeated
	p.request("PRACK", uri("1", a), "prack", "f", ring.header("To"), 2, "", "RAck: 1 1 INVITE")
	p.until("SIP/2.0 481", "PRACK")
	p.request("PRACK", uri("1", a), "prack", "f", ring.header("To"), 3, "", "RAck: "+ring.header("RSeq")+" 1 INVITE")
	p.until("SIP/2.0 200", "PRACK")
	p.request("BYE", uri("1", a), "prack", "f", ring.header("To"), 4, "")
	p.until("SIP/2.0 487", "INVITE")
	receive(t, refused, "the end")
}

func TestUnconfirmedProvisionalEndsCall(t *testing.T) {
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		_ = inc.Ring()
		<-inc.Done()
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "noprack", "f", "<sip:1@x>", 1, string(sdp(5000)), "Require: 100rel")
	p.until("SIP/2.0 500", "INVITE")
}

func TestDelayedOffer(t *testing.T) {
	got := make(chan *offer.Session, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		if inc.Offer() != nil {
			t.Error("there is an offer")
		}
		_ = inc.Answer(local(4000).Offer(""))
		<-inc.Up()
		got <- inc.Remote()
		<-inc.Done()
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "late", "f", "<sip:1@x>", 1, "")
	ok := p.until("SIP/2.0 200", "INVITE")
	if !strings.Contains(ok.body, "m=audio 4000") {
		t.Fatalf("our offer is %q", ok.body)
	}
	p.request("ACK", uri("1", a), "late", "f", ok.header("To"), 1, string(sdp(5000)))
	if s := receive(t, got, "the ACK"); s == nil {
		t.Error("the answer in the ACK is lost")
	}
}

func TestSessionTimerTooSmall(t *testing.T) {
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "se", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: timer", "Session-Expires: 30")
	if m := p.until("SIP/2.0 422", "INVITE"); m.header("Min-SE") != "90" {
		t.Errorf("Min-SE is %q", m.header("Min-SE"))
	}
}

func TestSessionTimers(t *testing.T) {
	short := sipua.Limits{Session: 2 * time.Second, MinSession: time.Second}
	t.Run("refreshed by the called side", func(t *testing.T) {
		d, _ := pair(t, sipua.Config{Limits: short}, sipua.Config{Limits: short}, nil)
		updates := make(chan struct{}, 64)
		d.OnMessage(func(m sipua.Message) {
			if m.Method == "UPDATE" && m.Status == 0 {
				updates <- struct{}{}
			}
		})
		for range 3 {
			receive(t, updates, "a refresh")
		}
		select {
		case <-d.Done():
			t.Error("the call ended in spite of refreshes")
		default:
		}
	})
	t.Run("422 is obeyed", func(t *testing.T) {
		d, _ := pair(t, sipua.Config{Limits: sipua.Limits{MinSession: 200 * time.Second}}, sipua.Config{Limits: sipua.Limits{Session: 100 * time.Second}}, nil)
		var mu sync.Mutex
		var statuses []int
		d.OnMessage(func(m sipua.Message) {
			mu.Lock()
			defer mu.Unlock()
			statuses = append(statuses, m.Status)
		})
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(statuses, 422) {
			t.Errorf("statuses were %v", statuses)
		}
	})
	t.Run("ends without refresh", func(t *testing.T) {
		words := make(chan string, 1)
		a := start(t, sipua.Config{Limits: short, Handler: func(inc *sipua.Incoming) {
			answering(4000, nil)(inc)
			_, w := inc.Cause()
			if why := inc.Reason(); why != voice.EndNoRefresh {
				t.Errorf("ended for %q", why)
			}
			words <- w
		}})
		p := newPeer(t, a)
		p.request("INVITE", uri("1", a), "end", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: timer", "Session-Expires: 2;refresher=uac")
		ok := p.until("SIP/2.0 200", "INVITE")
		if ok.header("Session-Expires") != "2;refresher=uac" || ok.header("Require") != "timer" {
			t.Errorf("200 has Session-Expires %q, Require %q", ok.header("Session-Expires"), ok.header("Require"))
		}
		p.request("ACK", uri("1", a), "end", "f", ok.header("To"), 1, "")
		p.respond(p.until("BYE ", "BYE"), 200, "OK", "", "")
		if w := receive(t, words, "the end"); !strings.Contains(w, "session timer") {
			t.Errorf("words are %q", w)
		}
	})
	t.Run("ends when the peer knows no such call", func(t *testing.T) {
		why := make(chan voice.EndReason, 1)
		a := start(t, sipua.Config{Limits: short, Handler: func(inc *sipua.Incoming) {
			answering(4000, nil)(inc)
			why <- inc.Reason()
		}})
		p := newPeer(t, a)
		p.request("INVITE", uri("1", a), "lost", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE", "Session-Expires: 2;refresher=uas")
		ok := p.until("SIP/2.0 200", "INVITE")
		p.request("ACK", uri("1", a), "lost", "f", ok.header("To"), 1, "")
		p.respond(p.until("UPDATE ", "UPDATE"), 481, "Call/Transaction Does Not Exist", "", "")
		if got := receive(t, why, "the end"); got != voice.EndPeerForgot {
			t.Errorf("ended for %q", got)
		}
	})
}

func TestCloseEndsCalls(t *testing.T) {
	got := make(chan struct{}, 1)
	server, err := sipua.Start(t.Context(), sipua.Config{Listen: "127.0.0.1:0", Handler: answering(4000, func(inc *sipua.Incoming) {
		<-inc.Up()
		got <- struct{}{}
	})})
	if err != nil {
		t.Fatal(err)
	}
	client := start(t, sipua.Config{})
	d, err := client.Dial(t.Context(), sipua.Target{URI: uri("1", server)}, sdp(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	receive(t, got, "the call")
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	receive(t, d.Done(), "BYE")
	if n := server.Calls(); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}

func TestManyCalls(t *testing.T) {
	server := start(t, sipua.Config{Handler: answering(4000, nil)})
	client := start(t, sipua.Config{})
	const n = 200
	errs := make(chan error, n)
	room := make(chan struct{}, 50) // of those that are set up at once, also on a machine that is busy
	for i := range n {
		go func() {
			room <- struct{}{}
			defer func() { <-room }()
			d, err := client.Dial(t.Context(), sipua.Target{URI: uri(fmt.Sprint(i), server)}, sdp(5000), nil)
			if err == nil {
				d.Hangup(voice.CauseNormal, "")
			}
			errs <- err
		}()
	}
	for range n {
		if err := receive(t, errs, "a call"); err != nil {
			t.Error(err)
		}
	}
}
