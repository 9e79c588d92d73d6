package native

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
)

// assignment is Set: a map from the variable to its value, {language: sv}.
type assignment struct{}

func (assignment) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 {
		r.wrong(n, at, "a map from one variable to its value")
		return
	}
	s := flow.Set{Name: n.Content[0].Value}
	value, _ := r.text(n.Content[1], at+"/"+escape(s.Name))
	s.Value = flow.Template(value)
	v.Set(reflect.ValueOf(s))
}

func (assignment) write(_ *writer, v reflect.Value) *yaml.Node {
	s := v.Interface().(flow.Set)
	n := mapNode()
	add(n, s.Name, textNode(string(s.Value)))
	return inline(n)
}

func (assignment) schema() any {
	return object{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": text{}.schema()}
}

// operators are the words of the comparisons of If.
func operators() []struct {
	word string
	op   flow.Operator
} {
	return []struct {
		word string
		op   flow.Operator
	}{
		{"equals", flow.Equal}, {"differs_from", flow.NotEqual}, {"less_than", flow.Less}, {"greater_than", flow.Greater},
		{"begins_with", flow.BeginsWith}, {"ends_with", flow.EndsWith}, {"contains", flow.Contains}, {"one_of", flow.OneOf},
		{"is_set", flow.IsSet},
	}
}

func operatorWords() []string {
	var words []string
	for _, o := range operators() {
		words = append(words, o.word)
	}
	return words
}

// condition is If: {value: "${call.from}", begins_with: "+46"}. The long form
// is {left: …, op: …, right: …}.
type condition struct{}

func (condition) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map of value and one of "+strings.Join(operatorWords(), ", "))
		return
	}
	if _, long := find(n, "op"); long != nil {
		recordOf(v.Type()).read(r, n, v, at)
		return
	}
	var c flow.If
	first, valued := "", false
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		if key == "value" {
			s, _ := r.text(value, at)
			c.Left, valued = flow.Template(s), true
			return
		}
		for _, o := range operators() {
			if o.word != key {
				continue
			}
			if first != "" {
				r.ds.Errorf(flow.CodeType, at, "if compares by %s or by %s, not by both", first, key)
				return
			}
			first, c.Op = key, o.op
			c.Right = flow.Template(r.compared(key, value, at))
			return
		}
		r.unknown(key, at, append([]string{"value"}, operatorWords()...))
	})
	if !valued {
		r.ds.Errorf(CodeMissing, at, "value is missing: the text to compare, such as ${call.from}")
	}
	if first == "" {
		r.ds.Errorf(CodeMissing, at, "the comparison is missing: one of %s", strings.Join(operatorWords(), ", "))
	}
	v.Set(reflect.ValueOf(c))
}

// compared reads what the value is compared with: true for is_set, a list or a
// text for one_of.
func (r *reader) compared(word string, n *yaml.Node, at string) string {
	switch {
	case word == "is_set":
		if n.ShortTag() != tagTruth || n.Value != "true" {
			r.wrong(n, at, "true; its opposite is the way else")
		}
		return ""
	case word == "one_of" && n.Kind == yaml.SequenceNode:
		var items []string
		list{text{}}.read(r, n, reflect.ValueOf(&items).Elem(), at)
		return strings.Join(items, ",")
	}
	s, _ := r.text(n, at)
	return s
}

func (condition) write(w *writer, v reflect.Value) *yaml.Node {
	c := v.Interface().(flow.If)
	n := mapNode()
	for _, o := range operators() {
		if o.op != c.Op || o.op == flow.IsSet && c.Right != "" {
			continue
		}
		add(n, "value", textNode(string(c.Left)))
		if o.op == flow.IsSet {
			add(n, o.word, scalar(tagTruth, "true"))
		} else {
			add(n, o.word, textNode(string(c.Right)))
		}
		return inline(n)
	}
	n = recordOf(v.Type()).write(w, v)
	if _, op := find(n, "op"); op == nil {
		add(n, "op", textNode(""))
	}
	return inline(n)
}

func (condition) schema() any {
	properties := object{"value": text{}.schema()}
	var one []any
	for _, o := range operators() {
		properties[o.word] = text{}.schema()
		one = append(one, object{"required": []string{o.word}})
	}
	properties["is_set"] = object{"const": true}
	properties["one_of"] = object{"anyOf": []any{text{}.schema(), list{text{}}.schema()}}
	short := object{"type": "object", "required": []string{"value"}, "properties": properties, "additionalProperties": false, "oneOf": one}
	return object{"anyOf": []any{short, recordOf(reflect.TypeFor[flow.If]()).schema()}}
}
