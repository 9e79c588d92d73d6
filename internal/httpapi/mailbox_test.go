package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
)

// A mailbox is set up, faults stand at their fields, and its messages are new until
// they are marked as heard.
func TestMailboxes(t *testing.T) {
	f := newFixture(t)
	at := "/mailboxes/" + string(f.owner)
	f.refused(f.as(f.key, "PUT", at, `{"email": "nowhere"}`), 422, "body.email", "an address that is none")
	f.refused(f.as(f.key, "PUT", at, `{"sound": "PRnone"}`), 422, "body.sound", "a sound that is not there")
	f.refused(f.as(f.key, "PUT", at, `{"most": 1001}`), 422, "body.most", "too many")
	f.refused(f.as(f.foreign, "PUT", at, `{}`), 404, "", "another account's user")
	for range 2 { // made, then changed
		if r := f.as(f.key, "PUT", at, `{"greeting": "Leave a word", "email": "box@example.com", "most": 5}`); r.status != 200 || r.body["address"] != "box@example.com" {
			t.Fatalf("%d %s", r.status, r.raw)
		}
	}
	if err := f.store.CreateMessage(t.Context(), voice.Message{ID: "VM1", Tenant: f.tenant, User: f.owner, Recording: "RE1", State: voice.MessageNoAddress, Created: time.Now()}, nil); err != nil {
		t.Fatal(err)
	}
	if r := f.as(f.key, "GET", "/mailboxes", ""); !strings.Contains(string(r.raw), `"greeting":"Leave a word"`) || !strings.Contains(string(r.raw), `"messages":1,"new":1`) {
		t.Errorf("new: %s", r.raw)
	}
	if r := f.as(f.key, "PUT", "/messages/VM1/heard", `{"heard": true}`); r.status != 200 || r.body["heard"] == nil {
		t.Errorf("marked: %d %s", r.status, r.raw)
	}
	if r := f.as(f.key, "GET", "/mailboxes", ""); !strings.Contains(string(r.raw), `"messages":1,"new":0`) {
		t.Errorf("heard: %s", r.raw)
	}
	if r := f.as(f.key, "PUT", "/messages/VM1/heard", `{"heard": false}`); r.status != 200 || r.body["heard"] != nil {
		t.Errorf("unmarked: %d %s", r.status, r.raw)
	}
	f.refused(f.as(f.foreign, "PUT", "/messages/VM1/heard", `{"heard": true}`), 404, "", "another account's message")
}
