package daemon

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"tandem/internal/admin"
	"tandem/internal/sipua"
	"tandem/internal/voice"
	"tandem/internal/web"
)

// health says whether the process is alive; readiness is told apart.
type health struct{ d *Daemon }

func (h health) Health(ctx context.Context) error {
	_, err := h.d.store.ChangeCount(ctx)
	return err
}

// status gives the web page what it shows.
type status struct{ d *Daemon }

func (s status) Status(ctx context.Context, t voice.TenantID) (web.Report, error) {
	d := s.d
	tenant, err := d.store.Tenant(ctx, t)
	if err != nil {
		return web.Report{}, err
	}
	numbers, err := d.store.Numbers(ctx, t)
	if err != nil {
		return web.Report{}, err
	}
	report := web.Report{Account: tenant.Name}
	for _, n := range numbers {
		if report.SIPAddress == "" && !n.Dest.IsZero() {
			report.SIPAddress = d.callAddress(n.E164)
		}
		report.Facts = append(report.Facts, web.Fact{Name: "Number " + string(n.E164), Text: "goes to " + d.destText(ctx, t, n.Dest)})
	}
	trunks, err := d.store.Trunks(ctx, t)
	if err != nil {
		return web.Report{}, err
	}
	states := d.trunkStates()
	for _, k := range trunks {
		report.Facts = append(report.Facts, web.Fact{Name: "Trunk " + k.Name, Text: k.Host + ", " + trunkWords(k, states[k.ID])})
	}
	up := 0
	for _, info := range d.board.Live() {
		if info.Tenant == t {
			up++
		}
	}
	report.Facts = append(report.Facts,
		web.Fact{Name: "Calls up now", Text: strconv.Itoa(up)},
		web.Fact{Name: "Version", Text: d.opt.Version})
	if len(d.prompts.SpeechVoices()) == 0 {
		report.Warnings = append(report.Warnings, "No speech engine is installed: prompts are the built-in English ones.")
	}
	if d.cfg.SMTP.Host == "" {
		report.Warnings = append(report.Warnings, "No mail server is set: voice messages are kept here and not mailed.")
	}
	return report, nil
}

func (d *Daemon) destText(ctx context.Context, t voice.TenantID, dest voice.Destination) string {
	if dest.Kind == voice.ToApp {
		if a, err := d.store.App(ctx, t, voice.AppID(dest.ID)); err == nil {
			return "app " + a.Name
		}
	}
	return dest.String()
}

func trunkWords(k voice.Trunk, s sipua.TrunkState) string {
	if !k.Register {
		return "without registration"
	}
	if s.Words == "" {
		return "not tried yet"
	}
	return s.Words
}

func (d *Daemon) trunkStates() map[voice.TrunkID]sipua.TrunkState {
	states := map[voice.TrunkID]sipua.TrunkState{}
	for _, s := range d.agent.TrunkStates() {
		states[s.Trunk] = s
	}
	return states
}

// putTrunkStates stores what changed about the trunks, for the other commands.
func (d *Daemon) putTrunkStates(ctx context.Context) {
	if d.toldTrunks == nil {
		d.toldTrunks = map[voice.TrunkID]string{}
	}
	for _, s := range d.agent.TrunkStates() {
		if d.toldTrunks[s.Trunk] == s.Words {
			continue
		}
		d.toldTrunks[s.Trunk] = s.Words
		if err := admin.PutTrunkState(ctx, d.store, s.Trunk, admin.TrunkState{Registered: s.Registered, Words: s.Words, At: time.Now()}); err != nil {
			d.log.Warn("state of a trunk not stored", "trunk", s.Trunk, "err", err)
		}
	}
}

// callAddress is what a telephone dials to reach a number here.
func (d *Daemon) callAddress(n voice.E164) string {
	host := d.cfg.Host()
	if strings.Contains(host, ":") {
		host = "[" + strings.Trim(host, "[]") + "]"
	}
	if port := d.agent.Addr().Port(); port != 5060 {
		host += ":" + strconv.Itoa(int(port))
	}
	return "sip:" + string(n) + "@" + host
}

func (d *Daemon) serverInfo(ctx context.Context) admin.Server {
	s := admin.Server{
		HTTP: reachable(d.listener.Addr().String()), SIP: reachable(d.agent.Addr().String()),
		Host: d.cfg.Host(), URL: d.url(), PID: os.Getpid(), Started: time.Now(),
		Realm: d.cfg.Realm, AllowLoopback: d.cfg.AllowLoopback,
	}
	if n, ok := d.menuNumber(ctx); ok {
		s.Call = d.callAddress(n)
	}
	return s
}

// url is what links begin with, with the port that was really taken.
func (d *Daemon) url() string {
	if _, port, err := net.SplitHostPort(d.cfg.HTTP); err == nil && port == "0" && d.cfg.BaseURL == "" {
		_, port, _ = net.SplitHostPort(d.listener.Addr().String())
		return "http://" + net.JoinHostPort(strings.Trim(d.cfg.Host(), "[]"), port)
	}
	return d.cfg.URL()
}

// reachable makes an address that listens everywhere one that can be called.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// menuNumber gives a number that an app answers.
func (d *Daemon) menuNumber(ctx context.Context) (voice.E164, bool) {
	tenants, err := d.store.Tenants(ctx)
	if err != nil {
		return "", false
	}
	for _, t := range tenants {
		numbers, err := d.store.Numbers(ctx, t.ID)
		if err != nil {
			return "", false
		}
		for _, n := range numbers {
			if n.Dest.Kind == voice.ToApp {
				return n.E164, true
			}
		}
	}
	return "", false
}

// banner tells the person at the terminal where things are.
func (d *Daemon) banner(ctx context.Context) {
	w := d.opt.Stdout
	fmt.Fprintf(w, "\nTandem %s is running.\n\n", d.opt.Version)
	fmt.Fprintf(w, "  web      %s\n", d.url())
	fmt.Fprintf(w, "  APIs     %s%s: every call of them, to be tried out\n", d.url(), docsPath)
	fmt.Fprintf(w, "  SIP      %s, UDP and TCP\n", net.JoinHostPort(d.cfg.Host(), strconv.Itoa(int(d.agent.Addr().Port()))))
	if n, ok := d.menuNumber(ctx); ok {
		fmt.Fprintf(w, "  call     %s\n           or in another terminal: bin/tandem call %s\n", d.callAddress(n), d.callAddress(n))
	}
	if d.setupLink != "" {
		fmt.Fprintf(w, "  owner    you log in as %s; set your password here, once, within seven days:\n           %s\n", d.owner, d.setupLink)
	}
	if d.samplePhone != "" {
		fmt.Fprintf(w, "  phone    %s\n", d.samplePhone)
	}
	fmt.Fprintln(w)
}
