package native

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

func destinationKinds() []string {
	return []string{string(voice.ToUser), string(voice.ToExtension), string(voice.ToNumber), string(voice.ToSIP), string(voice.ToGroup),
		string(voice.ToApp), string(voice.ToMailbox), string(voice.ToPhones), string(voice.ToDialled)}
}

// destination is a place that a call can go: {user: "5523"}, {number: "+4685…"}.
// The long form is {kind: …, id: …}.
type destination struct{}

func (destination) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	d, variable := r.destination(n, at)
	if variable != "" {
		r.ds.Errorf(flow.CodeValue, at, "%s can't hold a variable; only the destination of dial and transfer can", lastOf(at))
	}
	v.Set(reflect.ValueOf(d))
}

func (destination) write(_ *writer, v reflect.Value) *yaml.Node {
	return inline(destinationNode(v.Interface().(voice.Destination), ""))
}

func (destination) schema() any { return ref("destination") }

func (destination) define() any {
	forms := []any{object{"type": "object", "required": []string{"kind"}, "additionalProperties": false,
		"properties": object{"kind": object{"enum": destinationKinds()}, "id": text{}.schema(), "variable": object{"type": "string"}}}}
	for _, k := range destinationKinds() {
		forms = append(forms, object{"type": "object", "required": []string{k}, "additionalProperties": false,
			"properties": object{k: text{}.schema()}})
	}
	return object{"anyOf": forms}
}

// destination reads a destination and the variable that its id may be in: an id
// that is ${name} and nothing else.
func (r *reader) destination(n *yaml.Node, at string) (d voice.Destination, variable string) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.wrong(n, at, "a map with one of "+strings.Join(destinationKinds(), ", "))
		return d, ""
	}
	if _, long := find(n, "kind"); long != nil {
		r.members(n, at, func(key string, value *yaml.Node, at string) {
			s, _ := r.text(value, at)
			switch key {
			case "kind":
				d.Kind = voice.DestinationKind(s)
				if !contains(destinationKinds(), s) {
					r.ds.Errorf(flow.CodeValue, at, "kind is %q; it must be one of %s", s, strings.Join(destinationKinds(), ", "))
				}
			case "id":
				d.ID = s
			case "variable":
				variable = s
			default:
				r.unknown(key, at, []string{"kind", "id", "variable"})
			}
		})
		if d.ID != "" {
			d.ID = r.refer(string(d.Kind), d.ID, at+"/id")
		}
		return d, variable
	}
	first := ""
	r.members(n, at, func(key string, value *yaml.Node, at string) {
		switch {
		case !contains(destinationKinds(), key):
			r.unknown(key, at, destinationKinds())
			return
		case first != "":
			r.ds.Errorf(flow.CodeType, at, "a destination is either %s or %s, not both", first, key)
			return
		}
		first = key
		s, ok := r.text(value, at)
		if !ok {
			return
		}
		d.Kind = voice.DestinationKind(key)
		if variable = variableOf(s); variable == "" {
			d.ID = r.refer(key, s, at)
		}
	})
	return d, variable
}

// variableOf gives the name in a text that is ${name} alone, or "".
func variableOf(s string) string {
	name, ok := strings.CutPrefix(s, "${")
	name, closed := strings.CutSuffix(name, "}")
	if !ok || !closed || !flow.IsName(name) {
		return ""
	}
	return name
}

// destinationNode writes a destination, short where that says all.
func destinationNode(d voice.Destination, variable string) *yaml.Node {
	n := mapNode()
	known := contains(destinationKinds(), string(d.Kind))
	switch {
	case known && variable == "" && d.ID != "" && variableOf(d.ID) == "":
		add(n, string(d.Kind), textNode(d.ID))
	case known && d.ID == "" && variableOf("${"+variable+"}") != "":
		add(n, string(d.Kind), textNode("${"+variable+"}"))
	default:
		add(n, "kind", textNode(string(d.Kind)))
		if d.ID != "" {
			add(n, "id", textNode(d.ID))
		}
		if variable != "" {
			add(n, "variable", textNode(variable))
		}
	}
	return n
}

// dialled is Dial or Transfer: its fields, with the destination's word among them
// where the short form says all, and in "to" otherwise.
type dialled struct{ step reflect.Type }

func (s dialled) rest() record {
	rec := recordOf(s.step, "To", "ToVar")
	rec.more = append([]string{"to"}, destinationKinds()...)
	return rec
}

func (s dialled) read(r *reader, n *yaml.Node, v reflect.Value, at string) {
	rec := s.rest()
	if n.Kind != yaml.MappingNode {
		r.wrong(n, at, "a map with the destination: one of "+strings.Join(destinationKinds(), ", "))
		return
	}
	rec.read(r, n, v, at)
	short := mapNode()
	for i := 0; i+1 < len(n.Content); i += 2 {
		if contains(destinationKinds(), n.Content[i].Value) {
			short.Content = append(short.Content, n.Content[i], n.Content[i+1])
		}
	}
	_, to := find(n, "to")
	switch {
	case to != nil && len(short.Content) > 0:
		r.ds.Errorf(flow.CodeType, at+"/to", "to and %s both say the destination", short.Content[0].Value)
		return
	case to != nil:
		n, at = to, at+"/to"
	case len(short.Content) > 0:
		n = short
	default:
		r.ds.Errorf(CodeMissing, at, "%s needs a destination: one of %s", lastOf(at), strings.Join(destinationKinds(), ", "))
		return
	}
	d, variable := r.destination(n, at)
	v.FieldByName("To").Set(reflect.ValueOf(d))
	v.FieldByName("ToVar").SetString(variable)
}

func (s dialled) write(w *writer, v reflect.Value) *yaml.Node {
	to := destinationNode(v.FieldByName("To").Interface().(voice.Destination), v.FieldByName("ToVar").String())
	n := s.rest().write(w, v)
	if _, long := find(to, "kind"); long != nil {
		to = &yaml.Node{Kind: yaml.MappingNode, Tag: to.Tag, Content: []*yaml.Node{textNode("to"), inline(to)}}
	}
	n.Content = slices.Concat(to.Content, n.Content)
	n.Style = 0
	return inline(n)
}

func (s dialled) schema() any {
	out := s.rest().schema().(object)
	properties := out["properties"].(object)
	var one []any
	for _, k := range destinationKinds() {
		properties[k] = text{}.schema()
		one = append(one, object{"required": []string{k}})
	}
	properties["to"] = destination{}.schema()
	out["oneOf"] = append(one, object{"required": []string{"to"}})
	return out
}
