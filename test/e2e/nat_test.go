package e2e_test

import (
	"strings"
	"testing"
	"time"

	"tandem/internal/netlab"
	"tandem/internal/phone"
)

// TestTelephoneBehindNAT has a telephone behind each usual kind of NAT register, call
// the menu and the desk through it, and be called.
func TestTelephoneBehindNAT(t *testing.T) {
	for _, kind := range []netlab.NAT{netlab.FullCone, netlab.Restricted, netlab.PortRestricted, netlab.Symmetric} {
		t.Run(strings.ReplaceAll(string(kind), " ", "-"), func(t *testing.T) {
			t.Parallel()
			h := newHome(t, kind)
			inside := h.register()
			c := dial(t, inside, h.server, h.number)
			passes(t, c, h.sounds["Main Menu"])
			press(t, c, "0")
			in := rings(t, h.desk, 10*time.Second)
			if err := in.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			talks(t, c, in)
			hangUp(c)
			v := h.ended(t, h.number, 5*time.Second)
			if !strings.Contains(v.String(), "as described (a NAT?)") {
				t.Errorf("the timeline does not tell of the NAT:\n%s", v)
			}

			out := dial(t, h.desk, h.server, h.number)
			passes(t, out, h.sounds["Main Menu"])
			press(t, out, "1")
			rung := rings(t, inside, 10*time.Second)
			if err := rung.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			talks(t, out, rung)
			hangUp(rung)
			ends(t, out, 10*time.Second)
		})
	}
}

// TestBaresipBehindNAT is the same with a telephone of another make.
func TestBaresipBehindNAT(t *testing.T) {
	t.Parallel()
	h := newHome(t, netlab.Symmetric)
	b := startBaresipOn(t, h.room, homeIP, "<sip:"+text(t, h.ext, "username")+"@"+h.sip+">;auth_user="+text(t, h.ext, "username")+
		";auth_pass="+text(t, h.ext, "password")+";answermode=auto;regint=60", tone(700, 60*time.Second))
	b.says(t, "200 OK", 10*time.Second)
	b.command("dial", "sip:"+h.number+"@"+h.sip)
	b.says(t, "Call established", 15*time.Second)
	b.command("sndcode", "0")
	in := rings(t, h.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	hearsTone(t, in, 700)
	from := time.Duration(len(b.heard())) * time.Second / phone.Rate
	go in.Play(t.Context(), tone(1000, 10*time.Second))
	b.hearsTone(t, 1000, from, 15*time.Second)
	b.command("hangup", "")
	ends(t, in, 5*time.Second)

	out := dial(t, h.desk, h.server, h.number)
	press(t, out, "1")
	hearsTone(t, out, 700)
}

// TestKeepAlives holds a mapping open that lives for three seconds, and loses it
// without keep-alives.
func TestKeepAlives(t *testing.T) {
	for _, tt := range []struct {
		name, every string
		reached     bool
	}{{"with", "1", true}, {"without", "0", false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, netlab.Symmetric, "TANDEM_KEEP_ALIVE="+tt.every)
			h.router.Lifetime(3)
			inside := h.register()
			registered := time.Now()
			eventually(10*time.Second, func() bool { return time.Since(registered) > 7*time.Second })
			out := dial(t, h.desk, h.server, h.number)
			press(t, out, "1")
			var rung *phone.Call
			eventually(5*time.Second, func() bool {
				select {
				case rung = <-inside.Incoming():
				default:
				}
				return rung != nil
			})
			if (rung != nil) != tt.reached {
				t.Errorf("the telephone rang: %v, want %v", rung != nil, tt.reached)
			}
		})
	}
}

// TestNATForgets loses the mappings of a call in its middle, as a router does that
// starts anew: the audio goes on with the next packets from inside, from other ports.
func TestNATForgets(t *testing.T) {
	t.Parallel()
	h := newHome(t, netlab.Symmetric)
	inside := h.register()
	c := dial(t, inside, h.server, h.number)
	press(t, c, "0")
	in := rings(t, h.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, c, in)
	go in.Play(t.Context(), tone(1000, 20*time.Second))
	go c.Play(t.Context(), tone(600, 20*time.Second))
	hearsTone(t, c, 1000)
	before := len(c.Heard())
	h.router.Forget()
	hearsTone(t, in, 600)
	if !eventually(10*time.Second, func() bool { return len(c.Heard()) > before+3*phone.Rate }) {
		t.Fatalf("no audio after the mapping was lost\n%s", timeline(c))
	}
	hearsTone(t, c, 1000)
	if gap := c.Stats().MaxGap; gap > 500*time.Millisecond {
		t.Errorf("the audio was away for %v, more than 500 ms", gap)
	}
	press(t, c, "5")
	hangUp(c)
	ends(t, in, 5*time.Second)
	v := h.ended(t, h.number, 5*time.Second)
	if n := strings.Count(v.String(), "audio comes from "+homePublic); n == 0 {
		t.Errorf("no address of the caller on the timeline:\n%s", v)
	}
}

// TestNATGetsAnotherAddress changes the house's public address in the middle of a
// call: its audio is not believed until signalling says so from there.
func TestNATGetsAnotherAddress(t *testing.T) {
	t.Parallel()
	h := newHome(t, netlab.Symmetric)
	inside := h.register()
	c := dial(t, inside, h.server, h.number)
	press(t, c, "0")
	in := rings(t, h.desk, 10*time.Second)
	if err := in.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	talks(t, c, in)
	go c.Play(t.Context(), tone(600, 60*time.Second))
	go in.Play(t.Context(), tone(1000, 60*time.Second))
	hearsTone(t, in, 600)
	const other = "198.51.100.8"
	h.router.Address(h.outer, other+"/32")
	h.router.Translate(netlab.Symmetric, h.outer, other, homeIP)
	h.router.Forget()
	at := c.Stats().Packets
	changed := time.Now()
	eventually(5*time.Second, func() bool { return time.Since(changed) > 2*time.Second })
	if got := c.Stats().Packets - at; got > 5 {
		t.Errorf("%d packets went to an address that nobody has vouched for", got)
	}
	if err := c.Reinvite(t.Context()); err != nil {
		t.Fatal(err)
	}
	resumed, at := time.Now(), c.Stats().Packets
	if !eventually(5*time.Second, func() bool { return c.Stats().Packets > at+3 }) {
		t.Fatalf("no audio at the new address\n%s", timeline(c))
	}
	if took := time.Since(resumed); took > time.Second {
		t.Errorf("audio was back %v after the re-INVITE", took)
	}
	hearsTone(t, c, 1000)
	hearsTone(t, in, 600)
}
