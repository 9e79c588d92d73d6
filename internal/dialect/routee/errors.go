package routee

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"tandem/internal/voice"
)

// Codes of errors: HTTP status, module (013 = voice, 021 = numbers) and number.
const (
	codeNoJSON       = "400000000"
	codeParty        = "400013000" // from or to
	codePlanChoice   = "400013001" // neither or both of dialPlan and dialPlanUrl
	codePlan         = "400013002"
	codeOption       = "400013003" // hangupDelay, maxDuration, callback, machineDetection
	codeAction       = "400013004"
	codeNumber       = "400021000"
	codeNotFound     = "404013000"
	codeNoNumber     = "404021000"
	codeNumberTaken  = "409021000"
	codeInternal     = "500000000"
	codeUnauthorized = "invalid_token"
)

// fault is an answer that says no.
type fault struct {
	status  int
	code    string
	message string
}

func (f *fault) Error() string { return f.message }

// badf is a fault whose code begins with its status.
func badf(code, format string, args ...any) *fault {
	status, err := strconv.Atoi(code[:3])
	if err != nil {
		status = http.StatusInternalServerError
	}
	return &fault{status, code, fmt.Sprintf(format, args...)}
}

func notFound(what string) *fault { return badf(codeNotFound, "%s not found", what) }

// isNotFound reports whether an error is that a thing does not exist.
func isNotFound(err error) bool {
	f, ok := errors.AsType[*fault](err)
	return ok && f.status == http.StatusNotFound || voice.IsKind(err, voice.NotExist)
}

// faultOf gives the answer for an error that no handler has given words to.
// internal reports whether it is to be logged.
func faultOf(err error) (f *fault, internal bool) {
	if f, ok := errors.AsType[*fault](err); ok {
		return f, false
	}
	reason := voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.Invalid:
		return badf(codeAction, "%s", reason), false
	case voice.NotExist:
		return badf(codeNotFound, "%s", reason), false
	case voice.Permission:
		return &fault{http.StatusForbidden, "403013000", reason}, false
	case voice.Conflict, voice.Busy, voice.Exists:
		return badf("409013000", "%s", reason), false
	case voice.Limit:
		return badf("429013000", "%s", reason), false
	case voice.Unavailable:
		return badf("503013000", "%s", reason), true
	}
	return badf(codeInternal, "internal error"), true
}

// ifNotExist gives f for an error of kind NotExist, and other errors as they are.
func ifNotExist(err error, f *fault) error {
	if voice.IsKind(err, voice.NotExist) {
		return f
	}
	return err
}

// coded gives a fault of a code for a reader's error.
func coded(code string, err error) error {
	if err == nil {
		return nil
	}
	return badf(code, "%s", err)
}
