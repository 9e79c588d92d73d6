package rtpport_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/media/opus"
	"tandem/internal/rtpport"
)

const (
	opusPT      = 111
	opusEventPT = 110
	opusFrame   = 960 // ticks in 20 ms
)

// opusPackets are those of a second of a tone of 440 Hz, as package media/opus has them.
func opusPackets(t *testing.T, name string) (all [][]byte) {
	t.Helper()
	raw, err := os.ReadFile("../media/opus/testdata/" + name + ".packets")
	if err != nil {
		t.Fatal(err)
	}
	for len(raw) > 2 {
		n := int(binary.BigEndian.Uint16(raw))
		all = append(all, raw[2:2+n])
		raw = raw[2+n:]
	}
	return all
}

// rtpAs is a packet of any payload type.
func rtpAs(pt uint8, seq uint16, ts uint32, payload []byte) []byte {
	b := rtpOf(media.PCMU, seq, ts, 0x11223344, payload)
	b[1] = pt
	return b
}

// hearer is a port that takes Opus and sends another codec.
func hearer(t *testing.T, codec media.Codec) (*rtpport.Port, *peer) {
	t.Helper()
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: codec, EventPT: eventPT, Opus: rtpport.Opus{PT: opusPT, EventPT: opusEventPT}}); err != nil {
		t.Fatal(err)
	}
	return port, p
}

// recordsRounds has a recording made of what comes in turns.
func recordsRounds(t *testing.T, port *rtpport.Port, from netip.AddrPort, turns [][][]byte) []int16 {
	t.Helper()
	f := tempFile(t)
	rec, err := port.Record(rtpport.RecordOptions{File: f, Sides: rtpport.SideIn})
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(turns, 100) { // the ring of a recording holds 5 s
		port.Rounds(from, part)
	}
	if r := rec.Stop(); r.Err != nil || r.Gaps > 0 {
		t.Fatalf("recorded %+v", r)
	}
	return readBack(t, f).Samples
}

// purity is how much of what was heard, but for its beginning, is a tone.
func purity(heard []int16, from, to time.Duration, hz float64) float64 {
	at := func(d time.Duration) int { return min(int(d*media.Rate/time.Second), len(heard)) }
	return audiomatch.Tone(heard[at(from):at(to)], hz)
}

// TestOpusIsHeard has every mode of Opus recorded, past the wrap of both numbers, out of
// order within a turn and a turn late, while another codec is sent.
func TestOpusIsHeard(t *testing.T) {
	for _, name := range []string{"silk-narrow", "silk-wide-fec", "hybrid", "celt", "stereo", "silk-60ms", "celt-10ms"} {
		for _, codec := range []media.Codec{media.PCMU, media.PCMA, media.G722} {
			port, p := hearer(t, codec)
			var turns [][][]byte
			seq, ts := uint16(65520), uint32(1<<32-20*opusFrame)
			due := 0
			for _, pk := range slices.Concat(opusPackets(t, name), opusPackets(t, name)) {
				ticks, err := opus.Time(pk)
				if err != nil {
					t.Fatal(err)
				}
				for due >= opusFrame || len(turns) == 0 {
					turns, due = append(turns, nil), due-opusFrame
				}
				last := &turns[len(turns)-1]
				*last = append(*last, rtpAs(opusPT, seq, ts, pk))
				if len(*last) == 2 && seq%4 == 0 {
					slices.Reverse(*last)
				}
				seq, ts, due = seq+1, ts+uint32(ticks), due+ticks
			}
			for i := 20; i+1 < len(turns) && name != "silk-60ms"; i += 7 {
				turns[i+1] = append(turns[i+1], turns[i]...) // late by a turn, after what followed it
				turns[i] = nil
			}
			heard := recordsRounds(t, port, p.addr(), turns)
			if pure := purity(heard, 200*time.Millisecond, 900*time.Millisecond, 440); pure < 0.9 {
				t.Errorf("%s, sending %v: the tone's purity is %.2f", name, codec, pure)
			}
			if want := len(turns) * 160; len(heard) < want-160 || len(heard) > want+1600 {
				t.Errorf("%s, sending %v: %d samples recorded of %d", name, codec, len(heard), want)
			}
			st := port.Stats()
			if st.ReceivedUnknown+st.ReceivedInvalid+st.ReceivedExcess+st.ReceivedLost != 0 {
				t.Errorf("%s, sending %v: %+v", name, codec, st)
			}
			if length := map[string]time.Duration{"silk-60ms": 60 * time.Millisecond, "celt-10ms": 10 * time.Millisecond}[name]; st.SoundCodec != media.Opus ||
				st.SoundPacket != cmp.Or(length, 20*time.Millisecond) {
				t.Errorf("%s, sending %v: %v in %v", name, codec, st.SoundCodec, st.SoundPacket)
			}
			pk := p.read()
			if pk.pt != codec.PayloadType() || len(pk.payload) != 160 {
				t.Errorf("%d octets of payload type %d are sent", len(pk.payload), pk.pt)
			}
			port.Close()
		}
	}
}

