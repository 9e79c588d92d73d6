package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"tandem/internal/config"
	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/outline"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type flowCmd struct {
	Validate flowValidate `cmd:"" help:"Say what is wrong with a flow, with file, line and column."`
	Show     flowShow     `cmd:"" help:"Tell a flow in words."`
	Convert  flowConvert  `cmd:"" help:"Turn a vendor's menu into another's form, and list what is lost."`
	Schema   flowSchema   `cmd:"" help:"Print the JSON Schema of native flows, for editors."`
	Import   flowImport   `cmd:"" help:"Make an app of a native flow, or give an app a new one."`
	Export   flowExport   `cmd:"" help:"Print the native flow of an app."`
	Diff     flowDiff     `cmd:"" help:"Tell the difference between two flows in words."`
}

// maxFlowFile bounds a file that is read; formats have bounds of their own.
const maxFlowFile = 16 << 20

// document is a file with the form that it is in.
type document struct {
	File string `arg:"" help:"The file."`
	Kind string `default:"native" placeholder:"KIND" help:"Form of the file: native (default), sonetel, telphin or smartflo."`
	data []byte
}

// formatOf finds a form by its kind; flag is what named it.
func formatOf(flag, kind string) (dialect.Format, error) {
	var kinds []string
	for _, f := range daemon.Formats() {
		if string(f.Kind()) == kind {
			return f, nil
		}
		kinds = append(kinds, string(f.Kind()))
	}
	return nil, voice.InvalidField("flow", flag, "%q is none of %s", kind, strings.Join(kinds, ", "))
}

func readFlow(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, voice.InvalidField("flow", "file", "%v", err)
	}
	defer f.Close() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFlowFile+1))
	if err != nil {
		return nil, voice.InvalidField("flow", "file", "%v", err)
	}
	if len(data) > maxFlowFile {
		return nil, voice.InvalidField("flow", "file", "%s has more than %d bytes", name, maxFlowFile)
	}
	return data, nil
}

