package smartflo

import (
	"errors"
	"fmt"
	"net/http"

	"tandem/internal/voice"
)

// fault is an answer that says no.
type fault struct {
	status  int
	message string
	more    map[string]any // further members of the answer
}

func (f *fault) Error() string { return f.message }

func failf(status int, format string, args ...any) *fault {
	return &fault{status: status, message: fmt.Sprintf(format, args...)}
}

// bad is a fault of what the client sent.
func bad(format string, args ...any) *fault { return failf(http.StatusBadRequest, format, args...) }

func notFound(what string) *fault { return failf(http.StatusNotFound, "%s not found.", what) }

func inUse(what string) *fault { return failf(http.StatusConflict, "%s is in use.", what) }

// unauthenticated are the vendor's words for a token that is not good.
const unauthenticated = "Unauthenticated."

// faultOf gives the answer for an error that no handler has given words to.
// internal reports whether it is to be logged.
func faultOf(err error) (f *fault, internal bool) {
	if f, ok := errors.AsType[*fault](err); ok {
		return f, false
	}
	reason := voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.Invalid:
		return bad("%s", reason), false
	case voice.NotExist:
		return failf(http.StatusNotFound, "%s", reason), false
	case voice.Permission:
		return failf(http.StatusForbidden, "%s", reason), false
	case voice.Conflict, voice.Busy, voice.Exists:
		return failf(http.StatusConflict, "%s", reason), false
	case voice.Limit:
		return failf(http.StatusTooManyRequests, "%s", reason), false
	case voice.Unavailable:
		return failf(http.StatusServiceUnavailable, "%s", reason), true
	}
	return failf(http.StatusInternalServerError, "Internal error."), true
}

// ifNotExist gives f for an error of kind NotExist, and other errors as they are.
func ifNotExist(err error, f *fault) error {
	if voice.IsKind(err, voice.NotExist) {
		return f
	}
	return err
}
