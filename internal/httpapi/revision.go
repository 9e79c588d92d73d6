package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"tandem/internal/voice"
)

// Revision is a published document of an app.
type Revision struct {
	Number    int64           `json:"number" doc:"The app's version when it was published"`
	Current   bool            `json:"current" doc:"Calls run it now"`
	By        string          `json:"by,omitempty" doc:"Who published it; missing when it was written over a vendor's API"`
	Note      string          `json:"note,omitempty"`
	Name      string          `json:"name,omitempty" doc:"The app's name then"`
	From      int64           `json:"from,omitempty" doc:"Older revision that was taken up again"`
	Published *time.Time      `json:"published,omitempty"`
	Kind      string          `json:"kind"`
	Document  json.RawMessage `json:"document,omitempty" doc:"Missing in lists"`
}

func (x Revision) document() (string, json.RawMessage) { return x.Kind, x.Document }

// RevisionPath names it in the path.
type RevisionPath struct {
	AppPath
	Revision int64 `path:"revision" minimum:"1"`
}

// MaxRevisions is how many revisions of an app are kept; the oldest go first.
const MaxRevisions = 200

// revisionKind is the kind of the resources that hold the revisions of an app,
// each with its number as its name.
func revisionKind(id voice.AppID) string { return "api/revision/" + string(id) }

func (a *API) registerRevisions(section string) {
	handle(a, route{id: "list-revisions", method: http.MethodGet, path: "/apps/{app}/revisions", section: section, scope: AppsRead,
		title: "List what was published, newest first"}, a.listRevisions)
	handle(a, route{id: "read-revision", method: http.MethodGet, path: "/apps/{app}/revisions/{revision}", section: section, scope: AppsRead, yaml: true,
		title: "Read a published document"}, a.readRevision)
	handle(a, route{id: "roll-back", method: http.MethodPost, path: "/apps/{app}/revisions/{revision}/publish", section: section, scope: AppsWrite,
		title: "Publish an old revision again", text: "As a new revision; the draft stays."}, a.rollBack)
}

// publish makes a document without errors what calls run.
func (a *API) publish(ctx context.Context, v voice.App, to change) (*tagged[App], error) {
	next := v
	next.Document = to.Document
	ds, err := a.compile(ctx, next)
	if err != nil {
		return nil, err
	}
	if err := faulty(ds); err != nil {
		return nil, err
	}
	return a.replace(ctx, v, to)
}

// replace changes an app and its history. What the app was before is in the
// history first, so that nothing is lost whatever fails.
func (a *API) replace(ctx context.Context, v voice.App, to change) (*tagged[App], error) {
	if len(v.Document) > 0 {
		before := change{Note: "written over another API", Name: v.Name, Document: v.Document}
		if err := a.putRevision(ctx, v, before); err != nil {
			return nil, err
		}
	}
	next := v
	next.Document, next.Name, next.Updated = to.Document, to.Name, a.cfg.Now()
	version, err := a.cfg.Apps.UpdateApp(ctx, next)
	if err != nil {
		return nil, err
	}
	next.Version = version
	// The document is published now, whether or not who did it can be kept.
	if err := a.putRevision(context.WithoutCancel(ctx), next, to); err != nil {
		a.cfg.Log.Error("who published an app was not kept", "app", v.ID, "version", version, "by", to.By, "err", err)
	}
	return &tagged[App]{etag(version), showApp(next, true)}, nil
}

// putRevision keeps a document as the revision of the app's version, unless that
// is kept already.
func (a *API) putRevision(ctx context.Context, v voice.App, kept change) error {
	raw, err := pack(kept)
	if err != nil {
		return err
	}
	_, err = a.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: v.Tenant, Kind: revisionKind(v.ID), Name: strconv.FormatInt(v.Version, 10),
		Data: raw, Created: v.Updated, Updated: v.Updated})
	switch {
	case voice.IsKind(err, voice.Exists):
		return nil
	case err != nil:
		return err
	}
	list, err := a.revisions(ctx, v)
	if err != nil {
		return err
	}
	for _, r := range list[min(len(list), MaxRevisions):] {
		if err := a.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial); err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
	}
	return nil
}

// revisions lists the revisions of an app, newest first.
func (a *API) revisions(ctx context.Context, v voice.App) ([]voice.Resource, error) {
	list, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: revisionKind(v.ID)})
	slices.SortFunc(list, func(x, y voice.Resource) int { return cmp.Compare(revisionNumber(y), revisionNumber(x)) })
	return list, err
}

func revisionNumber(r voice.Resource) int64 {
	n, err := strconv.ParseInt(r.Name, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func showRevision(v voice.App, number int64, at time.Time, kept change) Revision {
	return Revision{Number: number, Current: number == v.Version, By: kept.By, Note: kept.Note, Name: kept.Name, From: kept.From,
		Published: moment(at), Kind: string(v.Kind), Document: kept.Document}
}

// outside is the revision of a document that was written over another API.
func outside(v voice.App) Revision {
	return showRevision(v, v.Version, v.Updated, change{Note: "written over another API", Name: v.Name, Document: v.Document})
}

func (a *API) listRevisions(ctx context.Context, c caller, in *AppPath) (*answer[Page[Revision]], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	list, err := a.revisions(ctx, v)
	if err != nil {
		return nil, err
	}
	items := []Revision{}
	if len(v.Document) > 0 && (len(list) == 0 || revisionNumber(list[0]) != v.Version) {
		items = append(items, outside(v))
	}
	for _, r := range list {
		kept, err := unpack(r)
		if err != nil {
			return nil, err
		}
		items = append(items, showRevision(v, revisionNumber(r), r.Created, kept))
	}
	for i := range items {
		items[i].Document = nil
	}
	return body(Page[Revision]{Items: items}), nil
}

func (a *API) revision(ctx context.Context, v voice.App, number int64) (Revision, error) {
	list, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: revisionKind(v.ID), Name: strconv.FormatInt(number, 10)})
	switch {
	case err != nil:
		return Revision{}, err
	case len(list) == 0 && number == v.Version && len(v.Document) > 0:
		return outside(v), nil
	case len(list) == 0:
		return Revision{}, voice.Errorf("httpapi", voice.NotExist, "app %s has no revision %d", v.ID, number)
	}
	kept, err := unpack(list[0])
	return showRevision(v, number, list[0].Created, kept), err
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
	return a.publish(ctx, v, change{By: c.by(), Note: note, Name: v.Name, From: r.Number, Document: r.Document})
}

// dropHistory removes what was kept of an app that is gone.
func (a *API) dropHistory(ctx context.Context, v voice.App) error {
	list, err := a.revisions(ctx, v)
	if err != nil {
		return err
	}
	drafts, err := a.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: draftKind, Name: string(v.ID)})
	if err != nil {
		return err
	}
	for _, r := range append(list, drafts...) {
		if err := a.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial); err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
	}
	return nil
}