// finding is a diagnostic with its place in the file; line 0 = unknown.
type finding struct {
	flow.Diagnostic
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

func (f finding) String() string {
	place := f.File
	if f.Line > 0 {
		place += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	text := fmt.Sprintf("%s: %s: %s", place, f.Severity, f.Text)
	if f.Pointer != "" {
		text += " (at " + f.Pointer + ")"
	}
	return printable(text)
}

// findings places the diagnostics of a file; err is what made it unreadable.
func findings(file string, data []byte, ds flow.Diagnostics, err error) ([]finding, error) {
	if err != nil && !voice.IsKind(err, voice.Invalid) {
		return nil, err
	}
	if _, told := ds.FirstError(); err != nil && !told {
		ds.Errorf(flow.CodeSyntax, "", "%s", voice.Reason(err))
	}
	out := make([]finding, len(ds))
	for i, d := range ds {
		out[i] = finding{Diagnostic: d, File: file}
		out[i].Line, out[i].Column = native.Position(data, d.Pointer)
	}
	return out, nil
}

// compile reads the file and says on w what is wrong with it. The error is of
// status 1 when the file has errors.
func (d *document) compile(p *program, r dialect.Resolver, w io.Writer) (flow.Program, []finding, error) {
	f, err := formatOf("kind", d.Kind)
	if err != nil {
		return flow.Program{}, nil, err
	}
	if d.data, err = readFlow(d.File); err != nil {
		return flow.Program{}, nil, err
	}
	prog, ds, err := f.CompileFile(p.ctx, d.data, r)
	found, err := findings(d.File, d.data, ds, err)
	if err != nil {
		return prog, nil, err
	}
	return prog, found, told(w, found)
}

// told writes findings, and gives status 1 when one is an error.
func told(w io.Writer, found []finding) error {
	var status error
	for _, f := range found {
		fmt.Fprintln(w, f)
		if f.Severity == flow.Error {
			status = statusError(1)
		}
	}
	return status
}

type flowValidate struct {
	document
	Account string `placeholder:"ID" help:"Look up the apps, sounds, users and extensions that the flow names in this account."`
}

func (c *flowValidate) Run(p *program) error {
	if c.Account == "" {
		return c.validate(p, dialect.OpenResolver{})
	}
	return p.withResolver(c.Account, func(_ *sqlstore.Store, _ voice.TenantID, r dialect.Resolver) error { return c.validate(p, r) })
}

func (c *flowValidate) validate(p *program, r dialect.Resolver) error {
	w := p.stdout
	if p.cli.JSON {
		w = io.Discard
	}
	prog, found, err := c.compile(p, r, w)
	var status statusError
	if err != nil && !errors.As(err, &status) {
		return err
	}
	out := struct {
		OK       bool      `json:"ok"`
		Findings []finding `json:"findings"`
	}{err == nil, found}
	if p.cli.JSON {
		return errors.Join(p.show(out, nil), err)
	}
	if err == nil {
		fmt.Fprintf(p.stdout, "%s is in order: %d steps.\n", printable(c.File), len(prog.Nodes))
	}
	return err
}

type flowShow struct{ document }

func (c *flowShow) Run(p *program) error {
	prog, _, err := c.compile(p, dialect.OpenResolver{}, p.stderr)
	if err != nil {
		return err
	}
	if p.cli.JSON {
		return p.show(prog, nil)
	}
	_, err = io.WriteString(p.stdout, outline.New(&prog).Text())
	return err
}

type flowConvert struct {
	File string `arg:"" help:"The file."`
	From string `required:"" placeholder:"KIND" help:"Form of the file: native, sonetel, telphin or smartflo."`
	To   string `required:"" placeholder:"KIND" help:"Form to write."`
	Out  string `short:"o" placeholder:"FILE" help:"Write there instead of printing."`
	YAML bool   `name:"yaml" help:"Write a native flow as YAML instead of JSON."`
}

// lossStatus tells scripts that the document was written and is not all.
const lossStatus = statusError(3)

func (c *flowConvert) Run(p *program) error {
	from, err := formatOf("from", c.From)
	if err != nil {
		return err
	}
	to, err := formatOf("to", c.To)
	if err != nil {
		return err
	}
	if c.YAML {
		if to.Kind() != native.Kind {
			return voice.InvalidField("flow", "yaml", "%s is not written as YAML; native is", c.To)
		}
		to = native.NewYAMLFormat()
	}
	data, err := readFlow(c.File)
	if err != nil {
		return err
	}
	done, err := dialect.Convert(p.ctx, from, to, data, dialect.OpenResolver{})
	if done.Document == nil {
		found, err := findings(c.File, data, done.Diagnostics, err)
		if err != nil {
			return err
		}
		return told(p.stderr, found)
	}
	if err != nil {
		return err
	}
	return c.write(p, data, done)
}

func (c *flowConvert) write(p *program, data []byte, done dialect.Conversion) error {
	found, err := findings(c.File, data, done.Diagnostics, nil)
	if err != nil {
		return err
	}
	if c.Out != "" {
		err = os.WriteFile(c.Out, done.Document, 0o644)
	} else {
		_, err = p.stdout.Write(done.Document)
	}
	if err != nil {
		return err
	}
	if p.cli.JSON {
		enc := json.NewEncoder(p.stderr)
		enc.SetIndent("", "  ")
		err = enc.Encode(struct {
			Losses   []dialect.Loss `json:"losses"`
			Findings []finding      `json:"findings"`
		}{append([]dialect.Loss{}, done.Losses...), found})
	} else {
		err = told(p.stderr, found)
		for _, l := range done.Losses {
			fmt.Fprintln(p.stderr, printable(fmt.Sprintf("lost at %s: %s, because %s; instead: %s", l.Where, l.What, l.Why, l.Instead)))
		}
	}
	if err == nil && len(done.Losses) > 0 {
		err = lossStatus
	}
	return err
}

type flowSchema struct{}

func (flowSchema) Run(p *program) error {
	_, err := p.stdout.Write(native.Schema())
	return err
}

// withResolver opens the store for work on what an account has.
func (p *program) withResolver(account string, work func(*sqlstore.Store, voice.TenantID, dialect.Resolver) error) error {
	return p.withStore(func(_ config.Config, st *sqlstore.Store) error {
		t, err := st.Tenant(p.ctx, voice.TenantID(account))
		if voice.IsKind(err, voice.NotExist) {
			return voice.InvalidField("flow", "account", "there is no account %s", account)
		}
		if err != nil {
			return err
		}
		return work(st, t.ID, dialect.StoreResolver{Tenant: t.ID, UserStore: st, AppStore: st, SoundStore: st, ExtensionStore: st, ResourceStore: st})
	})
}
