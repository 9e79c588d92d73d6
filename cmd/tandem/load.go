package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/certs"
	"tandem/internal/daemon"
	"tandem/internal/dialect"
	"tandem/internal/load"
	"tandem/internal/phone"
	"tandem/internal/prompt"
	"tandem/internal/store/sqlstore"
	"tandem/internal/suite"
	"tandem/internal/voice"
)

type loadCmd struct {
	Address   string        `arg:"" name:"address" help:"Whom to call: sip:+4685000000@192.0.2.7. Nothing else is sent to."`
	Flow      string        `required:"" placeholder:"FILE" help:"The flow that answers there, or a file of its tests (NAME.test). Without tests beside it they are made."`
	Only      string        `placeholder:"TEXT" help:"Play the tests alone whose names hold TEXT."`
	Calls     int           `default:"10" placeholder:"N" help:"Calls at once (default 10)."`
	Rate      float64       `default:"10" placeholder:"N" help:"New calls a second (default 10)."`
	For       time.Duration `placeholder:"TIME" xor:"long" help:"Begin new calls for so long."`
	Repeat    int           `default:"1" placeholder:"N" xor:"long" help:"Calls that each of the callers makes, one after the other (default 1)."`
	Least     float64       `default:"100" placeholder:"PERCENT" help:"The status is 1 when fewer of the calls passed (default 100)."`
	Much      bool          `help:"More than 1000 calls at once or 50 a second are meant."`
	Account   string        `placeholder:"ID" help:"The sounds are those of this account of the data folder."`
	From      string        `placeholder:"SIP-ADDRESS" help:"Address to show (default the number that the test says)."`
	User      string        `placeholder:"NAME" help:"User for digest authentication."`
	Password  string        `placeholder:"PASSWORD" help:"Password of --user."`
	Transport string        `enum:"udp,tcp,tls," default:"" placeholder:"udp|tcp|tls" help:"Transport (default what the address says: sips: and ;transport=tls are TLS; else udp)."`
	CA        string        `name:"ca" placeholder:"FILE" help:"Authorities (PEM) of which one has to vouch for the server over TLS (default the system's)."`
	Local     string        `placeholder:"HOST:PORT" help:"Local address (default the one that leads there)."`
}

func (c *loadCmd) Help() string {
	return "Each caller lives a test of the flow: it hears the prompts, by their sound, presses keys and ends as the test says. " +
		"Tests that set the world or need others are left out and named. docs/load.md has more."
}

// leftOut is a test that is not played.
type leftOut struct {
	Test string `json:"test"`
	Why  string `json:"why"`
}

func (c *loadCmd) Run(p *program) error {
	uri, transport, err := callee(c.Address, c.Transport)
	if err != nil {
		return err
	}
	c.Transport = transport
	callers, left, err := c.callers(p)
	left = append([]leftOut{}, left...)
	if err != nil {
		return err
	}
	if !p.cli.JSON {
		for _, l := range left {
			fmt.Fprintf(p.stderr, "left out: %s: %s\n", printable(l.Test), printable(l.Why))
		}
	}
	if len(callers) == 0 {
		return voice.InvalidField("load", "flow", "none of the %s can be played over the network", many(len(left), "test"))
	}
	o := load.Options{Target: uri, Calls: c.Calls, Rate: c.Rate, For: c.For, Repeat: c.Repeat, Much: c.Much}
	if o.Phone, err = c.phone(uri); err != nil {
		return err
	}
	if c.From == "" && c.User == "" {
		host, _, _ := net.SplitHostPort(o.Phone.Bind)
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		o.From = func(number string) string { return "sip:" + number + "@" + host }
	} else if c.From != "" {
		o.From = func(string) string { return c.From }
	}
	shows := &progress{w: p.stderr, line: coloured(p.stderr, p.env)}
	if !p.cli.JSON {
		o.Tell = shows.tell
	}
	r, err := load.Run(p.ctx, callers, o)
	shows.end()
	if r != nil {
		if shown := p.show(struct {
			Report *load.Report `json:"result"`
			Left   []leftOut    `json:"left_out"`
		}{r, left}, func(w io.Writer) { tellLoad(w, r) }); shown != nil {
			return shown
		}
	}
	switch {
	case err != nil:
		return err
	case p.ctx.Err() != nil:
		return errors.New("interrupted: the calls were ended")
	case float64(r.Passed) < c.Least/100*float64(r.Calls):
		return statusError(1)
	}
	return nil
}

