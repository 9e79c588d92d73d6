package interptest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// answer is what an address answers: a status with a body, for a Fetch the
// program of an app, or nothing at all.
type answer struct {
	status int
	body   string
	app    voice.AppID
}

// line is a queue: how many wait before our caller.
type line struct {
	ahead int
	moved chan struct{}
	in    bool // our caller is in it
}

// done takes down what was asked of the outside.
func (h *MemoryHost) done(format string, args ...any) {
	h.Done = append(h.Done, fmt.Sprintf(format, args...))
}

// Begin implements interp.Outside. Unless "outside waits" it does f at once.
func (h *MemoryHost) Begin(f func()) <-chan struct{} {
	done := make(chan struct{})
	if h.gate == nil {
		f()
		close(done)
		return done
	}
	h.begun = done
	go func() { // ends with f, which answers or its context end; the run waits for it
		defer close(done)
		f()
	}()
	return done
}

// pass waits for "outside answers" where there is to be a wait.
func (h *MemoryHost) pass(ctx context.Context) error {
	if h.gate != nil {
		select {
		case <-h.gate:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Answers lets whoever waits for the outside have the answer.
func (h *MemoryHost) Answers() {
	if h.gate != nil && h.begun != nil {
		close(h.gate)
		<-h.begun
		h.gate = make(chan struct{})
	}
}

// Request implements voice.Requester.
func (h *MemoryHost) Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	if err := h.pass(ctx); err != nil {
		return voice.HTTPAnswer{}, err
	}
	text := fmt.Sprintf("request %s %s in %v", r.Method, r.URL, r.Timeout)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		text += " " + name + ": " + r.Headers[name]
	}
	if len(r.Body) > 0 {
		text += " " + r.Type + " " + string(r.Body)
	}
	h.done("%s", text)
	a, ok := h.web[r.URL]
	if !ok {
		return voice.HTTPAnswer{}, voice.Errorf("interptest.Request", voice.Unavailable, "nothing came from %s", r.URL)
	}
	return voice.HTTPAnswer{Status: a.status, Type: "application/json", Body: []byte(a.body)}, nil
}

// Fetch implements interp.Fetcher.
func (h *MemoryHost) Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (*flow.Program, int, error) {
	const op = "interptest.Fetch"
	if err := h.pass(ctx); err != nil {
		return nil, 0, err
	}
	text := fmt.Sprintf("fetch %s %s %s for %s in %v", f.Dialect, f.Method, f.URL, app, f.Timeout)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		text += " " + name + "=" + vars[name]
	}
	h.done("%s", text)
	a, ok := h.web[string(f.URL)]
	switch {
	case !ok:
		return nil, 0, voice.Errorf(op, voice.Unavailable, "nothing came from %s", f.URL)
	case a.app == "":
		return nil, a.status, voice.Errorf(op, voice.Invalid, "the answer with status %d is no program", a.status)
	}
	p, err := h.Program(ctx, a.app)
	return p, a.status, err
}

// SendSMS implements voice.Messenger.
func (h *MemoryHost) SendSMS(ctx context.Context, _ voice.TenantID, _ voice.CallID, to, text string) error {
	if err := h.pass(ctx); err != nil {
		return err
	}
	if h.refuses["sms"] {
		return voice.Errorf("interptest.SendSMS", voice.Unavailable, "there is no gateway")
	}
	h.done("sms to %s: %s", to, text)
	return nil
}

// Transcribe implements voice.Transcriber: it understands the words that the
// caller of the scenario says.
func (h *MemoryHost) Transcribe(ctx context.Context, r voice.Recording, language string) (string, error) {
	if err := h.pass(ctx); err != nil {
		return "", err
	}
	if h.refuses["recogniser"] || h.hears == nil {
		return "", voice.Errorf("interptest.Transcribe", voice.Unavailable, "there is no recogniser")
	}
	text := h.hears(r)
	h.done("transcribe %s in %q", r.ID, language)
	return text, nil
}

// Discard implements interp.Outside.
func (h *MemoryHost) Discard(_ context.Context, r voice.Recording) error {
	if h.refuses["recogniser"] {
		return voice.Errorf("interptest.Discard", voice.Unavailable, "the store does not answer")
	}
	h.done("discard %s", r.ID)
	return nil
}

// Keep implements voice.Keeper.
func (h *MemoryHost) Keep(ctx context.Context, topic string, fields map[string]string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if h.refuses["keep"] {
		return voice.Errorf("interptest.Keep", voice.Unavailable, "the store does not answer")
	}
	text := "keep " + topic
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text += " " + name + "=" + fields[name]
	}
	h.done("%s", text)
	return nil
}

