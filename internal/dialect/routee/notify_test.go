package routee_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/routee"
	"tandem/internal/dialect/routeeplan"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// told gives the path and status name, or other word, of each delivery of events.
func (f *fixture) deliver(s dialect.CallState, e voice.Event) []map[string]any {
	f.t.Helper()
	e.At = f.clock.Now()
	list, err := f.dialect.Deliveries(f.t.Context(), dialect.Fact{Event: e, Call: s})
	if err != nil {
		f.t.Fatal(err)
	}
	var all []map[string]any
	for _, d := range list {
		var body map[string]any
		if err := json.Unmarshal([]byte(d.Body), &body); err != nil || d.Method != "POST" || d.Type != "application/json" {
			f.t.Fatalf("%+v: %v", d, err)
		}
		body["link"], body["url"] = body["url"], d.URL
		all = append(all, body)
	}
	return all
}

func TestStatusCallbacks(t *testing.T) {
	f := newFixture(t)
	now := f.clock.Now()
	id := voice.CallID(voice.NewID(""))
	data := map[string]string{"routee.service": "Conversation", "routee.caller": "Company", "routee.called": "+30691111111",
		"routee.callback": "https://a.example/first", "routee.strategy": "OnChange"}
	state := dialect.CallState{Info: voice.CallInfo{ID: id, Tenant: account, Direction: voice.Outbound}, Data: data}
	expect := func(s dialect.CallState, e voice.Event, want string) map[string]any {
		t.Helper()
		var got []string
		var last map[string]any
		for _, b := range f.deliver(s, e) {
			last = b
			name, _ := b["status"].(map[string]any)["name"].(string)
			got = append(got, strings.TrimPrefix(b["url"].(string), "https://a.example/")+" "+name)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %q; want %q", e.Kind, got, want)
		}
		return last
	}
	ordered := map[string]string{"order": "call", "routee.service": "Conversation"}
	expect(state, voice.Event{Kind: voice.EventCallOrdered, Data: ordered}, "first Queued")
	expect(state, voice.Event{Kind: voice.EventDialStarted}, "first Initiated")
	expect(state, voice.Event{Kind: voice.EventLegRinging, Leg: "b1"}, "first Ringing")
	answered := state
	answered.Answered = now
	body := expect(answered, voice.Event{Kind: voice.EventCallAnswered, Leg: "b1"}, "first InProgress")
	if body["messageId"] != routee.MessageID(id, 0) || body["conversationTrackingId"] != routee.TrackingID(id) || body["from"] != "Company" || body["to"] != "+30691111111" ||
		body["direction"] != "Outbound" || body["respectQuietHours"] != false || body["price"] != 0.0 || body["status"].(map[string]any)["updatedDate"] != "2026-11-21T15:10:00.000Z" {
		t.Errorf("body: %v", body)
	}
	over := func(s dialect.CallState, c voice.CDR) dialect.CallState { s.CDR = &c; return s }
	ended := voice.Event{Kind: voice.EventCallEnded}
	if b := expect(over(answered, voice.CDR{Answered: now, End: now.Add(42 * time.Second)}), ended, "first Completed"); b["duration"] != 42.0 {
		t.Errorf("body: %v", b)
	}
	for cause, want := range map[voice.Cause]string{voice.CauseBusy: "Busy", voice.CauseNoAnswer: "NoAnswer", voice.CauseRejected: "NoAnswer", voice.CauseUnavailable: "Failed"} {
		expect(over(state, voice.CDR{Cause: cause, End: now}), ended, "first "+want)
	}
	dialled := answered
	dialled.Data = map[string]string{routeeplan.DialNumber: "II", routeeplan.DialCallback: "https://a.example/dial", routeeplan.DialStrategy: "OnChange",
		routeeplan.DialFrom: "+301", routeeplan.DialTo: "+302", "routee.callback": "https://a.example/first", "routee.strategy": "OnCompletion"}
	expect(dialled, voice.Event{Kind: voice.EventDialStarted}, "dial Initiated")
	expect(dialled, voice.Event{Kind: voice.EventLegRinging, Leg: "b3"}, "dial Ringing")
	expect(dialled, voice.Event{Kind: voice.EventBridgeStarted, Leg: "b3"}, "dial InProgress")
	if b := expect(dialled, voice.Event{Kind: voice.EventBridgeEnded, Leg: "b3"}, "dial Completed"); b["messageId"] != routee.MessageID(id, 2) || b["to"] != "+302" {
		t.Errorf("body: %v", b)
	}
	expect(dialled, voice.Event{Kind: voice.EventDialFailed, Data: map[string]string{"cause": "busy"}}, "dial Busy")
	expect(dialled, voice.Event{Kind: voice.EventDialFailed, Leg: "b3", Data: map[string]string{"cause": "busy"}}, "")
	expect(over(dialled, voice.CDR{Answered: now, End: now, Legs: []voice.LegRecord{{ID: "b3", Cause: voice.CauseCancelled}}}), ended, "dial NoAnswer, first Completed")
	machine := dialled // it is listened to before the two are joined
	machine.Data = maps.Clone(dialled.Data)
	machine.Data[routeeplan.DialMachine] = routeeplan.MachineContinue
	expect(machine, voice.Event{Kind: voice.EventLegAnswered, Leg: "b3"}, "dial InProgress")
	expect(machine, voice.Event{Kind: voice.EventBridgeStarted, Leg: "b3"}, "")
	expect(machine, voice.Event{Kind: voice.EventDialFailed, Data: map[string]string{"cause": "no answer", "answered_by": "machine"}}, "dial Completed")
	expect(dialled, voice.Event{Kind: voice.EventLegAnswered, Leg: "b3"}, "")
	quiet := answered
	quiet.Data = map[string]string{"routee.callback": "https://a.example/first", "routee.strategy": "OnCompletion"}
	expect(quiet, voice.Event{Kind: voice.EventCallAnswered}, "")
	quiet.Data = nil
	expect(quiet, ended, "")
}

