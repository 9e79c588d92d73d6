package e2e_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestSIPpOffers plays what peers do with offers, timers and provisional responses.
func TestSIPpOffers(t *testing.T) {
	o := newOffice(t)
	menu := sippMenu(o)
	patient := o.app(map[string]any{"app_type": "ivr", "name": "Patient", "play_welcome": "no", "play_menu": "yes"})
	o.assign(patient, "timeout", map[string]any{"action": "connect", "to": "app", "id": patient})
	for n, app := range map[string]string{"+46850000001": menu, "+46850000002": menu, "+46850000003": patient} {
		o.account.number(n, app)
	}
	o.server.cli("number", "add", "+46850000004", "--account", o.id, "--extension", "101")
	t.Run("hold in every form, and another codec", func(t *testing.T) {
		t.Parallel()
		sipp{scenario: "hold-forms", transport: "u1", number: "+46850000001", within: 30 * time.Second}.start(t, o.server)()
		v := o.ended(t, "+46850000001", 5*time.Second)
		held, back := 0, 0
		for _, e := range v.Events {
			if e.Kind == "hold" && strings.Contains(e.Text, "put us on hold") {
				held++
			}
			if e.Kind == "hold" && strings.Contains(e.Text, "took us off hold") {
				back++
			}
		}
		if held != 2 || back != 2 {
			t.Errorf("held %d times and taken off %d times\n%s", held, back, v)
		}
	})
	t.Run("delayed offers", func(t *testing.T) {
		t.Parallel()
		sipp{scenario: "delayed-offer", transport: "u1", number: "+46850000002", within: 30 * time.Second}.start(t, o.server)()
		v := o.ended(t, "+46850000002", 5*time.Second)
		v.must(t, "media", "PCMA")
		v.must(t, "prompt.started", "")
	})
	t.Run("session timer of the caller", func(t *testing.T) {
		t.Parallel()
		sipp{scenario: "timer-uac", transport: "t1", number: "+46850000003", within: 30 * time.Second}.start(t, o.server)()
		v := o.ended(t, "+46850000003", 5*time.Second)
		v.must(t, "sip", "received UPDATE")
		v.must(t, "call.answered", "")
	})
	t.Run("PRACK", func(t *testing.T) {
		t.Parallel()
		wait := sipp{scenario: "prack", transport: "u1", number: "+46850000004", within: 30 * time.Second}.start(t, o.server)
		in := rings(t, o.desk, 10*time.Second)
		if !eventually(5*time.Second, func() bool {
			return slices.ContainsFunc(o.calls(t), func(c callLine) bool {
				return c.To == "+46850000004" && o.show(t, c.ID).has("sip", "received PRACK")
			})
		}) {
			t.Error("no PRACK came")
		}
		if err := in.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		wait()
		o.ended(t, "+46850000004", 5*time.Second).must(t, "bridge.started", "")
	})
}

// far runs SIPp as a carrier at addr, and gives what waits for its end.
func (r sipp) far(t *testing.T, s *server, addr string) func() string {
	t.Helper()
	_, port, _ := net.SplitHostPort(addr)
	r.args = append([]string{"-p", port}, r.args...)
	r.number = "x"
	return r.start(t, s)
}

// TestSIPpAnswers calls through a carrier that answers twice, and one that sends
// calls on.
func TestSIPpAnswers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.server.cli("trunk", "remove", "carrier", "--account", o.id)
	for _, n := range []string{"+46850000010", "+46850000011", "+46850000012"} {
		o.server.cli("number", "add", n, "--account", o.id, "--to-number", "+46850000099")
	}
	forked, moving := freeAddr(t), freeAddr(t)
	listens := func(addr string) {
		t.Helper()
		_, port, _ := net.SplitHostPort(addr)
		if !eventually(10*time.Second, func() bool { return !free(mustInt(t, port), 1) }) {
			t.Fatal("SIPp does not listen")
		}
	}
	t.Run("two places answer", func(t *testing.T) {
		o.server.cli("trunk", "add", "forked", "--account", o.id, "--host", forked)
		wait := sipp{scenario: "uas-forked", transport: "u1", within: 40 * time.Second}.far(t, o.server, forked)
		listens(forked)
		near := dial(t, newPhone(t, phone.Options{}), o.server, "+46850000010")
		if !eventually(10*time.Second, func() bool {
			return strings.Contains(o.server.lastCall(), "bridge.started") || strings.Contains(o.server.lastCall(), "talks with")
		}) {
			t.Errorf("nobody talks:\n%s", o.server.lastCall())
		}
		<-time.After(1500 * time.Millisecond) // the other place answers meanwhile
		hangUp(near)
		wait()
		o.ended(t, "+46850000010", 5*time.Second).must(t, "sip", "sent PRACK")
		o.server.cli("trunk", "remove", "forked", "--account", o.id)
	})
	for _, follows := range []bool{false, true} {
		number, name, want, n := "+46850000011", "a carrier that may not redirect", "is not followed: trunk moving may not redirect calls", "1"
		args := []string{"trunk", "add", "moving", "--account", o.id, "--host", moving}
		if follows {
			number, name, want, n = "+46850000012", "a carrier that may redirect", "to sip:\\+46850000088@.* is followed", "2"
			args = append(args, "--redirects", "--identity")
		}
		t.Run(name, func(t *testing.T) {
			o.server.cli(args...)
			defer o.server.cli("trunk", "remove", "moving", "--account", o.id)
			wait := sipp{scenario: "uas-302", transport: "u1", within: 40 * time.Second, args: []string{"-m", n}}.far(t, o.server, moving)
			listens(moving)
			ctx := t.Context()
			if _, err := newPhone(t, phone.Options{}).Dial(ctx, "sip:"+number+"@"+o.server.sip, phone.CallOptions{}); err == nil {
				t.Error("somebody answered")
			}
			messages := wait()
			v := o.ended(t, number, 5*time.Second)
			v.must(t, "sip", want)
			if follows {
				v.must(t, "sip", "is not followed: it was rung already")
				if !strings.Contains(messages, "Diversion: <sip:+46850000099@") || !strings.Contains(messages, "History-Info: ") {
					t.Errorf("the second INVITE does not say who sent the call on:\n%s", messages)
				}
			}
		})
	}
}
