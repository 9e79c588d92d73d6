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
)

// health says whether the process is alive; readiness is told apart.
type health struct{ d *Daemon }

func (h health) Health(ctx context.Context) error {
	_, err := h.d.store.ChangeCount(ctx)
	return err
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
	if d.listenerTLS != nil {
		_, port, _ := net.SplitHostPort(d.listenerTLS.Addr().String()) // of our own listener
		fmt.Fprintf(w, "           https://%s\n", net.JoinHostPort(strings.Trim(d.cfg.Host(), "[]"), port))
	}
	fmt.Fprintf(w, "  APIs     %s%s: every call of them, to be tried out\n", d.url(), docsPath)
	fmt.Fprintf(w, "  SIP      %s, UDP and TCP\n", net.JoinHostPort(d.cfg.Host(), strconv.Itoa(int(d.agent.Addr().Port()))))
	for _, more := range []struct{ transport, words string }{{"tls", "TLS"}, {"ws", "WebSocket"}, {"wss", "WebSocket over TLS"}} {
		if at, ok := d.agent.Listens(more.transport); ok {
			fmt.Fprintf(w, "           %s, %s\n", net.JoinHostPort(d.cfg.Host(), strconv.Itoa(int(at.Port()))), more.words)
		}
	}
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
