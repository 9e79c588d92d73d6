package offer_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"tandem/internal/offer"
)

const sdesHead = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

// inline is a key of n octets, each c.
func inline(n int, c string) string {
	return "inline:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c, n)))
}

const cm, gcm = "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"

func sdesLocal(p offer.SRTP) *offer.Local {
	l := offer.NewLocal(netip.MustParseAddrPort("192.0.2.9:6000"))
	l.SRTP = p
	return l
}

func read(t *testing.T, text string) *offer.Session {
	t.Helper()
	s, err := offer.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSDESAnswers has offers of all kinds answered under each policy (reliability C-04).
func TestSDESAnswers(t *testing.T) {
	avp, savp := sdesHead+"m=audio 4000 RTP/AVP 0\r\n", sdesHead+"m=audio 4000 RTP/SAVP 0\r\n"
	good := "a=crypto:7 " + cm + " " + inline(30, "k") + "\r\n"
	const refused, plain = "refused", "plain"
	for name, c := range map[string]struct {
		sdp                      string
		off, preferred, required string
	}{
		"plain":                      {avp, plain, plain, refused},
		"plain with keys":            {avp + good, plain, cm, cm},
		"secure":                     {savp + good, refused, cm, cm},
		"secure with feedback":       {strings.Replace(savp, "SAVP", "SAVPF", 1) + good, refused, cm, cm},
		"secure without keys":        {savp, refused, refused, refused},
		"the best of two":            {savp + good + "a=crypto:8 " + gcm + " " + inline(28, "g") + "\r\n", refused, gcm, gcm},
		"secure beside plain":        {savp + good + "m=audio 4002 RTP/AVP 0\r\n", plain, cm, cm},
		"plain beside secure":        {avp + "m=audio 4002 RTP/SAVP 0\r\n" + good, plain, cm, cm},
		"a lifetime":                 {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + "|2^31\r\n", refused, cm, cm},
		"a short lifetime":           {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + "|2^10\r\n", refused, refused, refused},
		"MKI":                        {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + "|2^31|1:4\r\n", refused, refused, refused},
		"two keys":                   {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + ";" + inline(30, "l") + "\r\n", refused, refused, refused},
		"a window":                   {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + " WSH=64\r\n", refused, cm, cm},
		"without encryption":         {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + " UNENCRYPTED_SRTP\r\n", refused, refused, refused},
		"without authentication":     {savp + "a=crypto:1 " + cm + " " + inline(30, "k") + " UNAUTHENTICATED_SRTP\r\n", refused, refused, refused},
		"weak":                       {savp + "a=crypto:1 AES_CM_128_HMAC_SHA1_32 " + inline(30, "k") + "\r\n", refused, refused, refused},
		"weak in plain":              {avp + "a=crypto:1 AES_CM_128_HMAC_SHA1_32 " + inline(30, "k") + "\r\n", plain, plain, refused},
		"a key too short":            {savp + "a=crypto:1 " + cm + " " + inline(29, "k") + "\r\n", refused, refused, refused},
		"a key too long":             {savp + "a=crypto:1 " + gcm + " " + inline(30, "k") + "\r\n", refused, refused, refused},
		"no base64":                  {savp + "a=crypto:1 " + cm + " inline:" + strings.Repeat("!", 40) + "\r\n", refused, refused, refused},
		"a tag that is none":         {savp + "a=crypto:x " + cm + " " + inline(30, "k") + "\r\n", refused, refused, refused},
		"keys of the session":        {strings.Replace(savp, "m=", good+"m=", 1), refused, refused, refused},
		"a thousand, then a good":    {savp + strings.Repeat("a=crypto:1 X inline:x\r\n", 900) + good, refused, cm, cm},
		"many good ones are bounded": {savp + cryptos(200), refused, cm, cm},
	} {
		for policy, want := range map[offer.SRTP]string{offer.SRTPOff: c.off, offer.SRTPPreferred: c.preferred, offer.SRTPRequired: c.required} {
			sdp, m, err := sdesLocal(policy).Answer(read(t, c.sdp))
			got := m.Crypto.Suite
			switch {
			case errors.Is(err, offer.ErrUnacceptable):
				got = refused
			case err != nil:
				t.Fatal(err)
			case got == "":
				got = plain
			}
			if got != want {
				t.Errorf("%s, %q: %s (%v), not %s", name, policy, got, err, want)
			}
			if said := strings.Contains(string(sdp), "a=crypto:"); said != m.Crypto.Used() {
				t.Errorf("%s, %q: the answer has keys: %v\n%s", name, policy, said, sdp)
			}
			if m.Crypto.Used() && (len(m.Crypto.Local) != len(m.Crypto.Remote) || m.Crypto.Local == m.Crypto.Remote) {
				t.Errorf("%s: keys %q and %q", name, m.Crypto.Local, m.Crypto.Remote)
			}
		}
	}
}

func cryptos(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf("a=crypto:%d %s %s\r\n", i+1, cm, inline(30, "k"))
	}
	return text
}

