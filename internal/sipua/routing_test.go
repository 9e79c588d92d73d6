package sipua_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/sipua/dnstest"
	"tandem/internal/voice"
)

// notes keeps what a Dial tells in words.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) note(words string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, words)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, "\n")
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func closedPort(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// TestFailOver calls a name whose first place is a black hole, its second a
// closed port, its third refuses with 503 and its fourth answers (RFC 3263 §4.3).
func TestFailOver(t *testing.T) {
	hole, closed, full := newPeer(t, nil), closedPort(t), newPeer(t, nil)
	good := start(t, sipua.Config{Handler: answering(4000, nil)})
	ns := dnstest.Start(t,
		"carrier.test. 60 IN NAPTR 10 10 \"s\" \"SIP+D2U\" \"\" _sip._udp.carrier.test.",
		"_sip._udp.carrier.test. 60 IN SRV 1 0 "+portOf(t, hole.addr())+" host.test.",
		"_sip._udp.carrier.test. 60 IN SRV 2 0 "+portOf(t, closed)+" host.test.",
		"_sip._udp.carrier.test. 60 IN SRV 3 0 "+portOf(t, full.addr())+" host.test.",
		"_sip._udp.carrier.test. 60 IN SRV 4 0 "+portOf(t, good.Addr().String())+" host.test.",
		"host.test. 60 IN A 127.0.0.1")
	a := start(t, sipua.Config{NameServers: []string{ns.Addr}})
	go func() {
		m := full.until("INVITE ", "INVITE")
		full.respond(m, 503, "Service Unavailable", "x", "", "Retry-After: 120")
	}()
	k := voice.Trunk{ID: "k", Name: "carrier", Host: "carrier.test"}
	var n notes
	d, err := a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123", From: "me", Note: n.note}, sdp(5000), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, n.String())
	}
	for _, want := range []string{
		"udp " + hole.addr() + " failed (no sign of life", "udp " + closed + " failed (nobody listens",
		"udp " + full.addr() + " failed (503 Service Unavailable), trying udp " + good.Addr().String(),
	} {
		if !strings.Contains(n.String(), want) {
			t.Errorf("no note %q in:\n%s", want, n.String())
		}
	}
	d.Hangup(voice.CauseNormal, "")
	// What failed is passed over now.
	var again notes
	d, err = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123", From: "me", Note: again.note}, sdp(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Hangup(voice.CauseNormal, "")
	if again.String() != "" {
		t.Errorf("the second call still tries what failed:\n%s", again.String())
	}
	places, err := a.Locate(t.Context(), sipua.Target{Trunk: &k})
	if err != nil || len(places) != 4 || places[0].Addr != good.Addr() || places[0].Name != "host.test" {
		t.Errorf("places %v, %v", places, err)
	}
}

// TestAllPlacesFail gives the last reason, and the end of ringing is not a failure of a place.
func TestAllPlacesFail(t *testing.T) {
	one, two := closedPort(t), closedPort(t)
	ns := dnstest.Start(t,
		"_sip._tcp.gone.test. 60 IN SRV 1 0 "+portOf(t, one)+" host.test.",
		"_sip._tcp.gone.test. 60 IN SRV 2 0 "+portOf(t, two)+" host.test.",
		"host.test. 60 IN A 127.0.0.1")
	a := start(t, sipua.Config{NameServers: []string{ns.Addr}})
	var n notes
	_, err := a.Dial(t.Context(), sipua.Target{URI: "sip:x@gone.test;transport=tcp", Note: n.note}, sdp(5000), nil)
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(n.String(), "trying tcp "+two) {
		t.Errorf("%v\n%s", err, n.String())
	}
	_, err = a.Dial(t.Context(), sipua.Target{URI: "sip:x@unknown.test"}, sdp(5000), nil)
	if !voice.IsKind(err, voice.Unavailable) || !strings.Contains(err.Error(), "the name has no address") {
		t.Errorf("an unknown name: %v", err)
	}
}

