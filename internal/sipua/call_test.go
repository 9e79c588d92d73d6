package sipua_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

func TestCallBothTransports(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			ended := make(chan voice.Cause, 1)
			server := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) {
				<-inc.Done()
				c, _ := inc.Cause()
				ended <- c
			})})
			client := start(t, sipua.Config{})
			d, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server), From: "alice", Transport: transport}, sdp(5000), nil)
			if err != nil {
				t.Fatal(err)
			}
			m, err := d.Remote().Preview()
			if err != nil || m.Remote.String() != "127.0.0.1:4000" {
				t.Fatalf("answer is %v, %v", m, err)
			}
			d.Hangup(voice.CauseNormal, "enough")
			if c := receive(t, ended, "the end"); c != voice.CauseNormal {
				t.Errorf("server's cause is %q", c)
			}
		})
	}
}

func TestServerHangsUp(t *testing.T) {
	server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		body, _, _ := local(4000).Answer(inc.Offer())
		_ = inc.Ring()
		_ = inc.Answer(body)
		<-inc.Up()
		inc.Hangup(voice.CauseBusy, "full")
	}})
	client := start(t, sipua.Config{})
	var seen []int
	d, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server)}, sdp(5000), func(p sipua.Progress) { seen = append(seen, p.Status) })
	if err != nil {
		t.Fatal(err)
	}
	receive(t, d.Done(), "BYE")
	if c, _ := d.Cause(); c != voice.CauseBusy {
		t.Errorf("cause is %q", c)
	}
	if len(seen) != 1 || seen[0] != 180 {
		t.Errorf("progress was %v", seen)
	}
}

func TestRefusals(t *testing.T) {
	for _, status := range []int{403, 404, 480, 486, 488, 500, 503, 600, 603} {
		server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) { _ = inc.Reject(status, "Because") }})
		client := start(t, sipua.Config{})
		_, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server)}, sdp(5000), nil)
		f, ok := sipua.FailureOf(err)
		if !ok || f.Status != status || f.Cause != sipua.CauseOf(status) {
			t.Errorf("%d came as %v", status, err)
		}
	}
}

func TestCancel(t *testing.T) {
	gone := make(chan voice.Cause, 1)
	server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		_ = inc.Ring()
		<-inc.Done()
		c, _ := inc.Cause()
		gone <- c
	}})
	client := start(t, sipua.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client.Dial(ctx, sipua.Target{URI: uri("100", server)}, sdp(5000), func(sipua.Progress) { cancel() })
	if f, ok := sipua.FailureOf(err); !ok || f.Cause != voice.CauseCancelled || !f.Rang {
		t.Errorf("dial gave %v", err)
	}
	if c := receive(t, gone, "CANCEL"); c != voice.CauseCancelled {
		t.Errorf("server's cause is %q", c)
	}
}

func TestRingTimeEnds(t *testing.T) {
	server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		_ = inc.Ring()
		<-inc.Done()
	}})
	client := start(t, sipua.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := client.Dial(ctx, sipua.Target{URI: uri("100", server)}, sdp(5000), nil)
	if f, ok := sipua.FailureOf(err); !ok || f.Cause != voice.CauseNoAnswer {
		t.Errorf("dial gave %v", err)
	}
}

func TestHandlerReturnsWithoutAnswer(t *testing.T) {
	server := start(t, sipua.Config{Handler: func(*sipua.Incoming) {}})
	client := start(t, sipua.Config{})
	_, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server)}, sdp(5000), nil)
	if f, ok := sipua.FailureOf(err); !ok || f.Status != 500 {
		t.Errorf("dial gave %v", err)
	}
}

func TestLargeMessages(t *testing.T) {
	long := strings.Repeat("x", 3000)
	server := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		if inc.Header("X-Long") != long {
			_ = inc.Reject(400, "Cut")
			return
		}
		_ = inc.Reject(480, strings.Repeat("y", 100))
	}})
	client := start(t, sipua.Config{})
	_, err := client.Dial(t.Context(), sipua.Target{URI: uri("100", server), Headers: map[string]string{"X-Long": long}}, sdp(5000), nil)
	if f, ok := sipua.FailureOf(err); !ok || f.Status != 480 {
		t.Errorf("dial gave %v", err)
	}
}
