package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/publish"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// AppTests are the tests that are kept with an app.
type AppTests struct {
	App     string     `json:"app"`
	Text    string     `json:"text" doc:"As tandem test reads them, without the line that names a flow: they are about this app"`
	Tests   int        `json:"tests"`
	By      string     `json:"by,omitempty"`
	Updated *time.Time `json:"updated,omitempty"`
}

// AppTestsInput is the tests of an app.
type AppTestsInput struct {
	Text string `json:"text" maxLength:"200000" doc:"Empty = the app has none"`
}

func (a *API) registerAppTests(section string) {
	const path = "/apps/{app}/tests"
	handle(a, route{id: "read-tests", method: http.MethodGet, path: path, section: section, scope: AppsRead, title: "Read the tests of an app"}, a.readTests)
	handle(a, route{id: "write-tests", method: http.MethodPut, path: path, section: section, scope: AppsWrite,
		title: "Write the tests of an app", text: "A draft is published when they pass."}, a.writeTests)
	a.registerTestRuns(section, path)
}

// parseTests reads tests; the error names each line at fault.
func parseTests(text string) (*suite.File, error) {
	f, faults := suite.Parse("tests", []byte(text))
	if len(faults) == 0 {
		return f, nil
	}
	errs := make([]error, len(faults))
	for i, e := range faults {
		errs[i] = &huma.ErrorDetail{Message: e.Text, Location: fmt.Sprintf("body.text:%d:%d", e.Line, e.Col)}
	}
	return nil, huma.NewError(http.StatusUnprocessableEntity, "the tests can't be read", errs...)
}

func (a *API) readTests(ctx context.Context, c caller, in *AppPath) (*tagged[AppTests], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	r, kept, err := a.desk.Tests(ctx, v)
	if err != nil {
		return nil, err
	}
	f, err := parseTests(kept.Text)
	if err != nil {
		return nil, err
	}
	return &tagged[AppTests]{etag(r.Version), AppTests{string(v.ID), kept.Text, len(f.Tests), kept.By, moment(r.Updated)}}, nil
}

func (a *API) writeTests(ctx context.Context, c caller, in *struct {
	AppPath
	IfMatch
	Body AppTestsInput
}) (*tagged[AppTests], error) {
	v, err := a.app(ctx, c, in.App)
	if err != nil {
		return nil, err
	}
	r, _, err := a.desk.Tests(ctx, v)
	have := err == nil
	if err != nil && !voice.IsKind(err, voice.NotExist) {
		return nil, err
	}
	if in.IfMatch.IfMatch != "" && (!have || !matches(in.IfMatch.IfMatch, r.Version)) {
		return nil, huma.Error412PreconditionFailed("the tests are others by now")
	}
	x := AppTests{App: string(v.ID), Text: in.Body.Text, By: c.by(), Updated: moment(a.cfg.Now())}
	if in.Body.Text == "" {
		if have {
			err = a.cfg.Resources.DeleteResource(ctx, v.Tenant, r.Kind, r.Serial)
		} else {
			err = nil
		}
		return &tagged[AppTests]{"", x}, err
	}
	f, err := parseTests(in.Body.Text)
	if err != nil {
		return nil, err
	}
	x.Tests = len(f.Tests)
	raw, err := json.Marshal(publish.Tests{Text: in.Body.Text, By: c.by()})
	if err != nil {
		return nil, voice.E("httpapi.tests", voice.Internal, err)
	}
	if have {
		r.Data, r.Updated = raw, a.cfg.Now()
		r.Version, err = a.cfg.Resources.UpdateResource(ctx, r)
	} else {
		r, err = a.cfg.Resources.CreateResource(ctx, voice.Resource{Tenant: v.Tenant, Kind: publish.TestsKind, Name: string(v.ID), Data: raw, Created: a.cfg.Now(), Updated: a.cfg.Now()})
	}
	return &tagged[AppTests]{etag(r.Version), x}, err
}
