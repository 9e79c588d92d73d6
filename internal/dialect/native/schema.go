package native

import (
	"encoding/json"
	"reflect"

	"tandem/internal/flow"
)

// SchemaID names the JSON Schema. It is a name, and nothing is fetched from it.
const SchemaID = "urn:tandem:flow:1"

func ref(name string) any { return object{"$ref": "#/$defs/" + name} }

// Schema gives the JSON Schema (2020-12) of a document, indented, ending in a
// newline. It is made of the tables that documents are read by; what concerns
// several places at once (that a step exists, that values are within their
// bounds) is the compiler's alone.
func Schema() []byte {
	defs := object{
		"prompt":      prompt{}.define(),
		"destination": destination{}.define(),
		"duration":    object{"type": "string", "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`, "description": "such as 5s, 500ms or 1m30s"},
		"way":         object{"type": []string{"string", "number", "null"}, "description": "the step that follows; empty ends the call"},
		"texts":       dict{text{}}.schema(),
		"step":        stepSchema(),
	}
	language := object{"type": "string", "pattern": languagePattern}
	name := text{}.schema()
	schema := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SchemaID,
		"title": "Call flow", "type": "object", "additionalProperties": false,
		"required": []string{"flow", "start", "steps"},
		"properties": object{
			"flow": object{"const": Version}, "name": name, "language": language,
			"languages": object{"type": "array", "items": language},
			"start":     name, "expired": name, "lifetime": ref("duration"), "meta": ref("texts"),
			"steps": object{"type": "object", "minProperties": 1, "maxProperties": flow.MaxNodes, "additionalProperties": ref("step")},
		},
		"$defs": defs,
	}
	out, _ := json.MarshalIndent(schema, "", "  ") // texts, numbers, lists and maps always encode
	return append(out, '\n')
}

func stepSchema() any {
	var one, all []any
	for _, f := range forms() {
		properties := object{f.word: f.valueSchema(), wordLabel: text{}.schema(), wordMeta: ref("texts")}
		for _, e := range f.ways {
			properties[f.wayWord(e)] = ref("way")
		}
		switch f.special() {
		case wordPhrases:
			properties[wordPhrases] = object{"type": "array", "items": object{"type": "object", "required": []string{"words"},
				"properties":           object{"words": text{}.schema(), "exit": text{}.schema(), "then": ref("way")},
				"additionalProperties": false}}
		case "":
		default:
			properties[f.special()] = object{"type": "object", "additionalProperties": ref("way")}
		}
		one = append(one, object{"required": []string{f.word}, "description": f.words})
		// Branches by the word, so that validators tell of this step alone.
		all = append(all, object{"if": object{"required": []string{f.word}},
			"then": object{"properties": properties, "additionalProperties": false}})
	}
	return object{"type": "object", "oneOf": one, "allOf": all}
}

func (f form) valueSchema() any {
	value := f.value().schema()
	var also []any
	if f.short != "" {
		field, _ := reflect.TypeOf(f.zero).FieldByName(f.short)
		also = append(also, shapeOf(field.Type).schema())
	}
	if f.mayBeEmpty() {
		also = append(also, object{"type": "null"})
	}
	if also == nil {
		return value
	}
	return object{"anyOf": append(also, value)}
}
