package e2e_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/certs/certtest"
	"tandem/internal/phone"
)

// secured gives what a server listens for TLS with, at sipTLS, and the file of its authority.
func secured(t *testing.T, ca *certtest.Authority, sipTLS string) (env []string, authority string) {
	t.Helper()
	dir := t.TempDir()
	cert, key := ca.Issue(nil, "127.0.0.1", "localhost").Files(dir)
	authority = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(authority, []byte(ca.PEM), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"TANDEM_SIP_TLS=" + sipTLS, "TANDEM_TLS_CERT=" + cert, "TANDEM_TLS_KEY=" + key}, authority
}

// by says whether a message of the timeline went by a transport.
func (v shown) by(transport, text string) bool {
	for _, e := range v.Events {
		if e.Kind == "sip" && strings.Contains(e.Text, text) && e.Data["transport"] == transport {
			return true
		}
	}
	return false
}

// TestBaresipOverTLS has baresip register by TLS, call the menu and be called, all by the
// connection that it made.
func TestBaresipOverTLS(t *testing.T) {
	t.Parallel()
	ca, at := certtest.New(t, "authority"), freeAddr(t)
	env, authority := secured(t, ca, at)
	o := newOffice(t, env...)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	ext := o.server.fields("extension", "add", "102", "--account", o.id)
	b := startBaresip(t, fmt.Sprintf("<sip:%s@%s;transport=tls>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		text(t, ext, "username"), at, text(t, ext, "username"), text(t, ext, "password")), tone(700, 60*time.Second), "sip_cafile "+authority)
	b.says(t, "200 OK", 10*time.Second)
	if got := o.phones(t, "102"); len(got) != 1 || got[0].Transport != "tls" {
		t.Fatalf("registered: %+v", got)
	}

	b.command("dial", "sip:"+o.number+"@"+at+";transport=tls")
	in := b.reachesTheDesk(t, o, o.sound(menu, "Main Menu"), 15*time.Second)
	hangUp(in)
	v := o.ended(t, o.number, 10*time.Second)
	for _, want := range []string{"received INVITE", "sent 200 OK for INVITE", "received ACK"} {
		if !v.by("tls", want) {
			t.Errorf("no %q by TLS:\n%s", want, v)
		}
	}
	b.command("hangup", "")

	c := dial(t, o.desk, o.server, "102")
	hearsTone(t, c, 700)
	hangUp(c)
	v = o.ended(t, "102", 10*time.Second)
	for _, want := range []string{"sent INVITE", "received 200", "sent ACK", "sent BYE"} {
		if !v.by("tls", want) {
			t.Errorf("no %q by TLS:\n%s", want, v)
		}
	}

	// Its connection is the only way to it, and its registration ends with it.
	b.proc.Kill()
	if !eventually(10*time.Second, func() bool { return len(o.phones(t, "102")) == 0 }) {
		t.Errorf("still registered: %+v", o.phones(t, "102"))
	}
}

// TestOpenSSLChecksTLS has OpenSSL look at the ports: their certificate, which is read anew
// when it changes, and what is refused.
func TestOpenSSLChecksTLS(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("openssl is not installed; scripts/setup-test.sh installs it")
	}
	ca, at, web := certtest.New(t, "authority"), freeAddr(t), freeAddr(t)
	env, authority := secured(t, ca, at)
	s := start(t, append(env, "TANDEM_HTTP_TLS="+web)...)
	ask := func(addr string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", addr, "-CAfile", authority, "-verify_return_error", "-brief"}, args...)...)
		out, _ := cmd.CombinedOutput() // what it says is looked at
		return string(out)
	}
	for _, addr := range []string{at, web} {
		if got := ask(addr, "-verify_ip", "127.0.0.1"); !strings.Contains(got, "Verification: OK") || !strings.Contains(got, "TLSv1.3") {
			t.Errorf("%s:\n%s", addr, got)
		}
		if got := ask(addr, "-tls1_2"); !strings.Contains(got, "Verification: OK") || !strings.Contains(got, "ECDHE") {
			t.Errorf("%s by TLS 1.2:\n%s", addr, got)
		}
		if got := ask(addr, "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"); strings.Contains(got, "ESTABLISHED") {
			t.Errorf("%s by TLS 1.1:\n%s", addr, got)
		}
	}
	if got := ask(at, "-alpn", "h2"); strings.Contains(got, "ESTABLISHED") {
		t.Errorf("a web browser's protocol at the port for SIP:\n%s", got)
	}
	cmd := exec.CommandContext(t.Context(), "openssl", "s_client", "-connect", at, "-CAfile", authority, "-tls1_2")
	cmd.Stdin = strings.NewReader("R\n") // asks for a renegotiation
	if out, _ := cmd.CombinedOutput(); !strings.Contains(string(out), "RENEGOTIATING") || !strings.Contains(string(out), "SSL alert number") {
		t.Errorf("renegotiation:\n%s", out)
	}

	// Another certificate takes the place of the first without a start.
	cert, _ := strings.CutPrefix(env[1], "TANDEM_TLS_CERT=")
	ca.Issue(nil, "127.0.0.1", "renewed.example").Files(filepath.Dir(cert))
	shows := func(name string) bool {
		c, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].VerifyHostname(name) == nil
	}
	if !eventually(10*time.Second, func() bool { return shows("renewed.example") }) {
		t.Error("the new certificate is not shown")
	}
	if err := os.WriteFile(cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !eventually(10*time.Second, func() bool { shows("x"); return strings.Contains(s.log.String(), "the old one stays") }) {
		t.Errorf("a broken certificate is not spoken of:\n%s", s.log)
	}
	if !shows("renewed.example") {
		t.Error("a broken certificate took the place of the sound one")
	}
}

// TestOwnCertificate has a server without a certificate sign one itself, keep it, and say so.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	web := freeAddr(t)
	s := start(t, "TANDEM_HTTP_TLS="+web)
	shown := func() *x509.Certificate {
		c, err := tls.Dial("tcp", web, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Errorf("over TLS: %q %v", line, err)
		}
		return c.ConnectionState().PeerCertificates[0]
	}
	first := shown()
	for _, name := range []string{"127.0.0.1", "localhost"} {
		if err := first.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if st, err := os.Stat(filepath.Join(s.data, "tls", "self-signed.key")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("its key: %v %v", st, err)
	}
	s.stop()
	s.run()
	if !shown().Equal(first) {
		t.Error("another start shows another certificate")
	}
	var found struct {
		Findings []struct{ Check, State, Words string }
	}
	out, _ := s.try("doctor", "--json") // mail is not set up, which is a warning
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := ""
	for _, f := range found.Findings {
		if f.Check == "certificate" {
			said += f.State + " " + f.Words + "\n"
		}
	}
	if !strings.Contains(said, "ok for [") || !strings.Contains(said, "warning it is signed by itself") {
		t.Errorf("the doctor says of the certificate:\n%s", said)
	}
}

// TestKamailioTLSTrunk has a carrier whose edge is kamailio, which is reached by TLS alone
// and checks us as we check it: calls go out and come in. A carrier with another name is
// called by nothing less.
func TestKamailioTLSTrunk(t *testing.T) {
	t.Parallel()
	ca, at := certtest.New(t, "authority"), freeAddr(t)
	env, authority := secured(t, ca, at)
	o := newOffice(t, append(env, "TANDEM_TLS_AUTHORITIES="+authority)...)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	o.server.cli("trunk", "remove", "carrier", "--account", o.id)

	dir := t.TempDir()
	cert, key := ca.Issue(nil, "localhost").Files(dir)
	_, port, _ := net.SplitHostPort(at)
	_, far, _ := net.SplitHostPort(o.carrier.Addr().String())
	k := &kamailio{log: &lockedBuffer{}, udp: freeAddr(t), tcp: freeAddr(t)}
	k.run(t, "tls.cfg", "@SERVER@", port, "@FAR@", far, "@CERT@", cert, "@KEY@", key, "@CA@", authority)
	_, edge, _ := net.SplitHostPort(k.tcp)

	own := t.TempDir()
	ours, ourKey := ca.Issue(nil, "us.example.com").Files(own)
	add := func(name string, more ...string) {
		t.Helper()
		o.server.cli(append([]string{"trunk", "add", name, "--account", o.id, "--host", "localhost:" + edge, "--transport", "tls",
			"--tls-ca", authority, "--tls-cert", ours, "--tls-key", ourKey}, more...)...)
	}
	add("edge")
	c := o.call(t)
	press(t, c, "1")
	in := rings(t, o.carrier, 15*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go in.Play(t.Context(), tone(1100, 4*time.Second))
	hearsTone(t, c, 1100)
	hangUp(c)
	ends(t, in, 5*time.Second)
	v := o.ended(t, o.number, 10*time.Second)
	for _, want := range []string{"sent INVITE", "received 200", "sent ACK", "sent BYE"} {
		if !v.by("tls", want) {
			t.Errorf("no %q by TLS:\n%s", want, v)
		}
	}
	if got := o.server.cli("trunk", "list", "--account", o.id); !strings.Contains(got, "shown a certificate") {
		t.Errorf("trunk list: %s", got)
	}

	// From the carrier, by kamailio, which connects to us and shows its certificate.
	caller := newPhone(t, phone.Options{Proxy: k.udp})
	c = dial(t, caller, o.server, o.number)
	hears(t, c, "Main Menu", o.sound(menu, "Main Menu"), 0, 10*time.Second)
	hangUp(c)
	var calls []callLine
	if !eventually(10*time.Second, func() bool {
		calls = o.server.calls(t)
		return len(calls) == 2 && !calls[0].End.IsZero()
	}) {
		t.Fatalf("%+v", calls)
	}
	v = o.server.show(t, calls[0].ID)
	if !v.by("tls", "received INVITE") {
		t.Errorf("the carrier's call:\n%s", v)
	}

	// One whose telephones know no SRTP, which has to be.
	o.server.cli("trunk", "remove", "edge", "--account", o.id)
	add("secret", "--srtp", "required")
	c = o.call(t)
	press(t, c, "1")
	if !eventually(15*time.Second, func() bool {
		calls = o.server.calls(t)
		return strings.Contains(o.server.show(t, calls[0].ID).String(), "failed (400 Bad Request from number") // it reads no RTP/SAVP
	}) {
		t.Errorf("media in plain was agreed on:\n%s", o.server.show(t, calls[0].ID))
	}
	hangUp(c)
	o.server.cli("trunk", "remove", "secret", "--account", o.id)

	// One that does not prove its name.
	add("crook", "--tls-name", "carrier.example.com")
	c = o.call(t)
	press(t, c, "1")
	want := "its certificate is for localhost and not for carrier.example.com"
	passed := k.passed("INVITE", "tls")
	if !eventually(15*time.Second, func() bool {
		calls = o.server.calls(t)
		return strings.Contains(o.server.show(t, calls[0].ID).String(), want)
	}) {
		t.Errorf("nobody says why:\n%s", o.server.show(t, calls[0].ID))
	}
	hangUp(c)
	if k.passed("INVITE", "tls") != passed {
		t.Error("it was called all the same")
	}
	if got, _ := o.server.try("doctor"); !strings.Contains(got, want) {
		t.Errorf("the doctor does not say so:\n%s", got)
	}
}

// registered is a telephone of an extension.
type registered struct {
	Transport string `json:"transport"`
}

func (o *office) phones(t *testing.T, number string) []registered {
	t.Helper()
	var list []struct {
		Number string       `json:"number"`
		Phones []registered `json:"phones"`
	}
	if err := json.Unmarshal([]byte(o.server.cli("extension", "list", "--account", o.id, "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Number == number {
			return e.Phones
		}
	}
	return nil
}
