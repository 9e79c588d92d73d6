package flow

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Codes of the diagnostics of Decode.
const (
	CodeSyntax    = "syntax"        // not JSON
	CodeType      = "wrong-type"    // the value is of another type than the field
	CodeUnknown   = "unknown-field" // no such field here
	CodeDuplicate = "duplicate"     // the member, or the node id, stands there twice
	CodeStepKind  = "unknown-step"  // no step of that kind
)

// Decode reads the JSON form of a program. It is strict: whatever it does not
// know is an error that names the JSON Pointer (RFC 6901) of the place. What
// it could read is returned in any case. It does not Validate.
func Decode(data []byte) (Program, Diagnostics) {
	d := decoder{}
	var p Program
	dec := json.NewDecoder(bytes.NewReader(data))
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		d.ds.Errorf(CodeSyntax, "", "the program is not JSON: %v", err)
		return p, d.ds
	}
	if _, err := dec.Token(); err != io.EOF {
		d.ds.Errorf(CodeSyntax, "", "something follows the program")
	}
	d.value(raw, reflect.ValueOf(&p).Elem(), "")
	return p, d.ds
}

type decoder struct{ ds Diagnostics }

// value reads raw into v, at JSON Pointer at.
func (d *decoder) value(raw json.RawMessage, v reflect.Value, at string) {
	switch {
	case v.Type() == durationType:
		d.duration(raw, v, at)
		return
	case v.Type() == stepType:
		d.step(raw, v, at)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.members(raw, at, func(name string, m json.RawMessage, at string) {
			d.field(name, m, v, at)
		})
	case reflect.Slice:
		d.slice(raw, v, at)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		d.members(raw, at, func(name string, m json.RawMessage, at string) {
			e := reflect.New(v.Type().Elem()).Elem()
			d.value(m, e, at)
			v.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
		})
	default:
		d.leaf(raw, v, at)
	}
}

// wanted names what a field of kind k holds, for people.
func wanted(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "a text"
}

func (d *decoder) leaf(raw json.RawMessage, v reflect.Value, at string) {
	if string(raw) == "null" || json.Unmarshal(raw, v.Addr().Interface()) != nil {
		d.ds.Errorf(CodeType, at, "%s must be %s, not %s", last(at), wanted(v.Kind()), shown(raw))
	}
}

func (d *decoder) duration(raw json.RawMessage, v reflect.Value, at string) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if t, err := time.ParseDuration(s); err == nil {
			v.SetInt(int64(t))
			return
		}
	}
	d.ds.Errorf(CodeType, at, "%s must be a duration such as \"2.5s\", not %s", last(at), shown(raw))
}

func (d *decoder) slice(raw json.RawMessage, v reflect.Value, at string) {
	var items []json.RawMessage
	if string(raw) == "null" || json.Unmarshal(raw, &items) != nil {
		d.ds.Errorf(CodeType, at, "%s must be a list, not %s", last(at), shown(raw))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(item, v.Index(i), at+"/"+strconv.Itoa(i))
	}
}

// step reads a step by its kind.
func (d *decoder) step(raw json.RawMessage, v reflect.Value, at string) {
	var tag struct {
		Kind string `json:"kind"`
	}
	if raw[0] != '{' {
		d.ds.Errorf(CodeType, at, "%s must be an object with a kind, not %s", last(at), shown(raw))
		return
	}
	if json.Unmarshal(raw, &tag) != nil {
		d.ds.Errorf(CodeType, at+"/"+kindMember, "kind must be a text")
		return
	}
	types := StepTypes()
	i := slices.IndexFunc(types, func(s Step) bool { return s.Kind() == tag.Kind })
	if i < 0 {
		d.ds.Errorf(CodeStepKind, at+"/"+kindMember, "there is no step of kind %q", tag.Kind)
		return
	}
	s := reflect.New(reflect.TypeOf(types[i])).Elem()
	d.members(raw, at, func(name string, m json.RawMessage, at string) {
		if name != kindMember {
			d.field(name, m, s, at)
		}
	})
	v.Set(s)
}

func (d *decoder) field(name string, raw json.RawMessage, v reflect.Value, at string) {
	for i := range v.NumField() {
		if n, _ := member(v.Type().Field(i)); n == name {
			d.value(raw, v.Field(i), at)
			return
		}
	}
	d.ds.Errorf(CodeUnknown, at, "there is no field %q here", name)
}

// members calls f for each member of an object in their order.
func (d *decoder) members(raw json.RawMessage, at string, f func(name string, m json.RawMessage, at string)) {
	if raw[0] != '{' {
		d.ds.Errorf(CodeType, at, "%s must be an object, not %s", last(at), shown(raw))
		return
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.Token() // raw is valid JSON: it has been through a decoder
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return
		}
		name, _ := t.(string)
		var m json.RawMessage
		if dec.Decode(&m) != nil {
			return
		}
		here := at + "/" + escape(name)
		if seen[name] {
			d.ds.Errorf(CodeDuplicate, here, "%s stands there twice", name)
			continue
		}
		seen[name] = true
		f(name, m, here)
	}
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// escape writes a member's name as a reference token (RFC 6901 §3).
func escape(name string) string { return pointerEscaper.Replace(name) }

// last names the place for people: the end of its pointer.
func last(at string) string {
	if at == "" {
		return "the program"
	}
	return at[strings.LastIndexByte(at, '/')+1:]
}

// shown gives the beginning of a value.
func shown(raw json.RawMessage) string {
	const most = 40
	if len(raw) > most {
		return strings.ToValidUTF8(string(raw[:most]), "") + "…"
	}
	return string(raw)
}
