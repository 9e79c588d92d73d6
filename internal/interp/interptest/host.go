package interptest

import (
	"context"

	"tandem/internal/flow"
	"tandem/internal/voice"
)

// MemoryHost is an interp.Host of plain maps. A destination without a route of
// its own is one attempt: a user rings the extension of the same ID, an app is
// gone on in, anything else is dialled as it is.
type MemoryHost struct {
	Programs map[voice.AppID]*flow.Program
	Routes   map[string]voice.Route // by Destination.String
	Missing  map[string]bool        // destinations that are gone
	Keys     []voice.Digits         // what Extensions gives
	// KeysErr, DeliverErr and SaveErr are what these methods fail with.
	KeysErr, DeliverErr, SaveErr error

	Delivered []Delivery
	Saved     []Saved

	Zone    string      // the account's time zone
	Shows   []string    // numbers that may be shown
	Rescuer voice.AppID // the account's rescue app; "" = none
	// Orders are whole commands that "order NAME" in a scenario gives.
	Orders map[string]flow.Command
	// Done is what was asked of the outside, in words and in order.
	Done []string

	web     map[string]answer // by URL
	lines   map[string]*line  // queues by id
	refuses map[string]bool   // services that do not answer
	last    string            // who answered last
	hears   func(voice.Recording) string
	gate    chan struct{} // closes when the outside answers; nil = it does at once
	begun   chan struct{} // closes when what was begun last is over
}

// Delivery is one message that was delivered.
type Delivery struct {
	Mailbox   voice.Mailbox
	Recording voice.Recording
}

// Saved is one sound that was recorded.
type Saved struct {
	Sound     voice.SoundID
	Recording voice.Recording
}

// Program implements interp.Host.
func (h *MemoryHost) Program(_ context.Context, app voice.AppID) (*flow.Program, error) {
	if p, ok := h.Programs[app]; ok {
		return p, nil
	}
	return nil, voice.Errorf("interptest.Program", voice.NotExist, "no app %s", app)
}

// Route implements interp.Host.
func (h *MemoryHost) Route(_ context.Context, d voice.Destination) (voice.Route, error) {
	if h.Missing[d.String()] {
		return voice.Route{}, voice.Errorf("interptest.Route", voice.NotExist, "there is no %s", d)
	}
	if r, ok := h.Routes[d.String()]; ok {
		return r, nil
	}
	a := voice.Attempt{Text: d.String()}
	switch d.Kind {
	case voice.ToApp:
		a.App = voice.AppID(d.ID)
	case voice.ToUser:
		a.Targets = []voice.Target{{Kind: voice.ToExtension, ID: d.ID}}
	case voice.ToPhones:
		a.Targets = []voice.Target{{Kind: voice.ToExtension, ID: d.ID}}
	case voice.ToExtension, voice.ToNumber, voice.ToSIP:
		a.Targets = []voice.Target{{Kind: d.Kind, ID: d.ID}}
	default:
		return voice.Route{}, voice.Errorf("interptest.Route", voice.NotExist, "there is no route to %s", d)
	}
	return voice.Route{Attempts: []voice.Attempt{a}}, nil
}

// Extensions implements interp.Host.
func (h *MemoryHost) Extensions(context.Context) ([]voice.Digits, error) {
	return h.Keys, h.KeysErr
}

// Deliver implements interp.Host.
func (h *MemoryHost) Deliver(ctx context.Context, m voice.Mailbox, r voice.Recording) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if h.DeliverErr != nil {
		return h.DeliverErr
	}
	h.Delivered = append(h.Delivered, Delivery{m, r})
	return nil
}

// SaveSound implements interp.Host.
func (h *MemoryHost) SaveSound(ctx context.Context, id voice.SoundID, r voice.Recording) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if h.SaveErr != nil {
		return h.SaveErr
	}
	h.Saved = append(h.Saved, Saved{id, r})
	return nil
}
