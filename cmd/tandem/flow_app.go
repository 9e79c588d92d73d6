package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/native"
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
	File    string `arg:"" help:"A native flow, YAML or JSON. Nothing is stored when it has errors."`
	Account string `required:"" placeholder:"ID" help:"The account."`
	Name    string `placeholder:"NAME" help:"Name of the app (default what the flow says, else the file's)."`
	App     string `placeholder:"ID" help:"Give this app the flow, instead of making one."`
}

func (c *flowImport) Run(p *program) error {
	return p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, r dialect.Resolver) error {
		data, err := readFlow(c.File)
		if err != nil {
			return err
		}
		app := voice.App{Tenant: t, Kind: native.Kind, Type: flowApp, Document: native.Document(data)}
		if c.App != "" {
			if app, err = c.present(p, st, t); err != nil {
				return err
			}
			app.Document = native.Document(data)
		} else {
			app.ID = voice.AppID(voice.NewID("FL"))
		}
		prog, ds, err := native.New().Compile(p.ctx, app, r)
		found, err := findings(c.File, data, ds, err)
		if err != nil {
			return err
		}
		if err := told(p.stderr, found); err != nil {
			return err
		}
		base := filepath.Base(c.File)
		app.Name = cmp.Or(c.Name, prog.Name, strings.TrimSuffix(base, filepath.Ext(base)))
		if len([]rune(app.Name)) > maxAppName {
			return voice.InvalidField("flow", "name", "%d characters are too many; at most %d", len([]rune(app.Name)), maxAppName)
		}
		if err := c.store(p, st, &app); err != nil {
			return err
		}
		return p.show(appJSON{app.ID, t, app.Kind, app.Name, app.Version}, func(w io.Writer) {
			fmt.Fprintf(w, "app %s %q has the flow; tandem number route NUMBER --account %s --app %s sends calls to it.\n", app.ID, printable(app.Name), t, app.ID)
		})
	})
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
	return app, err
}

func (c *flowImport) store(p *program, st *sqlstore.Store, app *voice.App) (err error) {
	now := time.Now()
	app.Updated = now
	if c.App != "" {
		app.Version, err = st.UpdateApp(p.ctx, *app)
		return err
	}
	app.Created = now
	if err = st.CreateApp(p.ctx, *app, nil); err != nil {
		return err
	}
	*app, err = st.App(p.ctx, app.Tenant, app.ID)
	return err
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
