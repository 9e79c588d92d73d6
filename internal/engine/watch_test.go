package engine_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/offer"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// bare is a SIP phone whose sound is made packet by packet.
type bare struct {
	t     *testing.T
	rtp   *net.UDPConn
	rtcp  *net.UDPConn // beside it
	to    *net.UDPAddr
	agent *sipua.Agent
	call  *sipua.Dialog
	seq   uint16
	ts    uint32
}

// bareCall calls the engine from sip, with a description that names media, or the
// phone's own socket where it is zero.
func bareCall(t *testing.T, r *rig, sip string, media netip.AddrPort, dir offer.Direction) *bare {
	t.Helper()
	b := &bare{t: t}
	host := netip.MustParseAddr(sip)
	for b.rtcp == nil { // an even port and the next
		var err error
		if b.rtp, err = net.ListenUDP("udp", &net.UDPAddr{IP: host.AsSlice()}); err != nil {
			t.Fatal(err)
		}
		at := b.rtp.LocalAddr().(*net.UDPAddr)
		if b.rtcp, err = net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port + 1}); err != nil {
			b.rtp.Close()
			b.rtcp = nil
		}
	}
	t.Cleanup(func() { b.rtp.Close(); b.rtcp.Close() })
	if !media.IsValid() {
		media = b.rtp.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	local := offer.NewLocal(media)
	local.Codecs = []string{offer.PCMU}
	var err error
	if b.agent, err = sipua.Start(t.Context(), sipua.Config{Listen: netip.AddrPortFrom(host, 0).String()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.agent.Close() })
	if b.call, err = b.agent.Dial(t.Context(), sipua.Target{URI: "sip:test@" + r.agent.Addr().String()}, local.Offer(dir), nil); err != nil {
		t.Fatal(err)
	}
	m, err := local.Accept(b.call.Remote())
	if err != nil {
		t.Fatal(err)
	}
	b.to = net.UDPAddrFromAddrPort(m.Remote)
	return b
}

// send sends the next packet from a socket.
func (b *bare) send(from *net.UDPConn, pt byte, payload int) {
	p := make([]byte, 12+payload)
	p[0], p[1], p[11] = 0x80, pt, 7
	binary.BigEndian.PutUint16(p[2:], b.seq)
	binary.BigEndian.PutUint32(p[4:], b.ts)
	b.seq++
	from.WriteToUDP(p, b.to)
}

// every does f again and again for d, or until done says so.
func every(pace, d time.Duration, done func() bool, f func()) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	end := time.NewTimer(d)
	defer end.Stop()
	for !done() {
		f()
		select {
		case <-tick.C:
		case <-end.C:
			return
		}
	}
}

func never() bool { return false }

// talk sends packets of sound for d.
func (b *bare) talk(d time.Duration, done func() bool) {
	every(20*time.Millisecond, d, done, func() {
		b.send(b.rtp, 0, 160)
		b.ts += 160
	})
}

// event gives the first event of a kind with a reason, which must come.
func (r *rig) event(kind voice.EventKind, reason string) voice.Event {
	r.t.Helper()
	var found voice.Event
	every(20*time.Millisecond, 15*time.Second, func() bool { e, ok := r.find(kind, reason); found = e; return ok }, func() {})
	if found.Kind == "" {
		r.t.Fatalf("no event %s with %q\n%s", kind, reason, r.timeline())
	}
	return found
}

func (r *rig) find(kind voice.EventKind, reason string) (voice.Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e.Kind == kind && (reason == "" || e.Data["reason"] == reason) {
			return e, true
		}
	}
	return voice.Event{}, false
}

// soon says that an event came within three seconds of another, and what the test
// machine may be late.
func (r *rig) soon(e voice.Event, since time.Time) {
	r.t.Helper()
	if d := e.At.Sub(since); d < time.Second || d > 4*time.Second {
		r.t.Errorf("%s came after %v", e.Kind, d)
	}
}

// hears waits until the caller leaves.
func hears(ctx context.Context, c *engine.Call) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	return c.Wait(ctx, time.Minute)
}

