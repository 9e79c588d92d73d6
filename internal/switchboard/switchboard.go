// Package switchboard owns the live calls: it finds the program for what was
// dialled, runs it, keeps the table of calls and closes the call detail record.
//
// It is not an engine (media and SIP are behind the Call interface) and knows
// no vendor (apps are compiled by the Library it is given). Arrive works in its
// caller's goroutine, one per call; the switchboard's own goroutines are those
// of CallBack and Supervise, and Close waits for all of them. Its methods
// may be called concurrently.
package switchboard

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"tandem/internal/flow"
	"tandem/internal/interp"
	"tandem/internal/replay"
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
	// Talk gives the talk that the caller is in, nil when there is none.
	Talk() voice.Talk
}

// Library gives programs and finds what short codes and app addresses mean.
type Library interface {
	// Program compiles an app, or gives it from the cache.
	Program(ctx context.Context, t voice.TenantID, app voice.AppID) (*flow.Program, error)
	// ProgramFor is Program for a call from a number to a number, which may get the
	// app's canary.
	ProgramFor(ctx context.Context, t voice.TenantID, app voice.AppID, from, to string) (p *flow.Program, canary bool, err error)
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

// Tenants finds accounts, for their limits.
type Tenants interface {
	Tenant(ctx context.Context, id voice.TenantID) (voice.Tenant, error)
}

// Users finds the people of an account, for the numbers that they may show.
type Users interface {
	User(ctx context.Context, t voice.TenantID, id voice.UserID) (voice.User, error)
	Users(ctx context.Context, t voice.TenantID) ([]voice.User, error)
}

// Records keeps call detail records.
type Records interface {
	// Record takes the record of a call: while it is up, and, with an end, just
	// before its last event (voice.EventCallEnded), beside which it is stored. It
	// never waits.
	Record(c voice.CDR)
}

// Resources keeps records about calls.
type Resources interface {
	CreateResource(ctx context.Context, r voice.Resource) (voice.Resource, error)
}

// Config is what a switchboard is made of. Every field is needed but Logger
// and the services of the outside: steps that need one that is nil fail, with words.
type Config struct {
	Library    Library
	Router     Router
	Mailroom   Mailroom
	Numbers    voice.NumberStore
	Extensions voice.ExtensionStore
	Tenants    Tenants
	Users      Users
	CDRs       Records
	Logger     *slog.Logger

	Web          voice.Requester
	Applications Applications
	SMS          voice.Messenger
	Speech       voice.Transcriber
	Resources    Resources
	// Tapes takes what a call's flow was told, once the call is over; nil = it is not
	// taken down. It never waits.
	Tapes func(*replay.Tape)
	// SourceLimits bound the calls from one address that is neither a trunk's nor an
	// extension's; those of this machine's own programs count only with LimitLoopback.
	SourceLimits  CallLimits
	LimitLoopback bool
	// Discard removes a recording and its audio; nil = they stay.
	Discard func(ctx context.Context, r voice.Recording) error
}

// Switchboard owns the live calls.
type Switchboard struct {
	cfg    Config
	queues *queues
	orders *orders

	mu       sync.Mutex
	live     map[voice.CallID]*liveCall
	recent   map[voice.CallID]*liveCall  // ended, and still noted on
	inbound  map[voice.TenantID]*comings // incoming calls that count for voice.Limits
	sources  map[netip.Addr]*comings     // those of strangers that count for Config.SourceLimits
	closing  bool
	draining bool // no orders are taken
	wg       sync.WaitGroup
	stop     context.CancelCauseFunc
	ctx      context.Context // cancelled by Close; parent of every run
}

// lateNotes is how long a call that delivered a message may still be noted on
// after its end: its last SIP messages may come as late (64*T1, RFC 3261
// §17.1.1.2), and what becomes of the mail must not take their place.
const lateNotes = 40 * time.Second

// liveCall is guarded by Switchboard.mu, but for call, which never changes.
type liveCall struct {
	call Call
	app  voice.AppID
	sent bool      // something of it is on its way that is noted on it later
	over time.Time // when it ended, in Switchboard.recent
	in   inbound   // where it counts as an incoming call

	ctx         context.Context // of what it does at present
	cancel      context.CancelCauseFunc
	order       *order // that it has to follow
	running     bool   // it has a party and a flow
	mailbox     interp.Mailbox
	recorder    *replay.Recorder // of the present run
	tape        *replay.Tape     // of those before
	supervisors int
	moving      *transfer // under way: its result is not told yet
	transfers   int       // so far

	rung   []voice.Target // who is rung or talked with
	rungAs string         // the same in words, or ""
	since  time.Time      // of rung
	queue  string         // that the caller waits in, or ""
	queued time.Time
	waits  time.Time // since when it waits to begin; zero = it does not

	revisions []*flow.Program // of the apps that it has been in
}

// New makes a switchboard. Close it.
func New(cfg Config) *Switchboard {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	s := &Switchboard{cfg: cfg, live: map[voice.CallID]*liveCall{}, recent: map[voice.CallID]*liveCall{}, inbound: map[voice.TenantID]*comings{}, sources: map[netip.Addr]*comings{}, queues: newQueues(), orders: newOrders(), ctx: ctx, stop: stop}
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

// Close is End. It may be called twice.
func (s *Switchboard) Close(ctx context.Context) error { return s.End(ctx) }

// Live lists the calls that are up, oldest first.
func (s *Switchboard) Live() []voice.CallInfo {
	s.mu.Lock()
	calls := make([]Call, 0, len(s.live))
	for _, lc := range s.live {
		calls = append(calls, lc.call)
	}
	s.mu.Unlock()
	infos := make([]voice.CallInfo, len(calls))
	for i, c := range calls {
		infos[i] = c.Info()
	}
	slices.SortFunc(infos, func(a, b voice.CallInfo) int { return a.Start.Compare(b.Start) })
	return infos
}

// Note puts an event on the timeline of a call that is up, or that has just
// ended after it left a message; false when it is neither.
func (s *Switchboard) Note(id voice.CallID, e voice.Event) bool {
	s.mu.Lock()
	lc := s.live[id]
	if lc == nil {
		s.forget(time.Now())
		lc = s.recent[id]
	}
	s.mu.Unlock()
	if lc == nil {
		return false
	}
	lc.call.Note(e)
	return true
}

func (s *Switchboard) enter(c Call) bool {
	id := c.Info().ID
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.draining && c.Info().Direction == voice.Outbound {
		return false
	}
	s.wg.Add(1)
	lc := &liveCall{call: c}
	s.ready(lc)
	s.live[id] = lc
	return true
}

// liveCall gives a call that is up, which entered and has not left.
func (s *Switchboard) liveCall(id voice.CallID) *liveCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id]
}

func (s *Switchboard) leave(c Call) {
	id := c.Info().ID
	s.mu.Lock()
	lc := s.live[id]
	lc.cancel(nil)
	s.over(lc.in)
	delete(s.live, id)
	if lc.sent {
		lc.over = time.Now()
		s.forget(lc.over)
		s.recent[id] = lc
	}
	o := lc.order
	s.mu.Unlock()
	s.orders.changed(c.Info().Tenant)
	s.failed(lc, voice.CauseCancelled, "the call is over")
	if o != nil { // that came too late
		o.drop("the call is over")
	}
	s.wg.Done()
}

// forget lets go of calls that ended long enough ago. The caller holds s.mu.
func (s *Switchboard) forget(now time.Time) {
	for id, lc := range s.recent {
		if now.Sub(lc.over) > lateNotes {
			delete(s.recent, id)
		}
	}
}
