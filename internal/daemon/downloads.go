package daemon

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// maxVersion bounds what is remembered of a version, in bytes.
const maxVersion = 512

// downloads fetches audio under the outbound policy.
type downloads struct{ client *http.Client }

// Download implements smartflo.Downloader, for the account of ctx.
func (f downloads) Download(ctx context.Context, address string) (io.ReadCloser, error) {
	a, err := f.get(ctx, address, prompt.Version{})
	return a.Body, err
}

// fetch is a prompt.Fetch.
func (f downloads) fetch(ctx context.Context, t voice.TenantID, address string, known prompt.Version) (prompt.Fetched, error) {
	return f.get(voice.WithTenant(ctx, t), address, known)
}

func (f downloads) get(ctx context.Context, address string, known prompt.Version) (prompt.Fetched, error) {
	const op = "daemon.Download"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return prompt.Fetched{}, voice.InvalidField(op, "url", "it is no address")
	}
	if known.ETag != "" {
		req.Header.Set("If-None-Match", known.ETag)
	}
	if known.Modified != "" {
		req.Header.Set("If-Modified-Since", known.Modified)
	}
	resp, err := f.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil && voice.KindOf(err) == voice.Internal {
		err = voice.E(op, voice.Unavailable, err)
	}
	if err != nil {
		return prompt.Fetched{}, err
	}
	if resp.StatusCode == http.StatusOK {
		v := prompt.Version{ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified")}
		if len(v.ETag)+len(v.Modified) > maxVersion {
			v = prompt.Version{}
		}
		return prompt.Fetched{Body: resp.Body, Version: v}, nil
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && known != (prompt.Version{}) {
		return prompt.Fetched{Same: true}, nil
	}
	kind := voice.Unavailable
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
		kind = voice.NotExist
	}
	return prompt.Fetched{}, voice.Errorf(op, kind, "the server answered with status %d", resp.StatusCode)
}
