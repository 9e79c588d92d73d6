package transact_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"tandem/internal/sipua/transact"
)

// wire is a peer that writes bytes over UDP.
type wire struct {
	*testing.T
	conn *net.UDPConn
	to   netip.AddrPort
}

func newWire(t *testing.T, l *transact.Layer) *wire {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &wire{t, conn, l.Addr()}
}

func (w *wire) port() int { return w.conn.LocalAddr().(*net.UDPAddr).Port }

// send writes a message of these lines; {port} stands for our own.
func (w *wire) send(lines ...string) {
	w.Helper()
	text := strings.ReplaceAll(strings.Join(lines, "\r\n")+"\r\nContent-Length: 0\r\n\r\n", "{port}", fmt.Sprint(w.port()))
	if _, err := w.conn.WriteToUDPAddrPort([]byte(text), w.to); err != nil {
		w.Fatal(err)
	}
}

// hears gives the next message, its lines.
func (w *wire) hears() []string {
	w.Helper()
	_ = w.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	n, err := w.conn.Read(b)
	if err != nil {
		w.Fatal(err)
	}
	return strings.Split(string(b[:n]), "\r\n")
}

// asked has an OPTIONS of no tag answered, so that all before it was read.
func (w *wire) asked(id string) {
	w.Helper()
	w.send("OPTIONS sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK"+id+";rport", "From: <sip:a@b>;tag=1", "To: <sip:x@y>", "Call-ID: "+id, "CSeq: 1 OPTIONS", "Max-Forwards: 70")
	if got := w.hears(); got[0] != "SIP/2.0 200 OK" {
		w.Fatalf("%q", got[0])
	}
}

// closed lets nothing in but OPTIONS, and says how often it was asked.
func closed(asked *atomic.Int32) func(transact.Opening) (time.Duration, bool) {
	return func(o transact.Opening) (time.Duration, bool) {
		if o.Method == "OPTIONS" {
			return 0, true
		}
		asked.Add(1)
		return 6500 * time.Millisecond, false
	}
}

func field(lines []string, name string) (values []string) {
	for _, l := range lines {
		if n, v, ok := strings.Cut(l, ": "); ok && n == name {
			values = append(values, v)
		}
	}
	return values
}

