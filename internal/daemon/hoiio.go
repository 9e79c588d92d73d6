package daemon

import (
	"context"
	"io"
	"time"

	"tandem/internal/child"
	"tandem/internal/dialect/hoiio"
)

func (d *Daemon) openHoiio(ctx context.Context) (*hoiio.Dialect, error) {
	key, err := d.linkKey(ctx, hoiio.Kind)
	if err != nil {
		return nil, err
	}
	cfg := hoiio.Config{
		Tenants: d.store, Users: d.store, Extensions: d.store, Apps: d.store, Numbers: d.store, Recordings: d.store,
		Calls: d.store, Credentials: d.store, Auth: credentials{d.credentials}, Box: d.box,
		Audio: d.audio(), Control: control{d}, Live: d.vendorCalls(), Commands: d.vendorCalls(), Settings: d.store, Sound: d.prompts.Fetch,
		CheckURL: d.policy.ResolveURL, PublicURL: d.publicURL(hoiio.Kind), OwnURL: d.hoiioURL, LinkKey: key, Log: d.log,
	}
	if path := lamePath(); path != "" {
		cfg.MP3 = mp3Of(path)
	}
	return hoiio.New(cfg)
}

// hoiioURL is where the API is reached when no public URL is set.
func (d *Daemon) hoiioURL() string {
	if d.listener == nil {
		return d.cfg.URL() + "/" + hoiio.Kind
	}
	return "http://" + d.listener.Addr().String() + "/" + hoiio.Kind
}

// Bounds of making MP3.
const (
	mp3Time   = 2 * time.Minute
	mp3Memory = 512 << 20 // bytes of address space
	mp3Output = 64 << 20  // bytes
)

// mp3Of gives what turns WAV into MP3 by lame.
func mp3Of(lame string) func(context.Context, io.Reader) ([]byte, error) {
	return func(ctx context.Context, wav io.Reader) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, mp3Time)
		defer cancel()
		p := child.Process{Path: lame, Args: []string{"--silent", "-b", "32", "-", "-"}, MaxOutput: mp3Output, Memory: mp3Memory, CPU: mp3Time}
		return p.Run(ctx, wav)
	}
}
