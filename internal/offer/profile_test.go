package offer_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tandem/internal/offer"
)

// telephone is our side of a call with a telephone that may know other profiles alone.
func telephone(p offer.SRTP, secured bool) *offer.Local {
	l := ours()
	l.SRTP, l.Secured, l.Telephone = p, secured, true
	return l
}

var profileOf = regexp.MustCompile(`m=audio \d+ (\S+) `)

// TestProfiles has each policy offer its profiles in order, each next one after a refusal.
func TestProfiles(t *testing.T) {
	const avp, savp, savpf, dtls = "RTP/AVP", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"
	trunk := func(p offer.SRTP) *offer.Local { l := ours(); l.SRTP = p; return l }
	off := trunk(offer.SRTPOff)
	off.Fingerprint = offer.Fingerprint{}
	browser := ours()
	browser.Browser, browser.SRTP, browser.Telephone, browser.Secured = true, offer.SRTPPreferred, true, true
	for name, c := range map[string]struct {
		l    *offer.Local
		want []string
	}{
		"a telephone by TLS":                {telephone(offer.SRTPPreferred, false), []string{avp, savp, savpf, dtls}},
		"a telephone by UDP":                {telephone(offer.SRTPOff, false), []string{avp, dtls}},
		"required of a telephone by TLS":    {telephone(offer.SRTPPreferred, true), []string{savp, savpf, dtls}},
		"required of a telephone by UDP":    {telephone(offer.SRTPOff, true), []string{dtls}},
		"a telephone that is not to secure": {off, []string{avp}},
		"a trunk, preferred":                {trunk(offer.SRTPPreferred), []string{avp, savp}},
		"a trunk, required":                 {trunk(offer.SRTPRequired), []string{savp}},
		"a browser":                         {browser, []string{dtls}},
	} {
		var got []string
		for more := true; more && len(got) < 9; more = c.l.Next() != "" {
			sdp := string(c.l.Offer(""))
			p := profileOf.FindStringSubmatch(sdp)[1]
			got = append(got, p)
			if keys := strings.Contains(sdp, "a=crypto:"); keys != (p != dtls && c.l.SRTP != offer.SRTPOff) {
				t.Errorf("%s, %s: keys %v\n%s", name, p, keys, sdp)
			}
			if shakes := strings.Contains(sdp, "a=fingerprint:") && strings.Contains(sdp, "a=ice-ufrag:"); shakes != (p == dtls) {
				t.Errorf("%s, %s: DTLS %v\n%s", name, p, shakes, sdp)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

// TestSecuredCantBeTalkedDown has plain media refused wherever it has to be secured, and
// where secured media was offered: in offers, in answers and in what comes later (C-04, B-32).
func TestSecuredCantBeTalkedDown(t *testing.T) {
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, offer.ErrUnacceptable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	plain := head + "m=audio 4000 RTP/AVP 0\r\n"
	keys := "a=crypto:2 " + cm + " " + inline(30, "k") + "\r\n"
	shake := "a=fingerprint:sha-256 " + hexes + "\r\na=setup:active\r\n"
	for _, policy := range []offer.SRTP{offer.SRTPOff, offer.SRTPPreferred} {
		_, _, err := telephone(policy, true).Answer(read(t, plain))
		refused("an offer in plain", err)
		_, err = telephone(policy, true).Would(read(t, plain))
		refused("what would come of it", err)
		_, _, err = telephone(policy, true).Answer(read(t, plain+"a=crypto:1 AES_CM_128_HMAC_SHA1_32 "+inline(30, "k")+"\r\n"))
		refused("an offer of a weak suite", err)
	}
	_, _, err := telephone(offer.SRTPOff, true).Answer(read(t, head+"m=audio 4000 RTP/SAVP 0\r\n"+keys))
	refused("keys that everybody reads", err)
	if _, m, err := telephone(offer.SRTPOff, true).Answer(read(t, head+"m=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"+shake)); err != nil || !m.DTLS.Used() {
		t.Errorf("DTLS where it has to be secured: %v", err)
	}
	if _, m, err := telephone(offer.SRTPPreferred, true).Answer(read(t, plain+keys)); err != nil || !m.Crypto.Used() {
		t.Errorf("keys on a plain line: %v", err)
	}

	for name, c := range map[string]struct{ by, answer string }{
		"RTP/SAVP":          {"RTP/SAVP", plain},
		"RTP/SAVPF":         {"RTP/SAVPF", head + "m=audio 4000 RTP/AVPF 0\r\n"},
		"UDP/TLS/RTP/SAVPF": {"UDP/TLS/RTP/SAVPF", plain},
		"DTLS, by keys":     {"UDP/TLS/RTP/SAVPF", head + "m=audio 4000 RTP/SAVP 0\r\n" + keys},
	} {
		l := telephone(offer.SRTPPreferred, false) // which would have done in plain at first
		for !strings.Contains(string(l.Offer("")), " "+c.by+" ") {
			if l.Next() == "" {
				t.Fatalf("%s is not offered", c.by)
			}
		}
		_, err := l.Accept(read(t, c.answer))
		refused(name+" answered in plain", err)
	}

	l := telephone(offer.SRTPPreferred, false)
	l.Next()
	l.Next()
	l.Offer("")
	savpf := head + "m=audio 4000 RTP/SAVPF 0\r\n" + keys
	if m, err := l.Accept(read(t, savpf)); err != nil || m.Crypto.Suite != cm {
		t.Fatalf("RTP/SAVPF: %+v %v", m.Crypto, err)
	}
	if l.Next() != "" {
		t.Error("another profile after the answer")
	}
	if p := profileOf.FindStringSubmatch(string(l.Offer("")))[1]; p != "RTP/SAVPF" {
		t.Errorf("the next offer has %s", p)
	}
	_, _, err = l.Answer(read(t, plain))
	refused("a later offer in plain", err)
	_, err = l.Accept(read(t, plain))
	refused("a later answer in plain", err)

	l = telephone(offer.SRTPOff, false)
	l.Next()
	l.Offer("")
	if m, err := l.Accept(read(t, head+"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n"+shake)); err != nil || !m.DTLS.Used() || m.ICE != (offer.ICE{}) {
		t.Fatalf("DTLS without ICE: %+v %v", m, err)
	}
	_, _, err = l.Answer(read(t, savpf))
	refused("keys in place of DTLS", err)
}

// TestFirstProfile begins with the profile that a peer took before, and never with one
// that policy forbids.
func TestFirstProfile(t *testing.T) {
	const avp, savp, savpf, dtls = "RTP/AVP", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVPF"
	for _, c := range []struct {
		first string
		l     *offer.Local
		want  []string
	}{
		{dtls, telephone(offer.SRTPPreferred, false), []string{dtls, avp, savp, savpf}},
		{savp, telephone(offer.SRTPPreferred, false), []string{savp, avp, savpf, dtls}},
		{avp, telephone(offer.SRTPPreferred, false), []string{avp, savp, savpf, dtls}},
		{avp, telephone(offer.SRTPPreferred, true), []string{savp, savpf, dtls}},
		{savp, telephone(offer.SRTPOff, false), []string{avp, dtls}},
		{"nonsense", telephone(offer.SRTPOff, true), []string{dtls}},
	} {
		c.l.First = c.first
		var got []string
		for more := true; more && len(got) < 9; more = c.l.Next() != "" {
			got = append(got, profileOf.FindStringSubmatch(string(c.l.Offer("")))[1])
			if o := c.l.Offered(); o != got[len(got)-1] {
				t.Errorf("Offered gives %s after %v", o, got)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s first: %v, not %v", c.first, got, c.want)
		}
	}
}
