package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/certs/certtest"
	"tandem/internal/phone"
)

// TestBaresipSDES has baresip secure its media by keys in the signalling, by its own wish
// and by ours, in calls both ways over TLS.
func TestBaresipSDES(t *testing.T) {
	t.Parallel()
	ca, at := certtest.New(t, "authority"), freeAddr(t)
	env, authority := secured(t, ca, at)
	o := newOffice(t, env...)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	for i, kind := range []string{"srtp", "srtp-mand", "srtp-mandf"} {
		number := fmt.Sprint(102 + i)
		ext := o.server.fields("extension", "add", number, "--account", o.id)
		b := startBaresip(t, fmt.Sprintf("<sip:%s@%s;transport=tls>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60;mediaenc=%s",
			text(t, ext, "username"), at, text(t, ext, "username"), text(t, ext, "password"), kind), tone(700, 60*time.Second), "sip_cafile "+authority, "module srtp.so")
		b.says(t, "200 OK", 10*time.Second)
		b.command("dial", "sip:"+o.number+"@"+at+";transport=tls")
		in := b.reachesTheDesk(t, o, o.sound(menu, "Main Menu"), 15*time.Second)
		hangUp(in)
		v := o.server.show(t, o.newest(t, o.number))
		if !strings.Contains(v.String(), "secured by SDES-SRTP") || !strings.Contains(v.String(), "key 0 by rfc4733") {
			t.Errorf("%s calls:\n%s", kind, v)
		}
		b.command("hangup", "")

		c := dial(t, o.desk, o.server, number)
		hearsTone(t, c, 700)
		back := melody(900, 1100, 950, 1050)
		if err := c.Play(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		b.hears(t, "what the desk plays", back, 10*time.Second)
		hangUp(c)
		v = o.server.show(t, o.newest(t, number))
		if !strings.Contains(v.String(), "secured by SDES-SRTP") {
			t.Errorf("%s is called:\n%s", kind, v)
		}
	}
}

// TestBaresipSDESOverUDP has baresip want to secure its media by keys that anybody could
// read: it is refused, and where it would do without, its keys are not looked at.
func TestBaresipSDESOverUDP(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	b := startBaresip(t, "<sip:caller@127.0.0.1>;regint=0;mediaenc=srtp-mand", tone(700, 40*time.Second), "module srtp.so")
	b.command("dial", "sip:"+o.number+"@"+o.sip)
	b.says(t, "488 Not Acceptable Here", 10*time.Second)
}

// TestBaresipPolicies has telephones called and call as their extensions' policies say: one
// that speaks DTLS alone is offered that when it refuses the rest, and nobody who may not
// speaks in plain.
func TestBaresipPolicies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	type policies struct{ number, policy, speaks, called, calls string }
	for _, c := range []policies{
		{"111", "preferred", "dtls_srtp", "secured by DTLS-SRTP", ""},
		{"112", "required", "dtls_srtp", "secured by DTLS-SRTP", "secured by DTLS-SRTP"},
		{"113", "off", "dtls_srtp", "488 Not Acceptable Here", "media secured by DTLS is not spoken here"},
		{"114", "required", "", "488 Not Acceptable Here", "media has to be secured, as its extension's policy says"},
	} {
		ext := o.server.fields("extension", "add", c.number, "--account", o.id, "--srtp", "preferred")
		o.server.cli("extension", "set", c.number, "--account", o.id, "--srtp", c.policy)
		account := fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60", text(t, ext, "username"), o.sip, text(t, ext, "username"), text(t, ext, "password"))
		if c.speaks != "" {
			account += ";mediaenc=" + c.speaks
		}
		b := startBaresip(t, account, tone(700, 60*time.Second), "module dtls_srtp.so", "rtcp_mux yes")
		b.says(t, "200 OK", 10*time.Second)
		secured := strings.Contains(c.called, "DTLS")
		if secured {
			call := dial(t, o.desk, o.server, c.number)
			hearsTone(t, call, 700)
			hangUp(call)
		} else if call, err := o.desk.Dial(t.Context(), "sip:"+c.number+"@"+o.sip, phone.CallOptions{}); err == nil {
			hangUp(call)
			t.Errorf("%s answered", c.number)
		}
		if v := o.server.show(t, o.newest(t, c.number)); !strings.Contains(v.String(), c.called) {
			t.Errorf("%+v was called:\n%s", c, v)
		}
		if secured { // what it took is offered first from then on
			call := dial(t, o.desk, o.server, c.number)
			hangUp(call)
			if v := o.server.show(t, o.newest(t, c.number)); strings.Contains(v.String(), "refused the media") || !strings.Contains(v.String(), c.called) {
				t.Errorf("%+v was called again:\n%s", c, v)
			}
		}
		if c.calls == "" {
			continue
		}
		b.command("dial", "sip:"+o.number+"@"+o.sip)
		if secured {
			b.hears(t, "Main Menu", o.sound(menu, "Main Menu"), 15*time.Second)
			b.command("hangup", "")
		} else {
			b.says(t, "488 Not Acceptable Here", 10*time.Second)
		}
		if v := o.server.show(t, o.newest(t, o.number)); !strings.Contains(v.String(), c.calls) {
			t.Errorf("%+v calls:\n%s", c, v)
		}
	}
}

// newest waits until the newest call to a number has ended, and gives it.
func (o *office) newest(t *testing.T, number string) string {
	t.Helper()
	id := ""
	if !eventually(10*time.Second, func() bool { id = o.server.judge(t, number); return id != "" }) {
		t.Fatalf("no call to %s has ended", number)
	}
	return id
}
