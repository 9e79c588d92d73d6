// Package stage serves the vendors' APIs over the simulated calls of flow tests, so
// that a real application can be tested without a telephone: it is told of calls and
// asked as the vendor would, and what it orders is carried out in virtual time, which
// stands still while it thinks.
//
// A Stage listens on a loopback address, keeps what the APIs need in a database in a
// folder of its own, and reaches no address but the application's. Requests of
// the application are done by the goroutine that runs the test, between two moments of
// virtual time; when none runs they are refused. Close ends what it has started.
package stage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/dialect"
	"tandem/internal/dialect/hoiio"
	"tandem/internal/dialect/routee"
	"tandem/internal/dialect/smartflo"
	"tandem/internal/dialect/telphin"
	"tandem/internal/flow"
	"tandem/internal/notify"
	"tandem/internal/secret"
	"tandem/internal/store/sqlstore"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

// What an application logs in with, at every stage.
const (
	AppID = "test" // Hoiio's app_id and Routee's application id
	Token = "test" // Hoiio's access_token and Routee's application secret
	owner = "1001"
)

// DefaultThink is how long, in real time, a command is waited for of an application
// that was told of something and has answered.
const DefaultThink = time.Second

// orderTime bounds how long a request of the application waits to be done.
const orderTime = 10 * time.Second

// Options say what a stage is for.
type Options struct {
	// App is where the application is reached; "" = there is none, and the stage only
	// understands the answers that tests give.
	App string
	// Listen is the address of the APIs, of loopback; "" = 127.0.0.1 and any port.
	Listen string
	Think  time.Duration // 0 = DefaultThink
	// Voices are those that what is said is made by; nil = some of many languages, of
	// which nobody has to speak.
	Voices []dialect.SpeechVoice
}

// Stage is the vendors' APIs over the calls of one test at a time.
type Stage struct {
	opt     Options
	as      string // an address that stands for the application in documents
	folder  string
	store   *sqlstore.Store
	hoiio   *hoiio.Dialect
	routee  *routee.Dialect
	askers  map[string]dialect.Asker
	bearer  string
	server  *http.Server
	address string
	wg      sync.WaitGroup
	client  *http.Client

	orders       chan order
	control      Control // of what runs; its goroutine's alone. nil = nothing does
	pump         *notify.Pump
	owes         bool   // the application was told of something and has not ordered anything since
	conversation []byte // body of the conversation under test
}

var _ suite.Application = (*Stage)(nil)

// order is a request of the application that waits to be done.
type order struct {
	do   func()
	done chan struct{}
}

// Open makes a stage. Errors: Invalid for an address that is not of loopback, or none.
func Open(ctx context.Context, opt Options) (*Stage, error) {
	const op = "stage.Open"
	if opt.Think <= 0 {
		opt.Think = DefaultThink
	}
	opt.App = strings.TrimSuffix(opt.App, "/")
	if opt.App != "" {
		if u, err := url.Parse(opt.App); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, voice.InvalidField(op, "app", "%q is no http address", opt.App)
		}
	}
	s := &Stage{opt: opt, orders: make(chan order), askers: map[string]dialect.Asker{}}
	s.client = &http.Client{Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) open(ctx context.Context) (err error) {
	if s.folder, err = os.MkdirTemp("", "tandem-stage-"); err != nil {
		return err
	}
	if s.store, err = sqlstore.Open(ctx, sqlstore.Options{SQLitePath: filepath.Join(s.folder, "stage.db")}); err != nil {
		return err
	}
	now, box := time.Now(), secret.New()
	for _, err := range []error{
		s.store.CreateTenant(ctx, voice.Tenant{ID: tenant, Name: "Test", Country: "SE", Created: now}),
		s.store.CreateUser(ctx, voice.User{ID: owner, Tenant: tenant, Email: "test@example.com", Role: voice.RoleAdmin, Created: now}),
		s.store.CreateToken(ctx, voice.Token{ID: "hoiio", Tenant: tenant, User: owner, Kind: hoiio.Kind, Name: AppID, Sealed: box.Seal(hoiio.SealedRow(AppID), []byte(Token)), Created: now}),
		s.store.CreateToken(ctx, voice.Token{ID: "routee", Tenant: tenant, User: owner, Kind: string(routee.Kind), Name: AppID, Scopes: []string{"type:trusted"}, Created: now}),
	} {
		if err != nil {
			return err
		}
	}
	if err := s.dialects(ctx, box); err != nil {
		return err
	}
	return s.serve(ctx)
}

// tenant is the account of tests.
const tenant = "1"

