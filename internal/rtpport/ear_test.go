package rtpport_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/media/g722"
	"tandem/internal/rtpport"
)

// TestWidebandPasses has what one wideband telephone says reach the other octet by
// octet, above 4 kHz too.
func TestWidebandPasses(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.G722, 500, 0), newTalker(t, pool, media.G722, 900, 0)
	mouth, high := g722.NewEncoder(), make([]int16, 2*media.Rate)
	for i := range high {
		high[i] = int16(8000 * math.Sin(2*math.Pi*5000*float64(i)/g722.Rate))
	}
	if err := rtpport.Bridge(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	d := g722.NewDecoder()
	share := 0.0
	for range 5 { // a machine that is busy leaves turns out
		var heard []int16
		for range 100 {
			frame := make([]byte, 160)
			mouth.Encode(frame, high[a.frames%50*320:])
			a.audio(a.codec, frame)
			a.frames++
			a.read()
			pk := b.read()
			if pk.pt != 9 || len(pk.payload) != 160 {
				t.Fatalf("%d octets of payload type %d", len(pk.payload), pk.pt)
			}
			pcm := make([]int16, 320)
			d.Decode(pcm, pk.payload)
			heard = append(heard, pcm...)
		}
		// At 16 kHz what is 5000 Hz counts as 2500 for whoever takes it for 8 kHz.
		if share = max(share, audiomatch.Tone(heard[len(heard)/2:], 2500)); share > 0.4 {
			return
		}
	}
	t.Errorf("of the tone of 5 kHz %.2f is heard", share)
}

// TestWidebandWithoutBursts plays prompts to a wideband telephone, breaks them off,
// lets silence, other prompts and a bridged narrowband peer follow, and records both
// sides: as all it hears is one stream, no change is heard as a burst. The sound has
// noise in it, as all but test tones has: G.722 makes bursts of its own of pure tones
// that follow each other, in any implementation.
func TestWidebandWithoutBursts(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	w, far := newTalker(t, pool, media.G722, 900, 8000), newTalker(t, pool, media.PCMA, 700, 8000)
	noise(w.tone)
	noise(far.tone)
	f := tempFile(t)
	rec, err := w.port.Record(rtpport.RecordOptions{File: f, Sides: rtpport.SidesApart})
	if err != nil {
		t.Fatal(err)
	}
	loudest := 0
	turns := func(n int) {
		talk(n, w, far)
		loudest = max(loudest, media.PCM{Rate: media.Rate, Samples: w.heard}.Peak())
	}
	for i := range 6 {
		w.port.Play(noisyClip([]float64{300, 1400, 2700}[i%3]), true).Done()
		turns(11)
		b := w.port.Play(noisyClip(500), true)
		turns(7)
		b.Stop()
		turns(i)
		if err := rtpport.Bridge(w.port, far.port); err != nil {
			t.Fatal(err)
		}
		turns(15)
		rtpport.Unbridge(w.port, far.port)
	}
	if loudest > 20000 || loudest < 6000 {
		t.Errorf("the telephone hears a peak of %d, of tones of 8000", loudest)
	}
	if err := rtpport.Bridge(w.port, far.port); err != nil {
		t.Fatal(err)
	}
	turns(60)
	if w.tones() != "" || audiomatch.Tone(w.heard, 700) < 0.5 || audiomatch.Tone(far.heard, 900) < 0.5 {
		t.Errorf("%.2f and %.2f of the tones are heard", audiomatch.Tone(w.heard, 700), audiomatch.Tone(far.heard, 900))
	}
	if r := rec.Stop(); r.Err != nil || r.Speech < time.Second {
		t.Fatalf("the recording: %+v", r)
	}
	kept := readBack(t, f)
	if peak := kept.Peak(); peak > 20000 || peak < 4000 { // the mean of both channels
		t.Errorf("the recording peaks at %d", peak)
	}
	if r := audiomatch.Tone(kept.Samples[len(kept.Samples)-8000:], 900); r < 0.2 {
		t.Errorf("the recording holds %.2f of what was said", r)
	}
}

// noise makes a fifth of sound noise, the same each time.
func noise(samples []int16) {
	r := rand.New(rand.NewPCG(1, 2))
	for i, v := range samples {
		samples[i] = int16(0.8*float64(v) + 1600*(2*r.Float64()-1))
	}
}

