package dtmf_test

import (
	"testing"

	"tandem/internal/media/dtmf"
)

// TestKeysOfOddSenders has a row for each way in which telephones and networks deviate.
func TestKeysOfOddSenders(t *testing.T) {
	type packet struct {
		ts   uint32
		code byte
		end  bool
		dur  uint16
	}
	ts := uint32(0xFFFFFF00) // it wraps
	for _, tt := range []struct {
		name    string
		packets []packet
		want    string
	}{
		{"the start is lost", []packet{{ts, 5, false, 640}, {ts, 5, true, 800}}, "5"},
		{"all ends are lost", []packet{{ts, 5, false, 160}, {ts, 5, false, 320}, {ts + 2000, 6, false, 160}}, "56"},
		{"only ends arrive", []packet{{ts, 5, true, 800}, {ts, 5, true, 800}, {ts, 5, true, 800}}, "5"},
		{"each packet comes twice", []packet{{ts, 5, false, 160}, {ts, 5, false, 160}, {ts, 5, true, 320}, {ts, 5, true, 320}}, "5"},
		{"the end comes before the start", []packet{{ts, 5, true, 320}, {ts, 5, false, 160}}, "5"},
		{"an end of the last key comes within the next", []packet{{ts, 5, false, 160}, {ts + 800, 6, false, 160}, {ts, 5, true, 320}, {ts + 800, 6, true, 320}}, "56"},
		{"the same key twice", []packet{{ts, 5, false, 160}, {ts, 5, true, 320}, {ts + 640, 5, false, 160}, {ts + 640, 5, true, 320}}, "55"},
		{"the same key twice in one timestamp is one", []packet{{ts, 5, false, 160}, {ts, 5, true, 320}, {ts, 5, false, 160}, {ts, 5, true, 320}}, "5"},
		{"the timestamp jumps far", []packet{{ts, 5, true, 320}, {ts + 1<<30, 5, true, 320}}, "55"},
		{"the timestamp jumps back", []packet{{ts, 5, true, 320}, {ts - 100_000, 6, true, 320}}, "56"},
		{"ten keys a second of 40 ms", []packet{{ts, 1, false, 160}, {ts, 1, true, 320}, {ts + 800, 1, true, 320}, {ts + 1600, 2, false, 160}, {ts + 2400, 3, true, 320}}, "1123"},
		{"held for more than 8 s", []packet{{ts, 5, false, 160}, {ts, 5, false, 0xFFFF}, {ts + 0xFFFF, 5, false, 160}, {ts + 0xFFFF, 5, true, 320}}, "5"},
		{"flash and other events", []packet{{ts, 16, false, 160}, {ts, 16, true, 320}, {ts + 800, 66, true, 160}, {ts + 1600, 255, true, 0}}, ""},
	} {
		var r dtmf.Receiver
		got := ""
		for _, p := range tt.packets {
			b := payload(p.code, p.end, p.dur)
			b[1] |= 63 // the least loud that can be said
			if key, first, _, ok := r.Packet(1, p.ts, b); ok && first {
				got += string(key)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
