package sipua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

func TestFailOver(t *testing.T) {
	client := start(t, sipua.Config{Limits: sipua.Limits{FailOver: 150 * time.Millisecond}})
	blackHole := newPeer(t, nil) // reads nothing and answers nothing
	broken := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) { _ = inc.Reject(503, "Down") }})
	busy := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) { _ = inc.Reject(486, "Busy") }})
	good := start(t, sipua.Config{Handler: answering(4000, nil)})
	closed := "127.0.0.1:1" // TCP: nobody listens
	trunks := []voice.Trunk{
		trunkAt(good.Addr().String(), "", ""), trunkAt(blackHole.addr(), "", ""), trunkAt(broken.Addr().String(), "", ""), trunkAt(closed, "", ""),
	}
	for i, p := range []int{9, 1, 2, 3} {
		trunks[i].Priority = p
	}
	trunks[3].Transport = "tcp"
	began := time.Now()
	d, k, err := client.DialTrunks(t.Context(), trunks, sipua.Target{User: "+4612345"}, sdp(5000), nil)
	if err != nil || k.ID != trunks[0].ID {
		t.Fatalf("carried by %q: %v", k.Name, err)
	}
	t.Logf("fail-over over three trunks took %v", time.Since(began))
	d.Hangup(voice.CauseNormal, "")

	trunks[1] = trunkAt(busy.Addr().String(), "", "")
	trunks[1].Priority = 1
	if _, _, err = client.DialTrunks(t.Context(), trunks, sipua.Target{User: "+4612345"}, sdp(5000), nil); !voice.IsKind(err, voice.Busy) {
		t.Errorf("a busy user gave %v", err)
	}
	trunks[0].Prefixes = []string{"+46"}
	if _, _, err = client.DialTrunks(t.Context(), trunks[:1], sipua.Target{User: "+4712345"}, sdp(5000), nil); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("a number that no trunk carries gave %v", err)
	}
}

func state(t *testing.T, a *sipua.Agent, ok func(sipua.TrunkState) bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(wait)
	for {
		s := a.TrunkStates()
		if len(s) == 1 && ok(s[0]) {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("states stay %+v", s)
		}
	}
}

func TestTrunkRegistersAndWithdraws(t *testing.T) {
	st := newStore("carrier", "alice")
	carrier := start(t, sipua.Config{Realm: "carrier", Extensions: st, Bindings: st, Limits: sipua.Limits{MinExpires: 2 * time.Hour, MaxExpires: 3 * time.Hour}})
	a := start(t, sipua.Config{})
	k := trunkAt(carrier.Addr().String(), "alice", "secret-alice")
	k.Register = true
	a.SetTrunks([]voice.Trunk{k}) // asks for an hour, gets 423, asks for two
	state(t, a, func(s sipua.TrunkState) bool { return s.Registered && s.Status == 200 })
	if b, _ := st.Bindings(t.Context(), "1", "101", time.Now()); len(b) != 1 || b[0].Source != a.Addr().String() {
		t.Errorf("bindings at the carrier are %+v", b)
	}
	a.SetTrunks([]voice.Trunk{k}) // nothing changes
	a.SetTrunks(nil)
	end := time.Now().Add(wait)
	for time.Now().Before(end) {
		if b, _ := st.Bindings(t.Context(), "1", "101", time.Now()); len(b) == 0 {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Error("the registration was not withdrawn")
}

func TestTrunkRefused(t *testing.T) {
	for _, status := range []string{"403 Forbidden", "404 Not Found", "503 Service Unavailable"} {
		p := newPeer(t, nil)
		a := start(t, sipua.Config{})
		k := trunkAt(p.addr(), "me", "pw")
		k.Register = true
		a.SetTrunks([]voice.Trunk{k})
		m := p.until("REGISTER ", "REGISTER")
		var code int
		fmt.Sscan(status, &code)
		p.respond(m, code, status[4:], "t", "", "Retry-After: 30")
		state(t, a, func(s sipua.TrunkState) bool {
			return !s.Registered && s.Status == code && strings.Contains(s.Words, status) && time.Until(s.Next) > 20*time.Second
		})
	}
}

func TestCallThroughTrunkWithDigest(t *testing.T) {
	st := newStore("127.0.0.1", "alice")
	carrier := start(t, sipua.Config{Realm: "127.0.0.1", Extensions: st, Bindings: st, Handler: answering(4000, nil)})
	a := start(t, sipua.Config{})
	for _, transport := range []string{"udp", "tcp"} {
		k := trunkAt(carrier.Addr().String(), "alice", "secret-alice")
		k.Transport = transport
		d, err := a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123", From: "alice"}, sdp(5000), nil)
		if err != nil {
			t.Fatalf("%s: %v", transport, err)
		}
		d.Hangup(voice.CauseNormal, "")
		k.Password = "wrong"
		if _, err = a.Dial(t.Context(), sipua.Target{Trunk: &k, User: "+46123", From: "alice"}, sdp(5000), nil); !voice.IsKind(err, voice.Permission) {
			t.Errorf("%s: a wrong password gave %v", transport, err)
		}
	}
}
