package daemon

import (
	"context"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// preparer makes the prompts of changed apps ready before a call needs them, in
// one goroutine that startPreparing begins and Close awaits.
type preparer struct {
	d     *Daemon
	wake  chan struct{}         // in: something changed
	ready map[voice.AppID]int64 // version that was made ready
}

func (d *Daemon) startPreparing(context.Context) error {
	p := &preparer{d: d, wake: make(chan struct{}, 1), ready: map[voice.AppID]int64{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.wake:
				p.round(ctx)
			}
		}
	}()
	d.preparing = p
	d.closing(func() { cancel(); <-done })
	return nil
}

// changed asks for a round; it never blocks.
func (p *preparer) changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// round looks through every app for prompts that were not made ready yet.
func (p *preparer) round(ctx context.Context) {
	tenants, err := p.d.store.Tenants(ctx)
	if err != nil {
		p.d.log.Warn("prompts not prepared", "err", err)
		return
	}
	for _, t := range tenants {
		apps, err := p.d.store.Apps(ctx, t.ID)
		if err != nil {
			p.d.log.Warn("prompts not prepared", "account", t.ID, "err", err)
			return
		}
		for _, a := range apps {
			if ctx.Err() != nil {
				return
			}
			p.app(ctx, a)
		}
	}
}

func (p *preparer) app(ctx context.Context, a voice.App) {
	if p.ready[a.ID] == a.Version {
		return
	}
	program, err := p.d.library.Program(ctx, a.Tenant, a.ID)
	if err != nil {
		return // its author was told when it was saved
	}
	if err := p.d.prompts.Prepare(ctx, a.Tenant, promptsOf(program)...); err != nil && ctx.Err() == nil {
		p.d.log.Info("prompts of an app will be heard otherwise than written", "app", a.ID, "why", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if ctx.Err() == nil {
		p.ready[a.ID] = a.Version
	}
}

// promptsOf gathers what a program plays whose sound must be made: phrases and speech.
func promptsOf(p *flow.Program) []voice.Prompt {
	var all []voice.Prompt
	seen := map[voice.Prompt]bool{}
	add := func(list []voice.Prompt) {
		for _, pr := range list {
			if (pr.Standard != "" || pr.Kind == voice.PromptSpeech) && pr.Kind != voice.PromptTone && !seen[pr] {
				seen[pr] = true
				all = append(all, pr)
			}
		}
	}
	flow.Walk(p, func(n *flow.Node) bool {
		switch s := n.Step.(type) {
		case flow.Play:
			add(s.Prompts)
		case flow.Gather:
			add(s.Prompts)
		}
		return true
	})
	return all
}
