package hoiio

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tandem/internal/voice"
)

// Bounds of parameters, in characters but for the body's bytes.
const (
	maxBody    = 1 << 20
	maxURL     = 4000
	maxTag     = 256
	maxMessage = 1000
	maxSeconds = 24 * 60 * 60
)

// refusal is an answer with a status of the vendor's other than success_ok.
type refusal string

func (s refusal) Error() string { return "refused with " + string(s) }

// The statuses that more than one place gives.
const (
	statusOK            = "success_ok"
	errMalformed        = refusal("error_malformed_params")
	errInternal         = refusal("error_internal_server_error")
	errInvalidSession   = refusal("error_invalid_session")
	errAccessDenied     = refusal("error_session_access_denied")
	errSessionEnded     = refusal("error_session_ended")
	errNotReady         = refusal("error_session_not_ready")
	errConcurrent       = refusal("error_concurrent_call_limit_reached")
	errDestInvalid      = refusal("error_dest_invalid")
	errDestNotSupported = refusal("error_dest_not_supported")
)

func missing(name string) refusal { return refusal("error_" + name + "_param_missing") }

// params are the parameters of a call. An empty one is as good as none.
type params map[string]string

// readParams reads the query and the body, which is a form whatever its type says.
// What the body says goes before the query.
func readParams(r *http.Request) (params, error) {
	p := params{}
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil || len(body) > maxBody || p.add(strings.TrimSpace(string(body))) != nil {
			return nil, errMalformed
		}
	}
	if p.add(r.URL.RawQuery) != nil {
		return nil, errMalformed
	}
	return p, nil
}

func (p params) add(form string) error {
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return err
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return errMalformed
		}
		if _, given := p[name]; !given && name != "" && value != "" {
			p[name] = value
		}
	}
	return nil
}

// phone reads a telephone number, whose plus may have become a space.
func phone(s string) (voice.E164, bool) {
	if rest, spaced := strings.CutPrefix(s, " "); spaced {
		s = "+" + rest
	}
	if !strings.HasPrefix(s, "+") {
		return "", false
	}
	e, err := voice.ParseE164(s)
	return e, err == nil
}

// number reads a whole number from low to high; ok is false when it is none.
func (p params) number(name string, fallback, low, high int) (n int, ok bool) {
	s, given := p[name]
	if !given {
		return fallback, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= low && n <= high
}

// seconds reads a length of time; 0 when it is not given.
func (p params) seconds(name string, bad refusal) (time.Duration, error) {
	n, ok := p.number(name, 0, 1, maxSeconds)
	if !ok {
		return 0, bad
	}
	return time.Duration(n) * time.Second, nil
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && utf8.RuneCountInString(s) <= maxURL
}

// Forms of times.
const (
	timeForm = "2006-01-02 15:04:05"
	dateForm = "2006-01-02"
)

// minutes gives a length in minutes, each that has begun counting; a call that its
// longest time of a minute has ended is one of one minute, whatever ending it took.
func minutes(d time.Duration) string {
	if d <= 0 {
		return "0"
	}
	whole := max(d.Round(time.Second), time.Second)
	return strconv.Itoa(int((whole + time.Minute - 1) / time.Minute))
}

// What calls cost on a server of one's own.
const (
	noRate  = "0.000"
	noMoney = "0.00"
)
