package interp

import (
	"cmp"
	"context"
	"strconv"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// fetch asks an application and runs its answer as a subflow.
func (r *run) fetch(ctx context.Context, s flow.Fetch) (outcome, error) {
	const op = "interp.fetch"
	r.set(flow.VarHTTPStatus, "0")
	if r.depth >= flow.MaxDepth {
		return outcome{}, voice.Errorf(op, voice.Limit, "depth limit of %d apps reached", flow.MaxDepth)
	}
	address := r.expandURL(s.URL)
	if controls(address) {
		return outcome{}, voice.Errorf(op, voice.Invalid, "the URL holds control characters")
	}
	s.URL = flow.Template(address)
	s.Timeout = min(cmp.Or(s.Timeout, flow.DefaultRequestTime), flow.MaxRequestTime)
	s.Method = cmp.Or(s.Method, "POST")
	app, vars := r.program.App, r.variables()
	var p *flow.Program
	var status int
	var failed error
	err := r.await(ctx, nil, func(ctx context.Context) { p, status, failed = r.host.Fetch(ctx, s, app, vars) })
	r.set(flow.VarHTTPStatus, strconv.Itoa(status))
	if err = cmp.Or(err, failed); err != nil {
		return outcome{}, err
	}
	if p == nil {
		return outcome{}, voice.Errorf(op, voice.Internal, "the answer has no program")
	}
	r.say("status %d, going on in the answer", status)
	return outcome{program: p, returns: true}, nil
}
