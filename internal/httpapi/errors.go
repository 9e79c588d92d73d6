package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tandem/internal/voice"
)

// statusOf gives the HTTP status of an error's kind.
func statusOf(k voice.Kind) int {
	switch k {
	case voice.Invalid:
		return http.StatusUnprocessableEntity
	case voice.NotExist:
		return http.StatusNotFound
	case voice.Permission:
		return http.StatusForbidden
	case voice.Exists, voice.Conflict, voice.Busy, voice.HungUp, voice.Expired, voice.Ordered, voice.Redirected:
		return http.StatusConflict
	case voice.Limit:
		return http.StatusTooManyRequests
	case voice.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem makes the answer to a failed request. What is not the client's fault
// goes to the log, and the client is told no more than that it happened.
func (a *API) problem(route string, err error) error {
	if e, ok := errors.AsType[huma.StatusError](err); ok {
		return e
	}
	kind := voice.KindOf(err)
	if kind == voice.Internal {
		a.cfg.Log.Error("request failed", "operation", route, "err", err)
		return huma.NewError(http.StatusInternalServerError, "internal error")
	}
	e, _ := errors.AsType[*voice.Error](err)
	if kind == voice.Invalid && e.Field != "" {
		return huma.NewError(statusOf(kind), "validation failed", &huma.ErrorDetail{Message: voice.Reason(err), Location: place(e.Field)})
	}
	return huma.NewError(statusOf(kind), voice.Reason(err))
}

// place names a field of the body as this API spells it.
func place(field string) string {
	if strings.Contains(field, ".") {
		return field
	}
	switch field {
	case "prefix":
		field = "prefixes"
	case "to-number", "app", "extension", "sip", "mailbox":
		field = "to.id"
	}
	return "body." + strings.ReplaceAll(field, "-", "_")
}

// invalid refuses a field: where is "body.name", "query.after" and so on.
func invalid(where, format string, args ...any) error {
	return voice.InvalidField("httpapi", where, format, args...)
}

// tooLarge refuses an upload.
func tooLarge(words string) error {
	return huma.NewError(http.StatusRequestEntityTooLarge, words)
}

// maxEcho bounds what of a value is sent back with an error, in bytes.
const maxEcho = 100

// brief keeps errors from sending back what was long or secret in the request.
func brief(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	for _, d := range e.Errors {
		if d == nil {
			continue
		}
		text, isText := d.Value.(string)
		switch d.Value.(type) {
		case nil, bool, float64:
		default:
			if !isText || len(text) > maxEcho || strings.HasSuffix(d.Location, "password") || d.Location == "body" {
				d.Value = nil
			}
		}
	}
	return e, nil
}

// noRoute answers requests that no route takes: 405 where another method would do.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = m
		if _, pattern := a.mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 || slices.Contains(allowed, r.Method) {
		writeProblem(w, http.StatusNotFound, "no such path: "+r.URL.Path)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	writeProblem(w, http.StatusMethodNotAllowed, r.Method+" is not allowed on this path")
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(huma.NewError(status, detail)) // the client is gone: there is nobody to tell
}

// recover answers for a handler that panicked.
func (a *API) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	a.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	writeProblem(w, http.StatusInternalServerError, "internal error")
}
