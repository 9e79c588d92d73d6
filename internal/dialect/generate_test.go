package dialect_test

import (
	"fmt"

	"pgregory.net/rapid"

	"tandem/internal/voice"
)

// documents gives generators of documents, by their form. Ids are numbers, which
// every form takes.
func documents() map[voice.AppKind]func(t *rapid.T) map[string]any {
	return map[voice.AppKind]func(t *rapid.T) map[string]any{"sonetel": sonetelApp, "smartflo": smartfloIVR}
}

func number(t *rapid.T, name string, least, most int) string {
	return fmt.Sprint(rapid.IntRange(least, most).Draw(t, name))
}

func sonetelAction(t *rapid.T) any {
	action := func(action, to, id string) any { return map[string]any{"action": action, "to": to, "id": id} }
	switch rapid.IntRange(0, 6).Draw(t, "action") {
	case 0:
		return action("call", "user", number(t, "user", 300000, 300003))
	case 1:
		return action("call", "phnum", "+4685000000"+number(t, "number", 0, 9))
	case 2:
		return action("call", "csg", "100200")
	case 3:
		return action("call", "other", "u"+number(t, "sip", 0, 9)+"@pbx.example")
	case 4:
		return action("connect", "app", number(t, "app", 349, 352))
	case 5:
		return action("play", "prompt", number(t, "prompt", 5101, 5109))
	}
	return action("disconnect", "", "")
}

func sonetelApp(t *rapid.T) map[string]any {
	yes := rapid.SampledFrom([]string{"yes", "no"})
	if rapid.IntRange(0, 9).Draw(t, "type") == 0 {
		return map[string]any{"app_type": "mailbox", "name": "Box", "greeting_prompt": yes.Draw(t, "greeting"), "goodbye_prompt": yes.Draw(t, "goodbye"),
			"deliver_to": "email", "deliver_to_details": "a@example.com"}
	}
	doc := map[string]any{"app_type": "ivr", "name": "Menu", "play_welcome": yes.Draw(t, "welcome"), "get_extension": yes.Draw(t, "extension"),
		"play_menu": yes.Draw(t, "menu")}
	if doc["play_menu"] == "no" {
		doc["final_action"] = sonetelAction(t)
		return doc
	}
	menu := map[string]any{}
	for _, key := range []string{"digit_0", "digit_1", "digit_2", "digit_7", "timeout"} {
		if rapid.Bool().Draw(t, key) {
			menu[key] = sonetelAction(t)
		}
	}
	doc["menu"] = menu
	return doc
}

func smartfloRef(t *rapid.T) string {
	switch rapid.IntRange(0, 3).Draw(t, "destination") {
	case 0:
		return "extension|" + number(t, "extension", 530001, 530009)
	case 1:
		return "agent|+4685000000" + number(t, "agent", 0, 9)
	case 2:
		return "ivr|" + number(t, "ivr", 349, 352)
	}
	return "hangup|1"
}

func smartfloIVR(t *rapid.T) map[string]any {
	recording := func(name string) string { return "recording|" + number(t, name, 28930, 28950) }
	doc := map[string]any{
		"name": "Menu", "description": "A menu", "recording": recording("main"), "timeout": rapid.IntRange(1, 60).Draw(t, "timeout"),
		"incorrect_count": rapid.IntRange(0, 5).Draw(t, "incorrect"), "invalid_recording": recording("retry"), "recording_invalid": recording("final"),
		"invalid_destination": smartfloRef(t), "timeout_tries": rapid.IntRange(0, 5).Draw(t, "tries"),
		"timeout_retry_recording": recording("late retry"), "timeout_recording": recording("late final"), "timeout_destination": smartfloRef(t),
	}
	var keys, to []string
	for _, key := range []string{"1", "2", "9", "*"} {
		if rapid.Bool().Draw(t, "key "+key) {
			keys, to = append(keys, key), append(to, smartfloRef(t))
		}
	}
	if len(keys) == 0 {
		keys, to = []string{"0"}, []string{smartfloRef(t)}
	}
	doc["option"], doc["destination"] = keys, to
	return doc
}
