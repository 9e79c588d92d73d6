package sipua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
)

// transferor is a peer in a call with us that sends REFERs.
type transferor struct {
	*rawPeer
	a   *sipua.Agent
	to  string // To with our tag
	seq int
	inc *sipua.Incoming
}

// referring has a raw peer call an agent that is told of REFERs by f.
func referring(t *testing.T, cfg sipua.Config, f func(*sipua.ReferOrder)) *transferor {
	t.Helper()
	up := make(chan *sipua.Incoming, 1)
	cfg.Handler = func(inc *sipua.Incoming) {
		inc.OnRefer(f)
		answering(4000, func(inc *sipua.Incoming) { up <- inc })(inc)
	}
	x := &transferor{a: start(t, cfg), seq: 1}
	x.rawPeer = newPeer(t, x.a)
	x.request("INVITE", uri("1", x.a), "referin", "f", "<sip:1@x>", 1, string(sdp(5000)))
	ok := x.until("SIP/2.0 200", "INVITE")
	if !strings.Contains(ok.header("Allow"), "REFER") || !strings.Contains(ok.header("Supported"), "replaces") {
		t.Errorf("200 has Allow %q and Supported %q", ok.header("Allow"), ok.header("Supported"))
	}
	x.to = ok.header("To")
	x.request("ACK", uri("1", x.a), "referin", "f", x.to, 1, "")
	x.inc = receive(t, up, "the call")
	return x
}

// ask sends a request of the method in the call.
func (x *transferor) ask(method string, headers ...string) {
	x.seq++
	x.request(method, uri("1", x.a), "referin", "f", x.to, x.seq, "", headers...)
}

// told takes the next NOTIFY and checks what it says.
func (x *transferor) told(status, event, state, frag string) {
	x.t.Helper()
	n := x.until("NOTIFY ", "NOTIFY")
	if n.header("Event") != event || !strings.HasPrefix(n.header("Subscription-State"), state) || n.body != "SIP/2.0 "+frag+"\r\n" ||
		n.header("Content-Type") != "message/sipfrag;version=2.0" || n.header("Contact") == "" {
		x.t.Errorf("NOTIFY is %q with %q", n.headers, n.body)
	}
	code, reason, _ := strings.Cut(status, " ")
	var n1 int
	fmt.Sscan(code, &n1)
	x.respond(n, n1, reason, "", "")
}

func TestReferOrder(t *testing.T) {
	orders := make(chan *sipua.ReferOrder, 1)
	x := referring(t, sipua.Config{}, func(o *sipua.ReferOrder) { orders <- o })
	x.ask("REFER", `Refer-To: "B, the other" <sip:102@home.example;transport=udp>;x=1`, "Referred-By: <sip:raw@home.example>")
	o := receive(t, orders, "the order")
	if o.User != "102" || o.Host != "home.example" || o.By != "sip:raw@home.example" || o.Replaces != nil {
		t.Errorf("order is %+v", o)
	}
	x.ask("REFER", "Refer-To: <sip:103@home.example>")
	x.until("SIP/2.0 491", "REFER") // one at a time
	o.Accept()
	if m := x.until("SIP/2.0 202", "REFER"); m.header("Contact") == "" {
		t.Errorf("202 has %q", m.headers)
	}
	x.told("200 OK", "refer", "active;expires=", "100 Trying")
	o.Decline(486, "Too Late") // it is decided
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Result(200, "OK")
		o.Result(486, "Busy Here") // only the first counts
	}()
	x.told("200 OK", "refer", "terminated;reason=noresource", "200 OK")
	receive(t, done, "the end of Result")

	x.ask("REFER", "r: sip:103@home.example", "b: sip:raw@home.example")
	o = receive(t, orders, "the second order")
	if o.User != "103" || o.By != "sip:raw@home.example" {
		t.Errorf("order is %+v", o)
	}
	go func() { o.Accept(); o.Result(486, "Busy Here") }()
	id := fmt.Sprint("refer;id=", x.seq)
	x.told("200 OK", id, "active", "100 Trying")
	x.told("200 OK", id, "terminated", "486 Busy Here")

	x.ask("REFER", "Refer-To: <sip:104@home.example?Replaces=a%40b%3bto-tag%3D1%3Bfrom-tag%3d2%3Bearly-only&X-Y=z>")
	o = receive(t, orders, "the third order")
	if o.User != "104" || o.Replaces == nil || *o.Replaces != (sipua.Replaces{CallID: "a@b", ToTag: "1", FromTag: "2", EarlyOnly: true}) {
		t.Errorf("order is %+v with %+v", o, o.Replaces)
	}
	o.Decline(404, "Not\r\nFound")
	x.until("SIP/2.0 404 NotFound", "REFER")
	x.ask("BYE")
	x.until("SIP/2.0 200", "BYE")
	receive(t, x.inc.Done(), "the end")
}

