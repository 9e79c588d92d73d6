package httpapi

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/voice"
)

// Bounds of statistics.
const (
	statDays   = 400  // longest span by days
	statHours  = 35   // days of the longest span by hours
	statGroups = 200  // of a kind, those with most calls
	statPaths  = 1000 // calls whose ways are read, the newest
	statLinked = 20   // calls that are named at a step
)

// StatFilter says which calls are counted.
type StatFilter struct {
	From   time.Time `query:"from" doc:"Began at or after it; missing = the midnight 29 days before that of to's day"`
	To     time.Time `query:"to" doc:"Began before it; missing = now"`
	App    string    `query:"app" maxLength:"64" doc:"Answered first by this app"`
	Number string    `query:"number" maxLength:"64" doc:"From this number or to it"`
}

// StatQuery is a filter and how its span is parted.
type StatQuery struct {
	StatFilter
	Step string `query:"step" enum:"hour,day" default:"day" doc:"hour for 35 days at most, day for 400"`
}

// CallStat is how many calls there were, and how long they were from the answer on.
type CallStat struct {
	Calls    int64   `json:"calls"`
	Answered int64   `json:"answered"`
	Talk     float64 `json:"talk_seconds" doc:"Of all together, from the answer to the end; calls that are up have no length yet"`
	Median   float64 `json:"median_seconds" doc:"Of those that were answered and are over; 0 = there are none"`
	P95      float64 `json:"p95_seconds" doc:"19 of 20 were not longer"`
}

// CallGroupStat is that of calls that are alike.
type CallGroupStat struct {
	Key string `json:"key" doc:"Reason of the end (empty = up), id of the app (empty = none) or number"`
	CallStat
}

// CallTimeStat is that of the calls which began in an hour or on a day.
type CallTimeStat struct {
	At       time.Time `json:"at" doc:"When the hour or day begins, in the account's time zone"`
	Calls    int64     `json:"calls"`
	Answered int64     `json:"answered"`
	Talk     float64   `json:"talk_seconds"`
}

// CallStats are counts of the calls of a span.
type CallStats struct {
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Timezone string          `json:"timezone"`
	Total    CallStat        `json:"total"`
	ByTime   []CallTimeStat  `json:"by_time" doc:"Every hour or day of the span, in order"`
	ByReason []CallGroupStat `json:"by_reason" doc:"Those with most calls first; 200 at most, as of all groups"`
	ByApp    []CallGroupStat `json:"by_app"`
	ByNumber []CallGroupStat `json:"by_number" doc:"By the account's side: the called number of incoming calls, who called of others"`
}

func (a *API) registerStats() {
	const section = "Statistics"
	handle(a, route{id: "call-statistics", method: http.MethodGet, path: "/statistics/calls", section: section, scope: CallsRead, title: "Count calls",
		text: "In all, by hour or day, reason of the end, app and number."}, a.callStats)
	handle(a, route{id: "call-statistics-csv", method: http.MethodGet, path: "/statistics/calls/csv", section: section, scope: CallsRead, content: "text/csv", title: "Count calls, as a table",
		text: "What a spreadsheet would take for a formula begins with an apostrophe."}, a.callStatsCSV)
	handle(a, route{id: "step-statistics", method: http.MethodGet, path: "/statistics/steps", section: section, scope: CallsRead, title: "Count where calls went in an app",
		text: "Of the newest 1,000 calls of the span that the app answered first."}, a.stepStats)
}

// span checks a filter, and gives its span with the account's time zone.
func (a *API) span(ctx context.Context, c caller, f StatFilter, days int) (voice.CallSpan, *time.Location, error) {
	t, err := a.cfg.Tenants.Tenant(ctx, c.tenant)
	if err != nil {
		return voice.CallSpan{}, nil, err
	}
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		zone = time.UTC
	}
	s := voice.CallSpan{Tenant: c.tenant, From: f.From, To: f.To, App: voice.AppID(f.App), Number: f.Number}
	if s.To.IsZero() {
		s.To = a.cfg.Now()
	}
	if s.From.IsZero() {
		y, m, d := s.To.In(zone).Date()
		s.From = time.Date(y, m, d-29, 0, 0, 0, 0, zone)
	}
	switch {
	case !s.From.Before(s.To):
		return s, nil, invalid("query.from", "it is not before the end of the span")
	case s.To.Sub(s.From) > time.Duration(days)*24*time.Hour:
		return s, nil, invalid("query.from", "the span is longer than %d days", days)
	}
	return s, zone, nil
}

