package transact_test

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/goleak"

	"tandem/internal/sipua/transact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, cfg transact.Config) *transact.Layer {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	if cfg.Request == nil {
		cfg.Request = func(in *transact.Inbound) { _ = in.Reply(200, "OK") }
	}
	l, err := transact.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func options(l *transact.Layer, n int) *sip.Request {
	req := sip.NewRequest(sip.OPTIONS, sip.Uri{Scheme: "sip", User: "x", Host: "y"})
	from := &sip.FromHeader{Address: sip.Uri{Scheme: "sip", Host: "a"}}
	from.Params.Add("tag", "1")
	id := sip.CallIDHeader(fmt.Sprint("call", n))
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: sip.Uri{Scheme: "sip", Host: "b"}})
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.OPTIONS})
	return req
}

func ask(t *testing.T, l *transact.Layer, to transact.Dest, n int) *sip.Response {
	t.Helper()
	tx, err := l.Begin(t.Context(), options(l, n), to)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Terminate()
	select {
	case res := <-tx.Responses():
		return res
	case <-time.After(10 * time.Second):
		t.Fatal("no response")
		return nil
	}
}

func TestRoundTrip(t *testing.T) {
	server, client := open(t, transact.Config{}), open(t, transact.Config{})
	for i, transport := range []string{"udp", "tcp", "tcp"} {
		res := ask(t, client, transact.Dest{Transport: transport, Addr: server.Addr()}, i)
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", transport, res.StatusCode)
		}
		if r, _ := res.Via().Params.Get("received"); r != "127.0.0.1" {
			t.Errorf("%s: received is %q", transport, r)
		}
	}
	if _, _, conns := client.Alive(); conns != 1 {
		t.Errorf("%d connections are open, not one", conns)
	}
	if !client.Connected(transact.Dest{Transport: "tcp", Addr: server.Addr()}) {
		t.Error("the connection is not known")
	}
}

func TestTransactionTableIsBounded(t *testing.T) {
	server := open(t, transact.Config{Limits: transact.Limits{Transactions: 3, Rate: -1}, Request: func(in *transact.Inbound) {
		if in.Begin() != nil {
			_ = in.Reply(503, "Full")
			return
		}
		_ = in.Reply(183, "Session Progress") // the last answer would end it
	}})
	client := open(t, transact.Config{})
	var codes []int
	for i := range 5 {
		codes = append(codes, ask(t, client, transact.Dest{Transport: "udp", Addr: server.Addr()}, i).StatusCode)
	}
	if fmt.Sprint(codes) != "[183 183 183 503 503]" || server.Counters().Overflow != 2 {
		t.Errorf("codes %v, overflow %d", codes, server.Counters().Overflow)
	}
}

func TestPanicIsCaught(t *testing.T) {
	calls := 0
	server := open(t, transact.Config{Request: func(in *transact.Inbound) {
		if calls++; calls == 1 {
			panic("first")
		}
		_ = in.Reply(200, "OK")
	}})
	client := open(t, transact.Config{})
	ask(t, client, transact.Dest{Transport: "udp", Addr: server.Addr()}, 1) // it is sent again after T1
	if server.Counters().Panics != 1 {
		t.Errorf("%d panics", server.Counters().Panics)
	}
}

func TestNobodyThere(t *testing.T) {
	l := open(t, transact.Config{})
	if _, err := l.Begin(t.Context(), options(l, 1), transact.Dest{Transport: "tcp", Addr: netip.MustParseAddrPort("127.0.0.1:1")}); err == nil {
		t.Error("a closed port was reached")
	}
	if _, err := l.Begin(t.Context(), options(l, 1), transact.Dest{}); err == nil {
		t.Error("no address was reached")
	}
}

// TestClosedPort ends a request at the ICMP message of a closed UDP port.
func TestClosedPort(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ICMP errors are heard on Linux alone")
	}
	l := open(t, transact.Config{})
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	to := transact.Dest{Transport: "udp", Addr: netip.MustParseAddrPort(free.LocalAddr().String())}
	free.Close()
	tx, err := l.Begin(t.Context(), options(l, 1), to)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-tx.Done():
	case res := <-tx.Responses():
		t.Fatalf("a closed port answered %v", res)
	case <-t.Context().Done():
	}
	if !l.Refused(to) {
		t.Error("the transaction ended by its own time")
	}
	// The socket goes on: what it was told of one peer is no other's matter.
	other := open(t, transact.Config{Request: func(in *transact.Inbound) { _ = in.Reply(200, "OK") }})
	tx, err = l.Begin(t.Context(), options(l, 2), transact.Dest{Transport: "udp", Addr: other.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	if res := <-tx.Responses(); res == nil || res.StatusCode != 200 {
		t.Errorf("another peer gave %v", res)
	}
}

func TestHost(t *testing.T) {
	l := open(t, transact.Config{Public: "sip.example.com"})
	if h := l.Host(netip.MustParseAddr("127.0.0.1")); h != "sip.example.com" {
		t.Errorf("host is %q", h)
	}
	l = open(t, transact.Config{})
	if h := l.Host(netip.MustParseAddr("127.0.0.1")); h != "127.0.0.1" {
		t.Errorf("host is %q", h)
	}
}

func TestSourcesAreBounded(t *testing.T) {
	l := open(t, transact.Config{Limits: transact.Limits{Sources: 8}})
	for i := range 100 {
		c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 1, byte(i))}, net.UDPAddrFromAddrPort(l.Addr()))
		if err != nil {
			t.Skipf("no other loopback address: %v", err)
		}
		fmt.Fprintf(c, "OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK%d;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\n\r\n", i, i)
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 2000)); err != nil {
			t.Errorf("source %d: %v", i, err)
		}
		_ = c.Close()
	}
}
