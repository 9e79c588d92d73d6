package dialecttest

import (
	"context"

	"tandem/internal/voice"
)

// Lister lists live calls, as a dialect.LiveCalls does.
type Lister interface {
	Live(ctx context.Context, t voice.TenantID) ([]voice.LiveCall, error)
}

// LiveCall finds one call in the list that l gives; NotExist when it is not there.
func LiveCall(ctx context.Context, l Lister, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	list, err := l.Live(ctx, t)
	if err != nil {
		return voice.LiveCall{}, err
	}
	for _, c := range list {
		if c.Info.ID == id {
			return c, nil
		}
	}
	return voice.LiveCall{}, voice.Errorf("dialecttest.LiveCall", voice.NotExist, "no call %s is up", id)
}
