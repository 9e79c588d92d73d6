package daemon

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dtlssrtp"
	"tandem/internal/engine"
	"tandem/internal/flow"
	"tandem/internal/mailbox"
	"tandem/internal/route"
	"tandem/internal/rtpport"
	"tandem/internal/sipua"
	"tandem/internal/switchboard"
	"tandem/internal/voice"
)

func (d *Daemon) startMedia(ctx context.Context) error {
	d.startReach(ctx)
	bind, err := d.mediaAddress()
	if err != nil {
		return err
	}
	pool, err := rtpport.Start(rtpport.Config{
		Bind:    bind,
		PortLow: d.cfg.RTP.Low, PortHigh: d.cfg.RTP.High, Shards: d.shards(),
		PortsPerShard: 2 * d.cfg.Limits.Calls, Logger: d.log,
	})
	if err != nil {
		return err
	}
	d.pool = pool
	identity, err := dtlssrtp.NewIdentity()
	if err != nil {
		pool.Close()
		return err
	}
	d.closing(pool.Close)
	d.startAdmission()
	d.engine = engine.New(engine.Config{
		Pool: pool, Prompts: d.prompts,
		Drafts:     guarded{d.blobs, d.cfg.Data, uint64(d.cfg.Limits.FreeDiskMB) << 20},
		Recordings: d.store, Captures: d.startCaptures(), CaptureBytes: d.captureBytes(), Bindings: d.store, Trunks: d.store, Tenants: d.store,
		Identity: identity, Pages: d.pagesOf, Events: d.noted, Transfers: func(r voice.Referral) { d.board.Refer(r) }, MediaAddr: d.reach.Addr, Redirects: d.cfg.Limits.Redirects, CheckHost: d.policy.CheckHost,
		MediaTimeout: mediaTimeout, MaxCalls: d.cfg.Limits.Calls, Hold: d.admission.Hold, RecordCalls: d.cfg.RecordCalls, ComfortNoise: d.cfg.ComfortNoise, Logger: d.log,
	})
	d.closing(d.engine.CloseCaptures)
	d.background(d.engine.Watch)
	if d.captures != nil {
		d.background(d.captures.tidy)
	}
	d.background(d.watchLoad)
	return nil
}

func (d *Daemon) startBoard(ctx context.Context) error {
	if err := d.startDialects(ctx); err != nil {
		return err
	}
	d.mailroom = &mailbox.Room{Messages: d.store, Users: d.store, Slots: d.store, Sounds: d.prompts, Boxes: d.store, Kick: d.kick}
	d.board = switchboard.New(switchboard.Config{
		Library: d.library, Router: d.router(), Mailroom: d.mailroom,
		Numbers: d.lookups, Extensions: d.lookups, Tenants: d.lookups, Users: d.store, CDRs: d.journal, Logger: d.log,
		Web: d.web, Applications: applications{d}, SMS: d.sms, Speech: d.asr, Resources: d.store, Discard: d.discard, Tapes: d.startTapes(),
		SourceLimits: switchboard.CallLimits{Calls: d.cfg.Limits.SourceCalls, PerSecond: d.cfg.Limits.SourcePerSecond, PerMinute: d.cfg.Limits.SourcePerMinute},
	})
	d.closing(func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := d.board.Close(ctx); err != nil {
			d.log.Error("calls did not end in time", "err", err)
		}
	})
	return nil
}

// router resolves destinations with the stores.
type router struct{ sources route.Sources }

// addresses are what the dialects' apps are dialled by.
type addresses struct{ d *Daemon }

func (a addresses) DialledApp(ctx context.Context, t voice.TenantID, user string) (voice.AppID, error) {
	return a.d.library.DialledApp(ctx, t, user)
}

func (d *Daemon) router() router {
	return router{route.Sources{Users: d.store, Extensions: d.store, Numbers: d.store, Apps: d.store, Addresses: addresses{d}, Domain: strings.ToLower(d.cfg.Host()), Port: d.sipPort()}}
}

// sipPort is the port that SIP was told to listen on; 0 = whichever was free.
func (d *Daemon) sipPort() int {
	_, port, err := net.SplitHostPort(d.cfg.SIP)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}

