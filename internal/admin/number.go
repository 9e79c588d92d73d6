package admin

import (
	"context"
	"time"

	"tandem/internal/voice"
)

// AddNumber gives an account a telephone number whose calls go to dest; the
// zero dest is nowhere.
func (a *Admin) AddNumber(ctx context.Context, account voice.TenantID, number string, dest voice.Destination) (voice.Number, error) {
	const op = "admin.AddNumber"
	e, t, err := a.numberOf(ctx, op, account, number)
	if err != nil {
		return voice.Number{}, err
	}
	if err := a.checkDest(ctx, t.ID, &dest); err != nil {
		return voice.Number{}, err
	}
	n := voice.Number{E164: e, Tenant: t.ID, Dest: dest, Created: time.Now()}
	if err := a.Store.AddNumber(ctx, n); err != nil {
		if voice.IsKind(err, voice.Exists) {
			return voice.Number{}, voice.InvalidField(op, "number", "%s belongs to an account already", e)
		}
		return voice.Number{}, err
	}
	return n, nil
}

// RouteNumber sends the calls of a number elsewhere.
func (a *Admin) RouteNumber(ctx context.Context, account voice.TenantID, number string, dest voice.Destination) (voice.Number, error) {
	const op = "admin.RouteNumber"
	e, t, err := a.numberOf(ctx, op, account, number)
	if err != nil {
		return voice.Number{}, err
	}
	if err := a.checkDest(ctx, t.ID, &dest); err != nil {
		return voice.Number{}, err
	}
	n := voice.Number{E164: e, Tenant: t.ID, Dest: dest}
	if err := a.Store.UpdateNumber(ctx, n); err != nil {
		return voice.Number{}, noNumber(op, e, t.ID, err)
	}
	return n, nil
}

// RemoveNumber takes a number away from an account.
func (a *Admin) RemoveNumber(ctx context.Context, account voice.TenantID, number string) error {
	const op = "admin.RemoveNumber"
	e, t, err := a.numberOf(ctx, op, account, number)
	if err != nil {
		return err
	}
	return noNumber(op, e, t.ID, a.Store.RemoveNumber(ctx, t.ID, e))
}

// Numbers lists an account's numbers.
func (a *Admin) Numbers(ctx context.Context, account voice.TenantID) ([]voice.Number, error) {
	t, err := a.tenant(ctx, "admin.Numbers", account)
	if err != nil {
		return nil, err
	}
	return a.Store.Numbers(ctx, t.ID)
}

func (a *Admin) numberOf(ctx context.Context, op string, account voice.TenantID, number string) (voice.E164, voice.Tenant, error) {
	e, err := voice.ParseE164(number)
	if err != nil {
		return "", voice.Tenant{}, err
	}
	t, err := a.tenant(ctx, op, account)
	return e, t, err
}

func noNumber(op string, e voice.E164, t voice.TenantID, err error) error {
	if voice.IsKind(err, voice.NotExist) {
		return voice.InvalidField(op, "number", "account %s has no number %s", t, e)
	}
	return err
}

// checkDest refuses a destination that the account does not have, and puts
// numbers in canonical form.
func (a *Admin) checkDest(ctx context.Context, t voice.TenantID, d *voice.Destination) error {
	const op = "admin.checkDest"
	var err error
	switch d.Kind {
	case "":
		return nil
	case voice.ToApp:
		_, err = a.Store.App(ctx, t, voice.AppID(d.ID))
	case voice.ToUser, voice.ToMailbox:
		_, err = a.Store.User(ctx, t, voice.UserID(d.ID))
	case voice.ToExtension:
		_, err = a.Store.Extension(ctx, t, d.ID)
	case voice.ToNumber:
		var e voice.E164
		if e, err = voice.ParseE164(d.ID); err != nil {
			return voice.InvalidField(op, "to-number", "%s", voice.Reason(err))
		}
		d.ID = string(e)
	case voice.ToSIP:
		if d.ID == "" {
			return voice.InvalidField(op, string(d.Kind), "it is empty")
		}
	default:
		return voice.InvalidField(op, string(d.Kind), "a number cannot go to a %s", d.Kind)
	}
	if voice.IsKind(err, voice.NotExist) {
		return voice.InvalidField(op, string(d.Kind), "account %s has no %s %s", t, d.Kind, d.ID)
	}
	return err
}
