package telphinivr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// Record is an object of the API whose fields are read and answered by name.
type Record interface {
	// Names lists the fields.
	Names() []string
	// Field gives a pointer to the value of one; nil when there is no such field.
	Field(name string) any
}

// Names lists the fields that a client sets; id, domain, create_date and
// client_id are the API's.
func (e *Extension) Names() []string {
	return []string{"name", "type", "status", "label", "caller_id_name", "extra_params", "message_did", "dial_rule_id",
		"dial_rule_limit", "extension_group_id", "did_as_transfer_caller_id", "ani_rfc3325"}
}

// Field implements Record.
func (e *Extension) Field(name string) any {
	return map[string]any{"name": &e.Name, "type": &e.Type, "status": &e.Status, "label": &e.Label,
		"caller_id_name": &e.CallerIDName, "extra_params": &e.ExtraParams, "message_did": &e.MessageDID,
		"dial_rule_id": &e.DialRuleID, "dial_rule_limit": &e.DialRuleLimit, "extension_group_id": &e.ExtensionGroupID,
		"did_as_transfer_caller_id": &e.DIDAsTransferCallerID, "ani_rfc3325": &e.ANIRFC3325}[name]
}

// Names implements Record.
func (v *IVR) Names() []string {
	return []string{"entry_context", "sleep_time", "lifetime", "lifetime_exp_action", "lifetime_exp_transfer_dst",
		"vm_enabled", "vm_greeting", "vm_attach_file", "vm_mailto"}
}

// Field implements Record.
func (v *IVR) Field(name string) any {
	return map[string]any{"entry_context": &v.EntryContext, "sleep_time": &v.SleepTime, "lifetime": &v.Lifetime,
		"lifetime_exp_action": &v.LifetimeExpAction, "lifetime_exp_transfer_dst": &v.LifetimeExpTransferDst,
		"vm_enabled": &v.VMEnabled, "vm_greeting": &v.VMGreeting, "vm_attach_file": &v.VMAttachFile, "vm_mailto": &v.VMMailto}[name]
}

// Names implements Record.
func (c *Context) Names() []string {
	return []string{"id", "name", "timeout", "inter_digit_timeout", "digit_len", "allow_any_dial", "description", "extra_params"}
}

// Field implements Record.
func (c *Context) Field(name string) any {
	return map[string]any{"id": &c.ID, "name": &c.Name, "timeout": &c.Timeout, "inter_digit_timeout": &c.InterDigitTimeout,
		"digit_len": &c.DigitLen, "allow_any_dial": &c.AllowAnyDial, "description": &c.Description, "extra_params": &c.ExtraParams}[name]
}

// Names implements Record.
func (r *Rule) Names() []string {
	return []string{"id", "action", "transfer_dst", "sound", "sound_type", "silence_time", "context", "context_option",
		"digits", "play_digits_method", "play_digits_variable", "record_digits_variable", "record_digits_max",
		"record_digits_sound", "set_variable_name", "set_variable_value", "transfer_variable", "call_interactive_url",
		"call_interactive_method", "caller_id_number", "caller_id_name", "max_rate", "voice_helper_rules",
		"voice_helper_timeout", "voice_helper_digits_max", "voice_helper_final_count", "voice_helper_classic_term",
		"match_variable_name", "match_variable_value", "play_sound_from_variable"}
}

// Field implements Record.
func (r *Rule) Field(name string) any {
	return map[string]any{"id": &r.ID, "action": &r.Action, "transfer_dst": &r.TransferDst, "sound": &r.Sound,
		"sound_type": &r.SoundType, "silence_time": &r.SilenceTime, "context": &r.Context, "context_option": &r.ContextOption,
		"digits": &r.Digits, "play_digits_method": &r.PlayDigitsMethod, "play_digits_variable": &r.PlayDigitsVariable,
		"record_digits_variable": &r.RecordDigitsVariable, "record_digits_max": &r.RecordDigitsMax,
		"record_digits_sound": &r.RecordDigitsSound, "set_variable_name": &r.SetVariableName,
		"set_variable_value": &r.SetVariableValue, "transfer_variable": &r.TransferVariable,
		"call_interactive_url": &r.CallInteractiveURL, "call_interactive_method": &r.CallInteractiveMethod,
		"caller_id_number": &r.CallerIDNumber, "caller_id_name": &r.CallerIDName, "max_rate": &r.MaxRate,
		"voice_helper_rules": &r.VoiceHelperRules, "voice_helper_timeout": &r.VoiceHelperTimeout,
		"voice_helper_digits_max": &r.VoiceHelperDigitsMax, "voice_helper_final_count": &r.VoiceHelperFinalCount,
		"voice_helper_classic_term": &r.VoiceHelperClassicTerm, "match_variable_name": &r.MatchVariableName,
		"match_variable_value": &r.MatchVariableValue, "play_sound_from_variable": &r.PlaySoundFromVariableOf}[name]
}

