package publish

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"tandem/internal/voice"
)

// Change is a document with who wrote it, as drafts and revisions keep it.
type Change struct {
	By       string          `json:"by,omitempty"`
	Note     string          `json:"note,omitempty"`
	Name     string          `json:"name,omitempty"` // of the app then
	From     int64           `json:"from,omitempty"` // revision that was taken up again
	Document json.RawMessage `json:"document"`
	// Reason is why it was published although Overrode was found.
	Reason   string    `json:"reason,omitempty"`
	Overrode []Problem `json:"overrode,omitempty"`
}

// Overridden notes what a publication has overridden.
func (c Change) Overridden(reason string, problems []Problem) Change {
	if len(problems) > 0 {
		c.Reason, c.Overrode = reason, problems
	}
	return c
}

// Unpack reads a change that a resource holds.
func Unpack(r voice.Resource) (c Change, err error) {
	if err := json.Unmarshal(r.Data, &c); err != nil {
		return c, voice.E("publish", voice.Internal, err)
	}
	return c, nil
}

// Pack writes a change for a resource.
func Pack(c Change) (json.RawMessage, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, voice.E("publish", voice.Internal, err)
	}
	return raw, nil
}

// MaxDocument bounds a document, in bytes, so that a revision fits in a resource.
const MaxDocument = voice.MaxResourceData - 8<<10

// MaxRevisions is how many revisions of an app are kept; the oldest go first.
const MaxRevisions = 200

// Elsewhere is the note of what was written over a vendor's API.
const Elsewhere = "written over another API"

// revisionKind is the kind of the resources that hold the revisions of an app,
// each with its number as its name.
func revisionKind(id voice.AppID) string { return "api/revision/" + string(id) }

// Replace changes an app and its history. What the app was before is in the history
// first, so that nothing is lost whatever fails. The app is given as it is now. kept
// is an error after which the app is changed, but who did it is not in the history.
func (d *Desk) Replace(ctx context.Context, v voice.App, to Change, canary voice.Canary) (next voice.App, kept, err error) {
	if len(v.Document) > 0 {
		if err := d.Keep(ctx, v, Change{Note: Elsewhere, Name: v.Name, Document: v.Document}); err != nil {
			return v, nil, err
		}
	}
	next = v
	next.Document, next.Name, next.Canary, next.Updated = to.Document, to.Name, canary, d.cfg.Now()
	if next.Version, err = d.cfg.Apps.UpdateApp(ctx, next); err != nil {
		return v, nil, err
	}
	// The document is published now, whether or not who did it can be kept.
	return next, d.Keep(context.WithoutCancel(ctx), next, to), nil
}

// Create stores a new app with its first revision. Either both are there or neither.
func (d *Desk) Create(ctx context.Context, v voice.App, first Change) (voice.App, error) {
	if err := d.cfg.Apps.CreateApp(ctx, v, nil); err != nil {
		return v, err
	}
	made, err := d.cfg.Apps.App(ctx, v.Tenant, v.ID)
	if err == nil {
		err = d.Keep(ctx, made, first)
	}
	if err != nil { // the app is of no use to somebody who is told that there is none
		_ = d.cfg.Apps.DeleteApp(context.WithoutCancel(ctx), v.Tenant, v.ID)
	}
	return made, err
}

// Keep keeps a document as the revision of the app's version, unless that is kept
// already.
func (d *Desk) Keep(ctx context.Context, v voice.App, c Change) error {
	raw, err := Pack(c)
	if err != nil {
		return err
	}
	_, err = d.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: v.Tenant, Kind: revisionKind(v.ID), Name: strconv.FormatInt(v.Version, 10),
		Data: raw, Created: v.Updated, Updated: v.Updated})
	switch {
	case voice.IsKind(err, voice.Exists):
		return nil
	case err != nil:
		return err
	}
	list, err := d.Revisions(ctx, v)
	if err != nil {
		return err
	}
	for _, r := range list[min(len(list), MaxRevisions):] {
		if err := d.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial); err != nil && !voice.IsKind(err, voice.NotExist) {
			return err
		}
	}
	return nil
}

// Revisions lists the revisions of an app, newest first.
func (d *Desk) Revisions(ctx context.Context, v voice.App) ([]voice.Resource, error) {
	list, err := d.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: revisionKind(v.ID)})
	slices.SortFunc(list, func(x, y voice.Resource) int { return cmp.Compare(RevisionNumber(y), RevisionNumber(x)) })
	return list, err
}

// Revision finds a revision by its number; has is false when it is not kept.
func (d *Desk) Revision(ctx context.Context, v voice.App, number int64) (r voice.Resource, has bool, err error) {
	list, err := d.cfg.Resources.Resources(ctx, v.Tenant, voice.ResourceFilter{Kind: revisionKind(v.ID), Name: strconv.FormatInt(number, 10)})
	if err != nil || len(list) == 0 {
		return voice.Resource{}, false, err
	}
	return list[0], true, nil
}

// RevisionNumber is the number of a revision.
func RevisionNumber(r voice.Resource) int64 {
	n, err := strconv.ParseInt(r.Name, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
