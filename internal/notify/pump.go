package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
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
	Store     Queue
	// Expect is told of each call that something will be noted on; may be nil.
	Expect func(voice.CallID)
	Kick   func()       // wakes the worker; may be nil
	Log    *slog.Logger // nil = silent
}

// Queue takes deliveries.
type Queue interface {
	CreateDeliveries(ctx context.Context, ds []voice.Delivery) error
}

// Bounds of a Pump.
const (
	PumpQueue  = 20_000 // events that wait; more are dropped, and logged
	pumpCalls  = 20_000 // calls that are followed
	refreshAge = 5 * time.Second
	pumpPause  = time.Second // after the store failed
)

// Pump follows the live calls by their events, and queues what dialects want
// to be sent about them. It never holds a call up.
type Pump struct {
	cfg     PumpConfig
	idle    atomic.Bool   // nobody wants to be told
	seen    atomic.Uint64 // Changes when idle was decided
	wake    chan struct{} // in: the queue has something
	closing chan struct{}
	done    chan struct{} // closed when the goroutine is over
	ctx     context.Context
	cancel  context.CancelFunc // ends tries to store

	mu      sync.Mutex
	queue   []item
	closed  bool
	end     sync.Once // closes closing
	dropped int

	// Of the goroutine alone.
	calls  map[voice.CallID]*call
	wanted map[voice.TenantID]bool
}

// item is an event or, just before a call's last event, its record.
type item struct {
	event voice.Event
	cdr   *voice.CDR
}

// StartPump makes a Pump. Close it.
func StartPump(cfg PumpConfig) *Pump {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pump{cfg: cfg, wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}), calls: map[voice.CallID]*call{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if len(cfg.Notifiers) == 0 {
		p.closed = true // nobody renders anything: nothing is ever taken
	}
	go p.run()
	return p
}

// Take takes an event of a timeline. It never blocks.
func (p *Pump) Take(e voice.Event) {
	if telling(e.Kind) {
		p.put(item{event: e})
	}
}

// Ended takes the record of a call, before the call's last event.
func (p *Pump) Ended(c voice.CDR) { p.put(item{cdr: &c}) }

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

func (p *Pump) put(i item) {
	if p.idle.Load() && p.cfg.Changes() == p.seen.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	if len(p.queue) >= PumpQueue {
		p.dropped++
		return
	}
	p.queue = append(p.queue, i)
	if len(p.queue) == 1 {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// Close queues the deliveries of every event taken so far and ends the
// goroutine; when ctx ends first, the rest is lost and the error says how much.
func (p *Pump) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.end.Do(func() { close(p.closing) })
	select {
	case <-p.done:
	case <-ctx.Done():
		p.cancel()
		<-p.done
	}
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		return voice.Errorf("notify.Close", voice.Unavailable, "%d events of calls were not told to anybody", len(p.queue))
	}
	return nil
}

func (p *Pump) run() {
	defer close(p.done)
	refresh := time.NewTicker(refreshAge) // what another process changed
	defer refresh.Stop()
	p.subscriptions()
	for {
		select {
		case <-p.wake:
		case <-refresh.C:
			p.subscriptions()
			continue
		case <-p.closing:
			p.drain()
			return
		}
		p.drain()
	}
}

// subscriptions reads who wants to be told. When that can't be read, what was
// known stays.
func (p *Pump) subscriptions() {
	changes := p.cfg.Changes()
	list, err := p.cfg.Subscribed(p.ctx)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			p.cfg.Log.Error("subscriptions to webhooks not read", "err", err)
		}
		return
	}
	p.wanted = make(map[voice.TenantID]bool, len(list))
	for _, t := range list {
		p.wanted[t] = true
	}
	p.seen.Store(changes)
	p.idle.Store(len(list) == 0)
	if len(list) == 0 {
		clear(p.calls)
	}
}

// drain tells all that waits. A batch leaves the queue when its deliveries are
// stored; when the store does not answer, it is tried again.
func (p *Pump) drain() {
	for {
		p.mu.Lock()
		batch, dropped := slices.Clone(p.queue), p.dropped
		p.dropped = 0
		p.mu.Unlock()
		if dropped > 0 {
			p.cfg.Log.Error("events of calls dropped: nobody is told of them", "dropped", dropped)
		}
		if len(batch) == 0 {
			return
		}
		if p.cfg.Changes() != p.seen.Load() {
			p.subscriptions()
		}
		var ds []voice.Delivery
		for _, i := range batch {
			ds = append(ds, p.follow(i)...)
		}
		if !p.store(ds) {
			return
		}
		p.mu.Lock()
		clear(p.queue[:len(batch)])
		p.queue = p.queue[len(batch):]
		p.mu.Unlock()
	}
}

// store queues deliveries, until it can; false when the pump is told to give up.
func (p *Pump) store(ds []voice.Delivery) bool {
	if len(ds) == 0 {
		return true
	}
	for {
		err := p.cfg.Store.CreateDeliveries(p.ctx, ds)
		switch {
		case err == nil:
			if p.cfg.Kick != nil {
				p.cfg.Kick()
			}
			return true
		case p.ctx.Err() != nil:
			return false
		case !voice.IsKind(err, voice.Unavailable) && len(ds) > 1:
			// One that the store refuses takes no others with it.
			half := len(ds) / 2
			return p.store(ds[:half]) && p.store(ds[half:])
		case !voice.IsKind(err, voice.Unavailable):
			p.cfg.Log.Error("webhook refused by the store", "call", ds[0].Call, "purpose", ds[0].Purpose, "err", err)
			return true
		}
		p.cfg.Log.Error("webhooks can't be queued; trying again", "webhooks", len(ds), "err", err)
		t := time.NewTimer(pumpPause)
		select {
		case <-t.C:
		case <-p.ctx.Done():
		}
		t.Stop()
	}
}

// render asks every dialect what is to be sent about a fact.
func (p *Pump) render(f dialect.Fact) []voice.Delivery {
	var all []voice.Delivery
	now := time.Now()
	for _, n := range p.cfg.Notifiers {
		ds, err := p.ask(n, f)
		if err != nil {
			p.cfg.Log.Error("webhooks not rendered", "call", f.Event.Call, "event", f.Event.Kind, "err", err)
			continue
		}
		for _, d := range ds {
			all = append(all, complete(d, f, now))
		}
	}
	return all
}

// ask asks one dialect; a panic in it is an error of that dialect's alone.
func (p *Pump) ask(n dialect.Notifier, f dialect.Fact) (ds []voice.Delivery, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return n.Deliveries(p.ctx, f)
}

// complete fills in what a dialect leaves to us.
func complete(d voice.Delivery, f dialect.Fact, now time.Time) voice.Delivery {
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
	return d
}