// TestSDESStays has what was secured stay so in every further description (B-32, C-04).
func TestSDESStays(t *testing.T) {
	secure := read(t, sdesHead+"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 "+cm+" "+inline(30, "k")+"\r\n")
	plain := read(t, sdesHead+"m=audio 4000 RTP/AVP 0\r\n")
	l := sdesLocal(offer.SRTPPreferred)
	_, first, err := l.Answer(secure)
	if err != nil {
		t.Fatal(err)
	}
	l.SRTP = offer.SRTPOff // whatever policy says later
	if _, _, err := l.Answer(plain); !errors.Is(err, offer.ErrUnacceptable) {
		t.Errorf("an offer in plain: %v", err)
	}
	ours := string(l.Offer(offer.SendRecv))
	if !strings.Contains(ours, "RTP/SAVP ") || strings.Count(ours, "a=crypto:") != 1 || !strings.Contains(ours, " "+cm+" ") {
		t.Errorf("our further offer:\n%s", ours)
	}
	if _, err := l.Accept(plain); !errors.Is(err, offer.ErrUnacceptable) {
		t.Errorf("an answer in plain: %v", err)
	}
	_, again, err := l.Answer(secure)
	if err != nil || again.Crypto != first.Crypto {
		t.Errorf("the same again: %+v and %+v, %v", first.Crypto, again.Crypto, err)
	}
	_, other, err := l.Answer(read(t, sdesHead+"m=audio 4000 RTP/SAVP 0\r\na=crypto:1 "+cm+" "+inline(30, "n")+"\r\n"))
	if err != nil || other.Crypto.Remote == first.Crypto.Remote || other.Crypto.Local != first.Crypto.Local {
		t.Errorf("another key: %v", err)
	}
}

// TestSDESOffers has our offers answered.
func TestSDESOffers(t *testing.T) {
	if sdp := string(sdesLocal(offer.SRTPOff).Offer("")); strings.Contains(sdp, "crypto") || !strings.Contains(sdp, "RTP/AVP ") {
		t.Errorf("without SRTP:\n%s", sdp)
	}
	l := sdesLocal(offer.SRTPPreferred)
	sdp := string(l.Offer(""))
	mine := regexp.MustCompile(`a=crypto:(\d) (\S+) (inline:\S+)`).FindAllStringSubmatch(sdp, -1)
	if !strings.Contains(sdp, "RTP/AVP ") || len(mine) != 2 || mine[0][2] != gcm || mine[1][2] != cm || mine[0][3] == mine[1][3] {
		t.Fatalf("preferred:\n%s", sdp)
	}
	if m, err := l.Accept(read(t, sdesHead+"m=audio 4000 RTP/AVP 0\r\n")); err != nil || m.Crypto.Used() {
		t.Errorf("an answer in plain to a preference: %v", err)
	}
	l = sdesLocal(offer.SRTPRequired)
	if sdp := string(l.Offer("")); !strings.Contains(sdp, "RTP/SAVP ") {
		t.Errorf("required:\n%s", sdp)
	}
	line := func(tag, suite, key string) string {
		return sdesHead + "m=audio 4000 RTP/SAVP 0\r\na=crypto:" + tag + " " + suite + " " + key + "\r\n"
	}
	own := regexp.MustCompile(`a=crypto:2 \S+ (inline:\S+)`).FindStringSubmatch(string(l.Last()))[1]
	for name, answer := range map[string]string{
		"in plain":          sdesHead + "m=audio 4000 RTP/AVP 0\r\n",
		"of another tag":    line("9", cm, inline(30, "k")),
		"of a crossed tag":  line("1", cm, inline(30, "k")),
		"with our own key":  line("2", cm, own),
		"without keys":      sdesHead + "m=audio 4000 RTP/SAVP 0\r\n",
		"of DTLS unoffered": sdesHead + "m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\na=setup:active\r\n",
	} {
		if _, err := l.Accept(read(t, answer)); !errors.Is(err, offer.ErrUnacceptable) {
			t.Errorf("an answer %s: %v", name, err)
		}
	}
	m, err := l.Accept(read(t, line("2", cm, inline(30, "k"))))
	if err != nil || m.Crypto.Suite != cm || m.Crypto.Remote != strings.Repeat("k", 30) {
		t.Errorf("a sound answer: %+v %v", m.Crypto, err)
	}
}