func (a *API) countCalls(ctx context.Context, c caller, in *StatQuery) (*CallStats, error) {
	days := statDays
	if in.Step == "hour" {
		days = statHours
	}
	s, zone, err := a.span(ctx, c, in.StatFilter, days)
	if err != nil {
		return nil, err
	}
	out := &CallStats{From: s.From.In(zone), To: s.To.In(zone), Timezone: zone.String()}
	for _, g := range []struct {
		by voice.CallGroup
		to *[]CallGroupStat
	}{{voice.CallsByReason, &out.ByReason}, {voice.CallsByApp, &out.ByApp}, {voice.CallsByNumber, &out.ByNumber}} {
		list, err := a.cfg.Stats.CountCalls(ctx, s, g.by, statGroups)
		if err != nil {
			return nil, err
		}
		*g.to = []CallGroupStat{}
		for _, v := range list {
			*g.to = append(*g.to, CallGroupStat{v.Key, showStat(v)})
		}
	}
	total, err := a.cfg.Stats.CountCalls(ctx, s, voice.CallsInAll, 1)
	if err != nil {
		return nil, err
	}
	if len(total) > 0 {
		out.Total = showStat(total[0])
	}
	quarters, err := a.cfg.Stats.CountCalls(ctx, s, voice.CallsByQuarter, 4*24*(statDays+1))
	if err != nil {
		return nil, err
	}
	out.ByTime = byTime(s, zone, in.Step == "hour", quarters)
	return out, nil
}

func showStat(c voice.CallCount) CallStat {
	return CallStat{c.Calls, c.Answered, c.Talk.Seconds(), c.Median.Seconds(), c.P95.Seconds()}
}

// byTime puts quarters of an hour into the hours or days of a time zone: days have
// 23 to 25 hours, and hours begin a quarter or a half later in some zones.
func byTime(s voice.CallSpan, zone *time.Location, hours bool, quarters []voice.CallCount) []CallTimeStat {
	list := []CallTimeStat{}
	y, m, d := s.From.In(zone).Date()
	for at := time.Date(y, m, d, 0, 0, 0, 0, zone); at.Before(s.To); {
		next := at.Add(time.Hour)
		if !hours {
			d++
			next = time.Date(y, m, d, 0, 0, 0, 0, zone)
		}
		if next.After(s.From) {
			list = append(list, CallTimeStat{At: at})
		}
		at = next
	}
	for _, q := range quarters {
		n, err := strconv.ParseInt(q.Key, 10, 64)
		if err != nil {
			continue // the store's own words
		}
		at := time.Unix(900*n, 0)
		i, found := slices.BinarySearchFunc(list, at, func(v CallTimeStat, at time.Time) int { return v.At.Compare(at) })
		if !found {
			i = max(i-1, 0)
		}
		list[i].Calls += q.Calls
		list[i].Answered += q.Answered
		list[i].Talk += q.Talk.Seconds()
	}
	return list
}

func (a *API) callStats(ctx context.Context, c caller, in *StatQuery) (*answer[CallStats], error) {
	out, err := a.countCalls(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return body(*out), nil
}

func (a *API) callStatsCSV(ctx context.Context, c caller, in *StatQuery) (*huma.StreamResponse, error) {
	s, err := a.countCalls(ctx, c, in)
	if err != nil {
		return nil, err
	}
	seconds := func(f float64) string { return strconv.FormatFloat(f, 'f', 3, 64) }
	rows := [][]string{{"table", "key", "calls", "answered", "talk_seconds", "median_seconds", "p95_seconds"}}
	add := func(table, key string, v CallStat) {
		rows = append(rows, []string{table, plainCell(key), strconv.FormatInt(v.Calls, 10), strconv.FormatInt(v.Answered, 10), seconds(v.Talk), seconds(v.Median), seconds(v.P95)})
	}
	add("total", "", s.Total)
	for _, v := range s.ByTime {
		rows = append(rows, []string{"time", v.At.Format(time.RFC3339), strconv.FormatInt(v.Calls, 10), strconv.FormatInt(v.Answered, 10), seconds(v.Talk), "", ""})
	}
	for _, g := range []struct {
		table string
		list  []CallGroupStat
	}{{"reason", s.ByReason}, {"app", s.ByApp}, {"number", s.ByNumber}} {
		for _, v := range g.list {
			add(g.table, v.Key, v.CallStat)
		}
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", "text/csv; charset=utf-8")
		ctx.SetHeader("Content-Disposition", `attachment; filename="calls.csv"`)
		_ = csv.NewWriter(ctx.BodyWriter()).WriteAll(rows) // the client is gone: there is nobody to tell
	}}, nil
}

// plainCell keeps a spreadsheet from taking what callers sent for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
