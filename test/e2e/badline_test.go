package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/netlab"
	"tandem/internal/phone"
	"tandem/internal/tunem"
)

// badLines are the lines of calls, and the least share of digits that has to come.
var badLines = []struct {
	name string
	line tunem.Profile
	come float64
	long bool
}{
	{"5 % loss, jitter, reordering, doubles", tunem.Profile{Loss: 0.05, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Reorder: 0.05, Duplicate: 0.02}, 1, false},
	{"20 % loss", tunem.Profile{Loss: 0.2, Delay: 10 * time.Millisecond}, 0.99, false},
	{"bursts of 60 to 400 ms", tunem.Profile{BurstEach: 3 * time.Second, BurstLow: 60 * time.Millisecond, BurstHigh: 400 * time.Millisecond, Delay: 10 * time.Millisecond}, 0.8, false},
	{"jitter of 80 ms", tunem.Profile{Delay: 5 * time.Millisecond, Jitter: 75 * time.Millisecond}, 1, false},
	{"1 % loss", tunem.Profile{Loss: 0.01, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Reorder: 0.02, Duplicate: 0.01}, 1, true},
	{"10 % loss", tunem.Profile{Loss: 0.1, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Reorder: 0.02, Duplicate: 0.01}, 0.995, true},
}

// TestBadLines calls over each: every digit is heard once and in order, both hear each
// other, and what is recorded lasts as long as it took. SIP goes over the line too.
func TestBadLines(t *testing.T) {
	for i, bad := range badLines {
		if bad.long && !long() {
			continue
		}
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t)
			srv, far := lab.Host("srv"), lab.Host("far")
			line := lab.BadWire(srv, far, serverIP+"/32", desktopIP+"/32", 0, bad.line, bad.line, uint64(i+1))
			s := startOn(t, srv, serverIP+sipPort)
			k := apiAccount(t, s)
			digits := 60
			if long() {
				digits = 10_000
			}
			onBadLine(t, s, k, far, digits, bad.come)
			there, back := line.Counts()
			t.Logf("to the caller %+v, to the server %+v", there, back)
		})
	}
}

func onBadLine(t *testing.T, s *server, k apiKey, far *netlab.Host, digits int, come float64) {
	t.Helper()
	const number = "+46850000800"
	k.nativeApp("Account", number, "ask", `"ask": {"gather": {"prompts": [{"music": true, "duration": "2h"}], "max_digits": 1, "whole": true, "overall": "2h"}, "digits": "ask", "no_input": "bye"},
		"bye": {"hang_up": {}}`)
	const tape = "+46850000801"
	k.nativeApp("Dictate", tape, "say", `"say": {"record": {"purpose": "call", "max_length": "5s"}, "recorded": "bye", "not_recorded": "bye", "failed": "bye"},
		"bye": {"hang_up": {}}`)
	caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: far.ListenUDP})
	call := func(to string) *phone.Call {
		c, err := caller.Dial(t.Context(), "sip:"+to+"@"+s.sip, phone.CallOptions{})
		if err != nil {
			t.Fatalf("call to %s: %v\n%s", to, err, timeline(c))
		}
		return c
	}
	c := call(number)
	rng := rand.New(rand.NewPCG(1, uint64(digits)))
	keys := make([]byte, digits)
	for i := range keys {
		keys[i] = "0123456789*#"[rng.IntN(12)]
		if i > 0 && rng.IntN(4) == 0 {
			keys[i] = keys[i-1] // the same key twice is the hard case
		}
	}
	press(t, c, string(keys))
	if n := c.Stats().Packets; n < digits {
		t.Errorf("the caller got %d packets", n)
	}
	hangUp(c)
	v := s.ended(t, number, 40*time.Second)
	var got []byte
	for _, e := range v.Events {
		if e.Kind == "digit" {
			got = append(got, e.Data["digit"][0])
		}
	}
	if at := inOrder(keys, got); at >= 0 {
		t.Errorf("digit %d was doubled or out of order: pressed %s, heard %s", at, keys, got)
	}
	if float64(len(got)) < come*float64(digits) {
		t.Errorf("%d of %d digits came: pressed %s, heard %s", len(got), digits, keys, got)
	}

	c = call(tape)
	began := time.Now()
	go c.Play(t.Context(), tone(700, 30*time.Second))
	ends(t, c, 60*time.Second)
	t.Logf("the recording's call took %v", time.Since(began))
	list := k.items("/recordings")
	if len(list) != 1 {
		t.Fatalf("%d recordings", len(list))
	}
	sound := k.sound(text(t, list[0], "id"))
	if d := time.Duration(len(sound)) * time.Second / phone.Rate; d < 4980*time.Millisecond || d > 5020*time.Millisecond {
		t.Errorf("five seconds were recorded as %v", d)
	}
	best := 0.0
	for at := 0; at+phone.Rate/5 <= len(sound); at += phone.Rate / 5 {
		best = max(best, audiomatch.Tone(sound[at:at+phone.Rate/5], 700))
	}
	if best < 0.5 {
		t.Errorf("at best %.2f of the recording is of the caller", best)
	}
}

