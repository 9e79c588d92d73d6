package telphin_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect/telphinivr"
	"tandem/internal/voice"
)

// past stores n calls to telephone 101, an hour apart, the last with a recording.
func (f *fixture) past(tenant voice.TenantID, n int, prefix string) {
	f.t.Helper()
	start := f.clock.Now().Add(-24 * time.Hour)
	for i := range n {
		at := start.Add(time.Duration(i) * time.Hour)
		c := voice.CDR{Call: voice.CallID(fmt.Sprintf("%s%d", prefix, i)), Tenant: tenant, Direction: voice.Inbound, From: "+79870000000", To: "101",
			Start: at, Answered: at.Add(5 * time.Second), End: at.Add(65 * time.Second), Cause: voice.CauseNormal}
		if err := f.store.PutCDR(f.t.Context(), c); err != nil {
			f.t.Fatal(err)
		}
	}
	f.audio.blobs = map[string][]byte{"rec": []byte("RIFF talk")}
	r := voice.Recording{ID: voice.RecordingID(prefix + "rec"), Tenant: tenant, Call: voice.CallID(fmt.Sprintf("%s%d", prefix, n-1)), Purpose: voice.ForCall,
		State: voice.RecordingFinished, Blob: "rec", Size: 9, Channels: 2, Duration: time.Minute, From: "+79870000000", To: "101", Created: start, Ended: start.Add(time.Minute)}
	if err := f.store.CreateRecording(f.t.Context(), r); err != nil {
		f.t.Fatal(err)
	}
}

func TestCallHistory(t *testing.T) {
	f := newFixture(t)
	f.past(account, 3, "c")
	ids := func(query string) string {
		var list []string
		for _, c := range f.object("GET", "/client/@me/call_history/"+query, "")["call_history"].([]any) {
			list = append(list, c.(map[string]any)["call_uuid"].(string))
		}
		return strings.Join(list, " ")
	}
	for query, want := range map[string]string{"": "c2 c1 c0", "?order=asc": "c0 c1 c2", "?order=asc&per_page=2": "c0 c1", "?per_page=2&page=2": "c0",
		"?page=9": "", "?flow=out": "", "?flow=in&to_username=101": "c2 c1 c0", "?extension_id=901&per_page=1": "c2", "?extension_id=7": "",
		"?start_datetime=2020-03-19+18:00:00&end_datetime=2020-03-19+18:30:00": "c1"} {
		if got := ids(query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	f.fails("GET", "/client/@me/call_history/?start_datetime=yesterday", "", 400, "validation_error", "start_datetime")
	one := f.object("GET", "/extension/901/call_history/c1", "")
	if one["call_uuid"] != "c1" || one["duration"] != 65.0 || one["result"] != "answered" || one["extension_id"] != 901.0 || one["to_username"] != "000*101" {
		t.Errorf("one call: %v", one)
	}
	f.fails("GET", "/client/@me/call_history/c9", "", 404, "", "Call not found")
	f.live.calls = []voice.LiveCall{{Info: voice.CallInfo{ID: "live1", Tenant: account, From: "101", To: "+79870000000", Start: f.clock.Now()}, State: voice.LiveRinging}}
	for _, path := range []string{"/client/@me/current_calls/", "/extension/@101/current_calls"} {
		up := f.ok("GET", path, "").([]any)
		if len(up) != 1 || up[0].(map[string]any)["call_uuid"] != "live1" || up[0].(map[string]any)["state"] != "ringing" || up[0].(map[string]any)["call_flow"] != "out" {
			t.Errorf("%s: %v", path, up)
		}
	}
	for _, data := range []string{`{"rate":"5","max_rate":"5","extension":"101","call_id":"c1"}`, `{"rate":"1","max_rate":"5","extension":"200"}`} {
		if _, err := f.store.CreateResource(t.Context(), voice.Resource{Tenant: account, Kind: telphinivr.RateTopic, Data: []byte(data), Created: f.clock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	all, own := f.ok("GET", "/client/@me/quality_rate/", "").([]any), f.ok("GET", "/extension/901/quality_rate/", "").([]any)
	if len(all) != 2 || len(own) != 1 || own[0].(map[string]any)["rate"] != 5.0 || own[0].(map[string]any)["call_uuid"] != "c1" {
		t.Errorf("rates: %v %v", all, own)
	}
}

func TestRecords(t *testing.T) {
	f := newFixture(t)
	f.past(account, 1, "c")
	f.past(account, 1, "d")
	if list := f.ok("GET", "/client/@me/record/", "").([]any); len(list) != 2 {
		t.Fatalf("records: %v", list)
	}
	const path = "/extension/901/record/crec"
	if r := f.object("GET", path+"/", ""); r["call_uuid"] != "c0" || r["record_file_size"] != 9.0 || r["duration"] != 60.0 {
		t.Errorf("record: %v", r)
	}
	if r := f.raw("GET", path+"/download/", "", ""); r.Code != 200 || r.Body.String() != "RIFF talk" || !strings.Contains(r.Header().Get("Content-Disposition"), "crec.wav") {
		t.Errorf("download: %d %q", r.Code, r.Body)
	}
	link, _ := f.object("GET", path+"/storage_url/", "")["record_url"].(string)
	fetch := func(link string) int {
		rec := httptest.NewRecorder()
		f.handler.ServeHTTP(rec, httptest.NewRequest("GET", link, nil))
		return rec.Code
	}
	if got := fetch(link); got != 200 {
		t.Errorf("%s: %d", link, got)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	exp := u.Query().Get("exp")
	for name, bad := range map[string]string{"another recording": strings.Replace(link, "crec", "drec", 1), "another account": strings.Replace(link, "/12/", "/13/", 1),
		"a longer life": strings.Replace(link, exp, exp+"0", 1), "no signature": link[:strings.Index(link, "&sig=")], "another signature": link + "0"} {
		if got := fetch(bad); bad == link || got != 403 {
			t.Errorf("%s: %d %s", name, got, bad)
		}
	}
	f.clock.Advance(time.Hour)
	if got := fetch(link); got != 403 {
		t.Errorf("an expired link: %d", got)
	}
	f.token = f.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}})
	f.ok("DELETE", path, "")
	f.fails("GET", path, "", 404, "", "Record not found")
}
