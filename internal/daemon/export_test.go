package daemon

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/blob/fileblob"
	"tandem/internal/hooks"
	"tandem/internal/prompt"
	"tandem/internal/voice"
)

// LookUpSound finds a sound as calls do.
func (d *Daemon) LookUpSound(ctx context.Context, t voice.TenantID, id voice.SoundID) (voice.Sound, error) {
	return d.lookups.Sound(ctx, t, id)
}

// Hooks gives the webhooks of the native API.
func (d *Daemon) Hooks() *hooks.Keeper { return d.hooks }

// Sign signs a delivery as the outbox has it signed.
func (d *Daemon) Sign(ctx context.Context, x voice.Delivery, now time.Time) (map[string]string, string, error) {
	return d.sign(ctx, x, now)
}

// FetchSounds gives what fetches the sounds of prompts with a client.
func FetchSounds(c *http.Client) prompt.Fetch { return downloads{c}.fetch }

// Captures gives where captures of packets are kept.
func (d *Daemon) Captures() voice.CaptureStore { return d.captures }

// PurgeCaptures removes those that began before a time.
func (d *Daemon) PurgeCaptures(ctx context.Context, before time.Time) error {
	return d.captures.purge(ctx, before)
}

// Blobs gives the files.
func (d *Daemon) Blobs() *fileblob.Store { return d.blobs }
