package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Conversion is a document to be written in another language.
type Conversion struct {
	From     string          `json:"from" maxLength:"40" example:"smartflo"`
	To       string          `json:"to" maxLength:"40" example:"native"`
	Document json.RawMessage `json:"document" doc:"As the vendor's client would send it: JSON, or a text as a JSON string"`
	YAML     bool            `json:"yaml,omitempty" doc:"Write a native document as YAML"`
	Check    bool            `json:"check,omitempty" doc:"What the document refers to must be the account's; otherwise whatever it names is taken to exist"`
}

// Converted is the document in the other language.
type Converted struct {
	Document    json.RawMessage  `json:"document" doc:"JSON; YAML as a JSON string"`
	Losses      []dialect.Loss   `json:"losses" doc:"What the other language can't say; empty = nothing is lost"`
	Diagnostics flow.Diagnostics `json:"diagnostics" doc:"Warnings about the document that was read"`
}

func (a *API) registerConversion() {
	const section = "Conversion"
	handle(a, route{id: "convert", method: http.MethodPost, path: "/convert", section: section, scope: AppsRead, title: "Write a document in another language",
		text: "Nothing is stored. Everything that is lost is named."}, a.convert)
	handle(a, route{id: "native-schema", method: http.MethodGet, path: "/schemas/native", section: section, scope: AppsRead, title: "Read the JSON Schema of native documents"}, a.nativeSchema)
}

func (a *API) format(name, where string) (dialect.Format, error) {
	i := slices.IndexFunc(a.cfg.Formats, func(f dialect.Format) bool { return string(f.Kind()) == name })
	if i >= 0 {
		return a.cfg.Formats[i], nil
	}
	names := make([]string, len(a.cfg.Formats))
	for i, f := range a.cfg.Formats {
		names[i] = string(f.Kind())
	}
	return nil, invalid(where, "%q is none of %s", name, strings.Join(names, ", "))
}

func (a *API) convert(ctx context.Context, c caller, in *struct{ Body Conversion }) (*answer[Converted], error) {
	from, err := a.format(in.Body.From, "body.from")
	if err != nil {
		return nil, err
	}
	to, err := a.format(in.Body.To, "body.to")
	if err != nil {
		return nil, err
	}
	switch {
	case in.Body.YAML && to.Kind() != native.Kind:
		return nil, invalid("body.yaml", "only native documents are written as YAML")
	case in.Body.YAML:
		to = native.NewYAMLFormat()
	}
	data := []byte(in.Body.Document)
	var text string
	if json.Unmarshal(data, &text) == nil {
		data = []byte(text)
	}
	var r dialect.Resolver = dialect.OpenResolver{}
	if in.Body.Check {
		r = a.cfg.Resolver(c.tenant)
	}
	out, err := dialect.Convert(ctx, from, to, data, r)
	if bad := faulty(out.Diagnostics); bad != nil {
		return nil, bad
	}
	if voice.IsKind(err, voice.Invalid) {
		return nil, invalid("body.document", "%s", voice.Reason(err))
	}
	if err != nil {
		return nil, err
	}
	made := Converted{Document: out.Document, Losses: append([]dialect.Loss{}, out.Losses...), Diagnostics: append(flow.Diagnostics{}, out.Diagnostics...)}
	if !json.Valid(made.Document) {
		if made.Document, err = json.Marshal(string(out.Document)); err != nil {
			return nil, voice.E("httpapi.convert", voice.Internal, err)
		}
	}
	return body(made), nil
}

func (a *API) nativeSchema(context.Context, caller, *struct{}) (*answer[json.RawMessage], error) {
	return body(json.RawMessage(native.Schema())), nil
}
