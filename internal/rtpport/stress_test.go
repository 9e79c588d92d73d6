package rtpport_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/rtpport"
)

func TestStalledWheelSkipsAndGoesOn(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	first := p.read()
	f := tempFile(t)
	rec, err := port.Record(rtpport.RecordOptions{File: f})
	if err != nil {
		t.Fatal(err)
	}
	before := port.Stats()
	port.Stall(300 * time.Millisecond)
	stalled := port.Stats().SendSkipped
	sound := pattern(20)
	p.talk(media.PCMU, sound.Bytes(media.PCMU))
	last := p.read()
	st := port.Stats()
	res := rec.Stop()
	if st.SendSkipped < 14 {
		t.Errorf("%d turns skipped in a stall of 300 ms", st.SendSkipped)
	}
	span := int64(last.ts-first.ts) / 160
	if sent := int64(last.seq - first.seq); span < sent+14 || span > sent+st.SendSkipped {
		t.Errorf("timestamps went %d turns, %d packets, %d skipped", span, sent, st.SendSkipped)
	}
	turns := st.SentPackets - before.SentPackets + st.SendSkipped - before.SendSkipped
	if d := int64(res.Duration/media.FrameTime) - turns; d < -2 || d > 4 {
		t.Errorf("recording of %v over %d turns", res.Duration, turns)
	}
	if s := pool.Stats().Shards[0]; s.Skipped < 280 || s.LateMax < 250*time.Millisecond {
		t.Errorf("%+v", s)
	}
	want := sound.PCM().Samples
	if !contains(readBack(t, f).Samples, want) && st.SendSkipped == stalled {
		t.Error("what was said after the stall is not whole")
	}
}

func TestRecordingKeepsTimeUnderLoss(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.read()
	rec, err := port.Record(rtpport.RecordOptions{File: tempFile(t), Sides: rtpport.SidesMixed})
	if err != nil {
		t.Fatal(err)
	}
	before := port.Stats()
	rng := rand.New(rand.NewPCG(1, 1))
	sound := pattern(1).Bytes(media.PCMU)
	for i := range 100 {
		if i < 40 || i > 65 { // the pause is that of silence suppression
			if rng.IntN(5) > 0 {
				p.raw(0, false, p.seq, p.ts, sound)
			}
			if rng.IntN(20) == 0 {
				p.raw(0, false, p.seq, p.ts, sound)
			}
			p.seq++
		}
		p.ts += 160
		p.read()
	}
	st := port.Stats()
	res := rec.Stop()
	turns := st.SentPackets - before.SentPackets + st.SendSkipped - before.SendSkipped
	if d := int64(res.Duration/media.FrameTime) - turns; d < -2 || d > 3 {
		t.Errorf("recording of %v over %d turns", res.Duration, turns)
	}
	if st.ReceivedLost < 5 {
		t.Errorf("%d packets lost", st.ReceivedLost)
	}
}

func TestDigitsUnderRandomLoss(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	rng := rand.New(rand.NewPCG(4, 2))
	want := ""
	for i := range 60 {
		key := "0123456789*#"[i%12]
		ts, left := p.ts, 0
		for _, j := range rng.Perm(8) { // any order
			copies := []int{0, 1, 1, 1, 2}[rng.IntN(5)]
			if left == 0 && j == 7 {
				copies = max(copies, 1)
			}
			for range copies {
				left++
				p.raw(eventPT, j == 0, p.seq+uint16(j), ts, event(key, j >= 5, uint16(160*(j+1))))
			}
		}
		p.seq, p.ts = p.seq+8, p.ts+1600
		if left > 0 {
			want += string(key)
			if d := waitDigit(t, port); d.Key != key {
				t.Fatalf("digit %d is %q, want %q", i, d.Key, key)
			}
		}
	}
	if st := port.Close(); st.Digits != int64(len(want)) {
		t.Errorf("%d digits of %d", st.Digits, len(want))
	}
}

// A pressed key is answered before the old turn of the port comes round.
func TestKeyToPrompt(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	menu, answer := pattern(500), media.NewClip(media.PCM{Rate: 8000, Samples: make([]int16, 1600)})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range port.Digits() {
			port.Play(answer, false)
		}
	}()
	slow := 0
	for range 15 {
		port.PlayWith(rtpport.PlayOptions{Clips: []*media.Clip{menu}, BargeIn: true})
		for pk := p.read(); !pk.marker; {
			pk = p.read()
		}
		p.press('1', func(i int) bool { return i < 4 })
		n := 0
		for pk := p.read(); pk.payload[0] != 0xFF || !pk.marker; n++ {
			pk = p.read()
		}
		if n > 2 {
			slow++
		}
	}
	if slow > 5 {
		t.Errorf("in %d of 15 cases over two packets passed between key and prompt", slow)
	}
	port.Close()
	<-done
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF}, false)
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0x8A, 1, 0}, false)
	f.Add([]byte{0xB1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 0, 1, 0, 0, 0, 0, 4}, false)
	f.Add([]byte{0x80, opusPT, 0, 2, 0, 0, 3, 0xC0, 0, 0, 0, 1, 0x08, 1, 2, 3}, false)
	f.Add([]byte{0x80, opusEventPT, 0, 3, 0, 0, 7, 0x80, 0, 0, 0, 1, 5, 0x8A, 1, 0}, false)
	f.Add([]byte{0x81, 200, 0, 12, 0, 0, 0, 1}, true)
	f.Add([]byte{0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 0, 0, 0, 1}, true)
	pool, err := rtpport.Start(rtpport.Config{Bind: netip.MustParseAddr("127.0.0.1"), PortLow: 20000, PortHigh: 60000})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(pool.Close)
	port, err := pool.Open()
	if err != nil {
		f.Fatal(err)
	}
	source := netip.MustParseAddrPort("127.0.0.1:9")
	if err := port.Start(rtpport.Params{Remote: source, Codec: media.PCMA, EventPT: eventPT, Direction: rtpport.RecvOnly, Opus: rtpport.Opus{PT: opusPT, EventPT: opusEventPT}}); err != nil {
		f.Fatal(err)
	}
	if _, err := port.Record(rtpport.RecordOptions{Hear: func([]int16) bool { return false }}); err != nil { // who makes it decode
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, rtcp bool) {
		port.Inject(source, b, rtcp)
	})
}
