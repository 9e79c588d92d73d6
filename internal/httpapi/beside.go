package httpapi

import (
	"context"
	"strings"
	"time"

	"tandem/internal/voice"
)

// TapeOrder is how a call is recorded.
type TapeOrder struct {
	Mixed      bool `json:"mixed,omitempty" doc:"In one channel; otherwise the caller left, all the rest right"`
	MaxSeconds int  `json:"max_seconds,omitempty" minimum:"1" maximum:"86400" doc:"Missing = as long as a recording may be"`
}

// Tape is a recording that has begun.
type Tape struct {
	Recording string `json:"recording" doc:"Its id"`
}

// TapeState is whether a recording goes on.
type TapeState struct {
	State string `json:"state" enum:"paused,recording"`
}

// KeyOrder is keys to be pressed.
type KeyOrder struct {
	Keys string `json:"keys" minLength:"1" maxLength:"64" pattern:"^[0-9*#A-DWw,]+$" patternDescription:"keys 0-9 * # A-D, and pauses: W = 1 s, w or comma = half a second"`
	Leg  string `json:"leg,omitempty" maxLength:"64" doc:"Who is sent them, a leg of the timeline; missing = the caller"`
}

func (a *API) stopOver(ctx context.Context, c caller, in *struct {
	CallPath
	Leg string `query:"leg" maxLength:"64" doc:"Missing = the caller"`
}) (*nothing, error) {
	return nil, a.cfg.Commands.StopOver(ctx, c.tenant, voice.CallID(in.Call), voice.LegID(in.Leg))
}

func (a *API) startTape(ctx context.Context, c caller, in *struct {
	CallPath
	Body *TapeOrder `required:"false"`
}) (*answer[Tape], error) {
	spec := voice.TapeSpec{User: c.key.User}
	if in.Body != nil {
		spec.Mixed, spec.MaxLength = in.Body.Mixed, time.Duration(in.Body.MaxSeconds)*time.Second
	}
	id, err := a.cfg.Commands.StartTape(ctx, c.tenant, voice.CallID(in.Call), spec)
	if err != nil {
		return nil, err
	}
	return body(Tape{string(id)}), nil
}

func (a *API) pauseTape(ctx context.Context, c caller, in *struct {
	CallPath
	Body TapeState
}) (*nothing, error) {
	order := voice.TapePause
	if in.Body.State == "recording" {
		order = voice.TapeResume
	}
	return nil, a.cfg.Commands.OrderTape(ctx, c.tenant, voice.CallID(in.Call), order)
}

func (a *API) stopTape(ctx context.Context, c caller, in *CallPath) (*nothing, error) {
	return nil, a.cfg.Commands.OrderTape(ctx, c.tenant, voice.CallID(in.Call), voice.TapeStop)
}

func (a *API) pressKeys(ctx context.Context, c caller, in *struct {
	CallPath
	Body KeyOrder
}) (*nothing, error) {
	if strings.Trim(in.Body.Keys, "Ww,") == "" {
		return nil, invalid("body.keys", "there is no key among the pauses")
	}
	return nil, there(a.cfg.Commands.SendKeys(ctx, c.tenant, voice.CallID(in.Call), voice.LegID(in.Body.Leg), in.Body.Keys), "body.keys", voice.Invalid)
}
