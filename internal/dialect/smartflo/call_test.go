package smartflo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

func TestClickToCall(t *testing.T) {
	f := newFixture(t)
	serial := f.owner().Serial
	extension, user, number := voice.Destination{Kind: voice.ToExtension, ID: "101"}, voice.Destination{Kind: voice.ToUser, ID: ownerID}, voice.Destination{Kind: voice.ToNumber, ID: "+919811111111"}
	agents := []struct {
		agent string
		want  voice.Destination
	}{{"101", extension}, {"070411023101", extension}, {fmt.Sprint(serial), user}, {email, user}, {"9811111111", number}, {"+919811111111", number}, {"0504753101", extension}}
	for _, a := range agents {
		f.control.orders = nil
		body := fmt.Sprintf(`{"agent_number":%q,"destination_number":"09876543210","async":1,"custom_identifier":{"lead":7}}`, a.agent)
		answer := f.ok("POST", "/v1/click_to_call", body)
		o := f.control.orders[0]
		if answer["message"] != "Originate successfully queued" || answer["ref_id"] != o.Order || o.Order == "" || o.First != a.want ||
			o.Second.ID != "+919876543210" || o.Tag != `{"lead":7}` || o.Tenant != account || o.Program != nil {
			t.Errorf("%s: %v, order %+v", a.agent, answer, o)
		}
	}
	f.control.orders = nil
	f.ok("POST", "/v1/click_to_call", url.Values{"agent_number": {"101"}, "destination_number": {"+46850000000"}, "caller_id": {"911140000001"}, "call_timeout": {"300"}, "custom_identifier": {"abc"}}.Encode())
	o := f.control.orders[0]
	dial, ok := o.Program.Nodes[0].Step.(flow.Dial)
	if !ok || dial.MaxDuration != 5*time.Minute || dial.To.ID != "+46850000000" || dial.CallerID != "+911140000001" || o.Tag != "abc" {
		t.Errorf("a form with a limit: %+v", o)
	}
	if ds := flow.Validate(o.Program); len(ds) > 0 {
		t.Error(ds)
	}
	bad := []struct{ body, words string }{
		{`{"destination_number":"9876543210"}`, "The agent_number field is required."},
		{`{"agent_number":"101"}`, "The destination_number field is required."},
		{`{"agent_number":"555","destination_number":"9876543210"}`, "The agent_number field is invalid: there is no agent 555."},
		{`{"agent_number":"101","destination_number":"12"}`, "The destination_number field is invalid"},
		{`{"agent_number":"101","destination_number":"9876543210","async":0}`, "The async field must be 1."},
		{`{"agent_number":"101","destination_number":"9876543210","call_timeout":"long"}`, "The call_timeout field is invalid"},
		{`{"agent_number":"101","destination_number":"9876543210","caller_id":"9000000000"}`, "is not a number of this account"},
		{`{"agent_number":"101","destination_number":"9876543210","custom_identifier":"` + strings.Repeat("x", 1001) + `"}`, "The custom_identifier field is invalid"},
		{`{"agent_number":"101","destination_number":"9876543210","colour":1}`, "The colour field is unknown."},
	}
	for _, tt := range bad {
		f.fails("POST", "/v1/click_to_call", tt.body, http.StatusBadRequest, tt.words)
	}
	f.control.err = voice.Errorf("x", voice.Limit, "too many calls")
	f.fails("POST", "/v1/click_to_call", `{"agent_number":"101","destination_number":"9876543210"}`, http.StatusTooManyRequests, "too many calls")
	f.control.err = voice.Errorf("x", voice.Permission, "no such trunk")
	f.fails("POST", "/v1/click_to_call", `{"agent_number":"101","destination_number":"9876543210"}`, http.StatusForbidden, "no such trunk")
}

