package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tandem/internal/publish"
	"tandem/internal/voice"
)

// Revision is a published document of an app.
type Revision struct {
	Number    int64           `json:"number" doc:"The app's version when it was published"`
	Current   bool            `json:"current" doc:"Calls run it now"`
	Same      bool            `json:"same,omitempty" doc:"In lists: its document is the one that calls run now"`
	By        string          `json:"by,omitempty" doc:"Who published it; missing when it was written over a vendor's API"`
	Note      string          `json:"note,omitempty"`
	Name      string          `json:"name,omitempty" doc:"The app's name then"`
	From      int64           `json:"from,omitempty" doc:"Older revision that was taken up again"`
	Published *time.Time      `json:"published,omitempty"`
	Override  *Override       `json:"override,omitempty" doc:"What was found and published nevertheless"`
	Kind      string          `json:"kind"`
	Document  json.RawMessage `json:"document,omitempty" doc:"Missing in lists"`
}

func (x Revision) document() (string, json.RawMessage) { return x.Kind, x.Document }

// Override is what kept a document from being published, and why it was published.
type Override struct {
	Reason   string            `json:"reason"`
	Problems []publish.Problem `json:"problems"`
}

// RevisionPath names it in the path.
type RevisionPath struct {
	AppPath
	Revision int64 `path:"revision" minimum:"1"`
}

func (a *API) registerRevisions(section string) {
	handle(a, route{id: "list-revisions", method: http.MethodGet, path: "/apps/{app}/revisions", section: section, scope: AppsRead,
		title: "List what was published, newest first"}, a.listRevisions)
	handle(a, route{id: "read-revision", method: http.MethodGet, path: "/apps/{app}/revisions/{revision}", section: section, scope: AppsRead, yaml: true,
		title: "Read a published document"}, a.readRevision)
	handle(a, route{id: "roll-back", method: http.MethodPost, path: "/apps/{app}/revisions/{revision}/publish", section: section, scope: AppsWrite,
		title: "Publish an old revision again", text: "At once, as a new revision; the draft stays, and a canary ends. It passes no check: it ran before."}, a.rollBack)
}

// publish makes a document without errors what calls run.
func (a *API) publish(ctx context.Context, v voice.App, to publish.Change) (*tagged[App], error) {
	next := v
	next.Document = to.Document
	ds, err := a.compile(ctx, next)
	if err != nil {
		return nil, err
	}
	if err := faulty(ds); err != nil {
		return nil, err
	}
	return a.replace(ctx, v, to, voice.Canary{})
}

// replace changes an app and its history.
func (a *API) replace(ctx context.Context, v voice.App, to publish.Change, canary voice.Canary) (*tagged[App], error) {
	next, kept, err := a.desk.Replace(ctx, v, to, canary)
	if err != nil {
		return nil, err
	}
	if kept != nil {
		a.cfg.Log.Error("who published an app was not kept", "app", v.ID, "version", next.Version, "by", to.By, "err", kept)
	}
	return &tagged[App]{etag(next.Version), showApp(next, true)}, nil
}

func showRevision(v voice.App, number int64, at time.Time, kept publish.Change) Revision {
	return Revision{Number: number, Current: number == v.Version, By: kept.By, Note: kept.Note, Name: kept.Name, From: kept.From,
		Published: moment(at), Override: overrode(kept), Kind: string(v.Kind), Document: kept.Document}
}

// outside is the revision of a document that was written over another API.
func outside(v voice.App) Revision {
	return showRevision(v, v.Version, v.Updated, publish.Change{Note: publish.Elsewhere, Name: v.Name, Document: v.Document})
}

func (a *API) listRevisions(ctx context.Context, c caller, in *AppPath) (*answer[Page[Revision]], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	list, err := a.desk.Revisions(ctx, v)
	if err != nil {
		return nil, err
	}
	items := []Revision{}
	if len(v.Document) > 0 && (len(list) == 0 || publish.RevisionNumber(list[0]) != v.Version) {
		items = append(items, outside(v))
	}
	for _, r := range list {
		kept, err := publish.Unpack(r)
		if err != nil {
			return nil, err
		}
		items = append(items, showRevision(v, publish.RevisionNumber(r), r.Created, kept))
	}
	for i := range items {
		items[i].Same = bytes.Equal(items[i].Document, v.Document)
		items[i].Document = nil
	}
	return body(Page[Revision]{Items: items}), nil
}

func (a *API) revision(ctx context.Context, v voice.App, number int64) (Revision, error) {
	r, has, err := a.desk.Revision(ctx, v, number)
	switch {
	case err != nil:
		return Revision{}, err
	case !has && number == v.Version && len(v.Document) > 0:
		return outside(v), nil
	case !has:
		return Revision{}, voice.Errorf("httpapi", voice.NotExist, "app %s has no revision %d", v.ID, number)
	}
	kept, err := publish.Unpack(r)
	return showRevision(v, number, r.Created, kept), err
}

func (a *API) readRevision(ctx context.Context, c caller, in *RevisionPath) (*answer[Revision], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	r, err := a.revision(ctx, v, in.Revision)
	if err != nil {
		return nil, err
	}
	return body(r), nil
}

func (a *API) rollBack(ctx context.Context, c caller, in *struct {
	RevisionPath
	IfMatch
	Body *Note `required:"false"`
}) (*tagged[App], error) {
	v, err := a.matching(ctx, c, in.App, in.IfMatch.IfMatch)
	if err != nil {
		return nil, err
	}
	r, err := a.revision(ctx, v, in.Revision)
	if err != nil {
		return nil, err
	}
	if r.Current {
		return nil, voice.Errorf("httpapi", voice.Conflict, "revision %d is what calls run already", r.Number)
	}
	note := in.Body.or("back to revision " + strconv.FormatInt(r.Number, 10))
	return a.publish(ctx, v, publish.Change{By: c.by(), Note: note, Name: v.Name, From: r.Number, Document: r.Document})
}

// dropHistory removes what was kept of an app that is gone.
func (a *API) dropHistory(ctx context.Context, v voice.App) error {
	list, err := a.desk.Revisions(ctx, v)
	if err != nil {
		return err
	}
	drafts, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: draftKind, Name: string(v.ID)})
	if err != nil {
		return err
	}
	tests, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: publish.TestsKind, Name: string(v.ID)})
	if err != nil {
		return err
	}
	for _, r := range slices.Concat(list, drafts, tests) {
		if err := a.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial); err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
	}
	return nil
}
