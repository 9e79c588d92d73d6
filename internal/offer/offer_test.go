package offer_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"tandem/internal/offer"
)

const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

func ap(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

var compareAddrs = cmpopts.EquateComparable(netip.AddrPort{})

func TestPreview(t *testing.T) {
	for _, c := range []struct {
		name, sdp string
		want      offer.Media
	}{
		{"static types", head + "m=audio 4000 RTP/AVP 8 0\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "PCMA", PayloadType: 8}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"dynamic types and events", head + "m=audio 4000 RTP/AVP 18 96 97\r\na=rtpmap:96 pcmu/8000/1\r\na=rtpmap:97 telephone-event/8000\r\na=ptime:30\r\na=sendonly\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "PCMU", PayloadType: 96}, EventPT: 97, Direction: "sendonly", Ptime: 30 * time.Millisecond}},
		{"wideband first", head + "m=audio 4000 RTP/AVP 9 0\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "G722", PayloadType: 9}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"wideband at its true rate is not what RFC 3551 means", head + "m=audio 4000 RTP/AVP 96 8 9\r\na=rtpmap:96 G722/16000\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "PCMA", PayloadType: 8}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"events at 16 kHz do not count", head + "m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:97 telephone-event/16000\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "PCMU"}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"media address, rtcp, session direction", "v=0\no=- 1 1 IN IP4 h\ns=-\nt=0 0\na=inactive\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\na=rtcp:5000 IN IP4 192.0.2.9",
			offer.Media{Remote: ap("[2001:db8::1]:4000"), RTCP: ap("192.0.2.9:5000"), Codec: offer.Codec{Name: "PCMU"}, Direction: "inactive", Ptime: 20 * time.Millisecond}},
		{"hold by address", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0", 1) + "m=audio 4000 RTP/AVP 0\r\n",
			offer.Media{Codec: offer.Codec{Name: "PCMU"}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"first usable line", head + "m=audio 1 RTP/SAVP 0\r\nm=audio 2 RTP/AVP 18\r\nm=audio 4000 RTP/AVP 0\r\nm=video 6 RTP/AVP 31\r\n",
			offer.Media{Remote: ap("192.0.2.1:4000"), RTCP: ap("192.0.2.1:4001"), Codec: offer.Codec{Name: "PCMU"}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
		{"absurd ptime", head + "m=audio 65535 RTP/AVP 0\r\na=ptime:0\r\na=ptime:NaN\r\na=ptime:1000\r\nb=AS:-1\r\n",
			offer.Media{Remote: ap("192.0.2.1:65535"), Codec: offer.Codec{Name: "PCMU"}, Direction: "sendrecv", Ptime: 20 * time.Millisecond}},
	} {
		s, err := offer.Parse([]byte(c.sdp))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := s.Preview()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(c.want, got, compareAddrs); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		sdp  string
		kind error
	}{
		"empty":          {"", offer.ErrSyntax},
		"no version":     {"o=- 1 1 IN IP4 h\r\n", offer.ErrSyntax},
		"NUL":            {head + "m=audio 4000 RTP/AVP 0\r\na=fmtp:\x000\r\n", offer.ErrSyntax},
		"line without =": {head + "audio\r\n", offer.ErrSyntax},
		"bad port":       {head + "m=audio 70000 RTP/AVP 0\r\n", offer.ErrSyntax},
		"too large":      {head + strings.Repeat("a=x\r\n", 8000), offer.ErrSyntax},
		"many lines":     {head + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 1000), offer.ErrSyntax},
		"many formats":   {head + "m=audio 1 RTP/AVP" + strings.Repeat(" 0", 10000) + "\r\n", offer.ErrSyntax},
		"short m=":       {head + "m=audio 1\r\n", offer.ErrSyntax},
		"no audio":       {head + "m=video 4000 RTP/AVP 31\r\n", offer.ErrUnacceptable},
		"no media":       {head, offer.ErrUnacceptable},
		"port 0":         {head + "m=audio 0 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"no format":      {head + "m=audio 4000 RTP/AVP\r\n", offer.ErrUnacceptable},
		"odd formats":    {head + "m=audio 4000 RTP/AVP -1 128 2147483648 4294967296 18446744073709551616 x\r\n", offer.ErrUnacceptable},
		"0 remapped":     {head + "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 GSM/8000\r\n", offer.ErrUnacceptable},
		"stereo":         {head + "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000/2\r\n", offer.ErrUnacceptable},
		"multicast":      {strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 224.2.1.1/127", 1) + "m=audio 4000 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"broadcast":      {strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 255.255.255.255", 1) + "m=audio 4000 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"multicast 6":    {strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP6 ff02::1", 1) + "m=audio 4000 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"host name":      {strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 example.com", 1) + "m=audio 4000 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"no address":     {strings.Replace(head, "c=IN IP4 192.0.2.1\r\n", "", 1) + "m=audio 4000 RTP/AVP 0\r\n", offer.ErrUnacceptable},
		"secure only":    {head + "m=audio 4000 RTP/SAVP 0\r\n", offer.ErrUnacceptable},
	} {
		s, err := offer.Parse([]byte(c.sdp))
		if err == nil {
			_, err = s.Preview()
		}
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: got %v, want %v", name, err, c.kind)
		}
	}
}

func TestAnswerEchoesLines(t *testing.T) {
	s, err := offer.Parse([]byte(head + "m=video 6000 RTP/AVP 31\r\nm=audio 4000 RTP/AVPF 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=recvonly\r\nm=application 9 UDP/BFCP *\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	l := offer.NewLocal(ap("198.51.100.7:20000"))
	got, m, err := l.Answer(s)
	if err != nil {
		t.Fatal(err)
	}
	if m.EventPT != 101 || !m.MaySend() || m.Receives() || m.Refused != "video, application" {
		t.Errorf("agreed on %+v", m)
	}
	_, rest, _ := strings.Cut(string(got), "s=-\r\n")
	want := "c=IN IP4 198.51.100.7\r\nt=0 0\r\nm=video 0 RTP/AVP 31\r\nm=audio 20000 RTP/AVPF 8 101\r\na=rtpmap:8 PCMA/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendonly\r\nm=application 0 UDP/BFCP *\r\n"
	if d := cmp.Diff(want, rest); d != "" {
		t.Error(d)
	}
}

func TestVersionRisesOnlyWithChange(t *testing.T) {
	l := offer.NewLocal(ap("192.0.2.7:20000"))
	version := func(b []byte) string { return strings.Fields(strings.Split(string(b), "\r\n")[1])[2] }
	a, b, c := version(l.Offer("")), version(l.Offer("")), version(l.Offer(offer.SendOnly))
	if a != b || b == c {
		t.Errorf("versions are %s, %s, %s", a, b, c)
	}
}

func TestHeld(t *testing.T) {
	for dir, held := range map[offer.Direction]bool{offer.SendRecv: false, offer.RecvOnly: false, offer.SendOnly: true, offer.Inactive: true} {
		s, _ := offer.Parse(offer.NewLocal(ap("192.0.2.7:20000")).Offer(dir))
		if m, _ := s.Preview(); m.Held() != held {
			t.Errorf("%s is held: %v", dir, m.Held())
		}
	}
}

// What one side offers, the other answers and the first accepts: both agree.
func TestAgreement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codecs := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{offer.PCMU, offer.PCMA, offer.G722}), 0, 3, rapid.ID)
		dirs := rapid.SampledFrom([]offer.Direction{offer.SendRecv, offer.SendOnly, offer.RecvOnly, offer.Inactive})
		a := offer.NewLocal(ap(fmt.Sprintf("192.0.2.1:%d", rapid.IntRange(1024, 60000).Draw(t, "port"))))
		b := offer.NewLocal(ap("[2001:db8::2]:3000"))
		a.Codecs, b.Codecs = codecs.Draw(t, "a"), codecs.Draw(t, "b")
		a.NoEvents, b.NoEvents = rapid.Bool().Draw(t, "ae"), rapid.Bool().Draw(t, "be")
		dir := dirs.Draw(t, "dir")
		s, err := offer.Parse(a.Offer(dir))
		if err != nil {
			t.Fatal(err)
		}
		body, mb, err := b.Answer(s)
		if err != nil {
			if len(a.Codecs) > 0 && len(b.Codecs) > 0 && !slices.ContainsFunc(a.Codecs, func(c string) bool { return slices.Contains(b.Codecs, c) }) {
				return
			}
			t.Fatal(err)
		}
		s, err = offer.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		ma, err := a.Accept(s)
		if err != nil || ma.Codec != mb.Codec || ma.EventPT != mb.EventPT || ma.Direction != dir.Reverse() || mb.Remote != a.Addr || ma.Remote != b.Addr {
			t.Fatalf("a has %+v, b has %+v: %v", ma, mb, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:4001\r\na=ptime:20\r\na=sendrecv\r\n"))
	f.Add([]byte(head + "m=video 0 RTP/AVP\r\nm=audio 1/2 RTP/SAVP 0\r\nc=IN IP6 ::\r\n"))
	f.Add([]byte("v=0\na=rtpmap:x\nm=a 0 b"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := offer.Parse(b)
		if err != nil {
			return
		}
		l := offer.NewLocal(ap("192.0.2.7:20000"))
		body, m, err := l.Answer(s)
		if err != nil {
			return
		}
		if m.Remote.Addr().IsMulticast() {
			t.Error("media to multicast")
		}
		if _, err := offer.Parse(body); err != nil && len(body) < offer.MaxSize {
			t.Errorf("our answer %q does not parse: %v", body, err)
		}
	})
}
