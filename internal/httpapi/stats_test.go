package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/voice"
)

// The account is in Stockholm, where 29 March 2026 has 23 hours.
func statFixture(t *testing.T) *fixture {
	f := newFixture(t)
	acc, err := f.store.Tenant(t.Context(), f.tenant)
	if err != nil {
		t.Fatal(err)
	}
	acc.Timezone = "Europe/Stockholm"
	if err := f.store.UpdateTenant(t.Context(), acc); err != nil {
		t.Fatal(err)
	}
	for i, at := range []string{"2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", "2026-03-29T21:50:00Z", "2026-03-29T22:10:00Z"} { // 28th; 29th; 29th; 30th
		start, _ := time.Parse(time.RFC3339, at)
		f.record(f.tenant, fmt.Sprintf("c%d", i), start, func(c *voice.CDR) {
			c.App, c.Reason = "VA1", voice.EndCallerHungUp
			if i == 3 {
				c.To, c.Answered, c.Reason = "=cmd()", time.Time{}, voice.EndCallerGaveUp
			}
		})
	}
	f.record(f.other, "theirs", begin, nil)
	return f
}

func TestCallsAreCountedInTheAccountsTimeZone(t *testing.T) {
	f := statFixture(t)
	r := f.ok(200, "GET", "/statistics/calls?from=2026-03-27T23:00:00Z&to=2026-03-30T22:00:00Z", "")
	var days []string
	for _, v := range r.body["by_time"].([]any) {
		d := v.(map[string]any)
		days = append(days, fmt.Sprint(d["at"], " ", d["calls"], " ", d["answered"], " ", d["talk_seconds"]))
	}
	want := "2026-03-28T00:00:00+01:00 1 1 59, 2026-03-29T00:00:00+01:00 2 2 118, 2026-03-30T00:00:00+02:00 1 0 0"
	if got := strings.Join(days, ", "); got != want {
		t.Errorf("by day:\n%s\nwant\n%s", got, want)
	}
	if got := fmt.Sprint(r.body["total"]); got != "map[answered:3 calls:4 median_seconds:59 p95_seconds:59 talk_seconds:177]" {
		t.Errorf("total: %s", got)
	}
	if got := fmt.Sprint(r.body["by_reason"]); !strings.Contains(got, "calls:3 key:caller_hung_up") || !strings.Contains(got, "calls:1 key:caller_gave_up") {
		t.Errorf("by reason: %s", got)
	}
	r = f.ok(200, "GET", "/statistics/calls?step=hour&from=2026-03-28T23:00:00Z&to=2026-03-29T22:00:00Z", "")
	if hours := r.body["by_time"].([]any); len(hours) != 23 || hours[22].(map[string]any)["calls"] != 1.0 || hours[0].(map[string]any)["calls"] != 1.0 {
		t.Errorf("by hour: %d, %v", len(hours), hours)
	}
	f.fails(422, "query.from", "GET", "/statistics/calls?step=hour&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "")
	f.fails(422, "query.from", "GET", "/statistics/calls?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "")
	f.fails(422, "query.from", "GET", "/statistics/calls?from=2020-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "")
}

func TestCountsAsATableHoldNoFormula(t *testing.T) {
	f := statFixture(t)
	r := f.ok(200, "GET", "/statistics/calls/csv?from=2026-03-27T23:00:00Z&to=2026-03-30T22:00:00Z", "")
	rows, err := csv.NewReader(strings.NewReader(string(r.raw))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row[0]+" "+row[1]+" "+row[2]] = true
	}
	for _, want := range []string{"table key calls", "total  4", "time 2026-03-29T00:00:00+01:00 2", "reason caller_gave_up 1", "app VA1 4", "number '=cmd() 1", "number '+46855501 3"} {
		if !seen[want] {
			t.Errorf("there is no row %q in\n%s", want, r.raw)
		}
	}
}

func TestStepsAreCountedByCall(t *testing.T) {
	f := statFixture(t)
	app := f.ok(201, "POST", "/apps", `{"kind":"native","name":"menu","document":{"flow":1,"start":"a","steps":{"a":{"hang_up":{}}}}}`).body["id"].(string)
	walk := func(call string, up bool, way ...string) {
		f.record(f.tenant, call, begin, func(c *voice.CDR) {
			c.App = voice.AppID(app)
			if up {
				c.End = time.Time{}
			}
		})
		var events []voice.Event
		for i, w := range way {
			node, exit, _ := strings.Cut(w, ">")
			data := map[string]string{"node": node}
			if exit != "" {
				data["exit"] = exit
			}
			events = append(events, voice.Event{Call: voice.CallID(call), Tenant: f.tenant, Seq: i + 1, At: begin, Kind: voice.EventStep, Origin: voice.Origin{App: voice.AppID(app), Pointer: "/" + node}, Data: data})
		}
		if err := f.store.AppendEvents(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	walk("w1", false, "menu", "menu>key 1", "sales", "sales>ended")
	walk("w2", false, "menu", "menu>timeout", "menu", "menu>timeout", "menu") // hung up there
	walk("w3", true, "menu", "menu>key 1", "sales")                           // is up
	r := f.ok(200, "GET", "/statistics/steps?app="+app+"&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", "")
	want := "[map[ended:1 ended_calls:[w2] exits:[map[calls:2 exit:key 1] map[calls:1 exit:timeout]] node:menu pointer:/menu reached:3] " +
		"map[ended:1 ended_calls:[w1] exits:[map[calls:1 exit:ended]] node:sales pointer:/sales reached:2]]"
	if got := fmt.Sprint(r.body["steps"]); got != want || r.body["calls"] != 3.0 || r.body["of"] != 3.0 {
		t.Errorf("%v of %v:\n%s\nwant\n%s", r.body["calls"], r.body["of"], got, want)
	}
	f.fails(422, "query.app", "GET", "/statistics/steps?app=nothing", "")
}
