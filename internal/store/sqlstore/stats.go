package sqlstore

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// groupKeys are what calls are counted by, as SQL.
var groupKeys = map[voice.CallGroup]string{
	voice.CallsInAll:     `''`,
	voice.CallsByReason:  `reason`,
	voice.CallsByApp:     `app`,
	voice.CallsByNumber:  `CASE WHEN direction = 'inbound' THEN to_addr ELSE from_addr END`,
	voice.CallsByQuarter: `CAST(started / 900000000 AS TEXT)`,
}

// Calls without a length have -1 and are the first in rank, so that the rank of the
// others among themselves is known. Both databases divide integers alike.
const (
	countOf = `WITH c AS (SELECT `
	countIn = ` AS k, answered, CASE WHEN answered > 0 AND ended >= answered THEN ended - answered ELSE -1 END AS d FROM cdrs`
	countBy = `), r AS (SELECT k, d, answered, ROW_NUMBER() OVER (PARTITION BY k ORDER BY d) AS place, COUNT(*) OVER (PARTITION BY k) AS n,
			CAST(SUM(CASE WHEN d < 0 THEN 1 ELSE 0 END) OVER (PARTITION BY k) AS BIGINT) AS none FROM c)
		SELECT k, MAX(n) AS calls, CAST(SUM(CASE WHEN answered > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN d > 0 THEN d ELSE 0 END) AS BIGINT),
			MAX(CASE WHEN d > 0 AND place = none + (n - none + 1) / 2 THEN d ELSE 0 END),
			MAX(CASE WHEN d > 0 AND place = none + (95 * (n - none) + 99) / 100 THEN d ELSE 0 END)
		FROM r GROUP BY k ORDER BY calls DESC, k LIMIT `
)

func scanCount(r row) (c voice.CallCount, err error) {
	var talk, median, p95 int64 // microseconds
	err = r.Scan(&c.Key, &c.Calls, &c.Answered, &talk, &median, &p95)
	c.Talk, c.Median, c.P95 = time.Duration(talk)*time.Microsecond, time.Duration(median)*time.Microsecond, time.Duration(p95)*time.Microsecond
	return c, err
}

// CountCalls implements voice.CallCounter. Invalid for a group that there isn't.
func (s *Store) CountCalls(ctx context.Context, span voice.CallSpan, by voice.CallGroup, limit int) ([]voice.CallCount, error) {
	const op = "store.CountCalls"
	key, ok := groupKeys[by]
	if !ok {
		return nil, voice.Errorf(op, voice.Invalid, "calls are not counted by %q", by)
	}
	q := query{text: countOf + key + countIn}
	q.and(`tenant = `, span.Tenant)
	q.and(`started >= `, micros(span.From))
	q.and(`started < `, micros(span.To))
	if span.App != "" {
		q.and(`app = `, span.App)
	}
	if span.Number != "" {
		q.and(`(from_addr = `, span.Number)
		q.end(` OR to_addr = `, span.Number)
		q.text += `)`
	}
	q.end(countBy, max(limit, 1))
	return many(ctx, s, op, scanCount, q.text, q.args...)
}
