package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tandem/internal/voice"
)

// App is a flow that answers calls.
type App struct {
	ID        string          `json:"id"`
	Number    int64           `json:"number,omitempty" doc:"The same app in the APIs whose ids are numbers"`
	Kind      string          `json:"kind" example:"native" doc:"Language of the document"`
	Type      string          `json:"type,omitempty" doc:"The language's own type of app"`
	Name      string          `json:"name"`
	Shortcode string          `json:"shortcode,omitempty" doc:"What the account's extensions dial to reach it"`
	Default   bool            `json:"default" doc:"Made with the account; can't be deleted"`
	Document  json.RawMessage `json:"document,omitempty" doc:"What calls run, as it was written; missing in lists, and before the first publication"`
	Version   int64           `json:"version" doc:"Number of the published revision; grows with every change"`
	Created   *time.Time      `json:"created,omitempty"`
	Updated   *time.Time      `json:"updated,omitempty"`
}

// tagged is a body with the version that it had.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"Version, for If-Match"`
	Body T
}

// AppPath names it in the path.
type AppPath struct {
	App string `path:"app" maxLength:"64"`
}

func (a *API) registerApps() {
	const section = "Apps"
	handle(a, route{id: "list-apps", method: http.MethodGet, path: "/apps", section: section, scope: AppsRead, title: "List the apps"}, a.listApps)
	handle(a, route{id: "read-app", method: http.MethodGet, path: "/apps/{app}", section: section, scope: AppsRead,
		title: "Read an app with its published document"}, a.readApp)
}

func showApp(v voice.App, document bool) App {
	x := App{ID: string(v.ID), Number: v.Serial, Kind: string(v.Kind), Type: v.Type, Name: v.Name, Shortcode: v.Shortcode, Default: v.Default,
		Version: v.Version, Created: moment(v.Created), Updated: moment(v.Updated)}
	if document {
		x.Document = v.Document
	}
	return x
}

func (a *API) listApps(ctx context.Context, c caller, in *struct {
	Kind string `query:"kind" maxLength:"40" doc:"Only apps written in this language"`
}) (*answer[Page[App]], error) {
	list, err := a.cfg.Apps.Apps(ctx, c.tenant)
	if err != nil {
		return nil, err
	}
	items := []App{}
	for _, v := range list {
		if in.Kind == "" || string(v.Kind) == in.Kind {
			items = append(items, showApp(v, false))
		}
	}
	return body(Page[App]{Items: items}), nil
}

func (a *API) readApp(ctx context.Context, c caller, in *AppPath) (*tagged[App], error) {
	v, err := a.cfg.Apps.App(ctx, c.tenant, voice.AppID(in.App))
	if err != nil {
		return nil, err
	}
	return &tagged[App]{etag(v.Version), showApp(v, true)}, nil
}

// etag makes the entity tag of a version (RFC 9110 §8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// matches reports whether If-Match allows a version; no header allows every one.
func matches(header string, version int64) bool {
	if header == "" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(version) {
			return true
		}
	}
	return false
}
