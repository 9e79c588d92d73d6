package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (f *fixture) record(t voice.TenantID, id string, start time.Time, change func(*voice.CDR)) {
	f.t.Helper()
	c := voice.CDR{Call: voice.CallID(id), Tenant: t, Direction: voice.Inbound, From: "+46855502", To: "+46855501", Start: start,
		Answered: start.Add(time.Second), End: start.Add(time.Minute), Cause: voice.CauseNormal, Words: "the caller hung up",
		Legs: []voice.LegRecord{{ID: "a", To: "+46855501", Start: start, Codec: "PCMA", Quality: voice.Quality{PacketsIn: 9, JitterIn: 1500 * time.Microsecond}}}}
	if change != nil {
		change(&c)
	}
	if err := f.store.PutCDR(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
}

func TestCallsAreListedInParts(t *testing.T) {
	f := newFixture(t)
	for i := range 7 { // c2 to c5 begin at the same time
		f.record(f.tenant, fmt.Sprintf("c%d", i), begin.Add(time.Duration(min(max(i, 2), 5)/5+i/2/3)*time.Second+map[bool]time.Duration{true: time.Hour}[i == 6]), nil)
	}
	f.record(f.other, "theirs", begin, nil)
	seen := map[string]int{}
	cursor := ""
	for parts := 1; ; parts++ {
		r := f.ok(200, "GET", "/calls?limit=2"+cursor, "")
		for _, c := range r.items() {
			seen[c["id"].(string)]++
		}
		next, _ := r.body["next"].(string)
		if next == "" {
			if parts != 4 {
				t.Errorf("%d parts", parts)
			}
			break
		}
		cursor = "&cursor=" + next
	}
	for i := range 7 {
		if seen[fmt.Sprintf("c%d", i)] != 1 {
			t.Errorf("c%d was listed %d times", i, seen[fmt.Sprintf("c%d", i)])
		}
	}
	if len(seen) != 7 {
		t.Errorf("listed: %v", seen)
	}
	f.fails(422, "query.cursor", "GET", "/calls?cursor=xyz", "")
	f.fails(422, "query.limit", "GET", "/calls?limit=0", "")
	f.fails(422, "query.after", "GET", "/calls?after=yesterday", "")
	f.record(f.tenant, "up", begin.Add(time.Minute), func(c *voice.CDR) { c.End, c.App, c.Order, c.Tag = time.Time{}, "VA1", "o1", "mine" })
	for query, want := range map[string]int{"up=true": 1, "app=VA1": 1, "order=o1": 1, "app=VA2": 0, "find=MINE": 1, "find=hung%20up": 8, "find=nobody": 0, "number=%2B46855501": 8, "number=1": 0, "reason=fault": 0, "after=2026-03-01T12:30:00Z": 1, "before=2026-03-01T12:00:30Z": 6} {
		if list := f.ok(200, "GET", "/calls?"+query, "").items(); len(list) != want {
			t.Errorf("%s: %d calls instead of %d", query, len(list), want)
		}
	}
}

func TestCallHasItsTimeline(t *testing.T) {
	f := newFixture(t)
	f.record(f.tenant, "c1", begin, nil)
	err := f.store.AppendEvents(t.Context(), []voice.Event{{Call: "c1", Tenant: f.tenant, Seq: 1, At: begin, Kind: voice.EventCallArrived, Text: "call from anna"},
		{Call: "c1", Tenant: f.tenant, Seq: 2, At: begin, Kind: voice.EventLegEnded, Leg: "a", Data: map[string]string{"course": `[{"at":5,"loss_in":2.5,"mos_out":4.1}]`}}})
	if err != nil {
		t.Fatal(err)
	}
	r := f.ok(200, "GET", "/calls/c1", "")
	events, _ := r.body["events"].([]any)
	legs, _ := r.body["legs"].([]any)
	if len(events) != 2 || len(legs) != 1 || r.body["cause"] != "normal" || !strings.Contains(string(r.raw), `"course":[{"at":5,"loss_in":2.5,"loss_out":0,"jitter_in_ms":0,"jitter_out_ms":0,"mos_out":4.1}]`) || !strings.Contains(string(r.raw), `"jitter_in_ms":1.5`) {
		t.Errorf("call: %s", r.raw)
	}
	f.refused(f.as(f.foreign, "GET", "/calls/c1", ""), 404, "call", "another account's call")
	f.fails(404, "call", "GET", "/calls/c2", "")
}

func TestLiveCallsAreOrdered(t *testing.T) {
	f := newFixture(t)
	f.ok(201, "POST", "/extensions", `{"number":"101"}`)
	f.calls.live = map[voice.TenantID][]voice.LiveCall{f.tenant: {{Info: voice.CallInfo{ID: "c1", Tenant: f.tenant, Direction: voice.Inbound, From: "anna", Start: begin},
		State: voice.LiveTalking, With: "extension 101"}}}
	list := f.ok(200, "GET", "/calls/live", "").items()
	if len(list) != 1 || list[0]["state"] != "talking" || list[0]["with"] != "extension 101" {
		t.Errorf("live: %v", list)
	}
	f.ok(204, "POST", "/calls/c1/hangup", `{"words":"enough"}`)
	f.ok(204, "POST", "/calls/c1/hangup", "")
	f.ok(204, "POST", "/calls/c1/redirect", `{"to":{"kind":"number","id":"+46 8 555 01 99"}}`)
	f.fails(422, "body.step", "POST", "/calls/c1/redirect", `{"to":{"kind":"number","id":"+46 8 555 01 99"},"step":"menu"}`)
	f.ok(204, "POST", "/calls/c1/supervise", `{"mode":"whisper","by":{"kind":"extension","id":"101"}}`)
	want := fmt.Sprintf("[hang up c1 of %s: hung up by order of key test: enough hang up c1 of %s: hung up by order of key test redirect c1 to number +4685550199 whisper c1 by extension 101]", f.tenant, f.tenant)
	if got := fmt.Sprint(f.calls.done); got != want {
		t.Errorf("ordered\n     %s\nwant %s", got, want)
	}
	f.fails(422, "body.to.id", "POST", "/calls/c1/redirect", `{"to":{"kind":"extension","id":"109"}}`)
	f.fails(422, "body.mode", "POST", "/calls/c1/supervise", `{"mode":"spy","by":{"kind":"extension","id":"101"}}`)
	f.fails(422, "body.by.id", "POST", "/calls/c1/supervise", `{"mode":"barge","by":{"kind":"user","id":"1"}}`)
	f.calls.err = voice.Errorf("switchboard", voice.Conflict, "nobody is talking")
	f.fails(409, "nobody is talking", "POST", "/calls/c1/supervise", `{"mode":"barge","by":{"kind":"extension","id":"101"}}`)
	for path, body := range map[string]string{"hangup": "", "redirect": `{"to":{"kind":"sip","id":"a@b.example"}}`, "supervise": `{"mode":"barge","by":{"kind":"sip","id":"a@b.example"}}`} {
		f.fails(404, "no call c2 is up", "POST", "/calls/c2/"+path, body)
		f.refused(f.as(f.foreign, "POST", "/calls/c1/"+path, body), 404, "no call c1 is up", "another account's call: "+path)
	}
	if list := f.as(f.foreign, "GET", "/calls/live", "").items(); len(list) != 0 {
		t.Errorf("another account sees %v", list)
	}
}

func TestTransfer(t *testing.T) {
	f := newFixture(t)
	f.ok(201, "POST", "/extensions", `{"number":"101"}`)
	for _, id := range []voice.CallID{"c1", "c2"} {
		f.calls.live = map[voice.TenantID][]voice.LiveCall{f.tenant: append(f.calls.live[f.tenant], voice.LiveCall{Info: voice.CallInfo{ID: id, Tenant: f.tenant, Start: begin}})}
	}
	const path = "/calls/c1/transfer"
	f.ok(204, "POST", path, `{"to":{"kind":"number","id":"+46 8 555 01 99"},"how":"refer"}`)
	f.ok(204, "POST", path, `{"to":{"kind":"extension","id":"101"}}`)
	f.ok(204, "POST", path, `{"join":"c2"}`)
	if got := fmt.Sprint(f.calls.done); got != `[transfer c1 to number +4685550199 "refer" transfer c1 to extension 101 "" join c1 with c2]` {
		t.Errorf("ordered %s", got)
	}
	for body, want := range map[string]string{
		`{}`: "body.to", `{"to":{"kind":"extension","id":"101"},"join":"c2"}`: "body.to", `{"join":"c1"}`: "body.join", `{"join":"c2","how":"dial"}`: "body.how",
		`{"to":{"kind":"extension","id":"109"}}`: "body.to.id", `{"to":{"kind":"extension","id":"101"},"how":"fax"}`: "body.how",
	} {
		f.fails(422, want, "POST", path, body)
	}
	f.fails(404, "no call c3 is up", "POST", path, `{"join":"c3"}`)
	f.fails(404, "no call c3 is up", "POST", "/calls/c3/transfer", `{"join":"c1"}`)
	f.refused(f.as(f.foreign, "POST", path, `{"join":"c2"}`), 404, "no call c1 is up", "another account's call")
	f.calls.err = voice.Errorf("switchboard", voice.Conflict, "call c1 has another order")
	f.fails(409, "another order", "POST", path, `{"join":"c2"}`)
}

func TestOriginate(t *testing.T) {
	f := newFixture(t)
	f.ok(201, "POST", "/extensions", `{"number":"101"}`)
	order := `{"first":{"kind":"extension","id":"101"},"second":{"kind":"number","id":"+46 8 555 01 99"},"ring_seconds":20,"tag":"mine","show_second":"+4685550100"}`
	r := f.ok(202, "POST", "/calls", order)
	if r.body["call"] != "call1" || r.body["repeated"] != false {
		t.Errorf("ordered: %s", r.raw)
	}
	o := f.calls.orders[0]
	if o.Tenant != f.tenant || o.First.ID != "101" || o.Second.ID != "+4685550199" || o.RingFirst != 20*time.Second || o.Tag != "mine" || o.ShowSecond != "+4685550100" || o.Order != "" {
		t.Errorf("order: %+v", o)
	}
	app := f.nativeApp("Menu", busy)
	f.ok(202, "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"app":"`+app+`"}`)
	if p := f.calls.orders[1].Program; p == nil || string(p.App) != app {
		t.Errorf("program: %+v", p)
	}
	f.fails(422, "body.second", "POST", "/calls", `{"first":{"kind":"extension","id":"101"}}`)
	f.fails(422, "body.app", "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"app":"none"}`)
	f.fails(422, "body.first.kind", "POST", "/calls", `{"first":{"kind":"app","id":"`+app+`"},"app":"`+app+`"}`)
	f.fails(422, "body.first.id", "POST", "/calls", `{"first":{"kind":"number","id":"1"},"app":"`+app+`"}`)
	f.fails(422, "body.more[0].id", "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"more":[{"kind":"extension","id":"109"}],"app":"`+app+`"}`)
	f.fails(422, "body.show_first", "POST", "/calls", `{"first":{"kind":"extension","id":"101"},"app":"`+app+`","show_first":"x"}`)
	f.calls.err = voice.Errorf("switchboard", voice.Permission, "+4685550100 is not a number of the account")
	f.fails(403, "not a number of the account", "POST", "/calls", order)
	f.calls.err = voice.Errorf("switchboard", voice.Unavailable, "the server is stopping")
	f.fails(503, "stopping", "POST", "/calls", order)
	f.refused(f.as(f.foreign, "POST", "/calls", order), 422, "body.first.id", "another account's extension")
}

func TestOrdersAreRepeatedWithoutASecondCall(t *testing.T) {
	f := newFixture(t)
	order := `{"first":{"kind":"sip","id":"a@b.example"},"second":{"kind":"sip","id":"c@d.example"}}`
	f.calls.err = voice.Errorf("switchboard", voice.Limit, "too many calls")
	f.fails(429, "too many calls", "POST", "/calls", order, "Idempotency-Key", "k1")
	r := f.ok(202, "POST", "/calls", order, "Idempotency-Key", "k1")
	again := f.ok(202, "POST", "/calls", order, "Idempotency-Key", "k1")
	if r.body["repeated"] != false || again.body["repeated"] != true || again.body["call"] != r.body["call"] || len(f.calls.orders) != 1 {
		t.Errorf("first %s, then %s, %d calls", r.raw, again.raw, len(f.calls.orders))
	}
	f.fails(409, "another order", "POST", "/calls", strings.Replace(order, "c@d", "e@d", 1), "Idempotency-Key", "k1")
	f.ok(202, "POST", "/calls", order, "Idempotency-Key", "k2")
	f.as(f.foreign, "POST", "/calls", order, "Idempotency-Key", "k1")
	if len(f.calls.orders) != 3 || f.calls.orders[0].Order == f.calls.orders[2].Order {
		t.Errorf("orders: %+v", f.calls.orders)
	}
	// The server was started anew: the call's record has the order.
	g := newFixture(t)
	if r := g.ok(202, "POST", "/calls", order, "Idempotency-Key", "k1"); r.body["repeated"] != false {
		t.Errorf("fresh: %s", r.raw)
	}
	ref := g.calls.orders[0].Order
	g.record(g.tenant, "before", time.Now(), func(c *voice.CDR) { c.Order = ref })
	g.restart()
	if r := g.ok(202, "POST", "/calls", order, "Idempotency-Key", "k1"); r.body["repeated"] != true || r.body["call"] != "before" {
		t.Errorf("after a restart: %s", r.raw)
	}
}

func TestRecordingsAndMessages(t *testing.T) {
	f := newFixture(t)
	clip := f.audio.put([]byte("RIFF talk"))
	for i := range 3 {
		err := f.store.CreateRecording(t.Context(), voice.Recording{ID: voice.RecordingID(fmt.Sprintf("r%d", i)), Tenant: f.tenant, Call: "c1", Purpose: voice.ForCall,
			State: voice.RecordingFinished, Blob: clip.Blob, Size: clip.Size, Duration: 1500 * time.Millisecond, Created: begin.Add(time.Duration(i) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
	}
	list := f.ok(200, "GET", "/recordings?limit=2", "")
	if items := list.items(); len(items) != 2 || items[0]["id"] != "r2" || items[0]["seconds"] != 1.5 || list.body["next"] != "r1" {
		t.Errorf("recordings: %s", list.raw)
	}
	if items := f.ok(200, "GET", "/recordings?limit=2&cursor=r1", "").items(); len(items) != 1 || items[0]["id"] != "r0" {
		t.Errorf("the rest: %v", items)
	}
	f.fails(422, "query.cursor", "GET", "/recordings?cursor=none", "")
	if items := f.ok(200, "GET", "/recordings?purpose=voicemail", "").items(); len(items) != 0 {
		t.Errorf("voicemail: %v", items)
	}
	if r := f.ok(200, "GET", "/recordings/r0/audio", ""); string(r.raw) != "RIFF talk" {
		t.Errorf("audio: %s", r.raw)
	}
	if err := f.store.CreateMessage(t.Context(), voice.Message{ID: "m1", Tenant: f.tenant, App: "VA1", User: f.owner, Call: "c1", Recording: "r1", From: "anna",
		State: voice.MessageNoAddress, Created: begin}, nil); err != nil {
		t.Fatal(err)
	}
	f.fails(409, "voicemail message m1", "DELETE", "/recordings/r1", "")
	if items := f.ok(200, "GET", "/messages?user="+string(f.owner), "").items(); len(items) != 1 || items[0]["from"] != "anna" {
		t.Errorf("messages: %v", items)
	}
	if items := f.ok(200, "GET", "/messages?user=1", "").items(); len(items) != 0 {
		t.Errorf("messages: %v", items)
	}
	if r := f.ok(200, "GET", "/messages/m1/audio", ""); string(r.raw) != "RIFF talk" {
		t.Errorf("audio: %s", r.raw)
	}
	for _, path := range []string{"/recordings/r0", "/recordings/r0/audio", "/messages/m1", "/messages/m1/audio"} {
		f.refused(f.as(f.foreign, "GET", path, ""), 404, "", "another account's "+path)
	}
	for _, path := range []string{"/recordings/r0", "/messages/m1"} {
		f.refused(f.as(f.foreign, "DELETE", path, ""), 404, "", "another account's "+path)
	}
	f.ok(204, "DELETE", "/messages/m1", "")
	f.fails(404, "recording", "GET", "/recordings/r1", "")
	if len(f.audio.blobs) != 0 {
		t.Errorf("the audio is kept: %v", f.audio.blobs)
	}
	f.ok(204, "DELETE", "/recordings/r0", "")
	f.fails(404, "gone", "GET", "/recordings/r2/audio", "")
}

func TestDeliveries(t *testing.T) {
	f := newFixture(t)
	err := f.store.CreateDeliveries(t.Context(), []voice.Delivery{
		{ID: "d1", Tenant: f.tenant, Call: "c1", Endpoint: "e", Purpose: "event dial-in", Method: "POST", URL: "https://shop.example/hook", State: voice.DeliveryQueued, Created: begin, Next: begin},
		{ID: "d2", Tenant: f.tenant, Call: "c2", Endpoint: "sms", Purpose: "text message", Method: "POST", URL: "https://gateway.example/secret", Operator: true, State: voice.DeliveryDead, Created: begin},
		{ID: "d3", Tenant: f.other, Endpoint: "e", Purpose: "theirs", Method: "GET", URL: "https://x.example/", State: voice.DeliveryQueued, Created: begin},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := f.ok(200, "GET", "/deliveries", "")
	if items := list.items(); len(items) != 2 || strings.Contains(string(list.raw), "secret") || !strings.Contains(string(list.raw), "shop.example") {
		t.Errorf("deliveries: %s", list.raw)
	}
	if items := f.ok(200, "GET", "/deliveries?call=c1&state=queued", "").items(); len(items) != 1 {
		t.Errorf("deliveries: %v", items)
	}
	f.fails(422, "query.state", "GET", "/deliveries?state=lost", "")
}

func TestConvert(t *testing.T) {
	f := newFixture(t)
	r := f.ok(200, "POST", "/convert", `{"from":"native","to":"native","document":`+busy+`,"yaml":true}`)
	if text, _ := r.body["document"].(string); !strings.Contains(text, "start: a") {
		t.Errorf("YAML: %s", r.raw)
	}
	r = f.ok(200, "POST", "/convert", `{"from":"sonetel","to":"native","document":{"app_type":"ivr","name":"Shop","voice":"en","menu":{"digit_1":{"action":"disconnect"}}}}`)
	if doc, _ := r.body["document"].(map[string]any); doc["steps"] == nil {
		t.Errorf("from sonetel: %s", r.raw)
	}
	r = f.ok(200, "POST", "/convert", `{"from":"native","to":"sonetel","document":`+quote("flow: 1\nstart: a\nsteps:\n  a: {wait: 2s, then: b}\n  b: {hang_up: {}}\n")+`}`)
	if losses, _ := r.body["losses"].([]any); len(losses) == 0 {
		t.Errorf("no loss is named: %s", r.raw)
	}
	f.fails(422, "body.to", "POST", "/convert", `{"from":"native","to":"morse","document":{}}`)
	f.fails(422, "document#/start", "POST", "/convert", `{"from":"native","to":"sonetel","document":`+bad+`}`)
	f.fails(422, "body.yaml", "POST", "/convert", `{"from":"native","to":"sonetel","document":`+busy+`,"yaml":true}`)
	if s := f.ok(200, "GET", "/schemas/native", ""); s.body["$schema"] == nil {
		t.Errorf("schema: %.200s", s.raw)
	}
}

// liveMedia is the media of the call "up" of any account.
type liveMedia struct{}

func (liveMedia) LiveLegs(_ voice.TenantID, id voice.CallID) []voice.LegRecord {
	if id != "up" {
		return nil
	}
	return []voice.LegRecord{{ID: "b1", To: "extension 101", Start: begin, Codec: "G722", Keys: voice.BySIPInfo,
		Quality: voice.Quality{PacketsIn: 50, LostIn: 1, ExcessIn: 7, MOSIn: 4.25, MOSOut: 3.5, RTT: 20 * time.Millisecond}}}
}

func TestLegsOfCallsThatAreUp(t *testing.T) {
	f := newFixture(t)
	f.record(f.tenant, "up", begin, func(c *voice.CDR) { c.End = time.Time{} })
	f.record(f.tenant, "over", begin, nil)
	legs := f.ok(200, "GET", "/calls/up", "").body["legs"].([]any)
	if len(legs) != 2 {
		t.Fatalf("legs: %v", legs)
	}
	leg := legs[1].(map[string]any)
	q := leg["quality"].(map[string]any)
	if leg["id"] != "b1" || leg["keys"] != "info" || q["mos_in"] != 4.25 || q["mos_out"] != 3.5 || q["round_trip_ms"] != 20.0 || q["lost_in"] != 1.0 || q["excess_in"] != 7.0 {
		t.Errorf("leg: %v", leg)
	}
	if legs := f.ok(200, "GET", "/calls/over", "").body["legs"].([]any); len(legs) != 1 {
		t.Errorf("legs of a call that is over: %v", legs)
	}
}
