package flowdiff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// titles are the fields that have names of their own in words.
func titles() map[string]string {
	return map[string]string{"first_digit": "time-out for the first key", "inter_digit": "time-out for a further key", "overall": "time-out in all", "timeout": "time-out",
		"ring_time": "ring time", "max_duration": "longest talk", "max_digits": "most keys", "finish": "finish key", "max_length": "greatest length", "max_wait": "longest wait",
		"silence": "silence that ends it", "min_length": "least length", "to": "destination", "caller_id": "caller ID", "for": "wait", "url": "address", "exit_key": "exit key"}
}

// switches are the fields that are on or off.
func switches() map[string][2]string {
	return map[string][2]string{"barge_in": {"a key no longer cuts the prompt", "a key now cuts the prompt"}, "extensions": {"extensions are no longer taken", "extensions are now taken"},
		"record": {"the talk is no longer recorded", "the talk is now recorded"}, "beep": {"there is no longer a beep", "there is now a beep"},
		"position": {"the place in the queue is no longer told", "the place in the queue is now told"}}
}

// fields compares two steps of one kind, field by field. Steps are flat structs.
func fields(was, is flow.Step) []string {
	x, y := reflect.Indirect(reflect.ValueOf(was)), reflect.Indirect(reflect.ValueOf(is))
	var parts []string
	for i := range x.NumField() {
		a, b := x.Field(i).Interface(), y.Field(i).Interface()
		if alike(a, b) {
			continue
		}
		f, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
		if f == "" {
			f = strings.ToLower(x.Type().Field(i).Name)
		}
		parts = append(parts, field(f, a, b)...)
	}
	return parts
}

// alike compares two values of one type; nil is an empty list.
func alike(a, b any) bool {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if k := x.Kind(); (k == reflect.Slice || k == reflect.Map) && x.Len() == 0 && y.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// field tells the difference of one field.
func field(f string, a, b any) []string {
	title := titles()[f]
	if title == "" {
		title = strings.ReplaceAll(f, "_", " ")
	}
	switch b := b.(type) {
	case bool:
		if s, ok := switches()[f]; ok {
			return []string{map[bool]string{false: s[0], true: s[1]}[b]}
		}
	case []voice.Prompt:
		return prompts(f, a.([]voice.Prompt), b)
	case map[string][]voice.Prompt:
		return languages(a.(map[string][]voice.Prompt), b)
	case []voice.Digits:
		return changed("key ", "now expected", "no longer expected", texts(a.([]voice.Digits)), texts(b))
	case []voice.Destination:
		return changed(map[string]string{"also": "it also rings: ", "members": "members: "}[f], "new", "gone", texts(a.([]voice.Destination)), texts(b))
	case voice.Schedule:
		return schedule(a.(voice.Schedule), b)
	case map[string]flow.Template:
		return pairs(title+" ", a.(map[string]flow.Template), b)
	}
	return []string{title + " " + value(a) + " → " + value(b)}
}

// texts writes each of a list.
func texts[T any](list []T) []string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return words
}

// changed tells what came to a list and what left it.
func changed(word, came, left string, x, y []string) []string {
	var parts []string
	for _, v := range y {
		if !slices.Contains(x, v) {
			parts = append(parts, word+v+" is "+came)
		}
	}
	for _, v := range x {
		if !slices.Contains(y, v) {
			parts = append(parts, word+v+" is "+left)
		}
	}
	if parts == nil {
		parts = []string{word + "in another order, " + join(y)}
	}
	return parts
}

// prompts tells what is played instead.
func prompts(f string, a, b []voice.Prompt) []string {
	verb := map[string]string{"music": "the music is", "announce": "whoever answers hears", "comfort": "while it waits it plays"}[f]
	if verb == "" {
		verb = "plays"
	}
	x, y := texts(a), texts(b)
	if len(x) != len(y) {
		return []string{verb + " " + join(y) + " instead of " + join(x)}
	}
	var parts []string
	for i := range x {
		if x[i] != y[i] {
			parts = append(parts, verb+" "+y[i]+" instead of "+x[i])
		} else if a[i].Voice != b[i].Voice {
			parts = append(parts, "voice of "+y[i]+" "+quoted(a[i].Voice)+" → "+quoted(b[i].Voice))
		} else if a[i] != b[i] {
			parts = append(parts, verb+" "+y[i]+" in another way")
		}
	}
	return parts
}

