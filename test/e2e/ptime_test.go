package e2e_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestBaresipPacketTimes calls with packets of 10, 30, 40 and 60 ms: baresip is sent
// what it asks for and hears it, its key is known, and a desk with packets of 20 ms and
// it hear each other.
func TestBaresipPacketTimes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	menu := sippMenu(o)
	o.account.number(o.number, menu)
	main := o.sound(menu, "Main Menu")
	for _, ms := range []int{10, 30, 40, 60} {
		b := startBaresip(t, fmt.Sprintf("<sip:caller@127.0.0.1>;regint=0;audio_codecs=PCMA/8000/1;ptime=%d", ms), tone(700, 40*time.Second))
		b.command("dial", "sip:"+o.number+"@"+o.sip)
		b.talksWithTheDesk(t, o, main, 15*time.Second, 10*time.Second)
		v := o.ended(t, o.number, 5*time.Second).String()
		if !strings.Contains(v, "key 0 by rfc4733") {
			t.Errorf("%d ms: the key did not come as an event", ms)
		}
		told := o.lastCall()
		m := counted.FindStringSubmatch(told)
		if m == nil {
			t.Fatalf("no packets are counted:\n%s", told)
		}
		lasted, _ := strconv.ParseFloat(m[3], 64)
		for way, n := range map[string]string{"in": m[1], "out": m[2]} {
			got, _ := strconv.ParseFloat(n, 64)
			share := got / (lasted * 1000 / float64(ms))
			t.Logf("%d ms: %s packets %s in %s s, %.2f of what fills the time", ms, n, way, m[3], share)
			if share < 0.75 || share > 1.25 { // events of the key are sent more often, and their ends three times
				t.Errorf("%d ms: %s packets %s in %s s", ms, n, way, m[3])
			}
		}
	}
}

// counted is what is told of the caller's packets, and how long the call lasted.
var counted = regexp.MustCompile(`leg a to the caller: .*; (\d+) packets in, (\d+) out[^$]*Ended after ([\d.]+) s`)
