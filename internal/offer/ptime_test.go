package offer_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/offer"
)

// TestPacketTime reads what peers ask for, which is what is sent and answered.
func TestPacketTime(t *testing.T) {
	for attributes, want := range map[string]time.Duration{
		"":                                20,
		"a=ptime:10\r\n":                  10,
		"a=ptime:30\r\n":                  30,
		"a=ptime:40\r\n":                  40,
		"a=ptime:60\r\n":                  60,
		"a=ptime:25\r\n":                  20,
		"a=ptime:22.5\r\n":                20,
		"a=ptime:120\r\n":                 60,
		"a=ptime:200\r\n":                 60,
		"a=ptime:0\r\n":                   20,
		"a=ptime:1\r\n":                   20,
		"a=ptime:1000\r\n":                20,
		"a=ptime:-20\r\n":                 20,
		"a=ptime:NaN\r\n":                 20,
		"a=ptime:40\r\na=ptime:0\r\n":     40,
		"a=maxptime:10\r\n":               10,
		"a=maxptime:150\r\n":              20,
		"a=maxptime:0\r\n":                20,
		"a=ptime:60\r\na=maxptime:40\r\n": 40,
		"a=ptime:60\r\na=maxptime:15\r\n": 10,
	} {
		s, err := offer.Parse([]byte(head + "m=audio 4000 RTP/AVP 0\r\n" + attributes))
		if err != nil {
			t.Fatal(err)
		}
		l := offer.NewLocal(ap("192.0.2.7:20000"))
		sdp, m, err := l.Answer(s)
		if err != nil {
			t.Fatal(err)
		}
		want *= time.Millisecond
		if m.Ptime != want {
			t.Errorf("%q: packets of %v, want %v", attributes, m.Ptime, want)
		}
		said := "a=ptime:" + strings.TrimSuffix(want.String(), "ms") + "\r\n"
		if !strings.Contains(string(sdp), said) || !strings.Contains(string(l.Offer("")), said) {
			t.Errorf("%q is answered by %s", attributes, sdp)
		}
	}
	s, err := offer.Parse([]byte(head + "a=ptime:30\r\nm=audio 4000 RTP/AVP 0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Preview(); err != nil || m.Ptime != 30*time.Millisecond {
		t.Errorf("of the session: %v, %v", m.Ptime, err)
	}
}

// TestComfortNoise is agreed on where both want it, and not with another clock.
func TestComfortNoise(t *testing.T) {
	for _, c := range []struct {
		media string
		ours  bool
		want  bool
	}{
		{"m=audio 4000 RTP/AVP 0 13\r\n", true, true},
		{"m=audio 4000 RTP/AVP 0 13\r\na=rtpmap:13 CN/8000\r\n", true, true},
		{"m=audio 4000 RTP/AVP 0 13\r\na=rtpmap:13 CN/16000\r\n", true, false},
		{"m=audio 4000 RTP/AVP 0 13\r\n", false, false},
		{"m=audio 4000 RTP/AVP 0\r\na=rtpmap:13 CN/8000\r\n", true, false},
	} {
		s, err := offer.Parse([]byte(head + c.media))
		if err != nil {
			t.Fatal(err)
		}
		l := offer.NewLocal(ap("192.0.2.7:20000"))
		l.Comfort = c.ours
		offered := string(l.Offer(""))
		sdp, m, err := l.Answer(s)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(string(sdp), " 0 13\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n"); m.Comfort != c.want || said != c.want {
			t.Errorf("%q, ours %v: agreed %v, answered %s", c.media, c.ours, m.Comfort, sdp)
		}
		if strings.Contains(offered, " 13 101\r\n") != c.ours {
			t.Errorf("offered %s", offered)
		}
	}
}
