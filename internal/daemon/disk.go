package daemon

import (
	"context"
	"syscall"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// guarded refuses new recordings while the disk is nearly full, so that the
// database keeps room for what must not be lost.
type guarded struct {
	blob.Drafts
	dir   string
	least uint64 // bytes that must be free
}

func (g guarded) Create(ctx context.Context, key string) (blob.Draft, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(g.dir, &st); err == nil && st.Bavail*uint64(st.Bsize) < g.least {
		return nil, voice.Errorf("daemon.record", voice.Unavailable,
			"only %d MB are free on the disk, fewer than limits.free_disk_mb", st.Bavail*uint64(st.Bsize)>>20)
	}
	return g.Drafts.Create(ctx, key)
}
