package daemon

import (
	"context"

	"tandem/internal/voice"
)

// LookUpSound finds a sound as calls do.
func (d *Daemon) LookUpSound(ctx context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	return d.lookups.Sound(ctx, t, id)
}
