package hooks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/hooks"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// bench is a keeper on a real database.
type bench struct {
	*hooks.Keeper
	store *sqlstore.Store
	now   time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLitePath: filepath.Join(t.TempDir(), "t.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &bench{store: s, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	b.Keeper = hooks.New(hooks.Config{
		Resources: s, Outbox: s, Box: secret.New(), Kick: func() {}, Now: func() time.Time { return b.now },
		Check: func(url string) error {
			if !strings.HasPrefix(url, "https://") {
				return voice.Errorf("test", voice.Invalid, "it must begin with https://")
			}
			return nil
		},
	})
	for _, id := range []voice.TenantID{"1", "2"} {
		if err := s.CreateTenant(t.Context(), voice.Tenant{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// signature is what the specification says, for a secret as people are shown it.
func signature(t *testing.T, shown, id string, at time.Time, body string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(shown, "whsec_"))
	if err != nil || !strings.HasPrefix(shown, "whsec_") || len(key) != 32 {
		t.Fatalf("secret %q: %v", shown, err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func answeredFact() dialect.Fact {
	start := time.Date(2026, 11, 1, 11, 0, 0, 0, time.UTC)
	return dialect.Fact{
		Event: voice.Event{Call: "c1", Tenant: "1", Seq: 5, At: start.Add(time.Second), Kind: voice.EventCallAnswered, Leg: "a", Text: "answered"},
		Call:  dialect.CallState{Info: voice.CallInfo{ID: "c1", Tenant: "1", Direction: voice.Inbound, From: "+461", To: "+462", Start: start}},
	}
}

// TestMessages looks at what a webhook is sent, and which of several are.
func TestMessages(t *testing.T) {
	b := newBench(t)
	for _, events := range [][]string{{"*"}, {"call.*"}, {"call.ended"}, {"step"}} {
		if _, _, err := b.Create(t.Context(), "1", hooks.Spec{URL: "https://a.example/" + events[0], Events: events, Enabled: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []struct {
		t voice.TenantID
		s hooks.Spec
	}{{"1", hooks.Spec{URL: "https://off.example/", Events: []string{"*"}}}, {"2", hooks.Spec{URL: "https://other.example/", Events: []string{"*"}, Enabled: true}}} {
		if _, _, err := b.Create(t.Context(), other.t, other.s); err != nil {
			t.Fatal(err)
		}
	}
	f := answeredFact()
	ds, err := b.Deliveries(t.Context(), f)
	if err != nil || len(ds) != 2 || ds[0].URL != "https://a.example/*" || ds[1].URL != "https://a.example/call.*" || ds[0].ID == ds[1].ID || ds[0].Endpoint == ds[1].Endpoint {
		t.Fatalf("deliveries: %+v %v", ds, err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(ds[0].Body), &m); err != nil || ds[0].Tries != voice.FullTries || ds[0].Type != "application/json" {
		t.Fatalf("%+v: %v", ds[0], err)
	}
	data, _ := m["data"].(map[string]any)
	call, _ := data["call"].(map[string]any)
	event, _ := data["event"].(map[string]any)
	if m["id"] != string(ds[0].ID) || m["type"] != "call.answered" || m["timestamp"] != "2026-11-01T11:00:01.000000Z" ||
		call["id"] != "c1" || call["from"] != "+461" || call["direction"] != "inbound" || event["seq"] != 5.0 || event["text"] != "answered" {
		t.Errorf("message: %s", ds[0].Body)
	}
	f.Event.Kind = voice.EventNotice // is one application's own
	if ds, err := b.Deliveries(t.Context(), f); err != nil || len(ds) > 0 {
		t.Errorf("a notice is told: %v %v", ds, err)
	}
}

// TestRotation looks that both secrets sign while the former one is valid, and
// that the signature is of the time of sending.
func TestRotation(t *testing.T) {
	b := newBench(t)
	w, first, err := b.Create(t.Context(), "1", hooks.Spec{URL: "https://a.example/", Events: []string{"*"}, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	d := voice.Delivery{ID: "msg_1", Tenant: "1", Signature: hooks.Prefix + strconv.FormatInt(w.Serial, 10), Body: `{"a":1}`}
	signed := func(want ...string) {
		t.Helper()
		for i, s := range want {
			want[i] = signature(t, s, "msg_1", b.now, d.Body)
		}
		h, text, err := b.Sign(t.Context(), d, b.now)
		if err != nil || h["webhook-signature"] != strings.Join(want, " ") || h["webhook-id"] != "msg_1" || h["webhook-timestamp"] != strconv.FormatInt(b.now.Unix(), 10) ||
			text != "msg_1."+h["webhook-timestamp"]+"."+d.Body {
			t.Errorf("headers %v of %q, %v; want %v", h, text, err, want)
		}
	}
	signed(first)
	second, err := b.Rotate(t.Context(), "1", w.Serial, time.Hour)
	if err != nil || second == first {
		t.Fatal(second, err)
	}
	signed(second, first)
	b.now = b.now.Add(time.Hour)
	signed(second)
	third, err := b.Rotate(t.Context(), "1", w.Serial, 0)
	if err != nil {
		t.Fatal(err)
	}
	signed(third)
	for overlap, kind := range map[time.Duration]voice.Kind{-time.Second: voice.Invalid, hooks.MaxOverlap + time.Second: voice.Invalid} {
		if _, err := b.Rotate(t.Context(), "1", w.Serial, overlap); !voice.IsKind(err, kind) {
			t.Errorf("overlap %s: %v", overlap, err)
		}
	}
	d.Tenant = "2"
	if _, _, err := b.Sign(t.Context(), d, b.now); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("signed for another account: %v", err)
	}
}

// TestAccountSettings has vendors' webhooks signed, and tried again, where the
// account wants it.
func TestAccountSettings(t *testing.T) {
	b := newBench(t)
	d := voice.Delivery{ID: "dl1", Tenant: "1", Endpoint: "telphin/event x", Body: "a=b", Tries: 1}
	if h, signed, err := b.Sign(t.Context(), d, b.now); err != nil || h != nil || signed != "" || b.Tries(t.Context(), d) != 1 {
		t.Errorf("without settings: %v %q %v", h, signed, err)
	}
	shown, err := b.SetSettings(t.Context(), "1", hooks.Settings{SignAll: true, Retry: []string{"telphin"}})
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := b.Sign(t.Context(), d, b.now)
	if err != nil || h["webhook-signature"] != signature(t, shown, "dl1", b.now, d.Body) || b.Tries(t.Context(), d) != voice.FullTries {
		t.Errorf("signed: %v %v", h, err)
	}
	if again, err := b.SetSettings(t.Context(), "1", hooks.Settings{SignAll: true}); err != nil || again != "" || b.Tries(t.Context(), d) != 1 {
		t.Errorf("the secret is shown again: %q %v", again, err)
	}
	d.Tenant = "2"
	if h, _, err := b.Sign(t.Context(), d, b.now); err != nil || h != nil {
		t.Errorf("another account's is signed: %v %v", h, err)
	}
}

func TestRetired(t *testing.T) {
	b := newBench(t)
	w, _, err := b.Create(t.Context(), "1", hooks.Spec{URL: "https://a.example/", Events: []string{"*"}, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := hooks.Prefix + strconv.FormatInt(w.Serial, 10)
	if ours, err := b.Retire(t.Context(), "1", "smartflo/webhook/7", "x"); ours || err != nil {
		t.Errorf("another's endpoint: %v %v", ours, err)
	}
	if ours, err := b.Retire(t.Context(), "1", endpoint, "410"); !ours || err != nil {
		t.Errorf("retire: %v %v", ours, err)
	}
	if w, err = b.Webhook(t.Context(), "1", w.Serial); err != nil || w.Enabled || w.Words != "410" {
		t.Errorf("%+v %v", w, err)
	}
	if ds, err := b.Deliveries(t.Context(), answeredFact()); err != nil || len(ds) > 0 {
		t.Errorf("told all the same: %v %v", ds, err)
	}
	w.Enabled = true
	if w, err = b.Update(t.Context(), "1", w.Serial, w.Spec); err != nil || !w.Enabled || w.Words != "" {
		t.Errorf("switched on again: %+v %v", w, err)
	}
}

func TestRefusedWebhooks(t *testing.T) {
	b := newBench(t)
	ok := hooks.Spec{URL: "https://a.example/", Events: []string{"*"}, Enabled: true}
	for field, change := range map[string]func(*hooks.Spec){
		"url":         func(s *hooks.Spec) { s.URL = "ftp://a.example/" },
		"events":      func(s *hooks.Spec) { s.Events = []string{"call.vanished"} },
		"description": func(s *hooks.Spec) { s.Description = strings.Repeat("x", hooks.MaxDescription+1) },
	} {
		s := ok
		change(&s)
		_, _, err := b.Create(t.Context(), "1", s)
		if e, is := err.(*voice.Error); !is || e.Kind != voice.Invalid || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for range hooks.MaxWebhooks {
		if _, _, err := b.Create(t.Context(), "1", ok); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.Create(t.Context(), "1", ok); !voice.IsKind(err, voice.Limit) {
		t.Errorf("one more: %v", err)
	}
}
