package routee_test

import (
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

// talked stores a call with a DIAL that was answered, recorded and is over.
func (f *fixture) talked(t *testing.T) (voice.CallID, dialect.CallBack) {
	t.Helper()
	f.ok("POST", "/voice/conversation", sample)
	n := len(f.calls.ids) - 1
	id, cb, now := f.calls.ids[n], f.calls.began[n], f.clock.Now()
	at := func(s int) time.Time { return now.Add(time.Duration(s) * time.Second) }
	if err := f.store.CreateRecording(t.Context(), voice.Recording{ID: voice.RecordingID(voice.NewID("R")), Tenant: account, Call: id, Purpose: voice.ForCall,
		State: voice.RecordingFinished, Blob: "b", Duration: 9 * time.Second, Created: at(10), Ended: at(19)}); err != nil {
		t.Fatal(err)
	}
	list, err := f.store.Recordings(t.Context(), account, voice.RecordingFilter{Call: id})
	if err != nil {
		t.Fatal(err)
	}
	recording := map[string]string{"recording": string(list[0].ID)}
	f.put(id, cb, voice.CDR{Answered: at(5), End: at(20), Cause: voice.CauseNormal},
		voice.Event{Kind: voice.EventDialStarted, At: at(1)},
		voice.Event{Kind: voice.EventCallAnswered, At: at(5), Leg: "b1"},
		voice.Event{Kind: voice.EventDigit, At: at(6), Leg: "b1", Data: map[string]string{"digit": "1"}},
		voice.Event{Kind: voice.EventDigit, At: at(6), Leg: "b1", Data: map[string]string{"digit": "2"}},
		voice.Event{Kind: voice.EventNotice, At: at(7), Data: map[string]string{"dialect": "routee", routeeplan.DialNumber: "I", routeeplan.DialFrom: "+301",
			routeeplan.DialTo: "+306988000000", routeeplan.DialFormat: "WAV"}},
		voice.Event{Kind: voice.EventDialStarted, At: at(7)},
		voice.Event{Kind: voice.EventLegRinging, At: at(8), Leg: "b2"},
		voice.Event{Kind: voice.EventBridgeStarted, At: at(10), Leg: "b2"},
		voice.Event{Kind: voice.EventRecordingStarted, At: at(10), Leg: "b2", Data: recording},
		voice.Event{Kind: voice.EventBridgeEnded, At: at(19), Leg: "b2"},
	)
	return id, cb
}

func TestTracking(t *testing.T) {
	f := newFixture(t)
	id, _ := f.talked(t)
	f.talked(t)
	page := f.ok("GET", "/voice/tracking/conversation/"+routee.TrackingID(id), "")
	content := page["content"].([]any)
	if len(content) != 2 || page["totalElements"] != 2.0 || page["first"] != true || page["last"] != true || page["size"] != 20.0 || page["number"] != 0.0 {
		t.Fatalf("page: %v", page)
	}
	one, two := content[0].(map[string]any), content[1].(map[string]any)
	status := func(m map[string]any) any { return m["status"].(map[string]any)["status"] }
	if one["collectedTones"] != "1,2" || one["messageId"] != routee.MessageID(id, 0) || status(one) != "Completed" || one["country"] != "GR" || one["from"] != "Company Name" || one["duration"] != 15.0 {
		t.Errorf("first leg: %v", one)
	}
	if two["to"] != "+306988000000" || two["messageId"] != routee.MessageID(id, 1) || status(two) != "Completed" || two["duration"] != 9.0 || len(two["recordings"].([]any)) != 1 {
		t.Errorf("second leg: %v", two)
	}
	link := two["recordings"].([]any)[0].(map[string]any)["url"].(string)
	if !strings.HasSuffix(link, ".wav") {
		t.Errorf("link: %s", link)
	}
	req := httptest.NewRequest("GET", link, nil)
	req.Header.Set("Authorization", "Bearer "+f.token)
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "audio/wav" || rec.Body.String() != "RIFFsound" {
		t.Errorf("download: %d %v %q", rec.Code, rec.Header(), rec.Body)
	}
	if leg := f.ok("GET", "/voice/tracking/"+routee.MessageID(id, 1), ""); leg["to"] != two["to"] {
		t.Errorf("by message: %v", leg)
	}
	f.refused("GET", "/voice/tracking/"+routee.MessageID(id, 2), "", "404013000", "not found")
	f.refused("GET", "/voice/tracking/nothing", "", "404013000", "not found")
	f.refused("GET", "/recordings/my/downloads/nothing", "", "404013000", "recording not found")
	for _, tt := range []struct {
		query, body string
		want        float64
	}{
		{"", "", 4},
		{"", "[]", 4},
		{"?trackingId=" + routee.TrackingID(id), "{}", 2},
		{"", `{"fieldName":"recipient","searchOperator":"contains","searchTerm":"6988"}`, 2},
		{"", `[{"fieldName":"collectedTones","searchOperator":"is","searchTerm":"1,2"}]`, 2},
		{"", `{"fieldName":"status.status","searchOperator":"is_not","searchTerm":"completed"}`, 0},
		{"", `{"fieldName":"from","searchOperator":"starts_with","searchTerm":"comp"}`, 2},
		{"", `{"fieldName":"country","searchOperator":"ends_with","searchTerm":"R"}`, 4},
		{"", `{"fieldName":"id","searchOperator":"is","searchTerm":"` + routee.MessageID(id, 1) + `"}`, 1},
		{"?from=2026-11-22T00:00:00Z", "", 0},
		{"?to=2026-11-22T00:00:00Z&size=3&page=1", "", 4},
	} {
		got := f.ok("POST", "/voice/tracking"+tt.query, tt.body)
		if got["totalElements"] != tt.want {
			t.Errorf("%s %s: %v; want %v", tt.query, tt.body, got["totalElements"], tt.want)
		}
		if strings.Contains(tt.query, "size=3") && (got["numberOfElements"] != 1.0 || got["totalPages"] != 2.0 || got["first"] != false || got["last"] != true) {
			t.Errorf("second page: %v", got)
		}
	}
	f.refused("POST", "/voice/tracking", `{"fieldName":"x"}`, "400013004", "fieldName")
	f.refused("POST", "/voice/tracking", `{"fieldName":"id","searchOperator":"like"}`, "400013004", "searchOperator")
	f.refused("POST", "/voice/tracking", `<html>`, "400000000", "not JSON")
	f.refused("POST", "/voice/tracking?size=0", ``, "400013004", "size")
	f.refused("POST", "/voice/tracking?from=x", ``, "400013004", "from")
	f.token = f.login("other")
	if got := f.ok("POST", "/voice/tracking", ""); got["totalElements"] != 0.0 {
		t.Errorf("another account sees %v", got)
	}
}

func TestActions(t *testing.T) {
	f := newFixture(t)
	id := voice.CallID(voice.NewID(""))
	path := "/voice/conversation/" + routee.MessageID(id, 0)
	f.calls.live = []voice.LiveCall{{Info: voice.CallInfo{ID: id, Tenant: account}}}
	f.refused("PUT", path, `{"action":"hangup"}`, "400013004", "rejected, not hung up")
	a := f.ok("PUT", path, `{"action":"reject"}`)
	if a["messageId"] != routee.MessageID(id, 0) || a["message"] == "" || a["createdAt"] != "2026-11-21T15:10:00.000Z" {
		t.Errorf("answer: %v", a)
	}
	f.calls.live[0].Answered = f.clock.Now()
	f.refused("PUT", path, `{"action":"reject"}`, "400013004", "hung up, not rejected")
	f.refused("PUT", path, `{"action":"dance"}`, "400013004", "neither")
	f.ok("PUT", "/voice/conversation/"+routee.TrackingID(id), `{"action":"hangup"}`)
	f.ok("POST", path+"/talk", `{"text":"Hello","language":"en-US","gender":"male","multiplex":"true"}`)
	if !f.calls.over.Mix || f.calls.over.Prompts[0].Voice != "en-US/male" {
		t.Errorf("over: %+v", f.calls.over)
	}
	f.ok("POST", path+"/file", `{"fileURL":"https://a.example/a.wav"}`)
	if f.calls.over.Mix {
		t.Error("without multiplex it is mixed")
	}
	f.ok("DELETE", path+"/talk", "")
	f.ok("DELETE", path+"/file", "")
	f.ok("POST", path+"/record", `{"format":"WAV","duration":60}`)
	f.ok("DELETE", path+"/record", "")
	f.ok("POST", path+"/dtmf", `{"dtmf":"1w2,#W"}`)
	f.ok("POST", path+"/transfer", `{"from":"+30691111111","to":{"sip":"sip:a@b.example"},"hangupDelay":20}`)
	if c := f.calls.last; c.Mode != voice.CommandInstead || !c.Replace || len(flow.Validate(c.Program)) > 0 {
		t.Errorf("transfer: %+v", c)
	}
	want := "hangup: reject|hangup: hangup|over: speech|over: the sound|stop over|stop over|tape|tape stop|keys 1w2,#W|command: transfer to"
	for i, w := range strings.Split(want, "|") {
		if i >= len(f.calls.orders) || !strings.HasPrefix(f.calls.orders[i], w) {
			t.Errorf("orders: %q; want %q", f.calls.orders, want)
			break
		}
	}
	f.refused("POST", path+"/talk", `{}`, "400013004", "text")
	f.refused("POST", path+"/file", `{"fileURL":"x"}`, "400013004", "fileURL")
	f.refused("POST", path+"/record", `{"format":"OGG"}`, "400013004", "format")
	f.refused("POST", path+"/dtmf", `{"dtmf":"1x"}`, "400013004", "dtmf")
	f.refused("POST", path+"/transfer", `{"from":"1"}`, "400013004", "to")
	f.calls.err = voice.Errorf("x", voice.Conflict, "the call is recorded already")
	f.refused("POST", path+"/record", ``, "400013004", "recorded already")
	f.calls.err, f.calls.live = nil, nil
	for _, what := range []string{"/talk", "/file", "/record", "/dtmf", "/transfer"} {
		f.refused("POST", path+what, `{"text":"a","fileURL":"https://a.example/"}`, "404013000", "not active")
	}
	f.refused("DELETE", path+"/record", "", "404013000", "not active")
}

// A DIAL leg too is rejected before its answer alone, and hung up afterwards alone.
func TestActionsOfADial(t *testing.T) {
	f := newFixture(t)
	f.ok("POST", "/voice/conversation", sample)
	id, cb, now := f.calls.ids[0], f.calls.began[0], f.clock.Now()
	events := []voice.Event{
		{Kind: voice.EventCallAnswered, Leg: "b1"},
		{Kind: voice.EventNotice, Data: map[string]string{routeeplan.DialNumber: "I", routeeplan.DialFrom: "+301", routeeplan.DialTo: "+302"}},
		{Kind: voice.EventDialStarted},
	}
	f.put(id, cb, voice.CDR{Answered: now}, events...)
	f.calls.live = []voice.LiveCall{{Info: voice.CallInfo{ID: id, Tenant: account}, Answered: now}}
	path := "/voice/conversation/" + routee.MessageID(id, 1)
	f.refused("PUT", path, `{"action":"hangup"}`, "400013004", "rejected, not hung up")
	f.refused("POST", path+"/dtmf", `{"dtmf":"1"}`, "404013000", "not in progress")
	f.refused("POST", path+"/file", `{"fileURL":"https://a.example/a.wav"}`, "404013000", "not in progress")
	f.refused("DELETE", path+"/talk", "", "404013000", "not in progress")
	if a := f.ok("PUT", path, `{"action":"reject"}`); a["messageId"] != routee.MessageID(id, 1) || f.calls.last.Mode != voice.CommandInstead || f.calls.last.Replace {
		t.Errorf("reject: %v %+v", a, f.calls.last)
	}
	up := voice.Event{Kind: voice.EventBridgeStarted, Leg: "b2", Call: id, Tenant: account, Seq: 100, At: now}
	if err := f.store.AppendEvents(t.Context(), []voice.Event{up}); err != nil {
		t.Fatal(err)
	}
	f.refused("PUT", path, `{"action":"reject"}`, "400013004", "hung up, not rejected")
	f.ok("PUT", path, `{"action":"hangup"}`)
	f.ok("POST", path+"/dtmf", `{"dtmf":"1"}`)
	if last := f.calls.orders[len(f.calls.orders)-1]; last != "keys 1 to leg b2" {
		t.Errorf("orders: %v", f.calls.orders)
	}
}

func TestNumbers(t *testing.T) {
	f := newFixture(t)
	a := f.ok("POST", "/numbers/my", `{"msisdn":"+302100000001","voiceInboundStrategy":{"dialplanUrl":"https://a.example/plan"},"inboundVoiceCallbackUrl":"https://a.example/cb"}`)
	if a["msisdn"] != "+302100000001" || a["country"] != "GR" || a["trackingId"] == "" || a["inboundVoiceCallbackUrl"] != "https://a.example/cb" {
		t.Errorf("number: %v", a)
	}
	program := func() flow.Program {
		n, err := f.store.NumberByE164(t.Context(), "+302100000001")
		if err != nil {
			t.Fatal(err)
		}
		app, err := f.store.App(t.Context(), account, voice.AppID(n.Dest.ID))
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := f.dialect.Compile(t.Context(), app, nil)
		if ds := flow.Validate(&p); err != nil || len(ds) > 0 {
			t.Fatal(err, ds)
		}
		return p
	}
	if s, is := program().Nodes[1].Step.(flow.Fetch); !is || s.URL != "https://a.example/plan" || s.Timeout != 3*time.Second {
		t.Errorf("program: %+v", program())
	}
	f.refused("POST", "/numbers/my", `{"msisdn":"+302100000001"}`, "409021000", "taken")
	f.refused("POST", "/numbers/my", `{"msisdn":"x"}`, "400021000", "msisdn")
	f.refused("PUT", "/numbers/my/302100000001", `{"voiceInboundStrategy":{"forwardCallTo":"12"}}`, "400021000", "forwardCallTo")
	f.refused("PUT", "/numbers/my/302100000001", `{"voiceInboundStrategy":{"forwardCallTo":"+306911111111","dialplanUrl":"https://a.example/"}}`, "400021000", "not 2")
	f.ok("PUT", "/numbers/my/302100000001", `{"voiceInboundStrategy":{"forwardCallTo":"+306911111111"}}`)
	if s, is := program().Nodes[1].Step.(flow.Dial); !is || s.To.ID != "+306911111111" {
		t.Errorf("program: %+v", program())
	}
	f.ok("PUT", "/numbers/my/302100000001", `{"voiceInboundStrategy":{"forwardCallToSip":"sip:a@b.example"}}`)
	if page := f.ok("GET", "/numbers/my?size=5", ""); page["totalElements"] != 1.0 {
		t.Errorf("list: %v", page)
	}
	if page := f.ok("GET", "/numbers/available?country=GR&service=Voice", ""); page["totalElements"] != 0.0 {
		t.Errorf("available: %v", page)
	}
	f.ok("POST", "/numbers/available/search", "{}")
	mine := f.token
	f.token = f.login("other")
	f.refused("DELETE", "/numbers/my/302100000001", "", "404021000", "not found")
	f.refused("POST", "/numbers/my", `{"msisdn":"+302100000001"}`, "409021000", "taken")
	f.token = mine
	f.ok("DELETE", "/numbers/my/302100000001", "")
	f.refused("PUT", "/numbers/my/302100000001", "{}", "404021000", "not found")
	if apps, err := f.store.Apps(t.Context(), account); err != nil || len(apps) > 0 {
		t.Errorf("left: %v %v", apps, err)
	}
}
