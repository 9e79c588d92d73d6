package rtpport_test

import (
	"strings"
	"testing"

	"tandem/internal/rtpport"
)

func TestSourceRule(t *testing.T) {
	type pk = rtpport.JudgePacket
	const (
		sdp   = "192.0.2.1:4000"
		nat   = "198.51.100.7:5000"
		evil  = "203.0.113.9:6000"
		moved = "192.0.2.1:4777"
	)
	run := func(at int, from string, ssrc uint32, seqs ...uint16) (out []pk) {
		for i, s := range seqs {
			out = append(out, pk{At: at + 20*i, From: from, SSRC: ssrc, Seq: s})
		}
		return out
	}
	join := func(parts ...[]pk) (out []pk) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	both := func(at, n int) (out []pk) { // the named and one who is always a little faster
		for i := range n {
			out = append(out, run(at+20*i-1, evil, 1, uint16(11+i))...)
			out = append(out, run(at+20*i, sdp, 1, uint16(11+i))...)
		}
		return out
	}
	tests := []struct {
		name, host string
		packets    []pk
		want       string // M moved to it, . known, x foreign
		strangers  bool
		alarm      bool
	}{
		{"named at once", "", run(3000, sdp, 1, 10, 11), "M.", false, false},
		{"stranger before the named", "", join(run(0, evil, 9, 1, 2, 3, 4, 5), run(110, sdp, 1, 10, 11), run(150, evil, 9, 6, 7, 8)), "xxxxxM.xxx", true, false},
		{"stranger copies stream and sequence", "", join(run(0, sdp, 1, 10, 11), run(40, evil, 1, 12, 13, 14, 15)), "M.xxxx", false, false},
		{"stranger when the named is silent", "", join(run(0, sdp, 1, 10), run(4000, evil, 1, 11, 12, 13, 14)), "Mxxxx", false, false},
		{"NAT by the host of signalling", "198.51.100.7", run(2000, nat, 5, 1, 2, 3, 4), "xxM.", false, false},
		{"host of signalling lets the named go first", "198.51.100.7", join(run(0, nat, 5, 1, 2, 3), run(70, sdp, 1, 1)), "xxxM", false, false},
		{"unknown NAT after the time of learning", "", run(400, nat, 5, 1, 2, 3, 4, 5, 6, 7, 8), "xxxxxxM.", true, false},
		{"unknown NAT that begins too late", "", run(600, nat, 5, 1, 2, 3, 4), "xxxx", true, false},
		{"learning needs a sequence", "198.51.100.7", run(200, nat, 5, 1, 3, 5, 7, 8, 9), "xxxxxM", false, false},
		{"learning needs one stream", "198.51.100.7",
			[]pk{{200, nat, 1, 1, "", ""}, {220, nat, 2, 2, "", ""}, {240, nat, 3, 3, "", ""}, {260, nat, 4, 4, "", ""}}, "xxxx", false, false},
		{"rebound port", "", join(run(0, sdp, 1, 10, 11, 12), run(260, moved, 1, 22, 23, 24, 25)), "M..xxM.", false, false},
		{"rebound while the old lives", "", join(run(0, sdp, 1, 10, 11), run(100, moved, 1, 12, 13, 14, 15)), "M.xxxx", false, false},
		{"rebound with another stream", "", join(run(0, sdp, 1, 10, 11), run(400, moved, 2, 12, 13, 14, 15)), "M.xxxx", false, false},
		{"rebound with an older sequence", "", join(run(0, sdp, 1, 10, 11), run(400, moved, 1, 5, 6, 7, 8)), "M.xxxx", false, false},
		{"new address by offer", "", join(run(0, sdp, 1, 10), []pk{{At: 100, Offer: nat}}, run(120, nat, 5, 1, 2), run(200, sdp, 1, 11)), "M-M.x", false, false},
		{"same offer keeps the lock", "", join(run(0, sdp, 1, 10), []pk{{At: 100, Offer: sdp}}, run(120, evil, 1, 11, 12, 13, 14), run(200, sdp, 1, 11)), "M-xxxx.", false, false},
		{"named takes its place from a learned one", "192.0.2.1", join(run(120, moved, 5, 1, 2, 3, 4), run(250, sdp, 1, 1, 2)), "xxM.M.", false, false},
		{"a stranger at once, to a peer whose signalling is its own", "198.51.100.7", join(run(0, evil, 9, 1, 2, 3, 4, 5), run(480, evil, 9, 30, 31, 32, 33, 34)), "xxxxxxxxxx", false, false},
		{"a stranger that was learned gives way to the host of signalling", "198.51.100.7",
			join(run(440, evil, 9, 1, 2, 3, 4, 5), run(541, nat, 5, 1, 2, 3), run(600, evil, 9, 6, 7)), "xxxxMxxMxx", true, false},
		{"a stranger that was learned gives way to the named", "198.51.100.7", join(run(440, evil, 9, 1, 2, 3, 4, 5), run(5000, sdp, 5, 1), run(5001, evil, 9, 6)), "xxxxMMx", true, false},
		{"a learned neighbour does not give way to signalling", "198.51.100.7", join(run(120, moved, 5, 1, 2, 3), run(190, nat, 6, 1, 2, 3, 4)), "xxMxxxx", false, false},
		{"a telephone behind a NAT has another address, with a re-INVITE", "198.51.100.7",
			join(run(120, nat, 5, 1, 2, 3), run(4000, "198.51.100.99:5000", 5, 9, 10, 11, 12),
				[]pk{{At: 4100, Offer: sdp, Host: "198.51.100.99"}}, run(4120, "198.51.100.99:5000", 5, 14, 15, 16)), "xxMxxxx-xxM", false, false},
		{"a telephone behind a NAT has another address, without one", "198.51.100.7",
			join(run(120, nat, 5, 1, 2, 3), run(1000, "198.51.100.99:5000", 5, 9, 10, 11, 12, 13, 14)), "xxMxxxxxx", false, false},
		{"copied for half a second", "", join(run(0, sdp, 1, 10), both(20, 30)), "M" + strings.Repeat("x.", 30), false, true},
		{"a rebound port is no copy", "", join(run(0, sdp, 1, 10, 11, 12), run(41, moved, 1, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)), "M..xxxxxxxxxxxxM", false, false},
	}
	for _, tt := range tests {
		if got, alarm := rtpport.Judge(sdp, tt.host, tt.strangers, tt.packets); got != tt.want || alarm != tt.alarm {
			t.Errorf("%s: %s, alarm %v, want %s, %v", tt.name, got, alarm, tt.want, tt.alarm)
		}
	}
	open, _ := rtpport.Judge("0.0.0.0:4000", "", true, run(300, nat, 1, 1, 2, 3, 4))
	if open != "xxM." {
		t.Errorf("without an address: %s", open)
	}
}

// A stranger gives way to a better source at any time, which the kernel must let through.
func TestKernelDropsNobodyBetter(t *testing.T) {
	if got, want := rtpport.KernelMayDrop(), [4]bool{false, true, true, true}; got != want {
		t.Errorf("by claim %v, want %v", got, want)
	}
}
