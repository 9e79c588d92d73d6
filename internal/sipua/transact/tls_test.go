package transact_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/certs/certtest"
	"tandem/internal/sipua/transact"
)

// secureServer listens by TLS with a certificate of an authority.
func secureServer(t *testing.T, p certtest.Pair, cfg transact.Config) (*transact.Layer, transact.Dest) {
	t.Helper()
	cfg.TLS, cfg.ServerTLS = "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{p.TLS}}
	l := open(t, cfg)
	at, ok := l.Listens("tls")
	if !ok {
		t.Fatal("it does not listen for TLS")
	}
	return l, transact.Dest{Transport: "tls", Addr: at, Name: "sip.example.com"}
}

// trusting opens a layer that takes certificates of an authority, and shows one of ours.
func trusting(t *testing.T, a *certtest.Authority, own ...tls.Certificate) *transact.Layer {
	t.Helper()
	return open(t, transact.Config{ClientTLS: func(transact.Dest) (*tls.Config, error) {
		return &tls.Config{RootCAs: a.Pool(), Certificates: own}, nil
	}})
}

func TestTLSRoundTrip(t *testing.T) {
	ca := certtest.New(t, "authority")
	transports := make(chan string, 8)
	server, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{Request: func(in *transact.Inbound) {
		transports <- in.Transport() + " " + in.Req.Via().Transport
		_ = in.Reply(200, "OK")
	}})
	client := trusting(t, ca)
	for n := range 3 {
		if res := ask(t, client, to, n); res.StatusCode != 200 {
			t.Fatal(res.StartLine())
		}
		if got := <-transports; got != "tls TLS" {
			t.Errorf("the request came by %s", got)
		}
	}
	if _, _, conns := server.Alive(); conns != 1 {
		t.Errorf("three requests made %d connections", conns)
	}
	if !client.Connected(to) {
		t.Error("the connection is not kept")
	}
	other := to
	other.Name = "other.example.com"
	if client.Connected(other) {
		t.Error("a connection with one name serves for another")
	}
}

// TestTLSNames has servers with all kinds of certificates asked for sip.example.com
// (RFC 5922 §7).
func TestTLSNames(t *testing.T) {
	ca, stranger := certtest.New(t, "authority"), certtest.New(t, "stranger")
	for name, c := range map[string]struct {
		by     *certtest.Authority
		names  []string
		change func(*x509.Certificate)
		asked  string // "" = sip.example.com
		want   string // "" = it is taken
	}{
		"its name":            {by: ca, names: []string{"sip.example.com"}},
		"its name of several": {by: ca, names: []string{"a.example", "SIP.Example.COM"}},
		"its SIP URI":         {by: ca, names: []string{"sip:sip.example.com"}},
		"its address":         {by: ca, names: []string{"127.0.0.1"}, asked: "127.0.0.1"},
		"a wildcard asked":    {by: ca, names: []string{"*.example.com"}, asked: "*.example.com"},
		"a wildcard":          {by: ca, names: []string{"*.example.com"}, want: "its certificate is for *.example.com and not for sip.example.com"},
		"another's":           {by: ca, names: []string{"sip.example.org"}, want: "its certificate is for sip.example.org and not for sip.example.com"},
		"a domain above":      {by: ca, names: []string{"example.com"}, want: "and not for sip.example.com"},
		"a URI goes first":    {by: ca, names: []string{"sip:other.example", "sip.example.com"}, want: "for other.example and not"},
		"a URI of a user":     {by: ca, names: []string{"sip:bob@sip.example.com"}, want: "for nobody that it names as it should"},
		"a stranger's":        {by: stranger, names: []string{"sip.example.com"}, want: "its certificate is signed by no authority that is trusted here"},
		"out of date": {by: ca, names: []string{"sip.example.com"}, change: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
		}, want: "its certificate was valid until "},
		"too early": {by: ca, names: []string{"sip.example.com"}, change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) },
			want: "its certificate is not valid before "},
		"for clients": {by: ca, names: []string{"sip.example.com"}, change: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, want: "its certificate is not for this use"},
	} {
		t.Run(name, func(t *testing.T) {
			_, to := secureServer(t, c.by.Issue(c.change, c.names...), transact.Config{})
			if c.asked != "" {
				to.Name = c.asked
			}
			client := trusting(t, ca)
			tx, err := client.Begin(t.Context(), options(client, 1), to)
			switch {
			case err == nil:
				tx.Terminate()
				if c.want != "" {
					t.Error("it was taken")
				}
			case c.want == "" || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v, not %q", err, c.want)
			}
			if _, _, conns := client.Alive(); c.want != "" && conns != 0 {
				t.Errorf("%d connections are left", conns)
			}
		})
	}
}

