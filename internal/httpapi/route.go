package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// route is one operation.
type route struct {
	id      string // operationId: "list-numbers"
	method  string
	path    string // below Prefix
	section string
	title   string
	text    string
	scope   Scope
	status  int           // of success; 0 = 200, or 204 without a body
	time    time.Duration // for reading the body; 0 = some seconds
	before  func(ctx huma.Context, next func(huma.Context))
	form    *huma.RequestBody // replaces what is made from the input's type
	content string            // media type of the answer, where it is no JSON
	yaml    bool              // the answer's document is to be had as YAML too

	yamlInput bool // the body may be YAML too

	noted string // what the audit log says was done, where the store's own lines don't: "listened to"
}

// handle registers a route whose answer is that of f.
func handle[I, O any](a *API, r route, f func(ctx context.Context, c caller, in *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: Prefix + r.path, Summary: r.title, Description: r.text, Tags: []string{r.section},
		DefaultStatus: r.status, MaxBodyBytes: maxBody, BodyReadTimeout: r.time, RequestBody: r.form,
		Security: []map[string][]string{{keyScheme: {string(r.scope)}}},
		Errors:   []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests},
	}
	if strings.Contains(r.path, "{") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if r.method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	if r.content != "" {
		op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{
			r.content: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	}
	if r.before != nil {
		op.Middlewares = huma.Middlewares{r.before}
	}
	if r.noted != "" {
		op.Middlewares = append(op.Middlewares, a.noting(r))
	}
	if r.yamlInput {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{yamlType: {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, a.problem(r.id, err)
		}
		return out, nil
	})
	if r.yaml {
		op := a.huma.OpenAPI().Paths[Prefix+r.path].Get
		op.Responses["200"].Content[yamlType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "The document alone"}}
	}
}

// Page is a part of a list. Next is the cursor of the part after it; it is
// missing in the last.
type Page[T any] struct {
	Items []T    `json:"items" doc:"The things, in order"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next part; missing in the last"`
}

// answer is a body alone.
type answer[T any] struct{ Body T }

// nothing is an answer without a body.
type nothing struct{}

func body[T any](v T) *answer[T] { return &answer[T]{v} }

// all is a list that is not parted.
func all[T, U any](list []T, show func(T) U) *answer[Page[U]] {
	items := make([]U, len(list))
	for i, v := range list {
		items[i] = show(v)
	}
	return body(Page[U]{Items: items})
}

// moment shows a time in UTC, or nothing for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// seconds shows a duration.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

// at names an entry of a list.
func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
