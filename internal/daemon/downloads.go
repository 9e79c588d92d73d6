package daemon

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"tandem/internal/voice"
)

// downloads fetches audio under the outbound policy.
type downloads struct{ client *http.Client }

// Download implements smartflo.Downloader, for the account of ctx.
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

// fetch is a prompt.Fetch.
func (f downloads) fetch(ctx context.Context, t voice.TenantID, address string) (io.ReadCloser, error) {
	return f.Download(voice.WithTenant(ctx, t), address)
}
