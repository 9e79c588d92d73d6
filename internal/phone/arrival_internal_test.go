package phone

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// A packet that nobody had time to read is heard when it came, and the delay is this
// side's own.
func TestArrival(t *testing.T) {
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
	const waits = 150 * time.Millisecond
	<-time.After(waits) // the reader has no time
	m.start()
	end := time.After(10 * time.Second)
	for heard := false; !heard; {
		select {
		case <-time.After(time.Millisecond):
			m.mu.Lock()
			heard = m.heard.stats.Packets > 0
			m.mu.Unlock()
		case <-end:
			t.Fatal("the packet was never read")
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.late.Read < waits/2 {
		t.Errorf("read late by %v", m.late.Read)
	}
	if d := m.heard.start.Sub(sent); d > waits/2 || d < -20*time.Millisecond {
		t.Errorf("it came %v after it was sent", d)
	}
	if at, waited := arrival(nil, sent); at != sent || waited != 0 {
		t.Errorf("without the kernel's word: %v, %v", at, waited)
	}
}
