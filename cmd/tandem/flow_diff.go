package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/flowdiff"
	"tandem/internal/suite"
)

type flowDiff struct {
	Old   string `arg:"" help:"The older document."`
	New   string `arg:"" help:"The newer one; it may be in another form."`
	Kind  string `placeholder:"KIND" help:"Form of both: native, sonetel, telphin, smartflo or routee (default what they look like)."`
	Calls bool   `help:"Also make calls to both, in virtual time: whatever the older one can do, and tell which go otherwise."`
}

// moreCalls bounds the calls that are told.
const moreCalls = 20

// otherCall is a call that goes otherwise than before.
type otherCall struct {
	Call string `json:"call"` // what it is about
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// diffCalls has callers take every way of the older flow, and finds those to whom
// something else happens in the newer one.
func diffCalls(ctx context.Context, older, newer *flow.Program) (all int, others []otherCall, err error) {
	const head = "clock 2026-11-26 10:30\n"
	f, faults := suite.Parse("calls", []byte(head+"test begins\n  hangs up\n"))
	if len(faults) > 0 {
		return 0, nil, faults[0]
	}
	w := suite.Setup{Main: older}.WritePinned(ctx, f)
	if f, faults = suite.Parse("calls", []byte(head+strings.Join(w.Tests, "\n"))); len(faults) > 0 {
		return 0, nil, faults[0]
	}
	for _, t := range f.Tests {
		r := suite.Setup{Main: newer}.Run(ctx, f, t)
		if !r.Passed {
			others = append(others, otherCall{r.Name, r.Fault.Expected, r.Fault.Actual})
		}
	}
	return len(f.Tests), others, ctx.Err()
}

func (c *flowDiff) Run(p *program) error {
	older, err := c.read(p, c.Old)
	if err != nil {
		return err
	}
	newer, err := c.read(p, c.New)
	if err != nil {
		return err
	}
	changes := flowdiff.Diff(older, newer)
	var calls int
	var others []otherCall
	if c.Calls {
		if calls, others, err = diffCalls(p.ctx, older, newer); err != nil {
			return err
		}
	}
	if p.cli.JSON {
		return p.show(struct {
			Changes []flowdiff.Change `json:"changes"`
			Calls   int               `json:"calls"` // that were made; 0 = none
			Others  []otherCall       `json:"others"`
		}{append([]flowdiff.Change{}, changes...), calls, append([]otherCall{}, others...)}, nil)
	}
	for _, ch := range changes {
		if _, err := io.WriteString(p.stdout, printable(ch.String())+"\n"); err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		if _, err := io.WriteString(p.stdout, "no difference\n"); err != nil {
			return err
		}
	}
	if c.Calls {
		return tellCalls(p.stdout, calls, others)
	}
	return nil
}

func tellCalls(w io.Writer, calls int, others []otherCall) error {
	fmt.Fprintf(w, "of %s, %d go otherwise\n", many(calls, "call"), len(others))
	for _, o := range others[:min(len(others), moreCalls)] {
		fmt.Fprintln(w, printable(fmt.Sprintf("    %s: not %s, but %s", o.Call, o.Was, o.Is)))
	}
	if more := len(others) - moreCalls; more > 0 {
		_, err := fmt.Fprintf(w, "    and %d more\n", more)
		return err
	}
	return nil
}

// read compiles a document; status 1 when it has errors, which are told.
func (c *flowDiff) read(p *program, file string) (*flow.Program, error) {
	data, err := readFlow(file)
	if err != nil {
		return nil, err
	}
	compile, err := compilerOf("kind", cmp.Or(c.Kind, string(kindIn(data)), kindOf(file)))
	if err != nil {
		return nil, err
	}
	prog, ds, err := compile(p.ctx, data, dialect.OpenResolver{})
	found, err := findings(file, data, ds, err)
	if err != nil {
		return nil, err
	}
	return &prog, told(p.stderr, found)
}
