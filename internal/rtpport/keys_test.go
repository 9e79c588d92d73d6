package rtpport_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"tandem/internal/media"
	"tandem/internal/media/dtmf"
	"tandem/internal/rtpport"
)

const eventPT = 101

// event is the payload of a telephone-event packet.
func event(key byte, end bool, duration uint16) []byte {
	code, _ := dtmf.Event(key)
	b := []byte{code, 10, 0, 0}
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], duration)
	return b
}

// press sends the eight packets of a key of which keep lets through.
func (p *peer) press(key byte, keep func(i int) bool) {
	ts := p.ts
	for i := range 8 {
		if keep(i) {
			p.raw(eventPT, i == 0, p.seq, ts, event(key, i >= 5, uint16(160*min(i+1, 6))))
		}
		p.seq++
	}
	p.ts += 8 * 160
}

func TestDigitsUnderLoss(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)

	patterns := map[string]func(int) bool{
		"all":         func(int) bool { return true },
		"first alone": func(i int) bool { return i == 0 },
		"no start":    func(i int) bool { return i > 2 },
		"no end":      func(i int) bool { return i < 5 },
		"last alone":  func(i int) bool { return i == 7 },
		"odd":         func(i int) bool { return i%2 == 1 },
	}
	keys := "1123456789*#0ABCD"
	want := ""
	for name, keep := range patterns {
		for _, key := range []byte(keys) {
			p.press(key, keep)
			d := waitDigit(t, port)
			if d.Key != key || d.Method != rtpport.MethodRFC4733 {
				t.Fatalf("%s: got %q by %s, want %q", name, d.Key, d.Method, key)
			}
			want += string(key)
		}
	}
	// Duplicates and the end before the start.
	ts := p.ts
	for _, i := range []int{7, 6, 5, 0, 1, 0, 7, 2} {
		p.raw(eventPT, i == 0, p.seq+uint16(i), ts, event('5', i >= 5, 800))
	}
	if d := waitDigit(t, port); d.Key != '5' {
		t.Fatalf("got %q", d.Key)
	}
	if st := port.Close(); st.Digits != int64(len(want)+1) || st.DigitsLost != 0 {
		t.Errorf("%d digits, %d lost, want %d", st.Digits, st.DigitsLost, len(want)+1)
	}
}

func TestUnknownEventsAndOverflow(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	p.raw(eventPT, true, p.seq, p.ts, []byte{16, 10, 0, 160})
	p.raw(eventPT, true, p.seq+1, p.ts, []byte{1, 10})
	p.seq += 2
	for i := range 80 {
		p.press("0123456789"[i%10], func(i int) bool { return i == 0 })
		p.read() // keeps step with the wheel, so that no socket buffer overflows
	}
	deadline := time.Now().Add(patience)
	for port.Stats().Digits < 80 && time.Now().Before(deadline) {
		p.read()
	}
	st := port.Close()
	if st.Digits != 80 || st.DigitsLost != 64 {
		t.Errorf("%d digits, %d lost, want 80 and 64", st.Digits, st.DigitsLost)
	}
	n := 0
	for range port.Digits() {
		n++
	}
	if n != 16 {
		t.Errorf("%d digits waited", n)
	}
}

func TestBargeIn(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMU, eventPT)
	play := port.PlayWith(rtpport.PlayOptions{
		Clips: []*media.Clip{pattern(1000)}, BargeIn: true, BargeKeys: "12",
	})
	p.read()
	p.press('9', func(int) bool { return true })
	waitDigit(t, port)
	select {
	case <-play.Done():
		t.Fatal("a key that is not listed stopped the prompt")
	default:
	}
	p.press('2', func(int) bool { return true })
	waitDigit(t, port)
	<-play.Done()
	if play.Finished() || play.Played() == 0 || play.Played() > 19*time.Second {
		t.Errorf("finished %v after %v", play.Finished(), play.Played())
	}
	sent := play.Played()
	next := port.Play(pattern(3), false)
	<-next.Done()
	if play.Played() != sent {
		t.Error("a stopped prompt went on")
	}
}

func TestInbandDigits(t *testing.T) {
	pool := startPool(t, rtpport.Config{})
	port := openPort(t, pool)
	p := newPeer(t, port)
	start(t, port, p, media.PCMA, 0)
	p.read()
	for _, key := range []byte("147*2580369#ABCD") {
		sound := append(dtmf.Tone(key, 4*160), make([]int16, 3*160)...)
		for i := 0; i < len(sound); i += 160 {
			b := make([]byte, 160)
			media.PCMA.Encode(b, sound[i:i+160])
			p.audio(media.PCMA, b)
			p.read()
		}
		if d := waitDigit(t, port); d.Key != key || d.Method != rtpport.MethodInband {
			t.Fatalf("got %q by %s, want %q", d.Key, d.Method, key)
		}
	}
	if st := port.Close(); st.Digits != 16 {
		t.Errorf("%d digits", st.Digits)
	}
}

func TestSendDigits(t *testing.T) {
	for _, pt := range []uint8{eventPT, 0} {
		pool := startPool(t, rtpport.Config{})
		port := openPort(t, pool)
		other := openPort(t, pool)
		addr := func(p *rtpport.Port) rtpport.Params {
			return rtpport.Params{Remote: local(p), Codec: media.PCMU, EventPT: pt}
		}
		if err := other.Start(addr(port)); err != nil {
			t.Fatal(err)
		}
		if err := port.Start(addr(other)); err != nil {
			t.Fatal(err)
		}
		const keys = "1122*#09,A"
		s, err := port.SendDigits(keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []byte(strings.ReplaceAll(keys, ",", "")) {
			if d := waitDigit(t, other); d.Key != key {
				t.Fatalf("payload type %d: got %q, want %q", pt, d.Key, key)
			}
		}
		<-s.Done()
		if _, err := port.SendDigits("1x"); err == nil {
			t.Error("x was taken as a key")
		}
		if st := other.Close(); st.Digits != 9 {
			t.Errorf("%d digits", st.Digits)
		}
		port.Close()
		if _, err := port.SendDigits("1"); err == nil {
			t.Error("a closed port took keys")
		}
	}
}
