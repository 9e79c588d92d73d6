package voice_test

import (
	"encoding/json"
	"testing"
	"time"

	"tandem/internal/voice"
)

// Opening hours of any text answer at any time; those without a fault answer
// without an error, and the same when they are stored and read.
func FuzzSchedule(f *testing.F) {
	f.Add([]byte(`{"timezone":"Europe/Stockholm","open":[{"days":["mon","sun"],"from":"22:00","to":"06:00"}],"holidays":[{"date":"12-24","to":"01-06","name":"x"},{"date":"2026-11-26"}]}`), int64(1795692600))
	f.Add([]byte(`{"timezone":"../../etc/passwd","open":[{"from":"99:99","to":"-1:00"}],"holidays":[{"date":"2025-02-29"}]}`), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, unix int64) {
		var s voice.Schedule
		if json.Unmarshal(data, &s) != nil {
			return
		}
		now := time.Unix(unix%(1<<36), 0)
		state, words, err := s.At(now, "")
		if faults := s.Faults(); len(faults) > 0 {
			for _, fault := range faults {
				if fault.Error() == "" {
					t.Fatal("a fault without words")
				}
			}
			return
		}
		if err != nil || words == "" {
			t.Fatalf("no fault, but %v, %q", err, words)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again voice.Schedule
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if got, _, err := again.At(now, ""); err != nil || got != state {
			t.Fatalf("%s is %s, and stored %s: %v", data, state, got, err)
		}
	})
}