func TestReferRefusedByUs(t *testing.T) {
	asked := make(chan string, 64)
	x := referring(t, sipua.Config{}, func(o *sipua.ReferOrder) {
		asked <- o.User
		o.Decline(0, "") // no status of refusal
	})
	for _, c := range []struct {
		want    string
		headers []string
	}{
		{"400", nil},
		{"400", []string{"Refer-To: <sip:1@h>", "Refer-To: <sip:2@h>"}},
		{"400", []string{"Refer-To: <sip:1@h>", "r: <sip:2@h>"}},
		{"400", []string{"Refer-To: <sip:1@h>, <sip:2@h>"}},
		{"400", []string{"Refer-To: <sip:.1>"}},
		{"400", []string{"Refer-To: <sip:[.1]>"}},
		{"400", []string{"Refer-To: <mailto:x@y>"}},
		{"400", []string{"Refer-To: <sips:x@y>"}},
		{"400", []string{"Refer-To: <tel:+4612345>"}},
		{"400", []string{"Refer-To: "}},
		{"400", []string{"Refer-To: <sip:1@h"}},
		{"400", []string{`Refer-To: "x <sip:1@h>`}},
		{"400", []string{"Refer-To: <sip:1%4@h>"}},
		{"400", []string{"Refer-To: <sip:1@h:99999>"}},
		{"400", []string{"Refer-To: <sip:" + strings.Repeat("1", 257) + "@h>"}},
		{"400", []string{"Refer-To: <sip:1@h;x=" + strings.Repeat("1", 2100) + ">"}},
		{"400", []string{"Refer-To: <sip:1@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D%ZZ>"}},
		{"400", []string{"Refer-To: <sip:1@h?Replaces=a%3Bto-tag%3D1>"}},
		{"400", []string{"Refer-To: <sip:1@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>"}},
		{"400", []string{"Refer-To: <sip:1@h?replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%0d%0aX:y>"}},
		{"400", []string{"Refer-To: <sip:1@h>", "Referred-By: <sip:2@h>", "Referred-By: <sip:3@h>"}},
		{"400", []string{"Refer-To: <sip:1@h>", "Referred-By: <sip:" + strings.Repeat("2", 300) + "@h>"}},
		{"400", []string{"Refer-To: <sip:1@h>", "Replaces: a;to-tag=1;from-tag=2"}},
		{"403", []string{"Refer-To: <sip:1@h;method=BYE>"}},
		{"420", []string{"Refer-To: <sip:1@h>", "Require: multiple-refer"}},
		{"603", []string{"Refer-To: <sip:told@h;method=INVITE>"}},
	} {
		x.ask("REFER", c.headers...)
		if m := x.until("SIP/2.0 ", "REFER"); !strings.HasPrefix(m.start, "SIP/2.0 "+c.want) {
			t.Errorf("%q got %s, want %s", c.headers, m.start, c.want)
		}
	}
	if user := receive(t, asked, "the only order"); user != "told" || len(asked) > 0 {
		t.Errorf("asked about %q and %d more", user, len(asked))
	}
	x.inc.OnRefer(nil)
	x.ask("REFER", "Refer-To: <sip:1@h>")
	x.until("SIP/2.0 603", "REFER")
}