// noisyClip is a second of a tone with noise in it.
func noisyClip(hz float64) *media.Clip {
	pcm := toneSamples(hz, time.Second)
	noise(pcm)
	return media.NewClip(media.PCM{Rate: media.Rate, Samples: pcm})
}

// TestPayloadTypeOfThePeer numbers a codec as the peer does.
func TestPayloadTypeOfThePeer(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	for _, pt := range []uint8{70, 200} {
		if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.G722, CodecPT: pt}); err == nil {
			t.Errorf("payload type %d was taken", pt)
		}
	}
	if err := port.Start(rtpport.Params{Remote: p.addr(), Codec: media.G722, CodecPT: 109, EventPT: eventPT}); err != nil {
		t.Fatal(err)
	}
	if pk := p.read(); pk.pt != 109 {
		t.Errorf("payload type %d", pk.pt)
	}
	p.raw(109, false, 1, 0, make([]byte, 160))
	for range 10 {
		p.read()
	}
	if st := port.Stats(); st.ReceivedUnknown != 0 || st.ReceivedPackets != 1 {
		t.Errorf("%+v", st)
	}
}

// losingTone sends two seconds of a tone, of which every tenth packet is lost, and
// gives what the recording of it holds. quiet has the sender say that it is silent
// before each gap.
func losingTone(t *testing.T, codec media.Codec, quiet bool) []int16 {
	t.Helper()
	pool := startPool(t, rtpport.Config{})
	w := newTalker(t, pool, codec, 400, 8000)
	f := tempFile(t)
	rec, err := w.port.Record(rtpport.RecordOptions{File: f})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		frame := w.next()
		switch {
		case i%10 != 9:
			w.audio(codec, frame)
		case quiet:
			w.raw(13, false, w.seq, w.ts, []byte{127})
			fallthrough
		default:
			w.seq++
			w.ts += 160
		}
		w.read()
	}
	if r := rec.Stop(); r.Err != nil {
		t.Fatal(r.Err)
	}
	sound := readBack(t, f).Samples
	return sound[len(sound)/4 : len(sound)*3/4]
}

// hush counts the longest time without sound, in samples.
func hush(pcm []int16) (longest int) {
	n := 0
	for _, s := range pcm {
		if n++; s > 500 || s < -500 {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

// TestLossIsConcealed records sound of which a tenth is lost: nothing is missing in
// it, unless the sender said that it sends nothing (RFC 3389).
func TestLossIsConcealed(t *testing.T) {
	for _, codec := range []media.Codec{media.PCMU, media.PCMA, media.G722} {
		// A machine that is busy may lose more than what is lost here.
		best := 1 << 30
		for range 5 {
			if best = min(best, hush(losingTone(t, codec, false))); best < 60 {
				break
			}
		}
		if best >= 60 {
			t.Errorf("%v: %d samples of silence are left", codec, best)
		}
	}
	if n := hush(losingTone(t, media.PCMU, true)); n < 120 {
		t.Errorf("where the sender was silent there is sound: %d samples of silence", n)
	}
}

// TestTranscodingAllocatesNothing counts turns in which sound comes in one codec,
// is mixed, and leaves in another.
func TestTranscodingAllocatesNothing(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.G722, 500, 8000), newTalker(t, pool, media.PCMA, 900, 8000)
	if err := rtpport.Bridge(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	talk(20, a, b)
	frame := make([]byte, 160)
	for _, w := range []*talker{a, b} {
		n := w.port.AllocsPerTurn(w.addr(), func() []byte {
			w.seq, w.ts = w.seq+1, w.ts+160
			return rtpOf(w.codec, w.seq, w.ts, w.ssrc, frame)
		})
		if n != 0 {
			t.Errorf("%v: a turn allocates %.1f times", w.codec, n)
		}
	}
	clip := pattern(500)
	b.port.PlayOver([]*media.Clip{clip}, true, true)
	if n := b.port.AllocsPerTurn(b.addr(), func() []byte {
		b.seq, b.ts = b.seq+1, b.ts+320 // half is lost
		return rtpOf(b.codec, b.seq, b.ts, b.ssrc, frame)
	}); n != 0 {
		t.Errorf("mixed: a turn allocates %.1f times", n)
	}
}
