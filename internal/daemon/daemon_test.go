package daemon_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/config"
	"tandem/internal/daemon"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// settings are those of a server on free ports of loopback.
func settings(t *testing.T) config.Config {
	cfg := config.Default()
	cfg.Data, cfg.HTTP, cfg.SIP, cfg.Public, cfg.AllowLoopback = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", true
	cfg.RTP = config.PortRange{Low: 40000, High: 48000}
	return cfg
}

// run starts a daemon until the test ends.
func run(t *testing.T, cfg config.Config) (*daemon.Daemon, *bytes.Buffer) {
	t.Helper()
	out := &bytes.Buffer{}
	d, err := daemon.New(cfg, daemon.Options{Stdout: out, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		d.Close()
	})
	return d, out
}

func TestFirstStartAnswersTheSampleNumber(t *testing.T) {
	d, _ := run(t, settings(t))
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := p.Dial(ctx, "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Press(ctx, "1", phone.PressOptions{})
	select {
	case <-c.Done():
	case <-ctx.Done():
		t.Fatalf("the announcement does not end: %v", c.Timeline())
	}
	if e, _ := c.Ending(); e.ByUs || e.Method != "BYE" {
		t.Errorf("the call ended %+v", e)
	}
}

func TestUnknownNumbersAreRefused(t *testing.T) {
	d, _ := run(t, settings(t))
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, user := range []string{"+12025550199", "101", "*21", "VAx", "900", "0046900123456"} {
		_, err := p.Dial(t.Context(), "sip:"+user+"@"+d.SIPAddr().String(), phone.CallOptions{})
		if err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("%s: %v, want 404", user, err)
		}
	}
}

func TestPagesAndDialectAreServed(t *testing.T) {
	d, _ := run(t, settings(t))
	base := "http://" + d.HTTPAddr().String()
	for path, want := range map[string]int{"/healthz": 200, "/sonetel/account/": 401, "/sonetel/nothing": 404, "/": 200} {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, base+"/account/", nil)
	req.Host = "public-api.sonetel.com"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		t.Errorf("at the root for the vendor's host: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	cfg := settings(t)
	run(t, cfg)
	_, err := daemon.New(cfg, daemon.Options{})
	if err == nil || !strings.Contains(err.Error(), "another server uses the data folder") {
		t.Errorf("second server: %v", err)
	}
}

// TestRestartClosesCallsLeftOpen has calls that a crash left open, one of them
// with events that an application was told of, and one amid a recording.
func TestRestartClosesCallsLeftOpen(t *testing.T) {
	cfg := settings(t)
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, start := t.Context(), time.Now().Add(-time.Hour).Truncate(time.Microsecond)
	owner := account(t, d.Store())
	address, told := hook(t)
	desk(t, d, owner, "512")
	subscribe(t, d, owner, "512", address, "dial-in", "hangup")
	for _, c := range []voice.CDR{
		{Call: "left", Tenant: owner, Direction: voice.Inbound, From: "a", To: "512", Start: start, Answered: start.Add(time.Second),
			Legs: []voice.LegRecord{{ID: "a", Start: start}, {ID: "b1", Start: start, End: start.Add(2 * time.Second), Cause: voice.CauseBusy}}},
		{Call: "nobody", Start: start},
		{Call: "done", Tenant: owner, Start: start, End: start.Add(time.Second), Cause: voice.CauseNormal},
	} {
		if err := d.Store().PutCDR(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	last := start.Add(9 * time.Second)
	err = d.Store().AppendEvents(ctx, []voice.Event{
		{Call: "left", Seq: 1, At: start, Kind: voice.EventCallArrived, Data: map[string]string{"from": "a", "to": "512", "direction": "inbound"}},
		{Call: "left", Tenant: owner, Seq: 2, At: last, Kind: voice.EventLegAnswered, Leg: "b2", Data: map[string]string{"with": "extension 512", "kind": "extension", "id": "512"}},
	})
	if err == nil {
		err = d.Store().CreateRecording(ctx, voice.Recording{ID: "R1", Tenant: owner, Call: "left", Purpose: voice.ForCall, State: voice.RecordingActive, Blob: "none", Created: start})
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	again, _ := run(t, cfg)
	c, err := again.Store().CDR(ctx, "", "left")
	if err != nil || !c.End.Equal(last) || c.Cause != voice.CauseServerFailed || c.Reason != voice.EndCrashed || c.Words == "" ||
		!c.Legs[0].End.Equal(c.End) || c.Legs[0].Cause != voice.CauseServerFailed || c.Legs[1].Cause != voice.CauseBusy {
		t.Errorf("the call left open: %+v %v", c, err)
	}
	if c, err := again.Store().CDR(ctx, "", "nobody"); err != nil || !c.End.Equal(start) {
		t.Errorf("a call without events: %+v %v", c, err)
	}
	if c, err := again.Store().CDR(ctx, "", "done"); err != nil || c.Cause != voice.CauseNormal {
		t.Errorf("a call that was over: %+v %v", c, err)
	}
	events, err := again.Store().Events(ctx, "left")
	if err != nil || len(events) < 4 || events[2].Kind != voice.EventRecordingFailed || events[3].Kind != voice.EventCallEnded || events[3].Seq != 4 {
		t.Errorf("timeline: %+v %v", events, err)
	}
	if len(c.Legs) != 3 || c.Legs[2].To != "extension 512" || !c.Legs[2].Answered.Equal(last) {
		t.Errorf("legs: %+v", c.Legs)
	}
	if v := next(t, told); v.Get("EventType") != "hangup" || v.Get("CalledExtension") == "" {
		t.Errorf("told %v", v)
	}
}

// TestAddressOfAnotherMachine sets audio to an address that this machine does not have:
// it does not start, and says which setting is wrong.
func TestAddressOfAnotherMachine(t *testing.T) {
	cfg := settings(t)
	cfg.RTPHost = "192.0.2.77"
	d, err := daemon.New(cfg, daemon.Options{Stdout: io.Discard, Version: "test"})
	if err == nil {
		d.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "rtp_host") || !strings.Contains(err.Error(), "192.0.2.77") {
		t.Errorf("got %v", err)
	}
}
