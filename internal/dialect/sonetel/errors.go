package sonetel

import (
	"fmt"
	"net/http"

	"tandem/internal/voice"
)

// fault is an answer that says no: the vendor's code and the reason in words,
// naming the field as the client wrote it.
type fault struct {
	status int // HTTP status; 0 = 200, which is the vendor's rule
	code   string
	detail string
}

func (f *fault) Error() string { return f.detail }

func failf(code, format string, args ...any) *fault {
	return &fault{code: code, detail: fmt.Sprintf(format, args...)}
}

// at gives the fault an HTTP status of its own.
func (f *fault) at(status int) *fault {
	f.status = status
	return f
}

// Codes of voice apps and prompts. The vendor publishes none; the first four
// figures are its own for the resource, the rest is ours.
const (
	codeInternal     = "10130000"
	codeAppNotFound  = "10130001"
	codeAccount      = "10130002"
	codeName         = "10130003"
	codeAppType      = "10130004"
	codeVoice        = "10130005"
	codeAction       = "10130006"
	codeDestination  = "10130007"
	codeFinalAction  = "10130008"
	codeDefaultApp   = "10130009"
	codePrompt       = "10130010"
	codeStandard     = "10130011"
	codeFile         = "10130012"
	codeField        = "10130013"
	codeBody         = "10130014"
	codeSpeech       = "10130015"
	codeBusy         = "10130016"
	codeNumericAcc   = "10060002" // documented by the vendor
	codeToken        = "10010001"
	codePath         = "10010002"
	codeMethod       = "10010003"
	codeAccountField = "10060003"
	codeUser         = "10070001"
	codeUserData     = "10070002"
	codeUserTaken    = "10070003"
	codePhone        = "10070004"
	codeNumber       = "10080001"
	codeNumberField  = "10080002"
	codeNumberTaken  = "10080003"
	codeRecording    = "10140001"
	codeRecField     = "10140002"
	codeCallBack     = "10150001"
	codeCallRefused  = "10150002"
	codeForbidden    = "10010004"
	codeLimit        = "10010005"
	codeUnavailable  = "10010006"
)

// catalogueEntry is one line of the error catalogue.
type catalogueEntry struct{ method, resource, code, description string }

// catalogue lists every code that this API answers with.
func catalogue() []catalogueEntry {
	return []catalogueEntry{
		{"ALL", "", codeToken, "Missing, invalid or expired access token"},
		{"ALL", "", codePath, "No such path"},
		{"ALL", "", codeMethod, "Method not allowed on this path"},
		{"ALL", "", codeForbidden, "The user's role does not allow it"},
		{"ALL", "", codeLimit, "Too many requests or a limit is reached"},
		{"ALL", "", codeUnavailable, "A needed service does not answer"},
		{"ALL", "account", codeNumericAcc, "AccountId should be numeric"},
		{"PUT", "account", codeAccountField, "A field of the account is invalid"},
		{"ALL", "voiceapp", codeInternal, "Internal error"},
		{"ALL", "voiceapp", codeAppNotFound, "Voice app not found"},
		{"ALL", "voiceapp", codeAccount, "The account is not the access token's"},
		{"POST", "voiceapp", codeName, "The name is missing or invalid"},
		{"POST", "voiceapp", codeAppType, "app_type is missing or invalid"},
		{"POST", "voiceapp", codeVoice, "The voice is unknown"},
		{"POST", "voiceapp", codeAction, "A menu action is invalid"},
		{"POST", "voiceapp", codeDestination, "A destination was not found"},
		{"PUT", "voiceapp", codeFinalAction, "final_action needs play_menu = no"},
		{"DELETE", "voiceapp", codeDefaultApp, "A default app cannot be deleted"},
		{"ALL", "voiceapp", codeField, "A field is unknown or has an invalid value"},
		{"ALL", "voiceapp", codeBody, "The body is not what it should be"},
		{"PUT", "voiceapp", codeBusy, "The object is being changed by someone else"},
		{"ALL", "prompt", codePrompt, "Prompt not found"},
		{"DELETE", "prompt", codeStandard, "A standard prompt cannot be deleted"},
		{"POST", "prompt", codeFile, "The file is missing, not WAV with PCM of 16 bits, or over 10 MB"},
		{"POST", "tts", codeSpeech, "The text cannot be spoken"},
		{"ALL", "user", codeUser, "User not found"},
		{"POST", "user", codeUserData, "Data is missing or invalid"},
		{"POST", "user", codeUserTaken, "The e-mail address or extension is taken"},
		{"PUT", "user", codePhone, "A call setting is invalid"},
		{"ALL", "phonenumbersubscription", codeNumber, "Number not found"},
		{"POST", "phonenumbersubscription", codeNumberField, "A field of the number is invalid"},
		{"POST", "phonenumbersubscription", codeNumberTaken, "The number is taken"},
		{"ALL", "call_recording", codeRecording, "Invalid recording id"},
		{"GET", "call_recording", codeRecField, "A filter is missing or invalid"},
		{"POST", "call-back", codeCallBack, "A field of the call-back is missing or invalid"},
		{"POST", "call-back", codeCallRefused, "The call is refused"},
	}
}

// faultOf gives the answer for an error that no handler has given words to.
// internal reports whether it is to be logged.
func faultOf(err error) (f *fault, internal bool) {
	reason := voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.Invalid:
		return failf(codeField, "%s", reason), false
	case voice.NotExist:
		return failf(codeDestination, "%s", reason), false
	case voice.Permission:
		return failf(codeForbidden, "%s", reason), false
	case voice.Conflict, voice.Busy, voice.Exists:
		return failf(codeBusy, "%s", reason), false
	case voice.Limit:
		return failf(codeLimit, "%s", reason), false
	case voice.Unavailable:
		return failf(codeUnavailable, "%s", reason), true
	}
	return failf(codeInternal, "internal error").at(http.StatusInternalServerError), true
}

// ifNotExist gives f for an error of kind NotExist, and other errors as they are.
func ifNotExist(err error, f *fault) error {
	if voice.IsKind(err, voice.NotExist) {
		return f
	}
	return err
}
