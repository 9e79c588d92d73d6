package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/stage"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// testEnding ends the names of files of tests.
const testEnding = ".test"

// maxTestFiles bounds the files of one run.
const maxTestFiles = 10_000

type testCmd struct {
	Path    []string `arg:"" help:"Files of tests (NAME.test), or folders of them."`
	Format  string   `default:"text" enum:"text,tap,junit" placeholder:"FORM" help:"How to tell: text (default), tap or junit."`
	stage   *stage.Stage
	app     *process
	told    string                // a flow beside the tests whose findings were told before
	voices  []dialect.SpeechVoice // that speak to be heard; nil = nothing sounds
	Verbose bool                  `short:"v" help:"Tell of tests that passed, too."`
	Only    string                `placeholder:"TEXT" help:"Run the tests alone whose names hold TEXT."`
	Cover   bool                  `help:"Say which steps, exits and time-outs of the flows the tests have reached."`
	Least   int                   `placeholder:"PERCENT" help:"With --cover: fail when fewer of the exits were reached."`
	App     string                `placeholder:"URL" help:"The application that is tested: it alone may be asked. Without it no request leaves this program."`
	Run_    string                `name:"run" placeholder:"COMMAND" help:"Start the application for the tests, by the shell. It listens on the port in $$PORT, and finds the APIs in $$HOIIO_BASE, $$ROUTEE_URL and so on."`
	API     string                `name:"api" placeholder:"ADDRESS" help:"Where the application finds the vendors' APIs (default a free port of 127.0.0.1)."`
	Think   time.Duration         `default:"1s" placeholder:"TIME" help:"How long an application may take, in real time, to order something after it was told of something (default 1s)."`
	Write   bool                  `name:"write-missing" help:"Write a test for each exit that none reaches, at the end of the file. PATH may be a flow that has no tests yet."`
}

// suiteFile is a file of tests that is ready to be run.
type suiteFile struct {
	name  string
	data  []byte
	file  *suite.File
	setup suite.Setup

	conversation []byte // of a Routee flow
}

func (c *testCmd) Run(p *program) error {
	if c.Format != "text" && (c.Cover || c.Write) {
		return voice.InvalidField("test", "format", "--cover and --write-missing tell in text, or with --json")
	}
	names, err := c.testFiles()
	if err != nil {
		return err
	}
	defer c.close(p)
	var reports []suite.Report
	broken := false
	for _, name := range names {
		f, err := c.load(p, name)
		if err != nil {
			return err
		}
		if f == nil {
			broken = true
			continue
		}
		r := suite.Report{File: name, Results: c.run(p, f)}
		if c.Cover || c.Write {
			if err := c.cover(p, f, &r); err != nil {
				return err
			}
			broken = broken || c.short(r)
		}
		reports = append(reports, r)
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
	}
	if len(reports) > 0 || !broken {
		if err := c.tell(p, reports); err != nil {
			return err
		}
	}
	if failed, _ := suite.Failed(reports); failed > 0 || broken {
		return statusError(1)
	}
	return nil
}

func (c *testCmd) run(p *program, f *suiteFile) []*suite.Result {
	if c.Only != "" {
		var some []*suite.Test
		for _, t := range f.file.Tests {
			if strings.Contains(strings.ToLower(t.Name), strings.ToLower(c.Only)) {
				some = append(some, t)
			}
		}
		f.file.Tests = some
	}
	c.ready(f)
	return f.setup.RunAll(p.ctx, f.file)
}

func (c *testCmd) tell(p *program, reports []suite.Report) error {
	switch {
	case p.cli.JSON:
		return p.show(suite.JSON(reports), nil)
	case c.Format == "tap":
		suite.WriteTAP(p.stdout, reports)
	case c.Format == "junit":
		return suite.WriteJUnit(p.stdout, reports)
	default:
		suite.WriteText(p.stdout, reports, c.Verbose, coloured(p.stdout, p.env))
	}
	return nil
}

