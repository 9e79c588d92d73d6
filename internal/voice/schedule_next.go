package voice

import (
	"cmp"
	"slices"
	"time"
)

// NextDays is how many days ahead Next looks.
const NextDays = 31

// Next tells when what holds at now ends, and what holds then; zero and "" when
// nothing changes within NextDays. A holiday after another is no change. Errors and
// zone are those of At.
func (s Schedule) Next(now time.Time, zone string) (time.Time, ScheduleState, error) {
	place, err := time.LoadLocation(cmp.Or(s.Timezone, zone, "UTC"))
	if err != nil {
		return time.Time{}, "", InvalidField("voice.Schedule", "/timezone", "there is no time zone %q", cmp.Or(s.Timezone, zone))
	}
	now = now.In(place)
	minutes := []int{0}
	for _, o := range s.Open {
		for _, text := range []string{o.From, o.To} {
			if m, ok := clockMinutes(text); ok && m < 24*60 {
				minutes = append(minutes, m)
			}
		}
	}
	slices.Sort(minutes)
	minutes = slices.Compact(minutes)
	state := func(t time.Time) ScheduleState {
		if _, ok := s.holiday(t); ok {
			return StateHoliday
		}
		if _, _, ok := s.span(t); ok {
			return StateOpen
		}
		return StateClosed
	}
	begun := state(now)
	for day := range NextDays + 1 {
		noon := time.Date(now.Year(), now.Month(), now.Day()+day, 12, 0, 0, 0, place)
		today := minutes
		if _, ok := s.holiday(noon); ok {
			today = minutes[:1] // the whole day is alike
		}
		for _, m := range today {
			t := time.Date(noon.Year(), noon.Month(), noon.Day(), 0, m, 0, 0, place)
			if !t.After(now) {
				continue
			}
			if then := state(t); then != begun {
				return t, then, nil
			}
		}
	}
	return time.Time{}, "", nil
}
