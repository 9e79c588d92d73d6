package telphinivr

import (
	"context"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// NewFormat gives voice menus as files: a Document, which holds what the vendor's
// API takes in several requests.
func NewFormat() dialect.Format { return format{} }

type format struct{}

// Kind implements dialect.Format.
func (format) Kind() voice.AppKind { return Kind }

// CompileFile implements dialect.Format. Phrases of voice_helper are compiled as if
// there were a recogniser.
func (format) CompileFile(ctx context.Context, data []byte, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	d, err := Parse(data)
	if err == nil {
		err = d.check()
	}
	if err != nil {
		var ds flow.Diagnostics
		ds.Errorf(diagDocument, "", "%s", voice.Reason(err))
		return flow.Program{}, ds, nil
	}
	return Compile(ctx, voice.App{ID: "telphin", Kind: Kind, Type: d.Extension.Type, Name: d.Extension.AppName(), Document: data}, r, Settings{Speech: true})
}

// check looks at what the API checks as a client sends it.
func (d *Document) check() error {
	if err := d.Extension.Check(); err != nil {
		return err
	}
	for i := range d.Contexts {
		c := &d.Contexts[i]
		if err := c.Check(); err != nil {
			return err
		}
		for _, o := range c.Options {
			if err := c.CheckDigits(o.Digits); err != nil {
				return err
			}
			for j := range o.Rules {
				if err := o.Rules[j].checkVariables(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// AppName is what people see an extension as.
func (e *Extension) AppName() string {
	if e.Label != nil && *e.Label != "" {
		return *e.Label
	}
	return e.Type + " " + e.Name
}

// ExpressFile implements dialect.Format.
func (format) ExpressFile(ctx context.Context, p flow.Program, r dialect.Resolver) ([]byte, []dialect.Loss, error) {
	d, losses, err := Express(ctx, p, r)
	if err != nil {
		return nil, losses, err
	}
	d.LastContext, d.LastRule = 0, 0
	data, err := dialect.FileText(d)
	return data, losses, err
}
