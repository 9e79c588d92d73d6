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

func TestRestartClosesCallsLeftOpen(t *testing.T) {
	cfg := settings(t)
	d, err := daemon.New(cfg, daemon.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := voice.CDR{Call: "left", Tenant: "1", Direction: voice.Inbound, From: "a", To: "b", Start: time.Now()}
	if err := d.Store().PutCDR(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	d.Close()
	again, _ := run(t, cfg)
	c, err := again.Store().CDR(t.Context(), "", "left")
	if err != nil || c.End.IsZero() || c.Cause != voice.CauseServerFailed {
		t.Errorf("the call left open: %+v %v", c, err)
	}
}
