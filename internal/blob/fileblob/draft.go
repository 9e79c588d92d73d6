package fileblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// Draft is a file in the store's folder that becomes a blob by Finish. The
// file is there for whoever needs more than blob.Draft offers.
type Draft struct {
	*os.File
	store *Store
	key   string
	over  bool
}

var _ blob.Draft = (*Draft)(nil)

// Create implements blob.Drafts; what it gives is a *Draft. The name of the
// draft is safe on the disk when it returns.
func (s *Store) Create(ctx context.Context, key string) (blob.Draft, error) {
	const op = "fileblob.Create"
	if _, err := s.Stat(ctx, key); !voice.IsKind(err, voice.NotExist) {
		if err == nil {
			err = voice.Errorf(op, voice.Exists, "blob %s is there already", key)
		}
		return nil, err
	}
	if err := s.folder(path.Dir(key)); err != nil {
		return nil, explain(op, key, err)
	}
	f, err := s.root.OpenFile(key+draftEnding, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, explain(op, key, err)
	}
	d := &Draft{File: f, store: s, key: key}
	if err := s.syncFolder(path.Dir(key)); err != nil {
		return nil, errors.Join(explain(op, key, err), d.Discard())
	}
	return d, nil
}

// Reopen implements blob.Drafts.
func (s *Store) Reopen(_ context.Context, key string) (blob.Draft, int64, error) {
	const op = "fileblob.Reopen"
	if err := blob.CheckKey(key); err != nil {
		return nil, 0, err
	}
	f, err := s.root.OpenFile(key+draftEnding, os.O_RDWR, 0)
	if err != nil {
		return nil, 0, explain(op, key, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, errors.Join(explain(op, key, err), f.Close())
	}
	return &Draft{File: f, store: s, key: key}, size, nil
}

// Finish implements blob.Draft. When it fails the draft stays on the disk, for
// Reopen.
func (d *Draft) Finish() (blob.Info, error) {
	const op = "fileblob.Finish"
	if d.over {
		return blob.Info{}, voice.Errorf(op, voice.Conflict, "draft %s is over", d.key)
	}
	d.over = true
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(d.File, 0, 1<<62))
	if err == nil {
		err = d.Sync()
	}
	if err = errors.Join(err, d.Close()); err == nil {
		err = d.store.settle(d.key+draftEnding, d.key)
	}
	if err != nil {
		return blob.Info{}, explain(op, d.key, err)
	}
	return blob.Info{Key: d.key, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: time.Now()}, nil
}

// Discard implements blob.Draft.
func (d *Draft) Discard() error {
	if d.over {
		return nil
	}
	d.over = true
	err := errors.Join(d.Close(), d.store.root.Remove(d.key+draftEnding))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return explain("fileblob.Discard", d.key, err)
}