func (s *Stage) dialects(ctx context.Context, box *secret.Box) error {
	key := make([]byte, 32)
	rand.Read(key)
	st, check := s.store, checker{s.store}
	bearers := auth.NewBearers(st, clock.Real())
	var err error
	s.hoiio, err = hoiio.New(hoiio.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Numbers: st, Recordings: st, Calls: st, Credentials: st,
		Auth: check, Box: box, Audio: audio{voices: s.opt.Voices}, Control: control{s}, Live: live{s: s}, Commands: commands{s: s}, Settings: st,
		Sound: func(context.Context, voice.TenantID, string) error { return nil }, CheckURL: s.check, LinkKey: key, OwnURL: s.URL})
	if err != nil {
		return err
	}
	s.routee = routee.New(routee.Config{Apps: st, Numbers: st, Resources: st, Recordings: st, Calls: st, Auth: check, Bearers: bearers,
		Audio: audio{voices: s.opt.Voices}, Control: control{s}, Live: live{s: s}, Commands: commands{s: s}})
	ringme := telphin.New(telphin.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Sounds: st, Numbers: st, Recordings: st, Calls: st, Resources: st,
		Credentials: st, Auth: check, Bearers: bearers, Audio: audio{voices: s.opt.Voices}, Control: control{s}, Live: live{s: s}, LinkKey: key})
	flo, err := smartflo.New(smartflo.Config{Tenants: st, Users: st, Extensions: st, Apps: st, Sounds: st, Numbers: st, Recordings: st, Calls: st, Resources: st,
		Credentials: st, Auth: check, Audio: audio{voices: s.opt.Voices}, Control: control{s}, Live: live{s: s}, LinkKey: key})
	if err != nil {
		return err
	}
	s.askers = map[string]dialect.Asker{string(routee.Kind): s.routee, string(telphin.Kind): ringme, string(smartflo.Kind): flo}
	t, err := st.TokenByName(ctx, string(routee.Kind), AppID)
	if err != nil {
		return err
	}
	s.bearer, err = bearers.Issue(ctx, string(routee.Kind), t, 24*time.Hour)
	return err
}

// serve begins to serve the APIs.
func (s *Stage) serve(ctx context.Context) error {
	const op = "stage.serve"
	address := s.opt.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return voice.InvalidField(op, "api", "%q is no loopback address with a port, as 127.0.0.1:9090", address)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return voice.InvalidField(op, "api", "%v", err)
	}
	s.address = l.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("/hoiio/", s.hoiio.Handler("/hoiio"))
	mux.Handle("/routee/", s.routee.Handler("/routee"))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: orderTime, ReadTimeout: 2 * orderTime, MaxHeaderBytes: 64 << 10}
	s.wg.Go(func() { _ = s.server.Serve(l) }) // ends by Close
	return nil
}

// Close ends the stage and removes its folder.
func (s *Stage) Close() error {
	var errs []error
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	s.wg.Wait()
	s.client.CloseIdleConnections()
	if s.routee != nil {
		s.routee.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.folder != "" {
		errs = append(errs, os.RemoveAll(s.folder))
	}
	return errors.Join(errs...)
}

// Tenant is whose the calls are that the APIs are about.
func (*Stage) Tenant() voice.TenantID { return tenant }

// URL is where the APIs are.
func (s *Stage) URL() string { return "http://" + s.address }

// Environment is what an application needs to know to use the APIs, as variables.
func (s *Stage) Environment() []string {
	return []string{
		"HOIIO_BASE=" + s.URL() + "/hoiio/open/", "HOIIO_APP=" + AppID, "HOIIO_TOKEN=" + Token,
		"ROUTEE_URL=" + s.URL() + "/routee", "ROUTEE_TOKEN=" + s.bearer, "ROUTEE_APP=" + AppID, "ROUTEE_SECRET=" + Token,
	}
}

// Asker gives who understands the answers of applications of a dialect.
func (s *Stage) Asker(name string) dialect.Asker { return s.askers[name] }

// Answers gives the program of a number whose calls a vendor's application answers at
// a path or an address: of kind "hoiio" it is told of them, of kind "routee" asked for
// a dial plan.
func (s *Stage) Answers(ctx context.Context, kind, path string) (*flow.Program, error) {
	const op = "stage.Answers"
	address := path
	if strings.HasPrefix(path, "/") {
		address = s.opt.App + path
	}
	app := voice.App{ID: voice.AppID(voice.NewID("A")), Tenant: tenant, Name: "number of " + kind}
	var d dialect.Dialect
	switch kind {
	case hoiio.Kind:
		made, err := hoiio.Create(ctx, tenant, s.store, s.store, []byte(`{"notify_url":`+quoted(address)+`,"app_id":"`+AppID+`"}`), time.Now())
		if err != nil {
			return nil, err
		}
		app, d = made, s.hoiio
	case string(routee.Kind):
		app.Document, d = []byte(`{"dialplanUrl":`+quoted(address)+`}`), s.routee
	default:
		return nil, voice.Errorf(op, voice.Invalid, "applications are of kind hoiio or routee, not %q", kind)
	}
	p, _, err := d.Compile(ctx, app, dialect.OpenResolver{})
	return &p, err
}

// As says which address in documents stands for the application from now on; "" = none
// but its own.
func (s *Stage) As(address string) { s.as = strings.TrimSuffix(address, "/") }

// App says where the application is reached from now on.
func (s *Stage) App(address string) { s.opt.App = strings.TrimSuffix(address, "/") }

// Conversation makes a Routee conversation, the body of its POST, what "conversation
// begins" orders.
func (s *Stage) Conversation(body []byte) { s.conversation = bytes.Clone(body) }
