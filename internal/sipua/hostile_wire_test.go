package sipua_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is what this process has used so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // can't fail with a good address
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A-10 and B-04: connections without data, with a part of a message, and closed in
// the middle of one; the others are served, and what is half costs no time.
func TestHostileConnections(t *testing.T) {
	a := besieged(t, hostileConfig())
	whole := asks("OPTIONS").with("application/sdp", strings.Repeat("x", 900))
	whole = bytes.ReplaceAll(whole, []byte("{id}"), []byte("conn"))
	var conns []net.Conn
	for i := range soak(300, 3000) {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if i%3 > 0 {
			_, _ = c.Write(whole[:1+i*7%(len(whole)-1)])
		}
		if i%3 == 2 {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}
	before := cpu()
	wholeCall(t, a)
	for i := range 50 {
		ping(t, a, i)
	}
	if used := cpu() - before; used > 5*time.Second {
		t.Errorf("beside half messages a call and 50 requests took %v of CPU", used)
	}
	for i, c := range conns {
		if i%2 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_ = c.Close()
	}
}

// B-09: ten INVITEs on a connection that is reset: no call stays.
func TestHostileResets(t *testing.T) {
	a := besieged(t, hostileConfig())
	body := string(sdp(5000))
	for i := range soak(40, 1000) {
		c, err := net.Dial("tcp", a.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for j := range 10 {
			id := fmt.Sprintf("rst%d.%d", i, j)
			text := asks("INVITE").set("Via", "SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK"+id+";rport").set("Call-ID", id).set("Contact", "<sip:x@127.0.0.1:9;transport=tcp>").with("application/sdp", body)
			_, _ = c.Write(text)
		}
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

// D-06: what an unverified source over UDP is sent for what it sends. A spoofed
// source is not to be hit with more than came in, nor again and again.
func TestHostileAmplification(t *testing.T) {
	cfg := home()
	cfg.Limits.LimitLoopback, cfg.Limits.Wire.Rate = true, -1
	a := besieged(t, cfg)
	for _, c := range []struct {
		what string
		data []byte
	}{
		{"OPTIONS", asks("OPTIONS").bytes()}, {"REGISTER", asks("REGISTER").to("sip:home").bytes()}, {"SUBSCRIBE", asks("SUBSCRIBE").add("Event: presence").bytes()},
		{"INVITE in our domain", asks("INVITE").set("From", "<sip:alice@home>;tag=1").with("application/sdp", string(sdp(5000)))},
		{"MESSAGE", asks("MESSAGE").with("text/plain", "x")}, {"a bad request", asks("OPTIONS").set("Max-Forwards", "x").bytes()}, {"BYE", asks("BYE").bytes()},
		{"the shortest OPTIONS", []byte("OPTIONS sip:h SIP/2.0\r\nv:SIP/2.0/UDP h;rport\r\nf:sip:a@b;tag=1\r\nt:sip:h\r\ni:{id}\r\nCSeq:1 OPTIONS\r\n\r\n")},
		{"the shortest REGISTER", []byte("REGISTER sip:h SIP/2.0\r\nv:SIP/2.0/UDP h;rport\r\nf:sip:a@b;tag=1\r\nt:sip:h\r\ni:{id}\r\nCSeq:1 REGISTER\r\n\r\n")},
	} {
		p := newPeer(t, a)
		data := bytes.ReplaceAll(c.data, []byte("{id}"), []byte("amp"+strings.ReplaceAll(c.what, " ", "")))
		p.send(string(data))
		buf, out, finals := make([]byte, 65535), 0, 0
		for {
			_ = p.conn.SetReadDeadline(time.Now().Add(400 * time.Millisecond)) // T1 is 50 ms here
			n, err := p.conn.Read(buf)
			if err != nil {
				break
			}
			out += n
			if !bytes.HasPrefix(buf, []byte("SIP/2.0 1")) {
				finals++
			}
		}
		t.Logf("%s: %d bytes in, %d out, %d finals", c.what, len(data), out, finals)
		if finals > 2 {
			t.Errorf("%s: %d final responses", c.what, finals)
		}
		if float64(out) > 1.5*float64(len(data)) {
			t.Errorf("%s: %d bytes in, %d out", c.what, len(data), out)
		}
	}
}

// keep-alives alone keep no connection that never says anything.
func TestHostileKeepAlive(t *testing.T) {
	cfg := hostileConfig()
	cfg.Limits.Wire.FirstMessage = 300 * time.Millisecond
	a := besieged(t, cfg)
	c, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	gone := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, c)
		gone <- err
	}()
	for end := time.After(wait); ; {
		select {
		case <-gone:
			return
		case <-tick.C:
			_, _ = c.Write([]byte("\r\n\r\n"))
		case <-end:
			t.Fatal("keep-alives keep the connection open")
		}
	}
}
