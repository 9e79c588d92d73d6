package sipua_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

func TestHangupWhileAnswerWaitsForPrack(t *testing.T) {
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		body, _, _ := local(4000).Answer(inc.Offer())
		_ = inc.EarlyMedia(body)
		_ = inc.Answer(body)
		inc.Hangup(voice.CauseBusy, "no")
		<-inc.Done()
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "hw", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: 100rel")
	p.until("SIP/2.0 183", "INVITE")
	p.until("SIP/2.0 486", "INVITE")
}

func TestDualStack(t *testing.T) {
	server := start(t, sipua.Config{Listen: ":0", Handler: answering(4000, nil)})
	client := start(t, sipua.Config{})
	hosts := []string{"127.0.0.1"}
	if c, err := net.ListenPacket("udp", "[::1]:0"); err == nil {
		_ = c.Close()
		hosts = append(hosts, "[::1]")
		client = start(t, sipua.Config{Listen: ":0"})
	}
	for _, host := range hosts {
		for _, transport := range []string{"udp", "tcp"} {
			target := "sip:1@" + host + ":" + server.Addr().String()[strings.LastIndexByte(server.Addr().String(), ':')+1:]
			d, err := client.Dial(t.Context(), sipua.Target{URI: target, Transport: transport}, sdp(5000), nil)
			if err != nil {
				t.Errorf("%s over %s: %v", target, transport, err)
				continue
			}
			d.Hangup(voice.CauseNormal, "")
		}
	}
}

// SIPp is another implementation: its standard caller must get through.
func TestSIPp(t *testing.T) {
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is not installed")
	}
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	for _, mode := range []string{"u1", "t1"} {
		cmd := exec.CommandContext(t.Context(), path, a.Addr().String(), "-sn", "uac", "-t", mode, "-m", "50", "-r", "50", "-d", "100", "-i", "127.0.0.1", "-timeout", "20s", "-nostdin")
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("mode %s: %v\n%s", mode, err, out[max(0, len(out)-1500):])
		}
	}
}

func TestDrainingRefuses(t *testing.T) {
	a := start(t, sipua.Config{Draining: func() bool { return true }, Handler: answering(4000, nil)})
	c := start(t, sipua.Config{})
	_, err := c.Dial(t.Context(), sipua.Target{URI: uri("1", a)}, sdp(5000), nil)
	if f, ok := sipua.FailureOf(err); !ok || f.Status != 503 || f.RetryAfter != 10*time.Second {
		t.Errorf("dial gave %+v", err)
	}
}

func TestCloseWhileRinging(t *testing.T) {
	ringing := make(chan struct{})
	a, err := sipua.Start(t.Context(), sipua.Config{Listen: "127.0.0.1:0", Handler: func(inc *sipua.Incoming) {
		_ = inc.Ring()
		close(ringing)
		<-inc.Done()
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, sipua.Config{})
	done := make(chan error, 1)
	go func() {
		_, err := c.Dial(t.Context(), sipua.Target{URI: uri("1", a)}, sdp(5000), nil)
		done <- err
	}()
	receive(t, ringing, "the call")
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if f, ok := sipua.FailureOf(receive(t, done, "dial's end")); !ok || f.Status != 503 {
		t.Errorf("dial gave %+v", f)
	}
}

func TestPortTaken(t *testing.T) {
	a := start(t, sipua.Config{})
	if _, err := sipua.Start(t.Context(), sipua.Config{Listen: a.Addr().String()}); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("start on a taken port gave %v", err)
	}
}

func TestNoHeaderInjection(t *testing.T) {
	a := start(t, sipua.Config{})
	p := newPeer(t, nil)
	done := make(chan error, 1)
	go func() {
		_, err := a.Dial(t.Context(), sipua.Target{
			URI: "sip:x@" + p.addr(), From: "a\r\nX-Evil: 1", FromName: "b\r\nX-Evil: 2", Identity: "c\r\nX-Evil: 3",
			Headers: map[string]string{"X-A": "d\r\nX-Evil: 4", "X-B\r\nX-Evil": "5", "X-Good": "6"},
		}, sdp(5000), nil)
		done <- err
	}()
	inv := p.until("INVITE ", "INVITE")
	if inv.header("X-Evil") != "" || inv.header("X-Good") != "6" {
		t.Errorf("headers are %q", inv.headers)
	}
	p.respond(inv, 404, "Not\tFound", "t", "")
	receive(t, done, "dial's end")
	for _, bad := range []string{"sip:x@y\r\nX-Evil: 1", "mailto:x@y", "sip:.1", "", "sips:x@127.0.0.1", "sip:x@127.0.0.1;transport=sctp"} {
		if _, err := a.Dial(t.Context(), sipua.Target{URI: bad}, sdp(5000), nil); !voice.IsKind(err, voice.Unavailable) {
			t.Errorf("%q gave %v", bad, err)
		}
	}
}

func TestPeerAsksForOffer(t *testing.T) {
	told := make(chan *offer.Session, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		l := local(4000)
		inc.OnReoffer(func(s *offer.Session) ([]byte, error) {
			if s != nil {
				t.Error("there is an offer")
			}
			return l.Offer(""), nil
		})
		inc.OnAnswer(func(s *offer.Session) { told <- s })
		answering(4000, nil)(inc)
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "ask", "f", "<sip:1@x>", 1, string(sdp(5000)))
	to := p.until("SIP/2.0 200", "INVITE").header("To")
	p.request("ACK", uri("1", a), "ask", "f", to, 1, "")
	p.request("INVITE", uri("1", a), "ask", "f", to, 2, "")
	if m := p.until("SIP/2.0 200", "INVITE"); !strings.Contains(m.body, "m=audio 4000") {
		t.Errorf("our offer is %q", m.body)
	}
	p.request("ACK", uri("1", a), "ask", "f", to, 2, string(sdp(5006)))
	if m, err := receive(t, told, "the answer").Preview(); err != nil || m.Remote.Port() != 5006 {
		t.Errorf("answer is %v, %v", m, err)
	}
}

func TestTooManyHops(t *testing.T) {
	a := start(t, sipua.Config{Handler: answering(4000, nil)})
	p := newPeer(t, a)
	p.send("INVITE " + uri("1", a) + " SIP/2.0\r\nVia: SIP/2.0/UDP " + p.addr() + ";branch=z9hG4bKmf;rport\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:1@x>\r\n" +
		"Call-ID: mf\r\nCSeq: 1 INVITE\r\nMax-Forwards: 0\r\nContact: <sip:x@" + p.addr() + ">\r\nContent-Length: 0\r\n\r\n")
	p.until("SIP/2.0 483", "INVITE")
	if _, err := a.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr(), MaxForwards: -1}, sdp(5000), nil); err == nil {
		t.Error("a call without hops left went out")
	}
}

