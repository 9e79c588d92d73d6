package rtpport_test

import (
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
	tests := []struct {
		name, host string
		packets    []pk
		want       string // M moved to it, . known, x foreign
	}{
		{"named at once", "", run(3000, sdp, 1, 10, 11), "M."},
		{"stranger before the named", "", join(run(0, evil, 9, 1, 2, 3, 4, 5), run(110, sdp, 1, 10, 11), run(150, evil, 9, 6, 7, 8)), "xxxxxM.xxx"},
		{"stranger copies stream and sequence", "", join(run(0, sdp, 1, 10, 11), run(40, evil, 1, 12, 13, 14, 15)), "M.xxxx"},
		{"stranger when the named is silent", "", join(run(0, sdp, 1, 10), run(4000, evil, 1, 11, 12, 13, 14)), "Mxxxx"},
		{"NAT by the host of signalling", "198.51.100.7", run(2000, nat, 5, 1, 2, 3, 4), "xxM."},
		{"host of signalling lets the named go first", "198.51.100.7", join(run(0, nat, 5, 1, 2, 3), run(70, sdp, 1, 1)), "xxxM"},
		{"unknown NAT after the time of learning", "", run(400, nat, 5, 1, 2, 3, 4, 5, 6, 7, 8), "xxxxxxM."},
		{"unknown NAT that begins too late", "", run(600, nat, 5, 1, 2, 3, 4), "xxxx"},
		{"learning needs a sequence", "198.51.100.7", run(200, nat, 5, 1, 3, 5, 7, 8, 9), "xxxxxM"},
		{"learning needs one stream", "198.51.100.7",
			[]pk{{200, nat, 1, 1, ""}, {220, nat, 2, 2, ""}, {240, nat, 3, 3, ""}, {260, nat, 4, 4, ""}}, "xxxx"},
		{"rebound port", "", join(run(0, sdp, 1, 10, 11, 12), run(260, moved, 1, 22, 23, 24, 25)), "M..xxM."},
		{"rebound while the old lives", "", join(run(0, sdp, 1, 10, 11), run(100, moved, 1, 12, 13, 14, 15)), "M.xxxx"},
		{"rebound with another stream", "", join(run(0, sdp, 1, 10, 11), run(400, moved, 2, 12, 13, 14, 15)), "M.xxxx"},
		{"rebound with an older sequence", "", join(run(0, sdp, 1, 10, 11), run(400, moved, 1, 5, 6, 7, 8)), "M.xxxx"},
		{"new address by offer", "", join(run(0, sdp, 1, 10), []pk{{At: 100, Offer: nat}}, run(120, nat, 5, 1, 2), run(200, sdp, 1, 11)), "M-M.x"},
		{"same offer keeps the lock", "", join(run(0, sdp, 1, 10), []pk{{At: 100, Offer: sdp}}, run(120, evil, 1, 11, 12, 13, 14), run(200, sdp, 1, 11)), "M-xxxx."},
		{"named takes its place from a learned one", "192.0.2.1", join(run(120, moved, 5, 1, 2, 3, 4), run(250, sdp, 1, 1, 2)), "xxM.M."},
	}
	for _, tt := range tests {
		if got := rtpport.Judge(sdp, tt.host, tt.packets); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	open := rtpport.Judge("0.0.0.0:4000", "", run(300, nat, 1, 1, 2, 3, 4))
	if open != "xxM." {
		t.Errorf("without an address: %s", open)
	}
}
