package interp

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// goTo goes on in another app.
func (r *run) goTo(ctx context.Context, s flow.Goto) (outcome, error) {
	p, err := r.lookUp(ctx, s.App)
	if err != nil {
		return outcome{}, err
	}
	r.noteStep(r.node, "", string(r.node.ID)+": going on in app "+string(s.App))
	return outcome{program: p}, nil
}

// lookUp gives the program of an app that the run may enter.
func (r *run) lookUp(ctx context.Context, app voice.AppID) (*flow.Program, error) {
	const op = "interp.goto"
	if r.depth >= flow.MaxDepth {
		return nil, voice.Errorf(op, voice.Limit, "depth limit of %d apps reached", flow.MaxDepth)
	}
	p, err := r.host.Program(ctx, app)
	if err != nil {
		if voice.IsKind(err, voice.NotExist) {
			return nil, voice.Errorf(op, voice.NotExist, "app %s does not exist", app)
		}
		return nil, err
	}
	if p == nil {
		return nil, voice.Errorf(op, voice.Internal, "app %s has no program", app)
	}
	return p, nil
}