func TestClickToCallSupport(t *testing.T) {
	f := newFixture(t)
	dep := f.id("POST", "/v1/department", `{"name":"Sales","agents":["extension|101","agent|9876543210"]}`)
	key := f.ok("POST", "/v1/api_key", fmt.Sprintf(`{"name":"site","destination":"department|%d"}`, dep))["api_key"].(string)
	body := fmt.Sprintf(`{"api_key":%q,"customer_number":"9876500000","customer_ring_timeout":20,"call_timeout":60,"caller_id":"+911140000001","async":"1"}`, key)
	status, answer := f.send("POST", "/v1/click_to_call_support", body, "")
	if status != http.StatusOK || answer["ref_id"] == "" {
		t.Fatalf("%d %v", status, answer)
	}
	o := f.control.orders[0]
	dial, ok := o.Program.Nodes[0].Step.(flow.Dial)
	if o.Tenant != account || o.First.ID != "+919876500000" || o.RingFirst != 20*time.Second || o.ShowFirst != "+911140000001" || !ok || len(dial.Also) != 1 || dial.MaxDuration != time.Minute {
		t.Errorf("order %+v", o)
	}
	for _, tt := range []struct {
		body   string
		status int
		words  string
	}{
		{`{"customer_number":"9876500000"}`, http.StatusBadRequest, "The api_key field is required."},
		{`{"api_key":"wrong","customer_number":"9876500000"}`, http.StatusUnauthorized, "Invalid api_key."},
		{fmt.Sprintf(`{"api_key":%q}`, key), http.StatusBadRequest, "The customer_number field is required."},
		{fmt.Sprintf(`{"api_key":%q,"customer_number":"9876500000","customer_ring_timeout":99}`, key), http.StatusBadRequest, "The customer_ring_timeout field is invalid"},
	} {
		if status, answer := f.send("POST", "/v1/click_to_call_support", tt.body, ""); status != tt.status || !strings.Contains(answer["message"].(string), tt.words) {
			t.Errorf("%s: %d %v", tt.body, status, answer)
		}
	}
}

