package sipua_test

import (
	"strings"
	"testing"
)

func TestOldAgentsAreAskedForMD5Alone(t *testing.T) {
	a, _ := registrar(t)
	for agent, want := range map[string]int{
		"baresip v1.0.0 (x86_64/linux)": 1, "baresip v0.6.6 (x86_64/linux)": 1, "baresip v3.9.0 (x86_64/Linux)": 2,
		"Linphone/4.2": 2, "": 2,
	} {
		t.Run(agent, func(t *testing.T) {
			p := newPeer(t, a)
			p.request("REGISTER", "sip:home", "old", "f", "<sip:alice@home>", 1, "", "User-Agent: "+agent)
			c := p.until("SIP/2.0 401", "REGISTER").all("WWW-Authenticate")
			if len(c) != want || !strings.Contains(c[len(c)-1], "algorithm=MD5") {
				t.Errorf("challenges are %q, want %d", c, want)
			}
		})
	}
}
