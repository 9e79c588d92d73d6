package smartfloivr

import (
	"context"
	"encoding/json"
	"maps"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// NewFormat gives the IVRs of Smartflo as files: each holds the body of the
// request that makes one, as JSON.
func NewFormat() dialect.Format { return format{} }

type format struct{}

// Kind implements dialect.Format.
func (format) Kind() voice.AppKind { return Kind }

// CompileFile implements dialect.Format.
func (format) CompileFile(ctx context.Context, data []byte, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	var ds flow.Diagnostics
	d := &IVR{}
	body, err := input.ParseObject(data, TwiceNamed)
	// What Express could not say is empty; the API alone insists on it.
	maps.DeleteFunc(body, func(_ string, v json.RawMessage) bool { return string(v) == `""` || string(v) == "[]" })
	if err == nil {
		err = Merge(d, body, false)
	}
	if err != nil {
		ds.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return flow.Program{}, ds, nil
	}
	_, templates := body["sms_template"]
	d.Normal(nil, templates)
	raw, err := json.Marshal(d)
	if err != nil {
		return flow.Program{}, nil, voice.E("smartfloivr.CompileFile", voice.Internal, err)
	}
	return Compile(ctx, voice.App{ID: "smartflo", Kind: Kind, Type: TypeIVR, Name: d.Name, Document: raw}, r, options(r))
}

// options are those for a resolver.
func options(r dialect.Resolver) Options {
	_, open := r.(dialect.OpenResolver)
	return Options{Open: open}
}

// ExpressFile implements dialect.Format.
func (format) ExpressFile(ctx context.Context, p flow.Program, r dialect.Resolver) ([]byte, []dialect.Loss, error) {
	d, losses, err := Express(ctx, p, r, options(r))
	if err != nil {
		return nil, losses, err
	}
	data, err := dialect.FileText(d)
	return data, losses, err
}
