package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/voice"
)

// PumpConfig is what a Pump works with.
type PumpConfig struct {
	// Subscribed lists the accounts that want to be told of calls. While there is
	// none, events cost next to nothing.
	Subscribed func(context.Context) ([]voice.TenantID, error)
	// Changes grows whenever that may have changed.
	Changes   func() uint64
	Notifiers []dialect.Notifier
	// Tries gives how often a delivery is tried that its dialect wants sent d.Tries
	// times; nil = so often.
	Tries func(ctx context.Context, d voice.Delivery) int
	// Expect is told of each call that something will be noted on; may be nil.
	Expect func(voice.CallID)
	// Queue is told what was stored, for the worker; may be nil.
	Queue func([]voice.Delivery)
	Log   *slog.Logger // nil = silent
}

// Bounds of a Pump.
const (
	pumpCalls   = 20_000 // calls that are followed
	refreshAge  = 5 * time.Second
	refreshTime = 2 * time.Second // to read who wants to be told
)

// Pump follows the live calls by their events, and renders what dialects want
// to be sent about them. Whoever stores the events calls it, and stores what it
// gives with them. It is for one goroutine at a time.
type Pump struct {
	cfg    PumpConfig
	calls  map[voice.CallID]*call
	wanted map[voice.TenantID]bool // nil = not known yet: everybody may
	seen   uint64                  // Changes when wanted was read
	read   time.Time               // when it was read, or could not be
}

// NewPump makes a Pump.
func NewPump(cfg PumpConfig) *Pump {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Pump{cfg: cfg, calls: map[voice.CallID]*call{}}
}

// Follow takes the next event of a timeline, and the call's record beside the
// last one. It gives what renders the deliveries that the event asks for; nil =
// nobody is to be told. That may be called again while it fails, and its errors
// are of kind Unavailable: what a dialect can't render is logged and left out.
func (p *Pump) Follow(e voice.Event, c *voice.CDR) func(context.Context) ([]voice.Delivery, error) {
	if len(p.cfg.Notifiers) == 0 || !telling(e.Kind) {
		return nil
	}
	if p.cfg.Changes() != p.seen || time.Since(p.read) >= refreshAge { // the latter for what another process changed
		p.subscriptions()
	}
	if p.wanted != nil && len(p.wanted) == 0 {
		return nil
	}
	facts := p.follow(e, c)
	if len(facts) == 0 {
		return nil
	}
	return p.rendering(facts)
}

// Queued says that ds were stored.
func (p *Pump) Queued(ds []voice.Delivery) {
	if p.cfg.Queue != nil {
		p.cfg.Queue(ds)
	}
}

// telling says whether an event can matter to anybody outside: not how SIP and
// media went, nor what became of messages about the call.
func telling(k voice.EventKind) bool {
	switch k {
	case voice.EventSIP, voice.EventMedia, voice.EventHold, voice.EventDigitDropped,
		voice.EventPromptStarted, voice.EventPromptFinished, voice.EventPromptCut, voice.EventPromptFailed,
		voice.EventMailSent, voice.EventMailFailed, voice.EventWebhookSent, voice.EventWebhookFailed:
		return false
	}
	return true
}

// subscriptions reads who wants to be told. When that can't be read, what was
// known stays.
func (p *Pump) subscriptions() {
	changes := p.cfg.Changes()
	p.read = time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), refreshTime)
	defer cancel()
	list, err := p.cfg.Subscribed(ctx)
	if err != nil {
		p.cfg.Log.Error("subscriptions to webhooks not read", "err", err)
		return
	}
	p.wanted = make(map[voice.TenantID]bool, len(list))
	for _, t := range list {
		p.wanted[t] = true
	}
	p.seen = changes
	if len(list) == 0 {
		clear(p.calls)
	}
}

// rendering asks every dialect what is to be sent about facts, in their order.
// It goes on where it failed.
func (p *Pump) rendering(facts []dialect.Fact) func(context.Context) ([]voice.Delivery, error) {
	var all []voice.Delivery
	asked := 0 // of the first fact
	return func(ctx context.Context) ([]voice.Delivery, error) {
		for ; len(facts) > 0; facts, asked = facts[1:], 0 {
			f := facts[0]
			for ; asked < len(p.cfg.Notifiers); asked++ {
				ds, err := p.ask(ctx, p.cfg.Notifiers[asked], f)
				if err != nil && (ctx.Err() != nil || voice.IsKind(err, voice.Unavailable)) {
					return nil, voice.Errorf("notify.Render", voice.Unavailable, "webhooks of %s can't be rendered: %w", f.Event.Kind, err)
				}
				if err != nil {
					p.cfg.Log.Error("webhooks not rendered", "call", f.Event.Call, "event", f.Event.Kind, "err", err)
					continue
				}
				for _, d := range ds {
					all = append(all, p.complete(ctx, d, f))
				}
			}
		}
		return all, nil
	}
}

// ask asks one dialect; a panic in it is an error of that dialect's alone.
func (p *Pump) ask(ctx context.Context, n dialect.Notifier, f dialect.Fact) (ds []voice.Delivery, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	ds, err = n.Deliveries(ctx, f)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = voice.E("notify.Render", voice.Unavailable, err)
	}
	return ds, err
}

// complete fills in what a dialect leaves to us.
func (p *Pump) complete(ctx context.Context, d voice.Delivery, f dialect.Fact) voice.Delivery {
	now := time.Now()
	if d.ID == "" {
		d.ID = voice.DeliveryID(voice.NewID("dl"))
	}
	if d.Tenant == "" {
		d.Tenant = f.Call.Info.Tenant
	}
	if d.Call == "" {
		d.Call = f.Event.Call
	}
	if d.Created.IsZero() {
		d.Created = now
	}
	if d.Next.IsZero() {
		d.Next = now
	}
	d.State, d.Tries = voice.DeliveryQueued, max(d.Tries, 1)
	if p.cfg.Tries != nil {
		d.Tries = p.cfg.Tries(ctx, d)
	}
	return d
}
