package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tandem/internal/check"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Problem is something that keeps a document from being published.
type Problem struct {
	Code    string `json:"code" doc:"Of a finding (docs/checks.md), test-failed or prompt-not-made"`
	Pointer string `json:"pointer" doc:"Place in the document"`
	Text    string `json:"text"`
}

// Codes of problems that are no findings.
const (
	TestFailed    = "test-failed"
	PromptNotMade = "prompt-not-made"
)

// Bounds of a gate.
const (
	makeTime    = 45 * time.Second // for all prompts of one flow
	maxMade     = 2_000            // prompts
	maxProblems = 50
)

// Refused is the error of a document that is not published.
type Refused struct {
	// Faults are the compiler's, with errors among them: nothing would run, whatever
	// anybody says.
	Faults flow.Diagnostics
	// Problems may be overridden.
	Problems []Problem
}

func (r *Refused) Error() string {
	if first, has := r.Faults.FirstError(); has {
		return "the document has errors: " + first.Text
	}
	return fmt.Sprintf("not published: %s", r.Problems[0].Text)
}

// Gate looks at a document that is to be published: it must compile, its check must
// find no errors, the tests that are kept with its app pass, as more tells of others,
// and its prompts be made. What is overridden is given, for the history. Errors:
// *Refused, or what broke.
func (d *Desk) Gate(ctx context.Context, v voice.App, override string, more ...Problem) ([]Problem, error) {
	p, ds, err := d.Compile(ctx, v)
	if err != nil {
		return nil, err
	}
	if _, bad := ds.FirstError(); bad {
		return nil, &Refused{Faults: ds}
	}
	report, err := d.examine(ctx, v, p, ds)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	for _, f := range report.Findings {
		if f.Severity == flow.Error {
			problems = append(problems, Problem{f.Code, f.Pointer, f.Text})
		}
	}
	failing, err := d.failing(ctx, v, p)
	if err != nil {
		return nil, err
	}
	problems = append(append(problems, failing...), more...)
	problems = append(problems, d.unmade(ctx, v.Tenant, p)...)
	if more := len(problems) - maxProblems; more > 0 {
		problems = append(problems[:maxProblems], Problem{problems[maxProblems].Code, "", fmt.Sprintf("and %d more", more)})
	}
	if len(problems) > 0 && strings.TrimSpace(override) == "" {
		return nil, &Refused{Problems: problems}
	}
	return problems, nil
}

// unmade makes every prompt of a program and tells of those that can't be.
func (d *Desk) unmade(ctx context.Context, t voice.TenantID, p *flow.Program) []Problem {
	if d.cfg.Prompts == nil {
		return nil
	}
	ctx, stop := context.WithTimeoutCause(ctx, makeTime, errors.New("not every prompt was made in "+makeTime.String()+"; those that were are kept, so publish again"))
	defer stop()
	var problems []Problem
	seen := map[voice.Prompt]bool{}
	flow.Walk(p, func(n *flow.Node) bool {
		for _, pr := range check.Prompts(n.Step) {
			if seen[pr] || len(seen) >= maxMade || !made(pr) {
				continue
			}
			seen[pr] = true
			err := d.cfg.Prompts.Prepare(ctx, t, pr)
			if ctx.Err() != nil {
				problems = append(problems, Problem{PromptNotMade, n.Origin, context.Cause(ctx).Error()})
				return false
			}
			if err != nil {
				problems = append(problems, Problem{PromptNotMade, n.Origin, fmt.Sprintf("%s can't be made: %s", pr, strings.ReplaceAll(voice.Reason(err), "\n", "; "))})
			}
		}
		return true
	})
	return problems
}

// made reports whether a prompt is known before a call, and has sound to be made.
func made(p voice.Prompt) bool {
	switch p.Kind {
	case voice.PromptSpeech, voice.PromptStandard, voice.PromptSay:
		return !p.Template
	case voice.PromptSound:
		return !p.Template && p.Sound != ""
	}
	return false
}
