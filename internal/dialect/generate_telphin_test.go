package dialect_test

import (
	"strings"

	"pgregory.net/rapid"
)

// telphinMenu draws a voice menu of one or two contexts, as its file holds it.
func telphinMenu(t *rapid.T) map[string]any {
	ids := 0
	contexts := []any{}
	count := rapid.IntRange(1, 2).Draw(t, "contexts")
	for id := 1; id <= count; id++ {
		options := []any{}
		for _, digits := range []string{"start", "timeout", "invalid", "1", "2", "*", "12"} {
			if fixed := len(digits) > 2; !fixed && !rapid.Bool().Draw(t, "has "+digits) {
				continue
			}
			rules := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "rules") {
				ids++
				rule := telphinRule(t, count)
				rule["id"] = ids
				rules = append(rules, rule)
			}
			options = append(options, map[string]any{"digits": digits, "rules": rules})
		}
		contexts = append(contexts, map[string]any{"id": id, "name": "Context " + strings.Repeat("I", id), "timeout": 1000 * rapid.IntRange(1, 20).Draw(t, "timeout"),
			"inter_digit_timeout": 2000, "digit_len": rapid.IntRange(2, 4).Draw(t, "digit_len"), "allow_any_dial": rapid.Bool().Draw(t, "any"), "options": options})
	}
	return map[string]any{
		"extension": map[string]any{"name": "071", "type": "ivr", "status": "active", "label": "Menu"},
		"ivr": map[string]any{"entry_context": 1, "sleep_time": 500 * rapid.IntRange(0, 2).Draw(t, "sleep"), "lifetime": 1800, "lifetime_exp_action": "hangup",
			"vm_enabled": rapid.Bool().Draw(t, "vm"), "vm_attach_file": true, "vm_mailto": "a@example.com"},
		"contexts": contexts,
	}
}

func telphinRule(t *rapid.T, contexts int) map[string]any {
	switch rapid.IntRange(0, 7).Draw(t, "action") {
	case 0:
		return map[string]any{"action": "transfer", "transfer_dst": "+4685000000" + number(t, "number", 0, 9)}
	case 1:
		return map[string]any{"action": "transfer", "transfer_dst": number(t, "extension", 200, 209) + " +4685000001" + number(t, "number", 0, 9)}
	case 2:
		return map[string]any{"action": "simple_transfer", "transfer_dst": number(t, "extension", 200, 209)}
	case 3:
		return map[string]any{"action": "hangup"}
	case 4:
		return map[string]any{"action": "jump_to_context", "context": rapid.IntRange(1, contexts).Draw(t, "context"), "context_option": "start"}
	case 5:
		return map[string]any{"action": "set_variable", "set_variable_name": "x", "set_variable_value": "1"}
	}
	return map[string]any{"action": "play_sound", "sound": rapid.IntRange(51, 59).Draw(t, "sound"),
		"sound_type": rapid.SampledFrom([]string{"foreground", "background"}).Draw(t, "type")}
}
