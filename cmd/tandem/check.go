package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tandem/internal/check"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/publish"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type checkCmd struct {
	Path    []string `arg:"" name:"path" help:"Flows, in our form or a vendor's, or folders of them."`
	Kind    string   `placeholder:"KIND" help:"Form of the documents: native, sonetel, telphin, smartflo or routee (default what they look like)."`
	Account string   `placeholder:"ID" help:"Check what the flows name in this account: sounds, extensions, numbers, trunks."`
	Format  string   `enum:"text,json,sarif" default:"text" placeholder:"text|json|sarif" help:"How to print: for people, as JSON, or as SARIF 2.1.0 for code hosts (default text)."`
}

// maxChecked bounds the files of one folder.
const maxChecked = 10_000

// Status of check: warnings alone are no failure of a script that publishes.
const checkStatus = statusError(1)

// checkedFile is the report of one document.
type checkedFile struct {
	File string `json:"file"`
	Kind string `json:"kind"`
	check.Report
}

func (c *checkCmd) Run(p *program) error {
	if p.cli.JSON {
		c.Format = "json"
	}
	if c.Account == "" {
		return c.check(p, dialect.OpenResolver{}, nil)
	}
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) error {
		return c.check(p, r, func(ctx context.Context, prog *flow.Program) (*check.World, error) {
			return publish.World(ctx, r, st, st, t, prog)
		})
	})
}

type worldOf func(ctx context.Context, prog *flow.Program) (*check.World, error)

func (c *checkCmd) check(p *program, r dialect.Resolver, world worldOf) error {
	var reports []checkedFile
	for _, path := range c.Path {
		files, folder, err := documents(path)
		if err != nil {
			return err
		}
		found := len(reports)
		for _, file := range files {
			one, known, err := c.file(p.ctx, file, r, world)
			if err != nil {
				return err
			}
			if !known && folder && c.Kind == "" {
				continue // JSON and YAML of other kinds lie in folders too
			}
			reports = append(reports, one)
		}
		if len(reports) == found {
			return voice.InvalidField("check", "path", "there is no flow in %s", path)
		}
	}
	if err := c.print(p, reports); err != nil {
		return err
	}
	if slices.ContainsFunc(reports, func(r checkedFile) bool { return r.Errors() > 0 }) {
		return checkStatus
	}
	return nil
}

// documents lists the file itself, or the JSON and YAML files below a folder.
func documents(path string) (files []string, folder bool, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, false, voice.InvalidField("check", "path", "%v", err)
	}
	if !info.IsDir() {
		return []string{path}, false, nil
	}
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains([]string{".json", ".yaml", ".yml"}, strings.ToLower(filepath.Ext(name))) && d.Type().IsRegular() {
			files = append(files, name)
		}
		if len(files) > maxChecked {
			return fmt.Errorf("there are more than %d files", maxChecked)
		}
		return nil
	})
	if err != nil {
		return nil, true, voice.InvalidField("check", "path", "%v", err)
	}
	return files, true, nil
}

// file checks one document; known is false when it looks like none.
func (c *checkCmd) file(ctx context.Context, file string, r dialect.Resolver, world worldOf) (one checkedFile, known bool, err error) {
	data, err := readFlow(file)
	if err != nil {
		return one, false, err
	}
	kind := cmp.Or(c.Kind, string(kindIn(data)))
	known = kind != ""
	kind = cmp.Or(kind, kindOf(file)) // whose compiler says what is wrong with it
	compile, err := compilerOf("kind", kind)
	if err != nil {
		return one, known, err
	}
	prog, ds, err := compile(ctx, data, r)
	if err != nil && !voice.IsKind(err, voice.Invalid) {
		return one, known, err
	}
	if _, told := ds.FirstError(); err != nil && !told {
		ds.Errorf(flow.CodeSyntax, "", "%s", voice.Reason(err))
	}
	in := check.Input{Program: &prog, Diagnostics: ds, Kind: voice.AppKind(kind), Now: time.Now()}
	if world != nil {
		if in.World, err = world(ctx, &prog); err != nil {
			return one, known, err
		}
	}
	one = checkedFile{File: file, Kind: kind, Report: check.Check(in)}
	at := native.Positions(data)
	for i, f := range one.Findings {
		one.Findings[i].Line, one.Findings[i].Column = at(f.Pointer)
	}
	return one, known, nil
}

func (c *checkCmd) print(p *program, reports []checkedFile) error {
	switch c.Format {
	case "json":
		enc := json.NewEncoder(p.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(reports)
	case "sarif":
		return writeSARIF(p.stdout, reports)
	}
	var failed error
	for _, r := range reports {
		failed = errors.Join(failed, tellReport(p.stdout, r))
	}
	return failed
}

// tellReport prints a report for people.
func tellReport(w io.Writer, r checkedFile) error {
	counts := map[flow.Severity]int{}
	for _, f := range r.Findings {
		counts[f.Severity]++
		fmt.Fprintln(w, printable(fmt.Sprintf("%s:%d:%d: %s: %s [%s]", r.File, max(f.Line, 1), max(f.Column, 1), f.Severity, f.Text, f.Code)))
		if f.Mend != "" {
			fmt.Fprintln(w, printable("    "+f.Mend))
		}
	}
	line := fmt.Sprintf("%s: %s", r.File, many(r.Facts.Steps, "step"))
	if r.Facts.ToChoice > 0 {
		line += fmt.Sprintf(", first choice after %s", r.Facts.ToChoice.Round(time.Second))
	}
	if r.Facts.Person != "" {
		line += fmt.Sprintf(", a person after %s and %s at most", r.Facts.ToPerson.Round(time.Second), many(r.Facts.MostKeys, "key"))
	}
	_, err := fmt.Fprintln(w, printable(line+fmt.Sprintf("; %s, %s, %s", many(counts[flow.Error], "error"), many(counts[flow.Warning], "warning"), many(counts[check.Note], "note"))))
	return err
}

// many counts things: "1 key", "2 keys".
func many(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