// TestTooLargeForUDP sends large requests by TCP where it can (RFC 3261 §18.1.1).
func TestTooLargeForUDP(t *testing.T) {
	big := map[string]string{"X-Filler": strings.Repeat("x", 1500)}
	arrived := make(chan string, 1)
	both := start(t, sipua.Config{Handler: answering(4000, func(inc *sipua.Incoming) { arrived <- inc.Transport() })})
	a := start(t, sipua.Config{})
	var n notes
	d, err := a.Dial(t.Context(), sipua.Target{URI: uri("x", both), Headers: big, Note: n.note}, sdp(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	if how := receive(t, arrived, "the call"); how != "tcp" || !strings.Contains(n.String(), "too large for UDP and goes to tcp") {
		t.Errorf("it came by %s:\n%s", how, n.String())
	}
	d.Hangup(voice.CauseNormal, "")

	p := newPeer(t, nil) // UDP alone
	for i, want := range []string{"takes no TCP connection", "took no TCP connection before"} {
		var n notes
		done := make(chan error, 1)
		go func() {
			_, err := a.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr(), Headers: big, Note: n.note}, sdp(5000), nil)
			done <- err
		}()
		m := p.until("INVITE ", "INVITE")
		if !strings.Contains(m.header("Via"), "SIP/2.0/UDP") || strings.Contains(m.header("Contact"), "transport=tcp") {
			t.Errorf("call %d: Via %s, Contact %s", i, m.header("Via"), m.header("Contact"))
		}
		p.respond(m, 486, "Busy Here", "x", "")
		if err := receive(t, done, "the end"); !voice.IsKind(err, voice.Busy) || !strings.Contains(n.String(), want) {
			t.Errorf("call %d: %v\n%s", i, err, n.String())
		}
	}
}

// TestServiceRoute registers by an outbound proxy, and calls go the way that the
// registrar asked for (RFC 3608).
func TestServiceRoute(t *testing.T) {
	proxy, next := newPeer(t, nil), newPeer(t, nil)
	a := start(t, sipua.Config{})
	k := voice.Trunk{ID: "k", Name: "carrier", Host: "registrar.invalid", Username: "me", Password: "pw", Register: true, Proxy: proxy.addr()}
	a.SetTrunks([]voice.Trunk{k})
	m := proxy.until("REGISTER ", "REGISTER")
	if m.start != "REGISTER sip:registrar.invalid SIP/2.0" || m.header("Route") != "<sip:"+proxy.addr()+";lr>" {
		t.Errorf("REGISTER %q with Route %q", m.start, m.header("Route"))
	}
	contact := "Contact: " + m.header("Contact") + ";expires=3600"
	proxy.respond(m, 200, "OK", "t", "", contact, "Service-Route: <sip:"+next.addr()+";lr>, <sip:far.test;lr>")
	state(t, a, func(s sipua.TrunkState) bool {
		return s.Registered && s.Words == "registered, calls go by 127.0.0.1, far.test"
	})
	call := func(k voice.Trunk, to *rawPeer) message {
		t.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123", From: "me"}, sdp(5000), nil)
		}()
		inv := to.until("INVITE ", "INVITE")
		to.respond(inv, 486, "Busy Here", "x", "")
		receive(t, done, "the end")
		return inv
	}
	inv := call(k, proxy)
	if inv.start != "INVITE sip:+46123@registrar.invalid SIP/2.0" ||
		!slices.Equal(inv.all("Route"), []string{"<sip:" + proxy.addr() + ";lr>", "<sip:" + next.addr() + ";lr>", "<sip:far.test;lr>"}) {
		t.Errorf("%s with Route %q", inv.start, inv.all("Route"))
	}
	direct := k
	direct.Proxy = ""
	if inv := call(direct, next); !slices.Equal(inv.all("Route"), []string{"<sip:" + next.addr() + ";lr>", "<sip:far.test;lr>"}) {
		t.Errorf("without the proxy: Route %q", inv.all("Route"))
	}
}

// TestStrictRoute makes the first route the request URI where it has no lr (RFC
// 3261 §12.2.1.1).
func TestStrictRoute(t *testing.T) {
	p := newPeer(t, nil)
	a := start(t, sipua.Config{})
	done := make(chan *sipua.Dialog, 1)
	go func() {
		d, _ := a.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr()}, sdp(5000), nil)
		done <- d
	}()
	inv := p.until("INVITE ", "INVITE")
	rr := []string{"Record-Route: <sip:second.invalid;lr>", "Record-Route: <sip:" + p.addr() + ">"}
	p.respond(inv, 200, "OK", "t", string(sdp(6000)), append(rr, "Contact: <sip:end@203.0.113.9>")...)
	ack := p.until("ACK ", "ACK")
	if ack.start != "ACK sip:"+p.addr()+" SIP/2.0" || !slices.Equal(ack.all("Route"), []string{"<sip:second.invalid;lr>", "<sip:end@203.0.113.9>"}) {
		t.Errorf("%s with Route %q", ack.start, ack.all("Route"))
	}
	d := receive(t, done, "the dialog")
	d.Hangup(voice.CauseNormal, "")
	p.respond(p.until("BYE ", "BYE"), 200, "OK", "", "")
}

