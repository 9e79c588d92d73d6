package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// TestsKind is the kind of the resources that hold the tests of apps, one for each.
const TestsKind = "api/tests"

// TestTime bounds a run of the tests of an app, in real time.
const TestTime = 20 * time.Second

// Tests are what a resource of TestsKind holds.
type Tests struct {
	Text string `json:"text"`
	By   string `json:"by,omitempty"`
}

// Tests finds the tests of an app; NotExist when it has none.
func (d *Desk) Tests(ctx context.Context, v voice.App) (voice.Resource, Tests, error) {
	list, err := d.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: TestsKind, Name: string(v.ID)})
	if err != nil {
		return voice.Resource{}, Tests{}, err
	}
	if len(list) == 0 {
		return voice.Resource{}, Tests{}, voice.Errorf("publish.Tests", voice.NotExist, "app %s has no tests", v.ID)
	}
	var kept Tests
	if err := json.Unmarshal(list[0].Data, &kept); err != nil {
		return list[0], kept, voice.E("publish.Tests", voice.Internal, err)
	}
	return list[0], kept, nil
}

// Setup gives what the tests of an app are run with. Applications are asked nothing by
// them: what one answers stands in the test ("web URL answers 200 …"), and is understood
// as a call of the account would.
func (d *Desk) Setup(ctx context.Context, v voice.App, p *flow.Program) suite.Setup {
	return suite.Setup{Main: p, Apps: d.reached(ctx, v.Tenant, p), Asker: func(name string) dialect.Asker {
		for _, of := range d.cfg.Dialects {
			if asker, is := of.(dialect.Asker); is && string(of.Kind()) == name {
				return testAsker{asker, v.Tenant, d.cfg.Resolver(v.Tenant)}
			}
		}
		return nil
	}}
}

// reached gives the programs of the account's apps that a program leads to.
func (d *Desk) reached(ctx context.Context, t voice.TenantID, p *flow.Program) map[voice.AppID]*flow.Program {
	apps := map[voice.AppID]*flow.Program{}
	for next := []*flow.Program{p}; len(next) > 0 && len(apps) < flow.MaxDepth; next = next[1:] {
		for _, n := range next[0].Nodes {
			var id voice.AppID
			switch s := n.Step.(type) {
			case flow.Goto:
				id = s.App
			case flow.Subflow:
				id = s.App
			}
			if id == "" || id == p.App || apps[id] != nil {
				continue
			}
			if q, err := d.cfg.Programs.Program(ctx, t, id); err == nil { // one that is gone is gone in the test too
				apps[id] = q
				next = append(slices.Clip(next), q)
			}
		}
	}
	return apps
}

// failing runs the tests that are kept with an app and tells of those that fail.
func (d *Desk) failing(ctx context.Context, v voice.App, p *flow.Program) ([]Problem, error) {
	_, kept, err := d.Tests(ctx, v)
	if voice.IsKind(err, voice.NotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, faults := suite.Parse("tests", []byte(kept.Text))
	if len(faults) > 0 { // they are read before they are kept
		errs := make([]error, len(faults))
		for i, e := range faults {
			errs[i] = e
		}
		return nil, voice.Errorf("publish.Tests", voice.Conflict, "the tests of app %s can't be read: %v", v.ID, errors.Join(errs...))
	}
	var results []*suite.Result
	err = d.cfg.Within(ctx, v.Tenant, TestTime, "running the tests", func(ctx context.Context) error {
		results = d.Setup(ctx, v, p).RunAll(ctx, f)
		return context.Cause(ctx)
	})
	return Failing(results), err
}

// Failing are the problems of tests that failed.
func Failing(results []*suite.Result) []Problem {
	var problems []Problem
	for _, r := range results {
		if !r.Passed {
			problems = append(problems, Problem{TestFailed, "", fmt.Sprintf("test %q, line %d: %s", r.Name, r.Fault.Line, r.Fault.Error())})
		}
	}
	return problems
}

// testAsker understands answers for an account, in calls that have none.
type testAsker struct {
	asker    dialect.Asker
	tenant   voice.TenantID
	resolver dialect.Resolver
}

func (t testAsker) Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error) {
	q.Call.Tenant = t.tenant
	return t.asker.Ask(ctx, q)
}

func (t testAsker) Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer, _ dialect.Resolver) (*flow.Program, error) {
	q.Call.Tenant = t.tenant
	return t.asker.Reply(ctx, q, a, t.resolver)
}
