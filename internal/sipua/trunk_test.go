package sipua_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

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
