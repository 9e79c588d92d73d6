package switchboard

import (
	"context"
	"slices"

	"tandem/internal/voice"
)

// shown gives the number that the user of an extension lets outside parties
// see; "" = automatic.
func (s *Switchboard) shown(ctx context.Context, t voice.TenantID, extension string) (string, error) {
	x, err := s.cfg.Extensions.Extension(ctx, t, extension)
	if err != nil || x.User == "" {
		return "", unlessGone(err)
	}
	u, err := s.cfg.Users.User(ctx, t, x.User)
	if err != nil {
		return "", unlessGone(err)
	}
	own, err := s.mayShow(ctx, t, u.ShowID)
	if err != nil || !own {
		return "", err
	}
	return u.ShowID, nil
}

// mayShow says whether calls of a tenant may show a caller ID: numbers of the
// account and telephones of its users, or none. Nobody shows another's number.
func (s *Switchboard) mayShow(ctx context.Context, t voice.TenantID, id string) (bool, error) {
	switch id {
	case "", "none", "anonymous":
		return true, nil
	}
	e, err := voice.ParseE164(id)
	if err != nil {
		return false, nil // "auto", or not a number at all
	}
	n, err := s.cfg.Numbers.NumberByE164(ctx, e)
	if err == nil && n.Tenant == t {
		return true, nil
	}
	if err := unlessGone(err); err != nil {
		return false, err
	}
	users, err := s.cfg.Users.Users(ctx, t)
	return slices.ContainsFunc(users, func(u voice.User) bool {
		return slices.ContainsFunc(u.Phones, func(p voice.Phone) bool { return p.Number == e })
	}), err
}

// route resolves a destination and leaves out caller IDs that may not be shown.
func (s *Switchboard) route(ctx context.Context, t voice.TenantID, d voice.Destination, fromApp bool, n voice.Noter) (voice.Route, error) {
	r, err := s.cfg.Router.Route(ctx, t, d, fromApp)
	if err != nil {
		return r, err
	}
	r.Attempts = slices.Clone(r.Attempts)
	for i, a := range r.Attempts {
		own, err := s.mayShow(ctx, t, a.CallerID)
		if err != nil {
			return r, err
		}
		if !own {
			r.Attempts[i].CallerID = ""
			n.Note(voice.Event{Kind: voice.EventStep, Text: "caller ID " + a.CallerID + " is not a number of the account and is not shown",
				Data: map[string]string{"caller_id": a.CallerID}})
		}
	}
	return r, nil
}

// unlessGone passes on errors other than NotExist.
func unlessGone(err error) error {
	if voice.IsKind(err, voice.NotExist) {
		return nil
	}
	return err
}