// TestTLSWithoutWhomToProve has nothing sent to a place that nobody has to prove to be.
func TestTLSWithoutWhomToProve(t *testing.T) {
	ca := certtest.New(t, "authority")
	_, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{})
	to.Name = ""
	client := trusting(t, ca)
	if _, err := client.Begin(t.Context(), options(client, 1), to); err == nil || !strings.Contains(err.Error(), transact.ErrGone.Error()) {
		t.Errorf("begun, or refused with %v", err)
	}
}

// TestTLSBothWays has a server ask whom its client proves to be.
func TestTLSBothWays(t *testing.T) {
	ca, stranger := certtest.New(t, "authority"), certtest.New(t, "stranger")
	proved := make(chan error, 1)
	_, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{Request: func(in *transact.Inbound) {
		proved <- in.Proves("carrier.example.com", ca.Pool())
		_ = in.Reply(200, "OK")
	}})
	for name, c := range map[string]struct {
		shows []tls.Certificate
		want  string
	}{
		"its own":      {[]tls.Certificate{ca.Issue(nil, "carrier.example.com").TLS}, ""},
		"none":         {nil, "it showed no certificate"},
		"another's":    {[]tls.Certificate{ca.Issue(nil, "crook.example.com").TLS}, "for crook.example.com and not for carrier.example.com"},
		"a stranger's": {[]tls.Certificate{stranger.Issue(nil, "carrier.example.com").TLS}, "signed by no authority that is trusted here"},
	} {
		client := trusting(t, ca, c.shows...)
		ask(t, client, to, 1)
		err := <-proved
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %q", name, err, c.want)
		}
	}
}

// TestTLSServerWhoAsks has a server that takes none without a certificate: the call ends at
// once, for TLS 1.3 tells it after the request was sent.
func TestTLSServerWhoAsks(t *testing.T) {
	ca := certtest.New(t, "authority")
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Issue(nil, "sip.example.com").TLS},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := ln.Accept()
		if err == nil {
			_ = c.(*tls.Conn).HandshakeContext(t.Context())
			_ = c.Close()
		}
	}()
	defer func() { ln.Close(); <-done }()
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	to := transact.Dest{Transport: "tls", Addr: at, Name: "sip.example.com"}
	client := trusting(t, ca)
	tx, err := client.Begin(t.Context(), options(client, 1), to)
	if err != nil {
		if !strings.Contains(err.Error(), "tls") { // its refusal was faster than our request
			t.Error(err)
		}
		return
	}
	defer tx.Terminate()
	select {
	case <-tx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for an answer")
	}
	if words := client.Closed(to); !strings.Contains(words, "certificate required") {
		t.Errorf("why it ended: %q", words)
	}
}

