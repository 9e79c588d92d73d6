package dialect

import (
	"bytes"
	"context"
	"encoding/json"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Format reads and writes the documents of one dialect as files, without stores
// and without an account. Each dialect with stored documents gives its own by a
// function NewFormat.
type Format interface {
	// Kind is the dialect's, "sonetel".
	Kind() voice.AppKind
	// CompileFile makes the program of a document as a client of the vendor would
	// send it; where a vendor needs several requests, the file holds what they
	// hold, in the form that ExpressFile writes. The program is usable when it has
	// an entry, whatever the diagnostics. The error is for look-ups that broke, and
	// kind Invalid for a file that can't be read at all. r is an OpenResolver
	// where there is no account.
	CompileFile(ctx context.Context, data []byte, r Resolver) (flow.Program, flow.Diagnostics, error)
	// ExpressFile writes a program as a file for people, ending in a newline, and
	// says what it could not say. The error is for look-ups that broke, and kind
	// Invalid for a program without an entry.
	ExpressFile(ctx context.Context, p flow.Program, r Resolver) ([]byte, []Loss, error)
}

// FileText writes a document of JSON as a file for people. Internal, when it has
// no JSON form.
func FileText(document any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return nil, voice.E("dialect.FileText", voice.Internal, err)
	}
	return b.Bytes(), nil
}

// Conversion is what became of a document in another form. Document is empty
// when Diagnostics hold an error.
type Conversion struct {
	Program     flow.Program
	Diagnostics flow.Diagnostics // of the document that was read
	Document    []byte
	Losses      []Loss
}

// Convert reads a document in one form and writes it in another. Errors are
// those of CompileFile and ExpressFile.
func Convert(ctx context.Context, from, to Format, data []byte, r Resolver) (Conversion, error) {
	p, ds, err := from.CompileFile(ctx, data, r)
	c := Conversion{Program: p, Diagnostics: ds}
	if err != nil {
		return c, err
	}
	if _, bad := ds.FirstError(); bad {
		return c, nil
	}
	c.Document, c.Losses, err = to.ExpressFile(ctx, p, r)
	return c, err
}
