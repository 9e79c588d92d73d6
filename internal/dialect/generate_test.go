package dialect_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// documents gives generators of documents, by their form. Ids are numbers, which
// every form takes.
func documents() map[voice.AppKind]func(t *rapid.T) map[string]any {
	return map[voice.AppKind]func(t *rapid.T) map[string]any{"sonetel": sonetelApp, "smartflo": smartfloIVR, "telphin": telphinMenu}
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

// program draws a flow of any shape, with steps that no document but the native
// one can say, circles, and ends in odd places.
func program(t *rapid.T) flow.Program {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	id := func(i int) flow.NodeID { return flow.NodeID(fmt.Sprintf("n%d", i)) }
	p := flow.Program{App: "1", Name: "Random", Entry: id(0)}
	for i := range n {
		node := flow.Node{ID: id(i), Step: step(t, i), Exits: map[flow.Exit]flow.NodeID{}}
		for _, e := range node.Step.Exits() {
			if to := rapid.IntRange(-1, n-1).Draw(t, "to"); to >= 0 {
				node.Exits[e] = id(to)
			}
		}
		p.Nodes = append(p.Nodes, node)
	}
	if rapid.IntRange(0, 9).Draw(t, "bounded") == 0 {
		p.Lifetime, p.Expired = time.Minute, id(n-1)
	}
	return p
}

// step draws a step; what it plays or calls is named by its place i.
func step(t *rapid.T, i int) flow.Step {
	prompts := []voice.Prompt{{Kind: voice.PromptSound, Sound: voice.SoundID(fmt.Sprint(7000 + i))}}
	number := voice.Destination{Kind: voice.ToNumber, ID: fmt.Sprintf("+46850000%03d", i)}
	steps := []flow.Step{
		flow.Answer{}, flow.Hangup{}, flow.Return{}, flow.Wait{For: time.Second}, flow.Set{Name: "x", Value: "1"}, flow.Reset{Name: "c"},
		flow.Play{Prompts: prompts}, flow.Play{Prompts: prompts, BargeIn: true},
		flow.Gather{Prompts: prompts, BargeIn: true, Keys: []voice.Digits{"1", "2"}},
		flow.Gather{Prompts: prompts, Keys: []voice.Digits{"1", "*", "42"}, Extensions: true, MaxDigits: 3, Whole: true, Finish: "#"},
		flow.Gather{MaxDigits: 4, Into: "pin"},
		flow.Dial{To: number}, flow.Dial{To: number, Also: []voice.Destination{{Kind: voice.ToSIP, ID: fmt.Sprintf("u%d@pbx.example", i)}}, RingTime: time.Minute},
		flow.Dial{To: voice.Destination{Kind: voice.ToExtension, ID: fmt.Sprint(200 + i)}}, flow.Dial{To: voice.Destination{Kind: voice.ToExtension}, ToVar: flow.VarExtension},
		flow.Goto{App: voice.AppID(fmt.Sprint(340 + i))}, flow.Subflow{App: voice.AppID(fmt.Sprint(340 + i))},
		flow.Count{Name: "c", Limit: 3}, flow.Count{Name: "g", Limit: 200},
		flow.Hours{Schedule: voice.Schedule{Open: []voice.OpenTime{{Days: []string{"mon"}, From: "09:00", To: "17:00"}}}},
		flow.If{Left: "${x}", Op: flow.Equal, Right: "1"},
		flow.Record{Purpose: voice.ForVoicemail, Beep: true}, flow.Deliver{Mailbox: voice.Mailbox{Email: fmt.Sprintf("m%d@example.com", i)}},
		flow.Queue{ID: fmt.Sprint("q", i), Members: []voice.Destination{number}}, flow.SMS{Text: "hello"}, flow.Request{URL: "https://crm.example/"},
		flow.Listen{Phrases: []flow.Phrase{{Words: "yes", Exit: "yes"}}},
	}
	return rapid.SampledFrom(steps).Draw(t, "step")
}
