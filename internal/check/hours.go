package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

const day = 24 * 60 // minutes

// Breaks between two spans of opening.
const (
	slip  = 15     // minutes; so short a break is hardly meant
	pause = 4 * 60 // minutes; a longer one is no pause within a day
)

type openSpan struct{ from, to, row int } // minutes of the week; row of the schedule

// hours looks at a schedule of opening hours, and at its exits.
func (c *checker) hours(n *flow.Node, h flow.Hours) {
	s := h.Schedule
	if s.Named != "" && len(s.Open)+len(s.Holidays) == 0 { // what they are is not known here
		c.missing(n, flow.Warning, CodeBranch, flow.Open, "the office may be open")
		c.missing(n, flow.Warning, CodeBranch, flow.Closed, "the office may be closed")
		return
	}
	if len(s.Open) == 0 {
		c.at(n, Note, CodeHoursNever, "give it hours", "%s is never open", c.name(n))
	} else {
		c.missing(n, flow.Warning, CodeBranch, flow.Open, "the office may be open")
	}
	spans := week(s)
	if !always(spans) || len(s.Holidays) > 0 {
		c.missing(n, flow.Warning, CodeBranch, flow.Closed, "the office may be closed")
	} else if c.wired(n, flow.Closed) {
		c.at(n, Note, CodeHoursAlways, "", "%s is always open; what follows closed is never reached by the hours", c.name(n))
	}
	c.gaps(n, spans)
	c.weekdays(n, s)
	for _, o := range s.Open {
		from, to := minutes(o.From), minutes(o.To)
		if from >= 0 && to >= 0 && to <= from && to != 0 && from-to < 12*60 {
			c.at(n, flow.Warning, CodeHoursOvernight, "turn the times round, or write two spans", "%s is open from %s until %s of the next day; is that meant?", c.name(n), o.From, o.To)
		}
	}
	c.pastHolidays(n, s)
}

// week lays the spans of a schedule out over the minutes of a week, in order.
func week(s voice.Schedule) []openSpan {
	var spans []openSpan
	for row, o := range s.Open {
		from, to := minutes(o.From), minutes(o.To)
		if from < 0 || to < 0 {
			continue
		}
		if to <= from {
			to += day
		}
		for _, d := range o.Days {
			if i := slices.Index(weekdays(), d); i >= 0 {
				spans = append(spans, openSpan{i*day + from, i*day + to, row})
			}
		}
	}
	slices.SortFunc(spans, func(x, y openSpan) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to)) })
	return spans
}

func weekdays() []string { return []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} }

// always reports whether spans cover the whole week.
func always(spans []openSpan) bool {
	until := 0
	for _, s := range spans {
		if s.from > until {
			return false
		}
		until = max(until, s.to)
	}
	return until >= 7*day
}

// gaps finds short breaks and overlaps between spans.
func (c *checker) gaps(n *flow.Node, spans []openSpan) {
	breaks, overlaps := map[string][]string{}, map[string][]string{}
	var order []string
	for i := 1; i < len(spans); i++ {
		before, next := spans[i-1], spans[i]
		gap := next.from - before.to
		d := weekdays()[next.from/day%7]
		switch {
		case gap > 0 && gap <= pause && before.to/day == next.from/day:
			key := clock(before.to) + " to " + clock(next.from)
			if breaks[key] == nil {
				order = append(order, key)
			}
			breaks[key] = append(breaks[key], d)
		case gap < 0:
			key := clock(next.from) + " to " + clock(min(before.to, next.to))
			overlaps[key] = append(overlaps[key], d)
		}
	}
	for _, key := range order {
		from, to, _ := strings.Cut(key, " to ")
		if minutes(to)-minutes(from) <= slip {
			c.at(n, flow.Warning, CodeHoursGap, "let one span end when the next begins", "%s is closed from %s on %s; so short a break is hardly meant", c.name(n), key, strings.Join(breaks[key], ", "))
			continue
		}
		c.at(n, Note, CodeHoursGap, "", "%s is closed from %s on %s", c.name(n), key, strings.Join(breaks[key], ", "))
	}
	for _, key := range sorted(overlaps) {
		c.at(n, Note, CodeHoursOverlap, "write the time once", "%s names %s twice on %s", c.name(n), key, strings.Join(overlaps[key], ", "))
	}
}

// weekdays finds a day without hours between days that have them.
func (c *checker) weekdays(n *flow.Node, s voice.Schedule) {
	open := map[string]bool{}
	for _, o := range s.Open {
		for _, d := range o.Days {
			open[d] = true
		}
	}
	names := weekdays()
	last := 4 // Friday; the weekend may be closed
	for i := 1; i < last; i++ {
		if !open[names[i]] && open[names[i-1]] && open[names[i+1]] {
			c.at(n, flow.Warning, CodeHoursGap, "add the day, if it was forgotten", "%s is open on %s and %s, and all of %s closed", c.name(n), names[i-1], names[i+1], names[i])
		}
	}
}

// pastHolidays finds lists of holidays that nobody has kept up.
func (c *checker) pastHolidays(n *flow.Node, s voice.Schedule) {
	if c.in.Now.IsZero() || len(s.Holidays) == 0 {
		return
	}
	last := ""
	for _, h := range s.Holidays {
		if len(h.Date) != len(time.DateOnly) {
			return // some come back every year
		}
		last = max(last, cmp.Or(h.To, h.Date))
	}
	if last < c.in.Now.Format(time.DateOnly) {
		c.at(n, flow.Warning, CodeHolidaysPast, "add the coming ones, or write them without the year", "the last holiday of %s was on %s", c.name(n), last)
	}
}

// minutes reads "09:30"; −1 when it is no time.
func minutes(s string) int {
	var h, m int
	if _, err := fmt.Sscanf(s, "%d:%d", &h, &m); err != nil || h < 0 || h > 24 || m < 0 || m > 59 {
		return -1
	}
	return h*60 + m
}

func clock(m int) string { return fmt.Sprintf("%02d:%02d", m%day/60, m%60) }
