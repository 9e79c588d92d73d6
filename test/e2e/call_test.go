package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/phone"
)

// newPhone makes a telephone that ends with the test.
func newPhone(t *testing.T, o phone.Options) *phone.Phone {
	t.Helper()
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// dial calls user at the server and waits for the answer.
func dial(t *testing.T, p *phone.Phone, s *server, user string) *phone.Call {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	c, err := p.Dial(ctx, "sip:"+user+"@"+s.sip, phone.CallOptions{})
	if err != nil {
		t.Fatalf("call to %s: %v\n%s", user, err, s.log)
	}
	t.Cleanup(func() { hangUp(c) })
	return c
}

func hangUp(c *phone.Call) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c.Hangup(ctx)
}

// press presses keys by RFC 4733 events.
func press(t *testing.T, c *phone.Call, keys string) {
	t.Helper()
	if err := c.Press(t.Context(), keys, phone.PressOptions{}); err != nil {
		t.Fatalf("press %s: %v", keys, err)
	}
}

// hears waits until a sound was heard at or after from, and gives the time of
// its end.
func hears(t *testing.T, c *phone.Call, name string, sound []int16, from, within time.Duration) time.Duration {
	t.Helper()
	if len(sound) == 0 {
		t.Fatalf("%s holds no sound", name)
	}
	length := time.Duration(len(sound)) * time.Second / phone.Rate
	var best float64
	var end time.Duration
	if !eventually(within+length, func() bool {
		at, share := heardShare(c.Heard(), sound, from)
		best = max(best, share)
		end = at
		return share >= enough
	}) {
		t.Fatalf("%s (%v) was not heard from %v on: at best %.0f %% of it in %v of sound; end: %q\n%s",
			name, length, from, 100*best, time.Duration(len(c.Heard()))*time.Second/phone.Rate, c.EndReason(), timeline(c))
	}
	return end
}

const (
	piece  = 400 * time.Millisecond // compared at a time: a stall of the machine parts a sound
	stall  = 700 * time.Millisecond // longest pause between two pieces
	alike  = 0.8                    // least score of a piece that counts as recognised
	enough = 0.8                    // share of the sound that must be recognised, in order
)

// heardShare gives how much of a sound was heard piece by piece, in order, at or
// after from, and where its last recognised piece ends.
func heardShare(heard, sound []int16, from time.Duration) (end time.Duration, share float64) {
	step := min(int(piece*phone.Rate/time.Second), len(sound))
	var begin time.Duration // where the sound began, by the last piece recognised
	pieces, known := 0, 0
	for at := 0; at+step <= len(sound); at += step {
		if quiet(sound[at : at+step]) {
			continue
		}
		pieces++
		into := time.Duration(at) * time.Second / phone.Rate
		o := audiomatch.Options{From: from} // the first piece may be anywhere
		if known > 0 {
			o = audiomatch.Options{From: max(begin+into, end-piece), To: begin + into + stall + piece}
		}
		place, score := audiomatch.Find(heard, sound[at:at+step], o)
		if score >= alike {
			known++
			end, begin = place+piece, place-into
		}
	}
	return end, float64(known) / float64(max(pieces, 1))
}

// quiet says whether a piece is too soft to be told from silence.
func quiet(s []int16) bool {
	var sum float64
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(len(s))) < 150
}

func timeline(c *phone.Call) string {
	var b bytes.Buffer
	for _, e := range c.Timeline() {
		fmt.Fprintf(&b, "%8.3f %s\n", e.At.Seconds(), e)
	}
	return b.String()
}

// eventually asks every 50 ms until ok, or within is over.
func eventually(within time.Duration, ok func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(within)
	for {
		if ok() {
			return true
		}
		select {
		case <-tick.C:
		case <-end:
			return ok()
		}
	}
}

// ends waits until the far end has hung up.
func ends(t *testing.T, c *phone.Call, within time.Duration) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(within):
		t.Fatalf("the call is still up\n%s", timeline(c))
	}
}

// rings waits for a call to a phone.
func rings(t *testing.T, p *phone.Phone, within time.Duration) *phone.Call {
	t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(within):
		t.Fatal("the phone did not ring")
		return nil
	}
}

// tone is a sine of hz at 8 kHz.
func tone(hz float64, d time.Duration) []int16 {
	s := make([]int16, int(d*phone.Rate/time.Second))
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/phone.Rate))
	}
	return s
}

// hearsTone waits until the last half second heard is a tone.
func hearsTone(t *testing.T, c *phone.Call, hz float64) {
	t.Helper()
	var pure float64
	if !eventually(5*time.Second, func() bool {
		h := c.Heard()
		if len(h) < phone.Rate/2 {
			return false
		}
		pure = audiomatch.Tone(h[len(h)-phone.Rate/2:], hz)
		return pure > 0.9
	}) {
		t.Fatalf("no tone of %v Hz: purity %.2f\n%s", hz, pure, timeline(c))
	}
}

// talks proves two-way audio between two parties by a tone each way.
func talks(t *testing.T, a, b *phone.Call) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go a.Play(ctx, tone(700, 3*time.Second))
	go b.Play(ctx, tone(1100, 3*time.Second))
	hearsTone(t, a, 1100)
	hearsTone(t, b, 700)
}

// fetch gets a sound by its link.
func fetch(t *testing.T, url string) []int16 {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %v %.200s", url, res.StatusCode, err, raw)
	}
	samples, err := phone.ReadWAV(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	return samples
}
