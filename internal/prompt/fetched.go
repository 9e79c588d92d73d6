package prompt

import (
	"context"
	"fmt"
	"io"
	"time"

	"tandem/internal/media"
	"tandem/internal/voice"
)

// fetchedAge is how long the sound at an address is taken from memory.
const fetchedAge = time.Minute

// Fetch opens what is at a URL that an account gave, under the outbound policy.
// Errors: Invalid or Permission for a URL that may not be fetched, Unavailable for
// a server that does not answer with it.
type Fetch func(ctx context.Context, t voice.TenantID, url string) (io.ReadCloser, error)

// fetched gives the sound at an address, WAV or MP3, which must be here within
// wait: the caller hears nothing meanwhile. 0 = as long as ctx allows.
func (l *Library) fetched(ctx context.Context, t voice.TenantID, url string, wait time.Duration) (*media.Clip, error) {
	const op = "prompt.Fetched"
	if l.cfg.Fetch == nil {
		return nil, voice.Errorf(op, voice.Unavailable, "this server fetches no sounds")
	}
	late := voice.Errorf(op, voice.Unavailable, "the sound was not there within %s", wait)
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, wait, late)
		defer cancel()
	}
	key := fmt.Sprintf("url/%s/%d/%s", t, l.cfg.Now().Unix()/int64(fetchedAge/time.Second), url)
	clip, err := l.clips.get(ctx, key, func(ctx context.Context) (*media.Clip, error) {
		body, err := l.cfg.Fetch(ctx, t, url)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		in, err := Ingest(ctx, body, "", Limits{Lame: l.cfg.Lame})
		if err != nil {
			return nil, err
		}
		return media.NewClip(Telephone(in.PCM)), nil
	})
	if err != nil && wait > 0 && context.Cause(ctx) == error(late) {
		return nil, late
	}
	return clip, err
}
