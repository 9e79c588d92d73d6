//go:build opus && cgo

package rtpport_test

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/media/opus"
	"tandem/internal/rtpport"
)

// speaker is a port that sends Opus and takes it, with its peer.
func speaker(t *testing.T, pool *rtpport.Pool, o rtpport.Opus, eventPT uint8) (*rtpport.Port, *peer) {
	t.Helper()
	port := openPort(t, pool)
	p := newPeer(t, port)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.Opus, EventPT: eventPT, Opus: o}); err != nil {
		t.Fatal(err)
	}
	return port, p
}

// hearOpus decodes so many packets, which have to come in a row of 20 ms each.
func hearOpus(t *testing.T, p *peer, packets int) (pcm []int16, last packet) {
	t.Helper()
	d, err := opus.NewDecoder(media.Rate)
	if err != nil {
		t.Fatal(err)
	}
	room := make([]int16, 960)
	for i := range packets {
		pk := p.read()
		ticks, err := opus.Time(pk.payload)
		if pk.pt != opusPT || err != nil || ticks != opusFrame || i > 0 && (pk.seq != last.seq+1 || (pk.ts-last.ts)%opusFrame != 0 || pk.ts == last.ts) {
			t.Fatalf("packet %d is %+v after %+v, of %d ticks: %v", i, pk, last, ticks, err)
		}
		n, err := d.Decode(room, pk.payload)
		if err != nil {
			t.Fatal(err)
		}
		pcm, last = append(pcm, room[:n]...), pk
	}
	return pcm, last
}

// TestOpusIsSent has prompts, tones over them, silence, a bridged telephone and a room be
// heard in Opus, on the clock of 48 kHz, and reports tell its time.
func TestOpusIsSent(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, p := speaker(t, pool, rtpport.Opus{PT: opusPT, EventPT: opusEventPT, FEC: true, MaxRate: 16000}, 0)
	is := func(what string, hz float64, packets int) packet {
		t.Helper()
		pcm, last := hearOpus(t, p, packets)
		best := 0.0
		for window := range slices.Chunk(pcm[len(pcm)/3:], 1600) { // a busy machine leaves turns out
			best = max(best, audiomatch.Tone(window, hz))
		}
		if best < 0.8 {
			t.Errorf("%s: the tone's purity is %.2f", what, best)
		}
		return last
	}
	port.Play(toneClip(600, 2*time.Second), true)
	first := is("a prompt", 600, 60)
	port.PlayOver([]*media.Clip{toneClip(1200, 3*time.Second)}, false, false)
	is("over a prompt", 1200, 60)
	port.PlayOver(nil, false, false)
	port.Play(media.SilentClip(0), false)
	quiet, _ := hearOpus(t, p, 40)
	if loud := (media.PCM{Rate: media.Rate, Samples: quiet[len(quiet)-800:]}).Peak(); loud > 100 {
		t.Errorf("the silence is as loud as %d", loud)
	}
	far := newTalker(t, pool, media.PCMA, 900, 8000)
	if err := rtpport.Bridge(port, far.port); err != nil {
		t.Fatal(err)
	}
	says := func(packets int) {
		for range packets {
			far.audio(far.codec, far.next())
			far.read()
		}
	}
	done := make(chan struct{})
	go func() { defer close(done); says(80) }()
	is("a bridged telephone", 900, 70)
	<-done
	room, err := pool.NewRoom(port)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []*rtpport.Port{port, far.port} {
		if _, err := room.Join(who, false); err != nil {
			t.Fatal(err)
		}
	}
	done = make(chan struct{})
	go func() { defer close(done); says(80) }()
	last := is("in a room", 900, 70)
	<-done
	room.Close()
	if turns := time.Duration(last.ts-first.ts) * time.Second / opus.Rate; (turns - last.arrivedAt.Sub(first.arrivedAt)).Abs() > 100*time.Millisecond {
		t.Errorf("in %v the clock has gone on by %v", last.arrivedAt.Sub(first.arrivedAt), turns)
	}
	if st := port.Stats(); st.SendFailed > 0 || st.SentBytes/st.SentPackets > 60 { // 16 kbit/s are 40
		t.Errorf("sent %+v", st)
	}
}

// TestOpusReportsItsTime has the time in reports of the sender be that of its packets.
func TestOpusReportsItsTime(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.Opus, Mux: true, Opus: rtpport.Opus{PT: opusPT}}); err != nil {
		t.Fatal(err)
	}
	var ts uint32
	for range 400 {
		pk := p.read()
		if pk.pt == opusPT {
			ts = pk.ts
			continue
		}
		if pk.pt != 200&0x7F {
			t.Fatalf("%+v", pk)
		}
		// read takes octets 4 to 8 for the timestamp: here they are the source, and the
		// payload begins with the rest of the sender's clock.
		told := binary.BigEndian.Uint32(pk.payload[4:])
		if d := int32(told - ts); d < 0 || d > 2*opusFrame {
			t.Errorf("the report says %d after a packet of %d", told, ts)
		}
		return
	}
	t.Error("no report came")
}

