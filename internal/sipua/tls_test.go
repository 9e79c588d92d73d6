package sipua_test

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/certs/certtest"
	"tandem/internal/sipua"
	"tandem/internal/sipua/transact"
	"tandem/internal/voice"
)

// TestTrunkOverTLSIsProved has a trunk over TLS known by its certificate where it is shown
// ours, by its address otherwise, and by nothing but TLS.
func TestTrunkOverTLSIsProved(t *testing.T) {
	ca, stranger := certtest.New(t, "authority"), certtest.New(t, "stranger")
	own := ca.Issue(nil, "us.example.com")
	trunk := voice.Trunk{ID: "tr1", Tenant: "1", Name: "carrier", Host: "127.0.0.1", Transport: "tls", TLSName: "carrier.example.com", TLSCA: ca.PEM}
	mutual := trunk
	mutual.TLSCert, mutual.TLSKey = own.Cert, own.Key
	plain := trunk
	plain.Transport = "udp"
	show := func(p certtest.Pair) []tls.Certificate { return []tls.Certificate{p.TLS} }
	for name, c := range map[string]struct {
		trunk voice.Trunk
		by    string
		shows []tls.Certificate
		want  sipua.PeerKind
	}{
		"its address is enough":     {trunk, "tls", nil, sipua.PeerTrunk},
		"over UDP it is not":        {trunk, "udp", nil, sipua.PeerAnonymous},
		"over TCP it is not":        {trunk, "tcp", nil, sipua.PeerAnonymous},
		"its certificate":           {mutual, "tls", show(ca.Issue(nil, "carrier.example.com")), sipua.PeerTrunk},
		"no certificate":            {mutual, "tls", nil, sipua.PeerAnonymous},
		"another's certificate":     {mutual, "tls", show(ca.Issue(nil, "crook.example.com")), sipua.PeerAnonymous},
		"one of another authority":  {mutual, "tls", show(stranger.Issue(nil, "carrier.example.com")), sipua.PeerAnonymous},
		"a trunk over UDP, by TLS":  {plain, "tls", nil, sipua.PeerTrunk},
		"a trunk over UDP, by TCP":  {plain, "tcp", nil, sipua.PeerTrunk},
		"its certificate by UDP is": {mutual, "udp", show(ca.Issue(nil, "carrier.example.com")), sipua.PeerAnonymous},
	} {
		t.Run(name, func(t *testing.T) {
			peers, secure := make(chan sipua.PeerKind, 1), make(chan bool, 1)
			a, err := sipua.Start(t.Context(), sipua.Config{
				Listen: "127.0.0.1:0", TLS: "127.0.0.1:0", ServerTLS: &tls.Config{Certificates: []tls.Certificate{own.TLS}},
				Trunks: []voice.Trunk{c.trunk}, Handler: func(inc *sipua.Incoming) { peers <- inc.Peer().Kind; secure <- inc.Secure() },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			l, err := transact.Open(transact.Config{Listen: "127.0.0.1:0", Request: func(in *transact.Inbound) { _ = in.Reply(500, "No") },
				ClientTLS: func(transact.Dest) (*tls.Config, error) {
					return &tls.Config{RootCAs: ca.Pool(), Certificates: c.shows}, nil
				}})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			to := transact.Dest{Transport: c.by, Addr: a.Addr()}
			if c.by == "tls" {
				to.Addr, _ = a.Listens("tls")
				to.Name = "us.example.com"
			}
			tx, err := l.Begin(t.Context(), invite(to.Addr), to)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Terminate()
			select {
			case got := <-peers:
				// On loopback a trunk over UDP is known by its port, which is not ours here.
				if got != c.want {
					t.Errorf("the caller is %s, not %s", got, c.want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("no call comes")
			}
			if got := <-secure; got != (c.by == "tls") {
				t.Errorf("by %s its signalling is secure: %v", c.by, got)
			}
		})
	}
}

func invite(at netip.AddrPort) *sip.Request {
	req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: "1", Host: at.Addr().String(), Port: int(at.Port())})
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", User: "caller", Host: "carrier.example.com"}}
	from.Params.Add("tag", "1")
	id := sip.CallIDHeader("call")
	for _, h := range []sip.Header{from, &sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: "1", Host: "h"}}, &id, &sip.CSeqHeader{SeqNo: 1, MethodName: sip.INVITE},
		&sip.ContactHeader{Address: sip.Uri{Scheme: "sip", User: "caller", Host: "127.0.0.1"}}} {
		req.AppendHeader(h)
	}
	return req
}

