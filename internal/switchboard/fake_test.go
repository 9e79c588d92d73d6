package switchboard_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"tandem/internal/flow"
	"tandem/internal/replay"
	"tandem/internal/sim"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

const (
	ours   voice.TenantID = "100000001"
	theirs voice.TenantID = "200000002"
)

// call is a simulated call with what a switchboard needs besides.
type call struct {
	*sim.Call
	mu      sync.Mutex
	info    voice.CallInfo
	events  []voice.Event
	hangups []sim.Ending
	over    chan struct{} // closed by the event of the end
	// dial and place take the place of the simulator's, when set.
	dial  func(context.Context, voice.DialSpec) (voice.DialResult, error)
	place func(context.Context, voice.DialSpec) (voice.DialResult, error)
	refer func(context.Context, voice.TransferSpec) (voice.TransferResult, error)
	// reserve says whether there is room; nil = there is.
	reserve func(l voice.Limits, rung, after int) error
	room    func() // gives back what reserve found

	talk      *talk
	supervise func(context.Context, voice.Talk, voice.SuperviseMode) error
}

func newCall(info voice.CallInfo, s sim.Script) *call {
	if info.ID == "" {
		info.ID = voice.CallID(voice.NewID(""))
	}
	info.Start = time.Now()
	return &call{Call: sim.New(s), info: info, over: make(chan struct{})}
}

func (c *call) Info() voice.CallInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.info
}

func (c *call) SetTenant(t voice.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.info.Tenant = t
}

func (c *call) Summary() voice.CallSummary {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.hangups) == 0 {
		return voice.CallSummary{}
	}
	return voice.CallSummary{Cause: c.hangups[0].Cause, Words: c.hangups[0].Words}
}

func (c *call) Note(e voice.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
	if e.Kind == voice.EventCallEnded {
		close(c.over)
	}
}

func (c *call) Hangup(ctx context.Context, cause voice.Cause, words string) error {
	c.mu.Lock()
	first := len(c.hangups) == 0
	c.hangups = append(c.hangups, sim.Ending{Cause: cause, Words: words})
	c.mu.Unlock()
	if !first {
		return nil
	}
	if c.room != nil {
		c.room()
	}
	return c.Call.Hangup(ctx, cause, words)
}

func (c *call) Dial(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	if c.dial != nil {
		return c.dial(ctx, s)
	}
	return c.Call.Dial(ctx, s)
}

func (c *call) Transfer(ctx context.Context, s voice.TransferSpec) (voice.TransferResult, error) {
	if c.refer != nil {
		return c.refer(ctx, s)
	}
	return c.Call.Transfer(ctx, s)
}

func (c *call) Place(ctx context.Context, s voice.DialSpec) (voice.DialResult, error) {
	return c.place(ctx, s)
}

func (c *call) Reserve(l voice.Limits, rung, after int) error {
	if c.reserve != nil {
		return c.reserve(l, rung, after)
	}
	return nil
}

// ending is how the call was ended first.
func (c *call) ending(t *testing.T) sim.Ending {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.hangups) == 0 {
		t.Fatal("the call was not ended")
	}
	return c.hangups[0]
}

func (c *call) noted(k voice.EventKind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(c.events, func(e voice.Event) bool { return e.Kind == k })
}

// world is everything around a switchboard.
type world struct {
	voice.NumberStore    // the methods that are not used panic
	voice.ExtensionStore // likewise
	numbers              map[voice.E164]voice.Number
	extensions           map[string]bool // of our tenant
	programs             map[voice.AppID]*flow.Program
	asked                func(voice.AppID) // before an app of a call is looked up; nil = nothing
	dialled              map[string]*flow.Program
	limit                int
	sources              switchboard.CallLimits
	limitLoopback        bool
	timezone             string
	rescue               voice.AppID
	forwardAs            string                  // caller ID of every route
	shows                map[voice.UserID]string // caller ID of our users
	down                 error                   // what every look-up gives

	mu        sync.Mutex
	limits    voice.Limits // of every account, beside limit
	blind     error        // what asking for an account gives
	records   []voice.CDR
	delivered []voice.Recording
}

func (w *world) NumberByE164(_ context.Context, e voice.E164) (voice.Number, error) {
	if w.down != nil {
		return voice.Number{}, w.down
	}
	if n, ok := w.numbers[e]; ok {
		return n, nil
	}
	return voice.Number{}, voice.Errorf("test", voice.NotExist, "no number")
}

func (w *world) Extension(_ context.Context, t voice.TenantID, number string) (voice.Extension, error) {
	if t == ours && w.extensions[number] {
		return voice.Extension{Tenant: t, Number: number, User: voice.UserID("of " + number)}, nil
	}
	return voice.Extension{}, voice.Errorf("test", voice.NotExist, "no extension")
}