func TestLiveCalls(t *testing.T) {
	f := newFixture(t)
	start := f.clock.Now().Add(-time.Minute)
	f.live.calls = []voice.LiveCall{
		{Info: voice.CallInfo{ID: "c1", Tenant: account, Direction: voice.Inbound, From: "+919876500000", To: "+911140000001", Start: start}, State: voice.LiveTalking,
			Answered: start.Add(8 * time.Second), With: "extension 101", WithID: voice.Target{Kind: voice.ToExtension, ID: "101"}},
		{Info: voice.CallInfo{ID: "c2", Tenant: account, Direction: voice.Outbound, From: "101", To: "+919876500001", Start: start, Order: "c2cxyz", Tag: "lead"}, State: voice.LiveRinging},
		{Info: voice.CallInfo{ID: "c3", Tenant: "other"}},
	}
	list := f.ok("GET", "/v1/live_calls", "")["list"].([]any)
	if len(list) != 2 {
		t.Fatalf("%v", list)
	}
	first, second := list[0].(map[string]any), list[1].(map[string]any)
	if first["direction"] != 1.0 || first["state"] != "Answered" || first["call_time"] != "00:00:52" || first["agent_name"] != "Asha Rao" || first["customer_number"] != "919876500000" ||
		first["did"] != "911140000001" || first["broadcast_id"] != nil || first["created_at"] != "2026-03-02 11:59:00" {
		t.Errorf("first %v", first)
	}
	if second["direction"] != 2.0 || second["type"] != "click-to-call" || second["ref_id"] != "c2cxyz" || second["custom_identifier"] != "lead" || second["customer_number"] != "919876500001" {
		t.Errorf("second %v", second)
	}
	for _, tt := range []struct {
		query string
		n     int
	}{{"did_number=911140000001", 1}, {"call_id=c2", 1}, {"call_id=c2cxyz", 1}, {"extension=101", 2}, {"agent_number=070411023101", 2}, {"agent_number=555", 0}} {
		if list := f.ok("GET", "/v1/live_calls?"+tt.query, "")["list"].([]any); len(list) != tt.n {
			t.Errorf("%s: %d", tt.query, len(list))
		}
	}
	dep := f.id("POST", "/v1/department", `{"name":"Sales","agents":["extension|101","agent|9876543210"]}`)
	orders := []struct{ path, body string }{
		{"/v1/call/hangup", `{"call_id":"c1"}`},
		{"/v1/call/hangup", `ref_id=c2cxyz`},
		{"/v1/dialer/disconnect_call", `{"call_id":"c1","start_break":0}`},
		{"/v1/call/options", `{"type":1,"call_id":"c1","agent_id":"101"}`},
		{"/v1/call/options", `type=2&call_id=c1&agent_id=070411023101`},
		{"/v1/call/options", fmt.Sprintf(`{"type":"3","call_id":"c1","agent_id":%d}`, f.owner().Serial)},
		{"/v1/call/options", `{"type":4,"call_id":"c1","intercom":"530000"}`},
		{"/v1/call/options", `{"type":4,"call_id":"c1","intercom":"9876543210"}`},
		{"/v1/call/options", fmt.Sprintf(`{"type":4,"call_id":"c1","intercom":%d}`, dep)},
	}
	for _, o := range orders {
		f.ok("POST", o.path, o.body)
	}
	want := []string{"hang up c1", "hang up c2", "hang up c1", "monitor c1 by extension 101", "whisper c1 by extension 101", "barge c1 by user " + ownerID,
		"redirect c1 to extension 530000", "redirect c1 to number +919876543210"}
	if !slices.Equal(f.live.done[:len(want)], want) || !strings.HasPrefix(f.live.done[len(want)], "redirect c1 to app SF") {
		t.Errorf("done %q", f.live.done)
	}
	for _, tt := range []struct {
		path, body string
		status     int
		words      string
	}{
		{"/v1/call/hangup", `{}`, http.StatusBadRequest, "The call_id field is required."},
		{"/v1/call/hangup", `{"call_id":"c3"}`, http.StatusNotFound, "Call not found."},
		{"/v1/dialer/disconnect_call", `{"call_id":"c1","start_break":1}`, http.StatusBadRequest, "The start_break field is invalid"},
		{"/v1/call/options", `{"call_id":"c1"}`, http.StatusBadRequest, "The type field is required."},
		{"/v1/call/options", `{"type":9,"call_id":"c1"}`, http.StatusBadRequest, "The type field is invalid"},
		{"/v1/call/options", `{"type":1,"call_id":"c1"}`, http.StatusBadRequest, "The agent_id field is required."},
		{"/v1/call/options", `{"type":1,"call_id":"c1","agent_id":"999"}`, http.StatusBadRequest, "The agent_id field is invalid"},
		{"/v1/call/options", `{"type":4,"call_id":"c1","intercom":"mars"}`, http.StatusBadRequest, "The intercom field is invalid"},
		{"/v1/call/options", `{"type":4,"call_id":"gone","intercom":"101"}`, http.StatusNotFound, "Call not found."},
	} {
		f.fails("POST", tt.path, tt.body, tt.status, tt.words)
	}
	f.live.err = voice.Errorf("x", voice.Conflict, "nobody is talking")
	f.fails("POST", "/v1/call/options", `{"type":1,"call_id":"c1","agent_id":"101"}`, http.StatusConflict, "nobody is talking")
}

