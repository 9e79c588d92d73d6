package sipua_test

import (
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

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
		t.Skip("sipp is not installed")
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
