package listen

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// host is the world around a call that is listened to: only programs are in it, and an
// application where the flow has one. Nothing is kept.
type host struct {
	f Flow
	w *walk
}

func (h *host) nothing(what string) error {
	return voice.Errorf("listen", voice.Unavailable, "%s is not there when a flow is only listened to", what)
}

func (h *host) Program(ctx context.Context, app voice.AppID) (*flow.Program, error) {
	switch {
	case app == h.f.Main.App:
		return h.f.Main, nil
	case h.f.Lookup != nil:
		p, err := h.f.Lookup(ctx, app)
		if err == nil {
			h.w.programs[app] = p
		}
		return p, err
	}
	return nil, voice.Errorf("listen", voice.NotExist, "app %s does not exist", app)
}

func (h *host) Route(_ context.Context, d voice.Destination) (voice.Route, error) {
	a := voice.Attempt{Text: d.String(), Targets: []voice.Target{{Kind: voice.ToExtension, ID: d.ID}}}
	if d.Kind == voice.ToApp {
		a = voice.Attempt{Text: d.String(), App: voice.AppID(d.ID)}
	}
	return voice.Route{Attempts: []voice.Attempt{a}}, nil
}

func (h *host) Extensions(context.Context) ([]voice.Digits, error) { return h.f.Extensions, nil }

func (h *host) Deliver(context.Context, voice.Mailbox, voice.Recording) error { return nil }

func (h *host) SaveSound(context.Context, voice.SoundID, voice.Recording) error { return nil }

func (h *host) Timezone(context.Context) (string, error) { return "", nil }

func (h *host) MayShow(context.Context, string) (bool, error) { return true, nil }

func (h *host) Rescue(context.Context) (*flow.Program, error) { return nil, nil }

func (h *host) LastAnswered(string) string { return "" }

func (h *host) Answered(string, string) {}

func (h *host) Discard(context.Context, voice.Recording) error { return nil }

// Begin does f at once: nothing here takes time.
func (h *host) Begin(f func()) <-chan struct{} {
	f()
	done := make(chan struct{})
	close(done)
	return done
}

func (h *host) Request(ctx context.Context, r voice.HTTPRequest) (a voice.HTTPAnswer, err error) {
	defer func() { h.w.note(r.URL, a.Status, err) }()
	if h.f.Application == nil {
		return voice.HTTPAnswer{}, h.nothing("the application")
	}
	r.Tenant = h.f.Tenant
	return h.f.Application.Request(ctx, r)
}

func (h *host) Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (p *flow.Program, status int, err error) {
	defer func() { h.w.note(string(f.URL), status, err) }()
	if h.f.Application == nil {
		return nil, 0, h.nothing("the application")
	}
	return h.f.Application.Fetch(ctx, flow.Question{Step: f, URL: string(f.URL), Call: h.w.info, App: app, Vars: vars})
}

func (h *host) SendSMS(context.Context, voice.TenantID, voice.CallID, string, string) error {
	return nil
}

func (h *host) Transcribe(context.Context, voice.Recording, string) (string, error) {
	return "", h.nothing("the recogniser")
}

func (h *host) Keep(context.Context, string, map[string]string) error { return nil }

func (h *host) JoinQueue(context.Context, string, int) (voice.Ticket, error) { return first{}, nil }

// first is the place at the head of a queue.
type first struct{}

func (first) Position() int          { return 1 }
func (first) Moved() <-chan struct{} { return nil }
func (first) Leave()                 {}
