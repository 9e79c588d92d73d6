package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"tandem/internal/flow"
	"tandem/internal/flowdiff"
	"tandem/internal/voice"
)

// Difference is what changed between two documents of an app.
type Difference struct {
	From    string            `json:"from" doc:"Number of a revision, or draft"`
	To      string            `json:"to" doc:"Likewise"`
	Changes []flowdiff.Change `json:"changes" doc:"Empty when calls notice nothing"`
	Words   string            `json:"words" doc:"All of it, a line for each step"`
}

// The words by which a document of an app is named, besides a revision's number.
const (
	ofDraft     = "draft"
	ofPublished = "published"
)

func (a *API) registerDiff(section string) {
	handle(a, route{id: "diff-app", method: http.MethodGet, path: "/apps/{app}/diff", section: section, scope: AppsRead,
		title: "Tell the difference between two documents of an app", text: "In words: what keys do, who is called, what is played, how long is waited. " +
			"How the documents are written makes no difference."}, a.diffApp)
}

func (a *API) diffApp(ctx context.Context, c caller, in *struct {
	AppPath
	From string `query:"from" maxLength:"20" doc:"Number of a revision, published (the default) or draft"`
	To   string `query:"to" maxLength:"20" doc:"Likewise; missing = the draft where there is one, else published"`
}) (*answer[Difference], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	if in.From == "" {
		in.From = ofPublished
	}
	if in.To == "" {
		in.To = ofDraft
		if _, _, err := a.draft(ctx, v); voice.IsKind(err, voice.NotExist) {
			in.To = ofPublished
		}
	}
	var programs [2]*flow.Program
	var names [2]string
	for i, of := range []string{in.From, in.To} {
		if programs[i], _, names[i], err = a.programOf(ctx, v, []string{"query.from", "query.to"}[i], of); err != nil {
			return nil, err
		}
	}
	changes := flowdiff.Diff(programs[0], programs[1])
	return body(Difference{From: names[0], To: names[1], Changes: append([]flowdiff.Change{}, changes...), Words: flowdiff.Words(changes)}), nil
}

// programOf compiles a document of an app, named as draft, published or by the number
// of a revision, and says what is wrong with it; name is its number, or draft. where
// is the field that names it.
func (a *API) programOf(ctx context.Context, v voice.App, where, of string) (p *flow.Program, ds flow.Diagnostics, name string, err error) {
	switch of {
	case ofDraft:
		_, kept, err := a.draft(ctx, v)
		if err != nil {
			return nil, nil, "", err
		}
		v.Document, name = kept.Document, ofDraft
	case ofPublished:
		name = strconv.FormatInt(v.Version, 10)
		if len(v.Document) == 0 {
			return nil, nil, "", voice.Errorf("httpapi.diff", voice.NotExist, "app %s has no published document yet", v.ID)
		}
	default:
		n, err := strconv.ParseInt(of, 10, 64)
		if err != nil || n < 1 {
			return nil, nil, "", invalid(where, "%q is neither the number of a revision nor published or draft", of)
		}
		r, err := a.revision(ctx, v, n)
		if err != nil {
			return nil, nil, "", err
		}
		v.Document, name = r.Document, of
	}
	p, ds, err = a.desk.Compile(ctx, v)
	return p, ds, name, err
}