// callee reads whom to call, and by which transport: a sips: address is called over
// TLS to the server, which is what we can see of the way.
func callee(address, flag string) (uri, transport string, err error) {
	uri, transport = address, flag
	rest, secure := strings.CutPrefix(address, "sips:")
	switch {
	case secure:
		uri, transport = "sip:"+rest, cmp.Or(flag, "tls")
	case !strings.HasPrefix(address, "sip:"):
		uri = "sip:" + address
	}
	if _, named, has := strings.Cut(strings.ToLower(uri), ";transport="); has {
		named, _, _ = strings.Cut(named, ";")
		transport = cmp.Or(transport, named)
	}
	if secure && transport != "tls" {
		return "", "", voice.InvalidField("load", "transport", "a sips: address is called over TLS, not %s", transport)
	}
	return uri, transport, nil
}

func (c *loadCmd) phone(uri string) (phone.Options, error) {
	o := phone.Options{Bind: c.Local, Transport: c.Transport, Username: c.User, Password: c.Password, NoRefer: true, RefuseRefer: 603}
	if c.CA != "" && c.Transport != "tls" {
		return o, voice.InvalidField("load", "ca", "authorities are of TLS, and the address is called over %s", cmp.Or(c.Transport, "udp"))
	}
	if c.Transport == "tls" {
		var u sip.Uri
		if err := sip.ParseUri(uri, &u); err != nil {
			return o, voice.InvalidField("load", "address", "%v", err)
		}
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Host}
		if c.CA != "" {
			pem, err := readFlow(c.CA)
			if err != nil {
				return o, err
			}
			roots, err := certs.Authorities(string(pem))
			if err != nil {
				return o, voice.InvalidField("load", "ca", "%v", err)
			}
			o.TLS.RootCAs = roots
		}
	}
	if o.Bind == "" {
		bind, err := phone.LocalFor(uri, "")
		if err != nil {
			return o, err
		}
		o.Bind = bind
	}
	return o, nil
}

// callers makes callers of the tests, and says which can't be.
func (c *loadCmd) callers(p *program) (callers []load.Caller, left []leftOut, err error) {
	cfg, err := p.settings(nil)
	if err != nil {
		return nil, nil, err
	}
	tests := &testCmd{}
	defer tests.close(p)
	f, err := c.tests(p, tests)
	if err != nil {
		return nil, nil, err
	}
	if f.setup.Main == nil || f.file.Application.Kind != "" {
		return nil, nil, voice.InvalidField("load", "flow", "an application answers these calls: what it does is not known here")
	}
	ready := func(st *sqlstore.Store, t voice.TenantID) error {
		clips, closing, err := daemon.OpenPrompts(p.ctx, cfg, st, slog.New(slog.NewTextHandler(p.stderr, nil)))
		if err != nil {
			return err
		}
		callers, left = c.ready(p, f, clips, t)
		return closing()
	}
	if c.Account == "" {
		err = ready(nil, "")
		return callers, left, err
	}
	err = p.withResolver(c.Account, func(st *sqlstore.Store, t voice.TenantID, _ dialect.Resolver) error { return ready(st, t) })
	return callers, left, err
}

func (c *loadCmd) ready(p *program, f *suiteFile, clips *prompt.Library, t voice.TenantID) (callers []load.Caller, left []leftOut) {
	length := func(x voice.Prompt) (time.Duration, error) {
		clip, err := clips.Clip(p.ctx, t, x)
		if clip == nil {
			return 0, cmp.Or(err, errors.New("it has no audio"))
		}
		return clip.Duration(), nil
	}
	for _, x := range f.file.Tests {
		if !strings.Contains(strings.ToLower(x.Name), strings.ToLower(c.Only)) {
			continue
		}
		s := f.setup.Script(p.ctx, f.file, x, length)
		if s.Why != "" {
			left = append(left, leftOut{x.Name, s.Why})
			continue
		}
		one, err := load.Ready(p.ctx, s, clips, t)
		if err != nil {
			left = append(left, leftOut{x.Name, err.Error()})
			continue
		}
		callers = append(callers, one)
	}
	return callers, left
}

// tests finds the tests of the flow, or makes them.
func (c *loadCmd) tests(p *program, t *testCmd) (*suiteFile, error) {
	name := c.Flow
	if !strings.HasSuffix(name, testEnding) {
		kind := kindOf(name)
		beside := strings.TrimSuffix(strings.TrimSuffix(name, filepath.Ext(name)), "."+kind) + testEnding
		if _, err := os.Stat(beside); err != nil {
			return c.written(p, kind)
		}
		name = beside
	}
	f, err := t.load(p, name)
	if err == nil && f == nil {
		err = statusError(1) // the faults are told
	}
	return f, err
}

