package telphin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// base is the path of the API below a prefix.
const base = "api/ver1.0"

// route is one method and path below base. In pattern, {x} is any one segment.
type route struct {
	method  string
	pattern string
	// calls opens the route to applications of access level "call" too.
	calls  bool
	handle func(q *request) (any, error)
}

func allRoutes() []route {
	return slices.Concat(accountRoutes(), extensionRoutes(), menuRoutes(), soundRoutes(), callRoutes())
}

// request is one API request that has been let in.
type request struct {
	*http.Request
	d      *Dialect
	base   string // URL of the prefix, for links
	params map[string]string
	tenant voice.TenantID
	token  voice.AccessToken
	// own is the internal number of a user who is no administrator: what the
	// request is about has to have to do with it. "" = an administrator.
	own string
}

// audio is an answer that is a file.
type audio struct {
	io.ReadSeekCloser
	name string
}

// serve answers one request. It does not redirect: repeated slashes and a
// trailing one are as good as none.
func (d *Dialect) serve(w http.ResponseWriter, r *http.Request, prefix string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			fail(w, failf(http.StatusInternalServerError, "", "internal error"))
		}
	}()
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	segments, err := input.Segments(rest)
	if !ok || err != nil {
		fail(w, missing("", "Not found"))
		return
	}
	path := strings.Join(segments, "/")
	switch path {
	case "oauth/token":
		d.serveToken(w, r)
		return
	case "oauth/authorize":
		d.serveAuthorize(w, r)
		return
	}
	if len(segments) > 1 && segments[0] == audioPath {
		d.serveLink(w, r, segments[1:])
		return
	}
	if !strings.HasPrefix(path, base+"/") {
		fail(w, missing("", "Not found"))
		return
	}
	q := &request{Request: r, d: d, base: dialect.BaseURL(r, d.cfg.PublicURL, prefix)}
	value, err := q.run(w, legacy(segments[2:]))
	d.answer(w, q, value, err)
}

// legacy gives the present form of /ivr/{id}/…, which the vendor's own example
// still has.
func legacy(segments []string) []string {
	if len(segments) > 1 && segments[0] == "ivr" {
		return slices.Concat([]string{"extension", segments[1], "ivr"}, segments[2:])
	}
	return segments
}

func (q *request) run(w http.ResponseWriter, segments []string) (any, error) {
	if err := q.admit(); err != nil {
		return nil, err
	}
	if err := q.d.rates.take(w.Header(), q.tenant, q.d.cfg.HourlyLimit, q.d.cfg.Now()); err != nil {
		return nil, err
	}
	rt, err := q.match(segments)
	if err != nil {
		return nil, err
	}
	if !rt.calls && q.scope(ScopeAccess) == AccessCall {
		return nil, failf(http.StatusForbidden, statusLevel, "the application's access level is Call API; this needs All")
	}
	if err := q.lets(rt); err != nil {
		return nil, err
	}
	return rt.handle(q)
}

// where gives what a route serves.
func (r route) where() (method, pattern string) { return r.method, r.pattern }

// match finds the route and sets the parameters of its path. Routes are tried in
// their order, so that rules/order stands before rules/{rule}.
func (q *request) match(segments []string) (route, error) {
	rt, params, known := input.Find(q.d.routes, q.Method, segments, route.where)
	if params != nil {
		q.params = params
		return rt, nil
	}
	if known {
		return route{}, failf(http.StatusMethodNotAllowed, "", "%s is not allowed on this path", q.Method)
	}
	return route{}, missing("", "Not found")
}

// drainLimit bounds what is read of a refused body, so that a client that is
// still sending gets to read the answer.
const drainLimit = 64 << 10

// answer writes what a handler gave, with the status that belongs to the method.
func (d *Dialect) answer(w http.ResponseWriter, q *request, value any, err error) {
	if err != nil {
		_, _ = io.CopyN(io.Discard, q.Body, drainLimit)
		f, ok := errors.AsType[*fault](err)
		if !ok {
			internal := false
			if f, internal = faultOf(err); internal && q.Context().Err() == nil {
				d.cfg.Log.Error("request failed", "method", q.Method, "path", q.URL.Path, "err", err)
			}
		}
		fail(w, f)
		return
	}
	if a, ok := value.(audio); ok {
		defer a.Close()
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote(a.name))
		http.ServeContent(w, q.Request, "", q.d.cfg.Now(), a)
		return
	}
	switch q.Method {
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		writeJSON(w, http.StatusCreated, value)
	default:
		writeJSON(w, http.StatusOK, value)
	}
}

func fail(w http.ResponseWriter, f *fault) {
	if f.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	body := map[string]string{"message": f.message}
	if f.status != "" {
		body["status"] = f.status
	}
	writeJSON(w, f.code, body)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	dialect.WriteJSON(w, "application/json; charset=utf-8", status, value)
}

// client holds the {client} of a path to the token's account.
func (q *request) client() error {
	c, ok := q.params["client"]
	if !ok || c == "@me" || c == string(q.tenant) {
		return nil
	}
	return missing(statusClient, "client %s is not the access token's client", c)
}

// clientID is the account as the vendor writes it: a number.
func (q *request) clientID() json.Number { return json.Number(q.tenant) }

// fields reads the JSON body: an object, or a list of one, as some clients send;
// bytes that are no UTF-8 are taken for windows-1251.
func (q *request) fields() (input.Fields, error) {
	data, err := io.ReadAll(io.LimitReader(q.Body, input.MaxBody+1))
	if err != nil {
		return nil, badf("the body could not be read: %s", err)
	}
	if len(data) > input.MaxBody {
		return nil, badf("the body is larger than %d bytes", input.MaxBody)
	}
	f, err := input.ParseObject(unlisted(input.UTF8(data)))
	if err != nil {
		return nil, badf("%s", err)
	}
	return f, nil
}

// Sizes of pages.
const (
	defaultPage = 100
	maxPage     = 500
)

// page gives the offset and length of the page that the query asks for.
func (q *request) page() (offset, limit, number int, err error) {
	number, limit = 1, defaultPage
	for name, p := range map[string]*int{"page": &number, "per_page": &limit} {
		s := q.URL.Query().Get(name)
		if s == "" {
			continue
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1_000_000 {
			return 0, 0, 0, badf("%s: %q is no number of at least 1", name, s)
		}
		*p = n
	}
	limit = min(limit, maxPage)
	return (number - 1) * limit, limit, number, nil
}

// paged cuts the page that the query asks for out of a list.
func paged[T any](q *request, list []T) ([]T, error) {
	offset, limit, _, err := q.page()
	if err != nil {
		return nil, err
	}
	list = list[min(offset, len(list)):]
	return append([]T{}, list[:min(limit, len(list))]...), nil
}

func (q *request) resolver() dialect.Resolver { return q.d.resolver(q.tenant) }

// id reads a number of the path.
func (q *request) id(name string, gone *fault) (int64, error) {
	n, err := strconv.ParseInt(q.params[name], 10, 64)
	if err != nil {
		return 0, gone
	}
	return n, nil
}
