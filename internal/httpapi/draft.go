package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/flow"
	"tandem/internal/publish"
	"tandem/internal/voice"
)

// draftKind is the kind of the resources that hold drafts, one for each app.
const draftKind = "api/draft"

// overrode shows what a publication has overridden; nil = nothing.
func overrode(c publish.Change) *Override {
	if len(c.Overrode) == 0 {
		return nil
	}
	return &Override{c.Reason, c.Overrode}
}

// Draft is a document that calls do not run yet.
type Draft struct {
	App         string           `json:"app"`
	Kind        string           `json:"kind"`
	Document    json.RawMessage  `json:"document"`
	Version     int64            `json:"version" doc:"Grows with every change of the draft"`
	By          string           `json:"by" doc:"Who wrote it"`
	Note        string           `json:"note,omitempty"`
	Updated     *time.Time       `json:"updated"`
	Diagnostics flow.Diagnostics `json:"diagnostics" doc:"What is wrong with it; it can be published when none is an error"`
}

func (x Draft) document() (string, json.RawMessage) { return x.Kind, x.Document }

// DraftInput is a new draft.
type DraftInput struct {
	Document json.RawMessage `json:"document" doc:"In the language of the app's kind"`
	Note     string          `json:"note,omitempty" maxLength:"500"`
}

// Note is what the history says of a publication.
type Note struct {
	Note string `json:"note,omitempty" maxLength:"500" doc:"For the history; missing = the draft's"`
}

// or gives the note, or the other one where there is none.
func (n *Note) or(other string) string {
	if n == nil || n.Note == "" {
		return other
	}
	return n.Note
}

func (a *API) registerDrafts(section string) {
	handle(a, route{id: "read-draft", method: http.MethodGet, path: "/apps/{app}/draft", section: section, scope: AppsRead, yaml: true, title: "Read the draft of an app"}, a.readDraft)
	handle(a, route{id: "save-draft", method: http.MethodPut, path: "/apps/{app}/draft", section: section, scope: AppsWrite, before: yamlDraft, yamlInput: true,
		title: "Save the draft of an app", text: "Calls go on with the published document. The answer says what is wrong with the draft. " +
			"A body of application/yaml is the document of a native app, comments and all."}, a.saveDraft)
	handle(a, route{id: "delete-draft", method: http.MethodDelete, path: "/apps/{app}/draft", section: section, scope: AppsWrite, status: http.StatusNoContent, title: "Throw the draft away"}, a.deleteDraft)
	handle(a, route{id: "publish-app", method: http.MethodPost, path: "/apps/{app}/publish", section: section, scope: AppsWrite,
		title: "Publish the draft", text: "It becomes what new calls run, and ends a canary. Refused with what is wrong while the draft has errors, " +
			"its check finds some, a test of the app fails or a prompt can't be made; all but the first may be overridden."}, a.publishDraft)
	handle(a, route{id: "read-program", method: http.MethodGet, path: "/apps/{app}/program", section: section, scope: AppsRead,
		title: "Read what the published document compiles to"}, a.readProgram)
}

func (a *API) fitsDocument(document json.RawMessage) error {
	if len(document) > publish.MaxDocument {
		return tooLarge("the document has " + strconv.Itoa(len(document)) + " bytes; at most " + strconv.Itoa(publish.MaxDocument) + " are allowed")
	}
	return nil
}

// canMake refuses kinds whose apps are more than their document, or that are unknown.
func (a *API) canMake(kind voice.AppKind) error {
	for _, d := range a.cfg.Dialects {
		if d.Kind() == kind {
			if slices.Contains(a.cfg.OwnAPI, kind) {
				return invalid("body.kind", "apps of kind %s are made over that vendor's API, below /%s", kind, kind)
			}
			return nil
		}
	}
	return invalid("body.kind", "no apps are of kind %q", kind)
}

// compile says what is wrong with an app's document. The error is for look-ups
// that broke.
func (a *API) compile(ctx context.Context, v voice.App) (flow.Diagnostics, error) {
	_, ds, err := a.desk.Compile(ctx, v)
	return ds, err
}

// faulty refuses a document with errors and names each place.
func faulty(ds flow.Diagnostics) error { return faults(ds, "document", "the document has errors") }

func faults(ds flow.Diagnostics, where, title string) error {
	var errs []error
	for _, d := range ds {
		if d.Severity == flow.Error {
			errs = append(errs, &huma.ErrorDetail{Message: d.Text, Location: where + "#" + d.Pointer, Value: d.Code})
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return huma.NewError(http.StatusUnprocessableEntity, title, errs...)
}

// draft finds the draft of an app; NotExist when it has none.
func (a *API) draft(ctx context.Context, v voice.App) (voice.Resource, publish.Change, error) {
	list, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: draftKind, Name: string(v.ID)})
	if err != nil {
		return voice.Resource{}, publish.Change{}, err
	}
	if len(list) == 0 {
		return voice.Resource{}, publish.Change{}, voice.Errorf("httpapi", voice.NotExist, "app %s has no draft", v.ID)
	}
	kept, err := publish.Unpack(list[0])
	return list[0], kept, err
}