// TestOpusPassesOn has a telephone of G.711 hear, over a bridge, what a browser says in
// Opus and then in another codec, and its keys pass as keys on the clock of 8 kHz.
func TestOpusPassesOn(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := openPort(t, pool), newTalker(t, pool, media.PCMA, 900, 0)
	p := newPeer(t, a)
	if err := a.Start(rtpport.Params{Remote: p.addr(), Codec: media.PCMU, EventPT: eventPT, Opus: rtpport.Opus{PT: opusPT, EventPT: opusEventPT}}); err != nil {
		t.Fatal(err)
	}
	if err := rtpport.Bridge(a, b.port); err != nil {
		t.Fatal(err)
	}
	packets := opusPackets(t, "silk-narrow")
	says := func(frames int, send func(i int)) (pure float64, keys []packet) {
		var heard []int16
		for i := range frames {
			send(i)
			pk := b.read()
			if pk.pt == eventPT {
				keys = append(keys, pk)
				continue
			}
			pcm := make([]int16, len(pk.payload))
			media.PCMA.Decode(pcm, pk.payload)
			heard = append(heard, pcm...)
		}
		for window := range slices.Chunk(heard, 1600) { // a busy machine leaves turns out
			pure = max(pure, audiomatch.Tone(window, 440))
		}
		return pure, keys
	}
	ts := uint32(7)
	inOpus := func(i int) {
		p.raw(opusPT, i == 0, p.seq, ts, packets[10+i%30])
		p.seq, ts = p.seq+1, ts+opusFrame
	}
	if pure, _ := says(100, inOpus); pure < 0.9 {
		t.Errorf("in Opus the tone's purity is %.2f", pure)
	}
	tone := make([]byte, media.Rate)
	pcm := make([]int16, len(tone))
	for i := range pcm {
		pcm[i] = hum(i)
	}
	media.PCMU.Encode(tone, pcm)
	begun := ts
	_, keys := says(20, func(i int) {
		if i > 9 {
			return
		}
		payload := []byte{5, 10, 0, 0}
		binary.BigEndian.PutUint16(payload[2:], uint16((i+1)*opusFrame))
		if i > 6 {
			payload[1] |= 0x80
		}
		p.raw(opusEventPT, i == 0, p.seq, begun, payload)
		p.seq, ts = p.seq+1, ts+opusFrame
	})
	if len(keys) < 4 || keys[0].payload[0] != 5 || keys[len(keys)-1].payload[1]&0x80 == 0 {
		t.Errorf("%d packets of a key pass: %v", len(keys), keys)
	}
	for i, k := range keys[:min(2, len(keys))] {
		if n := binary.BigEndian.Uint16(k.payload[2:]); n != uint16(160*(i+1)) {
			t.Errorf("packet %d of the key lasts %d", i, n)
		}
	}
	if d := waitDigit(t, a); d.Key != '5' || d.Method != rtpport.MethodRFC4733 || a.Stats().Digits != 1 {
		t.Errorf("%+v, in all %d", d, a.Stats().Digits)
	}
	if pure, _ := says(100, inOpus); pure < 0.9 {
		t.Errorf("after the key the tone's purity is %.2f", pure)
	}
	if pure, _ := says(60, func(i int) { p.audio(media.PCMU, tone[i%50*160:][:160]) }); pure > 0.5 {
		t.Errorf("in PCMU the old tone sounds on: %.2f", pure)
	}
	if pure, _ := says(60, inOpus); pure < 0.9 {
		t.Errorf("in Opus again the tone's purity is %.2f", pure)
	}
}

