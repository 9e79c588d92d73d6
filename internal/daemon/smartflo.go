package daemon

import (
	"context"

	"tandem/internal/dialect/smartflo"
)

func (d *Daemon) openSmartflo(ctx context.Context) (*smartflo.Dialect, error) {
	key, err := d.linkKey(ctx, smartflo.Kind)
	if err != nil {
		return nil, err
	}
	return smartflo.New(smartflo.Config{
		Tenants: d.store, Users: d.store, Extensions: d.store, Apps: d.store, Sounds: d.store, Numbers: d.store,
		Resources: d.store, Recordings: d.store, Calls: d.store, Credentials: d.store, Bindings: d.store,
		Auth: credentials{d.credentials}, Tokens: d.tokens(),
		Audio: d.audio(), Control: control{d}, Live: d.vendorCalls(), Downloads: d.downloads,
		PublicURL: d.publicURL(smartflo.Kind), LinkKey: key, Log: d.log,
	})
}
