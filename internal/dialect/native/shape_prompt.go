package native

import (
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// promptForm is a kind of prompt in a document: {word: what, more…}.
type promptForm struct {
	word   string
	kind   voice.PromptKind
	format voice.SayFormat
	main   string // Go field that the word's value is; "" = the value is true
	more   []string
	// spoken prompts take the document's language where they name no voice.
	spoken bool
	words  string
}

func promptForms() []promptForm {
	forms := []promptForm{
		{word: "sound", kind: voice.PromptSound, main: "Sound", more: []string{"Standard", "Voice"}, words: "a stored sound, by id or name; the fallback phrase sounds while it is empty"},
		{word: "say", kind: voice.PromptSpeech, main: "Text", spoken: true, words: "a text that is spoken"},
		{word: "phrase", kind: voice.PromptStandard, main: "Standard", more: []string{"Voice"}, words: "a standard phrase of the program, such as welcome"},
		{word: "tone", kind: voice.PromptTone, main: "Standard", more: []string{"Duration"}, words: "beep, busy, ringback or sit"},
		{word: "silence", kind: voice.PromptSilence, main: "Duration", words: "silence of so long"},
		{word: "recording", kind: voice.PromptRecorded, main: "Recording", words: "a recording of this call"},
		{word: "music", kind: voice.PromptMusic, more: []string{"Duration"}, words: "the built-in music"},
		{word: "url", kind: voice.PromptURL, main: "Text", words: "a WAV, MP3 or GSM file at an address, fetched when it is to sound"},
	}
	for _, f := range []struct {
		format voice.SayFormat
		words  string
	}{
		{voice.SayDigits, "figure by figure"}, {voice.SayNumber, "a number: -12.5"}, {voice.SayOrdinal, "3 as third"},
		{voice.SayDate, "a date: 2026-11-25"}, {voice.SayTime, "a time of day: 14:30"}, {voice.SayCurrency, "money: 12.50 EUR"},
	} {
		forms = append(forms, promptForm{word: string(f.format), kind: voice.PromptSay, format: f.format, main: "Text", spoken: true, words: f.words})
	}
	for i := range forms {
		if forms[i].spoken {
			forms[i].more = []string{"Voice"}
		}
	}
	return forms
}

// moreWord is the word of a further field of a short prompt.
func moreWord(goField string) string {
	if goField == "Standard" {
		return "fallback"
	}
	return strings.ToLower(goField)
}

// longPrompt is the word that begins the long form, with the fields' own names.
const longPrompt = "kind"

// prompt is one thing to play: {say: Welcome}, {sound: PR1, fallback: welcome}.
type prompt struct{}

func promptWords() []string {
	var words []string
	for _, f := range promptForms() {
		words = append(words, f.word)
	}
	return words
}

func (prompt) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map with one of "+strings.Join(promptWords(), ", "))
		return
	}
	if _, long := find(n, longPrompt); long != nil {
		recordOf(v.Type()).read(r, n, v, at)
		return
	}
	var form promptForm
	for _, f := range promptForms() {
		if _, value := find(n, f.word); value != nil {
			if form.word != "" {
				r.ds.Errorf(flow.CodeType, at, "a prompt is either %s or %s, not both", form.word, f.word)
				return
			}
			form = f
		}
	}
	if form.word == "" {
		r.ds.Errorf(CodeMissing, at, "a prompt needs one of %s", strings.Join(promptWords(), ", "))
		return
	}
	p := voice.Prompt{Kind: form.kind, Format: form.format}
	into := reflect.ValueOf(&p).Elem()
	voiced := false
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		if key == form.word {
			form.readMain(r, value, into, at)
			return
		}
		for _, name := range form.more {
			if moreWord(name) == key {
				voiced = voiced || name == "Voice"
				shapeOf(into.FieldByName(name).Type()).read(r, value, into.FieldByName(name), at)
				return
			}
		}
		words := []string{form.word}
		for _, name := range form.more {
			words = append(words, moreWord(name))
		}
		r.unknown(key, at, words)
	})
	if form.spoken && !voiced {
		p.Voice = r.voice
	}
	v.Set(reflect.ValueOf(p))
}

func (f promptForm) readMain(r *reader, n *yaml.Node, into reflect.Value, at string) {
	if f.main == "" {
		if n.ShortTag() != tagTruth || n.Value != "true" {
			r.wrong(n, at, "true")
		}
		return
	}
	field := into.FieldByName(f.main)
	if field.Type() == reflect.TypeFor[time.Duration]() {
		duration{}.read(r, n, field, at)
		return
	}
	s, ok := r.text(n, at)
	if !ok {
		return
	}
	if strings.Contains(s, "${") && f.templated() {
		into.FieldByName("Template").SetBool(true)
	} else if f.main == "Sound" {
		s = r.refer("sound", s, at)
	}
	field.SetString(s)
}

// templated reports whether the main value may hold ${variables}.
func (f promptForm) templated() bool {
	return f.main == "Text" || f.main == "Sound" || f.main == "Recording"
}

func (prompt) write(w *writer, v reflect.Value) *yaml.Node {
	p := v.Interface().(voice.Prompt)
	for _, f := range promptForms() {
		if f.kind == p.Kind && f.format == p.Format && f.says(p) {
			return inline(f.write(w, v))
		}
	}
	n := recordOf(v.Type()).write(w, v)
	if _, kind := find(n, longPrompt); kind == nil {
		add(n, longPrompt, textNode(""))
	}
	return n
}

// says reports whether the short form says all of a prompt.
func (f promptForm) says(p voice.Prompt) bool {
	v := reflect.ValueOf(&p).Elem()
	if f.templated() && p.Template != strings.Contains(v.FieldByName(f.main).String(), "${") {
		return false
	}
	if f.templated() {
		p.Template = false
	}
	for _, name := range append([]string{"Kind", "Format", f.main}, f.more...) {
		if name != "" {
			v.FieldByName(name).SetZero()
		}
	}
	return v.IsZero()
}

func (f promptForm) write(w *writer, v reflect.Value) *yaml.Node {
	n := mapNode()
	if f.main == "" {
		add(n, f.word, scalar(tagTruth, "true"))
	} else {
		field := v.FieldByName(f.main)
		add(n, f.word, shapeOf(field.Type()).write(w, field))
	}
	for _, name := range f.more {
		field := v.FieldByName(name)
		usual := ""
		if f.spoken && name == "Voice" {
			usual = w.voice
		}
		if field.Kind() == reflect.String && field.String() == usual || field.Kind() != reflect.String && field.IsZero() {
			continue
		}
		add(n, moreWord(name), shapeOf(field.Type()).write(w, field))
	}
	return n
}

func (prompt) schema() any { return ref("prompt") }

// define gives the schema of a prompt.
func (prompt) define() any {
	t := reflect.TypeFor[voice.Prompt]()
	var forms []any
	for _, f := range promptForms() {
		main := any(object{"const": true})
		if f.main != "" {
			field, _ := t.FieldByName(f.main)
			main = shapeOf(field.Type).schema()
		}
		properties := object{f.word: main}
		for _, name := range f.more {
			field, _ := t.FieldByName(name)
			properties[moreWord(name)] = shapeOf(field.Type).schema()
		}
		forms = append(forms, object{"type": "object", "description": f.words, "required": []string{f.word},
			"properties": properties, "additionalProperties": false})
	}
	long := recordOf(t).schema().(object)
	long["required"] = []string{longPrompt}
	long["description"] = "any prompt, field by field"
	return object{"anyOf": append(forms, long)}
}
