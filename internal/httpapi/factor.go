package httpapi

import (
	"context"
	"net/http"
	"time"

	"tandem/internal/voice"
)

// Factor is the second factor of who is logged in.
type Factor struct {
	Enrolled     bool       `json:"enrolled" doc:"The log-in asks for a code"`
	Required     bool       `json:"required" doc:"The account wants it"`
	RecoveryLeft int        `json:"recovery_left,omitempty" doc:"Recovery codes that were not used"`
	Since        *time.Time `json:"since,omitempty"`
}

// Enrolment is what a device that makes codes is given.
type Enrolment struct {
	Secret string `json:"secret" doc:"In base32, to be typed in"`
	URI    string `json:"uri" doc:"The same for a QR code: otpauth://totp/…"`
}

// FactorCode is a code of the device, or a recovery code.
type FactorCode struct {
	Code string `json:"code" minLength:"1" maxLength:"64" doc:"Six digits of the device (RFC 6238), or a recovery code"`
}

// Recovery are codes for whoever has lost the device.
type Recovery struct {
	Codes []string `json:"codes" doc:"Each works once; they are shown this once"`
}

func (a *API) registerFactors() {
	const section = "Users"
	const own = "For people who are logged in at the page; keys have no second factor."
	handle(a, route{id: "begin-second-factor", method: http.MethodPost, path: "/me/second-factor", section: section, status: http.StatusCreated,
		title: "Begin to set up your second factor", text: "It is asked for once a code has confirmed it. " + own}, a.beginFactor)
	handle(a, route{id: "confirm-second-factor", method: http.MethodPost, path: "/me/second-factor/confirm", section: section,
		title: "Confirm your second factor by a code", text: own}, a.confirmFactor)
	handle(a, route{id: "renew-recovery-codes", method: http.MethodPost, path: "/me/second-factor/recovery", section: section,
		title: "Replace your recovery codes", text: own}, a.renewRecovery)
	handle(a, route{id: "remove-second-factor", method: http.MethodPost, path: "/me/second-factor/remove", section: section, status: http.StatusNoContent,
		title: "Remove your second factor", text: own}, a.removeFactor)
	handle(a, route{id: "reset-second-factor", method: http.MethodDelete, path: "/users/{user}/second-factor", section: section, scope: ConfigWrite, status: http.StatusNoContent,
		title: "Reset a user's second factor", text: "For somebody who has lost the device and the recovery codes. Who resets it may do all that the user may do."}, a.resetFactor)
}

func factorRule(text string) voice.FactorRule {
	if text == "off" {
		return voice.FactorOff
	}
	return voice.FactorRule(text)
}

func factorText(r voice.FactorRule) string {
	if r == voice.FactorOff {
		return "off"
	}
	return string(r)
}

// factorOf tells of a person's second factor.
func (a *API) factorOf(ctx context.Context, u voice.User, t voice.Tenant) (*Factor, error) {
	f := &Factor{Enrolled: u.SecondFactor, Required: t.SecondFactor.Covers(u.Role)}
	if !u.SecondFactor {
		return f, nil
	}
	kept, err := a.cfg.FactorStore.SecondFactor(ctx, u.Tenant, u.ID)
	if voice.IsKind(err, voice.NotExist) {
		return f, nil
	}
	f.RecoveryLeft, f.Since = kept.RecoveryLeft, moment(kept.Created)
	return f, err
}

// personOf gives who is logged in; Permission for a key.
func personOf(c caller) (voice.User, error) {
	if c.person.ID == "" {
		return c.person, voice.Errorf("httpapi", voice.Permission, "a key is no person: log in at the page")
	}
	return c.person, nil
}

func (a *API) beginFactor(ctx context.Context, c caller, _ *struct{}) (*answer[Enrolment], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	e, err := a.cfg.Factors.BeginFactor(ctx, u)
	if err != nil {
		return nil, err
	}
	return body(Enrolment(e)), nil
}

func (a *API) confirmFactor(ctx context.Context, c caller, in *struct{ Body FactorCode }) (*answer[Recovery], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	return recovery(a.cfg.Factors.ConfirmFactor(ctx, u, in.Body.Code))
}

func (a *API) renewRecovery(ctx context.Context, c caller, in *struct{ Body FactorCode }) (*answer[Recovery], error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	return recovery(a.cfg.Factors.RenewRecovery(ctx, u, in.Body.Code))
}

func recovery(codes []string, err error) (*answer[Recovery], error) {
	if err != nil {
		return nil, wrongCode(err)
	}
	return body(Recovery{codes}), nil
}

func (a *API) removeFactor(ctx context.Context, c caller, in *struct{ Body FactorCode }) (*nothing, error) {
	u, err := personOf(c)
	if err != nil {
		return nil, err
	}
	return nil, wrongCode(a.cfg.Factors.RemoveFactor(ctx, u, in.Body.Code))
}

// wrongCode puts the refusal of a code at its field.
func wrongCode(err error) error {
	if voice.IsKind(err, voice.Permission) {
		return invalid("body.code", "%s", voice.Reason(err))
	}
	return err
}

func (a *API) resetFactor(ctx context.Context, c caller, in *UserPath) (*nothing, error) {
	u, err := a.cfg.Users.User(ctx, c.tenant, voice.UserID(in.User))
	if err != nil {
		return nil, err
	}
	if u.ID == c.person.ID {
		return nil, voice.Errorf("httpapi", voice.Conflict, "your own second factor is removed with a code")
	}
	if err := outranks(c, u); err != nil {
		return nil, err
	}
	return nil, a.cfg.Factors.ResetFactor(ctx, u)
}

// outranks refuses a caller who may not do all that the user may: what opens the way to
// a user's log-in gives no more rights than one has.
func outranks(c caller, u voice.User) error {
	for _, s := range ScopesOf(u) {
		if !c.may(s) {
			return voice.Errorf("httpapi", voice.Permission, "the user may do what you may not: %s", s)
		}
	}
	return nil
}
