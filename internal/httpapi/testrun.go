package httpapi

import (
	"context"
	"net/http"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/publish"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// TestRun is what came of the tests of an app.
type TestRun struct {
	App      string           `json:"app"`
	Of       string           `json:"of" enum:"draft,published"`
	Passed   int              `json:"passed"`
	Failed   int              `json:"failed"`
	Results  []AppTestOutcome `json:"results"`
	Coverage TestCoverage     `json:"coverage"`
}

// AppTestOutcome is what came of one test.
type AppTestOutcome struct {
	Name       string   `json:"name"`
	Line       int      `json:"line" doc:"In the text of the tests"`
	Passed     bool     `json:"passed"`
	Failed     int      `json:"failed_line,omitempty" doc:"Line of the sentence that failed"`
	Expected   string   `json:"expected,omitempty"`
	Actual     string   `json:"actual,omitempty"`
	Transcript []string `json:"transcript,omitempty" doc:"Of a test that failed: the call up to where it did"`
}

// TestCoverage is how much of the app the tests have reached.
type TestCoverage struct {
	Steps    suite.Tally `json:"steps"`
	Exits    suite.Tally `json:"exits" doc:"That lead somewhere, time-outs too"`
	TimeOuts suite.Tally `json:"time_outs"`
	Missing  []TestGap   `json:"missing" doc:"What no test has reached"`
}

// TestGap is a step or an exit that no test has reached.
type TestGap struct {
	Node string `json:"node,omitempty"`
	Exit string `json:"exit,omitempty" doc:"Missing = the step was never entered"`
	To   string `json:"to,omitempty" doc:"Step that the exit leads to"`
	Text string `json:"text"`
}

// MissingTests are tests of what no test has reached.
type MissingTests struct {
	Written int       `json:"written"`
	Text    string    `json:"text" doc:"The tests: the old ones and behind them the new ones. Nothing is stored; they say what the app does now, so read them first"`
	Left    []TestGap `json:"left" doc:"What no test could be written for"`
}

// TestRunRequest says which tests run on what.
type TestRunRequest struct {
	AppPath
	Of   string         `query:"of" enum:"draft,published" doc:"Missing = the draft where there is one"`
	Body *AppTestsInput `required:"false" doc:"Tests that run instead of those that are kept"`
}

func (a *API) registerTestRuns(section, path string) {
	handle(a, route{id: "run-tests", method: http.MethodPost, path: path + "/run", section: section, scope: AppsRead,
		title: "Run the tests of an app", text: "On its draft, or on what calls run, in virtual time: nobody is called. Tells what they have reached."}, a.runTests)
	handle(a, route{id: "write-missing-tests", method: http.MethodPost, path: path + "/missing", section: section, scope: AppsRead,
		title: "Write the tests that are missing", text: "A test for each exit that none reaches, as tandem test --write-missing does."}, a.missingTests)
}

// testing is tests that are to run.
type testing struct {
	app   voice.App
	of    string
	text  string
	file  *suite.File
	setup suite.Setup
}

// testing finds what a request is about. An app without tests has none to run, which
// is no error where empty is true.
func (a *API) testing(ctx context.Context, c caller, in *TestRunRequest, empty bool) (testing, error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return testing{}, err
	}
	x := testing{app: v, of: in.Of, file: &suite.File{}}
	if x.of == "" {
		x.of = ofDraft
		if _, _, err := a.draft(ctx, v); voice.IsKind(err, voice.NotExist) {
			x.of = ofPublished
		}
	}
	p, _, _, err := a.programOf(ctx, v, "query.of", x.of)
	if err != nil {
		return x, err
	}
	if in.Body != nil {
		x.text = in.Body.Text
	} else {
		_, kept, err := a.desk.Tests(ctx, v)
		if err != nil && !(empty && voice.IsKind(err, voice.NotExist)) {
			return x, err
		}
		x.text = kept.Text
	}
	if strings.TrimSpace(x.text) != "" || !empty {
		if x.file, err = parseTests(x.text); err != nil {
			return x, err
		}
	}
	x.setup = a.desk.Setup(ctx, v, p)
	return x, nil
}

func (a *API) runTests(ctx context.Context, c caller, in *TestRunRequest) (*answer[TestRun], error) {
	x, err := a.testing(ctx, c, in, false)
	if err != nil {
		return nil, err
	}
	run, err := within(ctx, a, c.tenant, publish.TestTime, "running the tests", func(ctx context.Context) (TestRun, error) {
		run := TestRun{App: string(x.app.ID), Of: x.of, Results: []AppTestOutcome{}}
		var cov suite.Coverage
		for _, r := range x.setup.RunAll(ctx, x.file) {
			cov.Add(r)
			run.add(r)
		}
		run.Coverage = coverage(&cov, x.setup.Main)
		return run, context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	return body(run), nil
}

func (run *TestRun) add(r *suite.Result) {
	x := AppTestOutcome{Name: r.Name, Line: r.Line, Passed: r.Passed}
	if r.Passed {
		run.Passed++
	} else {
		run.Failed++
		x.Failed, x.Expected, x.Actual = r.Fault.Line, r.Fault.Expected, r.Fault.Actual
		for _, l := range r.Before() {
			x.Transcript = append(x.Transcript, l.String())
		}
	}
	run.Results = append(run.Results, x)
}

func coverage(c *suite.Coverage, p *flow.Program) TestCoverage {
	of := c.Of(p)
	return TestCoverage{of.Steps, of.Exits, of.TimeOuts, gaps(p, of.Missing)}
}

func gaps(p *flow.Program, list []suite.Gap) []TestGap {
	all := []TestGap{}
	for _, g := range list {
		x := TestGap{Node: string(g.Node), Exit: string(g.Exit), Text: g.Text}
		if n, has := p.Node(g.Node); has && g.Exit != "" && g.App == p.App {
			x.To = string(n.Exits[g.Exit])
		}
		all = append(all, x)
	}
	return all
}

func (a *API) missingTests(ctx context.Context, c caller, in *TestRunRequest) (*answer[MissingTests], error) {
	x, err := a.testing(ctx, c, in, true)
	if err != nil {
		return nil, err
	}
	out, err := within(ctx, a, c.tenant, publish.TestTime, "writing the tests", func(ctx context.Context) (MissingTests, error) {
		var cov suite.Coverage
		for _, r := range x.setup.RunAll(ctx, x.file) {
			cov.Add(r)
		}
		w := x.setup.WriteMissing(ctx, x.file, &cov)
		return MissingTests{len(w.Tests), suite.Append(x.text, w.Tests), gaps(x.setup.Main, w.Left)}, context.Cause(ctx)
	})
	if err != nil {
		return nil, err
	}
	return body(out), nil
}
