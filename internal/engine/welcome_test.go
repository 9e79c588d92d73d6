package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// hearsNow says whether the last quarter second that a phone heard is a tone.
func hearsNow(c *phone.Call, hz float64) bool {
	h := c.Heard()
	return len(h) > 2000 && audiomatch.Tone(h[len(h)-2000:], hz) > 0.9
}

// TestMusicUntilLetIn has a caller who is not answered hear music; whoever
// answers is sent keys and hears an announcement while the music goes on.
func TestMusicUntilLetIn(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{
		Music: []voice.Prompt{speech("abcd", time.Second)}, CallerID: "4712345", CallerName: "Front desk",
		Announce: []voice.Prompt{speech("abcdefgh", 4*time.Second)}, SendDigits: "1w2",
	}, func(res voice.DialResult, err error) {
		if res.End != voice.DialCompleted || err != nil {
			t.Errorf("dial: %+v %v", res, err)
		}
	}))
	near := r.call(phone.Options{})
	b := incoming(t, far)
	if b.CallerName() != "Front desk" || !strings.Contains(b.From(), "4712345") {
		t.Errorf("the far phone shows %q %q", b.From(), b.CallerName())
	}
	b.Ring(true)
	go b.Play(t.Context(), sine(900, 30*time.Second))
	if !lastTone(near, pitch("abcd")) {
		t.Fatalf("the caller hears no music\n%s", r.timeline())
	}
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !lastTone(b, pitch("abcdefgh")) {
		t.Fatalf("the far phone hears no announcement\n%s", r.timeline())
	}
	if b.KeysHeard() != "12" {
		t.Errorf("the far phone heard the keys %q before the announcement", b.KeysHeard())
	}
	if !hearsNow(near, pitch("abcd")) {
		t.Errorf("the music did not go on during the announcement\n%s", r.timeline())
	}
	select {
	case <-near.Answered():
		t.Error("the caller was answered before the end of the announcement")
	default:
	}
	<-near.Answered()
	go near.Play(t.Context(), sine(700, 5*time.Second))
	if !lastTone(b, 700) || !lastTone(near, 900) {
		t.Errorf("the two do not talk\n%s", r.timeline())
	}
	b.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	r.noted(voice.EventPromptStarted, "again and again")
	r.noted(voice.EventMedia, "keys 1w2 are sent to")
}

// TestAnnouncementWithoutMusic has early media, which ends for the time of the
// announcement, and a far end that hangs up during it.
func TestAnnouncementWithoutMusic(t *testing.T) {
	t.Parallel()
	for _, stays := range []bool{true, false} {
		far := farPhone(t, phone.Options{})
		r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{
			Announce: []voice.Prompt{speech("missing", 0), speech("abcdefgh", 4*time.Second)},
		}, func(res voice.DialResult, err error) {
			if want := map[bool]voice.DialEnd{true: voice.DialCompleted, false: voice.DialFailed}[stays]; res.End != want || err != nil {
				t.Errorf("dial: %+v %v", res, err)
			}
			if !stays && !strings.Contains(res.Words, "hung up before the caller was let in") {
				t.Errorf("words: %s", res.Words)
			}
		}))
		near := r.call(phone.Options{})
		b := incoming(t, far)
		b.Ring(true)
		go b.Play(t.Context(), sine(900, 30*time.Second))
		if !lastTone(near, 900) {
			t.Fatalf("the caller does not hear what comes before the answer\n%s", r.timeline())
		}
		if err := b.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !lastTone(b, pitch("abcdefgh")) {
			t.Fatalf("the far phone hears no announcement\n%s", r.timeline())
		}
		if hearsNow(near, 900) {
			t.Errorf("the caller was let in before the end of the announcement\n%s", r.timeline())
		}
		if stays && !lastTone(near, 900) {
			t.Errorf("the caller was not let in\n%s", r.timeline())
		}
		b.Hangup(t.Context())
		if err := r.over(); err != nil {
			t.Fatal(err)
		}
		if !stays {
			if got := r.causes(); got != "a normal; b1 normal after an answer" {
				t.Errorf("legs: %s", got)
			}
		}
	}
}

// TestCallerLeavesDuringAnnouncement hangs up while another is announced to.
func TestCallerLeavesDuringAnnouncement(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	r := newRig(t, dialSIP("far@"+far.Addr().String(), voice.DialSpec{Announce: []voice.Prompt{speech("abcdefgh", 5*time.Second)}},
		func(_ voice.DialResult, err error) {
			if !voice.IsKind(err, voice.HungUp) {
				t.Errorf("dial: %v", err)
			}
		}))
	near := r.call(phone.Options{})
	b := incoming(t, far)
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !lastTone(b, pitch("abcdefgh")) {
		t.Fatalf("the far phone hears no announcement\n%s", r.timeline())
	}
	near.Hangup(t.Context())
	if err := r.over(); err != nil {
		t.Fatal(err)
	}
	<-b.Done()
}

// TestKeysThatCantBeSent are refused before anybody is rung.
func TestKeysThatCantBeSent(t *testing.T) {
	t.Parallel()
	far := farPhone(t, phone.Options{})
	for _, keys := range []string{"12x", "1;2", strings.Repeat("1", 129)} {
		r := newRig(t, func(ctx context.Context, c *engine.Call) error {
			_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(far), SendDigits: keys})
			return err
		})
		r.call(phone.Options{})
		if err := r.over(); !voice.IsKind(err, voice.Invalid) {
			t.Errorf("keys %q: %v", keys, err)
		}
	}
	select {
	case <-far.Incoming():
		t.Error("the far phone rang")
	default:
	}
}
