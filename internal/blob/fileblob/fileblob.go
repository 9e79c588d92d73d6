// Package fileblob keeps blobs as files in a folder, which it never leaves
// (os.Root). A blob appears by rename after fsync of file and folder, so a
// crash leaves the old state or the new one; a draft is the blob's name with
// ".part" behind it.
//
// It is not a cache and starts no goroutine. A Store may be used by many
// goroutines at once, and several processes may have the same folder.
package fileblob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

const (
	draftEnding = ".part"
	tempFolder  = ".tmp"
	// staleAfter is when a temporary file is surely nobody's any more.
	staleAfter = 24 * time.Hour
)

// Store keeps blobs in a folder. Make it with Open.
type Store struct{ root *os.Root }

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Drafts = (*Store)(nil)
)

// Open gives the store in the folder dir, which is made when missing.
func Open(dir string) (*Store, error) {
	const op = "fileblob.Open"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explain(op, dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, explain(op, dir, err)
	}
	s := &Store{root: root}
	if err := s.sweep(time.Now()); err != nil {
		return nil, errors.Join(explain(op, dir, err), root.Close())
	}
	return s, nil
}

// Close lets go of the folder.
func (s *Store) Close() error { return s.root.Close() }

// sweep removes temporary files of processes that ended amid a Put.
func (s *Store) sweep(now time.Time) error {
	if err := s.root.MkdirAll(tempFolder, 0o700); err != nil {
		return err
	}
	left, err := fs.ReadDir(s.root.FS(), tempFolder)
	if err != nil {
		return err
	}
	for _, entry := range left {
		info, err := entry.Info()
		if err != nil || now.Sub(info.ModTime()) < staleAfter {
			continue
		}
		if err := s.root.Remove(path.Join(tempFolder, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, limit int64) (blob.Info, error) {
	const op = "fileblob.Put"
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	temp := path.Join(tempFolder, rand.Text())
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return blob.Info{}, explain(op, key, err)
	}
	info, err := fill(ctx, f, r, limit)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.settle(temp, key)
	}
	if err != nil {
		err = errors.Join(err, ignoreMissing(s.root.Remove(temp)))
		return blob.Info{}, explain(op, key, err)
	}
	info.Key = key
	return info, nil
}

// fill copies r to f and gives size, checksum and time.
func fill(ctx context.Context, f *os.File, r io.Reader, limit int64) (blob.Info, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(patient{ctx, r}, min(limit, 1<<62)+1))
	if err != nil {
		return blob.Info{}, err
	}
	if n > limit {
		return blob.Info{}, voice.Errorf("fileblob.Put", voice.Limit, "more than %d bytes", limit)
	}
	return blob.Info{Size: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Modified: time.Now()}, nil
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context // lives no longer than one Put
	r   io.Reader
}

func (p patient) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.r.Read(b)
}

// settle renames a file that is safe on the disk to key and makes that safe too.
func (s *Store) settle(from, key string) error {
	if err := s.folder(path.Dir(key)); err != nil {
		return err
	}
	if err := s.root.Rename(from, key); err != nil {
		return err
	}
	return s.syncFolder(path.Dir(key))
}

// folder makes dir and its parents, each safe on the disk.
func (s *Store) folder(dir string) error {
	if _, err := s.root.Stat(dir); err == nil {
		return nil
	}
	if err := s.root.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for dir != "." {
		dir = path.Dir(dir)
		if err := s.syncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) syncFolder(dir string) error {
	d, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements blob.Store; what it gives is an *os.File.
func (s *Store) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	const op = "fileblob.Open"
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	f, err := s.root.Open(key)
	if err != nil {
		return nil, explain(op, key, err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(explain(op, key, fs.ErrNotExist), err, f.Close())
	}
	return f, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(_ context.Context, key string) (blob.Info, error) {
	const op = "fileblob.Stat"
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	info, err := s.root.Lstat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return blob.Info{}, explain(op, key, err)
	}
	return blob.Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, key string) error {
	const op = "fileblob.Delete"
	if _, err := s.Stat(ctx, key); err != nil {
		return err
	}
	err := s.root.Remove(key)
	if err == nil {
		err = s.syncFolder(path.Dir(key))
	}
	return explain(op, key, err)
}

// List implements blob.Store. What is not a blob is passed over.
func (s *Store) List(ctx context.Context, prefix string) ([]blob.Info, error) {
	list := []blob.Info{}
	start := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		start = prefix[:i]
		if err := blob.CheckKey(start); err != nil {
			return nil, err
		}
	}
	err := fs.WalkDir(s.root.FS(), start, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone meanwhile, or nothing there yet
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case name == tempFolder:
			return fs.SkipDir
		case !entry.Type().IsRegular() || !strings.HasPrefix(name, prefix) || blob.CheckKey(name) != nil:
			return nil
		}
		info, err := entry.Info()
		if err == nil {
			list = append(list, blob.Info{Key: name, Size: info.Size(), Modified: info.ModTime()})
		}
		return ignoreMissing(err)
	})
	slices.SortFunc(list, func(a, b blob.Info) int { return strings.Compare(a.Key, b.Key) })
	return list, explain("fileblob.List", prefix, err)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// explain turns what the file system says into voice's kinds.
func explain(op, key string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*voice.Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return voice.Errorf(op, voice.NotExist, "blob %s does not exist", key)
	case errors.Is(err, fs.ErrExist):
		return voice.Errorf(op, voice.Exists, "blob %s is there already", key)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return voice.E(op, voice.Unavailable, err)
	}
	for _, refusal := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.EACCES} {
		if errors.Is(err, refusal) {
			return voice.Errorf(op, voice.Unavailable, "the storage refuses: %w", err)
		}
	}
	return voice.E(op, voice.Internal, err)
}
