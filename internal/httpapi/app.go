package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/publish"
	"tandem/internal/voice"
)

// App is a flow that answers calls.
type App struct {
	ID        string          `json:"id"`
	Number    int64           `json:"number,omitempty" doc:"The same app in the APIs whose ids are numbers"`
	Kind      string          `json:"kind" example:"native" doc:"Language of the document"`
	Type      string          `json:"type,omitempty" doc:"The language's own type of app"`
	Name      string          `json:"name"`
	Shortcode string          `json:"shortcode,omitempty" doc:"What the account's extensions dial to reach it"`
	Default   bool            `json:"default" doc:"Made with the account; can't be deleted"`
	Document  json.RawMessage `json:"document,omitempty" doc:"What calls run, as it was written; missing in lists, and before the first publication"`
	Canary    *AppCanary      `json:"canary,omitempty" doc:"A part of the callers gets another document"`
	Version   int64           `json:"version" doc:"Number of the published revision; grows with every change"`
	Created   *time.Time      `json:"created,omitempty"`
	Updated   *time.Time      `json:"updated,omitempty"`
}

// AppCanary is who gets the canary of an app.
type AppCanary struct {
	Percent int    `json:"percent"`
	Number  string `json:"number,omitempty"`
}

// AppInput is a new app.
type AppInput struct {
	Kind     string          `json:"kind" maxLength:"40" example:"native" doc:"Language of the document"`
	Type     string          `json:"type,omitempty" maxLength:"40" doc:"The language's own type of app"`
	Name     string          `json:"name" minLength:"1" maxLength:"100"`
	Document json.RawMessage `json:"document" doc:"In the language of its kind; YAML as {\"format\": \"yaml\", \"text\": …}"`
	Publish  *bool           `json:"publish,omitempty" doc:"false keeps the document as a draft; missing = true"`
	Publication
}

// AppName renames an app.
type AppName struct {
	Name string `json:"name" minLength:"1" maxLength:"100"`
}

// tagged is a body with the version that it had.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"Version, for If-Match"`
	Body T
}

// AppPath names it in the path.
type AppPath struct {
	App string `path:"app" maxLength:"64"`
}