// JoinQueue implements voice.Queuer.
func (h *MemoryHost) JoinQueue(_ context.Context, id string, most int) (voice.Ticket, error) {
	const op = "interptest.JoinQueue"
	if h.refuses["queues"] {
		return nil, voice.Errorf(op, voice.Unavailable, "the queues do not answer")
	}
	if h.lines == nil {
		h.lines = map[string]*line{}
	}
	l := h.lines[id]
	if l == nil {
		l = &line{}
		h.lines[id] = l
	}
	if most > 0 && l.ahead >= most {
		return nil, voice.Errorf(op, voice.Limit, "%d callers wait already", l.ahead)
	}
	l.in, l.moved = true, make(chan struct{})
	h.done("joins %s", id)
	return &ticket{h: h, id: id, line: l}, nil
}

// Moves lets whoever is first in a queue leave it.
func (h *MemoryHost) Moves(id string) {
	if l := h.lines[id]; l != nil && l.ahead > 0 {
		l.ahead--
		if l.moved != nil {
			close(l.moved)
			l.moved = make(chan struct{})
		}
	}
}

type ticket struct {
	h    *MemoryHost
	id   string
	line *line
}

func (t *ticket) Position() int          { return t.line.ahead + 1 }
func (t *ticket) Moved() <-chan struct{} { return t.line.moved }

func (t *ticket) Leave() {
	if t.line.in {
		t.line.in = false
		t.h.done("leaves %s", t.id)
	}
}

// Timezone implements interp.Account.
func (h *MemoryHost) Timezone(context.Context) (string, error) {
	if h.refuses["account"] {
		return "", voice.Errorf("interptest.Timezone", voice.Unavailable, "the store does not answer")
	}
	return h.Zone, nil
}

// MayShow implements interp.Account.
func (h *MemoryHost) MayShow(_ context.Context, number string) (bool, error) {
	if h.refuses["account"] {
		return false, voice.Errorf("interptest.MayShow", voice.Unavailable, "the store does not answer")
	}
	return slices.Contains(h.Shows, number), nil
}

// Rescue implements interp.Account.
func (h *MemoryHost) Rescue(ctx context.Context) (*flow.Program, error) {
	switch {
	case h.refuses["account"]:
		return nil, voice.Errorf("interptest.Rescue", voice.Unavailable, "the store does not answer")
	case h.Rescuer == "":
		return nil, nil
	}
	return h.Program(ctx, h.Rescuer)
}

// LastAnswered implements interp.Rota.
func (h *MemoryHost) LastAnswered(string) string { return h.last }

// Answered implements interp.Rota.
func (h *MemoryHost) Answered(key, who string) {
	h.last = who
	h.done("answered for %s: %s", key, who)
}

// outsideSentence takes the sentences about the outside; ok is false for others.
func (h *MemoryHost) outsideSentence(line string) (ok bool, err error) {
	verb, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "outside waits":
		h.gate = make(chan struct{})
	case rest == "fails":
		if !slices.Contains([]string{"sms", "recogniser", "keep", "queues", "account"}, verb) {
			return false, nil
		}
		if h.refuses == nil {
			h.refuses = map[string]bool{}
		}
		h.refuses[verb] = true
	case verb == "timezone":
		h.Zone = rest
	case verb == "shows":
		h.Shows = append(h.Shows, strings.Fields(rest)...)
	case verb == "rescue":
		h.Rescuer = voice.AppID(rest)
	case verb == "last":
		h.last = rest
	case verb == "queue":
		return true, h.queueLine(rest)
	case verb == "web":
		return true, h.webLine(rest)
	default:
		return false, nil
	}
	return true, nil
}

// queueLine takes "sales: 2 ahead".
func (h *MemoryHost) queueLine(s string) error {
	var n int
	id, rest, _ := strings.Cut(s, ": ")
	if _, err := fmt.Sscanf(rest, "%d ahead", &n); err != nil {
		return fmt.Errorf("a queue is written \"queue sales: 2 ahead\"")
	}
	if h.lines == nil {
		h.lines = map[string]*line{}
	}
	h.lines[id] = &line{ahead: n}
	return nil
}

// webLine takes "URL: 200 BODY" and "URL: app B".
func (h *MemoryHost) webLine(s string) error {
	url, rest, ok := strings.Cut(s, ": ")
	a := answer{status: 200}
	if app, is := strings.CutPrefix(rest, "app "); is {
		a.app = voice.AppID(app)
	} else {
		var status string
		status, a.body, _ = strings.Cut(rest, " ")
		if _, err := fmt.Sscanf(status, "%d", &a.status); err != nil {
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("an answer is written \"web https://a.example/: 200 {}\" or \"web https://a.example/: app B\"")
	}
	if h.web == nil {
		h.web = map[string]answer{}
	}
	h.web[url] = a
	return nil
}