// A phone behind NAT that connects by TCP and goes away: its call still ends.
func TestTCPPeerGone(t *testing.T) {
	up := make(chan *sipua.Incoming, 1)
	a := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) { up <- inc })})
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, a) // only makes the text
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	body := string(sdp(5000))
	fmt.Fprintf(c, "INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKgone;rport\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:1@x>\r\nCall-ID: gone\r\nCSeq: 1 INVITE\r\n"+
		"Contact: <sip:x@%s;transport=tcp>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", p.addr(), l.Addr(), len(body), body)
	inc := receive(t, up, "the call")
	_ = c.SetReadDeadline(time.Now().Add(wait))
	r := bufio.NewReader(c)
	tag := ""
	for tag == "" {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "To:") && strings.Contains(line, ";tag=") {
			tag = strings.TrimSpace(line[strings.Index(line, ";tag=")+5:])
		}
	}
	fmt.Fprintf(c, "ACK sip:1@x SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKgone2\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:1@x>;tag=%s\r\nCall-ID: gone\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n", p.addr(), tag)
	receive(t, inc.Up(), "ACK")
	_ = c.Close()
	for _, _, conns := a.Alive(); conns > 0; _, _, conns = a.Alive() {
		runtime.Gosched()
	}
	inc.Hangup(voice.CauseNormal, "")
	back, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	_ = back.SetReadDeadline(time.Now().Add(wait))
	if line, err := bufio.NewReader(back).ReadString('\n'); err != nil || !strings.HasPrefix(line, "BYE ") {
		t.Errorf("to the Contact came %q, %v", line, err)
	}
}

func TestCallSIPp(t *testing.T) {
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is not installed")
	}
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.LocalAddr().String()
	_ = free.Close()
	a := start(t, sipua.Config{})
	cmd := exec.CommandContext(t.Context(), path, "-sn", "uas", "-m", "1", "-i", "127.0.0.1", "-p", addr[strings.LastIndexByte(addr, ':')+1:], "-timeout", "15s", "-nostdin")
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	var d *sipua.Dialog
	for { // until SIPp listens the network says that nobody does
		d, err = a.Dial(ctx, sipua.Target{URI: "sip:x@" + addr}, sdp(5000), nil)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "nobody listens") {
			break
		}
	}
	if err != nil {
		_ = cmd.Wait()
		t.Fatal(err)
	}
	d.Hangup(voice.CauseNormal, "")
	if err := cmd.Wait(); err != nil {
		t.Errorf("SIPp ended with %v", err)
	}
}
