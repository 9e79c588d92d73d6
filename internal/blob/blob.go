// Package blob is what a store of audio is: recordings and sounds by key.
//
// It is the contract and the form of keys; blob/fileblob keeps blobs in a
// folder and blob/memblob in memory. Keys are generated names such as
// "recordings/2026/11/x7k….wav" and never a user's text. It starts no
// goroutine, and every store may be used by many goroutines at once.
package blob

import (
	"context"
	"io"
	"strings"
	"time"

	"tandem/internal/voice"
)

// Bounds of a key.
const (
	MaxKey   = 200 // bytes
	maxParts = 8
)

// Info is what is known of a blob.
type Info struct {
	Key      string
	Size     int64     // bytes
	SHA256   string    // hex; only from Put and Finish
	Modified time.Time // when it was stored
}

// Store keeps blobs. Errors: Invalid for a key that is not one, NotExist,
// Unavailable when the storage is full or refuses.
type Store interface {
	// Put stores what r gives until its end, in place of what key held. Either
	// all of it is there and safe afterwards, or nothing changed. Limit when r
	// gives more than limit bytes.
	Put(ctx context.Context, key string, r io.Reader, limit int64) (Info, error)
	// Open gives the blob for reading, any part of it in any order.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Stat(ctx context.Context, key string) (Info, error)
	Delete(ctx context.Context, key string) error
	// List gives the blobs whose key begins with prefix, by key. Drafts are not
	// among them.
	List(ctx context.Context, prefix string) ([]Info, error)
}

// Drafts makes blobs that grow in place while a call is recorded.
type Drafts interface {
	// Create begins a draft; Exists when key has a blob or a draft.
	Create(ctx context.Context, key string) (Draft, error)
	// Reopen gives the draft that a process left behind when it ended, and its
	// size, and goes on at its end. NotExist when there is none.
	Reopen(ctx context.Context, key string) (d Draft, size int64, err error)
}

// File is a file that is written: at its end by Write, anywhere by WriteAt.
type File interface {
	io.Writer
	io.WriterAt
	io.ReaderAt
	Truncate(size int64) error
	Sync() error
}

// Draft is a blob in the making. One goroutine at a time uses it, and ends it
// with Finish or Discard.
type Draft interface {
	File
	// Finish makes it the blob of its key, safe on the disk, and closes it.
	Finish() (Info, error)
	// Discard removes it. After Finish it does nothing.
	Discard() error
}

// NewKey gives a fresh key in the folder kind, by the month of at:
// "recordings/2026/11/<id>.wav" for the kind "recordings" and the ending "wav".
func NewKey(kind, ending string, at time.Time) string {
	return kind + "/" + at.UTC().Format("2006/01") + "/" + voice.NewID("") + "." + ending
}

// CheckKey gives an Invalid error unless key is one to eight parts of letters,
// digits, "-", "_" and ".", parted by "/", none beginning with a dot and the
// last not ending like a draft.
func CheckKey(key string) error {
	const op = "blob.CheckKey"
	if key == "" || len(key) > MaxKey {
		return voice.InvalidField(op, "key", "a blob key has 1 to %d characters, not %d", MaxKey, len(key))
	}
	parts := strings.Split(key, "/")
	if len(parts) > maxParts {
		return voice.InvalidField(op, "key", "blob key %q has more than %d parts", key, maxParts)
	}
	for _, part := range parts {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".part") || strings.IndexFunc(part, strange) >= 0 {
			return voice.InvalidField(op, "key", "blob key %q has the part %q, which can't be a name", key, part)
		}
	}
	return nil
}

func strange(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
}