// TestGateAnswers: whoever is turned away gets a 503 that his transaction knows as its
// own, whichever way he writes his headers.
func TestGateAnswers(t *testing.T) {
	var asked, seen atomic.Int32
	l := open(t, transact.Config{Gate: closed(&asked), Request: func(in *transact.Inbound) {
		if in.Req.Method != sip.OPTIONS {
			seen.Add(1)
		}
		_ = in.Reply(200, "OK")
	}})
	long := "Subject: " + strings.Repeat("x", 300) // leaves room for an answer
	for name, c := range map[string]struct {
		lines []string
		vias  []string
	}{
		"plain": {
			[]string{"INVITE sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa;rport", "From: <sip:a@b>;tag=1", "To: <sip:x@y>", "Call-ID: one", "CSeq: 1 INVITE", long},
			[]string{"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa;received=127.0.0.1;rport={port}"},
		},
		"compact names": {
			[]string{"INVITE sip:x@y SIP/2.0", "v: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKb;rport", "f: <sip:a@b>;tag=1", "t: <sip:x@y>", "i: two", "CSeq: 1 INVITE", long},
			[]string{"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKb;received=127.0.0.1;rport={port}"},
		},
		"folded and spaced": {
			[]string{"INVITE sip:x@y SIP/2.0", "VIA : SIP/2.0/UDP", " 127.0.0.1:{port};branch=z9hG4bKc", "\t;rport", "From: <sip:a@b>;tag=1", "To:", " <sip:x@y>", "call-id:  three", "CSeq: 1", " INVITE", long},
			[]string{"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKc ;received=127.0.0.1;rport={port}"},
		},
		"several hops, two of them in one header": {
			[]string{"INVITE sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKd;rport, SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKe", "v: SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKf", "From: <sip:a@b>;tag=1", "To: <sip:x@y>", "Call-ID: four", "CSeq: 1 INVITE", long},
			[]string{"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKd;received=127.0.0.1;rport={port}", "SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKe", "SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKf"},
		},
		"no rport: the answer goes to the port of the Via": {
			[]string{"INVITE sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKg", "From: <sip:a@b>;tag=1", "To: <sip:x@y>", "Call-ID: five", "CSeq: 1 INVITE", long},
			[]string{"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKg;received=127.0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, sender := newWire(t, l), newWire(t, l)
			lines := make([]string, len(c.lines))
			for i := range lines { // the answer is for w, who also sends unless the Via alone says where w is
				lines[i] = strings.ReplaceAll(c.lines[i], "{port}", fmt.Sprint(w.port()))
			}
			if !strings.Contains(strings.Join(lines, ""), "rport") {
				sender.send(lines...)
			} else {
				w.send(lines...)
			}
			got := w.hears()
			if got[0] != "SIP/2.0 503 Service Unavailable" || fmt.Sprint(field(got, "Retry-After")) != "[6]" {
				t.Errorf("%q", got)
			}
			want := strings.ReplaceAll(strings.Join(c.vias, "|"), "{port}", fmt.Sprint(w.port()))
			if v := strings.Join(field(got, "Via"), "|"); v != want {
				t.Errorf("Via\n%s\nnot\n%s", v, want)
			}
			if f := field(got, "From"); fmt.Sprint(f) != "[<sip:a@b>;tag=1]" {
				t.Errorf("From %q", f)
			}
			if to := field(got, "To"); len(to) != 1 || !strings.HasPrefix(to[0], "<sip:x@y>;tag=") {
				t.Errorf("To %q", to)
			}
			if id, seq := field(got, "Call-ID"), field(got, "CSeq"); len(id) != 1 || fmt.Sprint(seq) != "[1 INVITE]" {
				t.Errorf("Call-ID %q, CSeq %q", id, seq)
			}
			if _, err := sip.ParseMessage([]byte(strings.Join(got, "\r\n"))); err != nil {
				t.Error(err)
			}
		})
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("%d requests passed the closed gate", n)
	}
}

// TestGateRemembers: a request that comes again gets the same answer without being
// judged again, and the ACK of that answer goes no further.
func TestGateRemembers(t *testing.T) {
	var asked, acks atomic.Int32
	l := open(t, transact.Config{Gate: closed(&asked), Ack: func(*sip.Request) { acks.Add(1) }})
	w := newWire(t, l)
	invite := []string{"INVITE sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa;rport", "From: <sip:a@b>;tag=1", "To: <sip:x@y>", "Call-ID: one", "CSeq: 1 INVITE", "Subject: " + strings.Repeat("x", 300)}
	w.send(invite...)
	first := w.hears()
	w.send(invite...)
	if again := w.hears(); strings.Join(again, "\n") != strings.Join(first, "\n") {
		t.Errorf("%q, and then %q", first, again)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the gate was asked %d times", n)
	}
	w.send("ACK sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa;rport", "From: <sip:a@b>;tag=1", "To: "+field(first, "To")[0], "Call-ID: one", "CSeq: 1 ACK", "Max-Forwards: 70")
	w.asked("after")
	if n := acks.Load(); n != 0 {
		t.Error("the ACK of a 503 was taken for one of a call")
	}
	if c := l.Counters(); c.TurnedAway != 2 || c.Strays != 0 {
		t.Errorf("%+v", c)
	}
}

// TestGateGrowsNothing: who may have made up his address is sent no more than half
// as much again as came, and thus nothing for a short request.
func TestGateGrowsNothing(t *testing.T) {
	var asked atomic.Int32
	short := []string{"INVITE sip:x@y SIP/2.0", "v: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa;rport", "f: <sip:a@b>;tag=1", "t: <sip:x@y>", "i: one", "CSeq: 1 INVITE"}
	l := open(t, transact.Config{Gate: closed(&asked)})
	w := newWire(t, l)
	w.send(short...)
	w.asked("after")
	if c := l.Counters(); asked.Load() != 1 || c.TurnedAway != 0 || c.Limited != 1 {
		t.Errorf("asked %d, %+v", asked.Load(), c)
	}
	trusting := open(t, transact.Config{Gate: closed(&asked), Exempt: func(netip.Addr) bool { return true }})
	w = newWire(t, trusting)
	w.send(short...)
	if got := w.hears(); got[0] != "SIP/2.0 503 Service Unavailable" {
		t.Errorf("%q", got)
	}
}