func TestOtherWebhooks(t *testing.T) {
	f := newFixture(t)
	id := voice.CallID(voice.NewID(""))
	state := dialect.CallState{Info: voice.CallInfo{ID: id, Tenant: account, From: "306911", To: "302100000000", Direction: voice.Inbound},
		Data: map[string]string{routeeplan.DialNumber: "I", routeeplan.DialRecording: "https://a.example/rec", routeeplan.DialMachine: "https://a.example/machine", routeeplan.DialFormat: "WAV"}}
	got := f.deliver(state, voice.Event{Kind: voice.EventNotice, Data: map[string]string{"dialect": "routee", flow.DataCollectURL: "https://a.example/keys", flow.DataCollected: ""}})
	if len(got) != 1 || got[0]["collectedTones"] != "" || got[0]["messageId"] != routee.MessageID(id, 0) {
		t.Errorf("keys: %v", got)
	}
	if err := f.store.CreateRecording(t.Context(), voice.Recording{ID: "R1", Tenant: account, Call: id, Purpose: voice.ForCall, State: voice.RecordingFinished, Duration: 9 * time.Second, Created: f.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	got = f.deliver(state, voice.Event{Kind: voice.EventRecordingFinished, Data: map[string]string{"recording": "R1"}})
	if len(got) != 1 || got[0]["messageId"] != routee.MessageID(id, 1) || got[0]["duration"] != 9.0 || got[0]["link"] != "/recordings/my/downloads/R1.wav" {
		t.Errorf("recording: %v", got)
	}
	inbound := dialect.CallState{Info: state.Info, Data: map[string]string{"routee.service": "Inbound", "routee.callback": "https://a.example/in", "routee.strategy": "OnChange"}}
	got = f.deliver(inbound, voice.Event{Kind: voice.EventNotice, Data: map[string]string{"dialect": "routee", "routee.service": "Inbound"}})
	if len(got) != 1 || got[0]["direction"] != "Inbound" || got[0]["to"] != "+302100000000" || got[0]["originatingService"] != "Inbound" {
		t.Errorf("inbound: %v", got)
	}
}

// TestCampaign has each call wait a while to begin, and a line that is full at first.
func TestCampaign(t *testing.T) {
	f := newFixture(t)
	f.calls.full, f.calls.slow = 2, 3
	a := f.ok("POST", "/voice/campaign", `{"from":"Company","to":["+306911111111","+306911111112"],"message":{"text":"Hello","language":"el-GR"},"collectDtmfDigits":2,
		"collectDtmfAwaitSeconds":5,"callback":{"url":"https://a.example/cb","strategy":"OnChange"},"campaignCallback":{"url":"https://a.example/over"}}`)
	id := a["trackingId"].(string)
	state := func() string {
		list, err := f.store.Resources(t.Context(), account, voice.ResourceFilter{Kind: "routee/campaign", Name: id})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		var c map[string]any
		if err := json.Unmarshal(list[0].Data, &c); err != nil {
			t.Fatal(err)
		}
		return c["state"].(string)
	}
	f.dialect.Wait()
	if s := state(); s != "Finished" || len(f.calls.began) != 2 {
		t.Fatalf("%s, %d calls", s, len(f.calls.began))
	}
	if f.calls.early || f.calls.waits > 0 || f.calls.full > 0 {
		t.Error("the next is called while one waits")
	}
	if cb := f.calls.began[1]; cb.First.ID != "+306911111112" || cb.Data["routee.campaign"] != id || cb.Data["routee.callback"] != "https://a.example/cb" || len(flow.Validate(cb.Program)) > 0 {
		t.Errorf("order: %+v", cb)
	}
	due, err := f.store.Deliveries(t.Context(), account, voice.DeliveryFilter{State: voice.DeliveryQueued})
	if err != nil || len(due) != 1 || due[0].URL != "https://a.example/over" {
		t.Errorf("campaignCallback: %v %v", due, err)
	}
	f.put(f.calls.ids[0], f.calls.began[0], voice.CDR{})
	if page := f.ok("GET", "/voice/tracking/campaign/"+id, ""); page["totalElements"] != 1.0 {
		t.Errorf("tracking: %v", page)
	}
	f.refused("DELETE", "/voice/campaign/"+id, "", "400013004", "over")
	later := f.ok("POST", "/voice/campaign", `{"from":"Company","to":["+306911111111"],"fileURL":"https://a.example/a.wav","scheduledDate":"2026-11-21T18:00:00Z"}`)
	if later["state"] != "Scheduled" {
		t.Errorf("scheduled: %v", later)
	}
	if stopped := f.ok("DELETE", "/voice/campaign/"+later["trackingId"].(string), ""); stopped["state"] != "Cancelled" {
		t.Errorf("stopped: %v", stopped)
	}
	f.dialect.Wait()
	if len(f.calls.began) != 2 {
		t.Error("a campaign that was stopped has called")
	}
	if a := f.ok("POST", "/voice/analysis", `{"from":"Company","to":["+306911111111"],"fileURL":"https://a.example/a.wav"}`); a["numberOfRecipients"] != 1.0 {
		t.Errorf("analysis: %v", a)
	}
	for body, words := range map[string]string{
		`{"from":"x"}`: "to", `{"from":"x","to":[]}`: "1 to 1000", `{"from":"x","to":["1"]}`: "to[0]", `{"from":"x","to":["+306911111111"]}`: "message or fileURL",
		`{"from":"x","to":["+306911111111"],"fileURL":"https://a.example/","scheduledDate":"soon"}`: "scheduledDate"} {
		code := "400013000"
		if strings.Contains(body, "+3069") {
			code = "400013003"
		}
		f.refused("POST", "/voice/campaign", body, code, words)
	}
	f.refused("DELETE", "/voice/campaign/nothing", "", "404013000", "campaign not found")
}
