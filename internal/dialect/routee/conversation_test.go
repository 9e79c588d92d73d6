package routee_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/routee"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

const sample = `{"from":"Company Name","to":{"phone":"+30691111111"},"dialPlan":{"verbs":[
 {"type":"SAY","message":{"language":"en-GB","gender":"female","text":"Please enter your four digits service number and then press the pound key."}},
 {"type":"PAUSE","duration":10},{"type":"COLLECT","eventUrl":"http://www.example.com","maxDigits":4,"submitOnHash":true}]}}`

func TestToken(t *testing.T) {
	f := newFixture(t)
	send := func(method, query, body, authorization string) (int, map[string]any) {
		req := httptest.NewRequest(method, "/routee/oauth/token"+query, strings.NewReader(body))
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		return f.do(req)
	}
	const good = "NWM1ZDVlMjhlNGIwYmFlNWY0YWNjZmVjOk1Ha05mcUd1ZDA="
	tests := []struct {
		name, method, query, body, auth string
		status                          int
		key, value                      string
	}{
		{"form", "POST", "", "grant_type=client_credentials&scope=voice", "Basic " + good, 200, "scope", "voice"},
		{"query", "POST", "?grant_type=client_credentials", "", "basic " + good, 200, "token_type", "Bearer"},
		{"broken lines", "POST", "", "grant_type=client_credentials", "Basic " + good[:20] + " " + good[20:], 200, "scope", "voice"},
		{"several scopes", "POST", "", "grant_type=client_credentials&scope=sms,voice", "Basic " + good, 200, "scope", "voice"},
		{"wrong secret", "POST", "", "grant_type=client_credentials", "Basic YTpi", 401, "message", "Bad credentials"},
		{"no credentials", "POST", "", "grant_type=client_credentials", "", 401, "error", "Unauthorized"},
		{"no grant", "POST", "", "", "Basic " + good, 400, "error_description", "Missing grant type"},
		{"other grant", "POST", "", "grant_type=password", "Basic " + good, 400, "error", "unsupported_grant_type"},
		{"get", "GET", "", "", "", 405, "error", "invalid_request"},
	}
	for _, tt := range tests {
		status, answer := send(tt.method, tt.query, tt.body, tt.auth)
		if status != tt.status || fmt.Sprint(answer[tt.key]) != tt.value {
			t.Errorf("%s: %d %v", tt.name, status, answer)
		}
		if status == 200 && (answer["expires_in"] != 3600.0 || len(answer["permissions"].([]any)) == 0) {
			t.Errorf("%s: %v", tt.name, answer)
		}
	}
	f.clock.Advance(time.Hour + time.Second)
	if status, answer := f.call("GET", "/numbers/my", ""); status != http.StatusUnauthorized || answer["error"] != "invalid_token" {
		t.Errorf("an expired token: %d %v", status, answer)
	}
}