// TestContactThatLeadsNowhere keeps a call with a peer whose Contact is of its own
// network, or of a scheme that is not spoken here.
func TestContactThatLeadsNowhere(t *testing.T) {
	ns := dnstest.Start(t)
	a := start(t, sipua.Config{NameServers: []string{ns.Addr}})
	for _, contact := range []string{"sip:end@pbx.internal.test", "sips:end@192.0.2.9", "sip:end@192.0.2.9;transport=sctp"} {
		p := newPeer(t, nil)
		done := make(chan *sipua.Dialog, 1)
		k := trunkAt(p.addr(), "", "")
		go func() {
			d, _ := a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123"}, sdp(5000), nil)
			done <- d
		}()
		p.respond(p.until("INVITE ", "INVITE"), 200, "OK", "t", string(sdp(6000)), "Contact: <"+contact+">")
		if ack := p.until("ACK ", "ACK"); ack.start != "ACK "+contact+" SIP/2.0" {
			t.Errorf("%s: %s", contact, ack.start)
		}
		d := receive(t, done, "the dialog")
		d.Hangup(voice.CauseNormal, "")
		p.respond(p.until("BYE ", "BYE"), 200, "OK", "", "")
	}
}

// TestPath keeps the proxies of a registration, gives them back and calls by them (RFC 3327).
func TestPath(t *testing.T) {
	a, st := registrar(t)
	p := newPeer(t, a)
	path := []string{"Path: <sip:" + p.addr() + ";lr>,<sip:edge.invalid;transport=tcp;lr;x=\"a\">"}
	if m := p.register("alice", "secret-alice", 1, nil, path...); !strings.HasPrefix(m.start, "SIP/2.0 400") {
		t.Errorf("a Path that is no list of URIs got %s", m.start)
	}
	path = []string{"Path: <sip:" + p.addr() + ";lr>,<sip:edge.invalid;transport=tcp;lr>", "Require: path", "Supported: path"}
	m := p.register("alice", "secret-alice", 3, nil, path...)
	if !strings.HasPrefix(m.start, "SIP/2.0 200") || m.header("Path") == "" {
		t.Fatalf("%s, Path %q", m.start, m.header("Path"))
	}
	got, _ := st.Bindings(t.Context(), "1", "101", time.Now())
	want := []string{"sip:" + p.addr() + ";lr", "sip:edge.invalid;transport=tcp;lr"}
	if len(got) != 1 || !slices.Equal(got[0].Path, want) {
		t.Fatalf("bindings %+v", got)
	}
	go func() { _, _ = a.Dial(t.Context(), sipua.Target{Binding: &got[0]}, sdp(5000), nil) }()
	inv := p.until("INVITE ", "INVITE")
	if !slices.Equal(inv.all("Route"), []string{"<" + want[0] + ">", "<" + want[1] + ">"}) || !strings.HasPrefix(inv.start, "INVITE "+got[0].Contact) {
		t.Errorf("%s with Route %q", inv.start, inv.all("Route"))
	}
	p.respond(inv, 486, "Busy Here", "x", "")
	p.until("ACK ", "ACK")
	for _, bad := range []string{"<sip:.1;lr>", "<sip:strict.invalid>", "sip:x;lr", "<tel:+46>", "<sip:a;lr>" + strings.Repeat(",<sip:a;lr>", 20)} {
		if m := newPeer(t, a).register("alice", "secret-alice", 10, nil, "Path: "+bad); !strings.HasPrefix(m.start, "SIP/2.0 400") {
			t.Errorf("Path %.40q got %s", bad, m.start)
		}
	}
}