// Names implements Record.
func (q *Queue) Names() []string {
	return []string{"agents", "strategy", "agent_ring_time", "max_wait_time", "max_length", "music_sound", "announce_position",
		"announce_frequency", "exit_key", "exit_transfer_dst", "timeout_transfer_dst", "no_agent_timeout_transfer_dst"}
}

// Field implements Record.
func (q *Queue) Field(name string) any {
	return map[string]any{"agents": &q.Agents, "strategy": &q.Strategy, "agent_ring_time": &q.AgentRingTime,
		"max_wait_time": &q.MaxWaitTime, "max_length": &q.MaxLength, "music_sound": &q.MusicSound,
		"announce_position": &q.AnnouncePosition, "announce_frequency": &q.AnnounceFrequency, "exit_key": &q.ExitKey,
		"exit_transfer_dst": &q.ExitTransferDst, "timeout_transfer_dst": &q.TimeoutTransferDst,
		"no_agent_timeout_transfer_dst": &q.NoAgentTimeoutTransfer}[name]
}

// Merge lays the fields of a request over a record, except those that skip
// names. What the record does not know is left alone.
func Merge(rec Record, f input.Fields, path string, skip ...string) error {
	for _, name := range rec.Names() {
		raw, given := f[name]
		if !given || slices.Contains(skip, name) {
			continue
		}
		if err := assign(rec.Field(name), raw, input.Join(path, name)); err != nil {
			return err
		}
	}
	return nil
}

// Answer gives a record's fields; what it does not use is nil.
func Answer(rec Record) map[string]any {
	answer := map[string]any{}
	for _, name := range rec.Names() {
		answer[name] = rec.Field(name)
	}
	extra := map[string]json.RawMessage{}
	switch r := rec.(type) {
	case *Rule:
		extra = r.Extra
	case *Queue:
		extra = r.Extra
	}
	for name, raw := range extra {
		answer[name] = raw
	}
	return answer
}

func invalid(field, format string, args ...any) error {
	return voice.InvalidField("telphinivr", field, "%s: %s", field, fmt.Sprintf(format, args...))
}

// assign reads a value. Numbers are taken for texts and texts that are numbers
// for numbers, as clients send both.
func assign(target any, raw json.RawMessage, path string) error {
	switch p := target.(type) {
	case **string:
		return assignOptional(p, raw, path)
	case **int64:
		return assignOptional(p, raw, path)
	case **bool:
		return assignOptional(p, raw, path)
	}
	if input.IsNull(raw) {
		return assignNull(target, path)
	}
	switch p := target.(type) {
	case *string:
		s, err := input.Text(raw, path)
		if err != nil {
			return invalid(path, "text is needed, not %s", input.Kind(raw))
		}
		*p = s
	case *int64:
		s, err := input.Text(raw, path)
		n, perr := strconv.ParseInt(s, 10, 64)
		if err != nil || perr != nil {
			return invalid(path, "a whole number is needed, not %s", clip(string(raw)))
		}
		*p = n
	case *bool:
		b, ok := map[string]bool{"true": true, "1": true, `"true"`: true, `"1"`: true, "false": false, "0": false, `"false"`: false, `"0"`: false}[string(raw)]
		if !ok {
			return invalid(path, "true or false is needed, not %s", clip(string(raw)))
		}
		*p = b
	default:
		return assignList(target, raw, path)
	}
	return nil
}

func assignOptional[T any](p **T, raw json.RawMessage, path string) error {
	*p = nil
	if input.IsNull(raw) {
		return nil
	}
	v := new(T)
	if err := assign(v, raw, path); err != nil {
		return err
	}
	*p = v
	return nil
}

// assignNull takes null for a field that always has a value: for lists it is
// none, for texts and numbers it is refused.
func assignNull(target any, path string) error {
	switch p := target.(type) {
	case *[]Phrase:
		*p = nil
	case *[]string:
		*p = nil
	default:
		return invalid(path, "it can't be null")
	}
	return nil
}

func assignList(target any, raw json.RawMessage, path string) error {
	list, err := input.Array(raw, path)
	if err != nil {
		return invalid(path, "a list is needed, not %s", input.Kind(raw))
	}
	switch p := target.(type) {
	case *[]string:
		*p = nil
		for i, item := range list {
			s, err := input.Text(item, path)
			if err != nil {
				return invalid(at(path, i), "text is needed, not %s", input.Kind(item))
			}
			*p = append(*p, s)
		}
	case *[]Phrase:
		*p = nil
		for i, item := range list {
			o, err := input.Object(item, at(path, i))
			if err != nil {
				return invalid(at(path, i), "an object is needed, not %s", input.Kind(item))
			}
			var ph Phrase
			if err := assign(&ph.ToOption, o["to_option"], at(path, i)+".to_option"); err != nil {
				return err
			}
			if err := assign(&ph.Transcription, o["transcription"], at(path, i)+".transcription"); err != nil {
				return err
			}
			*p = append(*p, ph)
		}
	}
	return nil
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// clip shortens what a client sent for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
