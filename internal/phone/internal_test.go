package phone

import "testing"

// The codecs are compared with the tables of ITU-T G.711: decoding a code and
// encoding the result gives the code back, and the error of a sample stays
// within half a step of its segment.
func TestG711(t *testing.T) {
	for b := range 256 {
		if got := ulawEncode(ulawDecode(byte(b))); got != byte(b) && b != 0x7f {
			t.Errorf("µ-law %02x comes back as %02x", b, got)
		}
		if got := alawEncode(alawDecode(byte(b))); got != byte(b) {
			t.Errorf("A-law %02x comes back as %02x", b, got)
		}
	}
	for code, want := range map[byte]int16{0xff: 0, 0x80: 32124, 0x00: -32124, 0xf0: 120} {
		if got := ulawDecode(code); got != want {
			t.Errorf("µ-law %02x is %d, want %d", code, got, want)
		}
	}
	for code, want := range map[byte]int16{0xd5: 8, 0x55: -8, 0xaa: 32256, 0x2a: -32256} {
		if got := alawDecode(code); got != want {
			t.Errorf("A-law %02x is %d, want %d", code, got, want)
		}
	}
	for s := -32768; s <= 32767; s += 7 {
		for name, back := range map[string]int16{"µ": ulawDecode(ulawEncode(int16(s))), "A": alawDecode(alawEncode(int16(s)))} {
			if d := max(s-int(back), int(back)-s); d > 16+max(s, -s)/16 {
				t.Errorf("%s-law: %d comes back as %d", name, s, back)
			}
		}
	}
}

func TestParseSDP(t *testing.T) {
	const offer = "v=0\r\no=- 7 42 IN IP4 10.0.0.1\r\ns=x\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n" +
		"m=audio 4000 RTP/AVP 9 8 0 96\r\nc=IN IP4 10.0.0.2\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\na=ptime:30\r\nm=video 5000 RTP/AVP 31"
	s, err := parseSDP([]byte(offer))
	if err != nil {
		t.Fatal(err)
	}
	if s.addr.String() != "10.0.0.2:4000" || len(s.codecs) != 2 || s.codecs[0] != PCMA || s.eventType != 96 ||
		s.direction != SendOnly || s.ptime != 30 || s.version != 42 || s.others != 1 {
		t.Errorf("parsed %+v", s)
	}
	again, err := parseSDP(s.marshal(7))
	if err != nil || again.addr != s.addr || again.eventType != 96 || again.direction != SendOnly || again.others != 1 {
		t.Errorf("written and read: %+v, %v", again, err)
	}
	for _, bad := range []string{"", "v=0", "m=audio 1 RTP/AVP 0", "c=IN IP4 x\nm=audio 1 RTP/AVP 0", "c=IN IP4 1.2.3.4\nm=audio 99999 RTP/AVP 0", "m=audio 1 RTP/SAVP 0"} {
		if _, err := parseSDP([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzParseSDP(f *testing.F) {
	f.Add([]byte("v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nc=IN IP4 1.1.1.1\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"))
	f.Add([]byte("c=IN IP6 ::1\nm=audio 1 RTP/AVP 8\na=inactive"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSDP(b)
		if err != nil || s.addr.Port() == 0 || len(s.codecs) == 0 && s.eventType < 0 {
			return
		}
		again, err := parseSDP(s.marshal(1))
		if err != nil {
			if len(b) < 2000 {
				t.Fatalf("own description not read: %v", err)
			}
			return
		}
		if again.addr != s.addr || again.eventType != s.eventType || len(again.codecs) != len(s.codecs) {
			t.Errorf("%+v became %+v", s, again)
		}
	})
}

func FuzzParseRTP(f *testing.F) {
	f.Add(rtpHeader{marker: true, payloadType: 8, seq: 65535, timestamp: 1 << 31, ssrc: 7}.append(nil))
	f.Add([]byte{0xb1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 9, 9, 9, 9, 5, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, ok := parseRTP(b)
		if !ok {
			return
		}
		again, body, ok := parseRTP(append(h.append(nil), payload...))
		if !ok || again != h || string(body) != string(payload) {
			t.Errorf("%+v became %+v", h, again)
		}
	})
}
