package native

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Kind is the kind of the apps in this format.
const Kind voice.AppKind = "native"

// Dialect compiles and expresses stored native apps.
type Dialect struct{}

var (
	_ dialect.Dialect   = Dialect{}
	_ dialect.Expresser = Dialect{}
	_ dialect.Authored  = Dialect{}
)

// New makes the dialect.
func New() Dialect { return Dialect{} }

// Kind gives "native".
func (Dialect) Kind() voice.AppKind { return Kind }

// HostNames lists none: no vendor's clients speak it.
func (Dialect) HostNames() []string { return nil }

// Handler serves nothing: native apps are written over the native API.
func (Dialect) Handler(string) http.Handler { return http.NotFoundHandler() }

// Dialled knows no addresses.
func (Dialect) Dialled(_ context.Context, _ voice.TenantID, user string, _ dialect.Resolver) (dialect.Target, error) {
	return dialect.Target{}, voice.Errorf("native.Dialled", voice.NotExist, "nothing is behind %q", user)
}

// Compile makes the program of a stored app. A text that can't be read at all
// is an error of kind Invalid.
func (Dialect) Compile(ctx context.Context, app voice.App, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	text, err := Text(app.Document)
	if err != nil {
		return flow.Program{}, nil, err
	}
	return compile(ctx, text, app, r)
}

// Document implements dialect.Authored.
func (Dialect) Document(text []byte) json.RawMessage { return Document(text) }

// Text implements dialect.Authored.
func (Dialect) Text(document json.RawMessage) ([]byte, error) { return Text(document) }

// Edit implements dialect.Authored.
func (Dialect) Edit(ctx context.Context, old json.RawMessage, p flow.Program, r dialect.Resolver) (json.RawMessage, error) {
	return Edit(ctx, old, p, r)
}

// Express gives the document of a program, as JSON. It loses nothing.
func (Dialect) Express(_ context.Context, p flow.Program, _ dialect.Resolver) (json.RawMessage, []dialect.Loss, error) {
	n, err := write(p)
	if err != nil {
		return nil, nil, err
	}
	text, err := printJSON(n)
	if err != nil {
		return nil, nil, err
	}
	return Document(text), nil, nil
}

func compile(ctx context.Context, data []byte, app voice.App, look dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	doc, err := parse(data)
	if err != nil {
		return flow.Program{}, unreadable(err), voice.E("native.Compile", voice.Invalid, err)
	}
	r := &reader{ctx: ctx, look: look, self: app.ID}
	p := r.read(doc.Content[0])
	p.App, p.Name = app.ID, cmp.Or(p.Name, app.Name)
	if r.err != nil {
		return flow.Program{}, nil, r.err
	}
	if len(p.Nodes) > 0 { // without steps, it has been said why
		for _, d := range flow.Validate(&p) {
			r.add(d, doc.Content[0])
		}
	}
	if _, ok := p.Node(p.Entry); !ok {
		p.Entry = ""
	}
	if more := len(r.ds) - MaxFindings; more > 0 {
		last := r.ds[MaxFindings]
		r.ds = r.ds[:MaxFindings:MaxFindings]
		r.ds.Errorf(last.Code, last.Pointer, "%s; %d further findings are left out", last.Text, more-1)
	}
	return p, r.ds, nil
}

// add takes a diagnostic of the program over to the document, unless the reader
// has said the same of a narrower place.
func (r *reader) add(d flow.Diagnostic, doc *yaml.Node) {
	_, unreadSteps := r.ds.FirstError()
	switch {
	case d.Code == flow.CodeExit || d.Code == flow.CodeDangling && strings.HasPrefix(d.Pointer, "/steps/"):
		return
	case d.Code == flow.CodeUnreachable && unreadSteps:
		return // a way to it may be among what could not be read
	case d.Code == flow.CodeEntry:
		if start, value := find(doc, "start"); start == nil || r.broken(flow.NodeID(value.Value)) {
			return
		}
		d.Pointer = "/start"
	case strings.HasPrefix(d.Pointer, "/nodes"):
		d.Pointer = "/steps"
	case d.Code == flow.CodeValue || d.Code == flow.CodeTemplate:
		for _, have := range r.ds {
			if d.Pointer != "" && strings.HasPrefix(have.Pointer, d.Pointer+"/") && have.Severity == flow.Error {
				return // the value is empty because it could not be read
			}
		}
		d.Pointer = narrow(doc, d)
	}
	d.Text = strings.Replace(strings.Replace(d.Text, "of the program", "of the document", 1), "node ", "step ", 1)
	r.ds = append(r.ds, d)
}

var fieldWord = regexp.MustCompile(`[a-z]+(_[a-z]+)*`)

// narrow points a diagnostic of a step at the field that its words name.
func narrow(doc *yaml.Node, d flow.Diagnostic) string {
	step := doc
	for _, t := range tokens(d.Pointer) {
		if _, step = find(step, t); step == nil {
			return d.Pointer
		}
	}
	words := fieldWord.FindAllString(d.Text, -1)
	for i := 0; i+1 < len(step.Content); i += 2 {
		key, value := step.Content[i].Value, step.Content[i+1]
		if !slices.Contains(stepWords(), key) {
			continue
		}
		at := d.Pointer + "/" + escape(key)
		for j := 0; value.Kind == yaml.MappingNode && j+1 < len(value.Content); j += 2 {
			if field := value.Content[j].Value; slices.Contains(words, field) {
				return at + "/" + escape(field)
			}
		}
		return at
	}
	return d.Pointer
}

// format reads and writes files.
type format struct{ yaml bool }

// NewFormat gives the files of the format: it reads YAML and JSON and writes JSON.
func NewFormat() dialect.Format { return format{} }

// NewYAMLFormat is NewFormat but that it writes YAML.
func NewYAMLFormat() dialect.Format { return format{yaml: true} }

// Kind gives "native".
func (format) Kind() voice.AppKind { return Kind }

// CompileFile makes the program of a YAML or JSON text.
func (format) CompileFile(ctx context.Context, data []byte, r dialect.Resolver) (flow.Program, flow.Diagnostics, error) {
	return compile(ctx, data, voice.App{}, r)
}

// ExpressFile writes a program. It loses nothing.
func (f format) ExpressFile(_ context.Context, p flow.Program, _ dialect.Resolver) ([]byte, []dialect.Loss, error) {
	n, err := write(p)
	if err != nil {
		return nil, nil, err
	}
	if f.yaml {
		text, err := printYAML(n)
		return text, nil, err
	}
	text, err := printJSON(n)
	return text, nil, err
}

// stored is how voice.App.Document holds a YAML text, byte for byte.
type stored struct {
	Format string `json:"format"` // "yaml"
	Text   string `json:"text"`
}

// Document gives the form that a text is stored in as an app's document: JSON
// as it is, YAML within JSON. It does not check the text.
func Document(text []byte) json.RawMessage {
	if isJSON(text) && json.Valid(text) {
		return json.RawMessage(bytes.TrimSpace(text))
	}
	doc, _ := json.Marshal(stored{"yaml", string(text)}) // two texts always encode
	return doc
}

// Text gives the author's text of a stored document. Invalid when the document
// is none.
func Text(document json.RawMessage) ([]byte, error) {
	var s stored
	if json.Unmarshal(document, &s) == nil && s.Format == "yaml" {
		return []byte(s.Text), nil
	}
	if len(document) == 0 {
		return nil, voice.Errorf("native.Text", voice.Invalid, "the document is empty")
	}
	return document, nil
}