// TestIdentityByTrust believes what is said of callers from trusted trunks alone.
func TestIdentityByTrust(t *testing.T) {
	p := newPeer(t, nil)
	seen := make(chan *sipua.Incoming, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) { seen <- inc; _ = inc.Reject(486, "Busy") }})
	p.to = net.UDPAddrFromAddrPort(a.Addr())
	calls := 0
	call := func(identity bool, headers ...string) *sipua.Incoming {
		t.Helper()
		k := trunkAt(p.addr(), "", "")
		k.Identity = identity
		a.SetTrunks([]voice.Trunk{k})
		calls++
		p.request("INVITE", "sip:+46850000001@"+a.Addr().String(), fmt.Sprint("id", calls), "f", "<sip:+46850000001@"+a.Addr().String()+">", 1, string(sdp(4000)), headers...)
		inc := receive(t, seen, "the call")
		m := p.until("SIP/2.0 486", "INVITE")
		p.send(fmt.Sprintf("ACK sip:x SIP/2.0\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n", m.header("Via"), m.header("From"), m.header("To"), m.header("Call-ID")))
		return inc
	}
	type said struct {
		number, name string
		private, ok  bool
	}
	for name, tt := range map[string]struct {
		identity bool
		headers  []string
		want     said
	}{
		"untrusted":           {false, []string{"P-Asserted-Identity: <sip:+4670@c>"}, said{}},
		"trusted":             {true, []string{`P-Asserted-Identity: "Ann, B" <sip:+4670@c;user=phone>, <tel:+4671>`}, said{"+4670", "Ann, B", false, true}},
		"tel":                 {true, []string{"P-Asserted-Identity: <tel:+4671;phone-context=x>"}, said{"+4671", "", false, true}},
		"private":             {true, []string{"P-Asserted-Identity: <sip:+4670@c>", "Privacy: id"}, said{"+4670", "", true, true}},
		"privacy alone":       {true, []string{"Privacy: user;id"}, said{"", "", true, true}},
		"Remote-Party-ID":     {true, []string{"Remote-Party-ID: <sip:+4672@c>;party=calling;privacy=full"}, said{"+4672", "", true, true}},
		"preferred":           {true, []string{"P-Preferred-Identity: <sip:+4673@c>"}, said{}},
		"broken":              {true, []string{"P-Asserted-Identity: <sip:@.1>"}, said{}},
		"a list without end":  {true, []string{"P-Asserted-Identity: " + strings.Repeat(",", 500) + "<sip:+4670@c>"}, said{}},
		"quotes without ends": {true, []string{`P-Asserted-Identity: "a\" <sip:+4670@c>`}, said{}},
	} {
		var got said
		got.number, got.name, got.private, got.ok = call(tt.identity, tt.headers...).Asserted()
		if got != tt.want {
			t.Errorf("%s: %+v, not %+v", name, got, tt.want)
		}
	}
	history := "History-Info: <sip:+461@c>;index=1,<sip:+462@c?Reason=SIP%3Bcause%3D486>;index=1.1, <sip:+463@c;cause=302>;index=1.2"
	for name, tt := range map[string]struct {
		identity bool
		headers  []string
		want     []sipua.Diversion
	}{
		"untrusted":   {false, []string{history}, nil},
		"history":     {true, []string{history, "Diversion: <sip:+469@c>;reason=no-answer"}, []sipua.Diversion{{Number: "+461", Reason: "user-busy"}, {Number: "+462", Reason: "user-busy"}}},
		"diversion":   {true, []string{"Diversion: <sip:+462@c>;reason=user-busy;counter=1", "Diversion: <tel:+461>;reason=\"no-answer\""}, []sipua.Diversion{{Number: "+461", Reason: "no-answer"}, {Number: "+462", Reason: "user-busy"}}},
		"not sent on": {true, []string{"History-Info: <sip:+461@c>;index=1"}, nil},
	} {
		if got := call(tt.identity, tt.headers...).Diversions(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, not %+v", name, got, tt.want)
		}
	}
}

