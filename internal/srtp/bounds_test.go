package srtp_test

import (
	"bytes"
	"testing"

	"tandem/internal/srtp"
)

const usual = "AES_CM_128_HMAC_SHA1_80"

// A key stream that is used twice gives both packets away.
func TestNoIndexIsSealedTwice(t *testing.T) {
	for name, p := range profiles {
		out, _ := pair(t, name, newKeys(p))
		var w srtp.Scratch
		buf := make([]byte, 200)
		for _, step := range []struct {
			seq    uint16
			sealed bool
		}{{65000, true}, {65000, false}, {64999, false}, {65535, true}, {0, true}, {65535, false}, {0, false}, {1, true}} {
			if got := out.RTP(&w, buf, packet(step.seq, 1, []byte("sound"))) != nil; got != step.sealed {
				t.Errorf("%s: packet %d sealed: %t", name, step.seq, got)
			}
		}
		if out.RTP(&w, buf, packet(1, 2, nil)) == nil {
			t.Errorf("%s: another source is bound by the first", name)
		}
	}
}

func TestKeyThatIsUsedUp(t *testing.T) {
	k := newKeys(profiles[usual])
	out, in := pair(t, usual, k)
	var w srtp.Scratch
	a, b := make([]byte, 200), make([]byte, 200)
	out.SetRollover(1, 1<<32-1)
	in.SetRollover(1, 1<<32-1)
	last := packet(65535, 1, []byte("sound"))
	if got := in.RTP(&w, b, out.RTP(&w, a, last)); !bytes.Equal(got, last) {
		t.Error("the last packet under a key is not taken")
	}
	if out.RTP(&w, a, packet(0, 1, nil)) != nil {
		t.Error("a packet beyond the last is sealed")
	}
	out.ReportIndex(1, 1<<31-2)
	rr := report(1, make([]byte, 4))
	if got := in.RTCP(&w, b, out.RTCP(&w, a, rr)); !bytes.Equal(got, rr) {
		t.Error("the last report under a key is not taken")
	}
	if out.RTCP(&w, a, rr) != nil {
		t.Error("a report beyond the last is sealed")
	}
}

func TestSourcesAreBounded(t *testing.T) {
	k := newKeys(profiles[usual])
	_, in := pair(t, usual, k)
	var w srtp.Scratch
	a, b := make([]byte, 200), make([]byte, 200)
	rtp, rtcp := 0, 0
	for ssrc := range uint32(2 * srtp.MaxSources) {
		out, _ := pair(t, usual, k)
		if in.RTP(&w, b, out.RTP(&w, a, packet(1, ssrc, nil))) != nil {
			rtp++
		}
		if in.RTCP(&w, b, out.RTCP(&w, a, report(ssrc, nil))) != nil {
			rtcp++
		}
	}
	if rtp != srtp.MaxSources || rtcp != srtp.MaxSources {
		t.Errorf("%d and %d sources", rtp, rtcp)
	}
	out, _ := pair(t, usual, k)
	if in.RTP(&w, b, out.RTP(&w, a, packet(2, 3, nil))) == nil {
		t.Error("a source that is known is no longer heard")
	}
	sealed := 0
	for ssrc := range uint32(2 * srtp.MaxSources) {
		if out.RTP(&w, a, packet(3, ssrc, nil)) != nil {
			sealed++
		}
	}
	if sealed != srtp.MaxSources {
		t.Errorf("%d sources are sealed", sealed)
	}
}

// The rollover counter is told by who knows it, and only while nothing was opened.
func TestSetRollover(t *testing.T) {
	k := newKeys(profiles[usual])
	out, in := pair(t, usual, k)
	var w srtp.Scratch
	a, b := make([]byte, 200), make([]byte, 200)
	out.SetRollover(1, 7)
	sealed := out.RTP(&w, a, packet(5, 1, []byte("sound")))
	if in.RTP(&w, b, sealed) != nil {
		t.Error("a packet of another rollover opens")
	}
	if !in.SetRollover(1, 7) || in.RTP(&w, b, sealed) == nil {
		t.Error("it does not open with the counter told")
	}
	if in.SetRollover(1, 0) {
		t.Error("the counter of a stream under way was changed")
	}
	if roc, ok := in.Rollover(1); !ok || roc != 7 {
		t.Errorf("rollover counter %d, %t", roc, ok)
	}
	if _, ok := in.Rollover(2); ok {
		t.Error("a source of which nothing is known has a counter")
	}
}

func TestBadKeysAndBuffers(t *testing.T) {
	k := newKeys(profiles[usual])
	for name, bad := range map[string]keySet{"short key": {k.key[:15], k.salt}, "long salt": {k.key, make([]byte, 15)}, "none": {}} {
		if _, err := srtp.NewSender(usual, bad.key, bad.salt); err == nil {
			t.Errorf("%s: a sender was made", name)
		}
		if _, err := srtp.NewReceiver(usual, bad.key, bad.salt); err == nil {
			t.Errorf("%s: a receiver was made", name)
		}
	}
	if _, err := srtp.NewSender("NULL_HMAC_SHA1_80", k.key, k.salt); err == nil {
		t.Error("a profile without a cipher was taken")
	}
	for name, p := range profiles {
		out, in := pair(t, name, newKeys(p))
		var w srtp.Scratch
		plain, rr := packet(1, 1, make([]byte, 30)), report(1, make([]byte, 30))
		for n := range len(plain) + 4 {
			if out.RTP(&w, make([]byte, n), plain) != nil || n < len(rr) && out.RTCP(&w, make([]byte, n), rr) != nil {
				t.Fatalf("%s: sealed in %d octets", name, n)
			}
		}
		for n := range len(plain) {
			if out.RTP(&w, make([]byte, 100), plain[:n]) != nil && n < 12 {
				t.Fatalf("%s: %d octets were sealed as a packet", name, n)
			}
		}
		out, _ = pair(t, name, newKeys(p))
		sealed := out.RTP(&w, make([]byte, 100), plain)
		if in.RTP(&w, make([]byte, 29), sealed) != nil {
			t.Errorf("%s: opened in too little room", name)
		}
	}
}
