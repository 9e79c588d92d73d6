package daemon

import (
	"context"

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
	if free, ok := freeDisk(g.dir); ok && free < g.least {
		return nil, voice.Errorf("daemon.record", voice.Unavailable,
			"only %d MB are free on the disk, fewer than limits.free_disk_mb", free>>20)
	}
	return g.Drafts.Create(ctx, key)
}
