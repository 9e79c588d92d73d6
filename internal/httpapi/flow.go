package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/flow"
	"tandem/internal/publish"
	"tandem/internal/voice"
)

// AppFlow is an app's document in the native language, to be edited whatever its
// own language is.
type AppFlow struct {
	App         string           `json:"app"`
	Kind        string           `json:"kind" doc:"Language that it is kept in"`
	Of          string           `json:"of" enum:"draft,published"`
	Flow        json.RawMessage  `json:"flow" doc:"A native document"`
	Diagnostics flow.Diagnostics `json:"diagnostics" doc:"What is wrong with it, at places of the native document"`
	Places      Places           `json:"places,omitempty" doc:"Of each step, its place in the app's own document: what a check of the app points at"`
}

// Places are where steps stand in an app's own document, as JSON Pointers by the
// names of steps. A native document needs none.
type Places map[flow.NodeID]string

// FlowInput is a changed flow.
type FlowInput struct {
	Flow   json.RawMessage `json:"flow" doc:"A native document"`
	Note   string          `json:"note,omitempty" maxLength:"500"`
	Accept bool            `json:"accept_losses,omitempty" doc:"Save it although the app's language can't say all of it"`
}

// SavedFlow is what became of a changed flow.
type SavedFlow struct {
	Saved       bool             `json:"saved" doc:"false: something would be lost, and accept_losses was not sent"`
	Losses      []dialect.Loss   `json:"losses" doc:"What the app's language can't say"`
	Diagnostics flow.Diagnostics `json:"diagnostics" doc:"What is wrong with the draft, at places of the native document; it can't be published with errors"`
	Places      Places           `json:"places,omitempty" doc:"Of each step, its place in the app's own document as it was saved"`
}

func (a *API) registerFlows(section string) {
	handle(a, route{id: "read-flow", method: http.MethodGet, path: "/apps/{app}/flow", section: section, scope: AppsRead, title: "Read an app as a native document",
		text: "The draft when there is one, else what is published, in the native language; the ETag is the draft's."}, a.readFlow)
	handle(a, route{id: "save-flow", method: http.MethodPut, path: "/apps/{app}/flow", section: section, scope: AppsWrite, title: "Save an app's draft from a native document",
		text: "The draft is kept in the app's own language. What that can't say is named, and then nothing is saved unless accept_losses says so. " +
			"A native text keeps its comments where the flow did not change. If-Match is needed where there is a draft."}, a.saveFlow)
	a.registerFlowDifference(section)
}

// present gives what an editor begins with: the draft, or the published document
// with an empty tag.
func (a *API) present(ctx context.Context, v voice.App) (document json.RawMessage, tag string, err error) {
	r, kept, err := a.draft(ctx, v)
	switch {
	case err == nil:
		return kept.Document, etag(r.Version), nil
	case voice.IsKind(err, voice.NotExist):
		return v.Document, "", nil
	}
	return nil, "", err
}

func (a *API) readFlow(ctx context.Context, c caller, in *AppPath) (*tagged[AppFlow], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	document, tag, err := a.present(ctx, v)
	if err != nil {
		return nil, err
	}
	out := AppFlow{App: string(v.ID), Kind: string(v.Kind), Of: "published"}
	if tag != "" {
		out.Of = "draft"
	}
	v.Document = document
	if v.Kind == native.Kind {
		text, err := native.Text(document)
		if err == nil {
			out.Flow, err = native.JSON(text)
		}
		if err != nil {
			return nil, voice.Errorf("httpapi", voice.Conflict, "the document can't be drawn: %s", voice.Reason(err))
		}
	} else {
		p, ds, err := a.desk.Compile(ctx, v)
		if err != nil {
			return nil, err
		}
		if p == nil || p.Entry == "" {
			return nil, faulty(ds)
		}
		if out.Flow, _, err = native.New().Express(ctx, *p, a.cfg.Resolver(c.tenant)); err != nil {
			return nil, err
		}
	}
	p, ds, err := a.desk.Compile(ctx, inFlowFormat(v, out.Flow))
	if err != nil {
		return nil, err
	}
	out.Diagnostics = ds
	out.Places, err = a.places(ctx, v, p)
	return &tagged[AppFlow]{tag, out}, err
}

// inFlowFormat is an app of any kind as one whose document is a flow in our own format.
func inFlowFormat(v voice.App, f json.RawMessage) voice.App {
	return voice.App{ID: v.ID, Tenant: v.Tenant, Kind: native.Kind, Name: v.Name, Document: f}
}

