package offer_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/offer"
)

const hexes = "6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08"

// chromium is an offer as Chromium 156 makes it for sound and picture, shortened.
func chromium(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\n", "\r\n")
}

// ours is a side that speaks DTLS.
func ours() *offer.Local {
	l := offer.NewLocal(ap("198.51.100.7:20000"))
	l.Fingerprint = offer.Fingerprint{Hash: "sha-256", Value: strings.Repeat("AB:", 31) + "AB"}
	l.Others = func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("10.0.0.7")} }
	return l
}

func answer(t *testing.T, l *offer.Local, sdp string) (string, offer.Media) {
	t.Helper()
	s, err := offer.Parse([]byte(sdp))
	if err != nil {
		t.Fatal(err)
	}
	b, m, err := l.Answer(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), m
}

func TestAnswerToBrowser(t *testing.T) {
	got, m := answer(t, ours(), chromium(t))
	_, rest, _ := strings.Cut(got, "s=-\r\n")
	rest = regexp.MustCompile(`a=ice-(ufrag|pwd):\S+`).ReplaceAllString(rest, "a=ice-$1:*")
	want := "c=IN IP4 198.51.100.7\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-lite\r\n" +
		"m=audio 20000 UDP/TLS/RTP/SAVPF 9 126\r\na=rtpmap:9 G722/8000\r\na=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-16\r\na=ptime:20\r\na=sendrecv\r\n" +
		"a=mid:0\r\na=rtcp-mux\r\na=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\na=setup:passive\r\n" +
		"a=ice-ufrag:*\r\na=ice-pwd:*\r\na=candidate:1 1 udp 2130706431 198.51.100.7 20000 typ host\r\n" +
		"a=candidate:2 1 udp 2130706175 10.0.0.7 20000 typ host\r\na=end-of-candidates\r\na=msid:tandem sound\r\n" +
		"m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n"
	if d := cmp.Diff(want, rest); d != "" {
		t.Error(d)
	}
	if m.ICE.Remote.Ufrag != "yfFE" || m.ICE.Remote.Pwd != "qj9mVmOXVJvE6QGXR7nvIDhz" || len(m.ICE.Local.Pwd) < 22 ||
		!strings.Contains(got, "a=ice-ufrag:"+m.ICE.Local.Ufrag+"\r\na=ice-pwd:"+m.ICE.Local.Pwd+"\r\n") {
		t.Errorf("ICE is %+v", m.ICE)
	}
	if !m.DTLS.Used() || m.DTLS.Active || m.DTLS.Fingerprints[0] != (offer.Fingerprint{Hash: "sha-256", Value: hexes}) || m.DTLS.Fingerprints[1].Hash != "" {
		t.Errorf("DTLS is %+v", m.DTLS)
	}
	if !m.Mux || !m.MaySend() || !m.Receives() || m.EventPT != 126 {
		t.Errorf("agreed on %+v", m)
	}
}

// A further offer of ours keeps the peer's lines, their ids, and our credentials.
func TestFurtherOfferToBrowser(t *testing.T) {
	l := ours()
	first, m := answer(t, l, chromium(t))
	again := string(l.Offer(""))
	for _, want := range []string{"a=group:BUNDLE 0\r\n", "m=audio 20000 UDP/TLS/RTP/SAVPF ", "a=setup:actpass\r\n", "a=mid:0\r\n", "m=video 0 ",
		"a=mid:1\r\n", "m=application 0 ", "a=ice-ufrag:" + m.ICE.Local.Ufrag + "\r\n"} {
		if !strings.Contains(again, want) {
			t.Errorf("the further offer has no %q:\n%s", want, again)
		}
	}
	if strings.Count(first, "m=") != strings.Count(again, "m=") {
		t.Error("the number of lines changed")
	}
}

