package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tandem/internal/pcap/pcaptest"
)

// TestCaptureOfACall has a call of SIPp captured, of an account that wants all of its
// calls captured, and tshark read the file that is downloaded: the dialog, the sound both
// ways, the key that is no secret, and of the one that is nothing.
func TestCaptureOfACall(t *testing.T) {
	t.Parallel()
	playsCaptures(t)
	s := start(t)
	k := apiAccount(t, s)
	k.do(200, "PATCH", "/account", map[string]any{"capture_calls": true})
	const music = `"prompts": [{"music": true, "duration": "1m"}], "barge_in": true, "max_digits": 1, "overall": "20s"`
	for secret, number := range map[bool]string{false: "+46850000861", true: "+46850000862"} {
		k.nativeApp("Keys"+number, number, "ask", fmt.Sprintf(`"ask": {"gather": {%s, "whole": true, "secret": %v}, "digits": "wait", "no_input": "bye"}, "wait": {"wait": "2s"}, "bye": {"hang_up": {}}`, music, secret))
		sipp{scenario: "keys-events", transport: "u1", number: number, within: 60 * time.Second,
			files: map[string][]byte{"media.pcap": capture('5', tone(700, 8*time.Second))}}.start(t, s)()
		call := s.ended(t, number, 10*time.Second).Call.ID
		var made map[string]any
		if !eventually(20*time.Second, func() bool {
			list := k.items("/calls/" + call + "/captures")
			if len(list) == 0 {
				return false
			}
			made = list[0]
			return made["state"] != "capturing"
		}) {
			t.Fatalf("the capture of the call does not end: %v\n%s", made, s.show(t, call))
		}
		if made["state"] != "finished" || made["lost"] != 0.0 {
			t.Errorf("the capture: %v", made)
		}
		s.show(t, call).must(t, "capture.ended", "the call is over")
		file := k.send(200, "GET", "/captures/"+text(t, made, "id")+"/packets", "", nil)
		way := map[string]string{"0x00000001": " in", "0x00000002": " out"}
		var sip []string
		for _, p := range pcaptest.Dissect(t, file, "sip", "sip.Method", "sip.Status-Code", "sip.CSeq.method", "frame.packet_flags_direction") {
			sip = append(sip, strings.TrimSpace(p[0]+p[1]+" "+p[2])+way[p[3]])
		}
		all := strings.Join(sip, "\n") + "\n"
		for _, want := range []string{"INVITE INVITE in\n100 INVITE out\n", "200 INVITE out\n", "ACK ACK in\n", "BYE BYE out\n", "200 BYE in\n"} {
			if !strings.Contains(all, want) {
				t.Errorf("the capture lacks %q:\n%s", want, all)
			}
		}
		streams, keys := map[string]int{}, map[string]bool{}
		for _, p := range pcaptest.Dissect(t, file, "rtp", "rtp.p_type", "frame.packet_flags_direction", "rtpevent.event_id", "ip.src", "ip.dst") {
			streams[p[0]+way[p[1]]]++
			if p[2] != "" {
				keys[p[2]] = true
			}
			if p[3] != "127.0.0.1" || p[4] != "127.0.0.1" {
				t.Errorf("a packet goes from %s to %s", p[3], p[4])
			}
		}
		if streams["0 in"] < 30 || streams["0 out"] < 30 || streams["101 in"] < 3 {
			t.Errorf("packets of RTP by payload type: %v", streams)
		}
		if secret && len(keys) != 0 || !secret && !keys["5"] {
			t.Errorf("secret %v: the keys %v are in the capture", secret, keys)
		}
		if cut := len(pcaptest.Dissect(t, file, "frame.cap_len < frame.len", "frame.number")); (cut > 0) != secret {
			t.Errorf("secret %v: %d packets are cut", secret, cut)
		}
	}
}