// TestOpusFallsSilent has a peer with DTX say that it sends nothing: that is silence and
// not loss, and what it says then is heard.
func TestOpusFallsSilent(t *testing.T) {
	port, p := hearer(t, media.PCMU)
	packets := opusPackets(t, "dtx")
	var turns [][][]byte
	seq, ts, rests := uint16(5), uint32(0), false
	for i := range 150 {
		pk := packets[min(i, len(packets)-1)]
		if i >= 100 {
			pk = packets[i%15]
		}
		var turn [][]byte
		if rest := len(pk) <= 2; !rest || !rests || i%20 == 0 {
			turn, seq = append(turn, rtpAs(opusPT, seq, ts, pk)), seq+1
			rests = rest
		}
		turns, ts = append(turns, turn), ts+opusFrame
	}
	if !rests && len(packets) < 40 {
		t.Fatal("the packets do not fall silent")
	}
	f := tempFile(t)
	rec, err := port.Record(rtpport.RecordOptions{File: f, Sides: rtpport.SideIn})
	if err != nil {
		t.Fatal(err)
	}
	port.Rounds(p.addr(), turns[:95])
	if !port.Stats().Quiet {
		t.Error("a peer that said that it sends nothing does not count as quiet")
	}
	port.Rounds(p.addr(), turns[95:])
	if port.Stats().Quiet {
		t.Error("a peer that speaks again counts as quiet")
	}
	rec.Stop()
	heard := readBack(t, f).Samples
	if pause := (media.PCM{Rate: media.Rate, Samples: heard[media.Rate*12/10 : media.Rate*18/10]}).Peak(); pause > 200 {
		t.Errorf("the silence is as loud as %d", pause)
	}
	if pure := purity(heard, 2200*time.Millisecond, 2400*time.Millisecond, 440); pure < 0.9 {
		t.Errorf("after the silence the tone's purity is %.2f", pure)
	}
}

// TestOpusOfStrangers has octets that are no Opus, and more of it than there is time for,
// cost no more than they may.
func TestOpusOfStrangers(t *testing.T) {
	port, p := hearer(t, media.PCMU)
	random := rand.New(rand.NewPCG(1, 2))
	var hostile, flood [][]byte
	for i := range 400 {
		b := make([]byte, random.IntN(200))
		for at := range b {
			b[at] = byte(random.Uint32())
		}
		hostile = append(hostile, rtpAs(opusPT, uint16(i), random.Uint32(), b))
	}
	recordsRounds(t, port, p.addr(), [][][]byte{hostile})
	long := slices.Concat([]byte{opusPackets(t, "silk-60ms")[0][0]&^3 | 1}, opusPackets(t, "silk-60ms")[0][1:]) // two frames of it
	if len(long)%2 == 0 {
		long = append(long, 0)
	}
	for i := range 400 {
		flood = append(flood, rtpAs(opusPT, uint16(400+i), uint32(i)*6*opusFrame, long))
	}
	before := port.Stats()
	recordsRounds(t, port, p.addr(), [][][]byte{flood})
	st := port.Stats()
	// 400 ms may be decoded at once.
	if n := st.ReceivedExcess - before.ReceivedExcess; n < 390 {
		t.Errorf("of 400 packets of 120 ms only %d were too many: %+v", n, st)
	}
	if before.ReceivedInvalid == 0 {
		t.Errorf("nothing hostile counts: %+v", before)
	}
}

