package sipua_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/sipua/siptest"
)

// tortureAnswers gives the final status that each message of RFC 4475 must get
// (A-01, R3); "silence" = none. Where we differ from what the RFC describes, or it
// leaves a choice, is said beside it.
func tortureAnswers() map[string]string {
	return map[string]string{
		// Valid (§3.1.1).
		"wsinv":   "481", // it has a To tag, and no dialog has it
		"intmeth": "501", "esc01": "200", "esc02": "501", "lwsdisp": "200", "longreq": "200", "semiuri": "200", "transports": "200",
		"escnull":  "401",                            // a REGISTER, which needs credentials before its contacts matter
		"dblreq":   "401",                            // the same; the INVITE behind it is ignored
		"mpart01":  "405",                            // MESSAGE is read, and not taken
		"unreason": "silence", "noreason": "silence", // responses to nothing
		// Invalid (§3.1.2).
		"badinv01": "400", "clerr": "400", "ncl": "400", "scalar02": "400", "scalarlg": "silence", "quotbal": "400", "ltgtruri": "400", "lwsruri": "400",
		"lwsstart": "400", "trws": "400", "escruri": "400", // leniency would be allowed in these four
		"baddate":  "200", // the Date is not looked at
		"regbadct": "401", // a REGISTER; the Contact is refused once it has credentials, if it is odd still
		"badaspec": "400", "baddn": "400", "badvers": "505", "mismatch01": "400", "mismatch02": "501", "bigcode": "silence",
		// Transaction layer (§3.2).
		"badbranch": "200", // OPTIONS whose branch is the cookie alone: matched as RFC 2543 has it
		// Application layer (§3.3).
		"insuf": "400", "unkscm": "416", "novelsc": "416",
		"unksm2": "401", // REGISTER for a To that is no SIP address: credentials first
		"bext01": "420", "invut": "415", "regaut01": "401", "multi01": "400", "mcl01": "400", "bcast": "silence", "zeromf": "200",
		"cparam01": "401", "cparam02": "401", "regescrt": "401", // REGISTERs; 200 with credentials
		"sdp01": "406",
		// Backward compatibility (§3.4).
		"inv2543": "200",
		"test":    "silence", // sipgo's own, no message
	}
}

const pingRequest = "OPTIONS sip:ping@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:%d;branch=z9hG4bKping%d;rport\r\n" +
	"Max-Forwards: 70\r\nFrom: <sip:ping@127.0.0.1>;tag=p\r\nTo: <sip:ping@127.0.0.1>\r\nCall-ID: ping%d\r\n" +
	"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

// finalOf reads responses until a final one that belongs to match.
func finalOf(r *bufio.Reader) (status int, cseq string, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, "", err
		}
		code, ok := statusOf(line)
		length := 0
		for {
			h, err := r.ReadString('\n')
			if err != nil {
				return 0, "", err
			}
			if h = strings.TrimSpace(h); h == "" {
				break
			}
			name, value, _ := strings.Cut(h, ":")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "content-length":
				length, _ = strconv.Atoi(strings.TrimSpace(value))
			case "cseq":
				cseq = strings.TrimSpace(value)
			}
		}
		if _, err := r.Discard(length); err != nil {
			return 0, "", err
		}
		if ok && code >= 200 {
			return code, cseq, nil
		}
	}
}

func statusOf(line string) (int, bool) {
	f := strings.Fields(line)
	if len(f) < 2 || f[0] != "SIP/2.0" {
		return 0, false
	}
	n, err := strconv.Atoi(f[1])
	return n, err == nil
}

// datagrams reads each datagram as one message.
type datagrams struct {
	c   net.Conn
	buf bytes.Buffer
}

func (d *datagrams) Read(p []byte) (int, error) {
	if d.buf.Len() == 0 {
		b := make([]byte, 65535)
		n, err := d.c.Read(b)
		if err != nil {
			return 0, err
		}
		d.buf.Write(b[:n])
	}
	return d.buf.Read(p)
}

