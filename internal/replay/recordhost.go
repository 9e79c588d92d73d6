package replay

import (
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Host gives the host as the run is to have it.
func (r *Recorder) Host() interp.Host { return &tapedHost{r} }

type tapedHost struct{ r *Recorder }

// told does a method of the host and takes it down.
func told[R any](h *tapedHost, do, key string, f func() (R, error)) (R, error) {
	begun := time.Now()
	got, err := f()
	h.r.note(&h.r.run.Host, do, key, begun, got, err)
	return got, err
}

// gives is told for programs.
func (h *tapedHost) gives(do, key string, f func() (*flow.Program, int, error)) (*flow.Program, int, error) {
	begun := time.Now()
	p, status, err := f()
	h.r.note(&h.r.run.Host, do, key, begun, given{h.r.program(p), status}, err)
	return p, status, err
}

// given is a program by its number.
type given struct {
	Program string `json:"program"`
	Status  int    `json:"status,omitempty"`
}

func (h *tapedHost) plain(do, key string, f func() error) error {
	_, err := told(h, do, key, func() (nothing, error) { return nothing{}, f() })
	return err
}

func (h *tapedHost) Program(ctx context.Context, app voice.AppID) (*flow.Program, error) {
	p, _, err := h.gives("program", string(app), func() (*flow.Program, int, error) {
		p, err := h.r.host.Program(ctx, app)
		return p, 0, err
	})
	return p, err
}

func (h *tapedHost) Rescue(ctx context.Context) (*flow.Program, error) {
	p, _, err := h.gives("rescue", "", func() (*flow.Program, int, error) {
		p, err := h.r.host.Rescue(ctx)
		return p, 0, err
	})
	return p, err
}

func (h *tapedHost) Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (*flow.Program, int, error) {
	return h.gives("fetch", string(f.URL), func() (*flow.Program, int, error) { return h.r.host.Fetch(ctx, f, app, vars) })
}

func (h *tapedHost) Route(ctx context.Context, d voice.Destination) (voice.Route, error) {
	return told(h, "route", d.String(), func() (voice.Route, error) { return h.r.host.Route(ctx, d) })
}

func (h *tapedHost) Extensions(ctx context.Context) ([]voice.Digits, error) {
	return told(h, "extensions", "", func() ([]voice.Digits, error) { return h.r.host.Extensions(ctx) })
}

func (h *tapedHost) Deliver(ctx context.Context, m voice.Mailbox, rec voice.Recording) error {
	return h.plain("deliver", "", func() error { return h.r.host.Deliver(ctx, m, rec) })
}

func (h *tapedHost) SaveSound(ctx context.Context, id voice.SoundID, rec voice.Recording) error {
	return h.plain("save sound", "", func() error { return h.r.host.SaveSound(ctx, id, rec) })
}

func (h *tapedHost) Timezone(ctx context.Context) (string, error) {
	return told(h, "timezone", "", func() (string, error) { return h.r.host.Timezone(ctx) })
}

func (h *tapedHost) MayShow(ctx context.Context, number string) (bool, error) {
	return told(h, "may show", number, func() (bool, error) { return h.r.host.MayShow(ctx, number) })
}

func (h *tapedHost) Request(ctx context.Context, q voice.HTTPRequest) (voice.HTTPAnswer, error) {
	return told(h, "request", q.Method+" "+q.URL, func() (voice.HTTPAnswer, error) { return h.r.host.Request(ctx, q) })
}

func (h *tapedHost) SendSMS(ctx context.Context, t voice.TenantID, id voice.CallID, to, text string) error {
	return h.plain("sms", "", func() error { return h.r.host.SendSMS(ctx, t, id, to, text) })
}

func (h *tapedHost) Transcribe(ctx context.Context, rec voice.Recording, language string) (string, error) {
	return told(h, "transcribe", "", func() (string, error) { return h.r.host.Transcribe(ctx, rec, language) })
}

func (h *tapedHost) Keep(ctx context.Context, topic string, fields map[string]string) error {
	return h.plain("keep", topic, func() error { return h.r.host.Keep(ctx, topic, fields) })
}

func (h *tapedHost) Discard(ctx context.Context, rec voice.Recording) error {
	return h.plain("discard", "", func() error { return h.r.host.Discard(ctx, rec) })
}

func (h *tapedHost) LastAnswered(key string) string {
	who, _ := told(h, "last answered", key, func() (string, error) { return h.r.host.LastAnswered(key), nil })
	return who
}

func (h *tapedHost) Answered(key, who string) { h.r.host.Answered(key, who) }

func (h *tapedHost) Begin(f func()) <-chan struct{} {
	h.r.mu.Lock()
	h.r.begins++
	n := h.r.begins
	h.r.mu.Unlock()
	return h.r.host.Begin(func() {
		// Marked before whoever waits can go on: f tells them at its end.
		defer h.r.mark(Mark{What: "done", Begin: n})
		f()
	})
}

func (h *tapedHost) JoinQueue(ctx context.Context, id string, most int) (voice.Ticket, error) {
	var t voice.Ticket
	_, err := told(h, "queue", id, func() (_ nothing, err error) {
		t, err = h.r.host.JoinQueue(ctx, id, most)
		return nothing{}, err
	})
	if err != nil {
		return nil, err
	}
	return &tapedTicket{t, h}, nil
}

type tapedTicket struct {
	voice.Ticket
	h *tapedHost
}

func (t *tapedTicket) Position() int {
	n, _ := told(t.h, "position", "", func() (int, error) { return t.Ticket.Position(), nil })
	return n
}
