package prompt

import (
	"bytes"
	"context"
	"io"
	"time"

	"tandem/internal/blob"
	"tandem/internal/media"
	"tandem/internal/voice"
)

const soundFolder = "sounds"

// Kept is sound that was stored.
type Kept struct {
	Blob     string // blob key
	Size     int64  // bytes
	Duration time.Duration
}

// Keep stores sound under a fresh key, as 16-bit WAV at 8 kHz. Unavailable when
// the blob store refuses.
func (l *Library) Keep(ctx context.Context, p media.PCM) (Kept, error) {
	return l.keep(ctx, blob.NewKey(soundFolder, "wav", l.cfg.Now()), p)
}

func (l *Library) keep(ctx context.Context, key string, p media.PCM) (Kept, error) {
	p = media.Resample(p, media.Rate)
	data, err := WAV(p)
	if err != nil {
		return Kept{}, voice.E("prompt.Keep", voice.Internal, err)
	}
	info, err := l.cfg.Blobs.Put(ctx, key, bytes.NewReader(data), maxBlob)
	if err != nil {
		return Kept{}, err
	}
	return Kept{Blob: key, Size: info.Size, Duration: p.Duration()}, nil
}

// StoreSound stores sound as the audio of s, a row that exists, and gives the
// row as it is stored then. Source, FileName, Text and Voice are the caller's to
// set. The audio that s had before stays in the blob store for those who are
// hearing it.
func (l *Library) StoreSound(ctx context.Context, s voice.Sound, p media.PCM) (voice.Sound, error) {
	kept, err := l.Keep(ctx, p)
	if err != nil {
		return voice.Sound{}, err
	}
	s.Blob, s.Size, s.Duration, s.Updated = kept.Blob, kept.Size, kept.Duration, l.cfg.Now()
	if err := l.cfg.Sounds.UpdateSound(ctx, s); err != nil {
		// Nothing names the blob; the sweeper finds it if this fails too.
		_ = l.cfg.Blobs.Delete(context.WithoutCancel(ctx), kept.Blob)
		return voice.Sound{}, err
	}
	return s, nil
}

// StoreRecording stores the audio of a recording, evened out and without the
// silence around it, as that of s.
func (l *Library) StoreRecording(ctx context.Context, s voice.Sound, blobKey string) (voice.Sound, error) {
	p, err := l.read(ctx, blobKey)
	if err != nil {
		return voice.Sound{}, err
	}
	return l.StoreSound(ctx, s, Telephone(p))
}

// Open opens stored sound as a WAV file.
func (l *Library) Open(ctx context.Context, blobKey string) (io.ReadSeekCloser, error) {
	return l.cfg.Blobs.Open(ctx, blobKey)
}

// OpenStandard opens a phrase in a voice code as a WAV file. As with Clip, a
// file may come together with an error that says what is wrong with it.
func (l *Library) OpenStandard(ctx context.Context, phrase, code string) (io.ReadSeekCloser, error) {
	clip, problem := l.standard(ctx, phrase, code, 0)
	if clip == nil {
		return nil, problem
	}
	data, err := WAV(clip.PCM())
	if err != nil {
		return nil, voice.E("prompt.OpenStandard", voice.Internal, err)
	}
	return file{bytes.NewReader(data)}, problem
}

// file is a file in memory.
type file struct{ *bytes.Reader }

// Close implements io.Closer.
func (file) Close() error { return nil }