// TestTrunkOverTLSFallsBackToNothing has a carrier that offers TLS with a wrong certificate
// beside UDP and TCP: nothing is said to it, and why stands in words with the call and the trunk.
func TestTrunkOverTLSFallsBackToNothing(t *testing.T) {
	ca := certtest.New(t, "authority")
	heard := make(chan string, 16)
	carrier, err := transact.Open(transact.Config{Listen: "127.0.0.1:0", TLS: "127.0.0.1:0",
		ServerTLS: &tls.Config{Certificates: []tls.Certificate{ca.Issue(nil, "other.example.com").TLS}},
		Request:   func(in *transact.Inbound) { heard <- in.Transport(); _ = in.Reply(486, "Busy Here") }})
	if err != nil {
		t.Fatal(err)
	}
	defer carrier.Close()
	at, _ := carrier.Listens("tls")
	k := voice.Trunk{ID: "tr1", Tenant: "1", Name: "carrier", Host: at.String(), Transport: "tls", TLSName: "carrier.example.com", TLSCA: ca.PEM}
	a, err := sipua.Start(t.Context(), sipua.Config{Listen: "127.0.0.1:0", Trunks: []voice.Trunk{k}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	_, err = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+4685000"}, nil, nil)
	const want = "its certificate is for other.example.com and not for carrier.example.com"
	if err == nil || !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("the call ended with %v", err)
	}
	if st := a.TrunkStates(); len(st) != 1 || !strings.Contains(st[0].Words, want) {
		t.Errorf("the trunk's state: %+v", st)
	}
	// With its name it is called.
	k.TLSName = "other.example.com"
	a.SetTrunks([]voice.Trunk{k})
	_, err = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+4685000"}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "486") {
		t.Errorf("the call ended with %v", err)
	}
	if len(heard) != 1 || <-heard != "tls" {
		t.Error("it was called otherwise than once by TLS")
	}
	if st := a.TrunkStates(); !strings.Contains(st[0].Words, "secured by TLS") {
		t.Errorf("the trunk's state: %+v", st)
	}
}

// TestTrunkOverTLSRegistersAnew has the connection of a registration closed, by which the
// carrier's calls would come: another is made long before the registration ends.
func TestTrunkOverTLSRegistersAnew(t *testing.T) {
	ca := certtest.New(t, "authority")
	registered := make(chan struct{}, 4)
	open := func(at string) *transact.Layer {
		t.Helper()
		l, err := transact.Open(transact.Config{Listen: "127.0.0.1:0", TLS: at,
			ServerTLS: &tls.Config{Certificates: []tls.Certificate{ca.Issue(nil, "carrier.example.com").TLS}},
			Request: func(in *transact.Inbound) {
				if in.Req.Method == sip.REGISTER && in.Req.Contact().Address.UriParams.GetOr("transport", "") == "tls" {
					registered <- struct{}{}
				}
				_ = in.Reply(200, "OK")
			}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	carrier := open("127.0.0.1:0")
	at, _ := carrier.Listens("tls")
	a, err := sipua.Start(t.Context(), sipua.Config{Listen: "127.0.0.1:0", Trunks: []voice.Trunk{{ID: "tr1", Tenant: "1", Name: "carrier",
		Host: at.String(), Transport: "tls", TLSName: "carrier.example.com", TLSCA: ca.PEM, Register: true, Username: "u", Password: "p"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	receive(t, registered, "the registration")
	if err := carrier.Close(); err != nil {
		t.Fatal(err)
	}
	carrier = open(at.String())
	defer carrier.Close()
	receive(t, registered, "the registration anew")
}
