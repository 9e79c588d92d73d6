package storetest

import (
	"strconv"
	"testing"
	"time"

	"tandem/internal/voice"
)

// testCounts counts 20 calls of 1 to 20 s, one that nobody answered and one that is up.
func testCounts(t *testing.T, s Store) {
	ctx := t.Context()
	for i := range 20 {
		c := cdr(voice.CallID("c"+strconv.Itoa(i)), ours, i)
		c.End = c.Answered.Add(time.Duration(i+1) * time.Second)
		if i%2 == 1 {
			c.App, c.To = "VA2", "+46850000002"
		}
		ok(t, s.PutCDR(ctx, c))
	}
	missed, up, foreign := cdr("missed", ours, 40), cdr("up", ours, 2000), cdr("foreign", theirs, 5)
	missed.Answered, missed.Reason = time.Time{}, voice.EndCallerGaveUp
	up.End, up.Reason, up.Direction = time.Time{}, "", voice.Outbound
	for _, c := range []voice.CDR{missed, up, foreign} {
		ok(t, s.PutCDR(ctx, c))
	}
	all := voice.CallSpan{Tenant: ours, From: moment(0), To: moment(3000)}
	second := time.Second
	for what, x := range map[string]struct {
		span voice.CallSpan
		by   voice.CallGroup
		want []voice.CallCount
	}{
		"in all": {all, voice.CallsInAll, []voice.CallCount{{Calls: 22, Answered: 21, Talk: 210 * second, Median: 10 * second, P95: 19 * second}}},
		"by reason": {all, voice.CallsByReason, []voice.CallCount{{Key: "caller_hung_up", Calls: 20, Answered: 20, Talk: 210 * second, Median: 10 * second, P95: 19 * second},
			{Key: "", Calls: 1, Answered: 1}, {Key: "caller_gave_up", Calls: 1}}},
		"by app": {voice.CallSpan{Tenant: ours, From: moment(0), To: moment(20)}, voice.CallsByApp, []voice.CallCount{
			{Key: "VA1", Calls: 10, Answered: 10, Talk: 100 * second, Median: 9 * second, P95: 19 * second},
			{Key: "VA2", Calls: 10, Answered: 10, Talk: 110 * second, Median: 10 * second, P95: 20 * second}}},
		"by number": {voice.CallSpan{Tenant: ours, From: moment(2000), To: moment(2001)}, voice.CallsByNumber, []voice.CallCount{{Key: "+46850000000", Calls: 1, Answered: 1}}},
		"of a number": {voice.CallSpan{Tenant: ours, From: moment(0), To: moment(3000), Number: "+46850000002"}, voice.CallsInAll,
			[]voice.CallCount{{Calls: 10, Answered: 10, Talk: 110 * second, Median: 10 * second, P95: 20 * second}}},
		"of an app, the end is not of the span": {voice.CallSpan{Tenant: ours, From: moment(1), To: moment(3), App: "VA2"}, voice.CallsInAll,
			[]voice.CallCount{{Calls: 1, Answered: 1, Talk: 2 * second, Median: 2 * second, P95: 2 * second}}},
		"by quarters of an hour": {voice.CallSpan{Tenant: ours, From: moment(40), To: moment(3000)}, voice.CallsByQuarter, []voice.CallCount{
			{Key: quarter(moment(40)), Calls: 1}, {Key: quarter(moment(2000)), Calls: 1, Answered: 1}}},
		"none": {voice.CallSpan{Tenant: ours, From: moment(3000), To: moment(4000)}, voice.CallsInAll, nil},
	} {
		same(t, what, read(s.CountCalls(ctx, x.span, x.by, 10))(t), x.want)
	}
	if got := read(s.CountCalls(ctx, all, voice.CallsByApp, 1))(t); len(got) != 1 {
		t.Errorf("limit 1: %v", got)
	}
	_, err := s.CountCalls(ctx, all, "moon", 1)
	want(t, "a group that there isn't", err, voice.Invalid)
}

func quarter(at time.Time) string { return strconv.FormatInt(at.Unix()/900, 10) }
