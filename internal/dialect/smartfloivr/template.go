package smartfloivr

import (
	"slices"
	"strings"

	"tandem/internal/flow"
)

// SMSVariables lists the variables of SMS templates.
func SMSVariables() []string {
	return []string{"$caller_id_number", "$caller_name", "$call_to_number", "$call_id", "$uuid", "$digits", "$ivr_name"}
}

// The triggers of webhooks, as the vendor's pages call them.
const (
	OnReceived          = "Call received on Server"
	OnIVR               = "Call answered on IVR"
	OnAgentAnswered     = "Call answered by Agent"
	OnHangupMissed      = "Call hangup (Missed)"
	OnHangupAnswered    = "Call hangup (Answered)"
	OnHangup            = "Call hangup (Missed or Answered)"
	OnDigit             = "DTMF Option"
	OnAgentDialled      = "Dialed on Agent"
	OnDepartment        = "Call received on Department"
	OnAttendant         = "Call received on Auto Attendant"
	OnAgentClick        = "Call answered by Agent (Click to Call)"
	OnCustomerClick     = "Call answered by Customer (Click to Call)"
	OnHangupClick       = "Call hangup (Click to Call)"
	OnHangupClickMissed = "Call hangup (Click to Call - Missed)"
)

// Triggers lists the triggers of webhooks.
func Triggers() []string {
	return []string{OnReceived, OnIVR, OnAgentAnswered, OnHangupMissed, OnHangupAnswered, OnHangup, OnDigit,
		OnAgentDialled, OnDepartment, OnAttendant, OnAgentClick, OnCustomerClick, OnHangupClick, OnHangupClickMissed}
}

// WebhookVariables lists the variables of webhooks' templates.
func WebhookVariables() []string {
	names := []string{"uuid", "call_id", "call_to_number", "caller_id_number", "start_stamp", "answer_stamp", "end_stamp",
		"billsec", "billing_second", "duration", "call_status", "direction", "recording_url", "hangup_cause", "reason_key",
		"customer_no_with_prefix", "agent_number", "answered_agent", "answered_agent_name", "answered_agent_number", "missed_agent",
		"digits", "dtmf", "ivr_name", "ivr_id", "custom_identifier", "ref_id"}
	for i, n := range names {
		names[i] = "$" + n
	}
	return names
}

// Expand puts values in place of the $variables of s; get gives false for what
// is none.
func Expand(s string, get func(name string) (string, bool)) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n := nameLength(rest)
		if v, ok := get(rest[:n]); ok && n > 0 {
			b.WriteString(v)
		} else {
			b.WriteString("$" + rest[:n])
		}
		s = rest[n:]
	}
}

// nameLength is how much of s is a variable's name: letters, digits and "_",
// not beginning with a digit.
func nameLength(s string) int {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}

// unknownVariable finds a $variable of s that is not known.
func unknownVariable(s string, known []string) (string, bool) {
	unknown := ""
	Expand(s, func(name string) (string, bool) {
		if name != "" && !slices.Contains(known, "$"+name) {
			unknown = "$" + name
		}
		return "", false
	})
	return unknown, unknown != ""
}

// smsText writes the text of a template as a flow template.
func smsText(text, ivr string) flow.Template {
	variables := map[string]string{"caller_id_number": flow.VarCallFrom, "caller_name": flow.VarCallName,
		"call_to_number": flow.VarCallTo, "call_id": flow.VarCallID, "uuid": flow.VarCallID, "digits": flow.VarDigits}
	return flow.Template(Expand(string(flow.Literal(text)), func(name string) (string, bool) {
		if name == "ivr_name" {
			return string(flow.Literal(ivr)), true
		}
		v, ok := variables[name]
		return "${" + v + "}", ok
	}))
}
