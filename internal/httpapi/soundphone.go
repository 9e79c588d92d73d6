package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"tandem/internal/voice"
)

// SoundByPhone is who records a sound by telephone.
type SoundByPhone struct {
	To Destination `json:"to" doc:"Who is rung: a user, extension, number or SIP address; a user's browsers ring with its extension"`
}

// NewSoundByPhone is that of a sound that does not exist yet.
type NewSoundByPhone struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
	SoundByPhone
}

// SoundCall is a call in which a sound is recorded.
type SoundCall struct {
	Sound string `json:"sound" doc:"Id of the sound; it has no new audio before the recording is kept"`
	Call  string `json:"call" doc:"Id of the call, for its timeline"`
}

func (a *API) registerSoundsByPhone(section string) {
	const how = "Who answers speaks after the tone until #, then keeps it (1), hears it (2) or speaks it again (3). The answer does not wait. Needs calls:write too."
	handle(a, route{id: "new-sound-by-phone", method: http.MethodPost, path: "/sounds/phone", section: section, scope: AppsWrite, status: http.StatusAccepted,
		title: "Record a new sound by phone", text: how}, a.newSoundByPhone)
	handle(a, route{id: "sound-by-phone", method: http.MethodPost, path: "/sounds/{sound}/phone", section: section, scope: AppsWrite, status: http.StatusAccepted,
		title: "Record a sound anew by phone", text: how + " What it was before stays until then."}, a.soundByPhone)
}

func (a *API) newSoundByPhone(ctx context.Context, c caller, in *struct{ Body NewSoundByPhone }) (*answer[SoundCall], error) {
	name := cleanName(in.Body.Name)
	if name == "" {
		return nil, invalid("body.name", "it has no letter that can be seen")
	}
	now := a.cfg.Now()
	s := voice.Sound{ID: voice.SoundID(voice.NewID("SD")), Tenant: c.tenant, Name: name, Created: now, Updated: now}
	if err := a.cfg.Sounds.CreateSound(ctx, s); err != nil {
		return nil, err
	}
	out, err := a.record(ctx, c, s, in.Body.To)
	if err != nil {
		_ = a.cfg.Sounds.DeleteSound(context.WithoutCancel(ctx), c.tenant, s.ID) // an empty sound is all that is left
	}
	return out, err
}

func (a *API) soundByPhone(ctx context.Context, c caller, in *struct {
	SoundPath
	Body SoundByPhone
}) (*answer[SoundCall], error) {
	s, err := a.cfg.Sounds.Sound(ctx, c.tenant, voice.SoundID(in.Sound))
	if err != nil {
		return nil, err
	}
	return a.record(ctx, c, s, in.Body.To)
}

// record begins the call in which a sound is recorded.
func (a *API) record(ctx context.Context, c caller, s voice.Sound, to Destination) (*answer[SoundCall], error) {
	if !c.may(CallsWrite) {
		return nil, voice.Errorf("httpapi", voice.Permission, "the key has not the scope calls:write, which the call needs")
	}
	if to.Kind == string(voice.ToApp) || to.Kind == string(voice.ToMailbox) {
		return nil, invalid("body.to.kind", "an %s can't be rung", to.Kind)
	}
	if _, err := a.reachable(ctx, c, to, "body.to"); err != nil {
		return nil, err
	}
	phrase := func(name string) []any { return []any{map[string]string{"phrase": name}} }
	steps, err := json.Marshal(map[string]any{
		"ask":  map[string]any{"play": map[string]any{"prompts": phrase("record-prompt"), "barge_in": true}, "then": "take", "cut": "take"},
		"take": map[string]any{"record": map[string]any{"purpose": "prompt", "beep": true, "finish": "#", "max_length": "5m", "min_length": "500ms"}, "recorded": "menu", "not_recorded": "rounds", "failed": "over"},
		"menu": map[string]any{"gather": map[string]any{"prompts": phrase("recording-menu"), "barge_in": true},
			"keys": map[string]string{"1": "save", "2": "listen", "3": "ask"}, "invalid": "rounds-menu", "no_input": "rounds-menu"},
		"listen":      map[string]any{"play_recording": nil, "then": "menu"},
		"save":        map[string]any{"save_sound": string(s.ID), "then": "saved", "failed": "over"},
		"saved":       map[string]any{"play": phrase("recording-saved"), "then": "over"},
		"rounds":      map[string]any{"count": map[string]any{"name": "rounds", "limit": 3}, "again": "ask", "over": "over"},
		"rounds-menu": map[string]any{"count": map[string]any{"name": "rounds-menu", "limit": 5}, "again": "menu", "over": "over"},
		"over":        map[string]any{"hang_up": map[string]any{}},
	})
	if err != nil {
		return nil, voice.E("httpapi.record", voice.Internal, err)
	}
	order, err := a.callBack(ctx, c, CallOrder{First: to, Fragment: Fragment{Steps: steps, Start: "ask"}})
	if err != nil {
		return nil, err
	}
	id, err := a.cfg.Control.Originate(ctx, order)
	if err != nil {
		return nil, there(err, "body.to")
	}
	return body(SoundCall{string(s.ID), string(id)}), nil
}
