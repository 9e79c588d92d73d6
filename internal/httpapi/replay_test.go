package httpapi_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/replay"
	"tandem/internal/voice"
)

func TestReplayOnAnApp(t *testing.T) {
	f := newFixture(t)
	id := f.nativeApp("Menu", order) // says "Bye" at b
	path := "/apps/" + id + "/replay"
	f.fails(503, "keeps nothing", "POST", path, "")
	hang := &flow.Program{App: voice.AppID(id), Entry: "x", Nodes: []flow.Node{{ID: "x", Step: flow.Hangup{}}}}
	run := func(app voice.AppID) *replay.Run {
		p := *hang
		p.App = app
		return &replay.Run{Program: &p, Info: voice.CallInfo{Start: time.Now()}, Path: []replay.Place{{App: app, Node: "x"}}, Reason: voice.EndFlowHungUp, Words: "the flow hung up at x"}
	}
	asked := voice.TenantID("")
	f.config.EachTape = func(_ context.Context, of voice.TenantID, after time.Time, each func(*replay.Tape) error) error {
		if asked = of; time.Since(after) < time.Hour || time.Since(after) > 3*time.Hour {
			t.Errorf("calls after %v are wanted", after)
		}
		for _, tape := range []*replay.Tape{{Call: "c1", Start: time.Now(), Runs: []*replay.Run{run(voice.AppID(id))}}, {Call: "c2", Start: time.Now(), Runs: []*replay.Run{run("other")}}, {Call: "c3", Start: time.Now(), Full: true}} {
			if err := each(tape); err != nil {
				return err
			}
		}
		return nil
	}
	f.restart()
	r := f.ok(200, "POST", path+"?hours=2", "")
	if r.body["calls"] != 1.0 || r.body["elsewhere"] != 1.0 || r.body["skipped"] != 1.0 || asked != f.tenant || !strings.Contains(string(r.raw), `"call":"c1"`) {
		t.Errorf("replayed for %s: %s", asked, r.raw)
	}
	// A part of the time has the calls that began in it.
	from := time.Now().Add(-2 * time.Hour)
	part := func(to time.Time) string {
		return path + "?from=" + url.QueryEscape(from.Format(time.RFC3339)) + "&to=" + url.QueryEscape(to.Format(time.RFC3339))
	}
	if r = f.ok(200, "POST", part(time.Now().Add(time.Hour)), ""); r.body["calls"] != 1.0 {
		t.Errorf("in all of it: %s", r.raw)
	}
	if r = f.ok(200, "POST", part(from.Add(time.Minute)), ""); r.body["calls"] != 0.0 || r.body["skipped"] != 0.0 {
		t.Errorf("before they began: %s", r.raw)
	}
	// One call alone.
	for _, c := range []voice.CallID{"c1", "c2", "c9"} {
		if err := f.config.Calls.PutCDR(t.Context(), voice.CDR{Call: c, Tenant: f.tenant, App: voice.AppID(id), Direction: voice.Inbound, Start: time.Now().Add(-2 * time.Hour), Cause: voice.CauseNormal}); err != nil {
			t.Fatal(err)
		}
	}
	if r = f.ok(200, "POST", "/calls/c1/replay", ""); r.body["elsewhere"] != true || r.body["step"] != 1.0 {
		t.Errorf("one call: %s", r.raw)
	}
	f.fails(409, "did not go through", "POST", "/calls/c2/replay", "")
	f.fails(404, "nothing is kept", "POST", "/calls/c9/replay", "")
	f.fails(404, "", "POST", "/calls/nothere/replay", "")
	f.fails(404, "no draft", "POST", "/calls/c1/replay?of=draft", "")
	if got := f.as(f.foreign, "POST", "/calls/c1/replay", ""); got.status != 404 {
		t.Errorf("another account replays it: %d", got.status)
	}
}
