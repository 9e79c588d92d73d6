package dtmf_test

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"tandem/internal/media/dtmf"
)

const allKeys = "0123456789*#ABCD"

func payload(code byte, end bool, duration uint16) []byte {
	b := []byte{code, 10, 0, 0}
	if end {
		b[1] = 0x8A
	}
	binary.BigEndian.PutUint16(b[2:], duration)
	return b
}

func TestKeyAndEvent(t *testing.T) {
	for i, key := range []byte(allKeys) {
		if e, ok := dtmf.Event(key); !ok || int(e) != i {
			t.Errorf("event of %q is %d", key, e)
		}
		if k, ok := dtmf.Key(uint8(i)); !ok || k != key {
			t.Errorf("key %d is %q", i, k)
		}
	}
	if e, ok := dtmf.Event('b'); !ok || e != 13 {
		t.Error("small letters are keys too")
	}
	if _, ok := dtmf.Event('x'); ok {
		t.Error("x is no key")
	}
	if _, ok := dtmf.Key(16); ok {
		t.Error("flash is no key")
	}
}

// Whatever is lost, doubled or reordered within half a second: each press that
// leaves a packet is reported once.
func TestReceiverExactlyOnce(t *testing.T) {
	type sent struct {
		ts   uint32
		code byte
		end  bool
		dur  uint16
		at   int // place in the row after reordering
	}
	rapid.Check(t, func(t *rapid.T) {
		ts := rapid.Uint32().Draw(t, "timestamp")
		ssrc := rapid.Uint32().Draw(t, "ssrc")
		var row []sent
		presses := rapid.IntRange(1, 30).Draw(t, "presses")
		for i := range presses {
			code := byte(rapid.IntRange(0, 15).Draw(t, "code"))
			left := 0
			for j := range 8 {
				copies := rapid.SampledFrom([]int{0, 1, 1, 2}).Draw(t, "copies")
				if j == 7 && left == 0 {
					copies = 1
				}
				left += copies
				for range copies {
					shift := rapid.IntRange(-10, 10).Draw(t, "shift")
					row = append(row, sent{ts, code, j >= 5, uint16(160 * (j + 1)), i*8 + j + shift})
				}
			}
			ts += uint32(rapid.IntRange(800, 4000).Draw(t, "pause"))
		}
		for i := range row { // by place, stable
			for j := i; j > 0 && row[j].at < row[j-1].at; j-- {
				row[j], row[j-1] = row[j-1], row[j]
			}
		}
		var r dtmf.Receiver
		got := 0
		for _, s := range row {
			key, first, end, ok := r.Packet(ssrc, s.ts, payload(s.code, s.end, s.dur))
			if !ok || key != allKeys[s.code] || end != s.end {
				t.Fatalf("packet of %d read as %q", s.code, key)
			}
			if first {
				got++
			}
		}
		if got != presses {
			t.Fatalf("%d presses reported of %d", got, presses)
		}
	})
}

func TestReceiverLongPressAndOddPackets(t *testing.T) {
	var r dtmf.Receiver
	ts := uint32(math.MaxUint32 - 100)
	count := 0
	packet := func(ts uint32, p []byte) {
		if _, first, _, _ := r.Packet(1, ts, p); first {
			count++
		}
	}
	packet(ts, payload(5, false, 160))
	packet(ts, payload(5, false, 0xFFFF))
	packet(ts+0xFFFF, payload(5, false, 160)) // the same press goes on
	packet(ts+0xFFFF, payload(5, true, 960))
	if count != 1 {
		t.Errorf("a long press was reported %d times", count)
	}
	packet(ts+2*0xFFFF, payload(5, false, 160)) // ended before: a new press
	if count != 2 {
		t.Errorf("a press after a long one was reported %d times", count-1)
	}
	for _, p := range [][]byte{nil, {1}, {1, 2, 3}, {16, 0, 0, 0}, {255, 0, 0, 0}} {
		if _, _, _, ok := r.Packet(1, 0, p); ok {
			t.Errorf("% x was taken for a key", p)
		}
	}
	if dtmf.Duration(payload(1, false, 480)) != 480 || dtmf.Duration(nil) != 0 {
		t.Error("duration field")
	}
}

func TestSender(t *testing.T) {
	var s dtmf.Sender
	if _, ok := s.Next(); ok || s.Press('x', 0, 0) {
		t.Error("an idle sender sent")
	}
	s.Press('7', 1000, 800)
	var durations []uint16
	ends := 0
	for s.Busy() {
		p, _ := s.Next()
		if p.Marker != (len(durations) == 0) || p.Timestamp != 1000 || p.Payload[0] != 7 {
			t.Errorf("%+v", p)
		}
		if p.Payload[1]&0x80 != 0 {
			ends++
		}
		durations = append(durations, dtmf.Duration(p.Payload[:]))
	}
	if ends != 3 || len(durations) != 7 || durations[6] != 800 || durations[0] != 160 {
		t.Errorf("%d ends, durations %v", ends, durations)
	}
	// A key held for 20 s crosses two segments and is one press.
	var r dtmf.Receiver
	presses, packets := 0, 0
	s.Press('#', 5, 0)
	for s.Busy() {
		p, _ := s.Next()
		if _, first, _, _ := r.Packet(1, p.Timestamp, p.Payload[:]); first {
			presses++
		}
		if packets++; packets == 1000 {
			s.Release()
		}
	}
	if presses != 1 || packets > 1005 {
		t.Errorf("%d presses in %d packets", presses, packets)
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add([]byte{1, 0x8A, 0, 160}, uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, ts uint32) {
		var r dtmf.Receiver
		_, first, _, ok := r.Packet(1, ts, b)
		if first != ok {
			t.Error("the first packet of all is not a first packet")
		}
		if _, again, _, _ := r.Packet(1, ts, b); again {
			t.Error("the same packet was a second press")
		}
	})
}
