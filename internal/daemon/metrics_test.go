package daemon_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/phone"
)

// read asks for the metrics with some headers.
func read(t *testing.T, d *daemon.Daemon, headers ...string) (status int, body string) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.HTTPAddr().String()+"/metrics", nil)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
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

// value gives that of a line of metrics; -1 = there is none.
func value(text, line string) float64 {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return v
}

// TestMetricsAreClosed is G-16: nobody reads them but who may.
func TestMetricsAreClosed(t *testing.T) {
	d, _ := run(t, settings(t))
	if status, body := read(t, d); status != 404 || strings.Contains(body, "tandem_") {
		t.Errorf("by default: %d", status)
	}
	cfg := settings(t)
	cfg.Metrics.Token = "0123456789abcdef"
	guarded, _ := run(t, cfg)
	for _, wrong := range []string{"", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeg", "Basic 0123456789abcdef"} {
		if status, body := read(t, guarded, "Authorization", wrong); status != 401 || strings.Contains(body, "tandem_") {
			t.Errorf("with %q: %d", wrong, status)
		}
	}
	if status, _ := read(t, guarded, "Authorization", "Bearer 0123456789abcdef"); status != 200 {
		t.Errorf("with the token: %d", status)
	}
	cfg = settings(t)
	cfg.Metrics.Loopback = true
	near, _ := run(t, cfg)
	if status, _ := read(t, near); status != 200 {
		t.Errorf("from this machine: %d", status)
	}
	if status, _ := read(t, near, "X-Forwarded-For", "198.51.100.1"); status != 404 {
		t.Errorf("passed on by a proxy: %d", status)
	}
}

// TestMetricsOfACall reads them during a call and after it.
func TestMetricsOfACall(t *testing.T) {
	cfg := settings(t)
	cfg.Metrics.Loopback = true
	d, _ := run(t, cfg)
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := p.Dial(t.Context(), "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	until(t, "the call is seen", func() bool {
		_, text = read(t, d)
		return value(text, `tandem_calls_up{state="answered"}`) == 1 && value(text, `tandem_rtp_packets_total{direction="sent"}`) > 10 &&
			value(text, `tandem_rtp_packets_total{direction="received"}`) > 10
	})
	c.Press(t.Context(), "1", phone.PressOptions{})
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the announcement does not end")
	}
	sent := value(text, `tandem_rtp_packets_total{direction="sent"}`)
	until(t, "the call is counted", func() bool {
		_, text = read(t, d)
		// Each metric is read at a moment of its own.
		return value(text, `tandem_calls_total{answered="yes",cause="normal",direction="inbound"}`) == 1 &&
			value(text, `tandem_media_mos_count{direction="in"}`) == 1
	})
	for line, least := range map[string]float64{
		`tandem_digits_total{method="rfc4733"}`:                                   1,
		`tandem_rtp_packets_total{direction="sent"}`:                              sent,
		`tandem_sip_requests_total{direction="in",method="INVITE"}`:               1,
		`tandem_sip_responses_total{class="2xx",direction="out",method="INVITE"}`: 1,
		`tandem_call_answer_seconds_count{direction="inbound"}`:                   1,
		`tandem_media_mos_count{direction="in"}`:                                  1,
		`tandem_wheel_busy_ratio{shard="0"}`:                                      0,
		`tandem_store_seconds`:                                                    0,
		`tandem_journal_waiting`:                                                  0,
		`tandem_phones_registered`:                                                0,
		`tandem_prompts_used_total{result="miss"}`:                                1,
		`tandem_calls_limit`:                                                      2000,
		`tandem_sip_transactions{role="server"}`:                                  0,
		`tandem_disk_free_bytes`:                                                  1,
	} {
		if v := value(text, line); v < least {
			t.Errorf("%s is %g", line, v)
		}
	}
	if v := value(text, `tandem_calls_up{state="answered"}`); v != 0 {
		t.Errorf("%g calls are up", v)
	}
	if strings.Contains(text, "12025550100") {
		t.Error("a number that was dialled is in the metrics")
	}
}
