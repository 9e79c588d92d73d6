package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"tandem/internal/publish"
	"tandem/internal/voice"
)

// Canary is a document that a part of the callers gets already.
type Canary struct {
	Percent  int             `json:"percent" doc:"Of the callers; one caller always gets the same"`
	Number   string          `json:"number,omitempty" doc:"Only calls to this number; missing = all calls to the app"`
	By       string          `json:"by"`
	Note     string          `json:"note,omitempty"`
	Started  *time.Time      `json:"started"`
	Kind     string          `json:"kind"`
	Document json.RawMessage `json:"document"`
	Override *Override       `json:"override,omitempty"`
}

// CanaryInput begins or changes a canary.
type CanaryInput struct {
	Publication
	Percent int    `json:"percent" minimum:"1" maximum:"99" doc:"Of the callers. Whoever gets the canary keeps it when there are to be more."`
	Number  string `json:"number,omitempty" maxLength:"40" doc:"Only calls to this number of the account; missing = all calls to the app"`
}

// canaryKept is what the record of a canary holds.
type canaryKept struct {
	publish.Change
	Started time.Time `json:"started"`
}

func (a *API) registerCanaries(section string) {
	const path = "/apps/{app}/canary"
	handle(a, route{id: "read-canary", method: http.MethodGet, path: path, section: section, scope: AppsRead, title: "Read what a part of the callers gets already"}, a.readCanary)
	handle(a, route{id: "put-canary", method: http.MethodPut, path: path, section: section, scope: AppsWrite,
		title: "Give the draft to a part of the callers", text: "The draft passes what a publication passes. Without a draft, the share of the canary " +
			"that runs is changed. New calls count; calls that are up stay on their revision."}, a.putCanary)
	handle(a, route{id: "promote-canary", method: http.MethodPost, path: path + "/promote", section: section, scope: AppsWrite,
		title: "Publish the canary for all callers"}, a.promoteCanary)
	handle(a, route{id: "end-canary", method: http.MethodDelete, path: path, section: section, scope: AppsWrite,
		title: "End the canary", text: "At once: every new call gets what is published. The document is the draft again, unless there is another."}, a.endCanary)
}

func showCanary(v voice.App) (Canary, error) {
	var kept canaryKept
	if err := json.Unmarshal(v.Canary.Record, &kept); err != nil {
		return Canary{}, voice.E("httpapi.canary", voice.Internal, err)
	}
	return Canary{Percent: v.Canary.Percent, Number: string(v.Canary.Number), By: kept.By, Note: kept.Note, Started: moment(kept.Started),
		Kind: string(v.Kind), Document: json.RawMessage(v.Canary.Document), Override: overrode(kept.Change)}, nil
}

func (a *API) withCanary(ctx context.Context, c caller, app, ifMatch string) (voice.App, error) {
	v, err := a.matching(ctx, c, app, ifMatch)
	if err == nil && v.Canary.Percent == 0 {
		err = voice.Errorf("httpapi.canary", voice.NotExist, "app %s has no canary", v.ID)
	}
	return v, err
}

func (a *API) readCanary(ctx context.Context, c caller, in *AppPath) (*tagged[Canary], error) {
	v, err := a.withCanary(ctx, c, in.App, "")
	if err != nil {
		return nil, err
	}
	x, err := showCanary(v)
	return &tagged[Canary]{etag(v.Version), x}, err
}

