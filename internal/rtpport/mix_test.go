package rtpport_test

import (
	"fmt"
	"math"
	"testing"

	"tandem/internal/audiomatch"
	"tandem/internal/media"
	"tandem/internal/rtpport"
)

// talker is a port and the telephone behind it, which says one tone.
type talker struct {
	*peer
	port   *rtpport.Port
	codec  media.Codec
	tone   []int16 // a second of it
	said   []byte  // the same in codec, if it is Sampled
	frames int     // said so far
	mouth  media.Encoder
	ear    media.Decoder
	heard  []int16
}

// next is the next frame that it says.
func (w *talker) next() []byte {
	at := w.frames % 50 * media.FrameSamples
	w.frames++
	b := make([]byte, media.FrameSamples)
	w.mouth.Encode(b, w.tone[at:at+media.FrameSamples])
	return b
}

func newTalker(t *testing.T, pool *rtpport.Pool, codec media.Codec, hz, loud float64) *talker {
	t.Helper()
	port := openPort(t, pool)
	w := &talker{peer: newPeer(t, port), port: port, codec: codec, said: make([]byte, media.Rate)}
	start(t, port, w.peer, codec, eventPT)
	w.tone = make([]int16, len(w.said))
	for i := range w.tone {
		w.tone[i] = int16(loud * math.Sin(2*math.Pi*hz*float64(i)/media.Rate))
	}
	codec.Encode(w.said, w.tone)
	w.mouth.Reset(codec)
	w.ear.Reset(codec)
	return w
}

// talk has all say what they say for a number of frames and hear the others;
// only the last half second that each heard is kept.
func talk(frames int, all ...*talker) {
	for range frames {
		for _, w := range all {
			w.audio(w.codec, w.next())
		}
		for _, w := range all {
			pk := w.read()
			pcm := make([]int16, len(pk.payload))
			w.ear.Decode(pcm, pk.payload)
			w.heard = append(w.heard, pcm...)
			w.heard = w.heard[max(0, len(w.heard)-media.Rate/2):]
		}
	}
}

// tones names those of three tones that somebody hears.
func (w *talker) tones() string {
	s := ""
	for _, hz := range []float64{500, 900, 1400} {
		if audiomatch.Tone(w.heard, hz) > 0.3 {
			s += fmt.Sprint(hz, " ")
		}
	}
	return s
}

// TestSupervised has a third port listen to a bridge, speak to one side of it
// and to both, and leave.
func TestSupervised(t *testing.T) {
	for i, codecs := range [][3]media.Codec{
		{media.PCMU, media.PCMA, media.PCMU}, {media.PCMU, media.PCMA, media.PCMU},
		{media.G722, media.PCMA, media.G722}, {media.G722, media.G722, media.PCMU},
	} {
		shards := i%2 + 1
		pool := startPool(t, rtpport.Config{Shards: shards})
		a := newTalker(t, pool, codecs[0], 500, 8000)
		b := newTalker(t, pool, codecs[1], 900, 8000)
		s := newTalker(t, pool, codecs[2], 1400, 8000)
		if err := rtpport.Bridge(a.port, b.port); err != nil {
			t.Fatal(err)
		}
		var feeds []*rtpport.Feed
		feed := func(from, to *talker) {
			t.Helper()
			f, err := rtpport.AddFeed(from.port, to.port)
			if err != nil {
				t.Fatal(err)
			}
			feeds = append(feeds, f)
		}
		expect := func(when, hearsA, hearsB, hearsS string) {
			t.Helper()
			var got [3]string
			for range 5 { // a machine that is busy leaves turns out, and a gap smears the tones
				talk(60, a, b, s)
				if got = [3]string{a.tones(), b.tones(), s.tones()}; got == [3]string{hearsA, hearsB, hearsS} {
					return
				}
			}
			t.Errorf("%v, %d shards, %s: they hear %q", codecs, shards, when, got)
		}
		expect("two parties", "900 ", "500 ", "")
		feed(a, s)
		feed(b, s)
		expect("monitor", "900 ", "500 ", "500 900 ")
		feed(s, b)
		expect("whisper", "900 ", "500 1400 ", "500 900 ")
		feed(s, a)
		expect("barge", "900 1400 ", "500 1400 ", "500 900 ")
		s.press('5', func(int) bool { return true })
		if d := waitDigit(t, s.port); d.Key != '5' {
			t.Errorf("the third's key is %q", d.Key)
		}
		for _, f := range feeds {
			f.Stop()
			f.Stop()
		}
		expect("two parties again", "900 ", "500 ", "")
		feed(s, a)
		feed(a, s)
		s.port.Close()
		talk(60, a, b)
		if a.tones() != "900 " || b.tones() != "500 " {
			t.Errorf("after the third has closed they hear %q %q", a.tones(), b.tones())
		}
		if _, err := rtpport.AddFeed(a.port, s.port); err == nil {
			t.Error("a closed port was fed")
		}
		if _, err := rtpport.AddFeed(a.port, a.port); err == nil {
			t.Error("a port was fed by itself")
		}
	}
}

// TestSumSaturates has two loud voices together: they are limited and do not
// wrap round.
func TestSumSaturates(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	a, b := newTalker(t, pool, media.PCMU, 400, 32000), newTalker(t, pool, media.PCMU, 400, 32000)
	s := newTalker(t, pool, media.PCMA, 400, 0)
	for _, w := range []*talker{a, b} {
		if _, err := rtpport.AddFeed(w.port, s.port); err != nil {
			t.Fatal(err)
		}
	}
	talk(60, a, b, s)
	if share := audiomatch.Tone(s.heard, 400); share < 0.85 {
		t.Errorf("the sum holds %.2f of the tone", share)
	}
}