func TestConversation(t *testing.T) {
	f := newFixture(t)
	a := f.ok("POST", "/voice/conversation", sample)
	id := f.calls.ids[0]
	if a["trackingId"] != routee.TrackingID(id) || a["direction"] != "Outbound" || a["from"] != "Company Name" || len(a["dialPlans"].([]any)) != 1 {
		t.Errorf("answer: %v", a)
	}
	cb := f.calls.began[0]
	if cb.First != (voice.Destination{Kind: voice.ToNumber, ID: "+30691111111"}) || cb.Tenant != account || cb.RingFirst != time.Minute || cb.ShowFirst != "" {
		t.Errorf("order: %+v", cb)
	}
	if ds := flow.Validate(cb.Program); len(ds) > 0 {
		t.Error(ds)
	}
	f.put(id, cb, voice.CDR{})
	got := f.ok("GET", "/voice/conversation/"+a["trackingId"].(string), "")
	if len(got["recordings"].([]any)) != 0 {
		t.Errorf("recordings: %v", got)
	}
	delete(got, "recordings")
	if one, two := text(t, a), text(t, got); one != two {
		t.Errorf("POST gave %s, GET %s", one, two)
	}
	if byLeg := f.ok("GET", "/voice/conversation/"+routee.MessageID(id, 0), ""); byLeg["trackingId"] != a["trackingId"] {
		t.Errorf("by message id: %v", byLeg)
	}
	f.token = f.login("other")
	f.refused("GET", "/voice/conversation/"+a["trackingId"].(string), "", "404013000", "conversation not found")
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// put stores a call that was begun.
func (f *fixture) put(id voice.CallID, cb dialect.CallBack, c voice.CDR, events ...voice.Event) {
	f.t.Helper()
	c.Call, c.Tenant, c.Direction, c.Order, c.Start = id, cb.Tenant, voice.Outbound, cb.Order, f.clock.Now()
	if c.Tenant == "" {
		c.Tenant, c.Direction = account, voice.Inbound
	}
	if err := f.store.PutCDR(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
	all := append([]voice.Event{{Kind: voice.EventCallOrdered, Data: cb.Data}}, events...)
	for i := range all {
		all[i].Call, all[i].Tenant, all[i].Seq = id, c.Tenant, i+1
		if all[i].At.IsZero() {
			all[i].At = f.clock.Now()
		}
	}
	if err := f.store.AppendEvents(f.t.Context(), all); err != nil {
		f.t.Fatal(err)
	}
}

func TestConversationRefused(t *testing.T) {
	f := newFixture(t)
	with := func(more string) string {
		return `{"from":"x","to":{"phone":"+30691111111"},` + more + `}`
	}
	plan := func(verb string) string {
		return with(`"dialPlan":{"verbs":[{"type":"PAUSE","duration":1},` + verb + `]}`)
	}
	good := `"dialPlanUrl":"https://a.example/"`
	tests := []struct{ body, code, words string }{
		{`<html>`, "400000000", "not JSON"},
		{`[]`, "400000000", "not a JSON object"},
		{strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "400000000", "nested"},
		{`{"from":"` + strings.Repeat("x", 10<<20) + `"}`, "400000000", "larger"},
		{`{}`, "400013000", "from"},
		{`{"from":"x"}`, "400013000", "to: an object is needed"},
		{`{"from":"x","to":{"viber":"1"}}`, "400013000", "to.viber"},
		{`{"from":"x","to":{"phone":"12"}}`, "400013000", "to.phone"},
		{`{"from":"x","to":{"phone":"+30691111111","sip":"a@b.example"}}`, "400013000", "one of them"},
		{`{"from":"x","to":{"phone":"+30691111111"}}`, "400013001", "needed"},
		{with(good + `,"dialPlan":{"verbs":[{"type":"PAUSE","duration":1}]}`), "400013001", "one of them"},
		{with(`"dialPlan":{"verbs":[]}`), "400013002", "at least one"},
		{with(`"dialPlan":{"verbs":{}}`), "400013002", "a list"},
		{plan(`{"type":"SING"}`), "400013002", "verbs[1].type"},
		{plan(`{"type":"SAY"}`), "400013002", "verbs[1].text"},
		{plan(`{"type":"SAY","message":{"text":"a"}}`), "400013002", "verbs[1].message.language"},
		{plan(`{"type":"SAY","message":{"text":"a","language":"xx"}}`), "400013002", "verbs[1].message.language"},
		{plan(`{"type":"SAY","message":{"text":"a","language":"en-US","gender":"x"}}`), "400013002", "verbs[1].message.gender"},
		{plan(`{"type":"SAY","repeat":"x","message":{"text":"a","language":"en-US"}}`), "400013002", "verbs[1].repeat"},
		{plan(`{"type":"PLAY"}`), "400013002", "verbs[1].fileURL"},
		{plan(`{"type":"PLAY","fileURL":"ftp://a/"}`), "400013002", "verbs[1].fileURL"},
		{plan(`{"type":"PAUSE","duration":61}`), "400013002", "verbs[1].duration"},
		{plan(`{"type":"COLLECT","maxDigits":31}`), "400013002", "verbs[1].maxDigits"},
		{plan(`{"type":"COLLECT","submitOnHash":"maybe"}`), "400013002", "verbs[1].submitOnHash"},
		{plan(`{"type":"DIAL","from":"+30211111111"}`), "400013002", "verbs[1].to"},
		{plan(`{"type":"DIAL","from":"1","to":{"phone":"+30211111111"}},{"type":"DIAL","from":"1","to":{"phone":"+30211111111"}}`), "400013002", "at most one DIAL"},
		{with(good + `,"hangupDelay":61`), "400013003", "hangupDelay"},
		{with(good + `,"maxDuration":0`), "400013003", "maxDuration"},
		{with(good + `,"callback":{"url":"x"}`), "400013003", "callback.url"},
		{with(good + `,"callback":{"url":"https://a.example/","strategy":"Often"}`), "400013003", "callback.strategy"},
		{with(good + `,"machineDetection":{"strategy":"Hangup","eventUrl":"https://a.example/"}`), "400013003", "machineDetection.eventUrl"},
		{with(good + `,"machineDetection":{"strategy":"Continue"}`), "400013003", "machineDetection.eventUrl"},
	}
	for _, tt := range tests {
		f.refused("POST", "/voice/conversation", tt.body, tt.code, tt.words)
	}
	if len(f.calls.began) > 0 {
		t.Errorf("%d calls were begun", len(f.calls.began))
	}
	f.refused("GET", "/voice/nothing", "", "404000000", "no path")
	f.refused("PUT", "/numbers/available", "", "405000000", "PUT")
	f.calls.err = voice.Errorf("x", voice.Unavailable, "the server is stopping")
	f.refused("POST", "/voice/conversation", sample, "503013000", "stopping")
	f.calls.err = voice.Errorf("x", voice.Limit, "1000 ordered calls wait")
	f.refused("POST", "/voice/conversation", sample, "429013000", "1000 ordered calls wait")
	if list, err := f.store.Resources(t.Context(), account, voice.ResourceFilter{Kind: "routee/conversation"}); err != nil || len(list) > 0 {
		t.Errorf("kept without a call: %v %v", list, err)
	}
}

// The ids of every leg are read back as the call and leg that they were made of.
func TestIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		id := voice.CallID(voice.NewID(""))
		for leg := range 5 {
			seen[routee.MessageID(id, leg)] = true
		}
		seen[routee.TrackingID(id)] = true
	}
	if len(seen) != 300 || seen[""] {
		t.Errorf("%d different ids of 300", len(seen))
	}
	if got := routee.TrackingID("no call's"); got != "" {
		t.Errorf("%q", got)
	}
}

