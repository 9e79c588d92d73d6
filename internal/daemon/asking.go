package daemon

import (
	"context"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

// applications lets the dialects ask applications for the switchboard.
type applications struct{ d *Daemon }

func (a applications) asker(name string) (dialect.Asker, error) {
	for _, known := range a.d.dialects {
		if asker, ok := known.(dialect.Asker); ok && string(known.Kind()) == name {
			return asker, nil
		}
	}
	return nil, voice.Errorf("daemon.Ask", voice.NotExist, "no dialect %q asks applications", name)
}

func (a applications) Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error) {
	asker, err := a.asker(q.Step.Dialect)
	if err != nil {
		return voice.HTTPRequest{}, err
	}
	return asker.Ask(ctx, q)
}

func (a applications) Reply(ctx context.Context, q flow.Question, answer voice.HTTPAnswer) (*flow.Program, error) {
	asker, err := a.asker(q.Step.Dialect)
	if err != nil {
		return nil, err
	}
	return asker.Reply(ctx, q, answer, a.d.resolver(q.Call.Tenant))
}
