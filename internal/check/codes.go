package check

import "tandem/internal/flow"

// Codes of findings. docs/checks.md tells each, and testdata has a flow that has
// it and one that has not.
const (
	CodeBusyLoop         = "busy-loop"
	CodeNoWayOut         = "no-way-out"
	CodeSilenceForEver   = "silence-for-ever"
	CodeNoInput          = "no-input-missing"
	CodeInvalid          = "invalid-missing"
	CodeBusy             = "busy-missing"
	CodeNoAnswer         = "no-answer-missing"
	CodeFailed           = "failed-missing"
	CodeBranch           = "branch-missing"
	CodeKeyNowhere       = "key-leads-nowhere"
	CodeKeyWaits         = "key-waits"
	CodeKeyTooLong       = "key-never"
	CodeTimeout          = "time-out"
	CodeRingTime         = "ring-time"
	CodeNoAudio          = "no-audio"
	CodeEmptyPlay        = "empty-play"
	CodeSilentMenu       = "silent-menu"
	CodeNoBargeIn        = "no-barge-in"
	CodeLongBeforeChoice = "long-before-choice"
	CodeFarPerson        = "far-from-a-person"
	CodeManyKeys         = "many-keys"
	CodeLanguageMissing  = "language-missing"
	CodeLanguageUnused   = "language-unused"
	CodeConsent          = "no-consent"
	CodeCardRecorded     = "card-recorded"
	CodeCardOpen         = "card-not-secret"
	CodeSecretUsed       = "secret-used"
	CodeToSelf           = "to-itself"
	CodeForbidden        = "forbidden-number"
	CodeCallerID         = "caller-id"
	CodeNobody           = "empty-queue"
	CodeHoursGap         = "hours-gap"
	CodeHoursNever       = "hours-never"
	CodeHoursAlways      = "hours-always"
	CodeHoursOverlap     = "hours-overlap"
	CodeHoursOvernight   = "hours-overnight"
	CodeHolidaysPast     = "holidays-past"
	CodeUnset            = "unset-variable"
	CodeNoAddress        = "no-address"
	CodeMessageLost      = "message-lost"
	CodePlainHTTP        = "plain-http"
)

// Codes lists every code of this package; those of the compilers come beside them.
func Codes() []string {
	return []string{flow.CodeUnreachable, CodeBusyLoop, CodeNoWayOut, CodeSilenceForEver, CodeNoInput, CodeInvalid, CodeBusy, CodeNoAnswer, CodeFailed,
		CodeBranch, CodeKeyNowhere, CodeKeyWaits, CodeKeyTooLong, CodeTimeout, CodeRingTime, CodeNoAudio, CodeEmptyPlay, CodeSilentMenu, CodeNoBargeIn,
		CodeLongBeforeChoice, CodeFarPerson, CodeManyKeys, CodeLanguageMissing, CodeLanguageUnused, CodeConsent, CodeCardRecorded,
		CodeCardOpen, CodeSecretUsed, CodeToSelf,
		CodeForbidden, CodeCallerID, CodeNobody, CodeHoursGap, CodeHoursNever, CodeHoursAlways, CodeHoursOverlap, CodeHoursOvernight, CodeHolidaysPast,
		CodeUnset, CodeNoAddress, CodeMessageLost, CodePlainHTTP}
}
