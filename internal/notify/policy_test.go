package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/notify"
	"tandem/internal/voice"
)

// TestThreeDays has an endpoint that fails for 72 hours of virtual time: every
// attempt comes when the schedule says, and then it is given up and kept.
func TestThreeDays(t *testing.T) {
	r := newRig(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
	d := r.delivery("c1", "e", "x", voice.FullTries)
	r.queue(d)
	begun := r.clock.Now()
	r.start()
	in(t, "the first attempt", r.got)
	for i, pause := range []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour,
		12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 8*time.Hour + 24*time.Minute + 55*time.Second,
	} {
		r.state(d.ID, func(d voice.Delivery) bool { return d.Attempts == i+1 })
		r.clock.Advance(pause - time.Second)
		select {
		case got := <-r.got:
			t.Fatalf("attempt %d came too early: %s", i+2, got)
		case <-time.After(10 * time.Millisecond):
		}
		r.clock.Advance(time.Second)
		in(t, fmt.Sprint("attempt ", i+2), r.got)
	}
	got := r.state(d.ID, is(voice.DeliveryDead))
	if r.clock.Now().Sub(begun) != 72*time.Hour || got.Attempts != voice.FullTries || got.Words != "given up after 12 attempts: 500" {
		t.Errorf("after %s: %+v", r.clock.Now().Sub(begun), got)
	}
	as, err := r.store.Attempts(t.Context(), "1", d.ID)
	if err != nil || len(as) != voice.FullTries || as[11].At.Sub(as[0].At) != 72*time.Hour {
		t.Errorf("%d attempts: %v", len(as), err)
	}
}

// TestGone has an endpoint that says 410: nothing more of that delivery, and
// whoever keeps the subscription is told.
func TestGone(t *testing.T) {
	r := newRig(t)
	r.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
	gone := make(chan voice.Delivery, 1)
	r.cfg.Gone = func(_ context.Context, d voice.Delivery) { gone <- d }
	r.start()
	d := r.delivery("c1", "hook/7", "x", voice.FullTries)
	r.queue(d)
	if got := r.state(d.ID, is(voice.DeliveryDead)); got.Attempts != 1 || !strings.Contains(got.Words, "410") {
		t.Errorf("it is %+v", got)
	}
	if got := in(t, "the word", gone); got.Endpoint != "hook/7" {
		t.Errorf("told of %+v", got)
	}
}

// TestSpared has endpoints that ask not to be sent anything for a while: the
// delivery that was refused waits, and so do those of other calls.
func TestSpared(t *testing.T) {
	for _, tt := range []struct {
		status int
		header string
		wait   time.Duration
	}{
		{429, "60", time.Minute},
		{503, "60", time.Minute},
		{429, "999999999", notify.MaxRetryAfter},
		{429, "2", 5 * time.Second}, // the schedule's pause is longer
		{429, "soon", 5 * time.Second},
		{500, "60", 5 * time.Second},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.header), func(t *testing.T) {
			r := newRig(t)
			var once sync.Once
			r.answer = func(w http.ResponseWriter, _ *http.Request) {
				once.Do(func() {
					w.Header().Set("Retry-After", tt.header)
					w.WriteHeader(tt.status)
				})
			}
			r.start()
			d := r.delivery("c1", "e", "first", 3)
			r.queue(d)
			in(t, "the first attempt", r.got)
			got := r.state(d.ID, func(d voice.Delivery) bool { return d.Attempts == 1 })
			if want := r.clock.Now().Add(tt.wait); !got.Next.Equal(want) {
				t.Errorf("the next attempt is at %s, want %s", got.Next, want)
			}
			if tt.wait <= 5*time.Second {
				return
			}
			r.queue(r.delivery("c2", "e", "second", 3), r.delivery("c3", "other", "elsewhere", 3))
			if got := in(t, "another endpoint's", r.got); !strings.HasSuffix(got, "elsewhere") {
				t.Errorf("%q came though the endpoint asked to be spared", got)
			}
			r.clock.Advance(tt.wait)
			in(t, "what waited", r.got)
			in(t, "what waited", r.got)
		})
	}
}

// TestPace has an endpoint with much waiting: it sees no more than MaxPace
// attempts in a second, and another endpoint's come at once.
func TestPace(t *testing.T) {
	r := newRig(t)
	var many []voice.Delivery
	for i := range 3 * notify.MaxPace {
		many = append(many, r.delivery(voice.CallID(fmt.Sprint("c", i)), "e", fmt.Sprint("n", i), 1))
	}
	r.queue(many...)
	r.start()
	for second := range 3 {
		for range notify.MaxPace {
			in(t, "a request", r.got)
		}
		quick := r.delivery("q", "quick", "quick", 1)
		r.queue(quick)
		if got := in(t, "another endpoint's", r.got); !strings.HasSuffix(got, "quick") {
			t.Fatalf("in second %d came %q beyond the pace", second, got)
		}
		r.state(quick.ID, is(voice.DeliveryDone))
		r.clock.Advance(time.Second)
	}
}

// TestSigned looks that each attempt is signed anew, that what was signed is
// noted, and what a signature that can't be made comes to.
func TestSigned(t *testing.T) {
	r := newRig(t)
	signatures := make(chan string, 10)
	r.answer = func(w http.ResponseWriter, req *http.Request) {
		signatures <- req.Header.Get("Webhook-Signature")
		w.WriteHeader(500)
	}
	var mu sync.Mutex
	var fail error
	r.cfg.Sign = func(_ context.Context, d voice.Delivery, now time.Time) (map[string]string, string, error) {
		mu.Lock()
		defer mu.Unlock()
		signed := fmt.Sprintf("%s.%d.%s", d.ID, now.Unix(), d.Body)
		return map[string]string{"webhook-signature": "of " + signed}, signed, fail
	}
	r.start()
	d := r.delivery("c1", "e", "x", 2)
	r.queue(d)
	first := in(t, "the first signature", signatures)
	e := in(t, "the event", r.noted)
	if want := fmt.Sprintf("%s.%d.x", d.ID, r.clock.Now().Unix()); first != "of "+want || e.Data["signed"] != want ||
		!strings.Contains(e.Data["headers"], "webhook-signature: of "+want) {
		t.Errorf("signed %q, noted %+v", first, e.Data)
	}
	r.state(d.ID, func(d voice.Delivery) bool { return d.Attempts == 1 })
	r.clock.Advance(5 * time.Second)
	if second := in(t, "the second signature", signatures); second == first {
		t.Errorf("the second attempt has the first one's signature %q", second)
	}
	r.state(d.ID, is(voice.DeliveryDead))

	for kind, want := range map[voice.Kind]voice.DeliveryState{voice.NotExist: voice.DeliveryDead, voice.Unavailable: voice.DeliveryQueued} {
		mu.Lock()
		fail = voice.Errorf("test", kind, "the secret can't be had")
		mu.Unlock()
		d := r.delivery("c2", string(kind), "x", 3)
		r.queue(d)
		got := r.state(d.ID, func(d voice.Delivery) bool { return d.State == voice.DeliveryDead || d.Next.After(r.clock.Now()) })
		if got.State != want || want == voice.DeliveryDead && !strings.Contains(got.Words, "can't be signed") || want == voice.DeliveryQueued && got.Attempts > 0 {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	if len(signatures) > 0 {
		t.Error("what can't be signed was sent")
	}
}
