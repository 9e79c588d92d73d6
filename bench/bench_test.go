package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// responder is a small server: it answers every INVITE, plays the low tone
// and changes to the high one for 200 ms when a key is pressed.
type responder struct {
	conn *net.UDPConn
	stop chan struct{}
	wg   sync.WaitGroup
	mu   sync.Mutex
	legs map[string]*net.UDPConn
	// refuse gives the status line and headers that the n-th INVITE is refused with.
	refuse func(n int) string
}

func newResponder(t *testing.T) *responder {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := &responder{conn: conn, stop: make(chan struct{}), legs: map[string]*net.UDPConn{}}
	r.wg.Go(r.serve)
	t.Cleanup(func() {
		close(r.stop)
		conn.Close()
		r.mu.Lock()
		for _, leg := range r.legs {
			leg.Close()
		}
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

func (r *responder) serve() {
	buf := make([]byte, 9000)
	first, invites := true, 0
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m, ok := parseMessage(buf[:n])
		if !ok {
			continue
		}
		answer := string(respond(m, "200 OK"))
		switch m.method {
		case "INVITE":
			if first { // the first one is lost, and must be repeated
				first = false
				continue
			}
			if invites++; r.refuse != nil && r.refuse(invites) != "" {
				answer = string(respond(m, r.refuse(invites)))
				break
			}
			answer = r.accept(m, answer)
		case "BYE":
			r.mu.Lock()
			if leg := r.legs[m.callID]; leg != nil {
				leg.Close()
				delete(r.legs, m.callID)
			}
			r.mu.Unlock()
		case "ACK":
			continue
		}
		r.conn.WriteToUDPAddrPort([]byte(answer), from)
	}
}

func (r *responder) accept(m message, answer string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	leg := r.legs[m.callID]
	if leg == nil {
		var err error
		if leg, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			return answer
		}
		r.legs[m.callID] = leg
		peer, _ := audioAddress(m.body)
		press := make(chan struct{}, 1)
		r.wg.Go(func() { listenForKeys(leg, press) })
		r.wg.Go(func() { r.play(leg, peer, press) })
	}
	a := leg.LocalAddr().(*net.UDPAddr).AddrPort()
	sdp := fmt.Sprintf("v=0\r\nc=IN IP4 %s\r\nm=audio %d RTP/AVP 0 101\r\n", a.Addr(), a.Port())
	answer = strings.Replace(answer, "To: "+m.to, "To: "+m.to+";tag=r", 1)
	answer = strings.Replace(answer, "Content-Length: 0\r\n\r\n", fmt.Sprintf("Contact: <sip:r@%s>\r\nContent-Length: %d\r\n\r\n%s", r.conn.LocalAddr(), len(sdp), sdp), 1)
	return answer
}

func listenForKeys(leg *net.UDPConn, press chan<- struct{}) {
	buf := make([]byte, 2000)
	last := uint32(0)
	for {
		n, _, err := leg.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if ts := binary.BigEndian.Uint32(buf[4:]); n == 16 && buf[1]&0x7f == eventType && ts != last {
			last = ts
			press <- struct{}{}
		}
	}
}

func (r *responder) play(leg *net.UDPConn, peer netip.AddrPort, press <-chan struct{}) {
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	high := 0
	for seq := uint32(1); ; seq++ {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		select {
		case <-press:
			high = 10
		default:
		}
		hz := float64(menuHz)
		if high > 0 {
			high--
			hz = keyHz
		}
		b := []byte{0x80, 0}
		b = binary.BigEndian.AppendUint16(b, uint16(seq))
		b = binary.BigEndian.AppendUint32(b, seq*frame)
		b = binary.BigEndian.AppendUint32(b, 7)
		for i := range frame {
			code := byte(0xa0) // a loud positive sample
			if math.Sin(2*math.Pi*hz*(float64(i)+0.25)/8000) < 0 {
				code = 0x20
			}
			b = append(b, code)
		}
		if _, err := leg.WriteToUDPAddrPort(b, peer); err != nil {
			return
		}
	}
}

func local(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func TestGenerator(t *testing.T) {
	r := newResponder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := settings{seconds: 2 * time.Second, calls: 20, setUps: 40, setUpFor: time.Second, keys: 600 * time.Millisecond}
	var got report
	err := got.measure(ctx, s, local(r.conn), "+1", os.Getpid(), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := got.Hold
	if h.Held != 20 || h.Failed != 0 || h.Lost != 0 || h.Odd != 0 || h.Strangers != 0 || h.Disorder != 0 {
		t.Errorf("hold: %+v", h)
	}
	if h.Packets < h.Expected*8/10 || h.Packets > h.Expected*12/10 {
		t.Errorf("%d packets, expected about %d", h.Packets, h.Expected)
	}
	if h.KeyToPrompt.Count < 20 || h.KeysMissed != 0 || h.KeyToPrompt.P50 <= 0 || h.KeyToPrompt.P50 > 200 {
		t.Errorf("keys: %+v, %d missed", h.KeyToPrompt, h.KeysMissed)
	}
	if h.Pacing.Count < 1000 || h.RSSHeld <= 0 {
		t.Errorf("pacing of %d packets, %d bytes", h.Pacing.Count, h.RSSHeld)
	}
	if got.SetUps.Calls != 40 || got.SetUps.Failed != 0 || got.SetUps.Answer.Count != 40 {
		t.Errorf("set-ups: %+v", got.SetUps)
	}
	var out bytes.Buffer
	got.print(&out)
	for _, want := range []string{"calls held", "20 of 20", "key to prompt", "retransmissions"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	t.Log("\n" + out.String())
}

// TestOffer: of calls that are offered those that were answered in time are good, and
// of the others those are refused that were told when to come again.
func TestOffer(t *testing.T) {
	r := newResponder(t)
	r.refuse = func(n int) string {
		switch {
		case n%3 == 0:
			return "503 Service Unavailable\r\nRetry-After: 7"
		case n == 4:
			return "503 Service Unavailable"
		case n == 5:
			return "486 Busy Here"
		}
		return ""
	}
	g, err := newGenerator(r.conn.LocalAddr().(*net.UDPAddr).AddrPort(), "+1", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	got, err := g.offer(t.Context(), os.Getpid(), 30, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got.Refused != 10 || got.Again.P50 != 7000 || got.Other["status 503"] != 1 || got.Other["status 486"] != 1 || got.Answer.Count != 18 {
		t.Errorf("%+v", got)
	}
	if good := got.Good * got.Seconds; good < 16.9 || good > 18.1 { // one had to be sent again
		t.Errorf("%v were good: %+v", good, got)
	}
	var out bytes.Buffer
	report{Overload: &overloadResult{Capacity: 100, Overload: got, Steps: []offered{got}}}.print(&out)
	for _, want := range []string{"1 status 486, 1 status 503", "Retry-After 7 to 7 s", "capacity"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}

func TestRefusedCallsAreCounted(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 9000)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if m, ok := parseMessage(buf[:n]); ok && m.method == "INVITE" {
				conn.WriteToUDPAddrPort(respond(m, "503 Service Unavailable"), from)
			}
		}
	})
	defer wg.Wait()
	defer conn.Close()
	s := settings{seconds: 100 * time.Millisecond, calls: 3, setUps: 10, setUpFor: 500 * time.Millisecond}
	var got report
	err = got.measure(t.Context(), s, local(conn), "+1", os.Getpid(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Hold.Failed != 3 || got.Hold.Reasons["status 503"] != 3*rampRounds || got.Hold.Refused != 3*rampRounds || got.SetUps.Failed != 5 {
		t.Errorf("%+v", got)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i) * 10 * time.Microsecond)
	}
	h.add(3 * time.Second)
	s := h.spread()
	if s.Count != 1001 || s.P50 < 5 || s.P50 > 5.02 || s.P99 < 9.9 || s.P99 > 9.93 || s.Max != 3000 {
		t.Errorf("%+v", s)
	}
}

func TestToneFile(t *testing.T) {
	b := toneFile(1000, time.Second)
	if len(b) != 44+16000 || string(b[36:40]) != "data" || binary.LittleEndian.Uint32(b[24:]) != 8000 || binary.LittleEndian.Uint16(b[34:]) != 16 {
		t.Errorf("header % x", b[:44])
	}
}

func FuzzParseMessage(f *testing.F) {
	f.Add([]byte("SIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContact: <sip:x@1.2.3.4>\r\n\r\nc=IN IP4 1.1.1.1\r\nm=audio 5 RTP/AVP 0\r\n"))
	f.Add([]byte("BYE sip:x SIP/2.0\r\ni: a\r\nCSeq: 2 BYE\r\nv: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := parseMessage(b); ok {
			audioAddress(m.body)
			respond(m, "200 OK")
		}
	})
}

// TestVoices holds that what members of a room say is told apart from silence.
func TestVoices(t *testing.T) {
	for i, v := range voices() {
		want := int(400+50*float64(i)) * 2 / 50
		if got := signChanges(v[:]); got < want-2 || got > want+2 || classify(v[:]) == silenceHeard {
			t.Errorf("voice %d changes its sign %d times, not %d", i, got, want)
		}
	}
	for sample, code := range map[int]byte{0: 0xff, 32767: 0x80, -32768: 0x00} {
		if got := mulaw(sample); got != code {
			t.Errorf("%d is %#x, not %#x", sample, got, code)
		}
	}
}
