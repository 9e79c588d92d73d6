package main

import (
	"cmp"
	"context"
	"path/filepath"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/stage"
	"tandem/internal/suite"
)

// asked is the application on a stage, as package listen asks one.
type asked struct{ *stage.Stage }

func (a asked) Fetch(ctx context.Context, q flow.Question) (*flow.Program, int, error) {
	return dialect.Fetch(ctx, a.Asker(q.Step.Dialect), q, a.Request, dialect.OpenResolver{})
}

// ordering is the application on a stage that orders what a path does.
type ordering struct{ *stage.Stage }

func (o ordering) Begin(c *listen.Control) {
	if c == nil {
		o.Direct(nil)
		return
	}
	o.Direct(c)
}

// ofTest finds the flow that a file of tests is about, and starts its application.
// The stage is to be closed by t.close.
func (c *listenCmd) ofTest(p *program, t *testCmd, r dialect.Resolver) (*flow.Program, error) {
	s, err := t.load(p, c.File)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, statusError(1)
	}
	t.ready(s)
	if s.setup.Main != nil {
		if s.file.Application.Kind != "" {
			s.setup.Main.Name = strings.TrimSuffix(filepath.Base(c.File), testEnding) // its own is an address
		}
		return s.setup.Main, nil
	}
	c.File = filepath.Join(filepath.Dir(c.File), s.file.Flow.File) // a conversation: what it does once somebody has answered
	return c.compiled(p, r)
}

// application opens what asks an application and takes its orders, where one is named.
func (c *listenCmd) application(p *program, t *testCmd, f *listen.Flow) error {
	if c.App == "" && c.Run_ == "" {
		return nil
	}
	if err := t.open(p); err != nil {
		return err
	}
	f.Application, f.Orders = asked{t.stage}, ordering{t.stage}
	f.Call.Tenant = t.stage.Tenant() // whose the orders are
	c.From, c.To = cmp.Or(c.From, suite.DefaultFrom), cmp.Or(c.To, suite.DefaultTo)
	return nil
}

// tested says whether the file is one of tests.
func (c *listenCmd) tested() bool { return filepath.Ext(c.File) == testEnding }

// asking begins what asks an application as tandem test does.
func (c *listenCmd) asking() *testCmd {
	return &testCmd{App: c.App, Run_: c.Run_, API: c.API, Think: c.Think}
}
