package rtpport_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// TestOpenAt has a port for IPv4 alone, of a pool for both, which sees strangers as any
// other and goes on by IPv6 when the peer does.
func TestOpenAt(t *testing.T) {
	here := netip.MustParseAddr("127.0.0.1")
	for _, tt := range []struct {
		name string
		told netip.Addr
		kept bool // from strangers, by the kernel
	}{
		{"the address that packets come to", here, false},
		{"another one, as behind a NAT", netip.MustParseAddr("192.0.2.7"), false},
		{"none", netip.Addr{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool, err := rtpport.Start(rtpport.Config{Bind: netip.IPv6Unspecified(), PortLow: 20000, PortHigh: 60000})
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			port, err := pool.OpenAt(tt.told)
			if err != nil {
				t.Fatal(err)
			}
			good, bad := newPeer(t, port), newPeer(t, port)
			start(t, port, good, media.PCMU, eventPT)
			step := func() {
				good.audio(media.PCMU, make([]byte, 160))
				good.read()
			}
			until(t, "the first packet counts", step, func() bool { return port.Stats().ReceivedPackets > 0 })
			if tt.kept {
				until(t, "the kernel keeps strangers away", step, port.Connected)
			}
			before := port.Stats().Foreign
			for range 10 {
				bad.audio(media.PCMU, make([]byte, 160))
				step()
			}
			if n := port.Stats().Foreign - before; (n == 0) != tt.kept || port.Connected() != tt.kept {
				t.Errorf("%d packets of a stranger were looked at, connected: %v", n, port.Connected())
			}

			conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			six := &peer{t: t, conn: conn, ssrc: 7, to: netip.AddrPortFrom(netip.IPv6Loopback(), uint16(port.LocalPort()))}
			start(t, port, six, media.PCMU, eventPT)
			six.read()
			counted := port.Stats().ReceivedPackets
			until(t, "sound comes by IPv6", func() {
				six.audio(media.PCMU, make([]byte, 160))
				six.readFor(100 * time.Millisecond)
			}, func() bool { return port.Stats().ReceivedPackets > counted })
		})
	}
}

// TestOfAnotherFamily binds a pool to an address of IPv4 and has a peer that is reached by
// IPv6 alone: what can't be sent is counted, so that the call tells of it.
func TestOfAnotherFamily(t *testing.T) {
	pool := startPool(t, rtpport.Config{Bind: netip.MustParseAddr("127.0.0.1")})
	if got := pool.Host(); got != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("the pool is at %v", got)
	}
	port, err := pool.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := port.Start(rtpport.Params{Remote: netip.MustParseAddrPort("[::1]:9"), Codec: media.PCMU}); err != nil {
		t.Fatal(err)
	}
	port.Play(pattern(10), true)
	until(t, "packets count as not sent", func() {}, func() bool { return port.Stats().SendFailed >= 5 })
	if n := port.Stats().SentPackets; n > 0 {
		t.Errorf("%d packets were sent", n)
	}
}
