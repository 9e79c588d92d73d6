package offer_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/offer"
)

// audioOf is our line of sound with its formats.
func audioOf(sdp string) string {
	return strings.Join(regexp.MustCompile(`(?m)^(m=audio .*|a=(rtpmap|fmtp|ptime):.*)\r$`).FindAllString(sdp, -1), "\n")
}

// without takes formats out of a description's first line of sound.
func without(sdp string, formats ...string) string {
	line := regexp.MustCompile(`m=audio .*`).FindString(sdp)
	kept := slices.DeleteFunc(strings.Fields(line)[3:], func(f string) bool { return slices.Contains(formats, f) })
	short := append(strings.Fields(line)[:3], kept...)
	return strings.Replace(sdp, line, strings.Join(short, " ")+"\r", 1)
}

// TestOpusAnswered has a browser's offer answered by a side that speaks Opus, by one that
// hears it, and by one that does neither.
func TestOpusAnswered(t *testing.T) {
	const (
		heard = "minptime=10;maxplaybackrate=8000;sprop-maxcapturerate=8000;maxaveragebitrate=24000"
		wide  = "a=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-16\r\n"
		keys  = "a=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-16\r\n"
		m     = "m=audio 20000 UDP/TLS/RTP/SAVPF "
	)
	plain := head + "m=audio 4000 RTP/AVP 107 0 101 102\r\na=rtpmap:107 opus/48000/2\r\na=rtpmap:101 telephone-event/48000\r\na=rtpmap:102 telephone-event/8000\r\n"
	for _, c := range []struct {
		name, offer string
		use         offer.OpusUse
		want, codec string
		event       uint8
		opus        offer.OpusMedia
	}{
		{"spoken", chromium(t), offer.OpusSpoken, m + "111 110\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 " + heard + ";useinbandfec=1\r\n" + wide + "a=ptime:20\r\n",
			"OPUS", 0, offer.OpusMedia{PT: 111, EventPT: 110, FEC: true}},
		{"spoken, with keys of another clock alone", without(chromium(t), "110"), offer.OpusSpoken,
			m + "111 126\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 " + heard + ";useinbandfec=1\r\n" + keys + "a=ptime:20\r\n",
			"OPUS", 126, offer.OpusMedia{PT: 111, FEC: true}},
		{"heard beside G.722", chromium(t), offer.OpusHeard, m + "9 111 110 126\r\na=rtpmap:9 G722/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 " + heard + "\r\n" + wide + keys + "a=ptime:20\r\n",
			"G722", 126, offer.OpusMedia{PT: 111, EventPT: 110, FEC: true}},
		{"heard before G.711", without(chromium(t), "9", "8", "63", "13"), offer.OpusHeard, m + "111 0 110 126\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 " + heard + "\r\na=rtpmap:0 PCMU/8000\r\n" + wide + keys + "a=ptime:20\r\n",
			"PCMU", 126, offer.OpusMedia{PT: 111, EventPT: 110, FEC: true}},
		{"heard after what the browser would rather send", strings.Replace(without(chromium(t), "9"), "F 111", "F 8 111", 1), offer.OpusHeard,
			m + "8 111 110 126\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 " + heard + "\r\n" + wide + keys + "a=ptime:20\r\n",
			"PCMA", 126, offer.OpusMedia{PT: 111, EventPT: 110, FEC: true}},
		{"neither", chromium(t), offer.OpusNone, m + "9 126\r\na=rtpmap:9 G722/8000\r\n" + keys + "a=ptime:20\r\n", "G722", 126, offer.OpusMedia{}},
		{"a telephone with another codec", plain, offer.OpusSpoken, "m=audio 20000 RTP/AVP 0 102\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:102 telephone-event/8000\r\na=fmtp:102 0-16\r\na=ptime:20\r\n",
			"PCMU", 102, offer.OpusMedia{}},
		{"a telephone is not heard", plain, offer.OpusHeard, "m=audio 20000 RTP/AVP 0 102\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:102 telephone-event/8000\r\na=fmtp:102 0-16\r\na=ptime:20\r\n",
			"PCMU", 102, offer.OpusMedia{}},
		{"a telephone with nothing else", without(plain, "0") + "a=fmtp:107 useinbandfec=0; MaxAverageBitrate=16000\r\na=ptime:60\r\n", offer.OpusSpoken,
			"m=audio 20000 RTP/AVP 107 101\r\na=rtpmap:107 opus/48000/2\r\na=fmtp:107 " + heard + ";useinbandfec=1\r\na=rtpmap:101 telephone-event/48000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n",
			"OPUS", 0, offer.OpusMedia{PT: 107, EventPT: 101, MaxRate: 16000}},
	} {
		l := ours()
		l.Opus = c.use
		got, media := answer(t, l, c.offer)
		if got := audioOf(got) + "\n"; got != c.want {
			t.Errorf("%s: answered\n%swant\n%s", c.name, got, c.want)
		}
		if media.Codec.Name != c.codec || media.EventPT != c.event || media.Opus != c.opus || !media.Events() || media.Ptime != 20*time.Millisecond {
			t.Errorf("%s: agreed on %+v", c.name, media)
		}
	}
	for name, use := range map[string]offer.OpusUse{"without": offer.OpusNone, "hearing": offer.OpusHeard} {
		l := ours()
		l.Opus = use
		s, err := offer.Parse([]byte(without(chromium(t), "63", "9", "0", "8")))
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := l.Answer(s); err == nil {
			t.Errorf("%s: a browser with Opus alone would be sent %v", name, m.Codec)
		}
	}
}

