package rtpport_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

func TestCloseFreesEverything(t *testing.T) {
	before := openFiles(t)
	pool, err := rtpport.Start(rtpport.Config{
		Bind: netip.MustParseAddr("127.0.0.1"), PortLow: 20000, PortHigh: 60000, Shards: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	var ports []*rtpport.Port
	for range 50 {
		ports = append(ports, openPort(t, pool))
	}
	if n := pool.Stats().Ports; n != 50 {
		t.Errorf("%d ports open", n)
	}
	for _, p := range ports[:25] {
		if a, b := p.Close(), p.Close(); a != b {
			t.Error("a second Close differs")
		}
		if _, ok := <-p.Digits(); ok {
			t.Error("a digit of a closed port")
		}
	}
	if n := pool.Stats().Ports; n != 25 {
		t.Errorf("%d ports open after closing half", n)
	}
	sending, err := ports[30].SendDigits("1")
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	pool.Close()
	<-sending.Done()
	if _, err := pool.Open(); err == nil {
		t.Error("a closed pool opened a port")
	}
	if err := ports[40].Start(rtpport.Params{}); !errors.Is(err, rtpport.ErrClosed) {
		t.Errorf("start on a closed port: %v", err)
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files open, %d before", after, before)
	}
}

func TestRangeAndLimit(t *testing.T) {
	// A free pair of ports, as far as anybody can tell.
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	low := c.LocalAddr().(*net.UDPAddr).Port &^ 1
	c.Close()
	pool, err := rtpport.Start(rtpport.Config{Bind: netip.MustParseAddr("127.0.0.1"), PortLow: low, PortHigh: low + 2})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	port, err := pool.Open()
	if err != nil {
		t.Skip(err)
	}
	if _, err := pool.Open(); !errors.Is(err, rtpport.ErrNoPorts) {
		t.Errorf("second port of a pair: %v", err)
	}
	port.Close()
	if port, err = pool.Open(); err != nil || port.LocalPort() != low {
		t.Errorf("after closing: %v", err)
	}

	small := startPool(t, rtpport.Config{PortsPerShard: 1})
	openPort(t, small)
	if _, err := small.Open(); !errors.Is(err, rtpport.ErrLimit) {
		t.Errorf("over the limit: %v", err)
	}
	if n := small.Room(); n != 0 {
		t.Errorf("a full pool has room for %d", n)
	}
	if n := startPool(t, rtpport.Config{}).Room(); n >= 0 {
		t.Errorf("an empty pool tells that it has room for %d", n)
	}
	if _, err := rtpport.Start(rtpport.Config{PortLow: 5, PortHigh: 4}); err == nil {
		t.Error("a senseless range was taken")
	}
}

// Two ports talk to each other, bridged and listened to or not: what is allocated
// must not grow with packets.
func TestNoAllocationPerPacket(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	var ports []*rtpport.Port
	for range 40 {
		ports = append(ports, openPort(t, pool))
	}
	loop := pattern(50)
	for i := 0; i < len(ports); i += 2 {
		a, b := ports[i], ports[i+1]
		for _, p := range []*rtpport.Port{a, b} {
			other := a
			if p == a {
				other = b
			}
			pt := uint8(eventPT)
			if i < 10 {
				pt = 0 // the detector runs
			}
			if err := p.Start(rtpport.Params{Remote: local(other), Codec: media.PCMU, EventPT: pt}); err != nil {
				t.Fatal(err)
			}
		}
		a.Play(loop, true)
	}
	if err := rtpport.Bridge(ports[3], ports[5]); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]int{{3, 7}, {5, 7}, {7, 3}, {7, 5}} {
		if _, err := rtpport.AddFeed(ports[pair[0]], ports[pair[1]]); err != nil {
			t.Fatal(err)
		}
	}
	packets := func() (n int64) {
		st := ports[0].Stats()
		return st.SentPackets + st.ReceivedPackets
	}
	for packets() < 20 {
		runtime.Gosched()
	}
	var before, after runtime.MemStats
	n := packets()
	runtime.ReadMemStats(&before)
	timer := time.NewTimer(time.Second)
	<-timer.C
	runtime.ReadMemStats(&after)
	n = (packets() - n) * int64(len(ports))
	if mallocs := after.Mallocs - before.Mallocs; n < 1000 || mallocs > uint64(n/20) {
		t.Errorf("%d allocations for %d packets", mallocs, n)
	}
	if st := ports[0].Close(); st.ReceivedLost > 2 {
		t.Errorf("%d packets lost on loopback", st.ReceivedLost)
	}
}

func TestReports(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	rtcp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer rtcp.Close()
	err = port.Start(rtpport.Params{
		Remote: p.addr(), RTCP: rtcp.LocalAddr().(*net.UDPAddr).AddrPort(), Codec: media.PCMU, EventPT: eventPT,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if i%10 == 5 {
			p.seq++
			p.ts += 160
		}
		p.audio(media.PCMU, make([]byte, 160))
		p.read()
	}
	us := p.read().ssrc
	be := binary.BigEndian
	rr := be.AppendUint32([]byte{0x81, 201, 0, 7}, p.ssrc)
	rr = be.AppendUint32(rr, us)
	rr = append(rr, 10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0)
	to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.to.Addr(), p.to.Port()+1))
	if _, err := rtcp.WriteTo(rr, to); err != nil {
		t.Fatal(err)
	}
	until(t, "report heard", func() { p.read() }, func() bool { return port.Stats().ReportsHeard > 0 })
	st := port.Close()
	if st.RemoteLost != 5 || st.RemoteJitter != 10*time.Millisecond || st.ReceivedLost != 3 {
		t.Errorf("%+v", st)
	}
	b := make([]byte, 500)
	for bye := false; !bye; {
		if err := rtcp.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, _, err := rtcp.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		if b[1] != 200 || be.Uint32(b[4:]) != us || be.Uint32(b[28:]) != p.ssrc || be.Uint32(b[32:])&0xFFFFFF != 3 {
			t.Fatalf("report %x", b[:n])
		}
		for at := 0; at < n; at += 4 + 4*int(be.Uint16(b[at+2:])) {
			bye = bye || b[at+1] == 203
		}
	}
}
