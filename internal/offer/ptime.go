package offer

import (
	"strconv"
	"strings"
	"time"
)

// packetTimes is what an author says of packets sent to it (RFC 4566 §6); 0 = nothing.
type packetTimes struct {
	wanted time.Duration // a=ptime
	most   time.Duration // a=maxptime
}

// attribute reads ptime and maxptime. A number that no peer can mean, below 10 or
// over 200 ms, is as none, and so is what is no number.
func (t *packetTimes) attribute(name, arg string) {
	ms, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
	if err != nil || !(ms >= 10 && ms <= 200) {
		return
	}
	d := time.Duration(ms * float64(time.Millisecond))
	if name == "maxptime" {
		t.most = d
	} else {
		t.wanted = d
	}
}

// packetTime is the time of the packets that are sent to the author of the line: the
// one asked for, or 20 ms, rounded down to tens of milliseconds, 10 to 60, and no
// more than it takes.
func (l *line) packetTime() time.Duration {
	d := DefaultPtime
	if l.times.wanted > 0 {
		d = l.times.wanted
	}
	if l.times.most > 0 {
		d = min(d, l.times.most)
	}
	return min(max(d.Truncate(LeastPtime), LeastPtime), MostPtime)
}
