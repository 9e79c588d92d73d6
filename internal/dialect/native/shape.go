package native

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// shape is how values of a Go type stand in a document: read from it, written
// to it, and described in the JSON Schema.
type shape interface {
	// read sets v to what n says; at is the JSON Pointer of n.
	read(r *reader, n *yaml.Node, v reflect.Value, at string)
	write(w *writer, v reflect.Value) *yaml.Node
	schema() any
}

// object is a JSON object of the schema.
type object = map[string]any

// shapeOf gives the shape of a type of package flow or voice.
func shapeOf(t reflect.Type) shape {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return duration{}
	case reflect.TypeFor[voice.Prompt]():
		return prompt{}
	case reflect.TypeFor[voice.Destination]():
		return destination{}
	case reflect.TypeFor[map[string][]voice.Prompt]():
		return byLanguage{}
	case reflect.TypeFor[voice.Day]():
		return day{}
	case reflect.TypeFor[voice.AppID]():
		return reference{"app"}
	case reflect.TypeFor[voice.SoundID]():
		return reference{"sound"}
	case reflect.TypeFor[voice.UserID]():
		return reference{"user"}
	}
	switch t.Kind() {
	case reflect.Struct:
		return recordOf(t)
	case reflect.Slice:
		return list{shapeOf(t.Elem())}
	case reflect.Map:
		return dict{shapeOf(t.Elem())}
	case reflect.Bool:
		return truth{}
	case reflect.Int:
		return number{}
	}
	return text{known: knownTexts(t)}
}

// list is a list of one shape.
type list struct{ of shape }

func (s list) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, at, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		s.of.read(r, c, v.Index(i), at+"/"+strconv.Itoa(i))
	}
}

func (s list) write(w *writer, v reflect.Value) *yaml.Node {
	n := listNode()
	for i := range v.Len() {
		n.Content = append(n.Content, s.of.write(w, v.Index(i)))
	}
	if len(n.Content) > 0 {
		n.Style = 0
		if n.Content[0].Kind == yaml.ScalarNode {
			return inline(n)
		}
	}
	return n
}

func (s list) schema() any { return object{"type": "array", "items": s.of.schema()} }

// dict is a map from a name to one shape.
type dict struct{ of shape }

func (s dict) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map")
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		e := reflect.New(v.Type().Elem()).Elem()
		s.of.read(r, value, e, at)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
	})
}

func (s dict) write(w *writer, v reflect.Value) *yaml.Node {
	n := mapNode()
	for _, k := range sortedKeys(v) {
		add(n, k.String(), s.of.write(w, v.MapIndex(k)))
	}
	return n
}

func (s dict) schema() any { return object{"type": "object", "additionalProperties": s.of.schema()} }

// record is a struct: a map of fields, of which the empty ones are left out.
type record struct {
	fields []field
	// more are further words that readers of the record take away before.
	more []string
}

type field struct {
	word  string
	index int // in the struct
	must  bool
	shape shape
}

// recordOf makes the record of a struct without some of its Go fields.
func recordOf(t reflect.Type, hidden ...string) record {
	var rec record
	for i := range t.NumField() {
		f := t.Field(i)
		if contains(hidden, f.Name) {
			continue
		}
		word, must := wordOf(f)
		must = must && f.Type.Kind() != reflect.Slice && !mayBeNothing(t, f.Name)
		s := shapeOf(f.Type)
		if t == reflect.TypeFor[voice.OpenTime]() && f.Name == "Days" {
			s = days{}
		}
		rec.fields = append(rec.fields, field{word, i, must, s})
	}
	return rec
}

// mayBeNothing reports whether a field that programs always have may be empty,
// and so left out of a document.
func mayBeNothing(t reflect.Type, field string) bool {
	switch t {
	case reflect.TypeFor[flow.SMS]():
		return field == "To" // the caller
	case reflect.TypeFor[flow.If]():
		return field == "Left"
	case reflect.TypeFor[flow.Extraction]():
		return field == "Pointer" // the whole answer
	}
	return false
}

// wordOf gives the word of a struct's field, and whether it has to be said: its
// JSON name, or the Go name in lower case with underscores.
func wordOf(f reflect.StructField) (word string, must bool) {
	if tag, ok := f.Tag.Lookup("json"); ok {
		name, options, _ := strings.Cut(tag, ",")
		return name, options == ""
	}
	var b strings.Builder
	for i, c := range f.Name {
		if i > 0 && 'A' <= c && c <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String()), false
}

func (s record) words() []string {
	words := append([]string(nil), s.more...)
	for _, f := range s.fields {
		words = append(words, f.word)
	}
	return words
}

func (s record) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map of "+strings.Join(s.words(), ", "))
		return
	}
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		for _, f := range s.fields {
			if f.word == key {
				f.shape.read(r, value, v.Field(f.index), at)
				return
			}
		}
		if !contains(s.more, key) {
			r.unknown(key, at, s.words())
		}
	})
}

func (s record) write(w *writer, v reflect.Value) *yaml.Node {
	n := mapNode()
	for _, f := range s.fields {
		if !isEmpty(v.Field(f.index)) {
			add(n, f.word, f.shape.write(w, v.Field(f.index)))
		}
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	return n
}

func (s record) schema() any {
	properties, required := object{}, []string{}
	for _, f := range s.fields {
		properties[f.word] = f.shape.schema()
		if f.must {
			required = append(required, f.word)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// isEmpty reports whether a field is left out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// byLanguage is Play.In: prompts by language, whose voice that language is
// where they name none.
type byLanguage struct{}

func (byLanguage) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map from a language to its prompts")
		return
	}
	m := map[string][]voice.Prompt{}
	before := r.voice
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		if !isLanguage(key) {
			r.ds.Errorf(flow.CodeValue, at, "%s is no language; a tag such as sv or en-US is needed", key)
		}
		if len(r.languages) > 0 && !contains(r.languages, key) {
			r.ds.Warnf(flow.CodeValue, at, "%s is none of the document's languages", key)
		}
		r.voice = key
		var prompts []voice.Prompt
		shapeOf(reflect.TypeOf(prompts)).read(r, value, reflect.ValueOf(&prompts).Elem(), at)
		m[key] = prompts
	})
	r.voice = before
	v.Set(reflect.ValueOf(m))
}

func (byLanguage) write(w *writer, v reflect.Value) *yaml.Node {
	n := mapNode()
	before := w.voice
	for _, k := range sortedKeys(v) {
		w.voice = k.String()
		add(n, k.String(), shapeOf(v.Type().Elem()).write(w, v.MapIndex(k)))
	}
	w.voice = before
	return n
}

func (byLanguage) schema() any {
	return object{"type": "object", "propertyNames": object{"pattern": languagePattern},
		"additionalProperties": object{"type": "array", "items": prompt{}.schema()}}
}
