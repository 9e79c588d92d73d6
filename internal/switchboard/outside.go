package switchboard

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// Applications knows how the dialects ask applications and read their answers.
type Applications interface {
	// Ask gives the request of a question; NotExist when no dialect of the
	// step's name asks.
	Ask(ctx context.Context, q flow.Question) (voice.HTTPRequest, error)
	// Reply makes a program of the answer; Invalid, with the reason in words,
	// when it is none.
	Reply(ctx context.Context, q flow.Question, a voice.HTTPAnswer) (*flow.Program, error)
}

// Begin implements interp.Outside.
func (h *host) Begin(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() { // the run waits for it, and Close for the run
		defer close(done)
		h.s.guarded(h.call, f)
	}()
	return done
}

// Request implements voice.Requester.
func (h *host) Request(ctx context.Context, r voice.HTTPRequest) (voice.HTTPAnswer, error) {
	if h.s.cfg.Web == nil {
		return voice.HTTPAnswer{}, voice.Errorf("switchboard.Request", voice.Unavailable, "this server makes no requests")
	}
	r.Tenant = h.tenant()
	return h.s.cfg.Web.Request(ctx, r)
}

// Fetch implements interp.Fetcher.
func (h *host) Fetch(ctx context.Context, f flow.Fetch, app voice.AppID, vars map[string]string) (*flow.Program, int, error) {
	const op = "switchboard.Fetch"
	if h.s.cfg.Applications == nil {
		return nil, 0, voice.Errorf(op, voice.Unavailable, "this server asks no applications")
	}
	q := flow.Question{Step: f, URL: string(f.URL), Call: h.call.Info(), App: app, Vars: vars}
	r, err := h.s.cfg.Applications.Ask(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if r.Timeout <= 0 {
		r.Timeout = f.Timeout
	}
	a, err := h.Request(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	p, err := h.s.cfg.Applications.Reply(ctx, q, a)
	switch {
	case err != nil:
		return nil, a.Status, err
	case p == nil:
		return nil, a.Status, voice.Errorf(op, voice.Internal, "the answer has no program")
	}
	if n := len(p.Nodes); n > flow.MaxFetched {
		return nil, a.Status, voice.Errorf(op, voice.Invalid, "the answer makes %d steps; at most %d are allowed", n, flow.MaxFetched)
	}
	if bad, is := flow.Validate(p).FirstError(); is {
		return nil, a.Status, voice.Errorf(op, voice.Invalid, "the answer is no program that can be run: %s", bad)
	}
	if p.App == "" {
		own := *p
		own.App = app
		p = &own
	}
	return p, a.Status, nil
}

// SendSMS implements voice.Messenger.
func (h *host) SendSMS(ctx context.Context, _ voice.TenantID, _ voice.CallID, to, text string) error {
	if h.s.cfg.SMS == nil {
		return voice.Errorf("switchboard.SendSMS", voice.Unavailable, "this server has no gateway for text messages")
	}
	return h.s.cfg.SMS.SendSMS(ctx, h.tenant(), h.call.Info().ID, to, text)
}

// Transcribe implements voice.Transcriber.
func (h *host) Transcribe(ctx context.Context, r voice.Recording, language string) (string, error) {
	if h.s.cfg.Speech == nil {
		return "", voice.Errorf("switchboard.Transcribe", voice.Unavailable, "this server understands no speech: no recogniser is set")
	}
	return h.s.cfg.Speech.Transcribe(ctx, r, language)
}

// Discard implements interp.Outside.
func (h *host) Discard(ctx context.Context, r voice.Recording) error {
	if h.s.cfg.Discard == nil {
		return nil
	}
	return h.s.cfg.Discard(ctx, r)
}

// Keep implements voice.Keeper: the record is a resource of kind topic, its
// data the fields, and call_id and time (RFC 3339).
func (h *host) Keep(ctx context.Context, topic string, fields map[string]string) error {
	const op = "switchboard.Keep"
	switch {
	case h.s.cfg.Resources == nil:
		return voice.Errorf(op, voice.Unavailable, "this server keeps no records of calls")
	case strings.Contains(topic, "/"):
		return voice.Errorf(op, voice.Permission, "records of topic %q belong to another part of the server", topic)
	}
	info := h.call.Info()
	data := maps.Clone(fields)
	if data == nil {
		data = map[string]string{}
	}
	now := time.Now()
	data["call_id"], data["time"] = string(info.ID), now.UTC().Format(time.RFC3339)
	b, err := json.Marshal(data)
	if err != nil {
		return voice.E(op, voice.Internal, err)
	}
	_, err = h.s.cfg.Resources.CreateResource(context.WithoutCancel(ctx), voice.Resource{Tenant: info.Tenant, Kind: topic, Data: b, Created: now, Updated: now})
	return err
}

// Timezone implements interp.Account.
func (h *host) Timezone(ctx context.Context) (string, error) {
	t, err := h.s.cfg.Tenants.Tenant(ctx, h.tenant())
	return t.Timezone, err
}

// MayShow implements interp.Account.
func (h *host) MayShow(ctx context.Context, number string) (bool, error) {
	return h.s.mayShow(ctx, h.tenant(), number)
}

// Rescue implements interp.Account.
func (h *host) Rescue(ctx context.Context) (*flow.Program, error) {
	t, err := h.s.cfg.Tenants.Tenant(ctx, h.tenant())
	if err != nil || t.Rescue == "" {
		return nil, err
	}
	p, err := h.s.programFor(ctx, h.call, h.tenant(), t.Rescue)
	if voice.IsKind(err, voice.NotExist) {
		return nil, voice.Errorf("switchboard.Rescue", voice.NotExist, "app %s does not exist", t.Rescue)
	}
	return p, err
}
