package dialect

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Asker asks an application, for Fetch steps that name its dialect.
type Asker interface {
	// Ask gives the request to be made. Its Tenant is set by the caller.
	Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error)
	// Reply makes a program of the answer: Invalid, with the reason in words,
	// when it is none.
	Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer, r Resolver) (*flow.Program, error)
}

// Fetch does a Fetch step: it has a put its question, has request make the request,
// and gives the program of the answer with the answer's status.
func Fetch(ctx context.Context, a Asker, q flow.Question, request func(context.Context, voice.HTTPRequest) (voice.HTTPAnswer, error), r Resolver) (*flow.Program, int, error) {
	if a == nil {
		return nil, 0, voice.Errorf("dialect.Fetch", voice.Unavailable, "nobody asks applications in the way of %q", q.Step.Dialect)
	}
	req, err := a.Ask(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	got, err := request(ctx, req)
	if err != nil {
		return nil, 0, err
	}
	p, err := a.Reply(ctx, q, got, r)
	return p, got.Status, err
}
