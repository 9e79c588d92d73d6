package sonetel

import (
	"context"
	"encoding/json"
	"time"

	"tandem/internal/voice"
)

// Create makes a voice app from what a client would POST, without the API: for
// the program's own sample. References are not looked up. Error kind Invalid
// names the field.
func Create(ctx context.Context, t voice.TenantID, apps voice.AppStore, sounds voice.SoundStore, body json.RawMessage, now time.Time) (voice.App, error) {
	a, err := checkedApp(body)
	if err != nil {
		return a, voice.E("sonetel.Create", voice.Invalid, err)
	}
	doc, err := parseDocument(a)
	if err != nil {
		return a, err
	}
	return createApp(ctx, apps, sounds, t, doc, false, now)
}
