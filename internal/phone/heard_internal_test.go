package phone

import (
	"testing"
	"time"
)

// feed gives packets to a receiver: number, timestamp in packets, arrival in
// ms; each carries 20 ms of a loud sample.
func feed(m *media, start time.Time, packets [][3]int) {
	for _, p := range packets {
		h := rtpHeader{payloadType: 0, seq: uint16(p[0]), timestamp: uint32(p[1] * frame), ssrc: 1}
		b := h.append(nil)
		for range frame {
			b = append(b, 0x80)
		}
		m.receive(b, m.from, start.Add(time.Duration(p[2])*time.Millisecond))
	}
}

func TestHeardIsLaidOnRealTime(t *testing.T) {
	start := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		packets [][3]int
		want    []bool // loud or not, per 20 ms
		stats   MediaStats
	}{
		"in order":             {[][3]int{{1, 0, 0}, {2, 1, 20}, {3, 2, 40}}, []bool{true, true, true}, MediaStats{}},
		"one lost":             {[][3]int{{1, 0, 0}, {3, 2, 40}}, []bool{true, false, true}, MediaStats{Lost: 1}},
		"out of order, wrap":   {[][3]int{{65535, 0, 0}, {1, 2, 39}, {0, 1, 40}}, []bool{true, true, true}, MediaStats{Reordered: 1}},
		"twice":                {[][3]int{{1, 0, 0}, {1, 0, 5}, {2, 1, 20}, {1, 0, 25}}, []bool{true, true}, MediaStats{Duplicate: 2}},
		"late burst":           {[][3]int{{1, 0, 0}, {2, 1, 200}, {3, 2, 200}}, []bool{true, true, true}, MediaStats{}},
		"clock stands, resync": {[][3]int{{1, 0, 0}, {2, 1, 620}}, append(append([]bool{true}, make([]bool, 30)...), true), MediaStats{Resyncs: 1}},
		"pause by timestamp":   {[][3]int{{1, 0, 0}, {2, 50, 1000}}, append(append([]bool{true}, make([]bool, 49)...), true), MediaStats{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &media{eventIn: -1}
			feed(m, start, c.packets)
			if got := len(m.heard.samples) / frame; got != len(c.want) {
				t.Fatalf("%d packets long, want %d", got, len(c.want))
			}
			for i, loud := range c.want {
				if (m.heard.samples[i*frame+80] != 0) != loud {
					t.Errorf("at %d ms: sample %d", i*20, m.heard.samples[i*frame+80])
				}
			}
			st := m.heard.snapshot()
			if st.Lost != c.stats.Lost || st.Reordered != c.stats.Reordered || st.Duplicate != c.stats.Duplicate || st.Resyncs != c.stats.Resyncs {
				t.Errorf("statistics %+v", st)
			}
		})
	}
}

func TestHeardSources(t *testing.T) {
	m := &media{eventIn: 101}
	start := time.Unix(1000, 0)
	feed(m, start, [][3]int{{1, 0, 0}, {2, 1, 20}})
	other := rtpHeader{payloadType: 8, seq: 900, timestamp: 77, ssrc: 2}
	m.receive(append(other.append(nil), 0xaa), m.from, start.Add(40*time.Millisecond))
	m.receive([]byte("not RTP"), m.from, start)
	key := rtpHeader{payloadType: 101, seq: 901, timestamp: 200, ssrc: 2}
	for range 3 {
		if r, ok := m.receive(append(key.append(nil), 11, 0x8a, 3, 0x20), m.from, start.Add(60*time.Millisecond)); ok && r != '#' {
			t.Errorf("key %c", r)
		}
		key.seq++
	}
	st := m.heard.snapshot()
	if len(st.SSRCs) != 2 || len(st.PayloadTypes) != 3 || st.Malformed != 1 || st.Lost != 0 || string(m.heard.keys) != "#" || st.MaxGap != 20*time.Millisecond {
		t.Errorf("statistics %+v, keys %q", st, string(m.heard.keys))
	}
	if got := m.heard.samples[320]; got != alawDecode(0xaa) {
		t.Errorf("the second source is not laid at 40 ms: %d", got)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}, []byte{0x80, 101, 0, 2, 0xff, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		m := &media{eventIn: 101}
		at := time.Unix(1000, 0)
		for i := range 4 {
			m.receive(one, m.from, at.Add(time.Duration(i)*20*time.Millisecond))
			m.receive(two, m.from, at.Add(time.Duration(i)*20*time.Millisecond))
		}
		if len(m.heard.samples) > Rate+2*65536 {
			t.Errorf("%d samples of eight packets", len(m.heard.samples))
		}
	})
}
