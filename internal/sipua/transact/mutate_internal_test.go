package transact

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/sipua/siptest"
)

// R1 in process: mutated messages bring no panic, at most one answer, and one
// reading. TANDEM_SOAK=1 takes ten million.
func TestMutatedMessages(t *testing.T) {
	n := siptest.Soak(200_000, 10_000_000)
	list := siptest.Corpus(t, sample, "testdata/fuzz/FuzzMessage")
	seed := uint64(4475)
	r := rand.New(rand.NewPCG(seed, 1))
	l := deskLayer()
	sound := []byte(strings.ReplaceAll(sample, "INVITE", "OPTIONS"))
	before := runtime.NumGoroutine()
	for i := range n {
		b := siptest.Mutate(r, list[r.IntN(len(list))], list)
		wrong := take(l, b, []string{"udp", "tcp"}[i%2])
		if wrong == "" && i%4 == 0 {
			wrong = reread(l, b)
		}
		if wrong != "" {
			t.Fatalf("message %d: %s\n%q", i, wrong, b)
		}
		if i%100 == 0 {
			p := &paper{net: "udp"}
			l.receive(sound, p)
			if len(p.out) != 1 || !bytes.HasPrefix(p.out[0], []byte("SIP/2.0 200")) {
				t.Fatalf("after message %d a sound request got %q", i, p.out)
			}
		}
	}
	if len(l.servers)+len(l.clients) != 0 || runtime.NumGoroutine() > before {
		t.Errorf("%d and %d transactions, %d goroutines are left", len(l.servers), len(l.clients), runtime.NumGoroutine()-before)
	}
}

// threadCPU is what the calling thread has used.
func threadCPU(t *testing.T) time.Duration {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}

// R2: what a message costs grows with its length and not faster, and none costs
// more than 2 ms. Time is that of the thread, the best of seven; on a machine whose
// two processors share a core it doubles, so twice the bound is what fails.
func TestCostOfLongMessages(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := deskLayer()
	l.cfg.Limits.MessageSize = 1 << 20 // the bound of datagrams would hide what lies behind it
	cost := func(b []byte) time.Duration {
		best := time.Hour
		for range 7 {
			const rounds = 5
			begin := threadCPU(t)
			for range rounds {
				l.receive(b, &paper{net: "udp"})
			}
			best = min(best, (threadCPU(t)-begin)/rounds)
		}
		return best
	}
	for what, unit := range map[string]string{
		"headers": "X-A: b\r\n", "Via": "Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n", "a header": "X-A: " + strings.Repeat("a", 1000) + "\r\n", "folded lines": " a\r\n",
		"Contact": "Contact: <sip:a@b>,<sip:c@d>,<sip:e@f>\r\n", "parameters": ";a%d=b", "quotes": "\"\\\"", "Route": "Route: <sip:h;lr>, <sip:i;lr>\r\n", "commas": ",", "blanks": " ", "semicolons": ";", "slashes": "/", "open brackets": "<", "Accept": "Accept: a/b, c/d, e/f\r\n",
	} {
		long := func(size int) []byte {
			var fill strings.Builder
			for i := 0; fill.Len() < size; i++ {
				fill.WriteString(strings.Replace(unit, "%d", fmt.Sprint(i), 1))
			}
			base := strings.ReplaceAll(sample, "INVITE", "OPTIONS")
			switch {
			case strings.HasPrefix(unit, " a"):
				return []byte(strings.Replace(base, "Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nX-F: a\r\n"+fill.String(), 1))
			case strings.HasSuffix(unit, "\r\n"):
				return []byte(strings.Replace(base, "Max-Forwards: 70\r\n", "Max-Forwards: 70\r\n"+fill.String(), 1))
			}
			return []byte(strings.Replace(strings.Replace(base, ";tag=1", ";tag=1"+fill.String(), 1), "<sip:a@192.0.2.9:5062", fill.String()+"<sip:a@192.0.2.9:5062", 1))
		}
		short, big := cost(long(8<<10)), cost(long(64<<10))
		t.Logf("%s: %v for 8 KB, %v for 64 KB", what, short, big)
		if floor := 50 * time.Microsecond; float64(big)/float64(max(short, floor)) > 2*12 {
			t.Errorf("%s: 8 KB cost %v and 64 KB %v", what, short, big)
		}
		if big > 2*2*time.Millisecond {
			t.Errorf("%s: 64 KB cost %v", what, big)
		}
	}
}
