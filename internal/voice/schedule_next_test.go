package voice_test

import (
	"testing"
	"time"

	"tandem/internal/voice"
)

func TestNext(t *testing.T) {
	week := voice.Schedule{Timezone: "Europe/Stockholm", Open: []voice.OpenTime{
		{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "12:00"}, {Days: []string{"mon", "tue", "wed", "thu"}, From: "12:00", To: "17:00"}, {Days: []string{"sat"}, From: "22:00", To: "02:00"}},
		Holidays: []voice.Day{{Date: "2026-12-24", To: "2026-12-26", Name: "Christmas"}}}
	always := voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: "00:00", To: "24:00"}}}
	for _, tt := range []struct {
		name, now, want string
		s               voice.Schedule
		then            voice.ScheduleState
	}{
		{"two spans that touch are one", "2026-11-26T10:00:00Z", "2026-11-26T16:00:00Z", week, voice.StateClosed},
		{"at the second of closing", "2026-11-26T16:00:00Z", "2026-11-27T08:00:00Z", week, voice.StateOpen},
		{"over midnight", "2026-11-28T22:00:00Z", "2026-11-29T01:00:00Z", week, voice.StateClosed},
		{"before holidays", "2026-12-23T17:00:00Z", "2026-12-23T23:00:00Z", week, voice.StateHoliday},
		{"holidays are one, and Saturday's span does not begin on one", "2026-12-24T10:00:00Z", "2026-12-26T23:00:00Z", week, voice.StateClosed},
		{"summer time ends: nine o'clock is an hour later", "2026-10-25T10:00:00Z", "2026-10-26T08:00:00Z", week, voice.StateOpen},
		{"always", "2026-11-26T10:00:00Z", "", always, ""},
		{"never", "2026-11-26T10:00:00Z", "", voice.Schedule{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			at, then, err := tt.s.Next(now, "UTC")
			got := ""
			if !at.IsZero() {
				got = at.UTC().Format(time.RFC3339)
			}
			if err != nil || got != tt.want || then != tt.then {
				t.Errorf("%s %q, %v; want %s %q", got, then, err, tt.want, tt.then)
			}
			if !at.IsZero() {
				if state, words, _ := tt.s.At(at, "UTC"); state != then {
					t.Errorf("At says %s there: %s", state, words)
				}
			}
		})
	}
	if _, _, err := (voice.Schedule{Timezone: "Nowhere/There"}).Next(time.Now(), ""); !voice.IsKind(err, voice.Invalid) {
		t.Error(err)
	}
}