func (r router) Route(ctx context.Context, t voice.TenantID, dest voice.Destination, fromApp bool) (voice.Route, error) {
	return route.Resolve(ctx, r.sources, t, dest, route.Caller{FromApp: fromApp})
}

// control orders calls for the dialects.
type control struct{ d *Daemon }

func (c control) Originate(ctx context.Context, cb dialect.CallBack) (voice.CallID, error) {
	text := "user " + string(cb.User)
	switch {
	case cb.User == "":
		text = cb.App
	case cb.App != "":
		text += " with " + cb.App
	}
	return c.d.board.CallBack(ctx, originator{c.d.engine}, switchboard.CallBack{
		Tenant: cb.Tenant, First: cb.First, Second: cb.Second,
		ShowFirst: cb.ShowFirst, ShowSecond: cb.ShowSecond, Text: text,
		More: cb.More, RingFirst: cb.RingFirst, Program: cb.Program, Tag: cb.Tag, Order: cb.Order,
		MaxDuration: cb.MaxDuration, Capture: cb.Capture, Data: cb.Data,
	})
}

// liveCalls sees and orders calls that are up, for whoever speaks for an account.
type liveCalls struct{ d *Daemon }

// LiveCalls gives what sees and orders the calls that are up.
func (d *Daemon) LiveCalls() dialect.LiveCalls { return liveCalls{d} }

func (c liveCalls) Live(_ context.Context, t voice.TenantID) ([]voice.LiveCall, error) {
	return c.d.board.LiveCalls(t), nil
}

func (c liveCalls) LiveCall(_ context.Context, t voice.TenantID, id voice.CallID) (voice.LiveCall, error) {
	return c.d.board.LiveCall(t, id)
}

func (c liveCalls) Hangup(ctx context.Context, t voice.TenantID, id voice.CallID, words string) error {
	return c.d.board.Hangup(ctx, t, id, words)
}

func (c liveCalls) Redirect(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination) error {
	return c.d.board.Redirect(ctx, t, id, to)
}

func (c liveCalls) Supervise(ctx context.Context, t voice.TenantID, id voice.CallID, mode voice.SuperviseMode, by voice.Destination) error {
	return c.d.board.Supervise(ctx, originator{c.d.engine}, t, id, mode, by)
}

// Command and those below implement dialect.Commander.
func (c liveCalls) Command(ctx context.Context, t voice.TenantID, id voice.CallID, cmd flow.Command) error {
	return c.d.board.Command(ctx, t, id, cmd)
}

func (c liveCalls) PlayOver(ctx context.Context, t voice.TenantID, id voice.CallID, s voice.OverSpec) error {
	return c.d.board.PlayOver(ctx, t, id, s)
}

func (c liveCalls) StopOver(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	return c.d.board.StopOver(ctx, t, id, leg)
}

func (c liveCalls) SendKeys(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, keys string) error {
	return c.d.board.SendKeys(ctx, t, id, leg, keys)
}

func (c liveCalls) StartTape(ctx context.Context, t voice.TenantID, id voice.CallID, s voice.TapeSpec) (voice.RecordingID, error) {
	return c.d.board.StartTape(ctx, t, id, s)
}

func (c liveCalls) OrderTape(ctx context.Context, t voice.TenantID, id voice.CallID, o voice.TapeOrder) error {
	return c.d.board.OrderTape(ctx, t, id, o)
}

// HoldTalk and ResumeTalk implement dialect.Holds.
func (c liveCalls) HoldTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID, music []voice.Prompt) error {
	return c.d.board.HoldTalk(ctx, t, id, leg, music)
}

func (c liveCalls) ResumeTalk(ctx context.Context, t voice.TenantID, id voice.CallID, leg voice.LegID) error {
	return c.d.board.ResumeTalk(ctx, t, id, leg)
}

var _ dialect.Holds = liveCalls{}

// Transfer and those below implement dialect.Transfers.
func (c liveCalls) Transfer(ctx context.Context, t voice.TenantID, id voice.CallID, to voice.Destination, how flow.TransferHow) error {
	return c.d.board.Transfer(ctx, t, id, to, how)
}

