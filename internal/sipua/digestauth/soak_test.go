package digestauth_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/icholy/digest"

	"tandem/internal/sipua/digestauth"
)

// D-02 and D-07: days of registrations, each with a nonce of its own, and of wrong
// guesses, on a clock of the test's. All are let in, and what is remembered stays
// small. A soak takes thirty days, else it is half a day.
func TestDaysOfRegistrations(t *testing.T) {
	days := 0.5
	if os.Getenv("TANDEM_SOAK") != "" {
		days = 30
	}
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	s := digestauth.NewServer("home", clock)
	g := digestauth.NewGuard(10, 20, clock)
	secret := digestauth.Secret("alice", "home", "right")
	var before, after runtime.MemStats
	end := now.Add(time.Duration(days * 24 * float64(time.Hour)))
	n := 0
	for ; now.Before(end); n++ {
		now = now.Add(time.Second)
		c, err := digest.ParseChallenge(s.Challenges(here, false)[0])
		if err != nil {
			t.Fatal(err)
		}
		cred, err := digest.Digest(c, digest.Options{Method: "REGISTER", URI: "sip:home", Username: "alice", Password: "right", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := digestauth.Parse(cred.String())
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Verify(parsed, "REGISTER", here, secret); r != digestauth.OK {
			t.Fatalf("registration %d is %v", n, r)
		}
		g.Failed(fmt.Sprint("guess", n), here)
		if n == 20000 {
			runtime.GC()
			runtime.ReadMemStats(&before)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d registrations, the heap grew by %d KiB", n, grown>>10)
	if grown > 24<<20 {
		t.Errorf("after %d registrations the heap has grown by %d KiB", n, grown>>10)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(g)
}
