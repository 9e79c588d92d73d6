package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
	"tandem/internal/publish"
	"tandem/internal/store/sqlstore"
	"tandem/internal/voice"
)

// flowApp is the type of the apps that flow import makes.
const flowApp = "flow"

// maxAppName bounds the name of an app, in characters.
const maxAppName = 100

type appJSON struct {
	ID      voice.AppID    `json:"id"`
	Account voice.TenantID `json:"account_id"`
	Kind    voice.AppKind  `json:"kind"`
	Name    string         `json:"name"`
	Version int64          `json:"version"`
}

type flowImport struct {
	File     string `arg:"" help:"A native flow, YAML or JSON. Nothing is stored when it has errors, its check finds some, its tests fail, or a prompt can't be made."`
	Account  string `required:"" placeholder:"ID" help:"The account."`
	Name     string `placeholder:"NAME" help:"Name of the app (default what the flow says, else the file's)."`
	App      string `placeholder:"ID" help:"Give this app the flow, instead of making one. The tests that are kept with it must pass."`
	Note     string `placeholder:"TEXT" help:"For the history of the app."`
	Override string `placeholder:"REASON" help:"Publish it all the same, unless it has errors of its own; the history keeps why, and what was found."`

	before json.RawMessage // what the app was
	name   string
}

// maxSaid bounds a note and a reason, in characters, as the API does.
const maxSaid = 500

func (c *flowImport) Run(p *program) error {
	for _, said := range []struct{ flag, text string }{{"note", c.Note}, {"override", c.Override}} {
		if n := len([]rune(said.text)); n > maxSaid {
			return voice.InvalidField("flow", said.flag, "%d characters are too many; at most %d", n, maxSaid)
		}
	}
	cfg, err := p.settings(nil)
	if err != nil {
		return err
	}
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) error {
		app, err := c.app(p, st, t, r)
		if err != nil {
			return err
		}
		desk, closing, err := daemon.OpenDesk(p.ctx, cfg, st, slog.New(slog.NewTextHandler(p.stderr, nil)))
		if err != nil {
			return err
		}
		app, overrode, err := c.publish(p, desk, app)
		if err := errors.Join(err, closing()); err != nil {
			return err
		}
		for _, o := range overrode {
			fmt.Fprintln(p.stderr, printable("overridden: "+problemText(o)))
		}
		return p.show(appJSON{app.ID, t, app.Kind, app.Name, app.Version}, func(w io.Writer) {
			fmt.Fprintf(w, "app %s %q has the flow; tandem number route NUMBER --account %s --app %s sends calls to it.\n", app.ID, printable(app.Name), t, app.ID)
		})
	})
}

// app reads the flow and makes the app that it is to be; its errors are told.
func (c *flowImport) app(p *program, st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) (voice.App, error) {
	data, err := readFlow(c.File)
	if err != nil {
		return voice.App{}, err
	}
	app := voice.App{ID: voice.AppID(voice.NewID("FL")), Tenant: t, Kind: native.Kind, Type: flowApp}
	if c.App != "" {
		if app, err = c.present(p, st, t); err != nil {
			return app, err
		}
	}
	app.Document = native.Document(data)
	if len(app.Document) > publish.MaxDocument {
		return app, voice.InvalidField("flow", "file", "%s has more than %d bytes", c.File, publish.MaxDocument)
	}
	prog, ds, err := native.New().Compile(p.ctx, app, r)
	found, err := findings(c.File, data, ds, err)
	if err != nil {
		return app, err
	}
	if err := told(p.stderr, found); err != nil {
		return app, err
	}
	base := filepath.Base(c.File)
	app.Name = cmp.Or(c.Name, prog.Name, strings.TrimSuffix(base, filepath.Ext(base)))
	if len([]rune(app.Name)) > maxAppName {
		return app, voice.InvalidField("flow", "name", "%d characters are too many; at most %d", len([]rune(app.Name)), maxAppName)
	}
	return app, nil
}

