package hoiio_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect/dialecttest"
	"tandem/internal/voice"
)

// rooms are the ids of rooms that are drawn.
var rooms = regexp.MustCompile(`\bR[0-9A-Za-z]{20,31}\b`)

// TestExchanges holds the answers of each method to golden text: a request in which
// everything is wrong, mended in one thing after the other, shows the order of checks.
func TestExchanges(t *testing.T) {
	for _, path := range dialecttest.Documents(t, "testdata/exchanges") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			f := newFixture(t)
			f.web = map[string]string{"http://x/a.wav": "sound", "http://x/b.wav": "text", "http://x/big.mp3": "limit"}
			at := f.now.Now()
			for id, c := range map[voice.CallID]voice.LiveCall{
				"READY": {Awaits: "ready"}, "RINGING": {Awaits: "ringing"}, "HELD": {Awaits: "held"}, "BUSY": {Command: "hoiio play"},
				"LEFT": {Command: "hoiio transfer"}, "GONE": {Command: "hoiio hangup"}, "OTHER": {Awaits: "ready"},
			} {
				c.Info = voice.CallInfo{ID: id, Tenant: account, Direction: voice.Outbound, From: "+6511111111", Order: "hoiio/APP/" + string(id), Tag: "mine", Start: at}
				if id == "OTHER" {
					c.Info.Order = "hoiio/APP2/1"
				}
				c.Answered = at.Add(2 * time.Second)
				f.live = append(f.live, c)
			}
			must(t, f.store.PutCDR(t.Context(), voice.CDR{Call: "DONE", Tenant: account, Direction: voice.Outbound, Order: "hoiio-voice/APP/1", From: "+6511111111", To: "+6522222222",
				Start: at, Answered: at.Add(time.Second), End: at.Add(70 * time.Second), Cause: voice.CauseNormal, Tag: "mine",
				Legs: []voice.LegRecord{{ID: "a", Answered: at.Add(time.Second)}, {ID: "b", Answered: at.Add(2 * time.Second)}}}))
			must(t, f.store.PutCDR(t.Context(), voice.CDR{Call: "ENDED", Tenant: account, Direction: voice.Outbound, Order: "hoiio/APP/2", Start: at, End: at.Add(time.Minute)}))
			dialecttest.RunExchange(t, path, f.dialect.Handler("/hoiio"), map[string]string{"long": strings.Repeat("x", 257), "text": strings.Repeat("y", 1001)}, rooms)
		})
	}
}