// TestOpusOffered has browsers offered Opus where we speak it, and what they answer taken.
// Later offers keep the payload types that the peer gave.
func TestOpusOffered(t *testing.T) {
	a := ours()
	a.Browser, a.Opus = true, offer.OpusSpoken
	first := string(a.Offer(""))
	if !strings.Contains(first, "SAVPF 111 0 8 9 110 101\r\n") || !strings.Contains(first, "a=rtpmap:110 telephone-event/48000\r\n") {
		t.Errorf("offered\n%s", first)
	}
	for _, use := range []offer.OpusUse{offer.OpusNone, offer.OpusHeard} {
		b := ours()
		b.Browser, b.Opus = true, use
		if sdp := strings.ToLower(string(b.Offer(""))); strings.Contains(sdp, "opus") || strings.Contains(sdp, "/48000") {
			t.Errorf("Opus is offered and can't be sent:\n%s", sdp)
		}
	}
	if sdp := (&offer.Local{Opus: offer.OpusSpoken}).Offer(""); strings.Contains(string(sdp), "opus") {
		t.Errorf("a telephone is offered\n%s", sdp)
	}
	reply := head + "a=ice-ufrag:fulf\r\na=ice-pwd:" + strings.Repeat("p", 22) + "\r\na=fingerprint:sha-256 " + hexes + "\r\na=setup:active\r\nm=audio 9 UDP/TLS/RTP/SAVPF "
	for _, c := range []struct {
		formats, maps, codec string
		opus                 offer.OpusMedia
	}{
		{"111 110", "a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:111 useinbandfec=1\r\n", "OPUS", offer.OpusMedia{PT: 111, EventPT: 110, FEC: true}},
		{"0 111 101", "a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n", "PCMU", offer.OpusMedia{PT: 111}},
		{"0 101", "a=rtpmap:101 telephone-event/8000\r\n", "PCMU", offer.OpusMedia{}},
	} {
		s, err := offer.Parse([]byte(reply + c.formats + "\r\na=mid:0\r\na=rtcp-mux\r\n" + c.maps))
		if err != nil {
			t.Fatal(err)
		}
		l := ours()
		l.Browser, l.Opus = true, offer.OpusSpoken
		l.Offer("")
		if m, err := l.Accept(s); err != nil || m.Codec.Name != c.codec || m.Opus != c.opus || !m.Events() {
			t.Errorf("%s: agreed on %+v, %v", c.formats, m, err)
		}
	}
	l := ours()
	l.Opus = offer.OpusSpoken
	answer(t, l, strings.NewReplacer(" 111 ", " 101 ", ":111 ", ":101 ", " 110 ", " 99 ", ":110 ", ":99 ").Replace(chromium(t)))
	if again := audioOf(string(l.Offer(""))); !strings.Contains(again, "SAVPF 101 0 8 9 99 100\r") || !strings.Contains(again, "a=rtpmap:101 opus/48000/2\r") ||
		!strings.Contains(again, "a=rtpmap:99 telephone-event/48000\r") || !strings.Contains(again, "a=rtpmap:100 telephone-event/8000\r") {
		t.Errorf("the further offer has\n%s", again)
	}
}