// languages tells what is played in other languages.
func languages(x, y map[string][]voice.Prompt) []string {
	var parts []string
	for _, tag := range union(x, y) {
		switch {
		case len(y[tag]) == 0 && len(x[tag]) > 0:
			parts = append(parts, "no longer plays anything in "+tag)
		case len(x[tag]) == 0 && len(y[tag]) > 0:
			parts = append(parts, "in "+tag+" now plays "+join(texts(y[tag])))
		default:
			for _, part := range prompts("prompts", x[tag], y[tag]) {
				parts = append(parts, "in "+tag+" "+part)
			}
		}
	}
	return parts
}

// union lists the keys of two maps, in order.
func union[V any](x, y map[string]V) []string {
	keys := slices.Collect(maps.Keys(x))
	for k := range y {
		if _, both := x[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// schedule tells the difference of opening hours.
func schedule(x, y voice.Schedule) []string {
	var parts []string
	if x.Named != y.Named {
		parts = append(parts, "those named "+quoted(x.Named)+" → "+quoted(y.Named))
		if x.Named != "" && y.Named != "" {
			return parts
		}
	}
	if x.Timezone != y.Timezone {
		parts = append(parts, "time zone "+quoted(x.Timezone)+" → "+quoted(y.Timezone))
	}
	parts = append(parts, set("open", spans(x), spans(y))...)
	return append(parts, set("closed for a holiday on", days(x), days(y))...)
}

// spans gives each day's hours apart, so that a longer Friday is one difference.
func spans(s voice.Schedule) []string {
	var list []string
	for _, o := range s.Open {
		for _, d := range o.Days {
			list = append(list, d+" "+o.From+"–"+o.To)
		}
	}
	return list
}

func days(s voice.Schedule) []string {
	var list []string
	for _, d := range s.Holidays {
		w := d.Date
		if d.To != "" {
			w += " to " + d.To
		}
		if d.Name != "" {
			w += " (" + d.Name + ")"
		}
		list = append(list, w)
	}
	return list
}

func set(word string, x, y []string) []string {
	var came, left []string
	for _, v := range y {
		if !slices.Contains(x, v) {
			came = append(came, v)
		}
	}
	for _, v := range x {
		if !slices.Contains(y, v) {
			left = append(left, v)
		}
	}
	var parts []string
	if came != nil {
		parts = append(parts, "now "+word+" "+join(came))
	}
	if left != nil {
		parts = append(parts, "no longer "+word+" "+join(left))
	}
	return parts
}

// pairs compares maps of texts.
func pairs[T ~string](what string, x, y map[string]T) []string {
	var parts []string
	for _, k := range union(x, y) {
		if x[k] != y[k] {
			parts = append(parts, what+k+" "+quoted(string(x[k]))+" → "+quoted(string(y[k])))
		}
	}
	return parts
}

func quoted(s string) string {
	if s == "" {
		return "nothing"
	}
	return "\"" + s + "\""
}

func join(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// value writes a value of a step for people.
func value(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return span(v)
	case voice.Destination:
		return v.String()
	case voice.Mailbox:
		return mailbox(v)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return quoted(r.String())
	case reflect.Int, reflect.Bool:
		return fmt.Sprint(v)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

func mailbox(m voice.Mailbox) string {
	var words []string
	for _, w := range []string{m.Name, string(m.User), m.Email, string(m.App)} {
		if w != "" {
			words = append(words, w)
		}
	}
	if m.NoAttachment {
		words = append(words, "without the recording")
	}
	return cmp.Or(strings.Join(words, " "), "none")
}

// span writes a time for people: "5 s", "1 min 30 s"; 0 is the default.
func span(d time.Duration) string {
	switch {
	case d == 0:
		return "the usual"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	}
	minutes, rest := int(d/time.Minute), d%time.Minute
	if rest == 0 {
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d min %s", minutes, span(rest))
}
