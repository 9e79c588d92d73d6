package sipua_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/sipua/siptest"
)

// Tests of hostile messages name the row of the catalogue that they are: A are
// the parser and the state machines, B published faults of other servers, D load,
// I guessing. TANDEM_SOAK=1 makes them long.

// soak gives how much of something there is: in an ordinary run, and in a soak.
func soak(short, long int) int { return siptest.Soak(short, long) }

// lines are the header lines of a request, the first its start line.
type lines []string

// asks makes a sound request outside of a dialog.
func asks(method string) lines {
	return lines{
		method + " sip:alice@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{id};rport", "Max-Forwards: 70",
		"From: \"A\" <sip:stranger@example.com>;tag=1", "To: <sip:alice@127.0.0.1>", "Call-ID: {id}", "CSeq: 1 " + method, "Contact: <sip:stranger@127.0.0.1:9>",
	}
}

// set puts values in place of a header, in as many lines; none takes it out.
func (l lines) set(name string, values ...string) lines {
	out, done := lines{l[0]}, false
	for _, line := range l[1:] {
		if n, _, _ := strings.Cut(line, ":"); !strings.EqualFold(n, name) {
			out = append(out, line)
			continue
		}
		if !done {
			for _, v := range values {
				out = append(out, name+": "+v)
			}
		}
		done = true
	}
	return out
}

// to gives another request URI.
func (l lines) to(uri string) lines {
	method, _, _ := strings.Cut(l[0], " ")
	return append(lines{method + " " + uri + " SIP/2.0"}, l[1:]...)
}

func (l lines) add(more ...string) lines { return append(append(lines{}, l...), more...) }

// with gives the whole message; kind is the body's type.
func (l lines) with(kind, body string) []byte {
	if kind != "" {
		l = l.add("Content-Type: " + kind)
	}
	return []byte(strings.Join(l.add(fmt.Sprint("Content-Length: ", len(body))), "\r\n") + "\r\n\r\n" + body)
}

// bytes gives the whole message without a body.
func (l lines) bytes() []byte { return l.with("", "") }

// times repeats a text n times, with %d counting.
func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
	}
	return b.String()
}

// row is one message of the catalogue and the answers that it may get: statuses,
// "silence", or "any" for all but a crash.
type row struct {
	id, what string
	data     []byte
	want     string // separated by blanks
}

// run sends rows over UDP and TCP and holds the invariants afterwards.
func run(t *testing.T, a *sipua.Agent, rows []row) {
	t.Helper()
	for i, r := range rows {
		for _, transport := range []string{"udp", "tcp"} {
			if transport == "udp" && len(r.data) > 65507 {
				continue // no datagram is so long
			}
			id := fmt.Sprintf("%s%d%s", strings.ReplaceAll(r.id, "-", ""), i, transport)
			got := torment(t, a, transport, i, []byte(strings.ReplaceAll(string(r.data), "{id}", id)))
			if r.want != "any" && !strings.Contains(" "+r.want+" ", " "+got+" ") {
				t.Errorf("%s %s over %s: got %s, want %s", r.id, r.what, transport, got, r.want)
			}
		}
	}
}

// census counts what a process may leak.
type census struct{ descriptors int }

func takeCensus(t *testing.T) census {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return census{len(open)}
}

// besieged starts an agent as start does, for a hostile test: at the test's end
// no panic was caught, calls, transactions, connections and descriptors are as
// many as before, and OPTIONS and a whole call succeed. Goroutines are counted
// when the agent is closed.
func besieged(t *testing.T, cfg sipua.Config) *sipua.Agent {
	t.Helper()
	if cfg.Handler == nil {
		cfg.Handler = answering(4000, nil)
	}
	a := start(t, cfg)
	before := takeCensus(t)
	t.Cleanup(func() {
		if t.Failed() {
			return // its calls may still be up
		}
		invariants(t, a, before)
	})
	return a
}

func invariants(t *testing.T, a *sipua.Agent, before census) {
	t.Helper()
	if n := a.Counters().Panics; n != 0 {
		t.Errorf("%d panics were caught", n)
	}
	wholeCall(t, a)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(wait); ; {
		servers, clients, conns := a.Alive()
		now := takeCensus(t)
		if servers+clients+conns+a.Calls() == 0 && now.descriptors <= before.descriptors {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("left are %d calls, %d and %d transactions, %d connections; %+v, at first %+v", a.Calls(), servers, clients, conns, now, before)
		}
	}
}

// wholeCall sends OPTIONS and makes a call of one digit, over UDP and TCP.
func wholeCall(t *testing.T, a *sipua.Agent) {
	t.Helper()
	for _, transport := range []string{"udp", "tcp"} {
		c, err := net.Dial(transport, a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(wait))
		r := bufio.NewReaderSize(c, 65535)
		if transport == "udp" {
			r = bufio.NewReaderSize(&datagrams{c: c}, 65535)
		}
		id := fmt.Sprintf("whole%s%d", transport, time.Now().UnixNano())
		cseq, tag := 0, ""
		say := func(method, kind, body string, want int) {
			t.Helper()
			cseq++
			n := cseq
			if method == "ACK" {
				n, cseq = cseq-1, cseq-1
			}
			_, port, _ := net.SplitHostPort(c.LocalAddr().String())
			l := lines{
				method + " sip:100@" + a.Addr().String() + " SIP/2.0", fmt.Sprintf("Via: SIP/2.0/%s 127.0.0.1:%s;branch=z9hG4bK%s%s%d;rport", strings.ToUpper(transport), port, id, method, n),
				"Max-Forwards: 70", "From: <sip:sound@example.com>;tag=s", "To: <sip:100@example.com>" + tag, "Call-ID: " + id, fmt.Sprintf("CSeq: %d %s", n, method),
				fmt.Sprintf("Contact: <sip:sound@127.0.0.1:%s;transport=%s>", port, transport),
			}
			if _, err := c.Write(l.with(kind, body)); err != nil {
				t.Fatal(err)
			}
			for want != 0 {
				status, answered, toTag, err := nextFinal(r)
				if err != nil {
					t.Fatalf("%s over %s: no answer: %v", method, transport, err)
				}
				if answered != fmt.Sprintf("%d %s", n, method) {
					continue
				}
				if status != want {
					t.Errorf("%s over %s got %d", method, transport, status)
				}
				if method == "INVITE" {
					tag = ";tag=" + toTag
				}
				return
			}
		}
		say("OPTIONS", "", "", 200)
		say("INVITE", "application/sdp", string(sdp(5000)), 200)
		say("ACK", "", "", 0)
		say("INFO", "application/dtmf-relay", "Signal=5\r\nDuration=100\r\n", 200)
		say("BYE", "", "", 200)
		_ = c.Close()
	}
}

// nextFinal reads messages up to a final response and gives its To tag too.
func nextFinal(r *bufio.Reader) (status int, cseq, tag string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, "", "", err
		}
		code, _ := statusOf(line)
		length := 0
		for {
			h, err := r.ReadString('\n')
			if err != nil {
				return 0, "", "", err
			}
			if h = strings.TrimSpace(h); h == "" {
				break
			}
			name, value, _ := strings.Cut(h, ":")
			switch value = strings.TrimSpace(value); strings.ToLower(name) {
			case "content-length":
				length, _ = strconv.Atoi(value)
			case "cseq":
				cseq = value
			case "to":
				_, tag, _ = strings.Cut(value, ";tag=")
			}
		}
		if _, err := r.Discard(length); err != nil {
			return 0, "", "", err
		}
		if code >= 200 {
			return code, cseq, tag, nil
		}
	}
}
