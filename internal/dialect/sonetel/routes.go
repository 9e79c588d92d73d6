package sonetel

import (
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"

	"tandem/internal/dialect"
	"tandem/internal/dialect/input"
	"tandem/internal/voice"
)

// route is one method and path. In pattern, {x} is any one segment.
type route struct {
	method   string
	pattern  string
	resource string
	handle   func(q *request) (any, error)
}

// openRoutes need no token; their path begins so.
const openRoutes = "globaldata/"

func (d *Dialect) allRoutes() []route {
	const app, prompt = "account/{acc}/voiceapp/{app}", "account/{acc}/voiceapp/{app}/prompt/{prompt}"
	const num, user = "account/{acc}/phonenumbersubscription", "account/{acc}/user"
	return []route{
		{"GET", "account", "account", getAccount},
		{"GET", "account/{acc}", "account", getAccount},
		{"PUT", "account", "account", putAccount},
		{"PUT", "account/{acc}", "account", putAccount},

		{"GET", "account/{acc}/voiceapp", "voiceapp", listApps},
		{"POST", "account/{acc}/voiceapp", "voiceapp", postApp},
		{"GET", app, "voiceapp", getApp},
		{"PUT", app, "voiceapp", putApp},
		{"DELETE", app, "voiceapp", deleteApp},

		{"GET", app + "/prompt", "prompt", listPrompts},
		{"POST", app + "/prompt", "prompt", postPrompt},
		{"GET", prompt, "prompt", getPrompt},
		{"PUT", prompt, "prompt", putPrompt},
		{"DELETE", prompt, "prompt", deletePrompt},
		{"POST", prompt + "/message", "prompt", postMessage},
		{"GET", "prompt/{prompt}", "prompt", getPrompt},
		{"PUT", "prompt/{prompt}", "prompt", putPrompt},
		{"DELETE", "prompt/{prompt}", "prompt", deletePrompt},
		{"POST", "prompt/{prompt}/message", "prompt", postMessage},

		{"POST", "tts/prompt/convert", "tts", convertText},
		{"GET", "tts/prompt/voice", "tts", listVoices},
		{"GET", "globaldata/voiceprompts", "voiceprompts", globalVoices},
		{"GET", "globaldata/timezone", "timezone", globalTimezones},
		{"GET", "globaldata/language", "language", globalLanguages},
		{"GET", "globaldata/errors", "errors", globalErrors},

		{"GET", num, "phonenumbersubscription", listNumbers},
		{"POST", num, "phonenumbersubscription", postNumber},
		{"GET", num + "/{phnum}", "phonenumbersubscription", getNumber},
		{"PUT", num + "/{phnum}", "phonenumbersubscription", putNumber},
		{"DELETE", num + "/{phnum}", "phonenumbersubscription", deleteNumber},

		{"GET", user, "user", listUsers},
		{"POST", user, "user", postUser},
		{"GET", user + "/{user}", "user", getUser},
		{"PUT", user + "/{user}", "user", putUser},
		{"DELETE", user + "/{user}", "user", deleteUser},
		{"GET", user + "/{user}/call", "call", getCallSettings},
		{"PUT", user + "/{user}/call", "call", putCallSettings},
		{"GET", user + "/{user}/phones", "phones", getPhones},

		{"GET", "call-recording", "call_recording", listRecordings},
		{"GET", "call-recording/{rec}", "call_recording", getRecording},
		{"DELETE", "call-recording/{rec}", "call_recording", deleteRecording},
		{"POST", "make-calls/call/call-back", "call-back", postCallBack},
	}
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

// bare is a response that replaces the envelope.
type bare struct{ value any }

// serve answers one request. It does not redirect: repeated slashes and a
// trailing one are as good as none.
func (d *Dialect) serve(w http.ResponseWriter, r *http.Request, prefix string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			d.fail(w, "", failf(codeInternal, "internal error").at(http.StatusInternalServerError))
		}
	}()
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	segments, err := input.Segments(rest)
	if !ok || err != nil {
		d.fail(w, "", failf(codePath, "no such path: %s", r.URL.Path).at(http.StatusNotFound))
		return
	}
	path := strings.Join(segments, "/")
	switch {
	case path == "SonetelAuth/beta/oauth/token", path == "SonetelAuth/oauth/token":
		d.serveToken(w, r)
		return
	case strings.HasPrefix(path, audioPath):
		d.serveAudio(w, r, segments[1:])
		return
	}
	q := &request{Request: r, d: d, base: dialect.BaseURL(r, d.cfg.PublicURL, prefix)}
	rt, err := d.match(q, segments)
	var value any
	if err == nil {
		if !strings.HasPrefix(path, openRoutes) {
			err = q.admit()
		}
		if err == nil {
			value, err = rt.handle(q)
		}
	}
	d.answer(w, q, rt.resource, value, err)
}

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
		return rt, failf(codeMethod, "%s is not allowed on this path", q.Method).at(http.StatusMethodNotAllowed)
	}
	return route{}, failf(codePath, "no such path: /%s", strings.Join(segments, "/")).at(http.StatusNotFound)
}

// drainLimit bounds what is read of a refused body, so that a client that is
// still sending gets to read the answer.
const drainLimit = 64 << 20

// answer writes the envelope of a handler's result.
func (d *Dialect) answer(w http.ResponseWriter, q *request, resource string, value any, err error) {
	if err != nil {
		_, _ = io.CopyN(io.Discard, q.Body, drainLimit)
		f, ok := errors.AsType[*fault](err)
		if !ok {
			internal := false
			if f, internal = faultOf(err); internal && q.Context().Err() == nil {
				d.cfg.Log.Error("request failed", "method", q.Method, "path", q.URL.Path, "err", err)
			}
		}
		d.fail(w, resource, f)
		return
	}
	if b, ok := value.(bare); ok {
		writeJSON(w, http.StatusOK, b.value)
		return
	}
	names := limits(q.URL.Query().Get("fields"))
	if r, ok := value.(reply); ok {
		value = r.only(names)
	}
	if list, ok := value.([]reply); ok {
		for i := range list {
			list[i] = list[i].only(names)
		}
		if list == nil {
			value = []reply{}
		}
	}
	writeJSON(w, http.StatusOK, envelope{resource, "success", value})
}

func (d *Dialect) fail(w http.ResponseWriter, resource string, f *fault) {
	status := f.status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, status, envelope{resource, "failed", failure{f.code, f.detail}})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	dialect.WriteJSON(w, "application/json;charset=UTF-8", status, value)
}

// account holds the {acc} of a path to the token's account.
func (q *request) account() error {
	acc, ok := q.params["acc"]
	switch {
	case !ok || acc == string(q.tenant):
		return nil
	case strings.Trim(acc, "0123456789") != "":
		return failf(codeNumericAcc, "AccountId should be numeric")
	}
	return failf(codeAccount, "account %s is not the access token's account", acc)
}

// admin refuses users who are not administrators.
func (q *request) admin() error {
	if q.user.Role != voice.RoleAdmin {
		return failf(codeForbidden, "only an administrator of the account may do this")
	}
	return nil
}

// change lets an admin of the path's account through and reads the body.
func (q *request) change() (input.Fields, error) {
	if err := q.account(); err != nil {
		return nil, err
	}
	if err := q.admin(); err != nil {
		return nil, err
	}
	return q.fields()
}

// fields reads the JSON body, whatever content type it claims.
func (q *request) fields() (input.Fields, error) {
	f, err := input.ReadObject(q.Body)
	if err != nil {
		return nil, failf(codeBody, "%s", err)
	}
	return f, nil
}
