package e2e_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tandem/internal/certs/certtest"
)

// TestKamailioTLSFront has telephones reach the server by TLS through kamailio alone, which
// passes on by TCP and by TLS: baresip registers, calls, holds and is called, every request
// passes both sockets of the front, and where all of the way is encrypted media is, too.
func TestKamailioTLSFront(t *testing.T) {
	for _, back := range []string{"tcp", "tls"} {
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			behindFront(t, back)
		})
	}
}

func behindFront(t *testing.T, back string) {
	t.Helper()
	ca, at := certtest.New(t, "authority"), freeAddr(t)
	env, authority := secured(t, ca, at)
	o := newOffice(t, append(env, "TANDEM_TLS_AUTHORITIES="+authority)...)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	_, port, _ := net.SplitHostPort(map[string]string{"tcp": o.sip, "tls": at}[back])
	cert, key := ca.Issue(nil, "127.0.0.1").Files(t.TempDir())
	front := freeAddr(t)
	_, phones, _ := net.SplitHostPort(front)
	k := &kamailio{log: &lockedBuffer{}, udp: freeAddr(t), tcp: freeAddr(t)}
	k.run(t, "front.cfg", "@SERVER@", port, "@BACK@", back, "@PHONES@", phones, "@CERT@", cert, "@KEY@", key, "@CA@", authority)

	ext := o.server.fields("extension", "add", "102", "--account", o.id)
	account := fmt.Sprintf("<sip:%s@%s;transport=tls>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60;outbound=\"sip:%s;transport=tls\"",
		text(t, ext, "username"), o.sip, text(t, ext, "username"), text(t, ext, "password"), front)
	media := "with PCMU, keys"
	if back == "tls" {
		account += ";mediaenc=srtp"
		media = "secured by SDES-SRTP"
	}
	b := startBaresip(t, account, tone(700, 60*time.Second), "sip_cafile "+authority, "module srtp.so")
	b.says(t, "200 OK", 10*time.Second)
	var list []struct {
		Number string `json:"number"`
		Phones []struct {
			Path []string `json:"path"`
		} `json:"phones"`
	}
	if err := json.Unmarshal([]byte(o.server.cli("extension", "list", "--account", o.id, "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Number == "102" && (len(e.Phones) != 1 || len(e.Phones[0].Path) != 2 ||
			!strings.Contains(e.Phones[0].Path[0], k.tcp+";transport="+back) || !strings.Contains(e.Phones[0].Path[1], front+";transport=tls")) {
			t.Errorf("%s: the registration's path: %+v", back, e)
		}
	}
	passed := func(method, from string, least int) {
		t.Helper()
		if !eventually(10*time.Second, func() bool { return k.passed(method, from) >= least }) {
			t.Errorf("%s: %d %s from the %s passed, not %d", back, k.passed(method, from), method, from, least)
		}
	}

	b.command("dial", "sip:"+o.number+"@"+o.sip+";transport=tls")
	in := b.reachesTheDesk(t, o, o.sound(menu, "Main Menu"), 15*time.Second)
	go in.Play(t.Context(), tone(1000, 6*time.Second))
	b.hearsTone(t, 1000, 0, 15*time.Second)
	asked := k.passed("INVITE", "telephone") // more than once, where it was challenged
	b.command("hold", "")                    // after which it writes nothing down
	passed("INVITE", "telephone", asked+1)
	b.command("resume", "")
	passed("INVITE", "telephone", asked+2)
	hangUp(in)
	passed("BYE", "server", 1) // over the connection that the telephone made
	b.says(t, "session closed", 10*time.Second)
	v := o.server.show(t, o.newest(t, o.number))
	if !strings.Contains(v.String(), media) || !v.by(back, "received INVITE") || !v.by(back, "sent BYE") || !strings.Contains(v.String(), "took us off hold") {
		t.Errorf("%s: the call to the menu:\n%s", back, v)
	}

	out := dial(t, o.desk, o.server, "102")
	hearsTone(t, out, 700)
	go out.Play(t.Context(), tone(1200, 6*time.Second))
	b.hearsTone(t, 1200, 0, 15*time.Second)
	passed("INVITE", "server", 1)
	passed("ACK", "server", 1)
	b.command("hangup", "")
	ends(t, out, 10*time.Second)
	passed("BYE", "telephone", 1)
	v = o.server.show(t, o.newest(t, "102"))
	if !strings.Contains(v.String(), media) || !v.by(back, "sent INVITE") || !v.by(back, "received BYE") {
		t.Errorf("%s: the call to the telephone:\n%s", back, v)
	}
}
