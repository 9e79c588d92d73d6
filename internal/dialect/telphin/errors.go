package telphin

import (
	"fmt"
	"net/http"

	"tandem/internal/voice"
)

// fault is an answer that says no. status tells errors of one HTTP status apart.
type fault struct {
	code    int // HTTP status
	status  string
	message string
}

func (f *fault) Error() string { return f.message }

// The statuses. Those of the vendor's documentation are marked; the others are
// ours.
const (
	statusInvalid      = "validation_error"
	statusDenied       = "access_denied"        // vendor
	statusLevel        = "app_access_type_deny" // vendor
	statusClient       = "client_not_found"     // vendor
	statusRate         = "rate_limit_exceeded"  // vendor
	statusExtension    = "extension_not_found"
	statusContext      = "context_not_found"
	statusOption       = "option_not_found"
	statusRule         = "rule_not_found"
	statusSound        = "sound_not_found"
	statusExists       = "already_exists"
	statusInUse        = "in_use"
	statusNoSpeech     = "voice_helper_unavailable"
	statusCallRefused  = "call_refused"
	statusNotAvailable = "service_unavailable"
)

func failf(code int, status, format string, args ...any) *fault {
	return &fault{code, status, fmt.Sprintf(format, args...)}
}

func badf(format string, args ...any) *fault {
	return failf(http.StatusBadRequest, statusInvalid, format, args...)
}

func missing(status, format string, args ...any) *fault {
	return failf(http.StatusNotFound, status, format, args...)
}

func conflictf(status, format string, args ...any) *fault {
	return failf(http.StatusConflict, status, format, args...)
}

// unauthorized has exactly the words that clients look for.
func unauthorized() *fault { return failf(http.StatusUnauthorized, "", "Unauthorized") }

// faultOf gives the answer for an error that no handler has given words to.
// internal reports whether it is to be logged.
func faultOf(err error) (f *fault, internal bool) {
	reason := voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.Invalid:
		return badf("%s", reason), false
	case voice.NotExist:
		return missing("", "%s", reason), false
	case voice.Permission:
		return failf(http.StatusForbidden, statusDenied, "%s", reason), false
	case voice.Conflict, voice.Busy:
		return conflictf(statusInUse, "%s", reason), false
	case voice.Exists:
		return conflictf(statusExists, "%s", reason), false
	case voice.Limit:
		return failf(http.StatusTooManyRequests, statusRate, "%s", reason), false
	case voice.Unavailable:
		return failf(http.StatusServiceUnavailable, statusNotAvailable, "%s", reason), true
	}
	return failf(http.StatusInternalServerError, "", "internal error"), true
}

// ifNotExist gives f for an error of kind NotExist, and other errors as they are.
func ifNotExist(err error, f *fault) error {
	if voice.IsKind(err, voice.NotExist) {
		return f
	}
	return err
}