func (a *API) putCanary(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body CanaryInput
}) (*tagged[Canary], error) {
	v, err := a.matching(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	number, err := a.numberOf(ctx, v, in.Body.Number)
	if err != nil {
		return nil, err
	}
	if len(v.Document) == 0 {
		return nil, voice.Errorf("httpapi.canary", voice.Conflict, "app %s has nothing published yet that the other callers could get", v.ID)
	}
	next := v
	r, draft, err := a.draft(ctx, v)
	switch {
	case err == nil:
		if next.Canary, err = a.newCanary(ctx, c, v, draft, in.Body); err != nil {
			return nil, err
		}
	case !voice.IsKind(err, voice.NotExist) || v.Canary.Percent == 0:
		return nil, err
	}
	next.Canary.Percent, next.Canary.Number = in.Body.Percent, number
	words := fmt.Sprintf("canary for %d %% of the callers", in.Body.Percent)
	if number != "" {
		words += " of " + string(number)
	}
	if in.Body.Note != "" {
		words += ": " + in.Body.Note
	}
	made, err := a.replace(ctx, v, publish.Change{By: c.by(), Note: words, Name: v.Name, Document: v.Document}, next.Canary)
	if err != nil {
		return nil, err
	}
	if r.Version > 0 {
		if err := a.dropDraft(context.WithoutCancel(ctx), v, r.Version); err != nil {
			a.cfg.Log.Warn("the draft that became the canary was kept", "app", v.ID, "err", err)
		}
	}
	x, err := showCanary(next)
	return &tagged[Canary]{made.ETag, x}, err
}

// newCanary makes a canary of the draft, if that may be published.
func (a *API) newCanary(ctx context.Context, c caller, v voice.App, draft publish.Change, in CanaryInput) (voice.Canary, error) {
	v.Document = draft.Document
	overrode, err := a.gate(ctx, v, in.Override)
	if err != nil {
		return voice.Canary{}, err
	}
	kept := canaryKept{publish.Change{By: c.by(), Note: cmp.Or(in.Note, draft.Note)}.Overridden(in.Override, overrode), a.cfg.Now()}
	raw, err := json.Marshal(kept)
	if err != nil {
		return voice.Canary{}, voice.E("httpapi.canary", voice.Internal, err)
	}
	return voice.Canary{Salt: voice.NewID(""), Document: string(draft.Document), Record: raw}, nil
}

// numberOf reads a number that a canary is to be bound to.
func (a *API) numberOf(ctx context.Context, v voice.App, number string) (voice.E164, error) {
	if number == "" {
		return "", nil
	}
	e, err := voice.ParseE164(number)
	if err != nil {
		return "", invalid("body.number", "%s", voice.Reason(err))
	}
	n, err := a.cfg.Numbers.NumberByE164(ctx, e)
	if voice.IsKind(err, voice.NotExist) || err == nil && n.Tenant != v.Tenant {
		return "", invalid("body.number", "the account has no number %s", e)
	}
	return e, err
}

func (a *API) promoteCanary(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body *Note `required:"false"`
}) (*tagged[App], error) {
	v, err := a.withCanary(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	var kept canaryKept
	if err := json.Unmarshal(v.Canary.Record, &kept); err != nil {
		return nil, voice.E("httpapi.canary", voice.Internal, err)
	}
	kept.Note = in.Body.or(cmp.Or(kept.Note, "the canary, for all callers"))
	kept.By, kept.Name, kept.Document = c.by(), v.Name, json.RawMessage(v.Canary.Document)
	return a.publish(ctx, v, kept.Change)
}

func (a *API) endCanary(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
}) (*tagged[App], error) {
	v, err := a.withCanary(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	made, err := a.replace(ctx, v, publish.Change{By: c.by(), Note: "the canary was ended", Name: v.Name, Document: v.Document}, voice.Canary{})
	if err != nil {
		return nil, err
	}
	if _, _, err := a.draft(ctx, v); voice.IsKind(err, voice.NotExist) {
		kept := publish.Change{By: c.by(), Note: "was the canary", Name: v.Name, Document: json.RawMessage(v.Canary.Document)}
		if _, err := a.putDraft(context.WithoutCancel(ctx), v, kept, ""); err != nil {
			a.cfg.Log.Warn("the document of an ended canary was not kept as the draft", "app", v.ID, "err", err)
		}
	}
	return made, nil
}
