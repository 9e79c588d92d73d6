// Package memblob keeps blobs in memory, for tests and simulations.
//
// Nothing outlives the process. It starts no goroutine, and a Store may be
// used by many goroutines at once.
package memblob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// Store keeps blobs in memory. Make it with New.
type Store struct {
	mu     sync.Mutex
	blobs  map[string]entry
	drafts map[string]*draft
}

type entry struct {
	data []byte // never changed once stored
	at   time.Time
}

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Drafts = (*Store)(nil)
)

// New makes an empty store.
func New() *Store { return &Store{blobs: map[string]entry{}, drafts: map[string]*draft{}} }

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, limit int64) (blob.Info, error) {
	const op = "memblob.Put"
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	if ctx.Err() != nil {
		return blob.Info{}, voice.E(op, voice.Unavailable, context.Cause(ctx))
	}
	data, err := io.ReadAll(io.LimitReader(r, min(limit, 1<<62)+1))
	if err != nil {
		return blob.Info{}, voice.E(op, voice.Internal, err)
	}
	if int64(len(data)) > limit {
		return blob.Info{}, voice.Errorf(op, voice.Limit, "more than %d bytes", limit)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store(key, data), nil
}

// store keeps data under key; the caller holds the lock.
func (s *Store) store(key string, data []byte) blob.Info {
	e := entry{data: data, at: time.Now()}
	s.blobs[key] = e
	info := e.info(key)
	sum := sha256.Sum256(data)
	info.SHA256 = hex.EncodeToString(sum[:])
	return info
}

func (e entry) info(key string) blob.Info {
	return blob.Info{Key: key, Size: int64(len(e.data)), Modified: e.at}
}

func (s *Store) find(op, key string) (entry, error) {
	if err := blob.CheckKey(key); err != nil {
		return entry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.blobs[key]
	if !ok {
		return entry{}, voice.Errorf(op, voice.NotExist, "blob %s does not exist", key)
	}
	return e, nil
}

// reader reads a blob.
type reader struct{ *bytes.Reader }

// Close implements io.Closer.
func (reader) Close() error { return nil }

// Open implements blob.Store.
func (s *Store) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	e, err := s.find("memblob.Open", key)
	if err != nil {
		return nil, err
	}
	return reader{bytes.NewReader(e.data)}, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(_ context.Context, key string) (blob.Info, error) {
	e, err := s.find("memblob.Stat", key)
	if err != nil {
		return blob.Info{}, err
	}
	return e.info(key), nil
}

// Delete implements blob.Store.
func (s *Store) Delete(_ context.Context, key string) error {
	if _, err := s.find("memblob.Delete", key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blobs, key)
	return nil
}

// List implements blob.Store.
func (s *Store) List(_ context.Context, prefix string) ([]blob.Info, error) {
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		if err := blob.CheckKey(prefix[:i]); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []blob.Info{}
	for key, e := range s.blobs {
		if strings.HasPrefix(key, prefix) {
			list = append(list, e.info(key))
		}
	}
	slices.SortFunc(list, func(a, b blob.Info) int { return strings.Compare(a.Key, b.Key) })
	return list, nil
}
