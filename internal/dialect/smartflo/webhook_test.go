package smartflo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/smartflo"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

func TestWebhookTriggers(t *testing.T) {
	f := newFixture(t, func(c *smartflo.Config) { c.PublicURL = "https://pbx.example/smartflo" })
	dep := f.id("POST", "/v1/department", `{"name":"Sales","agents":["extension|101","agent|9876543210"]}`)
	auto := f.id("POST", "/v1/auto_attendant", fmt.Sprintf(`{"name":"Auto","recording":%d}`, f.sounds[0]))
	id := f.id("POST", "/v1/ivr", f.sample(map[string]any{"option": []string{"1", "2"}, "destination": []string{fmt.Sprintf("department|%d", dep), fmt.Sprintf("auto_attend|%d", auto)}}))
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	app := apps[0].ID
	hook := f.id("POST", "/v1/webhook", `{"name":"all","url":"https://app.example/hook?k=1","trigger":["Call received on Server","Call answered on IVR","Call answered by Agent","Call hangup (Missed)","Call hangup (Answered)",`+
		`"Call hangup (Missed or Answered)","DTMF Option","Dialed on Agent","Call received on Department","Call received on Auto Attendant","Call answered by Agent (Click to Call)","Call answered by Customer (Click to Call)","Call hangup (Click to Call)","Call hangup (Click to Call - Missed)"]}`)
	in := voice.CallInfo{ID: "c1", Tenant: account, Direction: voice.Inbound, From: "+919876500000", To: "+911140000001", Start: f.clock.Now()}
	c2c, sup := in, in
	c2c.Direction, c2c.Order = voice.Outbound, "c2cx"
	sup.Direction, sup.Order = voice.Outbound, "supx"
	event := func(k voice.EventKind, pointer string, data ...string) voice.Event {
		e := voice.Event{Kind: k, Origin: voice.Origin{App: app, Pointer: pointer}, Data: map[string]string{}}
		for i := 0; i+1 < len(data); i += 2 {
			e.Data[data[i]] = data[i+1]
		}
		return e
	}
	talked := &voice.CDR{Call: "c1", Start: in.Start, End: in.Start.Add(time.Minute), Legs: []voice.LegRecord{{ID: "b1", To: "extension 101", Answered: in.Start.Add(10 * time.Second), End: in.Start.Add(time.Minute)}}}
	tests := []struct {
		name string
		info voice.CallInfo
		e    voice.Event
		cdr  *voice.CDR
		want []string
	}{
		{"arrival", in, event(voice.EventCallArrived, ""), nil, []string{"Call received on Server"}},
		{"the IVR", in, event(voice.EventAppEntered, ""), nil, []string{"Call answered on IVR"}},
		{"a key of the menu", in, event(voice.EventStep, "/recording", "exit", "key 1", "step", "gather"), nil, []string{"DTMF Option"}},
		{"no key", in, event(voice.EventStep, "/recording", "exit", "no input", "step", "gather"), nil, nil},
		{"a department", in, event(voice.EventStep, "/destination/0", "step", "dial"), nil, []string{"Call received on Department"}},
		{"an auto attendant", in, event(voice.EventStep, "/destination/1", "step", "gather"), nil, []string{"Call received on Auto Attendant"}},
		{"its count", in, event(voice.EventStep, "/destination/1", "step", "count"), nil, nil},
		{"a dial", in, event(voice.EventDialStarted, "/destination/0"), nil, []string{"Dialed on Agent"}},
		{"a talk", in, event(voice.EventBridgeStarted, ""), nil, []string{"Call answered by Agent"}},
		{"the end, missed", in, event(voice.EventCallEnded, ""), &voice.CDR{}, []string{"Call hangup (Missed)", "Call hangup (Missed or Answered)"}},
		{"the end, answered", in, event(voice.EventCallEnded, ""), talked, []string{"Call hangup (Answered)", "Call hangup (Missed or Answered)"}},
		{"an order's agent", c2c, event(voice.EventCallAnswered, ""), nil, []string{"Call answered by Agent (Click to Call)"}},
		{"an order's customer", c2c, event(voice.EventBridgeStarted, ""), nil, []string{"Call answered by Customer (Click to Call)"}},
		{"an order's end", c2c, event(voice.EventCallEnded, ""), talked, []string{"Call hangup (Click to Call)"}},
		{"an order's end, missed", c2c, event(voice.EventCallEnded, ""), &voice.CDR{}, []string{"Call hangup (Click to Call)", "Call hangup (Click to Call - Missed)"}},
		{"support's customer", sup, event(voice.EventCallAnswered, ""), nil, []string{"Call answered by Customer (Click to Call)"}},
		{"support's agent", sup, event(voice.EventBridgeStarted, ""), nil, []string{"Call answered by Agent (Click to Call)", "Call answered by Agent"}},
		{"a prompt", in, event(voice.EventPromptStarted, ""), nil, nil},
		{"an ordered call's arrival", c2c, event(voice.EventCallArrived, ""), nil, nil},
	}
	for _, tt := range tests {
		ds, err := f.dialect.Deliveries(t.Context(), dialect.Fact{Event: tt.e, Call: dialect.CallState{Info: tt.info, App: app, CDR: tt.cdr}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range ds {
			got = append(got, strings.TrimPrefix(d.Purpose, "webhook "))
			if d.Tenant != account || d.Call != "c1" || d.Endpoint != fmt.Sprintf("smartflo/webhook/%d", hook) || d.Method != "POST" || d.Tries < 2 || d.Operator {
				t.Errorf("%+v", d)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	other := in
	other.Tenant = "elsewhere"
	if ds, err := f.dialect.Deliveries(t.Context(), dialect.Fact{Event: event(voice.EventCallArrived, ""), Call: dialect.CallState{Info: other}}); err != nil || len(ds) > 0 {
		t.Errorf("another account's call: %v %v", ds, err)
	}
	// The values at the end of a call.
	ds, err := f.dialect.Deliveries(t.Context(), dialect.Fact{Event: event(voice.EventCallEnded, ""), Call: dialect.CallState{Info: in, App: app, CDR: talked, Digits: "1",
		Answered: in.Start.Add(time.Second), Recordings: []voice.RecordingID{"R1"}}})
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(ds[0].Body), &v); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"uuid": "c1", "call_id": "c1", "call_to_number": "911140000001", "caller_id_number": "919876500000", "start_stamp": "2026-03-02 12:00:00",
		"answer_stamp": "2026-03-02 12:00:01", "end_stamp": "2026-03-02 12:01:00", "billsec": 50.0, "duration": 60.0, "call_status": "answered", "direction": "inbound",
		"customer_no_with_prefix": "+919876500000", "answered_agent_name": "Asha Rao", "answered_agent_number": "101", "digits": "1", "dtmf": "1", "ivr_name": "Election IVR", "ivr_id": fmt.Sprint(id)} {
		if v[name] != want {
			t.Errorf("$%s is %v, want %v", name, v[name], want)
		}
	}
	if link, _ := v["recording_url"].(string); !strings.HasPrefix(link, "https://pbx.example/smartflo/v1/audio/") {
		t.Errorf("recording_url %q", link)
	}
}

func TestWebhookForms(t *testing.T) {
	f := newFixture(t)
	template := `{"id":"$uuid","text":"from $caller_id_number for 5 $","nested":{"agent":"$answered_agent"},"list":["$call_status",7]}`
	arrive := dialect.Fact{Event: voice.Event{Kind: voice.EventCallArrived}, Call: dialect.CallState{Info: voice.CallInfo{ID: "c1", Tenant: account, From: "+91987", Start: f.clock.Now()}}}
	tests := []struct{ fields, method, url, media, body string }{
		{`"method":"post","type":"json","headers":{"X-Key":"k"}`, "POST", "https://app.example/hook?k=1", "application/json", `{"id":"c1","list":["missed",7],"nested":{"agent":{}},"text":"from 91987 for 5 $"}`},
		{`"method":"post","type":"form"`, "POST", "https://app.example/hook?k=1", "application/x-www-form-urlencoded", "id=c1&list=%5B%22missed%22%2C7%5D&nested=%7B%22agent%22%3A%7B%7D%7D&text=from+91987+for+5+%24"},
		{`"method":"get"`, "GET", "https://app.example/hook?id=c1&k=1&list=%5B%22missed%22%2C7%5D&nested=%7B%22agent%22%3A%7B%7D%7D&text=from+91987+for+5+%24", "", ""},
	}
	for _, tt := range tests {
		id := f.id("POST", "/v1/webhook", `{"name":"h","url":"https://app.example/hook?k=1","trigger":"Call received on Server","template":`+template+`,`+tt.fields+`}`)
		ds, err := f.dialect.Deliveries(t.Context(), arrive)
		if err != nil || len(ds) != 1 {
			t.Fatal(ds, err)
		}
		if d := ds[0]; d.Method != tt.method || d.URL != tt.url || d.Type != tt.media || d.Body != tt.body {
			t.Errorf("got  %s %s %s %s\nwant %s %s %s %s", d.Method, d.URL, d.Type, d.Body, tt.method, tt.url, tt.media, tt.body)
		}
		f.ok("PUT", fmt.Sprintf("/v1/webhook/%d", id), `{"disabled":true}`)
		if ds, err := f.dialect.Deliveries(t.Context(), arrive); err != nil || len(ds) > 0 {
			t.Errorf("disabled: %v %v", ds, err)
		}
		f.ok("DELETE", fmt.Sprintf("/v1/webhook/%d", id), "")
	}
}

func TestAsk(t *testing.T) {
	f := newFixture(t)
	r := dialect.StoreResolver{Tenant: account, UserStore: f.store, AppStore: f.store, SoundStore: f.store, ExtensionStore: f.store, ResourceStore: f.store}
	q := flow.Question{Step: flow.Fetch{Dialect: "smartflo", Method: "POST", Timeout: time.Second}, URL: "https://app.example/route?a=b", App: "A",
		Call: voice.CallInfo{ID: "c1", Tenant: account, From: "+919876500000", To: "+911140000001", Start: f.clock.Now()}}
	req, err := f.dialect.Ask(t.Context(), q)
	if want := `{"uuid":"c1","call_id":"c1","call_to_number":"911140000001","caller_id_number":"919876500000","start_stamp":"2026-03-02 12:00:00"}`; err != nil || string(req.Body) != want || req.Method != "POST" || req.URL != q.URL {
		t.Errorf("%+v %s %v", req, req.Body, err)
	}
	q.Step.Method = "GET"
	if req, err = f.dialect.Ask(t.Context(), q); err != nil || req.Method != "GET" || !strings.Contains(req.URL, "a=b&call_id=c1&call_to_number=911140000001") {
		t.Errorf("%+v %v", req, err)
	}
	ivr := f.id("POST", "/v1/ivr", f.sample(nil))
	good := []struct{ body, want string }{
		{`[{"transfer":{"type":"number","data":["9876543210","+46850000000"]}}]`, "call number +919876543210"},
		{`[{"transfer":{"type":"agent","data":"9876543210","ring_timeout":15}}]`, "call number +919876543210 for 15s"},
		{`{"transfer":{"type":"extension","data":[101]}}`, "call extension 101"},
		{fmt.Sprintf(`[{"recording":{"type":"system","data":[%d]}},{"transfer":{"type":"ivr","data":[%d]}}]`, f.sounds[0], ivr), "play sound S0|go on in app"},
		{`[{"hangup":1}]`, "hang up"},
		{`[{"transfer":{"type":"hangup"}}]`, "hang up"},
	}
	for _, tt := range good {
		p, err := f.dialect.Reply(context.Background(), q, voice.HTTPAnswer{Status: 200, Body: []byte(tt.body)}, r)
		if err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		var words []string
		for _, n := range p.Nodes {
			words = append(words, flow.Words(n.Step))
		}
		if ds := flow.Validate(p); len(ds) > 0 {
			t.Error(ds)
		}
		for i, want := range strings.Split(tt.want, "|") {
			if !strings.HasPrefix(words[i], want) {
				t.Errorf("%s: %q, want %q", tt.body, words, tt.want)
			}
		}
	}
	bad := []struct {
		status      int
		body, words string
	}{
		{500, `[]`, "status 500"}, {200, `hello`, "is not JSON"}, {200, `"hello"`, "no list of actions"}, {204, ``, "is empty"}, {200, `[]`, "0 actions"}, {200, `[{}]`, "none of transfer, recording, hangup"},
		{200, `[{"transfer":{"type":"number","data":["x"]}}]`, "action 0"}, {200, `[{"transfer":{"type":"number"}}]`, "data is missing"},
		{200, `[{"transfer":{"type":"extension","data":[999]}}]`, "does not exist"}, {200, `[{"recording":{"data":[999]}}]`, "sound 999"}, {200, `[{"transfer":{"type":"moon","data":["1"]}}]`, "none of the types"},
	}
	for _, tt := range bad {
		if p, err := f.dialect.Reply(t.Context(), q, voice.HTTPAnswer{Status: tt.status, Body: []byte(tt.body)}, r); !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%d %s: %v %v", tt.status, tt.body, p, err)
		}
	}
}
