package engine

import (
	"time"

	"tandem/internal/offer"
	"tandem/internal/rtpport"
	"tandem/internal/voice"
)

// Redirection reads where a Contact leads, for tests.
func Redirection(contact string) (user, host string, err error) { return redirection(contact) }

// Course gives what is kept of looks at counts, one each half second from start.
func Course(m offer.Media, start time.Time, looks int, at func(i int) rtpport.Stats) ([]voice.QualitySample, string) {
	var c course
	for i := range looks {
		c.add(at(i), m, start, start.Add(time.Duration(i)*watchEvery))
	}
	return c.list(), courseText(c.list())
}

// Ended is the end of a leg of such media.
func Ended(st rtpport.Stats, m offer.Media) voice.Event {
	return endEvent(voice.LegRecord{Quality: quality(st, m)}, "over")
}

// Discreet gives a SIP message as captures hold it.
func Discreet(raw []byte, hides bool) []byte { return discreet(raw, hides) }
