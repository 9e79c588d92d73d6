package e2e_test

import (
	be "encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/netlab"
	"tandem/internal/phone"
)

const evilIP = "198.51.100.66"

// stage is a server, honest callers, and somebody else.
func stage(t *testing.T, more ...string) (s *server, k apiKey, srv, world, evil *netlab.Host) {
	t.Helper()
	lab := netlab.New(t)
	srv, world, evil = lab.Host("srv"), lab.Host("world"), lab.Host("evil")
	lab.Wire(srv, world, serverIP+"/24", desktopIP+"/24")
	lab.Wire(srv, evil, "198.51.100.10/24", evilIP+"/24")
	evil.Route("203.0.113.0/24", "198.51.100.10")
	s = startOn(t, srv, serverIP+sipPort, more...)
	k = apiAccount(t, s)
	return s, k, srv, world, evil
}

// spray sends what looks like the media of a call to each port of a range in turn, with
// sequence numbers that go on at each port, and gives the number of packets that came
// back.
func spray(t *testing.T, h *netlab.Host, low, high, packets int, sound []byte) (sent, back func() int64, stop func()) {
	t.Helper()
	conn, err := h.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(evilIP)})
	if err != nil {
		t.Fatal(err)
	}
	burst := 60 // 12,000 a second
	if long() {
		burst = 250
	}
	var out, in atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 2000)
		for {
			if _, _, err := conn.ReadFromUDPAddrPort(b); err != nil {
				return
			}
			in.Add(1)
		}
	})
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		server, port, seq := netip.MustParseAddr(serverIP), low, uint16(0)
		for out.Load() < int64(packets) {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for range burst {
				n := out.Add(1)
				b := strayPacket(int(n), seq, sound)
				conn.WriteToUDPAddrPort(b, netip.AddrPortFrom(server, uint16(port)))
				if port++; port > high {
					port, seq = low, seq+1
				}
			}
		}
	})
	stop = sync.OnceFunc(func() { close(done); conn.Close(); wg.Wait() })
	t.Cleanup(stop)
	return out.Load, in.Load, stop
}

// strayPacket is RTP for the most, else RTCP, STUN, DTLS or nothing.
func strayPacket(n int, seq uint16, sound []byte) []byte {

	switch n % 16 {
	case 3: // SR with a report block
		return append([]byte{0x81, 200, 0, 12}, make([]byte, 48)...)
	case 5: // BYE
		return []byte{0x81, 203, 0, 1, 0, 0, 0, 9}
	case 7: // four octets of RTCP, which once disabled a check
		return []byte{0x80, 201, 0, 0}
	case 9: // STUN binding request
		return append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 12)...)
	case 11: // DTLS ClientHello
		return append([]byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1}, make([]byte, 39)...)
	case 13:
		return nil
	}
	b := []byte{0x80, 0}
	b = be.BigEndian.AppendUint16(b, seq)
	b = be.BigEndian.AppendUint32(b, uint32(seq)*160)
	b = be.BigEndian.AppendUint32(b, 9)
	return append(b, sound...)
}