// TestOpusKeysAreSent has keys sent on the clock of the sound, or on that of 8 kHz where
// the peer has no other, in one stream with it.
func TestOpusKeysAreSent(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	for _, c := range []struct {
		name  string
		opus  rtpport.Opus
		event uint8
		pt    uint8
		step  uint16
	}{
		{"wide", rtpport.Opus{PT: opusPT, EventPT: opusEventPT}, eventPT, opusEventPT, opusFrame},
		{"narrow", rtpport.Opus{PT: opusPT}, eventPT, eventPT, 160},
	} {
		port, p := speaker(t, pool, c.opus, c.event)
		_, before := hearOpus(t, p, 5)
		s, err := port.SendDigits("47")
		if err != nil {
			t.Fatal(err)
		}
		var keys []packet
		for len(keys) < 30 {
			pk := p.read()
			if pk.pt == c.pt {
				keys = append(keys, pk)
				continue
			}
			if pk.pt != opusPT {
				t.Fatalf("%s: a packet of type %d", c.name, pk.pt)
			}
			select {
			case <-s.Done():
			default:
				continue
			}
			break
		}
		var pressed []byte
		var at uint32
		for i, k := range keys {
			n := binary.BigEndian.Uint16(k.payload[2:])
			if i == 0 || k.ts != at {
				pressed, at = append(pressed, k.payload[0]), k.ts
				if d := k.ts - before.ts; d == 0 || d%opusFrame != 0 || n != c.step || !k.marker {
					t.Errorf("%s: a key begins %d after the sound, with %d, %v", c.name, d, n, k.marker)
				}
			}
			if n%c.step != 0 || n > 5*c.step {
				t.Errorf("%s: packet %d of the keys lasts %d", c.name, i, n)
			}
		}
		if !slices.Equal(pressed, []byte{4, 7}) {
			t.Errorf("%s: the keys %v came", c.name, pressed)
		}
		port.Close()
	}
}

// TestOpusLossIsMadeUp has every tenth packet of speech missing, of a stream with FEC: what
// is recorded is nearly what is recorded without loss, which without FEC it is not.
func TestOpusLossIsMadeUp(t *testing.T) {
	f, err := os.Open("../prompt/english/sample-welcome.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	speech, err := media.ReadWAV(f, media.WAVLimits{})
	if err != nil {
		t.Fatal(err)
	}
	speech = media.Resample(speech, 16000)
	pool := startPool(t, rtpport.Config{})
	says := func(loss int, lost bool) []int16 {
		e, err := opus.NewEncoder(opus.Settings{SampleRate: 16000, BitRate: 24000, Loss: loss})
		if err != nil {
			t.Fatal(err)
		}
		var turns [][][]byte
		for i := 0; i < 200 && (i+1)*320 <= len(speech.Samples); i++ {
			b := make([]byte, 400)
			n, err := e.Encode(b, speech.Samples[i*320:(i+1)*320])
			if err != nil {
				t.Fatal(err)
			}
			var turn [][]byte
			if !lost || i%10 != 5 {
				turn = append(turn, rtpAs(opusPT, uint16(i), uint32(i)*opusFrame, b[:n]))
			}
			turns = append(turns, turn)
		}
		port, p := speaker(t, pool, rtpport.Opus{PT: opusPT}, 0)
		heard := recordsRounds(t, port, p.addr(), turns)
		if st := port.Stats(); lost != (st.ReceivedLost == int64(len(turns)+4)/10) {
			t.Errorf("of %d packets %d count as lost", len(turns), st.ReceivedLost)
		}
		port.Close()
		return heard
	}
	with := alikeness(says(20, false), says(20, true))
	without := alikeness(says(0, false), says(0, true))
	t.Logf("with FEC %.1f dB, without %.1f dB", with, without)
	if with < 17 || without > with-5 {
		t.Errorf("of what was lost %.1f dB are there with FEC, %.1f dB without", with, without)
	}
}

// alikeness is the signal against what differs of it, in dB, wherever it is best.
func alikeness(whole, got []int16) float64 {
	best := math.Inf(-1)
	for lag := -800; lag <= 800; lag++ {
		var signal, noise float64
		for i := 800; i+800 < min(len(whole), len(got)); i++ {
			a := float64(whole[i])
			d := float64(got[i+lag]) - a
			signal, noise = signal+a*a, noise+d*d
		}
		best = max(best, 10*math.Log10(signal/noise))
	}
	return best
}

// TestSpeakingOpusAllocatesNothing has a turn take, decode, encode and send a packet.
func TestSpeakingOpusAllocatesNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port, p := speaker(t, pool, rtpport.Opus{PT: opusPT, EventPT: opusEventPT, FEC: true}, 0)
	port.Play(toneClip(500, 1*time.Second), true)
	rec, err := port.Record(rtpport.RecordOptions{Sides: rtpport.SidesMixed, Hear: func([]int16) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	packets, i := opusPackets(t, "hybrid"), 0
	if n := port.AllocsPerTurn(p.addr(), func() []byte {
		i++
		return rtpAs(opusPT, uint16(i), uint32(i)*opusFrame, packets[i%len(packets)])
	}); n != 0 {
		t.Errorf("%v allocations in a turn", n)
	}
	rec.Stop()
}
