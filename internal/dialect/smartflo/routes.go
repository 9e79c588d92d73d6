package smartflo

import (
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// route is one method and path below /v1. In pattern, {x} is any one segment.
type route struct {
	method  string
	pattern string
	title   string
	open    bool // no token is needed
	admin   bool // for administrators of the account
	handle  func(q *request) (any, error)
	fields  []dialect.Field // for the interactive page
	example string
	section string
}

// request is one API request that has been let in.
type request struct {
	*http.Request
	d      *Dialect
	base   string // URL of this API, for links
	params map[string]string
	tenant voice.TenantID
	user   voice.User // whose token it is; of role admin with the account's own
}

// done is the answer of what succeeded.
type done struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	ID      int64  `json:"id,omitempty"`
	RefID   string `json:"ref_id,omitempty"`
	Key     string `json:"api_key,omitempty"`
}

// serve answers one request.
func (d *Dialect) serve(w http.ResponseWriter, r *http.Request, prefix string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			d.fail(w, failf(http.StatusInternalServerError, "Internal error."))
		}
	}()
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	segments, err := input.Segments(rest)
	if !ok || err != nil {
		d.fail(w, failf(http.StatusNotFound, "There is no path %s.", r.URL.Path))
		return
	}
	for len(segments) > 0 && segments[0] == "v1" { // clients have it in their base, in their paths, in both, or in neither
		segments = segments[1:]
	}
	if len(segments) > 0 && segments[0] == audioPath {
		d.serveAudio(w, r, segments[1:])
		return
	}
	q := &request{Request: r, d: d, base: dialect.BaseURL(r, d.cfg.PublicURL, prefix)}
	rt, err := d.match(q, segments)
	if err == nil && !rt.open {
		err = q.admit()
	}
	if err == nil && rt.admin && q.user.Role != voice.RoleAdmin {
		err = failf(http.StatusForbidden, "Only an administrator of the account may do this.")
	}
	var value any
	if err == nil {
		value, err = rt.handle(q)
	}
	if err == nil {
		writeJSON(w, http.StatusOK, value)
		return
	}
	_, _ = io.CopyN(io.Discard, q.Body, drainLimit)
	f, internal := faultOf(err)
	if internal && r.Context().Err() == nil {
		d.cfg.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	d.fail(w, f)
}

// drainLimit bounds what is read of a refused body, so that a client that is
// still sending gets to read the answer.
const drainLimit = 64 << 20

// where gives what a route serves.
func (r route) where() (method, pattern string) { return r.method, r.pattern }

// match finds the route and sets the parameters of its path.
func (d *Dialect) match(q *request, segments []string) (route, error) {
	rt, params, known := input.Find(d.routes, q.Method, segments, route.where)
	if params != nil {
		q.params = params
		return rt, nil
	}
	if known {
		return route{}, failf(http.StatusMethodNotAllowed, "The %s method is not supported on this path.", q.Method)
	}
	return route{}, failf(http.StatusNotFound, "There is no path /v1/%s.", strings.Join(segments, "/"))
}

func (d *Dialect) fail(w http.ResponseWriter, f *fault) {
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		if w.Header().Get("Retry-After") == "" {
			w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
		}
	}
	answer := map[string]any{"success": false, "message": f.message}
	for name, value := range f.more {
		answer[name] = value
	}
	writeJSON(w, f.status, answer)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	dialect.WriteJSON(w, "application/json", status, value)
}

// fields reads the body, which is JSON or a form.
func (q *request) fields(repeats ...string) (input.Fields, error) {
	f, err := input.ReadBody(q.Request, nil, repeats...)
	if err != nil {
		return nil, bad("The request is invalid: %s.", err)
	}
	return f, nil
}

// text reads a field that is text or a number.
func text(f input.Fields, name string, required bool) (string, error) {
	s, err := input.Text(f[name], name)
	if err != nil {
		return "", bad("The %s field is invalid: %s.", name, strings.TrimPrefix(err.Error(), name+": "))
	}
	if s == "" && required {
		return "", bad("The %s field is required.", name)
	}
	return s, nil
}

// number reads the {id} of a path.
func (q *request) number(what string) (int64, error) {
	n, err := strconv.ParseInt(q.params["id"], 10, 64)
	if err != nil || n <= 0 {
		return 0, notFound(what)
	}
	return n, nil
}

// again does what several clients may do at once until no other was faster.
func again(f func() error) error {
	const tries = 5
	for range tries {
		if err := f(); !voice.IsKind(err, voice.Conflict) {
			return err
		}
	}
	return failf(http.StatusConflict, "It is being changed by someone else; try again.")
}
