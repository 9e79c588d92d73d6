package sonetel

import (
	"context"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// format reads and writes voice apps as files: what a client would POST.
type format struct{}

// NewFormat gives the file form of voice apps. It goes by the default Timers.
func NewFormat() dialect.Format { return format{} }

// Kind gives "sonetel".
func (format) Kind() voice.AppKind { return Kind }

// CompileFile makes the program of a voice app. A field at fault is a
// diagnostic; kind Invalid is for what is no JSON object.
func (format) CompileFile(ctx context.Context, data []byte, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	if _, err := input.ParseObject(data); err != nil {
		return flow.Program{}, nil, voice.E("sonetel.CompileFile", voice.Invalid, err)
	}
	return check(ctx, data, r, Timers{})
}

// ExpressFile writes a program as a voice app. Keys without an action are left out.
func (format) ExpressFile(ctx context.Context, p flow.Program, r dialect.Resolver) ([]byte, []dialect.Loss, error) {
	app, _, losses, err := express(ctx, p, r, Timers{})
	if err != nil {
		return nil, losses, err
	}
	data, err := dialect.FileText(app)
	return data, losses, err
}
