package sipua

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/voice"
)

// causeRow ties a cause to the status that refuses a call with it and to its
// number by ITU-T Q.850 in Reason headers (RFC 3326).
type causeRow struct {
	cause  voice.Cause
	status int
	reason string
	q850   int
}

// causeTable gives the rows; the first match by Q.850 number wins.
func causeTable() []causeRow {
	return []causeRow{
		{voice.CauseNormal, 480, "Temporarily Unavailable", 16},
		{voice.CauseBusy, 486, "Busy Here", 17},
		{voice.CauseNoAnswer, 480, "Temporarily Unavailable", 19},
		{voice.CauseRejected, 603, "Decline", 21},
		{voice.CauseNotFound, 404, "Not Found", 1},
		{voice.CauseUnavailable, 503, "Service Unavailable", 38},
		{voice.CauseCancelled, 487, "Request Terminated", 16},
		{voice.CausePolicy, 403, "Forbidden", 21},
		{voice.CauseMedia, 488, "Not Acceptable Here", 65},
		{voice.CauseMaxDuration, 480, "Temporarily Unavailable", 102},
		{voice.CauseShutdown, 503, "Service Unavailable", 41},
		{voice.CauseServerFailed, 500, "Server Internal Error", 41},
		{voice.CauseFailed, 500, "Server Internal Error", 41},
	}
}

func rowOf(c voice.Cause) causeRow {
	for _, r := range causeTable() {
		if r.cause == c {
			return r
		}
	}
	return causeRow{c, 500, "Server Internal Error", 41}
}

// StatusOf gives the status and reason phrase that refuse a call with cause c.
func StatusOf(c voice.Cause) (status int, reason string) {
	r := rowOf(c)
	return r.status, r.reason
}

// CauseOf gives the cause that a final status of an INVITE stands for.
func CauseOf(status int) voice.Cause {
	switch status {
	case 486, 600:
		return voice.CauseBusy
	case 408, 480:
		return voice.CauseNoAnswer
	case 401, 403, 407, 603, 607, 608:
		return voice.CauseRejected
	case 404, 410, 484, 485, 604:
		return voice.CauseNotFound
	case 415, 488, 606:
		return voice.CauseMedia
	case 487:
		return voice.CauseCancelled
	}
	switch {
	case status >= 200 && status < 300:
		return voice.CauseNormal
	case status >= 500 && status < 600:
		return voice.CauseUnavailable
	}
	return voice.CauseFailed
}

// reasonHeader makes the Reason header of a BYE, CANCEL or refusal.
func reasonHeader(c voice.Cause) sip.Header {
	return sip.NewHeader("Reason", fmt.Sprintf(`Q.850;cause=%d;text="%s"`, rowOf(c).q850, string(c)))
}

// causeFrom reads the Reason header of a BYE or CANCEL; otherwise fallback.
func causeFrom(m sip.Message, fallback voice.Cause) voice.Cause {
	for _, h := range m.GetHeaders("reason") {
		for part := range strings.SplitSeq(h.Value(), ",") {
			proto, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
			if !strings.EqualFold(strings.TrimSpace(proto), "Q.850") {
				continue
			}
			if n, ok := causeParam(rest); ok {
				return causeByNumber(n, fallback)
			}
		}
	}
	return fallback
}

func causeParam(params string) (int, bool) {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(strings.TrimSpace(name), "cause") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			return n, err == nil
		}
	}
	return 0, false
}

func causeByNumber(n int, fallback voice.Cause) voice.Cause {
	switch n {
	case 16, 31:
		return fallback
	case 18:
		return voice.CauseNoAnswer
	case 3, 28:
		return voice.CauseNotFound
	case 27, 34, 42:
		return voice.CauseUnavailable
	}
	for _, r := range causeTable() {
		if r.q850 == n {
			return r.cause
		}
	}
	return fallback
}

// Failure is why a call of ours was not answered. It is the reason inside the
// voice.Error that Dial returns.
type Failure struct {
	Status     int           // final SIP status; 0 = no final answer came
	Reason     string        // its reason phrase, or what went wrong in words
	Cause      voice.Cause   // by the table
	RetryAfter time.Duration // what a 503 or 480 asked for
	Rang       bool          // the far end rang before it failed
	Contacts   []string      // SIP URIs that a 3xx leads to, best first, 8 at most
	// Progressed means that a provisional response above 100 arrived.
	Progressed bool

	elsewhere bool // the place failed, and another may do better
}

// Error gives "486 Busy Here" or the words.
func (f *Failure) Error() string {
	if f.Status == 0 {
		return f.Reason
	}
	return strconv.Itoa(f.Status) + " " + f.Reason
}

// failed wraps a Failure with the kind that belongs to its cause.
func failed(op string, f *Failure) error {
	kind := voice.Unavailable
	switch f.Cause {
	case voice.CauseBusy:
		kind = voice.Busy
	case voice.CauseRejected, voice.CausePolicy:
		kind = voice.Permission
	case voice.CauseNotFound:
		kind = voice.NotExist
	case voice.CauseCancelled:
		kind = voice.HungUp
	}
	return voice.E(op, kind, f)
}

// FailureOf gives the Failure in err's chain.
func FailureOf(err error) (*Failure, bool) { return errors.AsType[*Failure](err) }
