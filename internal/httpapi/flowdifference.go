package httpapi

import (
	"context"
	"net/http"

	"tandem/internal/flow"
	"tandem/internal/flowdiff"
	"tandem/internal/voice"
)

func (a *API) registerFlowDifference(section string) {
	handle(a, route{id: "diff-flow", method: http.MethodPost, path: "/apps/{app}/flow/difference", section: section, scope: AppsRead,
		title: "Tell what a flow that was not saved changes of the draft",
		text:  "Of the published document where there is no draft. Nothing is saved: it is for two people who have changed one flow."}, a.diffFlow)
}

func (a *API) diffFlow(ctx context.Context, c caller, in *struct {
	AppPath
	Body FlowInput
}) (*answer[Difference], error) {
	if err := a.fitsDocument(in.Body.Flow); err != nil {
		return nil, err
	}
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	document, tag, err := a.present(ctx, v)
	if err != nil {
		return nil, err
	}
	from := ofPublished
	if tag != "" {
		from = ofDraft
	}
	kept := v
	kept.Document = document
	var programs [2]*flow.Program
	for i, of := range []voice.App{kept, inFlowFormat(v, in.Body.Flow)} {
		if programs[i], _, err = a.desk.Compile(ctx, of); err != nil {
			return nil, err
		}
	}
	changes := flowdiff.Diff(programs[0], programs[1])
	return body(Difference{From: from, To: "flow", Changes: append([]flowdiff.Change{}, changes...), Words: flowdiff.Words(changes)}), nil
}
