package switchboard

import (
	"context"
	"time"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// host is the world around one call, as the interpreter sees it.
type host struct {
	s    *Switchboard
	call Call
	do   *activity
}

func (h *host) tenant() voice.TenantID { return h.call.Info().Tenant }

func (h *host) Program(ctx context.Context, app voice.AppID) (*flow.Program, error) {
	p, err := h.s.programFor(ctx, h.call, h.tenant(), app)
	if err == nil {
		h.s.setApp(h.call.Info().ID, app)
		h.s.reached(h.s.liveCall(h.call.Info().ID))
	}
	return p, err
}

func (h *host) Route(ctx context.Context, d voice.Destination) (voice.Route, error) {
	if h.do.dial != nil {
		return voice.Route{Attempts: []voice.Attempt{{Targets: []voice.Target{h.do.with}}}}, nil
	}
	return h.s.route(ctx, h.tenant(), d, h.s.appOf(h.call.Info().ID) != "", h.call)
}

func (h *host) Extensions(ctx context.Context) ([]voice.Digits, error) {
	list, err := h.s.cfg.Extensions.Extensions(ctx, h.tenant())
	if err != nil {
		return nil, err
	}
	digits := make([]voice.Digits, len(list))
	for i, e := range list {
		digits[i] = voice.Digits(e.Number)
	}
	return digits, nil
}

// Deliver works after the caller has left and while the server stops: a
// message that was spoken is never lost for that.
func (h *host) Deliver(ctx context.Context, m voice.Mailbox, r voice.Recording) error {
	info := h.call.Info()
	h.s.Expect(info.ID)
	if err := h.s.cfg.Mailroom.Deliver(context.WithoutCancel(ctx), info, m, r); err != nil {
		return err
	}
	h.call.Note(voice.Event{Kind: voice.EventMessageStored, Text: "a message of " + r.Duration.Round(time.Second).String() + " is stored in mailbox " + m.Name})
	return nil
}

func (h *host) SaveSound(ctx context.Context, id voice.SoundID, r voice.Recording) error {
	return h.s.cfg.Mailroom.SaveSound(context.WithoutCancel(ctx), h.tenant(), id, r)
}

// Expect keeps the timeline of a call that is up open a while after its end, for
// what becomes of a message or a webhook.
func (s *Switchboard) Expect(id voice.CallID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc := s.live[id]; lc != nil {
		lc.sent = true
	}
}

func (s *Switchboard) appOf(id voice.CallID) voice.AppID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc := s.live[id]; lc != nil {
		return lc.app
	}
	return ""
}

func (s *Switchboard) setApp(id voice.CallID, app voice.AppID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lc := s.live[id]; lc != nil && lc.app == "" {
		lc.app = app
	}
}
