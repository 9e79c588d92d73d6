package telphinivr_test

import (
	"context"
	"fmt"

	"pgregory.net/rapid"
)

func background() context.Context { return context.Background() }

type object = map[string]any

var options = []string{"start", "timeout", "invalid", "1", "22", "*"}

func number(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"050", "002", "300", "071", "+79876543210", "desk@pbx.example"}).Draw(t, name)
}

func variable(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"a", "client_code", "X9"}).Draw(t, name)
}

func text(t *rapid.T, name string) string {
	return rapid.SampledFrom([]string{"", "plain", "$a", "pre $client_code post", "cost ${5}", "a$", "50$ $X9"}).Draw(t, name)
}

func sound(t *rapid.T, name string) int { return rapid.IntRange(50, 55).Draw(t, name) }

// rule is one of any action, in a document with contexts 1 to n.
func rule(t *rapid.T, n int) object {
	kind := rapid.SampledFrom([]string{"foreground", "background"}).Draw(t, "sound type")
	method := rapid.SampledFrom([]string{"digits", "number"}).Draw(t, "method")
	ctx := rapid.IntRange(1, n).Draw(t, "context")
	to := rapid.SampledFrom(options).Draw(t, "option")
	all := []object{
		{"action": "transfer", "transfer_dst": number(t, "to")},
		{"action": "transfer", "transfer_dst": number(t, "to") + " " + number(t, "and")},
		{"action": "simple_transfer", "transfer_dst": "050 002"},
		{"action": "hangup"},
		{"action": "play_sound", "sound": sound(t, "sound"), "sound_type": kind},
		{"action": "play_silence", "silence_time": rapid.IntRange(1, 9000).Draw(t, "silence")},
		{"action": "jump_to_context", "context": ctx, "context_option": to},
		{"action": "play_digits", "digits": "1" + text(t, "digits"), "play_digits_method": method, "sound_type": kind},
		{"action": "play_digits_from_variable", "play_digits_variable": variable(t, "variable"), "play_digits_method": method},
		{"action": "record_digits", "record_digits_variable": variable(t, "variable"), "record_digits_max": rapid.IntRange(1, 9).Draw(t, "max"), "record_digits_sound": sound(t, "sound")},
		{"action": "set_variable", "set_variable_name": variable(t, "variable"), "set_variable_value": text(t, "value")},
		{"action": "transfer_from_variable", "transfer_variable": variable(t, "variable")},
		{"action": "call_interactive", "call_interactive_url": "https://x.example/?q=" + text(t, "query"), "call_interactive_method": rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "verb")},
		{"action": "set_caller_id_number", "caller_id_number": "+7" + text(t, "number")},
		{"action": "set_caller_id_name", "caller_id_name": "x" + text(t, "name")},
		{"action": "quality_rate", "sound": sound(t, "sound"), "max_rate": rapid.IntRange(1, 12).Draw(t, "rate")},
		{"action": "voice_helper", "voice_helper_timeout": 12000, "voice_helper_digits_max": rapid.IntRange(0, 2).Draw(t, "digits"), "voice_helper_final_count": rapid.IntRange(1, 3).Draw(t, "count"),
			"voice_helper_rules": []object{{"to_option": "1", "transcription": "one|first"}, {"to_option": "invalid", "transcription": "no"}}},
		{"action": "check_variable", "match_variable_name": variable(t, "variable"), "match_variable_value": text(t, "value"), "context": ctx, "context_option": to},
		{"action": "play_sound_from_variable", "play_sound_from_variable": variable(t, "variable"), "sound_type": kind},
	}
	r := all[rapid.IntRange(0, len(all)-1).Draw(t, "action")]
	if rapid.IntRange(0, 9).Draw(t, "extra") == 0 {
		r["custom"] = 7
	}
	return r
}

// document is a voice menu of one to three contexts.
func document(t *rapid.T) object {
	n := rapid.IntRange(1, 3).Draw(t, "contexts")
	ivr := object{"entry_context": rapid.IntRange(1, n).Draw(t, "entry"), "sleep_time": rapid.SampledFrom([]int{0, 700, 5000}).Draw(t, "sleep"),
		"lifetime": rapid.SampledFrom([]int{0, 60, 1800}).Draw(t, "lifetime"), "lifetime_exp_action": rapid.SampledFrom([]string{"hangup", "transfer", "voicemail"}).Draw(t, "expiry"),
		"lifetime_exp_transfer_dst": "050 002", "vm_enabled": rapid.Bool().Draw(t, "voicemail"), "vm_mailto": "a@example.com", "vm_greeting": 50}
	var contexts []object
	for c := range n {
		var opts []object
		for _, digits := range options {
			var rules []object
			for range rapid.IntRange(0, 3).Draw(t, "rules") {
				rules = append(rules, rule(t, n))
			}
			opts = append(opts, object{"digits": digits, "rules": rules})
		}
		contexts = append(contexts, object{"id": c + 1, "name": fmt.Sprint("Context ", c+1), "timeout": rapid.SampledFrom([]int{0, 3000, 5000}).Draw(t, "timeout"),
			"inter_digit_timeout": rapid.SampledFrom([]int{500, 2000}).Draw(t, "between"), "digit_len": rapid.IntRange(2, 4).Draw(t, "length"),
			"allow_any_dial": rapid.Bool().Draw(t, "any"), "options": opts})
	}
	return object{"extension": object{"name": "071", "type": "ivr", "status": "active", "label": "Menu"}, "ivr": ivr, "contexts": contexts}
}
