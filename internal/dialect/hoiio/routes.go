package hoiio

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// method is one method of the API.
type method struct {
	path     string
	title    string
	section  string
	required []string // in the order in which they are missed
	optional []string
	handle   func(q *request) (answer, error)
}

// answer is what a method answers besides its status.
type answer map[string]any

// request is a call of a method that has been let in.
type request struct {
	context.Context
	params
	d      *Dialect
	app    string // app_id
	tenant voice.TenantID
	user   voice.UserID
}

func allMethods() []method {
	return append(ivrMethods(), accountMethods()...)
}

// serve answers one request.
func (d *Dialect) serve(w http.ResponseWriter, r *http.Request, prefix string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			respond(w, http.StatusOK, nil, errInternal)
		}
	}()
	rest, below := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	segments, err := input.Segments(rest)
	if !below || err != nil || len(segments) < 2 || segments[0] != "open" {
		respond(w, http.StatusNotFound, nil, errMalformed)
		return
	}
	if segments[1] == audioPath {
		d.serveAudio(w, r, segments[2:])
		return
	}
	m, known := d.methods[strings.Join(segments[1:], "/")]
	if !known {
		respond(w, http.StatusNotFound, nil, errMalformed)
		return
	}
	value, err := d.call(m, r)
	if err != nil && faultOf(err) == errInternal && r.Context().Err() == nil {
		d.cfg.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	respond(w, http.StatusOK, value, err)
}

// call lets a request in and does what it asks: first what is wrong with the
// request, then with the credential, with what is required, and with the rest.
func (d *Dialect) call(m method, r *http.Request) (answer, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return nil, refusal("error_invalid_http_method")
	}
	p, err := readParams(r)
	if err != nil {
		return nil, err
	}
	q := &request{Context: voice.WithTenant(r.Context(), ""), params: p, d: d}
	if err := q.admit(r.RemoteAddr); err != nil {
		return nil, err
	}
	// Look-ups that are over may hold the first one as their context for a moment yet.
	q = &request{Context: voice.WithTenant(r.Context(), q.tenant), params: p, d: d, app: q.app, tenant: q.tenant, user: q.user}
	for _, name := range m.required {
		if p[name] == "" {
			return nil, missing(name)
		}
	}
	return m.handle(q)
}

// admit finds whose request it is.
func (q *request) admit(source string) error {
	id := q.params["app_id"]
	if id == "" {
		return missing("app_id")
	}
	const unknown = refusal("error_invalid_app_id")
	if _, err := q.d.cfg.Credentials.TokenByName(q, Kind, id); voice.IsKind(err, voice.NotExist) {
		// A guess is counted and noted, and is as much work as one at a token.
		if _, err := q.d.cfg.Auth.Check(q, Kind, id, q.params["access_token"], source); voice.IsKind(err, voice.Limit) {
			return refusal("error_rate_limit_exceeded")
		}
		return unknown
	} else if err != nil {
		return err
	}
	if q.params["access_token"] == "" {
		return missing("access_token")
	}
	k, err := q.d.cfg.Auth.Check(q, Kind, id, q.params["access_token"], source)
	switch {
	case voice.IsKind(err, voice.Limit):
		return refusal("error_rate_limit_exceeded")
	case voice.IsKind(err, voice.Permission):
		return refusal("error_invalid_access_token")
	case err != nil:
		return err
	}
	q.app, q.tenant, q.user = id, k.Tenant, k.User
	return nil
}

// faultOf gives the status of an error.
func faultOf(err error) refusal {
	if s, ok := errors.AsType[refusal](err); ok {
		return s
	}
	return errInternal
}

func respond(w http.ResponseWriter, code int, value answer, err error) {
	out := answer{"status": statusOK}
	if err != nil {
		out["status"], value = string(faultOf(err)), nil
	}
	for name, v := range value {
		out[name] = v
	}
	dialect.WriteJSON(w, "application/json; charset=utf-8", code, out)
}
