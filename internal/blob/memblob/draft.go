package memblob

import (
	"context"
	"io"
	"slices"
	"sync"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// draft is a blob in the making.
type draft struct {
	store *Store
	key   string

	mu   sync.Mutex // Reopen may give it to another goroutine
	data []byte
	end  int64 // where Write goes on
	over bool
}

// Create implements blob.Drafts.
func (s *Store) Create(_ context.Context, key string) (blob.Draft, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.blobs[key]; ok || s.drafts[key] != nil {
		return nil, voice.Errorf("memblob.Create", voice.Exists, "blob %s is there already", key)
	}
	d := &draft{store: s, key: key}
	s.drafts[key] = d
	return d, nil
}

// Reopen implements blob.Drafts.
func (s *Store) Reopen(_ context.Context, key string) (blob.Draft, int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	d := s.drafts[key]
	s.mu.Unlock()
	if d == nil {
		return nil, 0, voice.Errorf("memblob.Reopen", voice.NotExist, "draft %s does not exist", key)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end = int64(len(d.data))
	return d, d.end, nil
}

// Write implements io.Writer.
func (d *draft) Write(b []byte) (int, error) {
	n, err := d.WriteAt(b, d.end)
	d.end += int64(n)
	return n, err
}

// WriteAt implements io.WriterAt.
func (d *draft) WriteAt(b []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return 0, voice.Errorf("memblob.Write", voice.Conflict, "draft %s is over", d.key)
	}
	d.grow(at + int64(len(b)))
	return copy(d.data[at:], b), nil
}

// grow makes the data at least size long, with zeros.
func (d *draft) grow(size int64) {
	if more := size - int64(len(d.data)); more > 0 {
		d.data = append(d.data, make([]byte, more)...)
	}
}

// ReadAt implements io.ReaderAt.
func (d *draft) ReadAt(b []byte, at int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at >= int64(len(d.data)) {
		return 0, io.EOF
	}
	n := copy(b, d.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Truncate implements blob.File.
func (d *draft) Truncate(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grow(size)
	d.data = d.data[:size]
	return nil
}

// Sync implements blob.File: memory is as safe as it gets.
func (d *draft) Sync() error { return nil }

// Finish implements blob.Draft.
func (d *draft) Finish() (blob.Info, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return blob.Info{}, voice.Errorf("memblob.Finish", voice.Conflict, "draft %s is over", d.key)
	}
	d.over = true
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	delete(d.store.drafts, d.key)
	return d.store.store(d.key, slices.Clone(d.data)), nil
}

// Discard implements blob.Draft.
func (d *draft) Discard() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return nil
	}
	d.over = true
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	delete(d.store.drafts, d.key)
	return nil
}
