// Package switchboard owns the live calls: it finds the program for what was
// dialled, runs it, keeps the table of calls and closes the call detail record.
//
// It is not an engine (media and SIP are behind the Call interface) and knows
// no vendor (apps are compiled by the Library it is given). Arrive works in its
// caller's goroutine, one per call; the switchboard's own goroutines are those
// of Originate and the CDR writer, and Close waits for all of them. Its methods
// may be called concurrently.
package switchboard

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/voice"
)

// Call is a live call as the switchboard handles it.
type Call interface {
	interp.Call
	// Info gives what is known of the call.
	Info() voice.CallInfo
	// SetTenant says whose call it is, once that is known.
	SetTenant(t voice.TenantID)
	// Summary gives the call's answer time and legs so far; complete after Hangup.
	Summary() voice.CallSummary
}

// Library gives programs and finds what short codes and app addresses mean.
type Library interface {
	// Program compiles an app, or gives it from the cache.
	Program(ctx context.Context, t voice.TenantID, app voice.AppID) (*flow.Program, error)
	// Dialled gives the program behind something other than a telephone number
	// that an extension of the tenant dialled: "*21", an app's address, a prompt
	// to record. NotExist when it means nothing.
	Dialled(ctx context.Context, t voice.TenantID, user string) (*flow.Program, error)
}

// Router resolves destinations to routes.
type Router interface {
	// Route resolves d for a call of tenant t; fromApp says that an app, not the
	// dialled number itself, asks.
	Route(ctx context.Context, t voice.TenantID, d voice.Destination, fromApp bool) (voice.Route, error)
}

// Mailroom takes finished recordings on.
type Mailroom interface {
	// Deliver stores a voicemail message and queues its mail.
	Deliver(ctx context.Context, info voice.CallInfo, m voice.Mailbox, r voice.Recording) error
	// SaveSound makes a recording the audio of a sound.
	SaveSound(ctx context.Context, t voice.TenantID, id voice.SoundID, r voice.Recording) error
}

// CDRStore keeps call detail records.
type CDRStore interface {
	// PutCDRs inserts or replaces records in one transaction.
	PutCDRs(ctx context.Context, cdrs []voice.CDR) error
}

// Config is what a switchboard is made of. Every field but Logger is needed.
type Config struct {
	Library    Library
	Router     Router
	Mailroom   Mailroom
	Numbers    voice.NumberStore
	Extensions voice.ExtensionStore
	CDRs       CDRStore
	Logger     *slog.Logger
}

// Switchboard owns the live calls.
type Switchboard struct {
	cfg  Config
	cdrs *cdrWriter

	mu      sync.Mutex
	live    map[voice.CallID]*liveCall
	closing bool
	wg      sync.WaitGroup
	stop    context.CancelCauseFunc
	ctx     context.Context // cancelled by Close; parent of every run
}

type liveCall struct {
	call Call
	app  voice.AppID
}

// New makes a switchboard. Close it.
func New(cfg Config) *Switchboard {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	s := &Switchboard{cfg: cfg, live: map[voice.CallID]*liveCall{}, ctx: ctx, stop: stop}
	s.cdrs = startCDRWriter(cfg.CDRs, cfg.Logger)
	return s
}

// End ends every live call with CauseShutdown, takes no more, and waits for
// them until ctx is done.
func (s *Switchboard) End(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.stop(voice.Errorf("switchboard.Close", voice.Unavailable, "the server is stopping"))
	done := make(chan struct{})
	go func() { // ends with the last call
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("switchboard.End: calls are still up: %w", ctx.Err())
	}
}

// Close ends every live call and waits for their records to be stored, until
// ctx is done.
func (s *Switchboard) Close(ctx context.Context) error {
	if err := s.End(ctx); err != nil {
		return err
	}
	return s.cdrs.close(ctx)
}

// Live lists the calls that are up, oldest first.
func (s *Switchboard) Live() []voice.CallInfo {
	s.mu.Lock()
	infos := make([]voice.CallInfo, 0, len(s.live))
	for _, lc := range s.live {
		infos = append(infos, lc.call.Info())
	}
	s.mu.Unlock()
	slices.SortFunc(infos, func(a, b voice.CallInfo) int { return a.Start.Compare(b.Start) })
	return infos
}

// Note puts an event on the timeline of a call that is up; false when it is not.
func (s *Switchboard) Note(id voice.CallID, e voice.Event) bool {
	s.mu.Lock()
	lc := s.live[id]
	s.mu.Unlock()
	if lc == nil {
		return false
	}
	lc.call.Note(e)
	return true
}

// Flush waits until the records of the calls that have ended are stored.
func (s *Switchboard) Flush(ctx context.Context) error { return s.cdrs.flush(ctx) }

func (s *Switchboard) enter(c Call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.wg.Add(1)
	s.live[c.Info().ID] = &liveCall{call: c}
	return true
}

func (s *Switchboard) leave(c Call) {
	s.mu.Lock()
	delete(s.live, c.Info().ID)
	s.mu.Unlock()
	s.wg.Done()
}

// Arrive runs an incoming call to its end.
func (s *Switchboard) Arrive(c Call) {
	info := c.Info()
	if !s.enter(c) {
		c.Hangup(context.Background(), voice.CauseShutdown, "the server is stopping")
		return
	}
	defer s.leave(c)
	arrived := "call from " + orUnknown(info.From) + " to " + info.To
	c.Note(voice.Event{Kind: voice.EventCallArrived, Text: arrived,
		Data: map[string]string{"from": info.From, "from_name": info.FromName, "to": info.To, "source": info.Source}})

	p, err := s.find(s.ctx, c)
	if err != nil {
		s.refuse(c, err)
		s.close(c, nil)
		return
	}
	s.run(s.ctx, c, p)
}

// run runs a program on a call of a known tenant and closes the call.
func (s *Switchboard) run(ctx context.Context, c Call, p *flow.Program) {
	s.open(c, p)
	result := s.interpret(ctx, c, p)
	// The caller's leg may be gone already; Hangup does nothing then.
	if err := c.Hangup(context.WithoutCancel(ctx), result.Cause, result.Words); err != nil && !voice.IsKind(err, voice.HungUp) {
		s.cfg.Logger.Error("hang up failed", "call", c.Info().ID, "err", err)
	}
	s.close(c, &result)
}

// interpret runs the program; a panic ends this call alone.
func (s *Switchboard) interpret(ctx context.Context, c Call, p *flow.Program) (result interp.Result) {
	defer func() {
		if r := recover(); r != nil {
			s.cfg.Logger.Error("panic in a call", "call", c.Info().ID, "panic", r, "stack", string(debug.Stack()))
			c.Note(voice.Event{Kind: voice.EventFlowError, Text: "internal fault: the call's flow was stopped"})
			result = interp.Result{Cause: voice.CauseFailed, Words: "internal fault while the flow ran"}
		}
	}()
	return interp.Run(ctx, p, c, &host{s: s, call: c}, interp.Options{})
}

func (s *Switchboard) refuse(c Call, err error) {
	cause, words := voice.CauseFailed, "refused: "+voice.Reason(err)
	switch voice.KindOf(err) {
	case voice.NotExist, voice.Invalid:
		cause = voice.CauseNotFound
	case voice.Permission:
		cause = voice.CauseRejected
	case voice.Unavailable, voice.Limit:
		cause = voice.CauseUnavailable
	}
	c.Note(voice.Event{Kind: voice.EventCallRefused, Text: words})
	c.Hangup(context.Background(), cause, words)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
