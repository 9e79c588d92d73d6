package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

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

// Party is one side of a talk.
type Party struct {
	Leg string `json:"leg,omitempty" maxLength:"64" doc:"Who: far is whom the caller talks with, otherwise a leg of the timeline; missing = the caller"`
}

// HoldOrder is who is put on hold and hears what.
type HoldOrder struct {
	Party
	Music string `json:"music,omitempty" maxLength:"200" doc:"A sound, by its id or name; missing = the built-in music"`
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

func (a *API) hold(ctx context.Context, c caller, in *struct {
	CallPath
	Body *HoldOrder `required:"false"`
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	order := HoldOrder{}
	if in.Body != nil {
		order = *in.Body
	}
	var music []voice.Prompt
	if order.Music != "" {
		if music, err = a.music(ctx, c, order.Music); err != nil {
			return nil, err
		}
	}
	return nil, a.cfg.Holds.HoldTalk(ctx, c.tenant, id, voice.LegID(order.Leg), music)
}

// music finds a sound as a play step of the account's would.
func (a *API) music(ctx context.Context, c caller, sound string) ([]voice.Prompt, error) {
	steps, err := json.Marshal(map[string]any{"hold": map[string]any{"play": []any{map[string]string{"sound": sound}}}})
	if err != nil {
		return nil, voice.E("httpapi.music", voice.Internal, err)
	}
	p, err := a.fragment(ctx, c, Fragment{Steps: steps}, "hold", "")
	if e, ok := errors.AsType[huma.StatusError](err); ok && e.GetStatus() == http.StatusUnprocessableEntity {
		return nil, invalid("body.music", "there is no sound %q in this account", sound)
	}
	if err != nil {
		return nil, there(err, "body.music")
	}
	spec, err := over(StepOrder{}, p)
	if err != nil {
		return nil, invalid("body.music", "%q is no sound", sound)
	}
	return spec.Prompts, nil
}

func (a *API) unhold(ctx context.Context, c caller, in *struct {
	CallPath
	Body *Party `required:"false"`
}) (*nothing, error) {
	id, err := a.up(ctx, c, in.Call)
	if err != nil {
		return nil, err
	}
	leg := voice.LegID("")
	if in.Body != nil {
		leg = voice.LegID(in.Body.Leg)
	}
	return nil, a.cfg.Holds.ResumeTalk(ctx, c.tenant, id, leg)
}
