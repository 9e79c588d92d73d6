package httpapi

import (
	"context"
	"net/http"

	"tandem/internal/check"
	"tandem/internal/voice"
)

// Check is what a check of an app found.
type Check struct {
	App      string          `json:"app"`
	Of       string          `json:"of" enum:"draft,published" doc:"What was checked"`
	Version  int64           `json:"version" doc:"Of the draft or the revision"`
	OK       bool            `json:"ok" doc:"No finding is an error: it can be published"`
	Findings []check.Finding `json:"findings" doc:"Worst first; docs/checks.md tells each code"`
	Facts    CheckFacts      `json:"facts"`
}

// CheckFacts is what the flow asks of its callers.
type CheckFacts struct {
	ToChoice   float64 `json:"to_choice" doc:"Seconds until a caller who listens to everything can make the first choice"`
	ToPerson   float64 `json:"to_person" doc:"Seconds until somebody's telephone rings, on the longest way that goes round in no circle"`
	Person     string  `json:"person,omitempty" doc:"The step at its end; missing = no way leads to a person"`
	MostKeys   int     `json:"most_keys" doc:"Keys until somebody's telephone rings, at most"`
	KeysPerson string  `json:"keys_person,omitempty" doc:"The step at the end of that way"`
	Steps      int     `json:"steps"`
}

func (a *API) registerChecks(section string) {
	handle(a, route{id: "check-app", method: http.MethodGet, path: "/apps/{app}/check", section: section, scope: AppsRead,
		title: "Check an app", text: "Reads the graph of its draft, or of what calls run, and tells what is wrong: ways that lead nowhere, " +
			"circles, keys that wait, prompts without sound, numbers that may not be called. Nothing is run or changed."}, a.checkApp)
}

func (a *API) checkApp(ctx context.Context, c caller, in *struct {
	AppPath
	Of string `query:"of" enum:"draft,published" doc:"Missing = the draft where there is one"`
}) (*answer[Check], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	x := Check{App: string(v.ID), Of: "published", Version: v.Version}
	if in.Of != "published" {
		r, kept, err := a.draft(ctx, v)
		switch {
		case err == nil:
			x.Of, x.Version, v.Document = "draft", r.Version, kept.Document
		case in.Of == "draft" || !voice.IsKind(err, voice.NotExist):
			return nil, err
		}
	}
	if len(v.Document) == 0 {
		return nil, voice.Errorf("httpapi.check", voice.NotExist, "app %s has no published document yet", v.ID)
	}
	report, _, err := a.desk.Check(ctx, v)
	if err != nil {
		return nil, err
	}
	f := report.Facts
	x.OK, x.Findings = report.Errors() == 0, report.Findings
	x.Facts = CheckFacts{ToChoice: seconds(f.ToChoice), ToPerson: seconds(f.ToPerson), Person: string(f.Person), MostKeys: f.MostKeys, KeysPerson: string(f.KeysPerson), Steps: f.Steps}
	return body(x), nil
}
