package flow

import "tandem/internal/voice"

// Set sets a variable.
type Set struct {
	Name  string   `json:"name"`
	Value Template `json:"value,omitempty"`
}

// If compares two texts and leaves by Yes or No.
type If struct {
	Left  Template `json:"left"`
	Op    Operator `json:"op"`
	Right Template `json:"right,omitempty"`
}

// Operator is a comparison of If.
type Operator string

// The operators. Less and Greater compare as decimal numbers; a text that is
// none makes the answer No.
const (
	Equal      Operator = "="
	NotEqual   Operator = "!="
	Less       Operator = "<"
	Greater    Operator = ">"
	BeginsWith Operator = "begins with"
	EndsWith   Operator = "ends with"
	Contains   Operator = "contains"
	OneOf      Operator = "one of" // Right is a list parted by commas
	IsSet      Operator = "is set" // Left is not empty; Right is not used
)

// Hours asks the clock: Open within the schedule, Holiday on one of its
// holidays, else Closed.
type Hours struct {
	Schedule voice.Schedule `json:"schedule"`
}

// SetCaller sets what later Dial and Queue steps of the call show as the caller,
// where policy allows it. Empty leaves that half as it is.
type SetCaller struct {
	Number Template `json:"number,omitempty"`
	Name   Template `json:"name,omitempty"`
}

// Save keeps a record of the account about this call, for example a rating.
type Save struct {
	Topic  string              `json:"topic"` // the resource kind, "quality-rate"; without a slash, which parts of the server use
	Fields map[string]Template `json:"fields,omitempty"`
}

// Exits of the steps above.
const (
	Yes     Exit = "yes"     // If
	No      Exit = "no"      // If
	Open    Exit = "open"    // Hours
	Closed  Exit = "closed"  // Hours
	Holiday Exit = "holiday" // Hours; an unwired Holiday is Closed
)

// Variables that are set from the start of a run. Their names can't be set.
const (
	VarCallID     = "call.id"
	VarCallFrom   = "call.from"      // caller's number
	VarCallName   = "call.from_name" // caller's name
	VarCallTo     = "call.to"        // dialled number
	VarExtFrom    = "call.extension" // the extension that calls, or ""
	VarLanguage   = "language"       // BCP 47; may be set, decides Play.In
	VarHTTPStatus = "http.status"    // of the last Request or Fetch, "0" when there was no answer
	VarHeard      = "heard"          // what the last Listen understood
)

func (Set) Kind() string       { return "set" }
func (If) Kind() string        { return "if" }
func (Hours) Kind() string     { return "hours" }
func (SetCaller) Kind() string { return "set-caller" }
func (Save) Kind() string      { return "save" }

func (Set) Exits() []Exit       { return []Exit{Next} }
func (If) Exits() []Exit        { return []Exit{Yes, No} }
func (Hours) Exits() []Exit     { return []Exit{Open, Closed, Holiday} }
func (SetCaller) Exits() []Exit { return []Exit{Next} }
func (Save) Exits() []Exit      { return []Exit{Next, Failed} }