func TestTorture(t *testing.T) {
	st := newStore("127.0.0.1", "alice")
	agents := map[string]*sipua.Agent{}
	for _, transport := range []string{"udp", "tcp"} {
		agents[transport] = start(t, sipua.Config{Realm: "127.0.0.1", Extensions: st, Bindings: st, Handler: answering(4000, nil)})
	}
	want := tortureAnswers()
	for i, m := range siptest.Torture(t) {
		name, data := m.Name, m.Data
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(transport+"/"+name, func(t *testing.T) {
				got := torment(t, agents[transport], transport, i, data)
				t.Logf("%s over %s: %s", name, transport, got)
				switch w := want[name]; {
				case w == got:
				case transport == "tcp" && name == "inv2543" && got == "400":
					// It has no Content-Length, which a stream needs.
				case transport == "tcp" && name == "clerr" && got == "silence":
					// Over a stream too great a length only means that the message goes on.
				default:
					t.Errorf("%s over %s: got %s, want %s", name, transport, got, want[name])
				}
			})
		}
	}
	for transport, a := range agents {
		if n := a.Counters().Panics; n != 0 {
			t.Errorf("%d panics were caught over %s", n, transport)
		}
	}
}

// torment sends data with an OPTIONS behind it and says what data got. Over
// TCP the OPTIONS uses a connection of its own.
func torment(t *testing.T, a *sipua.Agent, transport string, i int, data []byte) string {
	t.Helper()
	c, err := net.Dial(transport, a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data = redirectVia(data)
	if _, err := c.Write(data); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReaderSize(&datagrams{c: c}, 65535)
	if transport == "tcp" {
		r = bufio.NewReader(c)
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		status, _, err := finalOf(r)
		ping(t, a, i)
		if err != nil {
			return "silence"
		}
		return strconv.Itoa(status)
	}
	local := c.LocalAddr().(*net.UDPAddr)
	fmt.Fprintf(c, pingRequest, "UDP", local.Port, i, i)
	_ = c.SetReadDeadline(time.Now().Add(wait))
	got := "silence"
	for range 10 {
		status, cseq, err := finalOf(r)
		if err != nil {
			t.Fatalf("no answer to OPTIONS: %v", err)
		}
		if cseq == "1 OPTIONS" && status == 200 {
			break
		}
		got = strconv.Itoa(status)
	}
	if got == "silence" { // calls are answered by a goroutine of their own
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		if status, _, err := finalOf(r); err == nil {
			got = strconv.Itoa(status)
		}
	}
	return got
}

// redirectVia makes the answer come to our socket: RFC 4475's messages name
// hosts of their own and no rport.
func redirectVia(data []byte) []byte {
	head, body, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	if bytes.HasPrefix(data, []byte("INVITE")) && bytes.Contains(head, []byte("\r\n /UDP\r\n")) { // a Via over three lines
		head = bytes.Replace(head, []byte(";branch="), []byte(";rport;branch="), 1)
	}
	lines := bytes.Split(head, []byte("\r\n"))
	for i, line := range lines {
		name, _, ok := bytes.Cut(line, []byte(":"))
		n := strings.ToLower(strings.TrimSpace(string(name)))
		if !ok || (n != "via" && n != "v") || bytes.Contains(head, []byte("rport")) {
			continue
		}
		if at := bytes.IndexByte(line, ','); at > 0 {
			lines[i] = append(append(append([]byte{}, line[:at]...), ";rport"...), line[at:]...)
		} else {
			lines[i] = append(append([]byte{}, line...), ";rport"...)
		}
		break
	}
	out := bytes.Join(lines, []byte("\r\n"))
	return append(append(out, "\r\n\r\n"...), body...)
}

func ping(t *testing.T, a *sipua.Agent, i int) {
	t.Helper()
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, pingRequest, "TCP", c.LocalAddr().(*net.TCPAddr).Port, i, i)
	_ = c.SetReadDeadline(time.Now().Add(wait))
	if status, _, err := finalOf(bufio.NewReader(c)); status != 200 || err != nil {
		t.Fatalf("OPTIONS got %d, %v", status, err)
	}
}
