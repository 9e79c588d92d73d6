package rtpport_test

import (
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// Sums go on when ports close, and a sample of many ports is what each of them tells.
func TestSampleAndTotals(t *testing.T) {
	pool := startPool(t, rtpport.Config{Shards: 2})
	var ports []*rtpport.Port
	var peers []*peer
	for range 70 { // more than one order takes
		port := openPort(t, pool)
		p := newPeer(t, port)
		start(t, port, p, media.PCMU, eventPT)
		ports, peers = append(ports, port), append(peers, p)
	}
	for _, p := range peers {
		for range 3 {
			p.audio(media.PCMU, make([]byte, 160))
		}
	}
	until(t, "all packets counted", func() { peers[0].read() }, func() bool { return pool.Totals().ReceivedPackets == 210 })
	ports[3].Close()
	for i, st := range pool.Sample(ports) {
		if st.ReceivedPackets != 3 || st.SentPackets == 0 {
			t.Errorf("port %d: %+v", i, st)
		}
	}
	before := pool.Totals()
	for _, p := range ports {
		p.Close()
	}
	if after := pool.Totals(); after.ReceivedPackets != 210 || after.SentPackets < before.SentPackets {
		t.Errorf("%d received, %d sent after %d", after.ReceivedPackets, after.SentPackets, before.SentPackets)
	}
}

// What tells why nothing is heard is counted: closed ports, strangers, packets of
// another kind, noise in place of sound, runs of loss and late packets.
func TestEvidence(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p, stranger := newPeer(t, port), newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	sound := make([]byte, 160)
	if st := port.Stats(); st.SoundPacket != 0 {
		t.Errorf("before anything came: %+v", st)
	}
	p.audio(media.PCMU, sound)
	until(t, "the peer is known", func() { p.read() }, func() bool { return port.Stats().ReceivedPackets == 1 })
	p.audio(media.PCMU, sound)
	first := p.seq
	p.seq += 2
	p.audio(media.PCMU, sound) // two are missing
	p.seq = first
	p.audio(media.PCMA, make([]byte, 240)) // one of them comes late
	p.seq = first + 3
	p.raw(111, false, p.seq, p.ts, sound)
	p.seq++
	p.raw(13, false, p.seq, p.ts, []byte{60})
	until(t, "all is counted", func() { p.read() }, func() bool { return port.Stats().ReceivedPackets == 6 })
	// The kernel drops strangers' packets as long as the peer's come.
	until(t, "the stranger is seen", func() { stranger.audio(media.PCMU, sound); p.read() }, func() bool { return port.Stats().Foreign > 0 })
	st := port.Stats()
	if st.ReceivedLost != 1 || st.LossRuns != 1 || st.ReceivedLate != 1 {
		t.Errorf("%d lost in %d runs, %d late", st.ReceivedLost, st.LossRuns, st.ReceivedLate)
	}
	if st.ReceivedUnknown != 1 || st.UnknownType != 111 || st.ForeignFrom != stranger.addr() || !st.Quiet || st.Refused != 0 {
		t.Errorf("%+v", st)
	}
	if st.SoundCodec != media.PCMA || st.SoundPacket != 30*time.Millisecond {
		t.Errorf("the last sound: %v in %v", st.SoundCodec, st.SoundPacket)
	}
	p.conn.Close()
	until(t, "the closed port is told", func() { pause(t) }, func() bool { return port.Stats().Refused > 3 })
	if st := port.Stats(); st.SendFailed > 0 {
		t.Errorf("%d packets count as not sent", st.SendFailed)
	}
}

func pause(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(20 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
}

// A peer that reports, and never of us, hears nothing.
func TestBlindReports(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.audio(media.PCMU, make([]byte, 160))
	// An empty report, and who sends it, on the RTP port (RFC 5761).
	report := []byte{0x80, 201, 0, 1, 0x11, 0x22, 0x33, 0x44, 0x81, 202, 0, 2, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0}
	since := int64(0)
	until(t, "three reports are blind", func() {
		p.read()
		if st := port.Stats(); st.SentPackets-since > 30 {
			since = st.SentPackets
			p.conn.WriteToUDPAddrPort(report, p.to)
		}
	}, func() bool { return port.Stats().ReportsBlind >= 3 })
	st := port.Stats()
	block := append([]byte{0x81, 201, 0, 7, 0x11, 0x22, 0x33, 0x44}, make([]byte, 24)...)
	block[8], block[9], block[10], block[11] = byte(st.SSRC>>24), byte(st.SSRC>>16), byte(st.SSRC>>8), byte(st.SSRC)
	block[19] = 7
	p.conn.WriteToUDPAddrPort(block, p.to)
	until(t, "a report that tells of us", func() { p.read() }, func() bool { return port.Stats().ReportsBlind == 0 })
}
