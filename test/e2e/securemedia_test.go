package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// TestBaresipSpeaksDTLS has baresip call by DTLS-SRTP without ICE, with RTCP on the port of
// RTP and beside it: the menu is heard, a key is taken, and sound passes both ways.
func TestBaresipSpeaksDTLS(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	main := o.sound(menu, "Main Menu")
	for _, mux := range []string{"yes", "no"} {
		b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0;mediaenc=dtls_srtp", tone(700, 40*time.Second), "module dtls_srtp.so", "rtcp_mux "+mux)
		b.command("dial", "sip:"+o.number+"@"+o.sip)
		b.talksWithTheDesk(t, o, main, 20*time.Second, 15*time.Second)
		v := o.ended(t, o.number, 5*time.Second)
		for _, want := range []string{"media is secured by DTLS-SRTP (", "key 0 by rfc4733"} {
			if !strings.Contains(v.String(), want) {
				t.Errorf("rtcp_mux %s: the timeline does not say %q:\n%s", mux, want, v)
			}
		}
	}
}

// TestBrowserMediaFails has Chromium call with another's fingerprint, with checks that prove
// nothing, and with no way to us: the call ends in words on the timeline.
func TestBrowserMediaFails(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := startBrowser(t, o.server, tone(700, 20*time.Second))
	b.register(o, "201")
	for name, c := range map[string]struct{ alter, words string }{
		"another's certificate": {`(sdp) => sdp.replace(/(a=fingerprint:sha-256 )..:../, (_, a) => a + "00:00")`, "the certificate is not the one that signalling named"},
		"another's password":    {`(sdp) => sdp.replace(/a=ice-ufrag:..../, "a=ice-ufrag:XXXX")`, "no valid ICE check came to udp 127.0.0.1:"},
		"no way to us": {`(sdp) => { const set = phone.pc.setRemoteDescription.bind(phone.pc);
			phone.pc.setRemoteDescription = (d) => set({ type: d.type, sdp: d.sdp.replace(/a=candidate.*\r\n/g, "") }); return sdp; }`, "no ICE check came: the peer can't reach udp 127.0.0.1:"},
	} {
		b.run("phone.alter = " + c.alter)
		b.dial(o.number)
		b.is("over", 30*time.Second)
		v := o.ended(t, o.number, 10*time.Second)
		if !strings.Contains(v.String(), "media could not be secured: "+c.words) {
			t.Errorf("%s: the timeline does not say %q:\n%s", name, c.words, v)
		}
		if !strings.Contains(v.String(), "received BYE") && !strings.Contains(v.String(), "sent BYE") {
			t.Errorf("%s: the call was not ended:\n%s", name, v)
		}
	}
}