func TestAnswers(t *testing.T) {
	f := newFixture(t)
	q := flow.Question{URL: "https://a.example/", Call: voice.CallInfo{ID: voice.CallID(voice.NewID("")), From: "306911", To: "302100000000"},
		Vars: map[string]string{flow.VarCollected: "1,2,3,4", routeeplan.VarFrom: "Company"}}
	r, err := f.dialect.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"messageId":"` + routee.MessageID(q.Call.ID, 0) + `","conversationTrackingId":"` + routee.TrackingID(q.Call.ID) + `","from":"Company","to":"+302100000000","collectedTones":"1,2,3,4"}`
	if string(r.Body) != want || r.Method != "POST" || r.Type != "application/json" {
		t.Errorf("%s %s %s", r.Method, r.Type, r.Body)
	}
	reply := func(status int, body string) error {
		p, err := f.dialect.Reply(t.Context(), q, voice.HTTPAnswer{Status: status, Body: []byte(body)}, nil)
		if err == nil {
			if ds := flow.Validate(p); len(ds) > 0 {
				t.Error(ds)
			}
		}
		return err
	}
	if err := reply(200, `{"verbs":[{"type":"say","text":"Thank you","language":"en-US"},{"type":"COLLECT","eventUrl":"https://a.example/","submitOnHash":"false","maxDigits":"4"}]}`); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		status int
		body   string
		words  string
	}{
		{200, "", "empty"}, {200, "<!DOCTYPE html><p>", "web page"}, {500, "{}", "status 500"}, {302, "", "status 302"},
		{200, strings.Repeat("[", 100000), "nested"}, {200, `{"verbs":[{"type":"SING"}]}`, `no verb "SING"`}, {200, "{}", "verbs"},
		{200, `{"verbs":[` + strings.Repeat(`{"type":"PAUSE","duration":1},`, 300) + `{"type":"PAUSE","duration":1}]}`, "more than"},
		{200, `{"a":"` + strings.Repeat("x", 10<<20) + `"}`, "larger"},
	} {
		if err := reply(tt.status, tt.body); !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%d %.40s: %v; want %s", tt.status, tt.body, err, tt.words)
		}
	}
}
