package main

import (
	"context"
	"path/filepath"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/hoiio"
	"tandem/internal/flow"
	"tandem/internal/listen"
	"tandem/internal/stage"
	"tandem/internal/voice"
)

// asked is the application on a stage, as package listen asks one.
type asked struct{ *stage.Stage }

func (a asked) Fetch(ctx context.Context, q flow.Question) (*flow.Program, int, error) {
	return dialect.Fetch(ctx, a.Asker(q.Step.Dialect), q, a.Request, dialect.OpenResolver{})
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
	if s.file.Application.Kind == hoiio.Kind {
		return nil, voice.InvalidField("listen", "file", "%s is about an application of Hoiio, which orders calls about by itself; those that are asked, as Routee's, can be heard", c.File)
	}
	t.ready(s)
	if s.setup.Main != nil {
		return s.setup.Main, nil
	}
	c.File = filepath.Join(filepath.Dir(c.File), s.file.Flow.File) // a conversation: what it does once somebody has answered
	return c.compiled(p, r)
}

// application opens what asks an application, where one is named; nil = none is.
func (c *listenCmd) application(p *program, t *testCmd) (listen.Application, error) {
	if c.App == "" && c.Run_ == "" {
		return nil, nil
	}
	if err := t.open(p); err != nil {
		return nil, err
	}
	return asked{t.stage}, nil
}

// tested says whether the file is one of tests.
func (c *listenCmd) tested() bool { return filepath.Ext(c.File) == testEnding }

// asking begins what asks an application as tandem test does.
func (c *listenCmd) asking() *testCmd {
	return &testCmd{App: c.App, Run_: c.Run_, Think: time.Second}
}
