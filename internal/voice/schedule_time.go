package voice

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ScheduleState says whether something is open.
type ScheduleState string

// The states.
const (
	StateOpen    ScheduleState = "open"
	StateClosed  ScheduleState = "closed"
	StateHoliday ScheduleState = "holiday" // whatever the hours say
)

// MaxScheduleRows bounds the spans and the holidays of a schedule, each.
const MaxScheduleRows = 500

// MaxScheduleName bounds the name of an account's hours, in bytes.
const MaxScheduleName = 400

// At says what holds at now, and in words by what rule. zone is the account's
// time zone, for schedules without their own; "" = UTC. The clock on the wall
// decides: an hour that summer time leaves out or repeats is left out or
// repeated. A span that runs past midnight belongs to the day that it began on,
// so one that began on a holiday opens nothing. Invalid when a time zone is
// unknown; spans and days with faults do not count.
func (s Schedule) At(now time.Time, zone string) (ScheduleState, string, error) {
	name := cmp.Or(s.Timezone, zone, "UTC")
	place, err := time.LoadLocation(name)
	if err != nil {
		return StateClosed, "", InvalidField("voice.Schedule", "/timezone", "there is no time zone %q", name)
	}
	now = now.In(place)
	words := now.Format("Mon 2006-01-02 15:04") + " in " + name
	if h, ok := s.holiday(now); ok {
		return StateHoliday, words + ", " + cmp.Or(h.Name, "a holiday"), nil
	}
	o, since, ok := s.span(now)
	if !ok {
		return StateClosed, words, nil
	}
	return StateOpen, words + ", open " + o.From + " to " + o.To + since, nil
}

// span finds the span of opening that t, which is on no holiday, is within.
func (s Schedule) span(t time.Time) (o OpenTime, since string, ok bool) {
	yesterday := time.Date(t.Year(), t.Month(), t.Day()-1, 12, 0, 0, 0, t.Location())
	_, wasHoliday := s.holiday(yesterday)
	minute := t.Hour()*60 + t.Minute()
	for _, o := range s.Open {
		from, ok1 := clockMinutes(o.From)
		to, ok2 := clockMinutes(o.To)
		if !ok1 || !ok2 {
			continue
		}
		overnight := to <= from
		switch {
		case slices.Contains(o.Days, dayName(t)) && minute >= from && (overnight || minute < to):
			return o, "", true
		case overnight && !wasHoliday && slices.Contains(o.Days, dayName(yesterday)) && minute < to:
			return o, " since yesterday", true
		}
	}
	return OpenTime{}, "", false
}

// Faults lists what is wrong with a schedule, each an Invalid error whose Field
// is a JSON Pointer into it: "/open/0/from".
func (s Schedule) Faults() []*Error {
	const op = "voice.Schedule"
	var faults []*Error
	fault := func(field, format string, args ...any) {
		faults = append(faults, InvalidField(op, field, format, args...))
	}
	if len(s.Named) > MaxScheduleName {
		fault("/named", "the name is longer than %d bytes", MaxScheduleName)
	}
	if s.Timezone != "" {
		if _, err := time.LoadLocation(s.Timezone); err != nil || s.Timezone == "Local" {
			fault("/timezone", "there is no time zone %q", s.Timezone)
		}
	}
	if len(s.Open) > MaxScheduleRows || len(s.Holidays) > MaxScheduleRows {
		fault("", "a schedule may have %d spans and %d holidays", MaxScheduleRows, MaxScheduleRows)
		return faults
	}
	for i, o := range s.Open {
		at := "/open/" + strconv.Itoa(i)
		if len(o.Days) == 0 {
			fault(at+"/days", "the span names no day")
		}
		for j, d := range o.Days {
			if !slices.Contains(dayNames(), d) {
				fault(at+"/days/"+strconv.Itoa(j), "%q is no day; days are mon, tue, wed, thu, fri, sat, sun", d)
			}
		}
		if m, ok := clockMinutes(o.From); !ok || m == 24*60 {
			fault(at+"/from", "%q is no time such as \"09:00\"", o.From)
		}
		if _, ok := clockMinutes(o.To); !ok {
			fault(at+"/to", "%q is no time such as \"17:30\", up to \"24:00\"", o.To)
		}
	}
	for i, d := range s.Holidays {
		at := "/holidays/" + strconv.Itoa(i)
		if !isDate(d.Date) {
			fault(at+"/date", "%q is no date such as \"2026-12-24\" or \"12-24\"", d.Date)
			continue
		}
		if d.To == "" {
			continue
		}
		switch {
		case !isDate(d.To) || len(d.To) != len(d.Date):
			fault(at+"/to", "%q is no date in the form of %q", d.To, d.Date)
		case len(d.Date) == len(time.DateOnly) && d.To < d.Date:
			fault(at+"/to", "the holidays end on %s, before they begin on %s", d.To, d.Date)
		}
	}
	return faults
}

// holiday finds the holiday that the day of t is. Dates compare as text; a
// yearly span may run past the end of the year.
func (s Schedule) holiday(t time.Time) (Day, bool) {
	for _, d := range s.Holidays {
		if !isDate(d.Date) || d.To != "" && (!isDate(d.To) || len(d.To) != len(d.Date)) {
			continue
		}
		today := t.Format(time.DateOnly)
		if len(d.Date) == len(yearly) {
			today = t.Format(yearly)
		}
		to := cmp.Or(d.To, d.Date)
		within := d.Date <= today && today <= to
		if len(d.Date) == len(yearly) && to < d.Date {
			within = d.Date <= today || today <= to
		}
		if within {
			return d, true
		}
	}
	return Day{}, false
}

// yearly is the form of a date of every year.
const yearly = "01-02"

func isDate(s string) bool {
	if len(s) == len(yearly) {
		s = "2000-" + s // a leap year: 02-29 is a date
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// clockMinutes reads "09:00" as minutes since midnight.
func clockMinutes(s string) (int, bool) {
	h, m, ok := strings.Cut(s, ":")
	if !ok || len(h) != 2 || len(m) != 2 || strings.Trim(h+m, "0123456789") != "" {
		return 0, false
	}
	hours, _ := strconv.Atoi(h)
	minutes, _ := strconv.Atoi(m)
	all := hours*60 + minutes
	return all, minutes < 60 && all <= 24*60
}

func dayNames() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

func dayName(t time.Time) string { return strings.ToLower(t.Format("Mon")) }