// TestIdentitySent writes who calls and who sent the call on, and hides the caller who wants it.
func TestIdentitySent(t *testing.T) {
	p := newPeer(t, nil)
	a := start(t, sipua.Config{})
	k := trunkAt(p.addr(), "", "")
	go func() {
		_, _ = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46999", Identity: "+46850000001", Private: true,
			Diversions: []sipua.Diversion{{Number: "+461", Reason: "user-busy"}, {Number: "+462"}}}, sdp(5000), nil)
	}()
	m := p.until("INVITE ", "INVITE")
	p.respond(m, 486, "Busy Here", "x", "")
	if from := m.header("From"); !strings.HasPrefix(from, `"Anonymous" <sip:anonymous@anonymous.invalid>`) {
		t.Errorf("From %s", from)
	}
	for name, want := range map[string][]string{
		"P-Asserted-Identity": {"<sip:+46850000001@127.0.0.1>"},
		"Privacy":             {"id"},
		"Diversion":           {"<sip:+462@127.0.0.1>;reason=unknown;counter=1", "<sip:+461@127.0.0.1>;reason=user-busy;counter=1"},
		"History-Info": {"<sip:+461@127.0.0.1?Reason=SIP%3Bcause%3D486>;index=1, <sip:+462@127.0.0.1?Reason=SIP%3Bcause%3D302>;index=1.1, " +
			"<sip:+46999@" + p.addr() + ">;index=1.1.1"},
	} {
		if got := m.all(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}

// TestRedirectionsAreTold gives a 3xx's places by their q and follows none.
func TestRedirectionsAreTold(t *testing.T) {
	p := newPeer(t, nil)
	a := start(t, sipua.Config{})
	done := make(chan error, 1)
	go func() {
		_, err := a.Dial(t.Context(), sipua.Target{URI: "sip:x@" + p.addr()}, sdp(5000), nil)
		done <- err
	}()
	p.respond(p.until("INVITE ", "INVITE"), 302, "Moved Temporarily", "x", "",
		"Contact: <sip:low@a.test>;q=0.1, <sip:high@b.test>;q=0.9", "Contact: <sip:best@c.test>", "Contact: <tel:+46123>;q=0.95")
	f, ok := sipua.FailureOf(receive(t, done, "the end"))
	if !ok || f.Status != 302 || !slices.Equal(f.Contacts, []string{"sip:best@c.test", "tel:+46123", "sip:high@b.test", "sip:low@a.test"}) {
		t.Errorf("%+v", f)
	}
}

// TestManyRegistrationsAreSpread does not begin a hundred registrations at once.
func TestManyRegistrationsAreSpread(t *testing.T) {
	p := newPeer(t, nil)
	a := start(t, sipua.Config{})
	var list []voice.Trunk
	for i := range 100 {
		k := trunkAt(p.addr(), fmt.Sprint("u", i), "pw")
		k.ID, k.Register = voice.TrunkID(fmt.Sprint("k", i)), true
		list = append(list, k)
	}
	a.SetTrunks(list)
	var at []time.Time
	for len(at) < 20 {
		m := p.until("REGISTER ", "REGISTER")
		p.respond(m, 403, "Forbidden", "x", "")
		at = append(at, m.at)
	}
	// 100 trunks in 5 s: twenty take a second on average, and never come as one burst.
	if took := at[19].Sub(at[0]); took < 200*time.Millisecond {
		t.Errorf("20 of 100 trunks registered within %v", took)
	}
}

// TestUpdateWhileRinging takes a new offer before the answer, once the first has
// its answer for sure (RFC 3311 §5.1).
func TestUpdateWhileRinging(t *testing.T) {
	ports := make(chan string, 4)
	answer := make(chan struct{})
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		inc.OnReoffer(func(s *offer.Session) ([]byte, error) {
			body, m, err := local(4000).Answer(s)
			ports <- m.Remote.String()
			return body, err
		})
		body, _, _ := local(4000).Answer(inc.Offer())
		_ = inc.EarlyMedia(body)
		<-answer
		_ = inc.Answer(body)
		<-inc.Done()
	}})
	p := newPeer(t, a)
	p.request("INVITE", uri("1", a), "early", "f", "<sip:1@x>", 1, string(sdp(5000)), "Supported: 100rel")
	ring := p.until("SIP/2.0 183", "INVITE")
	to := ring.header("To")
	p.request("UPDATE", uri("1", a), "early", "f", to, 2, string(sdp(5002)))
	p.until("SIP/2.0 500", "UPDATE") // nobody knows yet whether we have the answer
	p.request("PRACK", uri("1", a), "early", "f", to, 3, "", "RAck: "+ring.header("RSeq")+" 1 INVITE")
	p.until("SIP/2.0 200", "PRACK")
	p.request("UPDATE", uri("1", a), "early", "f", to, 4, string(sdp(5004)))
	if m := p.until("SIP/2.0 200", "UPDATE"); !strings.Contains(m.body, "m=audio 4000") {
		t.Errorf("the answer to UPDATE is %q", m.body)
	}
	if got := receive(t, ports, "the new offer"); got != "127.0.0.1:5004" {
		t.Errorf("media goes to %s", got)
	}
	close(answer)
	p.until("SIP/2.0 200", "INVITE")
	p.request("ACK", uri("1", a), "early", "f", to, 1, "")
	p.request("BYE", uri("1", a), "early", "f", to, 5, "")
	p.until("SIP/2.0 200", "BYE")
}