func TestReferNobodyDecides(t *testing.T) {
	x := referring(t, sipua.Config{}, func(*sipua.ReferOrder) {})
	x.ask("REFER", "Refer-To: <sip:1@h>")
	x.until("SIP/2.0 603", "REFER") // after 32*T1
	x.ask("REFER", "Refer-To: <sip:1@h>")
	x.ask("BYE")
	x.until("SIP/2.0 487", "REFER")
}

func TestReferWithoutResultEnds(t *testing.T) {
	orders := make(chan *sipua.ReferOrder, 1)
	x := referring(t, sipua.Config{Limits: sipua.Limits{Refer: 500 * time.Millisecond}}, func(o *sipua.ReferOrder) {
		o.Accept()
		orders <- o
	})
	x.ask("REFER", "Refer-To: <sip:1@h>")
	x.told("200 OK", "refer", "active;expires=1", "100 Trying")
	x.told("200 OK", "refer", "terminated;reason=timeout", "100 Trying")
	receive(t, orders, "the order").Result(200, "OK") // late: nothing is sent
	x.ask("REFER", "Refer-To: <sip:2@h>")             // and the next is taken
	x.told("200 OK", fmt.Sprint("refer;id=", x.seq), "active", "100 Trying")
}

func TestReferSubscription(t *testing.T) {
	orders := make(chan *sipua.ReferOrder, 1)
	x := referring(t, sipua.Config{}, func(o *sipua.ReferOrder) { orders <- o })
	refer := func() *sipua.ReferOrder {
		x.ask("REFER", "Refer-To: <sip:1@h>")
		o := receive(t, orders, "the order")
		o.Accept()
		x.until("SIP/2.0 202", "REFER")
		return o
	}
	subscribe := func(want string, headers ...string) {
		t.Helper()
		x.ask("SUBSCRIBE", headers...)
		if m := x.until("SIP/2.0 ", "SUBSCRIBE"); !strings.HasPrefix(m.start, "SIP/2.0 "+want) {
			t.Errorf("SUBSCRIBE %q got %s", headers, m.start)
		}
	}
	o := refer()
	x.told("200 OK", "refer", "active", "100 Trying")
	subscribe("489", "Event: presence")
	subscribe("481", "Event: refer;id=1")
	subscribe("200", "Event: refer", "Expires: 60")
	x.told("200 OK", "refer", "active", "100 Trying")
	subscribe("200", "Event: refer", "Expires: 0")
	x.told("200 OK", "refer", "terminated;reason=timeout", "100 Trying")
	subscribe("481", "Event: refer", "Expires: 60")
	o.Result(200, "OK") // nobody listens

	o = refer() // a peer that forgot its subscription gets no more of it
	id := fmt.Sprint("refer;id=", x.seq)
	x.told("481 No", id, "active", "100 Trying")
	o.Result(200, "OK")
	o = refer()
	x.told("200 OK", fmt.Sprint("refer;id=", x.seq), "active", "100 Trying")
	go o.Result(603, "Decline")
	x.told("200 OK", fmt.Sprint("refer;id=", x.seq), "terminated", "603 Decline")

	x.ask("REFER", "Refer-To: <sip:1@h>", "Refer-Sub: false", "Require: norefersub")
	o = receive(t, orders, "the order")
	o.Accept()
	if m := x.until("SIP/2.0 202", "REFER"); m.header("Refer-Sub") != "false" {
		t.Errorf("202 has %q", m.headers)
	}
	o.Result(200, "OK")
	x.ask("BYE")
	for { // no NOTIFY comes before the answer
		m, ok := x.read(wait)
		if !ok || strings.HasPrefix(m.start, "NOTIFY ") {
			t.Fatalf("got %q, %v", m.start, ok)
		}
		if strings.HasPrefix(m.start, "SIP/2.0 200") && strings.HasSuffix(m.header("CSeq"), "BYE") {
			break
		}
	}
}
