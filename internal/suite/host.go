package suite

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/sim"
	"tandem/internal/voice"
)

// Kinds of events that only tests note.
const (
	eventAsked voice.EventKind = "test.asked" // data: method, url
	eventSent  voice.EventKind = "test.sent"
)

// host is the house as one call has it: an interp.Host.
type host struct {
	*house
	call *call
	d    *director
}

func (h *host) note(kind voice.EventKind, text string, data map[string]string) {
	h.call.sim.Note(voice.Event{Kind: kind, Text: text, Data: data})
}

func (h *host) down(service, what string) error {
	if h.refuses[service] {
		return voice.Errorf("suite", voice.Unavailable, "%s", what)
	}
	return nil
}

func (h *host) Program(_ context.Context, app voice.AppID) (*flow.Program, error) {
	return h.house.program(app)
}

func (h *host) Route(_ context.Context, d voice.Destination) (voice.Route, error) {
	return h.house.route(d)
}

func (h *host) Extensions(context.Context) ([]voice.Digits, error) {
	return h.extensions, h.down("extensions", "the store does not answer")
}

func (h *host) Deliver(_ context.Context, m voice.Mailbox, r voice.Recording) error {
	if err := h.down("mailboxes", "the mailbox does not answer"); err != nil {
		return err
	}
	to := cmp.Or(m.Name, string(m.User), m.Email)
	h.note(voice.EventMessageStored, "a message of "+r.Duration.Round(time.Second).String()+" is stored for "+to,
		map[string]string{"user": string(m.User), "email": m.Email, "mailbox": m.Name})
	return nil
}

func (h *host) SaveSound(_ context.Context, id voice.SoundID, _ voice.Recording) error {
	if err := h.down("storage", "the storage does not answer"); err != nil {
		return err
	}
	h.note(voice.EventMessageStored, "the recording is kept as sound "+string(id), map[string]string{"mailbox": string(id)})
	return nil
}

func (h *host) Timezone(context.Context) (string, error) {
	return h.zone, h.down("account", "the store does not answer")
}

func (h *host) MayShow(_ context.Context, number string) (bool, error) {
	return slices.Contains(h.shows, number), h.down("account", "the store does not answer")
}

func (h *host) Rescue(context.Context) (*flow.Program, error) {
	if err := h.down("account", "the store does not answer"); err != nil || h.rescuer == "" {
		return nil, err
	}
	return h.house.program(h.rescuer)
}

func (h *host) LastAnswered(key string) string { return h.answered[key] }

func (h *host) Answered(key, who string) { h.answered[key] = who }

func (h *host) Discard(context.Context, voice.Recording) error { return nil }

func (h *host) SendSMS(_ context.Context, _ voice.TenantID, _ voice.CallID, to, text string) error {
	if err := h.down("sms", "there is no gateway"); err != nil {
		return err
	}
	h.note(eventSent, "SMS to "+to+": "+text, nil)
	return nil
}

// Transcribe understands whatever the caller said meanwhile.
func (h *host) Transcribe(_ context.Context, r voice.Recording, _ string) (string, error) {
	if err := h.down("recogniser", "there is no recogniser"); err != nil {
		return "", err
	}
	return h.call.sim.Said(r), nil
}

func (h *host) Keep(_ context.Context, topic string, fields map[string]string) error {
	if err := h.down("records", "the store does not answer"); err != nil {
		return err
	}
	text := "keeps a record of " + topic
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		text += " " + name + "=" + fields[name]
	}
	h.note(eventSent, text, nil)
	return nil
}

func (h *host) JoinQueue(_ context.Context, id string, most int) (voice.Ticket, error) {
	if err := h.down("queues", "the queue does not answer"); err != nil {
		return nil, err
	}
	l := h.line(id)
	if most > 0 && len(l.tickets) >= most {
		return nil, voice.Errorf("suite.JoinQueue", voice.Limit, "%d wait in queue %s already", len(l.tickets), id)
	}
	t := &ticket{line: l, world: h.world, moved: make(chan struct{})}
	l.tickets = append(l.tickets, t)
	return t, nil
}

// Begin does f beside the call, as a party of its own.
func (h *host) Begin(f func()) <-chan struct{} {
	done := make(chan struct{})
	p := h.world.Go(func() {
		f()
		close(done)
		h.world.Wake()
	})
	h.world.Turn(p)
	if !p.Over() {
		h.call.beside = append(h.call.beside, p)
	}
	return done
}

// hurry brings to an end what goes on beside a call.
func (c *call) hurry(w *sim.World) {
	list := c.beside
	c.beside, c.hurried = nil, true
	for _, p := range list {
		for !p.Over() {
			w.Turn(p)
		}
	}
	c.hurried = false
}

// takes lets the time pass that an answer takes.
func (h *host) takes(ctx context.Context, d time.Duration) {
	until := h.world.Now().Add(d)
	for h.world.Now().Before(until) && ctx.Err() == nil && !h.call.hurried {
		h.world.Sleep(ctx, until)
	}
}

// Request implements voice.Requester.
func (h *host) Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	const op = "suite.Request"
	text := "asks " + r.Method + " " + r.URL
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		text += " " + name + ": " + r.Headers[name]
	}
	if len(r.Body) > 0 {
		text += " " + strings.ToValidUTF8(string(r.Body), "?")
	}
	h.note(eventAsked, text, map[string]string{"method": r.Method, "url": r.URL})
	a, scripted := h.answerOf(r.Method, r.URL)
	r.Tenant = tenant
	if !scripted && h.d.apps != nil {
		return h.d.apps.Request(ctx, r)
	}
	if a.silent {
		a.after = r.Timeout
	}
	h.takes(ctx, min(a.after, r.Timeout))
	switch {
	case ctx.Err() != nil:
		return voice.HTTPAnswer{}, context.Cause(ctx)
	case !scripted:
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Unavailable, "the test has no answer of %s", r.URL)
	case a.fails:
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Unavailable, "nothing came from %s", r.URL)
	case a.silent, a.after > r.Timeout:
		return voice.HTTPAnswer{}, voice.Errorf(op, voice.Unavailable, "nothing came from %s in %v", r.URL, r.Timeout)
	}
	return voice.HTTPAnswer{Status: a.status, Type: "application/json", Body: []byte(a.body)}, nil
}

// Fetch implements interp.Fetcher.
func (h *host) Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (*flow.Program, int, error) {
	q := flow.Question{Step: f, URL: string(f.URL), Call: h.call.info, App: app, Vars: vars}
	p, status, err := dialect.Fetch(ctx, h.asker(f.Dialect), q, h.Request, dialect.OpenResolver{})
	return h.d.seen.same(p), status, err
}
