package switchboard

import (
	"context"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// find gives the program that answers what was dialled and settles whose call it is.
// A caller who is not an extension of a tenant reaches configured numbers and
// nothing else.
func (s *Switchboard) find(ctx context.Context, c Call) (*flow.Program, error) {
	info := c.Info()
	if info.Extension != "" {
		return s.dialled(ctx, c, info.Tenant, info.Extension, info.To)
	}
	n, err := s.number(ctx, info.To)
	if err != nil {
		return nil, err
	}
	if info.Trunk != "" && info.Tenant != n.Tenant {
		return nil, voice.Errorf("switchboard.find", voice.NotExist, "no number %s here", info.To)
	}
	c.SetTenant(n.Tenant)
	return s.forDestination(ctx, c, n.Tenant, n.Dest, string(n.E164))
}

func (s *Switchboard) number(ctx context.Context, dialled string) (voice.Number, error) {
	const op = "switchboard.find"
	e, err := voice.ParseE164(dialled)
	if err != nil {
		return voice.Number{}, voice.Errorf(op, voice.NotExist, "no number %s here", dialled)
	}
	n, err := s.cfg.Numbers.NumberByE164(ctx, e)
	if voice.IsKind(err, voice.NotExist) {
		return n, voice.Errorf(op, voice.NotExist, "no number %s here", e)
	}
	return n, err
}

// dialled is for a caller who has proved to be an extension: own numbers, other
// extensions, apps by short code or address, and outside numbers.
func (s *Switchboard) dialled(ctx context.Context, c Call, t voice.TenantID, extension, to string) (*flow.Program, error) {
	return s.dialledAs(ctx, c, t, to, func() (string, error) { return s.shown(ctx, t, extension) })
}

// dialledAs is dialled, where show gives the number for outside parties to see.
func (s *Switchboard) dialledAs(ctx context.Context, c Call, t voice.TenantID, to string, show func() (string, error)) (*flow.Program, error) {
	n, err := s.number(ctx, to)
	switch {
	case err == nil && n.Tenant == t:
		return s.forDestination(ctx, c, t, n.Dest, string(n.E164))
	case err != nil && !voice.IsKind(err, voice.NotExist):
		return nil, err
	}
	_, err = s.cfg.Extensions.Extension(ctx, t, to)
	switch {
	case err == nil:
		return direct(voice.Destination{Kind: voice.ToExtension, ID: to}), nil
	case !voice.IsKind(err, voice.NotExist):
		return nil, err
	}
	p, err := s.cfg.Library.Dialled(ctx, t, to)
	if err == nil || !voice.IsKind(err, voice.NotExist) {
		return p, err
	}
	if looksLikeNumber(to) {
		e, err := voice.ParseE164(to)
		if err != nil {
			return nil, voice.E("switchboard.find", voice.NotExist, err)
		}
		id, err := show()
		if err != nil {
			return nil, err
		}
		return dialling(flow.Dial{To: voice.Destination{Kind: voice.ToNumber, ID: string(e)}, CallerID: id}), nil
	}
	return nil, voice.Errorf("switchboard.find", voice.NotExist, "nothing is behind %q", to)
}

// looksLikeNumber keeps an extension's dial within full international numbers.
func looksLikeNumber(s string) bool {
	return strings.HasPrefix(s, "+") || strings.HasPrefix(s, "00")
}

func (s *Switchboard) forDestination(ctx context.Context, c Call, t voice.TenantID, d voice.Destination, dialled string) (*flow.Program, error) {
	switch d.Kind {
	case "":
		return nil, voice.Errorf("switchboard.find", voice.NotExist, "number %s is not connected to anything", dialled)
	case voice.ToApp:
		p, err := s.programFor(ctx, c, t, voice.AppID(d.ID))
		if voice.IsKind(err, voice.NotExist) {
			return nil, voice.Errorf("switchboard.find", voice.NotExist, "number %s is connected to app %s, which is gone", dialled, d.ID)
		}
		return p, err
	default:
		return direct(d), nil
	}
}

// direct is the program of a call that goes straight to one destination: the
// caller hears it ring and is not answered before the destination is. Its exits
// lead nowhere: the caller gets the far end's own reason.
func direct(d voice.Destination) *flow.Program { return dialling(flow.Dial{To: d}) }

func dialling(d flow.Dial) *flow.Program {
	return &flow.Program{
		Name: "direct to " + d.To.String(), Entry: "dial",
		Nodes: []flow.Node{{ID: "dial", Step: d}},
	}
}
