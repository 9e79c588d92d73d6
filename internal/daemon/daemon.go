package daemon

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tandem/internal/admin"
	"tandem/internal/admission"
	"tandem/internal/asr"
	"tandem/internal/auth"
	"tandem/internal/blob/fileblob"
	"tandem/internal/browser"
	"tandem/internal/certs"
	"tandem/internal/config"
	"tandem/internal/dialect"
	"tandem/internal/dialect/routee"
	"tandem/internal/engine"
	"tandem/internal/hooks"
	"tandem/internal/httpapi"
	"tandem/internal/mailbox"
	"tandem/internal/mailer"
	"tandem/internal/metrics"
	"tandem/internal/notify"
	"tandem/internal/outbound"
	"tandem/internal/passkey"
	"tandem/internal/prompt"
	"tandem/internal/reach"
	"tandem/internal/rtpport"
	"tandem/internal/secret"
	"tandem/internal/sipua"
	"tandem/internal/store/sqlstore"
	"tandem/internal/switchboard"
	"tandem/internal/tracing"
	"tandem/internal/voice"
)

// Options of a Daemon.
type Options struct {
	Stdout  io.Writer // takes the banner; nil = nowhere
	Logger  *slog.Logger
	Version string
	Origins config.Origins // where the settings come from; nil = from nowhere that is known
}

// Bounds of ending.
const (
	drainTime = 5 * time.Second // calls are hung up and their records stored
	httpTime  = 3 * time.Second // requests under way may finish
)

// spareProcs is how many of Go's processors there are beyond the machine's and
// one for each media thread; see docs/performance.md for what it gives.
const spareProcs = 4

// mediaTimeout ends a call whose caller's audio has stopped.
const mediaTimeout = 2 * time.Minute

// Daemon is the whole program, started.
type Daemon struct {
	cfg config.Config
	opt Options
	log *slog.Logger

	box         *secret.Box
	store       *sqlstore.Store
	journal     *sqlstore.Journal
	events      *httpapi.Hub
	pages       *browser.Desk // that are telephones
	blobs       *fileblob.Store
	policy      *outbound.Policy
	downloads   downloads
	prompts     *prompt.Library
	signer      *auth.Signer
	credentials *admin.Credentials
	bearers     *auth.Bearers
	admin       *admin.Admin
	pool        *rtpport.Pool
	reach       *reach.Finder
	reached     atomic.Pointer[func()]
	admission   *admission.Controller
	engine      *engine.Engine
	captures    *captures // nil = none are made
	board       *switchboard.Switchboard
	library     *dialect.Library
	lookups     *lookups
	routee      *routee.Dialect
	dialects    []dialect.Dialect // the first compiles the mailboxes of users
	mailroom    *mailbox.Room
	mailer      *mailer.Mailer
	passkeys    *passkey.Keeper
	refusals    *auth.Refusals
	web         *outbound.Requester
	sms         *notify.Messenger
	asr         *asr.Recogniser
	webhooks    atomic.Pointer[notify.Worker]
	hooks       *hooks.Keeper
	facts       *notify.Pump // the journal's, once calls are taken
	preparing   *preparer
	agent       *sipua.Agent
	certificate *certs.Keeper // nil = nothing speaks TLS
	authorities *x509.CertPool
	listener    net.Listener
	listenerTLS net.Listener // nil = none
	server      *http.Server
	draining    atomic.Bool
	listening   atomic.Bool // SIP is
	metrics     *metrics.Set
	traces      *tracing.Tracer // nil = calls are not traced
	late        lateNotes
	closers     []func() // run last to first by Close

	owner       string // log-in that setupLink is for
	setupLink   string // for the banner: the owner has no password yet
	samplePhone string // for the banner of the first start
	toldTrunks  map[voice.TrunkID]string
	ballast     []byte // never written, so that it takes no memory
}

// ballast is what the collector takes for live beside what is, so that garbage of as
// much again may gather before it runs: with few calls up it would run many times a
// second otherwise, for a heap of a few megabytes.
const ballast = 32 << 20

// New opens the data folder, starts every part and listens; calls are answered
// when it returns. Errors say which part did not start and why.
func New(cfg config.Config, opt Options) (d *Daemon, err error) {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Stdout == nil {
		opt.Stdout = io.Discard
	}
	d = &Daemon{cfg: cfg, opt: opt, log: opt.Logger}
	defer func() {
		if err != nil {
			d.Close()
			d = nil
		}
	}()
	// A media thread wakes every millisecond and must find a processor of Go's
	// idle then, or it queues behind other work; the kernel decides by priority
	// who runs.
	runtime.GOMAXPROCS(runtime.NumCPU() + d.shards() + spareProcs)
	d.ballast = make([]byte, ballast)
	ctx := context.Background()
	for _, part := range []struct {
		name  string
		start func(context.Context) error
	}{
		{"data folder", d.openData},
		{"speech", d.startSpeech},
		{"traces", d.startTraces},
		{"audit log", d.startAudit},
		{"outside", d.startOutside},
		{"accounts", d.openAccounts},
		{"media", d.startMedia},
		{"calls", d.startBoard},
		{"notifiers", d.startFacts},
		{"recovery", d.recover},
		{"mail", d.startMailer},
		{"webhooks", d.startWebhooks},
		{"certificate", d.openCertificate},
		{"SIP", d.startSIP},
		{"campaigns", d.startCampaigns},
		{"HTTP", d.startHTTP},
		{"prompts", d.startPreparing},
		{"debug socket", d.startDebug},
		{"sample account", d.firstStart},
	} {
		if err = part.start(ctx); err != nil {
			return d, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return d, nil
}

// closing registers what ends a part; parts end in the reverse of their start.
func (d *Daemon) closing(f func()) { d.closers = append(d.closers, f) }

// background runs f until the parts that were started before are to end.
func (d *Daemon) background(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { f(ctx) })
	d.closing(func() { cancel(); done.Wait() })
}

func (d *Daemon) shards() int { return max(1, runtime.NumCPU()/2) }

// HTTPAddr gives the address that the web pages and APIs are served on.
func (d *Daemon) HTTPAddr() net.Addr { return d.listener.Addr() }

// SIPAddr gives the address that SIP listens on.
func (d *Daemon) SIPAddr() netip.AddrPort { return d.agent.Addr() }

// Store gives the database.
func (d *Daemon) Store() *sqlstore.Store { return d.store }

// Admin gives the management of this installation.
func (d *Daemon) Admin() *admin.Admin { return d.admin }

// Run watches the configuration that other processes change until ctx is done.
func (d *Daemon) Run(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() { // ends with the server, which Close shuts down
		if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("HTTP: %w", err)
		}
	}()
	if d.listenerTLS != nil {
		go func() { // so does this one
			if err := d.server.ServeTLS(d.listenerTLS, "", ""); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("HTTP over TLS: %w", err)
			}
		}()
	}
	if err := d.announce(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	d.banner(ctx)
	tellSystemd("READY=1")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var seen int64 = -1
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-tick.C:
			seen = d.watch(ctx, seen)
		}
	}
}

// Close ends calls, then everything else, in the reverse order of the start. It
// may be called twice.
func (d *Daemon) Close() error {
	d.draining.Store(true)
	for len(d.closers) > 0 {
		last := len(d.closers) - 1
		f := d.closers[last]
		d.closers = d.closers[:last]
		f()
	}
	return nil
}
