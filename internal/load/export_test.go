package load

import (
	"time"

	"tandem/internal/phone"
)

// Judged counts calls that this side was late with, and that had faults of a kind or
// none (""), and says what came of it.
func Judged(here bool, gap time.Duration, calls map[time.Duration]FaultKind) *Report {
	r := &run{}
	for late, kind := range calls {
		o := outcome{setUp: time.Millisecond, late: late, here: here, stats: phone.MediaStats{Packets: 100, MaxGap: gap}}
		if kind != "" {
			o.faults = []Fault{{Kind: kind, Test: "x", Text: "bad"}}
		}
		r.count(o, true)
	}
	r.report.took(time.Second, time.Millisecond)
	return &r.report
}
