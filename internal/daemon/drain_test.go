package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// asks sends a SIP request by hand and gives the first final answer.
func asks(t *testing.T, d *daemon.Daemon, method string) string {
	t.Helper()
	conn, err := net.Dial("udp", d.SIPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	id := voice.NewID("")
	fmt.Fprintf(conn, "%s sip:+12025550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:x@127.0.0.1>;tag=%s\r\nTo: <sip:+12025550100@127.0.0.1>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:x@%s>\r\nContent-Length: 0\r\n\r\n",
		method, conn.LocalAddr(), id, id, id, method, conn.LocalAddr())
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if s := string(b[:n]); !strings.HasPrefix(s, "SIP/2.0 1") {
			return s
		}
	}
}

func get(t *testing.T, d *daemon.Daemon, path string) (status int, body string) {
	t.Helper()
	res, err := http.Get("http://" + d.HTTPAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestDrain is J-01 in its short form: the server stops with twenty calls up.
func TestDrain(t *testing.T) {
	const all = 20
	d, _ := run(t, settings(t))
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", manager.LocalAddr().String())
	o := newOrdering(t, d, voice.Limits{OutboundCalls: all, OutboundPerMinute: 1000, CallsPerSecond: 100, MaxQueued: 10})
	var up []*phone.Call
	for range all {
		o.order()
		c := o.rings()
		if err := c.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		up = append(up, c)
	}
	_, waits := o.order()
	until(t, "one waits", func() bool { return o.live()[voice.LiveWaiting] == 1 && o.live()[voice.LiveAnswered] == all })
	if status, body := get(t, d, "/readyz"); status != 200 || !strings.Contains(body, `"ready":true`) {
		t.Errorf("before: %d %s", status, body)
	}
	if s := asks(t, d, "OPTIONS"); !strings.HasPrefix(s, "SIP/2.0 200 ") {
		t.Error(s)
	}

	ctx, second := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() { d.Drain(ctx); close(drained) }()
	until(t, "it is not ready", func() bool { status, _ := get(t, d, "/readyz"); return status == 503 })
	_, body := get(t, d, "/readyz")
	var state struct {
		Ready bool
		Parts map[string]string
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil || state.Ready || state.Parts["server"] != "the server is stopping" || state.Parts["store"] != "ok" || state.Parts["sip"] != "ok" {
		t.Errorf("readiness: %s", body)
	}
	if status, body := get(t, d, "/healthz"); status != 200 {
		t.Errorf("it is alive: %d %s", status, body)
	}
	for _, method := range []string{"OPTIONS", "INVITE"} {
		if s := asks(t, d, method); !strings.HasPrefix(s, "SIP/2.0 503 ") || !strings.Contains(s, "\r\nRetry-After: ") {
			t.Errorf("%s: %s", method, s)
		}
	}
	desk(t, d, o.id, "101") // registers
	req, _ := http.NewRequest(http.MethodPost, "http://"+d.HTTPAddr().String()+"/api/v1/calls", strings.NewReader(`{"first":{"kind":"extension","id":"101"},"steps":{"stay":{"await":{"name":"orders","idle":"10m"}}}}`))
	req.Header.Set("Authorization", "Bearer "+o.key)
	req.Header.Set("Content-Type", "application/json")
	var refused struct {
		Status int
		Detail string
	}
	if do(t, req, &refused); refused.Status != 503 || !strings.Contains(refused.Detail, "stopping") {
		t.Errorf("an order: %+v", refused)
	}
	until(t, "the one that waited is over", func() bool {
		c, err := d.Store().CDR(t.Context(), o.id, waits)
		return err == nil && !c.End.IsZero() && c.Cause == voice.CauseShutdown && strings.Contains(c.Words, "does not begin any more")
	})
	for _, c := range up[:all-5] {
		if err := c.Hangup(t.Context()); err != nil {
			t.Error(err)
		}
	}
	until(t, "five are left", func() bool { return o.live()[voice.LiveAnswered] == 5 })
	select {
	case <-drained:
		t.Fatal("it did not wait for the others")
	default:
	}
	for _, c := range up[all-5:] {
		if _, over := c.Ending(); over {
			t.Error("a call was ended early")
		}
	}
	second()
	<-drained
	d.Close()
	for _, c := range up[all-5:] {
		<-c.Done()
		if e, _ := c.Ending(); e.ByUs || e.Method != "BYE" {
			t.Errorf("a call ended %+v", e)
		}
	}
	told := ""
	b := make([]byte, 512)
	manager.SetReadDeadline(time.Now().Add(time.Second))
	for !strings.Contains(told, "STATUS=2") || !strings.Contains(told, "EXTEND_TIMEOUT_USEC=") {
		n, err := manager.Read(b)
		if err != nil {
			t.Fatalf("the service manager was told %q: %v", told, err)
		}
		told += string(b[:n]) + "\n"
	}
	if !strings.Contains(told, "STOPPING=1") {
		t.Error(told)
	}
}

// TestDrainTime ends calls when the time is over, and at once when none is up.
func TestDrainTime(t *testing.T) {
	cfg := settings(t)
	cfg.DrainTime = 1
	d, _ := run(t, cfg)
	o := newOrdering(t, d, voice.Limits{})
	o.order()
	c := o.rings()
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the call is up", func() bool { return o.live()[voice.LiveAnswered] == 1 })
	d.Drain(t.Context())
	if n := o.live()[voice.LiveAnswered]; n != 1 {
		t.Errorf("%d calls are up when the time is over", n)
	}
	d.Close()
	<-c.Done()

	cfg = settings(t)
	cfg.DrainTime = 3600
	idle, _ := run(t, cfg)
	idle.Drain(t.Context())
}
