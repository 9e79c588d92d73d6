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