// TestOpusClock has timestamps of 48 kHz turned into samples, past the wrap and back.
func TestOpusClock(t *testing.T) {
	near := uint32(1<<32 - 1000)
	for _, c := range []struct{ wide, want []uint32 }{
		{[]uint32{960, 1920, 2880, 1920}, []uint32{960, 1120, 1280, 1120}},
		{[]uint32{near, near + 960, near + 1920, near + 960, near + 2880}, []uint32{near, near + 160, near + 320, near + 160, near + 480}},
		{[]uint32{0, 5, 6, 11, 12, 7}, []uint32{0, 0, 1, 1, 2, 1}},
		{[]uint32{600, 599, 594, 593}, []uint32{600, 599, 599, 598}},
	} {
		if got := rtpport.SoundTimes(c.wide); !slices.Equal(got, c.want) {
			t.Errorf("%v are at %v, not %v", c.wide, got, c.want)
		}
	}
	all, wide := []uint32{}, uint32(3)
	for range 5_000_000 / 100 { // a hundred packets at a time, some wraps
		wide += 100 * opusFrame
		all = append(all, wide)
	}
	for i, ts := range rtpport.SoundTimes(all) {
		if want := all[0] + uint32(i)*100*160; ts != want {
			t.Fatalf("packet %d is at %d, not %d", i*100, ts, want)
		}
	}
}

// TestJitterOfEitherClock is the same time for the same packets.
func TestJitterOfEitherClock(t *testing.T) {
	var at []int64
	var slow, wide []uint32
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 500 {
		at = append(at, 1_700_000_000_000_000_000+int64(i)*20_000_000+random.Int64N(8_000_000))
		slow, wide = append(slow, uint32(i)*160), append(wide, uint32(i)*960)
	}
	a, b := rtpport.JitterOf(8000, slow, at), rtpport.JitterOf(48000, wide, at)
	if a < 2*time.Millisecond || a > 4*time.Millisecond || (a-b).Abs() > 300*time.Microsecond {
		t.Errorf("%v at 8 kHz, %v at 48 kHz", a, b)
	}
}

// TestOpusHasToBeAgreed refuses settings that can't be.
func TestOpusHasToBeAgreed(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	for name, params := range map[string]rtpport.Params{
		"no payload type":      {Codec: media.Opus},
		"RTCP's":               {Codec: media.PCMU, Opus: rtpport.Opus{PT: 72}},
		"beyond all":           {Codec: media.PCMU, Opus: rtpport.Opus{PT: 128}},
		"keys of a static one": {Codec: media.PCMU, Opus: rtpport.Opus{PT: 111, EventPT: 13}},
	} {
		if err := port.Start(params); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
	err := port.Start(rtpport.Params{Codec: media.Opus, Opus: rtpport.Opus{PT: opusPT}})
	if errors.Is(err, opus.ErrBuild) == opus.Encodes {
		t.Errorf("sending Opus in this build: %v", err)
	}
}

// TestOpusAllocations bounds what a turn allocates: nothing beyond the decoder's own.
func TestOpusAllocations(t *testing.T) {
	for _, name := range []string{"silk-narrow", "silk-wide-fec", "hybrid", "celt"} {
		port, p := hearer(t, media.PCMU)
		rec, err := port.Record(rtpport.RecordOptions{Hear: func([]int16) bool { return false }})
		if err != nil {
			t.Fatal(err)
		}
		packets, i := opusPackets(t, name), 0
		n := port.AllocsPerTurn(p.addr(), func() []byte {
			i++
			return rtpAs(opusPT, uint16(i), uint32(i)*opusFrame, packets[i%len(packets)])
		})
		rec.Stop()
		most := 0.0
		if !opus.Encodes {
			most = 20 // of the decoder in Go
		}
		if n > most {
			t.Errorf("%s: %v allocations in a turn", name, n)
		}
		port.Close()
	}
	port, p := hearer(t, media.PCMU) // nobody listens: nothing is decoded
	packets, i := opusPackets(t, "hybrid"), 0
	if n := port.AllocsPerTurn(p.addr(), func() []byte {
		i++
		return rtpAs(opusPT, uint16(i), uint32(i)*opusFrame, packets[i%len(packets)])
	}); n != 0 {
		t.Errorf("%v allocations in a turn though nobody listens", n)
	}
}
