package e2e_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestSIGTERM has the program told to end with calls up: it is not ready, and answers new
// calls and OPTIONS by 503 with a Retry-After at once, while the calls that are up go on
// until they end. Where they don't, they get BYE after drain_time (reliability J-01).
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "TANDEM_DRAIN_TIME=3600")
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	connected := func() (c, desk *phone.Call) {
		t.Helper()
		c = o.call(t)
		hears(t, c, "Main Menu", o.sound(menu, "Main Menu"), 0, 10*time.Second)
		press(t, c, "0")
		desk = rings(t, o.desk, 10*time.Second)
		if err := desk.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		return c, desk
	}
	ready := func() (status int, body string) {
		res, err := http.Get("http://" + o.http + "/readyz")
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	stopping := func() {
		t.Helper()
		if status, body := ready(); status != http.StatusOK {
			t.Errorf("before the signal: %d %s", status, body)
		}
		if err := o.server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if !eventually(10*time.Second, func() bool {
			status, body := ready()
			return status == 503 && strings.Contains(body, "the server is stopping")
		}) {
			t.Fatalf("it is ready after the signal\n%s", o.server.log)
		}
	}

	first, atDesk := connected()
	second := o.call(t)
	hears(t, second, "Main Menu", o.sound(menu, "Main Menu"), 0, 10*time.Second)
	stopping()
	for _, method := range []string{"OPTIONS", "INVITE"} {
		if answer := asks(t, o.sip, method, o.number); !strings.HasPrefix(answer, "SIP/2.0 503 ") || !strings.Contains(answer, "\r\nRetry-After: ") {
			t.Errorf("%s: %s", method, answer)
		}
	}
	if res, err := http.Get("http://" + o.http + "/healthz"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("it is not alive: %v", err)
	} else {
		res.Body.Close()
	}
	// What belongs to the calls that are up goes on: a hold, sound, the bridge, a menu's key.
	if err := first.Hold(t.Context()); err != nil {
		t.Errorf("hold: %v", err)
	}
	if err := first.Resume(t.Context()); err != nil {
		t.Errorf("resume: %v", err)
	}
	go atDesk.Play(t.Context(), tone(1100, 10*time.Second))
	hearsTone(t, first, 1100)
	hangUp(first)
	ends(t, atDesk, 5*time.Second)
	press(t, second, "0")
	in := rings(t, o.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go in.Play(t.Context(), tone(1300, 10*time.Second))
	hearsTone(t, second, 1300)
	select {
	case err := <-o.server.done:
		t.Fatalf("it ended with a call up: %v\n%s", err, o.server.log)
	default:
	}
	hangUp(second)
	ends(t, in, 5*time.Second)
	over(t, o.server)

	// One that does not end.
	o.server.env = append(o.server.env, "TANDEM_DRAIN_TIME=1")
	o.server.run()
	c, desk := connected()
	stopping()
	for name, c := range map[string]*phone.Call{"the caller": c, "the desk": desk} {
		ends(t, c, 15*time.Second)
		if e, _ := c.Ending(); e.ByUs || e.Method != "BYE" {
			t.Errorf("%s was left by %+v", name, e)
		}
	}
	over(t, o.server)
	o.server.run()
	calls := o.server.calls(t)
	if len(calls) != 3 {
		t.Fatalf("%d calls are on record: %+v", len(calls), calls)
	}
	if v := o.server.show(t, calls[0].ID); !strings.Contains(v.String(), "the server") || !strings.Contains(v.String(), "sent BYE") {
		t.Errorf("nothing says why it ended:\n%s", v)
	}
}

// over waits until the program has ended by itself, without a fault.
func over(t *testing.T, s *server) {
	t.Helper()
	select {
	case err := <-s.done:
		if err != nil {
			t.Fatalf("it ended with %v\n%s", err, s.log)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("it does not end\n%s", s.log)
	}
}

// asks sends a SIP request from nobody in particular and gives the final answer.
func asks(t *testing.T, sip, method, user string) string {
	t.Helper()
	conn, err := net.Dial("udp", sip)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	id := fmt.Sprint(method, time.Now().UnixNano())
	fmt.Fprintf(conn, "%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=%s\r\n"+
		"To: <sip:%s@%s>\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:x@%s>\r\nContent-Length: 0\r\n\r\n",
		method, user, sip, conn.LocalAddr(), id, id, user, sip, id, method, conn.LocalAddr())
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 8192)
	for {
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		if s := string(b[:n]); !strings.HasPrefix(s, "SIP/2.0 1") {
			return s
		}
	}
}
