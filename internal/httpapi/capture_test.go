package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

// Captures are had by those who may hear recordings, of their own account, once they are
// over; that they are is noted.
func TestCaptures(t *testing.T) {
	f := newFixture(t)
	file := "\x0a\x0d\x0d\x0a a capture"
	made := voice.Capture{ID: "CPa", Tenant: f.tenant, Call: "c1", State: voice.CaptureFinished, Blob: f.audio.put([]byte(file)).Blob, Size: int64(len(file)), Packets: 12, Lost: 3,
		Words: "the call is over", Created: time.Now().Add(-time.Minute), Ended: time.Now()}
	active := voice.Capture{ID: "CPb", Tenant: f.tenant, Call: "c1", State: voice.CaptureActive, Blob: "x", Created: time.Now()}
	empty := voice.Capture{ID: "CPc", Tenant: f.tenant, Call: "c2", State: voice.CaptureFailed, Blob: "y", Words: "the disk is full", Created: time.Now()}
	for _, c := range []voice.Capture{made, active, empty} {
		if err := f.store.CreateCapture(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.store.PutCDR(t.Context(), voice.CDR{Call: "c1", Tenant: f.tenant, Start: time.Now()}); err != nil {
		t.Fatal(err)
	}
	list := f.ok(200, "GET", "/calls/c1/captures", "").items()
	if len(list) != 2 || list[0]["id"] != "CPa" || list[0]["packets"] != 12.0 || list[0]["lost"] != 3.0 || list[0]["words"] != "the call is over" || list[1]["state"] != "capturing" {
		t.Errorf("the list: %v", list)
	}
	f.refused(f.as(f.foreign, "GET", "/calls/c1/captures", ""), 404, "", "another account's call")
	reader := f.newKey(f.tenant, httpapi.RecordingsRead)
	r := f.acting(reader, "GET", "/captures/CPa/packets", "")
	if r.status != 200 || string(r.raw) != file || r.header.Get("Content-Type") != "application/x-pcapng" || !strings.Contains(r.header.Get("Content-Disposition"), "call-c1.pcapng") {
		t.Errorf("%d %v %q", r.status, r.header, r.raw)
	}
	if log := f.ok(200, "GET", "/audit?kind=capture", "").items(); len(log) != 1 || log[0]["action"] != "downloaded" || log[0]["object"] != "CPa" {
		t.Errorf("noted: %v", log)
	}
	for name, c := range map[string]struct {
		key, method, path string
		status            int
		words             string
	}{
		"without the scope":         {f.newKey(f.tenant, httpapi.CallsRead, httpapi.CallsWrite), "GET", "/captures/CPa/packets", 403, "recordings:read"},
		"a list without it":         {f.newKey(f.tenant, httpapi.CallsRead, httpapi.CallsWrite), "GET", "/calls/c1/captures", 403, "recordings:read"},
		"another account's":         {f.foreign, "GET", "/captures/CPa/packets", 404, ""},
		"one that is made":          {f.key, "GET", "/captures/CPb/packets", 409, "is being made"},
		"one without a file":        {f.key, "GET", "/captures/CPc/packets", 404, "the disk is full"},
		"one that is not there":     {f.key, "GET", "/captures/CPz/packets", 404, ""},
		"deleting one of another":   {f.foreign, "DELETE", "/captures/CPa", 404, ""},
		"deleting one that is made": {f.key, "DELETE", "/captures/CPb", 409, "is being made"},
		"deleting with a reader":    {reader, "DELETE", "/captures/CPa", 403, "recordings:write"},
		"ordering with a reader":    {reader, "POST", "/calls/c1/capture", 403, "calls:write"},
	} {
		f.refused(f.as(c.key, c.method, c.path, ""), c.status, c.words, name)
	}
	f.ok(http.StatusNoContent, "DELETE", "/captures/CPa", "")
	if _, there := f.audio.blobs[made.Blob]; there {
		t.Error("the file of a deleted capture is there")
	}
	f.fails(404, "", "GET", "/captures/CPa/packets", "")
}

// Captures are ordered of calls that are up, of one that is ordered, and of all.
func TestCapturesByOrder(t *testing.T) {
	f := newFixture(t)
	if r := f.acting(f.key, "POST", "/calls/c7/capture", ""); r.status != 201 || r.body["capture"] != "CP1" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	f.ok(http.StatusNoContent, "DELETE", "/calls/c7/capture", "")
	if got := strings.Join(f.calls.done, "; "); got != "capture c7 of "+string(f.tenant)+"; stop capture c7 of "+string(f.tenant) {
		t.Errorf("ordered: %s", got)
	}
	if log := f.ok(200, "GET", "/audit?kind=call", "").items(); len(log) != 1 || log[0]["action"] != "captured the packets of" || log[0]["object"] != "c7" {
		t.Errorf("noted: %v", log)
	}
	if err := f.store.CreateUser(t.Context(), voice.User{ID: "77", Tenant: f.tenant, FirstName: "A", Role: voice.RoleRegular, Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	f.ok(202, "POST", "/calls", `{"first": {"kind": "user", "id": "77"}, "second": {"kind": "number", "id": "+46850000001"}, "capture": true}`)
	if n := len(f.calls.orders); n != 1 || !f.calls.orders[0].Capture {
		t.Errorf("the order: %+v", f.calls.orders)
	}
	if a := f.ok(200, "GET", "/account", ""); a.body["capture_calls"] != false {
		t.Errorf("at first: %s", a.raw)
	}
	if a := f.ok(200, "PATCH", "/account", `{"capture_calls": true}`); a.body["capture_calls"] != true {
		t.Errorf("changed: %s", a.raw)
	}
	if a := f.ok(200, "PATCH", "/account", `{"name": "Other"}`); a.body["capture_calls"] != true {
		t.Errorf("another change: %s", a.raw)
	}
	f.refused(f.as(f.newKey(f.tenant, httpapi.CallsWrite, httpapi.ConfigRead), "PATCH", "/account", `{"capture_calls": false}`), 403, "config:write", "without the scope")
}
