package hoiio_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Settings are an application's own, and are changed one by one.
func TestSettings(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ query, want string }{
		{"gather_timeout_hangup=yes", "error_invalid_gather_timeout_hangup"},
		{"notify_in_query=1", "error_invalid_notify_in_query"},
		{"voice_hangups_per_minute=-1", "error_invalid_voice_hangups_per_minute"},
		{"timezone=Mars/North", "error_invalid_timezone"}, {"timezone=Local", "error_invalid_timezone"},
		{"timezone=Europe/Stockholm&notify_in_query=maybe", "error_invalid_notify_in_query"},
		{"", "success_ok"}, {"timezone=Asia/Tokyo", "success_ok"}, {"notify_in_query=enabled&voice_hangups_per_minute=60", "success_ok"},
		{"gather_timeout_hangup=enabled", "success_ok"}, {"gather_timeout_hangup=disabled", "success_ok"},
	} {
		if got := f.status("user/update_settings", c.query); got != c.want {
			t.Errorf("%s: %s, want %s", c.query, got, c.want)
		}
	}
	for app, want := range map[string]map[string]string{
		"APP":  {"gather_timeout_hangup": "disabled", "notify_in_query": "enabled", "voice_hangups_per_minute": "60", "timezone": "Asia/Tokyo"},
		"APP2": {"gather_timeout_hangup": "disabled", "notify_in_query": "disabled", "voice_hangups_per_minute": "0", "timezone": ""},
	} {
		v := f.ask("GET", "user/get_settings", "app_id="+app+"&access_token=TOK")
		for name, value := range want {
			if v[name] != value {
				t.Errorf("%s: %s is %v, want %s", app, name, v[name], value)
			}
		}
	}
	if got := f.status("user/update_settings", "timezone=default"); got != "success_ok" || f.ask("GET", "user/get_settings", "app_id=APP&access_token=TOK")["timezone"] != "" {
		t.Errorf("the vendor's zone again: %s", got)
	}
}

// A gather without keys hangs up where the application wants it so.
func TestGatherTimeout(t *testing.T) {
	f := newFixture(t)
	last := func() flow.Step {
		f.session("ready", "")
		if got := f.status("ivr/middle/gather", "session=SLIVE&timeout=60&attempts=3&notify_url=http://app/"); got != "success_ok" {
			t.Fatal(got)
		}
		for _, n := range f.taken[len(f.taken)-1].Program.Nodes {
			if n.ID == "silent" {
				return n.Step
			}
		}
		t.Fatal("the program has no end for silence")
		return nil
	}
	if _, is := last().(flow.Notice); !is {
		t.Error("silence is not told")
	}
	f.status("user/update_settings", "gather_timeout_hangup=enabled")
	if _, is := last().(flow.Hangup); !is {
		t.Error("silence does not hang up")
	}
}

// Notifications are in the query too, and in the zone that was set.
func TestNotificationInQuery(t *testing.T) {
	f := newFixture(t)
	f.status("user/update_settings", "notify_in_query=enabled&timezone=UTC")
	at := time.Date(2026, 11, 21, 7, 10, 0, 0, time.UTC)
	ds, err := f.dialect.Deliveries(t.Context(), dialect.Fact{Event: voice.Event{Kind: voice.EventCallEnded},
		Call: dialect.CallState{Info: voice.CallInfo{ID: "3839", Tenant: account, From: "+6598765432", To: "+6531234567", Direction: voice.Inbound},
			Data: map[string]string{"hoiio.app": "APP", "hoiio.block": "play", "hoiio.notify": "http://app/ivr?state=a%20b&tag=mine#x", "hoiio.tag": "a&b"},
			CDR:  &voice.CDR{Start: at, End: at.Add(time.Second)}}})
	if err != nil || len(ds) != 1 {
		t.Fatalf("%v %v", ds, err)
	}
	u, err := url.Parse(ds[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("state") != "a b" || q.Get("session") != "S3839" || q.Get("call_state") != "ended" || q.Get("date") != "2026-11-21 07:10:00" || strings.Join(q["tag"], " ") != "mine a&b" {
		t.Errorf("sent to %s", ds[0].URL)
	}
	v, err := url.ParseQuery(ds[0].Body)
	if err != nil || v.Get("state") != "a b" || v.Get("tag") != "a&b" || len(v["tag"]) != 1 || v.Get("session") != "S3839" {
		t.Errorf("sent %s", ds[0].Body)
	}
}

// voice/hangup is bounded where a bound is set, for each application.
func TestHangupPace(t *testing.T) {
	f := newFixture(t)
	cdr := voice.CDR{Call: "OVER", Tenant: account, Order: "hoiio-voice/APP/1", Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	must(t, f.store.PutCDR(t.Context(), cdr))
	cdr.Call, cdr.Order = "OTHER", "hoiio-voice/APP2/1"
	must(t, f.store.PutCDR(t.Context(), cdr))
	hangup := func() string { return f.status("voice/hangup", "txn_ref=AA-C-OVER") }
	for range 10 {
		if got := hangup(); got != "success_ok" {
			t.Fatalf("unbounded: %s", got)
		}
	}
	f.status("user/update_settings", "voice_hangups_per_minute=3")
	for i, want := range []string{"success_ok", "success_ok", "success_ok", "error_rate_limit_exceeded"} {
		if got := hangup(); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
	if got := f.status("voice/hangup", "txn_ref=AA-C-OTHER"); got != "error_txn_ref_access_denied" {
		t.Errorf("another's call: %s", got)
	}
	if got := f.ask("GET", "voice/hangup", "app_id=APP2&access_token=TOK&txn_ref=AA-C-OTHER")["status"]; got != "success_ok" {
		t.Errorf("another application: %v", got)
	}
	f.now.Advance(time.Minute)
	if got := hangup(); got != "success_ok" {
		t.Errorf("a minute later: %s", got)
	}
}

// A sound that is slow is left to be fetched when it is to be heard.
func TestSlowSound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.session("ready", "")
	f.web["http://x/slow.mp3"] = "slow"
	began := time.Now()
	if got := f.status("ivr/middle/play", "session=SLIVE&msg=<url>http://x/slow.mp3</url>&notify_url=http://app/"); got != "success_ok" {
		t.Errorf("%s after %s", got, time.Since(began))
	}
}
