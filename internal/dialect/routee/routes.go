package routee

import (
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
	method  string
	pattern string
	section string
	title   string
	example string
	handle  func(q *request) (any, error)
}

// request is one API request that has been let in.
type request struct {
	*http.Request
	d      *Dialect
	base   string // URL of this API, for links
	params map[string]string
	tenant voice.TenantID
	user   voice.UserID
}

// file is an answer that is no JSON.
type file struct {
	kind, name string
	io.ReadSeeker
	close func() error
}

// drainLimit bounds what is read of a refused body, so that a client that is
// still sending gets to read the answer.
const drainLimit = 64 << 20

// serve answers one request.
func (d *Dialect) serve(w http.ResponseWriter, r *http.Request, prefix string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("panic in a request", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			fail(w, badf(codeInternal, "internal error"))
		}
	}()
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	segments, err := input.Segments(rest)
	if !ok || err != nil {
		fail(w, &fault{http.StatusNotFound, "404000000", "there is no path " + r.URL.Path})
		return
	}
	if len(segments) == 2 && segments[0] == "oauth" && segments[1] == "token" {
		d.serveToken(w, r)
		return
	}
	q := &request{Request: r, d: d, base: dialect.BaseURL(r, d.cfg.PublicURL, prefix)}
	rt, err := d.match(q, segments)
	if err == nil {
		err = q.admit()
	}
	var value any
	if err == nil {
		value, err = rt.handle(q)
	}
	if err != nil {
		_, _ = io.CopyN(io.Discard, q.Body, drainLimit)
		f, internal := faultOf(err)
		if internal && r.Context().Err() == nil {
			d.cfg.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		}
		fail(w, f)
		return
	}
	if f, is := value.(file); is {
		defer func() { _ = f.close() }()
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		http.ServeContent(w, r, "", d.cfg.Now(), f)
		return
	}
	writeJSON(w, http.StatusOK, value)
}

// where gives what a route serves.
func (r route) where() (method, pattern string) { return r.method, r.pattern }

// match finds the route and sets the parameters of its path.
func (d *Dialect) match(q *request, segments []string) (route, error) {
	rt, params, known := input.Find(d.routes, q.Method, segments, route.where)
	switch {
	case params != nil:
		q.params = params
		return rt, nil
	case known:
		return rt, &fault{http.StatusMethodNotAllowed, "405000000", "the method " + q.Method + " is not supported on this path"}
	}
	return rt, &fault{http.StatusNotFound, "404000000", "there is no path /" + strings.Join(segments, "/")}
}

func fail(w http.ResponseWriter, f *fault) {
	switch f.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		oauthError(w, f.status, f.code, f.message)
		return
	case http.StatusForbidden:
		oauthError(w, f.status, "access_denied", f.message)
		return
	}
	writeJSON(w, f.status, map[string]any{"code": f.code, "developerMessage": f.message})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	dialect.WriteJSON(w, "application/json;charset=UTF-8", status, value)
}

// body reads the body, which is a JSON object.
func (q *request) body() (input.Fields, error) {
	f, err := input.ReadObject(q.Body)
	if err != nil {
		return nil, badf(codeNoJSON, "%s", err)
	}
	return f, nil
}

func allRoutes() []route {
	const talk, live, tracking, numbers, campaigns = "Conversations", "Calls that are up", "Tracking and recordings", "Numbers", "Campaigns"
	const leg = "voice/conversation/{id}/"
	return []route{
		{"POST", "voice/conversation", talk, "Call somebody and run a dial plan", exampleConversation, createConversation},
		{"GET", "voice/conversation/{id}", talk, "Read a conversation", "", getConversation},
		{"PUT", "voice/conversation/{id}", live, "Hang up or reject", `{"action": "hangup"}`, putAction},
		{"POST", leg + "record", live, "Record", `{"format": "MP3"}`, startRecord},
		{"DELETE", leg + "record", live, "Stop recording", "", stopRecord},
		{"POST", leg + "talk", live, "Speak", `{"text": "Hello", "language": "en-US", "multiplex": false}`, startTalk},
		{"DELETE", leg + "talk", live, "Stop speaking", "", stopSound},
		{"POST", leg + "file", live, "Play a file", `{"fileURL": "https://example.com/a.wav"}`, startFile},
		{"DELETE", leg + "file", live, "Stop the file", "", stopSound},
		{"POST", leg + "dtmf", live, "Press keys", `{"dtmf": "1w2"}`, sendKeys},
		{"POST", leg + "transfer", live, "Transfer", `{"from": "+30691111111", "to": {"phone": "+30692222222"}}`, transfer},
		{"GET", "voice/tracking/conversation/{id}", tracking, "List the legs of a conversation", "", trackConversation},
		{"GET", "voice/tracking/campaign/{id}", tracking, "List the legs of a campaign", "", trackCampaign},
		{"GET", "voice/tracking/{id}", tracking, "Read one leg", "", trackLeg},
		{"POST", "voice/tracking", tracking, "Search legs", `{"fieldName": "recipient", "searchOperator": "contains", "searchTerm": "30"}`, searchLegs},
		{"GET", "recordings/my/downloads/{id}", tracking, "Download a recording", "", downloadRecording},
		{"POST", "voice/campaign", campaigns, "Send one message to many", exampleCampaign, createCampaign},
		{"DELETE", "voice/campaign/{id}", campaigns, "Stop a campaign", "", stopCampaign},
		{"POST", "voice/analysis", campaigns, "Say what a campaign would be", exampleCampaign, analyse},
		{"GET", "numbers/my", numbers, "List numbers", "", listNumbers},
		{"POST", "numbers/my", numbers, "Add a number", `{"msisdn": "+30210000000", "voiceInboundStrategy": {"dialplanUrl": "https://example.com/plan"}}`, addNumber},
		{"PUT", "numbers/my/{msisdn}", numbers, "Change a number", `{"voiceInboundStrategy": {"forwardCallTo": "+30691111111"}}`, changeNumber},
		{"DELETE", "numbers/my/{msisdn}", numbers, "Remove a number", "", removeNumber},
		{"GET", "numbers/available", numbers, "List numbers to be had (none: numbers come from trunks)", "", availableNumbers},
		{"POST", "numbers/available/search", numbers, "Search numbers to be had", "{}", availableNumbers},
	}
}

const (
	exampleConversation = "{\n  \"from\": \"Company\",\n  \"to\": {\"phone\": \"+30691111111\"},\n  \"dialPlan\": {\"verbs\": [{\"type\": \"SAY\", \"message\": {\"text\": \"Hello\", \"language\": \"en-US\"}}]}\n}"
	exampleCampaign     = "{\n  \"from\": \"Company\",\n  \"to\": [\"+30691111111\"],\n  \"message\": {\"text\": \"Hello\", \"language\": \"en-US\"}\n}"
)
