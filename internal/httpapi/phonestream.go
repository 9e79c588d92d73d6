package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tandem/internal/browser"
	"tandem/internal/voice"
)

// PhoneReady is the first event of a page's stream.
type PhoneReady struct {
	Page      string      `json:"page" doc:"Names this stream"`
	Extension string      `json:"extension,omitempty" doc:"Calls to it ring here; missing = the user has none, and nothing rings"`
	Calls     []PhoneCall `json:"calls" doc:"Of the user's browsers, that are not over"`
}

func (a *API) streamPhone(ctx context.Context, c caller, in *struct {
	Calls bool `query:"calls" doc:"The events of all calls too"`
}) (*huma.StreamResponse, error) {
	o, err := a.owner(c)
	if err != nil {
		return nil, err
	}
	if in.Calls && !c.may(CallsRead) {
		return nil, voice.Errorf("httpapi", voice.Permission, "the key has not the scope calls:read, which the events of all calls need")
	}
	u, err := a.cfg.Users.User(ctx, c.tenant, c.key.User)
	if err != nil {
		return nil, err
	}
	ready := PhoneReady{Calls: []PhoneCall{}}
	if ready.Extension, err = a.extensionOf(ctx, u); err != nil {
		return nil, err
	}
	p, err := a.cfg.Pages.Open(o, sourceOf(ctx))
	if err != nil {
		return nil, err
	}
	who := &client{tenant: c.tenant}
	if in.Calls {
		if _, _, err := a.cfg.Events.join(who, ""); err != nil {
			p.Close()
			return nil, err
		}
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer p.Close()
		defer a.cfg.Events.leave(who)
		r, w := humago.Unwrap(ctx)
		for _, s := range a.cfg.Pages.Lines(o) {
			ready.Calls = append(ready.Calls, showPhoneCall(s, ""))
		}
		ready.Page = p.ID()
		s := stream{hub: a.cfg.Events, w: w, control: http.NewResponseController(w), beat: a.cfg.Heartbeat, valid: a.stillValid(r, PhoneUse)}
		w.Header().Set("Content-Type", streamType)
		w.Header().Set("X-Accel-Buffering", "no")  // for proxies that hold answers back
		_ = s.control.SetReadDeadline(time.Time{}) // as in streamEvents
		if s.write(hello()) == nil && s.named("phone.ready", ready) == nil {
			s.runPhone(r.Context(), p, who)
		}
	}}, nil
}

// runPhone writes until the page goes or is dropped. A page that leaves is noticed by
// its connection, at the latest by the next beat.
func (s *stream) runPhone(ctx context.Context, p *browser.Page, who *client) {
	beat := time.NewTicker(s.beat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !s.valid(ctx) {
				s.farewell("the key is not valid any more")
				return
			}
			err = s.write(": still here\n\n")
		case m, ok := <-p.Messages():
			if !ok {
				s.farewell(p.Why())
				return
			}
			err = s.named("phone.call", showPhoneCall(m.State, m.Offer))
		case v, ok := <-who.events:
			if !ok {
				s.farewell(who.why)
				return
			}
			err = s.event(v)
		}
		if err != nil {
			return
		}
	}
}

// named writes an event without an id.
func (s *stream) named(kind string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.write("event: " + kind + "\ndata: " + string(raw) + "\n\n")
}
