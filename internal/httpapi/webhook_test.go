package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"tandem/internal/voice"
)

func TestWebhooks(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/webhooks", `{"url":"https://shop.example/calls","events":["call.*"],"description":"Shop"}`)
	secret, _ := made.body["secret"].(string)
	if !strings.HasPrefix(secret, "whsec_") || made.body["enabled"] != true {
		t.Errorf("made: %s", made.raw)
	}
	path := fmt.Sprintf("/webhooks/%.0f", made.body["id"])
	if r := f.ok(200, "GET", path, ""); strings.Contains(string(r.raw), "whsec_") || r.body["description"] != "Shop" {
		t.Errorf("read: %s", r.raw)
	}
	if r := f.ok(200, "PUT", path, `{"url":"https://shop.example/new","events":["call.ended"],"enabled":false}`); r.body["enabled"] != false || r.body["url"] != "https://shop.example/new" {
		t.Errorf("changed: %s", r.raw)
	}
	if r := f.ok(200, "POST", path+"/rotate", `{"overlap_seconds":60}`); r.body["secret"] == secret || r.body["secret"] == nil {
		t.Errorf("rotated: %s", r.raw)
	}
	id, _ := f.ok(202, "POST", path+"/test", "").body["delivery"].(string)
	r := f.ok(200, "GET", "/deliveries/"+id, "")
	if text, _ := r.body["body"].(string); !strings.Contains(text, "webhook.test") || r.body["state"] != "queued" {
		t.Errorf("test: %s", r.raw)
	}
	if items := f.ok(200, "GET", "/deliveries?webhook="+strings.TrimPrefix(path, "/webhooks/"), "").items(); len(items) != 1 {
		t.Errorf("deliveries of the webhook: %v", items)
	}
	for _, tt := range [][2]string{{"GET", path}, {"DELETE", path}, {"POST", path + "/test"}, {"GET", "/deliveries/" + id}, {"POST", "/deliveries/" + id + "/resend"}} {
		f.refused(f.as(f.foreign, tt[0], tt[1], ""), 404, "", "another account's "+tt[1])
	}
	f.fails(422, "body.events", "POST", "/webhooks", `{"url":"https://shop.example/","events":["call.vanished"]}`)
	f.fails(422, "body.events", "POST", "/webhooks", `{"url":"https://shop.example/","events":[]}`)
	f.fails(422, "body.overlap_seconds", "POST", path+"/rotate", `{"overlap_seconds":604801}`)
	f.ok(204, "DELETE", path, "")
	f.fails(404, "webhook", "GET", path, "")
}

func TestResend(t *testing.T) {
	f := newFixture(t)
	d := voice.Delivery{ID: "d1", Tenant: f.tenant, Call: "c1", Endpoint: "e", Purpose: "event", Method: "POST", URL: "https://shop.example/", State: voice.DeliveryDead, Attempts: 1, Tries: 1, Created: begin, Next: begin}
	sms := d
	sms.ID, sms.Operator = "d2", true
	err := f.store.CreateDeliveries(t.Context(), []voice.Delivery{d, sms})
	if err == nil {
		err = f.store.SaveAttempts(t.Context(), nil, []voice.DeliveryAttempt{{Delivery: "d1", N: 1, Tenant: f.tenant, At: begin, Status: 500, Answer: "sorry", Signed: "d1.1.x", Words: "500"}}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := f.ok(200, "GET", "/deliveries/d1", "")
	if log := fmt.Sprint(r.body["log"]); !strings.Contains(log, "sorry") || !strings.Contains(log, "d1.1.x") {
		t.Errorf("attempts: %s", r.raw)
	}
	if r := f.ok(202, "POST", "/deliveries/d1/resend", ""); r.body["state"] != "queued" || r.body["tries"] != 2.0 {
		t.Errorf("sent again: %s", r.raw)
	}
	f.fails(403, "money", "POST", "/deliveries/d2/resend", "")
	if items := f.ok(200, "GET", "/deliveries?limit=1", ""); items.body["next"] == nil {
		t.Errorf("the list has no next: %s", items.raw)
	} else if rest := f.ok(200, "GET", "/deliveries?limit=1&cursor="+fmt.Sprint(items.body["next"]), "").items(); len(rest) != 1 || rest[0]["id"] != "d1" {
		t.Errorf("the rest: %v", rest)
	}
	f.fails(422, "query.cursor", "GET", "/deliveries?cursor=x", "")
}

func TestWebhookSettings(t *testing.T) {
	f := newFixture(t)
	f.fails(409, "no secret", "POST", "/webhook-settings/rotate", `{}`)
	r := f.ok(200, "PUT", "/webhook-settings", `{"sign_all":true,"retry":["telphin"]}`)
	if !strings.HasPrefix(fmt.Sprint(r.body["secret"]), "whsec_") {
		t.Errorf("first: %s", r.raw)
	}
	if r := f.ok(200, "GET", "/webhook-settings", ""); r.body["sign_all"] != true || r.body["secret"] != nil {
		t.Errorf("read: %s", r.raw)
	}
	f.ok(200, "POST", "/webhook-settings/rotate", `{"overlap_seconds":0}`)
	f.fails(422, "body.retry", "PUT", "/webhook-settings", `{"sign_all":true,"retry":["morse"]}`)
}
