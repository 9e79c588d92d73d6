package daemon

import (
	"context"

	"tandem/internal/dialect/routee"
)

// openRoutee makes the Routee dialect; its campaigns begin by startCampaigns.
func (d *Daemon) openRoutee() *routee.Dialect {
	cfg := routee.Config{
		Apps: d.store, Numbers: d.store, Resources: d.store, Recordings: d.store, Calls: d.store,
		Auth: credentials{d.credentials}, Bearers: d.bearers, Audio: d.audio(), Control: control{d}, Live: d.vendorCalls(), Commands: d.vendorCalls(),
		Outbox: d.store, PublicURL: d.publicURL(routee.Kind), Log: d.log,
	}
	if path := lamePath(); path != "" {
		cfg.Encoder = encoder{d, path}
	}
	return routee.New(cfg)
}

// startCampaigns goes on with the campaigns that the last end of the server broke off.
func (d *Daemon) startCampaigns(ctx context.Context) error {
	d.closing(d.routee.Close)
	return d.routee.Resume(ctx)
}

// encoder makes MP3 of recordings by lame.
type encoder struct {
	d    *Daemon
	lame string
}

// MP3 implements routee.Encoder.
func (e encoder) MP3(ctx context.Context, blob string) ([]byte, error) {
	file, err := e.d.blobs.Open(ctx, blob)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return mp3Of(e.lame)(ctx, file)
}
