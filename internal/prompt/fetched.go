package prompt

import (
	"context"
	"fmt"
	"io"
	"time"

	"tandem/internal/media"
	"tandem/internal/voice"
)

// How long the sound at an address is kept.
const (
	fetchedAge = time.Minute // without asking again
	// staleAge is how long one is played whose server does not answer any more, since
	// it last said that it is the one.
	staleAge = time.Hour
)

// Version is what a server says of a sound (RFC 9110 §8.8); "" where it says nothing.
type Version struct{ ETag, Modified string }

// Fetched is what a Fetch gives.
type Fetched struct {
	Version
	Same bool          // it is still the known one; there is no Body
	Body io.ReadCloser // closed by who fetched
}

// Fetch opens what is at a URL that an account gave, under the outbound policy, unless
// it is the known version. Errors: Invalid or Permission for a URL that may not be
// fetched, NotExist where nothing is, Unavailable for a server that does not answer
// with it.
type Fetch func(ctx context.Context, t voice.TenantID, url string, known Version) (Fetched, error)

// origin is where an entry of the cache is from, when it was fetched.
type origin struct {
	version   Version
	asked     time.Time // the server
	confirmed time.Time // by it
}

// Fetch has the sound at an address here for whoever plays it next. Errors: those of
// Config.Fetch; Invalid, with the field file, for what is no sound and Limit for one
// that is too large.
func (l *Library) Fetch(ctx context.Context, t voice.TenantID, url string) error {
	clip, err := l.fetched(ctx, t, url, 0)
	if clip != nil {
		return nil
	}
	return err
}

// fetched gives the sound at an address, WAV, MP3 or GSM, which must be here within
// wait: the caller hears nothing meanwhile. 0 = as long as ctx allows. One that is
// kept is asked for again after fetchedAge; when its server does not answer the clip
// is given beside the error.
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
	fresh := func(o origin) bool { return l.cfg.Now().Sub(o.asked) < fetchedAge }
	clip, err := l.clips.renew(ctx, fmt.Sprintf("url/%s/%s", t, url), fresh, func(ctx context.Context, old *entry) (*entry, error) {
		return l.fetch(ctx, t, url, old)
	})
	if err != nil && wait > 0 && context.Cause(ctx) == error(late) {
		return clip, late
	}
	return clip, err
}

// fetch asks a server for a sound; old is the one that is kept, nil for none.
func (l *Library) fetch(ctx context.Context, t voice.TenantID, url string, old *entry) (*entry, error) {
	e := &entry{key: fmt.Sprintf("url/%s/%s", t, url)}
	known := Version{}
	if old != nil {
		known = old.version
	}
	f, err := l.cfg.Fetch(ctx, t, url, known)
	e.asked = l.cfg.Now()
	switch {
	case err != nil && old != nil && voice.KindOf(err) != voice.Permission && voice.KindOf(err) != voice.Invalid && voice.KindOf(err) != voice.NotExist &&
		e.asked.Sub(old.confirmed) < staleAge:
		e.clip, e.version, e.confirmed = old.clip, old.version, old.confirmed
		return e, err
	case err != nil:
		return nil, err
	case f.Same && old == nil:
		return nil, voice.Errorf("prompt.Fetched", voice.Unavailable, "the server says that the sound is as before, which nobody asked")
	case f.Same:
		e.clip, e.version, e.confirmed = old.clip, old.version, e.asked
		return e, nil
	}
	defer f.Body.Close()
	in, err := Ingest(ctx, f.Body, "", Limits{Lame: l.cfg.Lame, GSM: true})
	if err != nil {
		return nil, err
	}
	e.clip, e.version, e.confirmed = media.NewClip(Telephone(in.PCM)), f.Version, e.asked
	return e, nil
}
