package telphin

import (
	"context"
	"encoding/json"

	"tandem/internal/dialect"
	"tandem/internal/dialect/telphinivr"
	"tandem/internal/flow"
	"tandem/internal/voice"
)

var _ dialect.Editor = (*Dialect)(nil)

// Express writes a program as a voice menu in normal form.
func (d *Dialect) Express(ctx context.Context, p flow.Program, r dialect.Resolver) (json.RawMessage, []dialect.Loss, error) {
	doc, losses, err := telphinivr.Express(ctx, p, r)
	return stored(doc, losses, err)
}

// EditDocument writes a program as a change of a voice menu: its number, ids and
// whatever the change does not concern stay.
func (d *Dialect) EditDocument(ctx context.Context, app voice.App, p flow.Program, r dialect.Resolver) (json.RawMessage, []dialect.Loss, error) {
	doc, losses, err := telphinivr.Edit(ctx, app, p, r, telphinivr.Settings{Speech: d.cfg.Speech})
	return stored(doc, losses, err)
}

func stored(doc telphinivr.Document, losses []dialect.Loss, err error) (json.RawMessage, []dialect.Loss, error) {
	if err != nil {
		return nil, losses, err
	}
	raw, err := doc.Marshal()
	return raw, losses, err
}
