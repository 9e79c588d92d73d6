package daemon

import (
	"context"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/switchboard"
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

func question(q switchboard.Question) dialect.Question {
	return dialect.Question{Step: q.Step, URL: q.URL, Call: q.Call, App: q.App, Vars: q.Vars}
}

func (a applications) Ask(ctx context.Context, q switchboard.Question) (voice.HTTPRequest, error) {
	asker, err := a.asker(q.Step.Dialect)
	if err != nil {
		return voice.HTTPRequest{}, err
	}
	return asker.Ask(ctx, question(q))
}

// discard removes a recording, its row first: a row without audio would mislead.
func (d *Daemon) discard(ctx context.Context, r voice.Recording) error {
	if err := d.store.DeleteRecording(ctx, r.Tenant, r.ID); err != nil {
		return err
	}
	if r.Blob == "" {
		return nil
	}
	err := d.blobs.Delete(context.WithoutCancel(ctx), r.Blob)
	if voice.IsKind(err, voice.NotExist) {
		err = nil
	}
	return err
}

func (a applications) Reply(ctx context.Context, q switchboard.Question, answer voice.HTTPAnswer) (*flow.Program, error) {
	asker, err := a.asker(q.Step.Dialect)
	if err != nil {
		return nil, err
	}
	return asker.Reply(ctx, question(q), answer, a.d.resolver(q.Call.Tenant))
}