func (c liveCalls) Join(ctx context.Context, t voice.TenantID, id, with voice.CallID) error {
	return c.d.board.Join(ctx, t, id, with)
}

func (c liveCalls) RedirectToStep(ctx context.Context, t voice.TenantID, id voice.CallID, app voice.AppID, step flow.NodeID) error {
	return c.d.board.RedirectToStep(ctx, t, id, app, step)
}

type originator struct{ e *engine.Engine }

func (o originator) NewCall(info voice.CallInfo) switchboard.OutCall { return o.e.NewCall(info) }

func (d *Daemon) startSIP(ctx context.Context) error {
	trunks, err := d.store.Trunks(ctx, "")
	if err != nil {
		return err
	}
	bound, err := d.bound(ctx)
	if err != nil {
		return err
	}
	d.agent, err = sipua.Start(ctx, sipua.Config{
		Listen: d.cfg.SIP, Public: d.cfg.Public, Advertise: d.reach.Host, Realm: d.cfg.Realm, UserAgent: "tandem", NameServers: d.cfg.DNS,
		TLS: d.cfg.SIPTLS, WS: d.cfg.SIPWS, WSS: d.cfg.SIPWSS, ServerTLS: d.serverTLS(), Origins: d.cfg.SIPOrigins, Authorities: d.authorities,
		Handler: d.incoming, Extensions: d.store, Bindings: d.store, Bound: bound, KeepAlive: time.Duration(d.cfg.KeepAlive) * time.Second, Trunks: trunks, Logger: d.log,
		Draining: d.draining.Load, Admission: d.admission, TakesOver: d.engine.TakesOver,
	})
	if err != nil {
		return err
	}
	d.engine.SetAgent(d.agent)
	d.listening.Store(true)
	d.onReached(d.agent.Readdress)
	// Before the board: its Close ends the calls, and their last words need SIP.
	d.closing(func() { d.listening.Store(false); d.endCalls(); d.agent.Close() })
	return nil
}

// endCalls ends the live calls with words of farewell on their timelines.
func (d *Daemon) endCalls() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := d.board.End(ctx); err != nil {
		d.log.Error("calls did not end in time", "err", err)
	}
}

// incoming is the SIP agent's handler: the call is over when it returns.
func (d *Daemon) incoming(inc *sipua.Incoming) {
	c, err := d.engine.Incoming(inc)
	if err != nil {
		d.log.Warn("call refused", "from", inc.Source(), "err", err)
		return
	}
	d.board.Arrive(c)
	c.Linger()
}

// watch takes up what another process changed: trunks to register and to accept.
func (d *Daemon) watch(ctx context.Context, seen int64) int64 {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	d.putTrunkStates(ctx)
	n, err := d.store.ChangeCount(ctx)
	if err != nil {
		d.log.Warn("configuration not read", "err", err)
		return seen
	}
	if n == seen {
		return seen
	}
	trunks, err := d.store.Trunks(ctx, "")
	if err != nil {
		d.log.Warn("trunks not read", "err", err)
		return seen
	}
	d.agent.SetTrunks(trunks)
	d.preparing.changed()
	return n
}

// rooms sees and orders the conference rooms.
type rooms struct{ e *engine.Engine }

func (r rooms) Rooms(_ context.Context, t voice.TenantID) ([]voice.Room, error) {
	return r.e.Rooms(t), nil
}

func (r rooms) Mute(_ context.Context, t voice.TenantID, room string, id voice.CallID, muted bool) error {
	return r.e.MuteMember(t, room, id, muted)
}

func (r rooms) Lock(_ context.Context, t voice.TenantID, room string, locked bool) error {
	return r.e.LockRoom(t, room, locked)
}

func (r rooms) Kick(_ context.Context, t voice.TenantID, room string, id voice.CallID) error {
	return r.e.KickMember(t, room, id)
}

func (r rooms) RecordRoom(ctx context.Context, t voice.TenantID, room string, on bool) (voice.RecordingID, error) {
	return r.e.RecordRoom(ctx, t, room, on)
}