func (b *bare) end(r *rig) {
	b.call.Hangup(voice.CauseNormal, "enough")
	if err := r.over(); !voice.IsKind(err, voice.HungUp) {
		b.t.Errorf("the flow ended with %v", err)
	}
}

// Each way for a call to be silent is found within three seconds of the answer and
// said in words.
func TestSilenceIsExplained(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		media netip.AddrPort
		do    func(b *bare, told func() bool)
		words string
	}{
		"nothing": {words: "received none: nothing comes from 127.0.0.1"},
		"private": {media: netip.MustParseAddrPort("127.9.9.9:4000"), words: "names 127.9.9.9"},
		"codec": {words: "of payload type 97, which was not agreed (PCMU was)", do: func(b *bare, told func() bool) {
			every(20*time.Millisecond, 5*time.Second, told, func() { b.send(b.rtp, 97, 160) })
		}},
		"foreign": {words: "127.0.0.5:", do: func(b *bare, told func() bool) {
			other, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 5)})
			if err != nil {
				b.t.Fatal(err)
			}
			defer other.Close()
			every(700*time.Millisecond, 600*time.Millisecond, told, func() {}) // the time in which sources are learned
			every(20*time.Millisecond, 5*time.Second, told, func() { b.send(other, 0, 160) })
		}},
		"port_closed": {words: "nothing listens at 127.0.0.1", do: func(b *bare, _ func() bool) { b.rtp.Close() }},
		"not_rtp": {words: "that are no RTP", do: func(b *bare, told func() bool) {
			every(100*time.Millisecond, 5*time.Second, told, func() { b.rtp.WriteToUDP([]byte("hello"), b.to) })
		}},
		"thin": {words: " packets came in 3 s", do: func(b *bare, told func() bool) {
			every(time.Second, 8*time.Second, told, func() { b.send(b.rtp, 0, 160); b.ts += 8000 })
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, hears)
			b := bareCall(t, r, "127.0.0.1", c.media, offer.SendRecv)
			if c.do != nil {
				c.do(b, func() bool { _, ok := r.find(voice.EventSilence, ""); return ok })
			}
			e := r.event(voice.EventSilence, reason)
			if !strings.Contains(e.Text, c.words) || e.Data["direction"] != "in" || e.Leg != "a" {
				t.Errorf("%+v", e)
			}
			r.soon(e, r.event(voice.EventCallAnswered, "").At)
			t.Log(e.Text)
			b.end(r)
			if first, _ := r.find(voice.EventSilence, ""); first.Data["reason"] != reason {
				t.Errorf("first it was said: %s", first.Text)
			}
		})
	}
}

// Sound that stops and comes back is told, and the recording made meanwhile is as
// long as it took.
func TestSoundStopsAndComesBack(t *testing.T) {
	t.Parallel()
	length := make(chan time.Duration, 1)
	r := newRig(t, func(ctx context.Context, c *engine.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		began := time.Now()
		res, err := c.Record(ctx, voice.RecordSpec{Purpose: voice.ForCall, MaxLength: 8 * time.Second})
		length <- res.Recording.Duration - time.Since(began)
		return err
	})
	b := bareCall(t, r, "127.0.0.1", netip.AddrPort{}, offer.SendRecv)
	b.talk(time.Second, never)
	stopped := r.event(voice.EventSilence, "stopped")
	if !strings.Contains(stopped.Text, "the peer's sound stopped") {
		t.Error(stopped.Text)
	}
	b.ts += 8000 * 3 // the sender's clock went on
	b.talk(10*time.Second, func() bool { _, ok := r.find(voice.EventHeard, ""); return ok })
	r.noted(voice.EventHeard, "the peer's sound came back")
	b.talk(10*time.Second, func() bool { return len(length) == 1 })
	if d := <-length; d < -700*time.Millisecond || d > 700*time.Millisecond {
		t.Errorf("the recording is %v longer than it took\n%s", d, r.timeline())
	}
	if err := r.over(); err != nil {
		t.Error(err)
	}
	l := r.legs()[0]
	if q := l.Quality; q.MOSIn < 4 || q.PacketsIn < 50 || l.Keys != voice.ByRTPEvent {
		t.Errorf("leg: %+v", l)
	}
	r.noted(voice.EventLegEnded, "its sound: MOS 4.")
}

