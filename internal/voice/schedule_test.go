package voice_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"tandem/internal/voice"
)

func office() voice.Schedule {
	return voice.Schedule{
		Open: []voice.OpenTime{
			{Days: []string{"mon", "tue", "wed", "thu"}, From: "09:00", To: "17:30"},
			{Days: []string{"fri"}, From: "22:00", To: "02:00"},
			{Days: []string{"sat"}, From: "00:00", To: "24:00"},
			{Days: []string{"sun"}, From: "12:00", To: "12:00"},
		},
		Holidays: []voice.Day{
			{Date: "12-24", To: "01-01", Name: "Christmas"},
			{Date: "2026-06-19", Name: "Midsummer"},
			{Date: "2026-07-06", To: "2026-07-10"},
			{Date: "02-29"},
		},
	}
}

func TestScheduleAt(t *testing.T) {
	for _, tt := range []struct{ at, zone, want string }{
		{"2026-11-25T09:00:00Z", "", "open"},
		{"2026-11-25T08:59:59Z", "", "closed"},
		{"2026-11-25T17:29:59Z", "", "open"},
		{"2026-11-25T17:30:00Z", "", "closed"},
		{"2026-11-25T08:30:00Z", "Europe/Stockholm", "open"},
		{"2026-11-25T16:30:00Z", "Europe/Stockholm", "closed"},
		{"2026-11-25T04:00:00Z", "Asia/Kolkata", "open"}, // 09:30
		{"2026-11-27T21:59:00Z", "", "closed"},
		{"2026-11-27T23:00:00Z", "", "open"},
		{"2026-11-28T01:59:00Z", "", "open"},
		{"2026-11-28T23:59:59Z", "", "open"},
		{"2026-11-29T00:00:00Z", "", "closed"},
		{"2026-11-29T12:00:00Z", "", "open"}, // a whole day from noon
		{"2026-11-30T08:00:00Z", "", "open"},
		{"2026-11-30T12:30:00Z", "", "open"}, // Monday's own hours
		{"2026-11-30T18:00:00Z", "", "closed"},
		{"2026-12-23T12:00:00Z", "", "open"},
		{"2026-12-24T12:00:00Z", "", "holiday"},
		{"2027-01-01T12:00:00Z", "", "holiday"},
		{"2027-01-04T12:00:00Z", "", "open"},
		{"2026-06-19T23:00:00Z", "", "holiday"},
		{"2026-06-19T22:30:00Z", "Europe/Stockholm", "open"}, // it is Saturday there, open all day
		{"2027-06-21T12:00:00Z", "", "open"},                 // the dated holiday was last year
		{"2026-07-06T12:00:00Z", "", "holiday"},
		{"2026-07-10T23:00:00Z", "", "holiday"},
		{"2026-07-13T12:00:00Z", "", "open"},
		{"2028-02-29T12:00:00Z", "", "holiday"},
		{"2027-03-01T12:00:00Z", "", "open"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		got, words, err := office().At(at, tt.zone)
		if err != nil || string(got) != tt.want || words == "" {
			t.Errorf("%s in %q: %s (%s), %v; want %s", tt.at, tt.zone, got, words, err, tt.want)
		}
	}
}

// A span that begins on a holiday opens nothing after midnight either.
func TestSpanOfHoliday(t *testing.T) {
	s := voice.Schedule{
		Open:     []voice.OpenTime{{Days: []string{"thu"}, From: "20:00", To: "04:00"}},
		Holidays: []voice.Day{{Date: "2026-11-26"}},
	}
	for at, want := range map[string]voice.ScheduleState{
		"2026-11-26T21:00:00Z": voice.StateHoliday, "2026-11-27T01:00:00Z": voice.StateClosed, "2026-12-04T01:00:00Z": voice.StateOpen,
	} {
		now, _ := time.Parse(time.RFC3339, at)
		if got, _, _ := s.At(now, ""); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

// Summer time: in Stockholm 02:00 to 03:00 is left out on 2026-03-29 and
// repeated on 2026-10-25.
func TestScheduleSummerTime(t *testing.T) {
	s := voice.Schedule{Timezone: "Europe/Stockholm", Open: []voice.OpenTime{{Days: []string{"sun"}, From: "02:00", To: "03:00"}}}
	night := voice.Schedule{Timezone: "Europe/Stockholm", Open: []voice.OpenTime{{Days: []string{"sat"}, From: "22:00", To: "04:00"}}}
	for _, tt := range []struct {
		at         string
		s          voice.Schedule
		wantOpened bool
	}{
		{"2026-03-29T00:59:00Z", s, false}, // 01:59
		{"2026-03-29T01:00:00Z", s, false}, // 03:00: the hour is left out
		{"2026-10-25T00:30:00Z", s, true},  // 02:30, summer time
		{"2026-10-25T01:30:00Z", s, true},  // 02:30 again
		{"2026-10-25T02:00:00Z", s, false}, // 03:00
		{"2026-03-29T01:59:00Z", night, true},
		{"2026-03-29T02:00:00Z", night, false},
		{"2026-10-25T02:59:00Z", night, true},
		{"2026-10-25T03:00:00Z", night, false},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		got, words, err := tt.s.At(at, "UTC")
		if err != nil || (got == voice.StateOpen) != tt.wantOpened {
			t.Errorf("%s: %s (%s), %v", tt.at, got, words, err)
		}
	}
}

func TestScheduleFaults(t *testing.T) {
	if f := office().Faults(); len(f) > 0 {
		t.Error(f)
	}
	for _, tt := range []struct {
		field string
		s     voice.Schedule
	}{
		{"/timezone", voice.Schedule{Timezone: "Mars/Olympus"}},
		{"/timezone", voice.Schedule{Timezone: "Local"}},
		{"/open/0/days", voice.Schedule{Open: []voice.OpenTime{{From: "09:00", To: "10:00"}}}},
		{"/open/0/days/1", voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon", "Tuesday"}, From: "09:00", To: "10:00"}}}},
		{"/open/0/from", voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "9:00", To: "10:00"}}}},
		{"/open/0/from", voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "24:00", To: "10:00"}}}},
		{"/open/0/to", voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "09:00", To: "24:01"}}}},
		{"/open/0/to", voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "09:00", To: "10:60"}}}},
		{"/holidays/0/date", voice.Schedule{Holidays: []voice.Day{{Date: "2026-02-29"}}}},
		{"/holidays/0/to", voice.Schedule{Holidays: []voice.Day{{Date: "2026-02-28", To: "03-01"}}}},
		{"/holidays/0/to", voice.Schedule{Holidays: []voice.Day{{Date: "2026-02-28", To: "2026-02-27"}}}},
		{"", voice.Schedule{Holidays: make([]voice.Day, 501)}},
	} {
		f := tt.s.Faults()
		if len(f) != 1 || f[0].Field != tt.field || f[0].Kind != voice.Invalid {
			t.Errorf("%+v: %v; want one fault at %s", tt.s, f, tt.field)
		}
	}
	if _, _, err := (voice.Schedule{}).At(time.Now(), "Mars/Olympus"); !voice.IsKind(err, voice.Invalid) || !strings.Contains(err.Error(), "Mars") {
		t.Error(err)
	}
}