// noDraft in place of an If-Match asks for an app that has no draft yet.
const noDraft = "none"

func draftedMeanwhile() error {
	return huma.Error412PreconditionFailed("the app has a draft meanwhile; read it first, and send its ETag as If-Match")
}

// putDraft makes or replaces the draft of an app, if it is as If-Match says.
func (a *API) putDraft(ctx context.Context, v voice.App, kept publish.Change, ifMatch string) (voice.Resource, error) {
	raw, err := publish.Pack(kept)
	if err != nil {
		return voice.Resource{}, err
	}
	a.drafting.Lock()
	defer a.drafting.Unlock()
	r, _, err := a.draft(ctx, v)
	now := a.cfg.Now()
	switch {
	case voice.IsKind(err, voice.NotExist) && ifMatch != "" && ifMatch != noDraft:
		return r, huma.Error412PreconditionFailed("the app has no draft")
	case voice.IsKind(err, voice.NotExist):
		r, err = a.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: v.Tenant, Kind: draftKind, Name: string(v.ID), Data: raw, Created: now, Updated: now})
		if voice.IsKind(err, voice.Exists) {
			err = voice.Errorf("httpapi", voice.Conflict, "the draft was made by somebody else meanwhile")
		}
		return r, err
	case err != nil:
		return r, err
	case ifMatch == noDraft:
		return r, draftedMeanwhile()
	case !matches(ifMatch, r.Version):
		return r, huma.Error412PreconditionFailed("the draft is at version " + strconv.FormatInt(r.Version, 10) + ", not " + ifMatch)
	}
	r.Data, r.Updated = raw, now
	r.Version, err = a.cfg.Resources.UpdateResource(ctx, r)
	return r, err
}

func (a *API) showDraft(ctx context.Context, v voice.App, r voice.Resource, kept publish.Change) (*tagged[Draft], error) {
	v.Document = kept.Document
	ds, err := a.compile(ctx, v)
	if err != nil {
		return nil, err
	}
	return &tagged[Draft]{etag(r.Version), Draft{App: string(v.ID), Kind: string(v.Kind), Document: kept.Document, Version: r.Version,
		By: kept.By, Note: kept.Note, Updated: moment(r.Updated), Diagnostics: ds}}, nil
}

func (a *API) readDraft(ctx context.Context, c caller, in *AppPath) (*tagged[Draft], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	r, kept, err := a.draft(ctx, v)
	if err != nil {
		return nil, err
	}
	return a.showDraft(ctx, v, r, kept)
}

func (a *API) saveDraft(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Note string `query:"note" maxLength:"500" doc:"Of a body of YAML"`
	Body DraftInput
}) (*tagged[Draft], error) {
	if err := a.fitsDocument(in.Body.Document); err != nil {
		return nil, err
	}
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	kept := publish.Change{By: c.by(), Note: cmp.Or(in.Body.Note, in.Note), Document: in.Body.Document, Name: v.Name}
	r, err := a.putDraft(ctx, v, kept, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	return a.showDraft(ctx, v, r, kept)
}

func (a *API) deleteDraft(ctx context.Context, c caller, in *AppPath) (*nothing, error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	r, _, err := a.draft(ctx, v)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Resources.DeleteResource(ctx, c.tenant, r.Kind, r.Serial)
}

func (a *API) publishDraft(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body *Publication `required:"false"`
}) (*tagged[App], error) {
	v, err := a.matching(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	r, kept, err := a.draft(ctx, v)
	if err != nil {
		return nil, err
	}
	if in.Body == nil {
		in.Body = &Publication{}
	}
	next := v
	next.Document = kept.Document
	overrode, err := a.gate(ctx, next, in.Body.Override)
	if err != nil {
		return nil, err
	}
	kept.By, kept.Name, kept.Note = c.by(), v.Name, cmp.Or(in.Body.Note, kept.Note)
	kept = kept.Overridden(in.Body.Override, overrode)
	made, err := a.publish(ctx, v, kept)
	if err != nil {
		return nil, err
	}
	if err := a.dropDraft(context.WithoutCancel(ctx), v, r.Version); err != nil {
		a.cfg.Log.Warn("the published draft was kept", "app", v.ID, "err", err)
	}
	return made, nil
}

// dropDraft removes the draft that was published, unless it is another by now.
func (a *API) dropDraft(ctx context.Context, v voice.App, version int64) error {
	a.drafting.Lock()
	defer a.drafting.Unlock()
	r, _, err := a.draft(ctx, v)
	if voice.IsKind(err, voice.NotExist) || err == nil && r.Version != version {
		return nil
	}
	if err != nil {
		return err
	}
	return a.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial)
}

func (a *API) readProgram(ctx context.Context, c caller, in *AppPath) (*answer[json.RawMessage], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	p, err := a.cfg.Programs.Program(ctx, c.tenant, v.ID)
	if voice.IsKind(err, voice.Invalid) {
		return nil, voice.Errorf("httpapi", voice.Conflict, "%s", voice.Reason(err))
	}
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, voice.E("httpapi", voice.Internal, err)
	}
	return body(json.RawMessage(raw)), nil
}
