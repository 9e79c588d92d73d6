package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const office = `{"name": "Office", "timezone": "Europe/Stockholm", "open": [{"days": ["mon","tue","wed","thu","fri"], "from": "09:00", "to": "17:00"}], "holidays": [{"date": "12-24", "to": "12-26", "name": "Christmas"}]}`

// Opening hours are made, told apart, asked by an app, which keeps them from being
// renamed or deleted, and changed for that app too.
func TestHours(t *testing.T) {
	f := newFixture(t)
	f.config.Now = func() time.Time { return time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC) } // a Thursday
	f.restart()
	made := f.as(f.key, "POST", "/hours", office)
	if made.status != 201 || !strings.Contains(string(made.raw), `"state":"open"`) || !strings.Contains(string(made.raw), `"until":"2026-11-26T16:00:00Z","then":"closed"`) {
		t.Fatalf("%d %s", made.status, made.raw)
	}
	id := fmt.Sprint(int64(made.body["id"].(float64)))
	f.refused(f.as(f.key, "POST", "/hours", office), 409, "there are others named Office", "a name twice")
	f.refused(f.as(f.foreign, "GET", "/hours/"+id, ""), 404, "", "another account's")
	if r := f.as(f.foreign, "GET", "/hours", ""); string(r.raw) != `{"items":[]}`+"\n" {
		t.Errorf("another account sees %s", r.raw)
	}

	bad := f.as(f.key, "PUT", "/hours/"+id, `{"name": "Office", "timezone": "Mars", "open": [{"days": ["mon"], "from": "9", "to": "25:00"}], "holidays": [{"date": "24/12"}]}`)
	for _, at := range []string{"body.timezone", "body.open[0].from", "body.open[0].to", "body.holidays[0].date"} {
		f.refused(bad, 422, at, "faults stand at their fields")
	}
	if r := f.as(f.key, "POST", "/hours/preview", `{"open": [], "holidays": [{"date": "2026-11-26", "name": "Moving"}]}`); r.status != 200 || r.body["state"] != "holiday" || !strings.Contains(fmt.Sprint(r.body["words"]), "Moving") || r.body["then"] != "closed" {
		t.Errorf("preview: %d %s", r.status, r.raw)
	}

	app := f.as(f.key, "POST", "/apps", `{"kind": "native", "name": "Day", "publish": true, "document": {"flow": 1, "start": "a", "steps": {"a": {"hours": {"named": "Office"}, "open": "b", "closed": "b"}, "b": {"hang_up": {}}}}}`)
	if app.status != 201 {
		t.Fatalf("%d %s", app.status, app.raw)
	}
	if r := f.as(f.key, "GET", "/hours/"+id, ""); !strings.Contains(string(r.raw), `"name":"Day"`) {
		t.Errorf("usage: %s", r.raw)
	}
	f.refused(f.as(f.key, "DELETE", "/hours/"+id, ""), 409, "Day asks", "deleted while they are asked")
	f.refused(f.as(f.key, "PUT", "/hours/"+id, strings.Replace(office, "Office", "Bureau", 1)), 409, "Day asks", "renamed while they are asked")
	if r := f.as(f.key, "PUT", "/hours/"+id, strings.Replace(office, "17:00", "18:00", 1)); r.status != 200 || !strings.Contains(string(r.raw), `"until":"2026-11-26T17:00:00Z"`) {
		t.Errorf("changed: %d %s", r.status, r.raw)
	}
	bad = f.as(f.key, "POST", "/apps", `{"kind": "native", "name": "Other", "publish": true, "document": {"flow": 1, "start": "a", "steps": {"a": {"hours": {"named": "Nobody"}}}}}`)
	f.refused(bad, 422, "no opening hours named", "hours that there are not")

	if r := f.as(f.key, "DELETE", "/apps/"+fmt.Sprint(app.body["id"]), ""); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if r := f.as(f.key, "DELETE", "/hours/"+id, ""); r.status != 204 {
		t.Errorf("deleted: %d %s", r.status, r.raw)
	}
	if r := f.as(f.key, "GET", "/hours/"+id, ""); r.status != 404 {
		t.Errorf("read after that: %d", r.status)
	}
}
