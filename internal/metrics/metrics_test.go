package metrics_test

import (
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/internal/metrics"
	"tandem/internal/voice"
)

func noReadings() []metrics.Reading { return nil }

func scrape(t *testing.T, s *metrics.Set) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// docs/metrics.md lists what is registered, with its labels, and nothing else.
func TestEveryMetricIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(tandem_[a-z0-9_]+)` \\| [a-z]+ \\| ([^|]*) \\| [^|]+ \\|$").FindAllStringSubmatch(string(doc), -1) {
		listed[m[1]] = strings.NewReplacer("`", "", ",", "").Replace(m[2])
	}
	known := metrics.New("test", noReadings).Describe()
	if len(known) < 40 {
		t.Fatalf("%d metrics are described", len(known))
	}
	for name, labels := range known {
		if got, ok := listed[name]; !ok || got != strings.Join(labels, " ") {
			t.Errorf("docs/metrics.md: %s has labels %q, listed as %q (%v)", name, labels, got, ok)
		}
	}
	for name := range listed {
		if _, ok := known[name]; !ok {
			t.Errorf("docs/metrics.md lists %s, which there is not", name)
		}
	}
	// The examples of alerts name metrics that there are.
	for _, name := range regexp.MustCompile(`tandem_[a-z0-9_]+`).FindAllString(string(doc), -1) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if _, ok := known[base]; !ok && known[name] == nil {
			if _, ok := known[name]; !ok {
				t.Errorf("docs/metrics.md speaks of %s", name)
			}
		}
	}
}

func TestCallsAreCounted(t *testing.T) {
	s := metrics.New("1.2", noReadings)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seq := 0
	note := func(id string, after time.Duration, kind voice.EventKind, data ...string) {
		e := voice.Event{Call: voice.CallID(id), Tenant: "7", At: at.Add(after), Seq: seq, Kind: kind, Data: map[string]string{}}
		for i := 0; i < len(data); i += 2 {
			e.Data[data[i]] = data[i+1]
		}
		seq++
		s.Follow(e)
	}
	note("a", 0, voice.EventCallArrived, "direction", "inbound", "from", "evil\"label")
	note("a", 10*time.Millisecond, voice.EventCallRinging)
	note("a", 2*time.Second, voice.EventCallAnswered)
	note("a", 3*time.Second, voice.EventDigit, "method", "rfc4733", "digit", "5")
	note("a", 3*time.Second, voice.EventDigit, "method", "made up by a peer")
	note("a", 3*time.Second, voice.EventDigitDropped, "method", "info")
	note("a", 5*time.Second, voice.EventSilence, "direction", "in", "reason", "private")
	note("a", 6*time.Second, voice.EventHeard, "direction", "in")
	note("a", 62*time.Second, voice.EventLegEnded, "mos_in", "4.35", "jitter_in_ms", "3.0", "round_trip_ms", "20.0", "packets_in", "10")
	note("a", 62*time.Second, voice.EventCallEnded, "cause", "normal")
	note("a", 63*time.Second, voice.EventWebhookFailed)
	note("b", 0, voice.EventCallArrived, "direction", "outbound")
	note("b", time.Second, voice.EventCallRefused, "cause", "made up")
	note("b", time.Second, voice.EventCallEnded, "cause", "busy")
	note("never seen", 0, voice.EventCallEnded, "cause", "busy")
	text := scrape(t, s)
	has(t, text,
		`tandem_calls_total{answered="yes",cause="normal",direction="inbound"} 1`,
		`tandem_calls_total{answered="no",cause="busy",direction="outbound"} 1`,
		`tandem_calls_refused_total{cause="other"} 1`,
		`tandem_account_calls_total{account="7"} 2`,
		`tandem_call_setup_seconds_sum{direction="inbound"} 0.01`,
		`tandem_call_answer_seconds_sum{direction="inbound"} 2`,
		`tandem_call_duration_seconds_sum{direction="inbound"} 60`,
		`tandem_digits_total{method="rfc4733"} 1`,
		`tandem_digits_total{method="other"} 1`,
		`tandem_digits_dropped_total{method="info"} 1`,
		`tandem_media_silent_total{direction="in",reason="private"} 1`,
		`tandem_media_heard_again_total{direction="in"} 1`,
		`tandem_media_mos_sum{direction="in"} 4.35`,
		`tandem_media_jitter_seconds_sum 0.003`,
		`tandem_media_round_trip_seconds_sum 0.02`,
		`tandem_webhooks_total{result="failed"} 1`,
		`tandem_build_info{version="1.2"} 1`)
	if strings.Contains(text, "made up") || strings.Contains(text, "evil") {
		t.Error("a peer chooses the value of a label")
	}
}

// Accounts beyond the first hundred share a label.
func TestAccountsAreBounded(t *testing.T) {
	s := metrics.New("", noReadings)
	for i := range 300 {
		e := voice.Event{Call: "c", Tenant: voice.TenantID(rune('A' + i)), Kind: voice.EventCallArrived}
		s.Follow(e)
		e.Kind = voice.EventCallEnded
		s.Follow(e)
	}
	text := scrape(t, s)
	has(t, text, `tandem_account_calls_total{account="other"} 200`)
	if n := strings.Count(text, "\ntandem_account_calls_total{"); n != 101 {
		t.Errorf("%d labels", n)
	}
}

func TestReadings(t *testing.T) {
	s := metrics.New("", func() []metrics.Reading {
		return []metrics.Reading{{Name: "rtp_packets_total", Value: 12, Labels: []string{"sent"}}, {Name: "journal_waiting", Value: 3}, {Name: "unknown", Value: 1}}
	})
	text := scrape(t, s)
	has(t, text, `tandem_rtp_packets_total{direction="sent"} 12`, "tandem_journal_waiting 3", "# TYPE tandem_rtp_packets_total counter")
	if !strings.Contains(text, "go_goroutines ") || strings.Contains(text, "unknown") {
		t.Error("the runtime is missing, or an unknown reading is shown")
	}
}