// coloured says whether w is a terminal that may have colours (no-color.org).
func coloured(w io.Writer, env func(string) (string, bool)) bool {
	if v, _ := env("NO_COLOR"); v != "" {
		return false
	}
	if term, _ := env("TERM"); term == "dumb" {
		return false
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// testFiles finds the files of tests, those of folders in the order of names.
func (c *testCmd) testFiles() ([]string, error) {
	var all []string
	for _, path := range c.Path {
		info, err := os.Stat(path)
		if err != nil {
			return nil, voice.InvalidField("test", "path", "%v", err)
		}
		if !info.IsDir() {
			if c.Write && !strings.HasSuffix(path, testEnding) {
				if path, err = newTests(path); err != nil {
					return nil, err
				}
			}
			all = append(all, path)
			continue
		}
		found := len(all)
		err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() && strings.HasSuffix(name, testEnding) {
				all = append(all, name)
			}
			return err
		})
		switch {
		case err != nil:
			return nil, voice.InvalidField("test", "path", "%v", err)
		case len(all) == found:
			return nil, voice.InvalidField("test", "path", "there is no file NAME%s in %s", testEnding, path)
		}
	}
	if len(all) > maxTestFiles {
		return nil, voice.InvalidField("test", "path", "there are more than %d files of tests", maxTestFiles)
	}
	return all, nil
}

// load reads a file of tests and the flows that it names; nil when they have
// errors, which are told.
func (c *testCmd) load(p *program, name string) (*suiteFile, error) {
	data, err := readFlow(name)
	if err != nil {
		return nil, err
	}
	file, faults := suite.Parse(name, data)
	if c.Write && len(file.Tests) == 0 && len(faults) == 1 {
		faults = nil // there are only none yet
	}
	for _, f := range faults {
		fmt.Fprintln(p.stderr, printable(f.Error()))
	}
	if len(faults) > 0 {
		return nil, nil
	}
	f := &suiteFile{name: name, data: data, file: file, setup: suite.Setup{Apps: map[voice.AppID]*flow.Program{}}}
	if file.Flow.File == "" && file.Application.Kind == "" {
		if file.Flow.File, err = flowBeside(name); err != nil {
			return nil, err
		}
	}
	if err := c.main(p, f); err != nil || f.setup.Main == nil && f.setup.Application == nil {
		return nil, err
	}
	for _, d := range file.Apps {
		app, err := c.flow(p, name, d)
		if app == nil || err != nil {
			return nil, err
		}
		app.App = voice.AppID(d.App)
		f.setup.Apps[app.App] = app
	}
	return f, c.backstage(p, f)
}

// flowBeside finds the flow of NAME.test: NAME.yaml, NAME.json, NAME.KIND.json.
func flowBeside(name string) (string, error) {
	base := strings.TrimSuffix(name, testEnding)
	list := []string{base + ".yaml", base + ".yml", base + ".json"}
	for _, kind := range flowKinds() {
		list = append(list, base+"."+kind+".json")
	}
	for _, f := range list {
		if _, err := os.Stat(f); err == nil {
			return filepath.Base(f), nil
		}
	}
	return "", voice.InvalidField("test", "path", "there is no flow beside %s: name one by a line as: flow FILE as KIND", name)
}

// flow compiles a flow that a file of tests names; nil when it has errors.
func (c *testCmd) flow(p *program, name string, d suite.Document) (*flow.Program, error) {
	doc := document{File: d.File, Kind: d.Kind}
	if !filepath.IsAbs(d.File) {
		doc.File = filepath.Join(filepath.Dir(name), d.File)
	}
	if doc.Kind == "" {
		doc.Kind = kindOf(d.File)
	}
	w := p.stderr
	if d.File == c.told {
		w = io.Discard
	}
	prog, _, err := doc.compile(p, dialect.OpenResolver{}, w)
	if s, ok := err.(statusError); ok && s == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &prog, nil
}

// kindOf finds the kind of a flow in its name: office.sonetel.json.
func kindOf(name string) string {
	for _, kind := range flowKinds() {
		if strings.Contains(filepath.Base(name), "."+kind+".") {
			return kind
		}
	}
	return "native"
}

func flowKinds() []string { return []string{"native", "sonetel", "telphin", "smartflo", "routee"} }