// written makes tests as tandem test --write-missing does, and keeps them nowhere.
func (c *loadCmd) written(p *program, kind string) (*suiteFile, error) {
	whole, err := filepath.Abs(c.Flow)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tandem-load-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "flow"+testEnding)
	text := fmt.Sprintf("flow %q as %s\n", whole, kind)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return nil, err
	}
	t := &testCmd{Write: true}
	defer t.close(p)
	f, err := t.load(p, name)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, statusError(1)
	}
	made := f.setup.WriteMissing(p.ctx, f.file, &suite.Coverage{})
	if len(made.Tests) == 0 {
		return nil, voice.InvalidField("load", "flow", "no test could be made of %s: write one by hand", c.Flow)
	}
	file, faults := suite.Parse(name, []byte(suite.Append(text, made.Tests)))
	if len(faults) > 0 {
		return nil, faults[0]
	}
	f.file = file
	return f, nil
}

// progress tells how it goes: one line that is drawn again, or a line now and then.
type progress struct {
	w    io.Writer
	line bool
	n    int
}

func (s *progress) tell(x load.Progress) {
	text := fmt.Sprintf("%s: %d up, %d done: %d passed, %d failed", x.After.Round(time.Second), x.Up, x.Begun, x.Passed, x.Failed)
	if x.Unsure > 0 {
		text += fmt.Sprintf(", %d not judged", x.Unsure)
	}
	if x.Again > 0 {
		text += fmt.Sprintf("; refused %s", many(x.Again, "time"))
	}
	s.n++
	switch {
	case s.line:
		fmt.Fprintf(s.w, "\r\x1b[K%s", text)
	case s.n%10 == 0:
		fmt.Fprintln(s.w, text)
	}
}

func (s *progress) end() {
	if s.line && s.n > 0 {
		fmt.Fprint(s.w, "\r\x1b[K")
	}
}

// tellLoad tells people what came of it.
func tellLoad(w io.Writer, r *load.Report) {
	fmt.Fprintf(w, "%s in %.0f s, %d at once at most: %d passed, %d failed", many(r.Calls, "call"), r.Seconds, r.Most, r.Passed, r.Failed)
	if r.Unsure > 0 {
		fmt.Fprintf(w, ", %d not judged since the callers were late themselves", r.Unsure)
	}
	if r.Cut > 0 {
		fmt.Fprintf(w, ", %d cut off", r.Cut)
	}
	fmt.Fprintln(w)
	for _, f := range r.Faults {
		fmt.Fprintf(w, "  %s: test %q: %s\n", many(f.Count, "call"), f.Test, printable(f.Text))
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	for _, x := range []struct {
		name string
		t    *load.Times
	}{{"set-up", &r.SetUp}, {"key to prompt", &r.React}, {"jitter", &r.Jitter}, {"longest gap", &r.Gap}, {"callers late", &r.Late}} {
		if x.t.At(100) > 0 {
			row(w, x.name, "50 %: "+ms(x.t.At(50)), "95 %: "+ms(x.t.At(95)), "99 %: "+ms(x.t.At(99)), "most: "+ms(x.t.At(100)))
		}
	}
	if r.Packets > 0 {
		fmt.Fprintf(w, "%d packets, %d lost (%.3f %%)\n", r.Packets, r.Lost, 100*float64(r.Lost)/float64(r.Packets+r.Lost))
	}
	if r.Refused > 0 {
		fmt.Fprintf(w, "the server refused a call with 503 %s, and was left alone for as long as it asked\n", many(r.Refused, "time"))
	}
	if r.PerCore > 0 {
		fmt.Fprintf(w, "these callers used %.2f of %s of this machine: %.0f calls a core\n", r.CPU, many(r.Cores, "core"), r.PerCore)
	}
	switch {
	case len(r.Limits) > 0:
	case r.Passed == r.Calls:
		fmt.Fprintln(w, "nothing limited it: more calls may be tried")
	default:
		fmt.Fprintln(w, "limited by neither time, machine nor network: the calls failed for what is said above")
	}
	for _, l := range r.Limits {
		fmt.Fprintln(w, "limited by:", l)
	}
}
