package daemon

import (
	"context"

	"tandem/internal/browser"
	"tandem/internal/httpapi"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

// phones carries the calls of pages in browsers.
type phones struct{ d *Daemon }

// Call implements httpapi.Phones.
func (p phones) Call(ctx context.Context, w httpapi.PageCall) ([]byte, error) {
	d := p.d
	if d.draining.Load() {
		return nil, voice.Errorf("daemon.Call", voice.Unavailable, "the server is stopping")
	}
	wish := switchboard.Wish{Program: w.Program, To: w.To, Show: w.Show}
	if w.To.Kind == httpapi.ToRoom {
		wish.Program = switchboard.Room(w.To.ID)
	}
	// The call outlives the request that began it.
	ctx = context.WithoutCancel(ctx)
	c, sdp, err := d.engine.FromPage(w.Line, w.Info)
	if err != nil {
		return nil, err
	}
	if w.Listen != "" {
		err = d.board.Listen(ctx, c, w.Listen, w.Mode)
	} else if wish.Program, err = d.board.Called(ctx, c, w.User, wish); err == nil {
		err = d.board.Run(ctx, c, wish.Program)
	}
	if err != nil {
		_ = c.Hangup(ctx, voice.CauseUnavailable, voice.Reason(err)) // nobody else has it
		return nil, notSDP(err)
	}
	return sdp, nil
}

// notSDP marks what is wrong with what was called, so that the page's description is
// not blamed.
func notSDP(err error) error {
	if voice.IsKind(err, voice.Invalid) || voice.IsKind(err, voice.NotExist) {
		return voice.InvalidField("daemon.Call", "body.to", "%s", voice.Reason(err))
	}
	return err
}

// pagesOf gives the pages in browsers that are telephones of an extension: those of
// its user.
func (d *Daemon) pagesOf(ctx context.Context, t voice.TenantID, extension string) ([]*browser.Page, error) {
	e, err := d.lookups.Extension(ctx, t, extension)
	if voice.IsKind(err, voice.NotExist) {
		return nil, nil
	}
	if err != nil || e.User == "" {
		return nil, err
	}
	return d.pages.Pages(browser.Owner{Tenant: t, User: e.User}), nil
}