func (a *API) saveFlow(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body FlowInput
}) (*tagged[SavedFlow], error) {
	if err := a.fitsDocument(in.Body.Flow); err != nil {
		return nil, err
	}
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	if _, tag, err := a.present(ctx, v); err != nil {
		return nil, err
	} else if tag != "" && in.IfMatch.IfMatch == "" { // what was edited was not this draft
		return nil, draftedMeanwhile()
	}
	p, ds, err := a.desk.Compile(ctx, inFlowFormat(v, in.Body.Flow))
	if err != nil {
		return nil, err
	}
	document, losses, err := a.inOwnWords(ctx, v, in.Body.Flow, p, ds)
	if err != nil {
		return nil, err
	}
	out := SavedFlow{Losses: append([]dialect.Loss{}, losses...), Diagnostics: ds}
	if len(losses) > 0 && !in.Body.Accept {
		return &tagged[SavedFlow]{in.IfMatch.IfMatch, out}, nil
	}
	r, err := a.putDraft(ctx, v, publish.Change{By: c.by(), Note: in.Body.Note, Document: document, Name: v.Name}, cmp.Or(in.IfMatch.IfMatch, noDraft))
	if err != nil {
		return nil, err
	}
	out.Saved = true
	v.Document = document
	if out.Places, err = a.places(ctx, v, p); err != nil {
		return nil, err
	}
	return &tagged[SavedFlow]{etag(r.Version), out}, nil
}

// places says where the steps of a flow stand in the app's own document: the two
// programs are walked side by side, for their steps may have other names.
func (a *API) places(ctx context.Context, v voice.App, drawn *flow.Program) (Places, error) {
	if v.Kind == native.Kind || drawn == nil {
		return nil, nil
	}
	own, _, err := a.desk.Compile(ctx, v)
	if err != nil || own == nil {
		return nil, err
	}
	at := Places{}
	type pair struct{ drawn, own flow.NodeID }
	todo := []pair{{drawn.Entry, own.Entry}, {drawn.Expired, own.Expired}}
	for ; len(todo) > 0; todo = todo[1:] {
		n, known := drawn.Node(todo[0].drawn)
		o, there := own.Node(todo[0].own)
		if _, done := at[todo[0].drawn]; done || !known || !there || n.Step == nil || o.Step == nil || n.Step.Kind() != o.Step.Kind() {
			continue
		}
		at[n.ID] = o.Origin
		for _, e := range n.WiredExits() {
			todo = append(todo, pair{n.Exits[e], o.Exits[e]})
		}
	}
	return at, nil
}

// inOwnWords writes a changed flow in the app's language. A native document with
// errors is kept as it came: it is a draft.
func (a *API) inOwnWords(ctx context.Context, v voice.App, edited json.RawMessage, p *flow.Program, ds flow.Diagnostics) (document json.RawMessage, losses []dialect.Loss, err error) {
	_, bad := ds.FirstError()
	whole := p != nil && p.Entry != "" && !bad
	r := a.cfg.Resolver(v.Tenant)
	if v.Kind == native.Kind {
		if !whole {
			return edited, nil, nil
		}
		// The text of people, with its comments: that of the draft, or of what is
		// published while the draft is none.
		for _, old := range a.texts(ctx, v) {
			if document, err := native.Edit(ctx, old, *p, r); err == nil {
				return document, nil, nil
			}
		}
		return edited, nil, nil
	}
	if !whole {
		return nil, nil, faults(ds, "body.flow", "the flow has errors, and an app of kind "+string(v.Kind)+" can't hold them")
	}
	for _, d := range a.cfg.Dialects {
		if d.Kind() != v.Kind {
			continue
		}
		switch e := d.(type) {
		case dialect.Editor:
			old := v
			if old.Document, _, err = a.present(ctx, v); err != nil {
				return nil, nil, err
			}
			return e.EditDocument(ctx, old, *p, r)
		case dialect.Expresser:
			return e.Express(ctx, *p, r)
		}
	}
	return nil, nil, &huma.ErrorModel{Status: http.StatusConflict, Title: http.StatusText(http.StatusConflict),
		Detail: "apps of kind " + string(v.Kind) + " are changed over that vendor's API alone"}
}

// texts lists the stored documents of a native app that are YAML, the newest first.
func (a *API) texts(ctx context.Context, v voice.App) []json.RawMessage {
	var list []json.RawMessage
	if document, tag, err := a.present(ctx, v); err == nil && tag != "" {
		list = append(list, document)
	}
	var authored []json.RawMessage
	for _, d := range append(list, v.Document) {
		if text, err := native.Text(d); err == nil && len(text) > 0 && !json.Valid(text) {
			authored = append(authored, d)
		}
	}
	return authored
}