func TestCallRecords(t *testing.T) {
	f := newFixture(t)
	ivr := f.id("POST", "/v1/ivr", f.sample(nil))
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	at := f.clock.Now()
	put := func(c voice.CDR) {
		c.Tenant, c.End = account, c.Start.Add(100*time.Second)
		if err := f.store.PutCDR(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	put(voice.CDR{Call: "answered", Direction: voice.Inbound, From: "+919876500000", To: "+911140000001", App: apps[0].ID, Start: at, Answered: at, Cause: voice.CauseNormal, Words: "the far end hung up",
		Legs: []voice.LegRecord{{ID: "a", To: "caller"}, {ID: "b1", To: "extension 101", Start: at, Answered: at.Add(20 * time.Second), End: at.Add(100 * time.Second)}}})
	put(voice.CDR{Call: "missed", Direction: voice.Inbound, From: "+919876500001", To: "+911140000001", Start: at.Add(time.Hour), Cause: voice.CauseNoAnswer})
	put(voice.CDR{Call: "ordered", Direction: voice.Outbound, From: "101", To: "+919876500002", Start: at.Add(25 * time.Hour), Order: "c2cabc", Tag: "lead", Cause: voice.CauseBusy})
	rec := voice.Recording{ID: "R1", Tenant: account, Call: "answered", Purpose: voice.ForCall, State: voice.RecordingFinished, Blob: "blob", Created: at, Ended: at}
	if err := f.store.CreateRecording(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	all := f.ok("GET", "/v1/call/records", "")
	results := all["results"].([]any)
	if all["count"] != 3.0 || all["size"] != 3.0 || all["page"] != 1.0 || all["limit"] != 20.0 {
		t.Errorf("%v", all)
	}
	first := results[2].(map[string]any)
	if first["status"] != "answered" || first["answered_seconds"] != 80.0 || first["call_duration"] != 100.0 || first["client_number"] != "919876500000" || first["agent_number"] != "070411023101" ||
		first["agent_name"] != "Asha Rao" || first["did_number"] != "911140000001" || first["date"] != "2026-03-02" || first["time"] != "12:00:00" || first["ivr_id"] != float64(ivr) {
		t.Errorf("first %v", first)
	}
	if newest := results[0].(map[string]any); newest["direction"] != "clicktocall" || newest["ref_id"] != "c2cabc" || newest["custom_identifier"] != "lead" || newest["client_number"] != "919876500002" || newest["recording_url"] != nil {
		t.Errorf("newest %v", newest)
	}
	link, err := url.Parse(first["recording_url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	get := func(target string) int {
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		return w.Code
	}
	if code := get(link.RequestURI()); code != http.StatusOK {
		t.Errorf("the link gives %d", code)
	}
	if code := get(strings.Replace(link.RequestURI(), "sig=", "sig=x", 1)); code != http.StatusForbidden {
		t.Errorf("a forged link gives %d", code)
	}
	for _, tt := range []struct {
		query string
		n     int
	}{
		{"call_type=c", 1}, {"call_type=m", 2}, {"direction=clicktocall", 1}, {"callerid=9876500001", 1}, {"did_number=911140000001", 2}, {"agents[]=070411023101", 2}, {"agents=Asha", 0},
		{fmt.Sprintf("ivr[]=%d", ivr), 1}, {"from_date=2026-03-02%2013:00:00", 2}, {"to_date=2026-03-02", 2}, {"from_date=2026-03-03&to_date=2026-03-03", 1}, {"duration=101", 0}, {"department=9", 0},
	} {
		if got := f.ok("GET", "/v1/call/records?"+tt.query, ""); got["count"] != float64(tt.n) {
			t.Errorf("%s: %v, want %d", tt.query, got["count"], tt.n)
		}
	}
	if got := f.ok("GET", "/v1/call/records?limit=2&page=2", ""); got["count"] != 3.0 || len(got["results"].([]any)) != 1 {
		t.Errorf("second page %v", got)
	}
	f.ok("GET", "/v1/call/records/missed", "")
	f.fails("GET", "/v1/call/records/nobody", "", http.StatusNotFound, "Call not found.")
	for _, q := range []string{"from_date=yesterday", "call_type=x", "operator=Jio", "page=x"} {
		name, _, _ := strings.Cut(q, "=")
		f.fails("GET", "/v1/call/records?"+q, "", http.StatusBadRequest, "The "+name+" field is")
	}
}

func TestDialled(t *testing.T) {
	f := newFixture(t)
	ivr := f.id("POST", "/v1/ivr", f.sample(nil))
	r := dialect.StoreResolver{Tenant: account, UserStore: f.store, AppStore: f.store, SoundStore: f.store, ExtensionStore: f.store, ResourceStore: f.store}
	for _, tt := range []struct {
		user  string
		found bool
	}{{fmt.Sprint(ivr), true}, {"0704110238" + fmt.Sprintf("%02d", ivr), len(fmt.Sprint(ivr)) == 2}, {"101", false}, {"070411023101", false}, {"", false}, {"*21", false}, {"99999", false}} {
		target, err := f.dialect.Dialled(t.Context(), account, tt.user, r)
		if (err == nil && target.App != "") != tt.found || err != nil && !voice.IsKind(err, voice.NotExist) {
			t.Errorf("%q: %+v %v", tt.user, target, err)
		}
	}
}