// inOrder says where got is not pressed with some left out; below 0, it is.
func inOrder(pressed, got []byte) int {
	at := 0
	for i, key := range got {
		for at < len(pressed) && pressed[at] != key {
			at++
		}
		if at == len(pressed) {
			return i
		}
		at++
	}
	return -1
}

// TestSIPOnABadLine sets calls up over a line that loses every fifth message, takes two
// seconds there and back, and doubles some: each is one call.
func TestSIPOnABadLine(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	srv, far := lab.Host("srv"), lab.Host("far")
	bad := tunem.Profile{Loss: 0.2, Delay: time.Second, Duplicate: 0.1}
	lab.BadWire(srv, far, serverIP+"/32", desktopIP+"/32", 0, bad, bad, 5)
	s := startOn(t, srv, serverIP+sipPort)
	k := apiAccount(t, s)
	calls := 6
	if long() {
		calls = 50
	}
	k.nativeApp("Wait", "+46850000810", "up", `"up": {"answer": {}, "then": "wait"}, "wait": {"wait": "3s"}`)
	caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: far.ListenUDP})
	errs := make(chan error, calls)
	for range calls {
		go func() {
			c, err := caller.Dial(t.Context(), "sip:+46850000810@"+s.sip, phone.CallOptions{})
			if err == nil {
				<-c.Done()
			}
			errs <- err
		}()
	}
	for range calls {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if !eventually(40*time.Second, func() bool { return s.open(t) == 0 }) {
		t.Errorf("%d calls are open", s.open(t))
	}
	if n := len(s.calls(t)); n != calls {
		t.Errorf("%d calls were made of %d", n, calls)
	}
}

// TestFragments sends SIP of more than a packet over a line of 1280 octets.
func TestFragments(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	srv, far := lab.Host("srv"), lab.Host("far")
	bad := tunem.Profile{Loss: 0.1, Reorder: 0.2}
	lab.BadWire(srv, far, serverIP+"/32", desktopIP+"/32", 1280, bad, bad, 6)
	s := startOn(t, srv, serverIP+sipPort)
	k := apiAccount(t, s)
	k.nativeApp("Wait", "+46850000820", "up", `"up": {"answer": {}, "then": "wait"}, "wait": {"wait": "60s"}`)
	caller := newPhone(t, phone.Options{Bind: desktopIP + ":0", ListenUDP: far.ListenUDP})
	filler := fmt.Sprintf("%0*d", 3000, 7)
	c, err := caller.Dial(t.Context(), "sip:+46850000820@"+s.sip, phone.CallOptions{Headers: []phone.Header{{Name: "X-Long", Value: filler}}})
	if err != nil {
		t.Fatal(err)
	}
	go c.Play(t.Context(), tone(700, 10*time.Second))
	if !eventually(10*time.Second, func() bool { return c.Stats().Packets > 25 }) {
		t.Error("no audio comes")
	}
	hangUp(c)
	s.ended(t, "+46850000820", 40*time.Second)
}