// TestTLSHostile has peers that spoil the handshake or what comes after it; a sound one is
// served beside them, and nothing is left of them.
func TestTLSHostile(t *testing.T) {
	ca := certtest.New(t, "authority")
	server, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{
		Limits: transact.Limits{Handshake: 300 * time.Millisecond, FirstMessage: 500 * time.Millisecond, MessageComplete: 500 * time.Millisecond},
	})
	client := trusting(t, ca)
	sound := func() {
		t.Helper()
		if res := ask(t, client, to, int(time.Now().UnixNano())); res.StatusCode != 200 {
			t.Fatal(res.StartLine())
		}
	}
	sound()
	trust := &tls.Config{RootCAs: ca.Pool(), ServerName: "sip.example.com"}
	raw := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", to.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	closes := func(what string, c net.Conn) {
		t.Helper()
		if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: the connection stays open", what)
		}
	}
	said := "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

	c := raw() // says nothing
	closes("silence", c)
	c = raw() // half a record
	_, _ = c.Write([]byte{0x16, 3, 1, 0x40, 0})
	closes("half a record", c)
	c = raw() // plain SIP
	_, _ = c.Write([]byte(said))
	closes("plain SIP", c)
	c = raw() // plain HTTP
	_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	closes("HTTP", c)
	sound()

	old := trust.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if err := tls.Client(raw(), old).Handshake(); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	web := trust.Clone()
	web.NextProtos = []string{"h2", "http/1.1"}
	if err := tls.Client(raw(), web).Handshake(); err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("a web browser's TLS: %v", err)
	}
	s := tls.Client(raw(), trust) // handshakes and is silent
	if err := s.Handshake(); err != nil {
		t.Fatal(err)
	}
	closes("silence after the handshake", s)
	s = tls.Client(raw(), trust) // a byte a record, and none is the last
	if err := s.Handshake(); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if _, err := s.Write([]byte(said[i : i+1])); err != nil {
			break
		}
	}
	closes("single octets", s)
	s = tls.Client(raw(), trust) // an endless header section
	if err := s.Handshake(); err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := s.Write([]byte(strings.Repeat("X: y\r\n", 200))); err != nil {
			break
		}
	}
	closes("an endless message", s)
	sound()
	if n := server.Counters().Handshakes; n < 6 {
		t.Errorf("%d failed handshakes are counted", n)
	}
	left(t, server, 1)
}

// TestTLSFlood has more connections than may be, none of which says a word.
func TestTLSFlood(t *testing.T) {
	ca := certtest.New(t, "authority")
	server, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{
		Limits: transact.Limits{PerAddress: 20, Rate: -1, Handshake: 20 * time.Second},
		Exempt: nil,
	})
	for range 200 {
		c, err := net.Dial("tcp", to.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	deadline := time.After(10 * time.Second)
	for server.Counters().Connections < 180 {
		select {
		case <-deadline:
			t.Fatalf("only %d of 200 connections are refused", server.Counters().Connections)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if _, _, conns := server.Alive(); conns > 20 {
		t.Errorf("%d connections are open", conns)
	}
}

// TestLostConnectionIsTold has a peer's own connection closed, by which it waited.
func TestLostConnectionIsTold(t *testing.T) {
	ca := certtest.New(t, "authority")
	lost, came := make(chan transact.Dest, 1), make(chan transact.Dest, 1)
	server, to := secureServer(t, ca.Issue(nil, "sip.example.com"), transact.Config{
		Lost: func(d transact.Dest) { lost <- d },
		Request: func(in *transact.Inbound) {
			came <- transact.Dest{Transport: in.Transport(), Addr: in.Source()}
			_ = in.Reply(200, "OK")
		},
	})
	client, err := transact.Open(transact.Config{Listen: "127.0.0.1:0", Request: func(*transact.Inbound) {},
		ClientTLS: func(transact.Dest) (*tls.Config, error) { return &tls.Config{RootCAs: ca.Pool()}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ask(t, client, to, 1)
	way := <-came
	tx, err := server.Begin(t.Context(), options(server, 2), way) // back by the same connection
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-tx.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("what waited for an answer goes on waiting")
	}
	if got := <-lost; got != way {
		t.Errorf("%v was lost, not %v", got, way)
	}
	if _, err := server.Begin(t.Context(), options(server, 3), way); err == nil {
		t.Error("it is still reached")
	}
	if words := server.Closed(way); words == "" {
		t.Error("nobody says why")
	}
}

// left waits until a layer has no more than so many connections.
func left(t *testing.T, l *transact.Layer, want int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		_, _, conns := l.Alive()
		if conns == want {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d connections are left, not %d", conns, want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