func (w *world) Extensions(context.Context, voice.TenantID) ([]voice.Extension, error) {
	return nil, nil
}

func (w *world) Program(_ context.Context, t voice.TenantID, app voice.AppID) (*flow.Program, error) {
	if app == "broken" {
		panic("a fault of the compiler")
	}
	if p := w.programs[app]; p != nil && t == ours {
		return p, nil
	}
	return nil, voice.Errorf("test", voice.NotExist, "no app")
}

// ProgramFor gives whoever the canary of an app is meant for the program "APP canary".
func (w *world) ProgramFor(ctx context.Context, t voice.TenantID, app voice.AppID, from, to string) (*flow.Program, bool, error) {
	if w.asked != nil {
		w.asked(app)
	}
	if p := w.programs[app+" canary"]; p != nil && (voice.Canary{Percent: 50}).Takes(from, to) {
		return p, true, nil
	}
	p, err := w.Program(ctx, t, app)
	return p, false, err
}

func (w *world) Dialled(_ context.Context, t voice.TenantID, user string) (*flow.Program, error) {
	if p := w.dialled[user]; p != nil && t == ours {
		return p, nil
	}
	return nil, voice.Errorf("test", voice.NotExist, "nothing")
}

func (w *world) Route(_ context.Context, _ voice.TenantID, d voice.Destination, _ bool) (voice.Route, error) {
	if d.ID == "gone" {
		return voice.Route{}, voice.Errorf("test", voice.NotExist, "%s is gone", d)
	}
	return voice.Route{Attempts: []voice.Attempt{{Targets: []voice.Target{{Kind: d.Kind, ID: d.ID}}, CallerID: w.forwardAs}}}, nil
}

func (w *world) Deliver(ctx context.Context, _ voice.CallInfo, _ voice.Mailbox, r voice.Recording) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered = append(w.delivered, r)
	return nil
}

func (w *world) SaveSound(context.Context, voice.TenantID, voice.SoundID, voice.Recording) error {
	return nil
}

func (w *world) Tenant(_ context.Context, id voice.TenantID) (voice.Tenant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.limits
	l.InboundCalls = w.limit
	return voice.Tenant{ID: id, Timezone: w.timezone, Rescue: w.rescue, Limits: l}, w.blind
}

func (w *world) User(_ context.Context, t voice.TenantID, id voice.UserID) (voice.User, error) {
	if show, ok := w.shows[id]; ok && t == ours {
		return voice.User{Tenant: t, ID: id, ShowID: show, Phones: []voice.Phone{{Number: "+46700000009"}}}, nil
	}
	return voice.User{}, voice.Errorf("test", voice.NotExist, "no user")
}

func (w *world) Users(_ context.Context, t voice.TenantID) ([]voice.User, error) {
	if t != ours {
		return nil, nil
	}
	return []voice.User{{ID: "1", Phones: []voice.Phone{{Number: "+46700000009"}}}}, nil
}

func (w *world) Record(c voice.CDR) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, c)
}

// final gives the records with an end, in the order they were stored.
func (w *world) final() []voice.CDR {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []voice.CDR
	for _, c := range w.records {
		if !c.End.IsZero() {
			all = append(all, c)
		}
	}
	return all
}

func (w *world) board(t *testing.T) *switchboard.Switchboard {
	t.Helper()
	s := switchboard.New(switchboard.Config{Library: w, Router: w, Mailroom: w, Numbers: w, Extensions: w, Tenants: w, Users: w, CDRs: w, Tapes: replays(t), SourceLimits: w.sources, LimitLoopback: w.limitLoopback})
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// replays has each call that a test makes go its way again.
func replays(t *testing.T) func(*replay.Tape) {
	return func(tape *replay.Tape) {
		data, err := new(replay.Encoder).Encode(tape)
		if err != nil {
			t.Error(err)
			return
		}
		if tape, err = replay.Decode(data); err != nil {
			t.Error(err)
			return
		}
		if o := replay.Replay(context.Background(), tape, nil); !o.Same {
			t.Errorf("replayed: %s; left %q", o, o.Left)
		}
	}
}

// program is one of a single step that leads nowhere.
func program(app voice.AppID, s flow.Step) *flow.Program {
	return &flow.Program{App: app, Name: string(app), Entry: "only", Nodes: []flow.Node{{ID: "only", Step: s}}}
}

func number(e voice.E164, t voice.TenantID, k voice.DestinationKind, id string) voice.Number {
	return voice.Number{E164: e, Tenant: t, Dest: voice.Destination{Kind: k, ID: id}}
}
