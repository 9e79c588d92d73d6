package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/replay"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

type replayCmd struct {
	Since   time.Duration `default:"24h" placeholder:"24h" help:"Replay the calls that began so long ago at most (default 24h)."`
	Account string        `required:"" placeholder:"ID" help:"Whose calls."`
	App     string        `placeholder:"ID" help:"Only calls that went through this app."`
	Flow    string        `placeholder:"FILE" help:"Run this flow, in our form or a vendor's, in place of the app's (without it, the calls go their way again)."`
	Kind    string        `placeholder:"KIND" help:"Form of the file (default what it looks like)."`
	Limit   int           `default:"10000" help:"Calls at most."`
}

func (c *replayCmd) Run(p *program) error {
	switch {
	case c.Since <= 0:
		return voice.InvalidField("replay", "since", "%v is no time that has passed", c.Since)
	case c.Flow != "" && c.App == "":
		return voice.InvalidField("replay", "app", "name the app whose place the flow takes")
	case c.Limit < 1:
		return voice.InvalidField("replay", "limit", "%d is less than 1", c.Limit)
	}
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) error {
		swap, err := c.flow(p, r)
		if err != nil {
			return err
		}
		sum, err := replay.Many{App: voice.AppID(c.App), Swap: swap, Limit: c.Limit}.Sum(p.ctx, func(f func(*replay.Tape) error) error {
			return daemon.EachTape(p.ctx, st, t, time.Now().Add(-c.Since), f)
		})
		if err != nil {
			return err
		}
		return p.show(sum, func(w io.Writer) {
			for _, o := range sum.Outcomes {
				fmt.Fprintln(w, printable(o.String()))
			}
			fmt.Fprintln(w, sum)
		})
	})
}

// flow compiles the flow that takes the place of the app's.
func (c *replayCmd) flow(p *program, r dialect.Resolver) (map[voice.AppID]*flow.Program, error) {
	if c.Flow == "" {
		return nil, nil
	}
	data, err := readFlow(c.Flow)
	if err != nil {
		return nil, err
	}
	compile, err := compilerOf("kind", cmp.Or(c.Kind, string(kindIn(data)), kindOf(c.Flow)))
	if err != nil {
		return nil, err
	}
	prog, ds, err := compile(p.ctx, data, r)
	found, err := findings(c.Flow, data, ds, err)
	if err != nil {
		return nil, err
	}
	if err := told(p.stderr, found); err != nil {
		return nil, err
	}
	prog.App = voice.AppID(c.App)
	return map[voice.AppID]*flow.Program{prog.App: &prog}, nil
}
