package e2e_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestRTPEngineBetween has a media relay of another make between a telephone and the
// server, which kamailio leads the media through: it latches, as we do, and each side
// hears the other by ports that its own description never named.
func TestRTPEngineBetween(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("rtpengine")
	if err != nil {
		t.Fatal("rtpengine is not installed; scripts/setup-test.sh installs it")
	}
	const ports = 40
	low := freePorts(t, ports)
	ng := freeAddr(t)
	_, ngPort, _ := net.SplitHostPort(ng)
	relay := &lockedBuffer{}
	runBeside(t, exec.Command(path, "--foreground", "--table=-1", "--interface=127.0.0.1", "--listen-ng="+ng, "--log-stderr", "--log-level=6",
		fmt.Sprint("--port-min=", low), fmt.Sprint("--port-max=", low+ports-1), "--pidfile="+t.TempDir()+"/pid"), relay)

	o := newOffice(t)
	k := &kamailio{log: &lockedBuffer{}, udp: freeAddr(t), tcp: freeAddr(t), defines: []string{"RTPENGINE"}}
	_, server, _ := net.SplitHostPort(o.server.sip)
	k.run(t, "kamailio.cfg", "@SERVER@", server, "@NG@", ngPort)
	ext := o.server.fields("extension", "add", "102", "--account", o.id)
	far := newPhone(t, phone.Options{Transport: "tcp", Proxy: k.tcp, Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain")})
	if _, err := far.Register(t.Context(), "sip:"+o.server.sip, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, k.log)
	}
	talk := func(a, b *phone.Call) {
		t.Helper()
		go a.Play(t.Context(), tone(700, 4*time.Second))
		go b.Play(t.Context(), tone(1100, 4*time.Second))
		hearsTone(t, a, 1100)
		hearsTone(t, b, 700)
	}

	// To the telephone, which holds and resumes.
	near, in := connect(t, o.desk, far, "sip:102@"+o.server.sip)
	talk(near, in)
	holdAndResume(t, in)
	talk(near, in)
	hangUp(near)
	ends(t, in, 5*time.Second)

	// From the telephone: a menu is heard, and its keys arrive once each.
	o.makeMenu()
	c, err := far.Dial(t.Context(), "sip:"+o.number+"@"+o.server.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hears(t, c, "Welcome", o.sounds["Welcome"], 0, 10*time.Second)
	press(t, c, "1")
	out := rings(t, o.carrier, 15*time.Second)
	if err := out.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talk(c, out)
	hangUp(c)
	ends(t, out, 5*time.Second)

	var list []callLine
	if err := json.Unmarshal([]byte(o.server.cli("calls", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(l callLine) bool { return strings.Contains(l.To, o.number) })
	if at < 0 {
		t.Fatalf("no call to %s: %+v", o.number, list)
	}
	v := o.show(t, list[at].ID)
	v.must(t, "digit", "key 1 by rfc4733")
	for _, e := range v.Events {
		if e.Kind == "media.silent" || e.Kind == "digit" && !strings.Contains(e.Text, "key 1") {
			t.Errorf("%s: %s", e.Kind, e.Text)
		}
	}
	for _, want := range []string{"command 'offer'", "command 'answer'", "command 'delete'"} {
		if !strings.Contains(relay.String(), want) {
			t.Errorf("the relay was never told %s", want)
		}
	}
}