// IfMatch makes a change depend on what is changed.
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"200" doc:"ETag of what is to be changed; 412 when it is another by now"`
}

func (a *API) registerApps() {
	const section = "Apps"
	handle(a, route{id: "list-apps", method: http.MethodGet, path: "/apps", section: section, scope: AppsRead, title: "List the apps"}, a.listApps)
	handle(a, route{id: "create-app", method: http.MethodPost, path: "/apps", section: section, scope: AppsWrite, status: http.StatusCreated,
		title: "Make an app", text: "The document must be without errors, unless it is kept as a draft."}, a.createApp)
	handle(a, route{id: "read-app", method: http.MethodGet, path: "/apps/{app}", section: section, scope: AppsRead, yaml: true,
		title: "Read an app with its published document"}, a.readApp)
	handle(a, route{id: "rename-app", method: http.MethodPatch, path: "/apps/{app}", section: section, scope: AppsWrite, title: "Rename an app"}, a.renameApp)
	handle(a, route{id: "delete-app", method: http.MethodDelete, path: "/apps/{app}", section: section, scope: AppsWrite, status: http.StatusNoContent,
		title: "Delete an app", text: "With its sounds, draft and history. Refused while a number goes there."}, a.deleteApp)
	a.registerDrafts(section)
	a.registerRevisions(section)
	a.registerChecks(section)
	a.registerListen(section)
	a.registerReplay(section)
	a.registerDiff(section)
	a.registerCanaries(section)
	a.registerFlows(section)
	a.registerAppTests(section)
}

func showApp(v voice.App, document bool) App {
	x := App{ID: string(v.ID), Number: v.Serial, Kind: string(v.Kind), Type: v.Type, Name: v.Name, Shortcode: v.Shortcode, Default: v.Default,
		Version: v.Version, Created: moment(v.Created), Updated: moment(v.Updated)}
	if v.Canary.Percent > 0 {
		x.Canary = &AppCanary{v.Canary.Percent, string(v.Canary.Number)}
	}
	if document && len(v.Document) > 0 {
		x.Document = v.Document
	}
	return x
}

func (x App) document() (string, json.RawMessage) { return x.Kind, x.Document }

func (a *API) listApps(ctx context.Context, c caller, in *struct {
	Kind string `query:"kind" maxLength:"40" doc:"Only apps written in this language"`
}) (*answer[Page[App]], error) {
	list, err := a.cfg.Apps.Apps(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	items := []App{}
	for _, v := range list {
		if in.Kind == "" || string(v.Kind) == in.Kind {
			items = append(items, showApp(v, false))
		}
	}
	return body(Page[App]{Items: items}), nil
}

func (a *API) app(ctx context.Context, c caller, id string) (voice.App, error) {
	return a.cfg.Apps.App(ctx, c.tenant, voice.AppID(id))
}

func (a *API) readApp(ctx context.Context, c caller, in *AppPath) (*tagged[App], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	return &tagged[App]{etag(v.Version), showApp(v, true)}, nil
}

func (a *API) createApp(ctx context.Context, c caller, in *struct{ Body AppInput }) (*tagged[App], error) {
	b := in.Body
	if err := a.fitsDocument(b.Document); err != nil {
		return nil, err
	}
	if err := a.canMake(voice.AppKind(b.Kind)); err != nil {
		return nil, err
	}
	create := a.makeApp
	if a.cfg.Makers[voice.AppKind(b.Kind)] != nil {
		create = a.makeByVendor
	}
	v, overrode, err := create(ctx, c, b)
	if err != nil {
		return nil, err
	}
	kept := publish.Change{By: c.by(), Note: b.Note, Document: b.Document, Name: v.Name}.Overridden(b.Override, overrode)
	if len(v.Document) > 0 {
		kept.Document = v.Document
		err = a.desk.Keep(ctx, v, kept)
	} else {
		_, err = a.putDraft(ctx, v, kept, "")
	}
	if err != nil { // the app is of no use to somebody who is told that there is none
		_ = a.cfg.Apps.DeleteApp(context.WithoutCancel(ctx), c.tenant, v.ID)
		return nil, err
	}
	return &tagged[App]{etag(v.Version), showApp(v, true)}, nil
}

// makeApp makes an app that is its document and nothing else.
func (a *API) makeApp(ctx context.Context, c caller, b AppInput) (_ voice.App, overrode []publish.Problem, err error) {
	now := a.cfg.Now()
	v := voice.App{ID: voice.AppID(voice.NewID("VA")), Tenant: c.tenant, Kind: voice.AppKind(b.Kind), Type: b.Type, Name: cleanName(b.Name),
		Created: now, Updated: now}
	if v.Name == "" {
		return v, nil, invalid("body.name", "the name is empty")
	}
	if b.Publish == nil || *b.Publish {
		v.Document = b.Document
		if overrode, err = a.gate(ctx, v, b.Override); err != nil {
			return v, nil, err
		}
	}
	if err := a.cfg.Apps.CreateApp(ctx, v, nil); err != nil {
		return v, nil, err
	}
	v, err = a.app(ctx, c, string(v.ID))
	return v, overrode, err
}

// makeByVendor makes an app as its vendor's API would, if it passes the gate.
func (a *API) makeByVendor(ctx context.Context, c caller, b AppInput) (voice.App, []publish.Problem, error) {
	if b.Publish != nil && !*b.Publish {
		return voice.App{}, nil, invalid("body.publish", "an app of kind %s can't begin as a draft", b.Kind)
	}
	v, err := a.cfg.Makers[voice.AppKind(b.Kind)](ctx, c.tenant, b.Document)
	if voice.IsKind(err, voice.Invalid) {
		return v, nil, invalid("body.document", "%s", voice.Reason(err))
	}
	if err != nil {
		return v, nil, err
	}
	overrode, err := a.gate(ctx, v, b.Override)
	if err != nil {
		_ = a.cfg.Apps.DeleteApp(context.WithoutCancel(ctx), c.tenant, v.ID)
		return v, nil, err
	}
	v, err = a.app(ctx, c, string(v.ID))
	return v, overrode, err
}

func (a *API) renameApp(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body AppName
}) (*tagged[App], error) {
	v, err := a.matching(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	name := cleanName(in.Body.Name)
	if name == "" {
		return nil, invalid("body.name", "the name is empty")
	}
	return a.replace(ctx, v, publish.Change{By: c.by(), Note: "renamed from " + v.Name, Document: v.Document, Name: name}, v.Canary)
}

func (a *API) deleteApp(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
}) (*nothing, error) {
	v, err := a.matching(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	if err := a.unreached(ctx, c, func(d voice.Destination) bool { return d.Kind == voice.ToApp && d.ID == string(v.ID) }); err != nil {
		return nil, err
	}
	if err := a.cfg.Apps.DeleteApp(ctx, c.tenant, v.ID); err != nil {
		return nil, err
	}
	return nil, a.dropHistory(context.WithoutCancel(ctx), v)
}

// matching finds an app that is as If-Match says.
func (a *API) matching(ctx context.Context, c caller, id, header string) (voice.App, error) {
	v, err := a.app(ctx, c, id)
	if err == nil && !matches(header, v.Version) {
		err = huma.Error412PreconditionFailed("the app is at version " + strconv.FormatInt(v.Version, 10) + ", not " + header)
	}
	return v, err
}

// etag makes the entity tag of a version (RFC 9110 §8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// matches reports whether If-Match allows a version; no header allows every one.
func matches(header string, version int64) bool {
	if header == "" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(version) {
			return true
		}
	}
	return false
}
