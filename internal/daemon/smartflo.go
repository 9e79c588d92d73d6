package daemon

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"tandem/internal/dialect/smartflo"
	"tandem/internal/outbound"
	"tandem/internal/voice"
)

func (d *Daemon) openSmartflo(ctx context.Context) (*smartflo.Dialect, error) {
	key, err := d.linkKey(ctx, smartflo.Kind)
	if err != nil {
		return nil, err
	}
	client := d.policy.Client(outbound.Audio())
	d.closing(client.CloseIdleConnections)
	return smartflo.New(smartflo.Config{
		Tenants: d.store, Users: d.store, Extensions: d.store, Apps: d.store, Sounds: d.store, Numbers: d.store,
		Resources: d.store, Recordings: d.store, Calls: d.store, Credentials: d.store, Bindings: d.store,
		Auth: credentials{d.credentials}, Tokens: d.tokens(),
		Audio: d.audio(), Control: control{d}, Live: d.LiveCalls(), Downloads: downloads{client},
		PublicURL: d.publicURL(smartflo.Kind), LinkKey: key, Log: d.log,
	})
}

// downloads fetches audio under the outbound policy.
type downloads struct{ client *http.Client }

// Download implements smartflo.Downloader.
func (f downloads) Download(ctx context.Context, address string) (io.ReadCloser, error) {
	const op = "daemon.Download"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, voice.InvalidField(op, "url", "it is no address")
	}
	resp, err := f.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil && voice.KindOf(err) == voice.Internal {
		err = voice.E(op, voice.Unavailable, err)
	}
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, voice.Errorf(op, voice.Unavailable, "the server answered with status %d", resp.StatusCode)
	}
	return resp.Body, nil
}