// TestSprayedMedia has somebody send media to every port while calls come, talk and go.
func TestSprayedMedia(t *testing.T) {
	t.Parallel()
	const low, high = 20000, 20199
	calls, packets := 6, 100_000
	if long() {
		calls, packets = 50, 1_000_000
	}
	s, k, _, world, evil := stage(t, fmt.Sprintf("TANDEM_RTP=%d-%d", low, high), "TANDEM_LIMITS_SOURCE_PER_SECOND=0") // all calls come at once from one address
	const number = "+46850000700"
	k.nativeApp("Dictate", number, "say", `"say": {"record": {"purpose": "call", "max_length": "8s"}, "recorded": "bye", "not_recorded": "bye", "failed": "bye"},
		"bye": {"hang_up": {"words": "thank you"}}`)
	bad := make([]byte, 160)
	copy(bad, mulaw(tone(2000, 20*time.Millisecond)))
	sent, back, stop := spray(t, evil, low, high, packets, bad)
	caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: world.ListenUDP})
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			c, err := caller.Dial(t.Context(), "sip:"+number+"@"+s.sip, phone.CallOptions{})
			if err != nil {
				t.Errorf("call %d: %v", i, err)
				return
			}
			defer hangUp(c)
			go c.Play(t.Context(), tone(700, 20*time.Second))
			select {
			case <-c.Done():
			case <-time.After(40 * time.Second):
				t.Errorf("call %d did not finish\n%s", i, timeline(c))
			}
		})
	}
	wg.Wait()
	if !eventually(10*time.Minute, func() bool { return sent() >= int64(packets) }) {
		t.Errorf("%d of %d packets were sent", sent(), packets)
	}
	stop()
	if n := back(); n != 0 {
		t.Errorf("%d packets went to who sprayed", n)
	}
	list := k.items("/recordings")
	if len(list) != calls {
		t.Errorf("%d recordings of %d calls", len(list), calls)
	}
	for _, r := range list {
		sound := k.sound(text(t, r, "id"))
		for at := 0; at+phone.Rate/4 <= len(sound); at += phone.Rate / 4 {
			if share := audiomatch.Tone(sound[at:at+phone.Rate/4], 2000); share > 0.01 {
				t.Errorf("%.3f of the recording at %d is of who sprayed", share, at)
			}
		}
		if share := audiomatch.Tone(sound[len(sound)/2:len(sound)/2+phone.Rate/2], 700); share < 0.5 {
			t.Errorf("%.3f of the recording is of the caller", share)
		}
	}
}

// TestCopiedStream has somebody who sees the packets of a call go on with its stream,
// a packet ahead, from elsewhere.
func TestCopiedStream(t *testing.T) {
	t.Parallel()
	s, k, srv, world, evil := stage(t)
	const number = "+46850000701"
	k.nativeApp("Wait", number, "up", `"up": {"answer": {}, "then": "wait"}, "wait": {"wait": "60s"}`)
	var tap *net.IPConn
	err := srv.Do(func() (err error) {
		tap, err = net.ListenIP("ip4:udp", &net.IPAddr{IP: net.ParseIP(serverIP)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := evil.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(evilIP)})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var copied, back atomic.Int64
	wg.Go(func() {
		b := make([]byte, 2000)
		for {
			n, from, err := tap.ReadFromIP(b)
			if err != nil {
				return
			}
			if n < 8+12+160 || from.IP.String() != desktopIP || b[8] != 0x80 {
				continue
			}
			rtp := append([]byte(nil), b[8:n]...)
			be.BigEndian.PutUint16(rtp[2:], be.BigEndian.Uint16(rtp[2:])+1)
			to := netip.AddrPortFrom(netip.MustParseAddr(serverIP), be.BigEndian.Uint16(b[2:]))
			if _, err := conn.WriteToUDPAddrPort(rtp, to); err == nil {
				copied.Add(1)
			}
		}
	})
	wg.Go(func() {
		b := make([]byte, 2000)
		for {
			if _, _, err := conn.ReadFromUDPAddrPort(b); err != nil {
				return
			}
			back.Add(1)
		}
	})
	caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: world.ListenUDP})
	c := dial(t, caller, s, number)
	go c.Play(t.Context(), tone(700, 20*time.Second))
	eventually(20*time.Second, func() bool { return copied.Load() > 150 })
	at := c.Stats().Packets
	if !eventually(5*time.Second, func() bool { return c.Stats().Packets > at+25 }) {
		t.Error("the caller hears nothing any more")
	}
	hangUp(c)
	v := s.ended(t, number, 10*time.Second)
	tap.Close()
	conn.Close()
	wg.Wait()
	if n := back.Load(); n != 0 {
		t.Errorf("%d packets went to who copied", n)
	}
	if !strings.Contains(v.String(), "alarm: "+evilIP) {
		t.Errorf("%d packets were copied and the timeline has no alarm:\n%s", copied.Load(), v)
	}
}