// What we offer a browser, one that answers like us accepts, and both agree.
func TestOfferToBrowser(t *testing.T) {
	a, b := ours(), ours()
	a.Browser = true
	s, err := offer.Parse(a.Offer(""))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Preview(); err != nil || !m.Mux {
		t.Fatalf("%+v: %v", m, err)
	}
	// b is lite too and has no checks to send: ICE is not used, the addresses count.
	body, mb, err := b.Answer(s)
	if err != nil {
		t.Fatal(err)
	}
	if mb.ICE != (offer.ICE{}) || strings.Contains(string(body), "ice-") || mb.Remote != a.Addr {
		t.Errorf("answered %s: %+v", body, mb)
	}
	// A full agent answers as a browser does.
	full := strings.NewReplacer("m=audio 20000", "m=audio 9", "a=setup:passive", "a=ice-ufrag:fulf\r\na=ice-pwd:"+strings.Repeat("p", 22)+"\r\na=setup:active").Replace(string(body))
	s, err = offer.Parse([]byte(full))
	if err != nil {
		t.Fatal(err)
	}
	ma, err := a.Accept(s)
	if err != nil || ma.DTLS.Active || ma.ICE.Remote.Ufrag != "fulf" || ma.ICE.Local.Ufrag == "" || !strings.Contains(string(a.Last()), "a=ice-ufrag:"+ma.ICE.Local.Ufrag) {
		t.Errorf("agreed on %+v: %v", ma, err)
	}
	for name, change := range map[string][2]string{
		"plain":             {"UDP/TLS/RTP/SAVPF", "RTP/AVP"},
		"nobody begins":     {"a=setup:active", "a=setup:actpass"},
		"holdconn":          {"a=setup:active", "a=setup:holdconn"},
		"no fingerprint":    {"a=fingerprint:", "a=x:"},
		"a weak hash alone": {"a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB", "a=fingerprint:sha-1 " + strings.Repeat("AB:", 19) + "AB"},
	} {
		s, err := offer.Parse([]byte(strings.Replace(full, change[0], change[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := a.Accept(s); !errors.Is(err, offer.ErrUnacceptable) {
			t.Errorf("%s: accepted as %+v", name, m)
		}
	}
	plain := offer.NewLocal(ap("192.0.2.7:3000"))
	plain.Fingerprint = a.Fingerprint
	plain.Offer("")
	if s, err = offer.Parse([]byte(full)); err == nil {
		if m, err := plain.Accept(s); err == nil {
			t.Errorf("DTLS that was not offered is accepted: %+v", m)
		}
	}
}

// B-32: no later description makes a secure call plain.
func TestSecureStaysSecure(t *testing.T) {
	l := ours()
	answer(t, l, chromium(t))
	s, err := offer.Parse([]byte(head + "m=audio 4000 RTP/AVP 0\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, m, err := l.Answer(s); !errors.Is(err, offer.ErrUnacceptable) {
		t.Errorf("answered %+v: %v", m, err)
	}
}

// ICE begins anew when the peer's credentials change, and not with the same ones.
func TestICERestart(t *testing.T) {
	l := ours()
	_, first := answer(t, l, chromium(t))
	_, same := answer(t, l, chromium(t))
	if same != first {
		t.Errorf("a refresh changed %+v to %+v", first, same)
	}
	_, new := answer(t, l, strings.ReplaceAll(chromium(t), "yfFE", "newU"))
	if new.ICE.Local == first.ICE.Local || new.ICE.Remote.Ufrag != "newU" || new.DTLS != first.DTLS {
		t.Errorf("after a restart %+v", new)
	}
}

// Who may choose waits; who is told to begins; a choice stands while the call lasts.
func TestWhoBegins(t *testing.T) {
	for _, c := range []struct {
		setup  string
		active bool
	}{{"a=setup:actpass\r\n", false}, {"a=setup:active\r\n", false}, {"", false}, {"a=setup:passive\r\n", true}} {
		l := ours()
		got, m := answer(t, l, strings.ReplaceAll(chromium(t), "a=setup:actpass\r\n", c.setup))
		if want := map[bool]string{false: "a=setup:passive", true: "a=setup:active"}[c.active]; m.DTLS.Active != c.active || !strings.Contains(got, want) {
			t.Errorf("%q: %+v\n%s", c.setup, m.DTLS, got)
		}
		if _, m := answer(t, l, chromium(t)); m.DTLS.Active != c.active {
			t.Errorf("%q, then actpass: the parts changed", c.setup)
		}
	}
}

// A telephone without ICE is reached where its description says.
func TestDTLSWithoutICE(t *testing.T) {
	sdp := head + "a=fingerprint:SHA-256 " + strings.ToLower(hexes) + "\r\na=setup:actpass\r\nm=audio 4000 UDP/TLS/RTP/SAVP 8\r\n"
	got, m := answer(t, ours(), sdp)
	if m.ICE != (offer.ICE{}) || m.Mux || m.Remote != ap("192.0.2.1:4000") || m.RTCP != ap("192.0.2.1:4001") || !m.DTLS.Used() || m.DTLS.Fingerprints[0].Value != hexes {
		t.Errorf("agreed on %+v", m)
	}
	for _, no := range []string{"ice", "mux", "BUNDLE", "mid", "msid"} {
		if strings.Contains(got, no) {
			t.Errorf("answered %q though the peer has none:\n%s", no, got)
		}
	}
}

// B-33, C-05: what is wrong with candidates is not read, what is wrong elsewhere is
// refused in words or leaves ICE out.
func TestHostileICE(t *testing.T) {
	with := func(lines string) string {
		return strings.Replace(chromium(t), "a=mid:0\r\n", lines+"a=mid:0\r\n", 1)
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "a=candidate:%d 1 udp 1 192.0.2.1 9 typ host\r\n", i)
	}
	for _, lines := range []string{
		"a=candidate:1 0 udp 1 192.0.2.1 9 typ host\r\n", "a=candidate:1 3 udp 1 192.0.2.1 9 typ host\r\n",
		"a=candidate:1 256 udp 1 192.0.2.1 9 typ host\r\n", "a=candidate:1 4294967296 udp 1 192.0.2.1 9 typ host\r\n",
		"a=candidate:1 1 udp 1 8c4b3d12-95a3.local 9 typ host\r\n", "a=candidate\r\n", "a=candidate:\r\n", many.String()[:20000],
		"a=ssrc:4294967296 cname:x\r\na=extmap:99999 urn:x\r\na=rtcp-fb:* x\r\na=ice-options:trickle renomination\r\n",
	} {
		if _, m := answer(t, ours(), with(lines)); m.ICE.Remote.Ufrag != "yfFE" {
			t.Errorf("%.60q changed ICE to %+v", lines, m.ICE)
		}
	}
	if _, err := offer.Parse([]byte(with(many.String()))); !errors.Is(err, offer.ErrSyntax) {
		t.Errorf("a thousand candidates: %v", err)
	}
	for _, change := range [][2]string{
		{"a=ice-ufrag:yfFE", "a=ice-ufrag:abc"}, {"a=ice-ufrag:yfFE", "a=ice-ufrag:" + strings.Repeat("a", 257)}, {"a=ice-ufrag:yfFE", "a=ice-ufrag:a b:c"},
		{"a=ice-pwd:", "a=ice-pwd:!"}, {"a=ice-pwd:qj9mVmOXVJvE6QGXR7nvIDhz", "a=ice-pwd:short"}, {"a=ice-ufrag", "a=x"}, {"a=rtcp-mux", "a=x"}, {"a=mid:0", "a=ice-lite\r\na=mid:0"},
	} {
		s, err := offer.Parse([]byte(strings.Replace(strings.ReplaceAll(chromium(t), "m=audio 9", "m=audio 4000"), change[0], change[1], 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := ours().Answer(s); err == nil && m.ICE != (offer.ICE{}) {
			t.Errorf("%q instead of %q: %+v", change[1], change[0], m.ICE)
		}
	}
	print := "a=fingerprint:sha-256 " + hexes + "\r\n"
	for name, lines := range map[string]string{
		"none": "", "cut": print[:60] + "\r\n", "md5": "a=fingerprint:md5 00\r\n", "no hexadecimal": strings.Replace(print, "6B", "6X", 1),
		"one of two cut": print + print[:60] + "\r\n",
		"five":           print + strings.Replace(print, "6B", "6C", 1) + strings.Replace(print, "6B", "6D", 1) + strings.Replace(print, "6B", "6E", 1) + strings.Replace(print, "6B", "6F", 1),
	} {
		s, err := offer.Parse([]byte(strings.Replace(chromium(t), print, lines, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := ours().Answer(s); !errors.Is(err, offer.ErrUnacceptable) {
			t.Errorf("fingerprint %s: agreed on %+v", name, m.DTLS)
		}
	}
}

func FuzzICEAttributes(f *testing.F) {
	f.Add("a=ice-ufrag:yfFE\r\na=ice-pwd:qj9mVmOXVJvE6QGXR7nvIDhz\r\na=rtcp-mux\r\n", "a=setup:actpass\r\na=fingerprint:sha-256 "+hexes+"\r\na=mid:0\r\n")
	f.Add("a=candidate:1 1 udp 2130706431 192.0.2.1 10000 typ host\r\na=ice-lite\r\n", "a=group:BUNDLE 0 1\r\n")
	f.Add("a=mid:a b\r\na=setup:\r\n", "a=fingerprint:sha-512 00\r\n")
	f.Fuzz(func(t *testing.T, media, session string) {
		s, err := offer.Parse([]byte("v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\nt=0 0\r\n" + session + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n" + media))
		if err != nil {
			return
		}
		l := ours()
		body, m, err := l.Answer(s)
		if err != nil {
			return
		}
		if !m.DTLS.Used() {
			t.Fatalf("plain: %+v", m)
		}
		if _, err := offer.Parse(body); err != nil {
			t.Fatalf("our answer %q does not parse: %v", body, err)
		}
		if n := strings.Count(string(body), "\r\nm=audio "); n != strings.Count("\r\n"+session+"\r\n"+media, "\nm=audio ")+1 {
			t.Fatalf("our answer has %d lines of sound:\n%s", n, body)
		}
		if _, err := offer.Parse(l.Offer("")); err != nil {
			t.Fatalf("our offer does not parse: %v", err)
		}
	})
}