// publish has the app pass the gate and stores it, with the first or the next line of
// its history.
func (c *flowImport) publish(p *program, desk *publish.Desk, app voice.App) (voice.App, []publish.Problem, error) {
	beside, err := c.testsBeside(p)
	if err != nil {
		return app, nil, err
	}
	overrode, err := desk.Gate(p.ctx, app, c.Override, beside...)
	if refused, is := errors.AsType[*publish.Refused](err); is && len(refused.Problems) > 0 {
		for _, f := range refused.Problems {
			fmt.Fprintln(p.stderr, printable(problemText(f)))
		}
		fmt.Fprintln(p.stderr, "not published: mend what is named, or say by --override why not")
		return app, nil, statusError(1)
	}
	if err != nil {
		return app, nil, err
	}
	to := publish.Change{By: "command line: " + p.person(), Note: c.Note, Name: app.Name, Document: app.Document}.Overridden(c.Override, overrode)
	if c.App == "" {
		app.Created = time.Now()
		app.Updated = app.Created
		app, err = desk.Create(p.ctx, app, to)
		return app, overrode, err
	}
	app.Document, app.Name = c.before, c.name
	app, kept, err := desk.Replace(p.ctx, app, to, voice.Canary{})
	if kept != nil {
		fmt.Fprintln(p.stderr, printable("the flow is published, but the history does not say by whom: "+kept.Error()))
	}
	return app, overrode, err
}

// problemText tells a problem for people.
func problemText(o publish.Problem) string {
	text := o.Text + " [" + o.Code + "]"
	if o.Pointer != "" {
		text += " (at " + o.Pointer + ")"
	}
	return text
}

// testsBeside runs the tests that are kept beside the file, as tandem test does, and
// gives those that fail.
func (c *flowImport) testsBeside(p *program) ([]publish.Problem, error) {
	name := strings.TrimSuffix(c.File, filepath.Ext(c.File)) + testEnding
	if _, err := os.Stat(name); err != nil {
		return nil, nil
	}
	t := &testCmd{Think: time.Second, told: filepath.Base(c.File)}
	f, err := t.load(p, name)
	defer t.close(p)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return []publish.Problem{{Code: publish.TestFailed, Text: name + " can't be read"}}, nil
	}
	return publish.Failing(t.run(p, f)), nil
}

// present finds the app that is to get the flow.
func (c *flowImport) present(p *program, st *sqlstore.Store, t voice.TenantID) (voice.App, error) {
	app, err := st.App(p.ctx, t, voice.AppID(c.App))
	switch {
	case voice.IsKind(err, voice.NotExist):
		return app, voice.InvalidField("flow", "app", "account %s has no app %s", t, c.App)
	case err == nil && app.Kind != native.Kind:
		return app, voice.InvalidField("flow", "app", "app %s is of kind %s; only native apps take a flow", app.ID, app.Kind)
	}
	c.before, c.name = app.Document, app.Name
	return app, err
}

type flowExport struct {
	App     string `arg:"" help:"The app, by id or name."`
	Account string `required:"" placeholder:"ID" help:"The account."`
}

func (c *flowExport) Run(p *program) error {
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, _ dialect.Resolver) error {
		apps, err := st.Apps(p.ctx, t)
		if err != nil {
			return err
		}
		var found []voice.App
		for _, a := range apps {
			if string(a.ID) == c.App || a.Name == c.App {
				found = append(found, a)
			}
		}
		switch {
		case len(found) == 0:
			return voice.InvalidField("flow", "app", "account %s has no app %s", t, c.App)
		case len(found) > 1:
			return voice.InvalidField("flow", "app", "%d apps are called %s; use an id", len(found), c.App)
		case found[0].Kind != native.Kind:
			return voice.InvalidField("flow", "app", "app %s is of kind %s, not a native flow", found[0].ID, found[0].Kind)
		}
		text, err := native.Text(found[0].Document)
		if err != nil {
			return err
		}
		_, err = p.stdout.Write(text)
		return err
	})
}
