package sqlstore_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tandem/internal/voice"
)

// What peers put into texts comes back as it was, but for what no database holds.
func TestEventsWithOddTexts(t *testing.T) {
	s := openSQLite(t, filepath.Join(t.TempDir(), "t.db"))
	odd := []string{"", `a "quoted" \ text`, "line\r\nline\ttab", "<b>&amp;</b>", "snö 日本 \U0001F600", "\x7f\x1b[31m", strings.Repeat("x", 5000), "\u2028", `{"s":1}`}
	var events []voice.Event
	for i, text := range odd {
		e := voice.Event{Call: "c", Tenant: "t", Seq: i + 1, At: start, Kind: voice.EventSIP, Text: text}
		if text != "" {
			e.Leg, e.Origin = voice.LegID(text), voice.Origin{App: voice.AppID(text), Pointer: text}
			e.Data = map[string]string{text: text, "other": odd[i-1], "last": ""}
		}
		events = append(events, e)
	}
	ok(t, s.AppendEvents(t.Context(), events))
	got, err := s.Events(t.Context(), "c")
	if err != nil || len(got) != len(events) {
		t.Fatalf("%d events of %d, %v", len(got), len(events), err)
	}
	for i := range got {
		if !got[i].At.Equal(events[i].At) {
			t.Errorf("event %d is of %v", i, got[i].At)
		}
		got[i].At = events[i].At
		if !reflect.DeepEqual(got[i], events[i]) {
			t.Errorf("event %d was %+v, is %+v", i, events[i], got[i])
		}
	}
	ok(t, s.AppendEvents(t.Context(), []voice.Event{{Call: "d", Seq: 1, At: start, Kind: voice.EventSIP, Text: "a\x00b\xff"}}))
	if got, err := s.Events(t.Context(), "d"); err != nil || len(got) != 1 || got[0].Text != "a\uFFFDb\uFFFD" {
		t.Errorf("what no database holds: %+v, %v", got, err)
	}
}