// TestOpusAsItIsMeant has what looks like Opus and is not passed over.
func TestOpusAsItIsMeant(t *testing.T) {
	for _, no := range []string{"opus/48000/1", "opus/16000/2", "opus/8000", "opus/48000/2/2"} {
		l := ours()
		l.Opus = offer.OpusSpoken
		if _, m := answer(t, l, strings.Replace(chromium(t), "opus/48000/2", no, 1)); m.Opus != (offer.OpusMedia{}) || m.Codec.Name != "G722" {
			t.Errorf("%s: agreed on %+v", no, m)
		}
	}
	for text, want := range map[string]offer.OpusMedia{
		"useinbandfec=1;useinbandfec":         {PT: 111, EventPT: 110},
		"maxaveragebitrate=1":                 {PT: 111, EventPT: 110},
		"maxaveragebitrate=99999999999999999": {PT: 111, EventPT: 110},
		";;;=; maxaveragebitrate=6000":        {PT: 111, EventPT: 110, MaxRate: 6000},
	} {
		l := ours()
		l.Opus = offer.OpusSpoken
		if _, m := answer(t, l, strings.Replace(chromium(t), "minptime=10;useinbandfec=1", text, 1)); m.Opus != want {
			t.Errorf("%q: %+v", text, m.Opus)
		}
	}
}

// FuzzOpus has no offer lead to an answer or a further offer in which a payload type means
// two things, or to Opus that this side does not send.
func FuzzOpus(f *testing.F) {
	f.Add(uint8(2), "111 63 9 0 8 13 110 126", "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n")
	f.Add(uint8(1), "101 0 9 99", "a=rtpmap:101 OPUS/48000/2\r\na=rtpmap:9 telephone-event/48000\r\na=rtpmap:99 telephone-event/8000\r\n")
	f.Add(uint8(2), "110 99", "a=rtpmap:110 opus/48000/2\r\na=rtpmap:99 telephone-event/48000\r\na=ice-ufrag:abcd\r\n")
	f.Fuzz(func(t *testing.T, use uint8, formats, attributes string) {
		for _, start := range []string{"m=audio 9 UDP/TLS/RTP/SAVPF ", "m=audio 4000 RTP/AVP "} {
			s, err := offer.Parse([]byte(head + "a=ice-ufrag:fulf\r\na=ice-pwd:" + strings.Repeat("p", 22) + "\r\na=fingerprint:sha-256 " + hexes + "\r\n" +
				start + formats + "\r\na=mid:0\r\na=rtcp-mux\r\n" + attributes))
			if err != nil {
				continue
			}
			l := ours()
			l.Opus = offer.OpusUse(use % 3)
			body, m, err := l.Answer(s)
			if err != nil {
				continue
			}
			if m.Codec.Name == offer.Opus && (l.Opus != offer.OpusSpoken || m.Codec.PayloadType != m.Opus.PT) || m.Opus.PT != 0 && l.Opus == offer.OpusNone {
				t.Errorf("agreed on %+v", m)
			}
			if m.Opus.PT != 0 && (m.Opus.PT == m.Opus.EventPT || m.Opus.PT == m.EventPT || m.Opus.EventPT != 0 && m.Opus.EventPT == m.EventPT) {
				t.Errorf("one payload type means two things: %+v", m)
			}
			for _, sdp := range []string{string(body), string(l.Offer(""))} {
				if _, err := offer.Parse([]byte(sdp)); err != nil {
					t.Fatalf("%q does not parse: %v", sdp, err)
				}
				line := regexp.MustCompile(`m=audio [^0 ].*`).FindString(sdp)
				if all := strings.Fields(line); m.Opus.PT != 0 && line != "" && len(slices.Compact(slices.Sorted(slices.Values(all[3:])))) != len(all)-3 {
					t.Errorf("a payload type twice: %s", line)
				}
			}
		}
	})
}