// TestGateLetsCallsGoOn: what belongs to a call that exists is not asked for, a tag
// or none.
func TestGateLetsCallsGoOn(t *testing.T) {
	var asked atomic.Int32
	l := open(t, transact.Config{Gate: closed(&asked), Known: func(id []byte) bool { return string(id) == "ours" }})
	w := newWire(t, l)
	for i, method := range []string{"INVITE", "INFO", "REFER", "BYE", "CANCEL", "UPDATE"} {
		to := []string{"<sip:x@y>", "<sip:x@y>;tag=z"}[i%2]
		w.send(method+" sip:x@y SIP/2.0", fmt.Sprint("Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bKx", i), "From: <sip:a@b>;tag=1", "To: "+to, "Call-ID: ours", fmt.Sprint("CSeq: 1 ", method), "Max-Forwards: 70")
		if got, want := w.hears()[0], "SIP/2.0 200 OK"; got != want && method != "CANCEL" {
			t.Errorf("%s: %q", method, got)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the gate was asked %d times about a call that is there", n)
	}
}

// TestStraysAreLimited: ends, acknowledgements and responses that belong to nothing
// are read as far as their source's rate goes, and the rest is dropped unread.
func TestStraysAreLimited(t *testing.T) {
	const flood, burst = 500, 20
	for _, method := range []string{"ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "a response"} {
		t.Run(method, func(t *testing.T) {
			var read, openings atomic.Int32
			l := open(t, transact.Config{
				Limits: transact.Limits{Rate: 0.001, Burst: burst},
				Known:  func(id []byte) bool { return string(id) == "ours" },
				Seen: func(s transact.Seen) {
					if s.In && s.Msg.CallID().Value() == "made-up" {
						read.Add(1)
					}
				},
				Request: func(in *transact.Inbound) {
					openings.Add(1)
					_ = in.Reply(200, "OK")
				},
			})
			w := newWire(t, l)
			for i := range flood {
				start, seq := method+" sip:x@y SIP/2.0", method
				if method == "a response" {
					start, seq = "SIP/2.0 200 OK", "INVITE"
				}
				w.send(start, fmt.Sprintf("Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK%d", i), "From: <sip:a@b>;tag=1", fmt.Sprintf("To: <sip:x@y>;tag=%d", i), "Call-ID: made-up", "CSeq: 1 "+seq, "Max-Forwards: 70")
			}
			quiet := newWire(t, l) // its own address is as limited: what is of a call is heard all the same
			quiet.send("BYE sip:x@y SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bKq", "From: <sip:a@b>;tag=1", "To: <sip:x@y>;tag=z", "Call-ID: ours", "CSeq: 1 BYE", "Max-Forwards: 70")
			quiet.hears()
			dropped := l.Counters().Strays
			if n := read.Load(); n != burst || uint64(n)+dropped > flood || dropped == 0 {
				t.Errorf("%d of %d were read, %d dropped", n, flood, dropped)
			}
			if s, c, _ := l.Alive(); c != 0 || s > burst+1 {
				t.Errorf("%d server and %d client transactions are kept", s, c)
			}
		})
	}
}

// TestAnswersAreNoStrays: however many requests of ours a source answers, none of its
// answers is dropped.
func TestAnswersAreNoStrays(t *testing.T) {
	server := open(t, transact.Config{Limits: transact.Limits{Rate: -1}})
	client := open(t, transact.Config{Limits: transact.Limits{Rate: 0.001, Burst: 1}})
	for i := range 50 {
		if res := ask(t, client, transact.Dest{Transport: "udp", Addr: server.Addr()}, i); res.StatusCode != 200 {
			t.Fatal(res)
		}
	}
	if c := client.Counters(); c.Strays != 0 || c.Limited != 0 {
		t.Errorf("%+v", c)
	}
}
