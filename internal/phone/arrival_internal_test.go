package phone

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// A packet that nobody had time to read is heard when it came, and the delay is this
// side's own. The kernel begins to stamp packets some time after the first socket of the
// machine asks for it: until then they bear the time at which they are read.
func TestArrival(t *testing.T) {
	asks, err := newMedia(net.ListenUDP, netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer asks.close()
	const waits = 150 * time.Millisecond
	var late, came time.Duration
	for range 40 {
		late, came = heardAfter(t, waits)
		if late >= waits/2 {
			break
		}
	}
	if late < waits/2 {
		t.Errorf("read late by %v", late)
	}
	if came > waits/2 || came < -20*time.Millisecond {
		t.Errorf("it came %v after it was sent", came)
	}
	sent := time.Now()
	if at, waited := arrival(nil, sent); at != sent || waited != 0 {
		t.Errorf("without the kernel's word: %v, %v", at, waited)
	}
}

// heardAfter sends a packet to media whose reader has no time for a while. It gives how
// late the packet was read, and when it came by that, from when it was sent.
func heardAfter(t *testing.T, waits time.Duration) (late, came time.Duration) {
	t.Helper()
	m, err := newMedia(net.ListenUDP, netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	conn, err := net.Dial("udp", m.local().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet := append(rtpHeader{payloadType: PCMU.payloadType(), seq: 1, timestamp: 1, ssrc: 1}.append(nil), make([]byte, frame)...)
	sent := time.Now()
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	<-time.After(waits)
	m.start()
	end := time.After(10 * time.Second)
	for {
		select {
		case <-time.After(time.Millisecond):
		case <-end:
			t.Fatal("the packet was never read")
		}
		m.mu.Lock()
		heard, late, came := m.heard.stats.Packets > 0, m.late.Read, m.heard.start.Sub(sent)
		m.mu.Unlock()
		if heard {
			return late, came
		}
	}
}
