package publish

import (
	"context"
	"encoding/json"
	"time"

	"tandem/internal/check"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Programs finds the program that an app runs; a dialect.Library does.
type Programs interface {
	Program(ctx context.Context, t voice.TenantID, id voice.AppID) (*flow.Program, error)
}

// PromptMaker makes prompts ready before a call needs them; a prompt.Library does.
// The error says in words which can't be made.
type PromptMaker interface {
	Prepare(ctx context.Context, t voice.TenantID, prompts ...voice.Prompt) error
}

// Config is what a desk works with. Prompts and Within may be nil.
type Config struct {
	Dialects  []dialect.Dialect
	Resolver  func(voice.TenantID) dialect.Resolver
	Apps      voice.AppStore
	Resources voice.ResourceStore
	Numbers   voice.NumberStore
	Trunks    voice.TrunkStore
	Programs  Programs
	Prompts   PromptMaker // nil = prompts are made when they are needed
	// Within runs what takes a while in a bound of real time, so that it leaves the
	// processors to calls; nil = it runs at once.
	Within func(ctx context.Context, t voice.TenantID, most time.Duration, what string, f func(context.Context) error) error
	Now    func() time.Time
}

// Desk looks at documents of apps and publishes them.
type Desk struct{ cfg Config }

// New makes a desk.
func New(cfg Config) *Desk {
	if cfg.Within == nil {
		cfg.Within = func(ctx context.Context, _ voice.TenantID, most time.Duration, what string, f func(context.Context) error) error {
			ctx, stop := context.WithTimeoutCause(ctx, most, voice.Errorf("publish", voice.Limit, "%s takes more than %s", what, most))
			defer stop()
			return f(ctx)
		}
	}
	return &Desk{cfg}
}

// Compile makes the program of an app's document, as far as it has one, and says
// what is wrong with it. The error is for look-ups that broke.
func (d *Desk) Compile(ctx context.Context, v voice.App) (*flow.Program, flow.Diagnostics, error) {
	for _, of := range d.cfg.Dialects {
		if of.Kind() != v.Kind {
			continue
		}
		p, ds, err := of.Compile(ctx, v, d.cfg.Resolver(v.Tenant))
		_, bad := ds.FirstError()
		switch {
		case voice.IsKind(err, voice.Invalid) && !bad:
			ds.Errorf("document", "", "%s", voice.Reason(err))
		case err != nil && !voice.IsKind(err, voice.Invalid):
			return nil, nil, err
		case p.Entry == "" && !bad:
			ds.Errorf("entry", "", "the document has no way in")
		}
		return &p, append(flow.Diagnostics{}, ds...), nil
	}
	return nil, nil, voice.Errorf("publish", voice.Unavailable, "no dialect for apps of kind %q", v.Kind)
}

// Check compiles an app's document and reads what it compiles to. The error is for
// look-ups that broke.
func (d *Desk) Check(ctx context.Context, v voice.App) (check.Report, *flow.Program, error) {
	p, ds, err := d.Compile(ctx, v)
	if err != nil {
		return check.Report{}, nil, err
	}
	report, err := d.examine(ctx, v, p, ds)
	return report, p, err
}

// examine reads what an app's document has compiled to.
func (d *Desk) examine(ctx context.Context, v voice.App, p *flow.Program, ds flow.Diagnostics) (check.Report, error) {
	world, err := World(ctx, d.cfg.Resolver(v.Tenant), d.cfg.Numbers, d.cfg.Trunks, v.Tenant, p)
	if err != nil {
		return check.Report{}, err
	}
	return placed(v, check.Check(check.Input{Program: p, Diagnostics: ds, Kind: v.Kind, World: world, Now: d.cfg.Now()})), nil
}

// World gathers what an account has, for a check of a program. The error is for look-ups
// that broke.
func World(ctx context.Context, r dialect.Resolver, have voice.NumberStore, lines voice.TrunkStore, t voice.TenantID, p *flow.Program) (*check.World, error) {
	w, err := check.Look(ctx, r, p)
	if err != nil {
		return nil, err
	}
	numbers, err := have.Numbers(ctx, t)
	if err != nil {
		return nil, err
	}
	trunks, err := lines.Trunks(ctx, t)
	if err != nil {
		return nil, err
	}
	w.Own(numbers)
	w.NoTrunks = len(trunks) == 0
	w.Forbids = check.TrunkPolicy(trunks, nil)
	return w, nil
}

// placed gives findings their lines and columns, where the document is a text.
func placed(v voice.App, r check.Report) check.Report {
	if v.Kind != native.Kind || !isText(v.Document) {
		return r
	}
	text, err := native.Text(v.Document)
	if err != nil {
		return r // the findings say so
	}
	at := native.Positions(text)
	for i, f := range r.Findings {
		r.Findings[i].Line, r.Findings[i].Column = at(f.Pointer)
	}
	return r
}

// isText reports whether a native document is kept as its author's YAML.
func isText(document json.RawMessage) bool {
	var d struct{ Format string }
	return json.Unmarshal(document, &d) == nil && d.Format == "yaml"
}