// Sound that comes late is told with how late; what then is heard one way alone is
// told by the peer's reports.
func TestLateAndOneWay(t *testing.T) {
	t.Parallel()
	r := newRig(t, hears)
	b := bareCall(t, r, "127.0.0.1", netip.AddrPort{}, offer.SendRecv)
	r.event(voice.EventSilence, "nothing")
	report := []byte{0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 202, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0}
	n := 0
	b.talk(15*time.Second, func() bool {
		if n++; n%40 == 0 {
			b.rtcp.WriteToUDP(report, &net.UDPAddr{IP: b.to.IP, Port: b.to.Port + 1})
		}
		_, ok := r.find(voice.EventSilence, "peer_unheard")
		return ok
	})
	e := r.event(voice.EventSilence, "peer_unheard")
	if e.Data["direction"] != "out" || !strings.Contains(e.Text, "the peer hears nothing of us: its last 2 reports") {
		t.Errorf("%+v", e)
	}
	r.noted(voice.EventHeard, "sound of the peer came ")
	if s := r.engine.Sound(); s.Legs != 1 || s.Silent != 0 {
		t.Errorf("%+v", s)
	}
	live := r.engine.LiveLegs(tenant, callOf(r))
	if len(live) != 1 || live[0].Quality.PacketsIn == 0 || !live[0].End.IsZero() || live[0].Quality.MOSOut != 1 {
		t.Errorf("%+v", live)
	}
	if other := r.engine.LiveLegs("2", callOf(r)); other != nil {
		t.Errorf("another account sees %+v", other)
	}
	b.end(r)
}

func callOf(r *rig) voice.CallID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.events[0].Call
}

// What is no fault is not told as one: hold, and comfort noise in place of silence.
func TestNoFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dir offer.Direction
		pt  byte
	}{"hold": {offer.Inactive, 0}, "listens": {offer.RecvOnly, 0}, "comfort noise": {offer.SendRecv, 13}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, hears)
			b := bareCall(t, r, "127.0.0.1", netip.AddrPort{}, c.dir)
			every(400*time.Millisecond, 5*time.Second, never, func() {
				if c.pt != 0 {
					b.send(b.rtp, c.pt, 1)
					b.ts += 3200
				}
			})
			if e, ok := r.find(voice.EventSilence, ""); ok {
				t.Errorf("told: %s", e.Text)
			}
			b.end(r)
		})
	}
}

// A caller behind a NAT: signalling from a public address, a private one in its
// description. In a network namespace of its own all of them are this machine.
func TestPrivateAddressBehindNAT(t *testing.T) {
	t.Parallel()
	if os.Getenv("IN_OWN_NETWORK") == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPrivateAddressBehindNAT$", "-test.v", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), "IN_OWN_NETWORK=yes")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		if os.Getuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for _, args := range []string{"link set lo up", "addr add 198.51.100.7/32 dev lo", "addr add 192.168.77.7/32 dev lo"} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v %s", args, err, out)
		}
	}
	r := newRig(t, hears)
	b := bareCall(t, r, "198.51.100.7", netip.MustParseAddrPort("192.168.77.7:4000"), offer.SendRecv)
	e := r.event(voice.EventSilence, "private")
	if !strings.Contains(e.Text, "names 192.168.77.7, which is private (RFC 1918), while its signalling comes from 198.51.100.7") {
		t.Error(e.Text)
	}
	// Its sound comes from the NAT all the same, and the call is saved.
	b.talk(10*time.Second, func() bool { _, ok := r.find(voice.EventHeard, "private"); return ok })
	r.event(voice.EventHeard, "private")
	b.end(r)
}
