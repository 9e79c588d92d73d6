package smartfloivr

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Ref is a reference of a document to a recording or a destination, written
// "type|id". The zero Ref refers to nothing.
type Ref struct{ Type, ID string }

// The types of reference.
const (
	RefRecording   = "recording"    // ID is the number of a recording
	RefSpeech      = "outbound_tts" // the same, of a spoken one
	RefExtension   = "extension"    // ID is an EID or a short number
	RefAgent       = "agent"        // ID is a telephone number
	RefIVR         = "ivr"
	RefVoicemail   = "voicemail"  // ID is the number of a voicemail, or the extension of a user
	RefDepartment  = "department" // of a ring group; shown as "ringgroup"
	RefQueue       = "inbound_queue"
	RefTimeGroup   = "timegroup"
	RefCondition   = "time_condition"
	RefAttendant   = "auto_attend"
	RefDialplan    = "custom_dialplan" // ID is its name
	RefAPIDialplan = "api_dialplan"    // ID is its key
	RefHangup      = "hangup"
)

// maxRefID bounds the id of a reference, in bytes.
const maxRefID = 100

// IsZero reports whether r refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String gives "ivr|349", and "" for the zero Ref.
func (r Ref) String() string {
	if r.IsZero() {
		return ""
	}
	return r.Type + "|" + r.ID
}

// MarshalText writes r as String does.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Ref) UnmarshalText(text []byte) error {
	r.Type, r.ID, _ = strings.Cut(string(text), "|")
	return nil
}

// destinationTypes lists the types of destination.
func destinationTypes() []string {
	return []string{RefExtension, RefAgent, RefIVR, RefVoicemail, RefDepartment, RefQueue, RefTimeGroup,
		RefCondition, RefAttendant, RefDialplan, RefAPIDialplan, RefHangup}
}

// otherNames are types that mean the same as another.
func otherNames(t string) string {
	switch t {
	case "ringgroup":
		return RefDepartment
	case "agent_extension":
		return RefExtension
	case "time_group":
		return RefTimeGroup
	case "auto_attendant":
		return RefAttendant
	}
	return t
}

// ParseRecording reads a reference to a recording: "recording|28935",
// "outbound_tts||7", or the number alone.
func ParseRecording(s string) (Ref, error) {
	r, err := parseRef(s, RefRecording, []string{RefRecording, RefSpeech})
	if err == nil && !r.IsZero() && !isDigits(r.ID) {
		err = fmt.Errorf("%q is not the number of a recording", r.ID)
	}
	return r, err
}

// ParseDestination reads a reference to a destination: "extension|05047530000",
// "ivr||57000", "hangup|1", or the EID alone.
func ParseDestination(s string) (Ref, error) {
	r, err := parseRef(s, RefExtension, destinationTypes())
	if err != nil || r.IsZero() {
		return r, err
	}
	switch r.Type {
	case RefHangup:
		r.ID = "1"
	case RefDialplan, RefAPIDialplan:
	case RefAgent:
		_, err = Number(r.ID, "")
	default:
		if !isDigits(r.ID) {
			err = fmt.Errorf("%q is not the number of any %s", r.ID, r.Type)
		}
	}
	return r, err
}

func parseRef(s, bare string, types []string) (Ref, error) {
	s = strings.TrimSpace(s)
	t, id, typed := strings.Cut(s, "|")
	r := Ref{Type: otherNames(strings.ToLower(strings.TrimSpace(t))), ID: strings.TrimSpace(strings.TrimLeft(id, "|"))}
	switch {
	case s == "":
		return Ref{}, nil
	case !typed && r.Type == RefHangup:
		return Ref{Type: RefHangup, ID: "1"}, nil
	case !typed && isDigits(s) && len(s) <= maxRefID:
		return Ref{Type: bare, ID: s}, nil
	case !slices.Contains(types, r.Type):
		return Ref{}, fmt.Errorf("%q is of none of the types %s", cut(s), strings.Join(types, ", "))
	case r.ID == "" && r.Type != RefHangup:
		return Ref{}, fmt.Errorf("%q has no id", cut(s))
	case len(r.ID) > maxRefID || strings.ContainsFunc(r.ID, func(c rune) bool { return unicode.IsControl(c) || c == '|' }):
		return Ref{}, fmt.Errorf("%q is no id", cut(r.ID))
	}
	return r, nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// cut bounds what is repeated of somebody's input.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
