package engine_test

import (
	"context"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// talkers is a call of two phones that say a tone each, of 500 and 900 Hz.
type talkers struct {
	*rig
	call      *engine.Call
	near, far *phone.Call
}

// twoTalk has a flow run whose dial the far phone answers.
func twoTalk(t *testing.T, spec voice.DialSpec, before func(context.Context, *engine.Call) error) *talkers {
	t.Helper()
	far := farPhone(t, phone.Options{})
	up := make(chan *engine.Call, 1)
	k := &talkers{}
	k.rig = newRig(t, func(ctx context.Context, c *engine.Call) error {
		up <- c
		if before != nil {
			if err := before(ctx, c); err != nil {
				return err
			}
		}
		spec := spec
		spec.Targets = sipTo(far)
		_, err := c.Dial(ctx, spec)
		return err
	})
	k.near = k.rig.call(phone.Options{})
	k.call = <-up
	k.far = incoming(t, far)
	if err := k.far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-k.near.Answered()
	go k.near.Play(t.Context(), sine(500, 60*time.Second))
	go k.far.Play(t.Context(), sine(900, 60*time.Second))
	if !hearsOnly(k.near, []float64{900}) || !hearsOnly(k.far, []float64{500}) {
		t.Fatalf("the two do not talk\n%s", k.timeline())
	}
	return k
}

func (k *talkers) expect(when string, near, far []float64) {
	k.t.Helper()
	if !hearsOnly(k.near, near) || !hearsOnly(k.far, far) {
		k.t.Errorf("%s: they do not hear what they should\n%s", when, k.timeline())
	}
}

func (k *talkers) fails(kind voice.Kind, what string, err error) {
	k.t.Helper()
	if !voice.IsKind(err, kind) {
		k.t.Errorf("%s: %v, not of kind %s", what, err, kind)
	}
}

// channels gives both channels of the one recording.
func (k *talkers) channels(id voice.RecordingID) (left, right []int16) {
	k.t.Helper()
	row, err := k.store.Recording(k.t.Context(), tenant, id)
	if err != nil || row.State != voice.RecordingFinished || row.Channels != 2 || row.Purpose != voice.ForCall {
		k.t.Fatalf("row: %+v %v", row, err)
	}
	f, err := k.blobs.Open(k.t.Context(), row.Blob)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		k.t.Fatal(err)
	}
	for b = b[44:]; len(b) >= 4; b = b[4:] {
		left = append(left, int16(binary.LittleEndian.Uint16(b)))
		right = append(right, int16(binary.LittleEndian.Uint16(b[2:])))
	}
	if d := time.Duration(len(left)) * time.Second / 8000; (d - row.Duration).Abs() > 20*time.Millisecond {
		k.t.Errorf("%v of sound in a recording of %v", d, row.Duration)
	}
	return left, right
}

func share(pcm []int16, hz float64, from, to time.Duration) float64 {
	return audiomatch.Tone(pcm[from*8000/time.Second:to*8000/time.Second], hz)
}

// TestTapeOfTheCall records a prompt, a Record step beside it and a talk, which the
// dial records too, with a pause; its row is final when Hangup returns.
func TestTapeOfTheCall(t *testing.T) {
	t.Parallel()
	var id voice.RecordingID
	k := twoTalk(t, voice.DialSpec{Record: true}, func(ctx context.Context, c *engine.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		var err error
		if id, err = c.StartTape(ctx, voice.TapeSpec{}); err != nil {
			return err
		}
		if _, err := c.StartTape(ctx, voice.TapeSpec{}); !voice.IsKind(err, voice.Conflict) {
			t.Errorf("a second tape: %v", err)
		}
		if _, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("abcdefghijk", time.Second)}}); err != nil {
			return err
		}
		_, err = c.Record(ctx, voice.RecordSpec{Purpose: voice.ForVoicemail, MaxLength: 500 * time.Millisecond})
		return err
	})
	talked := time.Now()
	k.noted(voice.EventRecordingStarted, string(id))
	k.fails(voice.Conflict, "resume", k.call.OrderTape(t.Context(), voice.TapeResume))
	k.fails(voice.Invalid, "order", k.call.OrderTape(t.Context(), "erase"))
	if err := k.call.OrderTape(t.Context(), voice.TapePause); err != nil {
		t.Fatal(err)
	}
	<-time.After(1500 * time.Millisecond)
	k.fails(voice.Conflict, "pause", k.call.OrderTape(t.Context(), voice.TapePause))
	if err := k.call.OrderTape(t.Context(), voice.TapeResume); err != nil {
		t.Fatal(err)
	}
	<-time.After(time.Second)
	k.near.Hangup(t.Context())
	whole := time.Since(talked)
	if err := k.over(); !voice.IsKind(err, voice.HungUp) {
		t.Fatal(err)
	}
	k.fails(voice.NotExist, "after the end", k.call.OrderTape(t.Context(), voice.TapeStop))
	for _, kind := range []voice.EventKind{voice.EventRecordingPaused, voice.EventRecordingResumed, voice.EventRecordingFinished} {
		k.noted(kind, string(id))
	}
	left, right := k.channels(id)
	d := time.Duration(len(left)) * time.Second / 8000
	if s := share(right, pitch("abcdefghijk"), 200*time.Millisecond, 800*time.Millisecond); s < 0.8 {
		t.Errorf("the prompt's share of the right channel is %.2f", s)
	}
	// From the end: the talk goes on after the pause, of 1.5 s, by about a second.
	if l, r := share(left, 500, d-700*time.Millisecond, d-300*time.Millisecond), share(right, 900, d-700*time.Millisecond, d-300*time.Millisecond); l < 0.8 || r < 0.8 {
		t.Errorf("after the pause the shares are %.2f and %.2f", l, r)
	}
	at := d - whole + 500*time.Millisecond
	if l, r := share(left, 500, at, at+500*time.Millisecond), share(right, 900, at, at+500*time.Millisecond); l > 0.1 || r > 0.1 {
		t.Errorf("during the pause the shares are %.2f and %.2f", l, r)
	}
	at = d - whole - 600*time.Millisecond
	if l, r := share(left, 500, at, at+400*time.Millisecond), share(right, 900, at, at+400*time.Millisecond); l < 0.8 || r < 0.8 {
		t.Errorf("before the pause the shares are %.2f and %.2f", l, r)
	}
	rows, err := k.store.Recordings(t.Context(), tenant, voice.RecordingFilter{Purpose: voice.ForCall})
	if err != nil || len(rows) != 2 {
		t.Fatalf("recordings of the call and of the talk: %+v %v", rows, err)
	}
	legs := map[string]bool{}
	k.mu.Lock()
	for _, e := range k.events {
		if e.Kind == voice.EventRecordingFinished {
			legs[e.Data["leg"]+" "+e.Data["purpose"]] = true
		}
	}
	k.mu.Unlock()
	if !legs["a call"] || !legs["b1 call"] {
		t.Errorf("the recordings are about %v", legs)
	}
}

// TestStoppedTape is stored when the order returns, and another may begin.
func TestStoppedTape(t *testing.T) {
	t.Parallel()
	k := twoTalk(t, voice.DialSpec{}, nil)
	for range 2 {
		id, err := k.call.StartTape(t.Context(), voice.TapeSpec{})
		if err != nil {
			t.Fatal(err)
		}
		if err := k.call.OrderTape(t.Context(), voice.TapeStop); err != nil {
			t.Fatal(err)
		}
		k.channels(id)
	}
	if id, err := k.call.StartTape(t.Context(), voice.TapeSpec{MaxLength: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	} else {
		<-time.After(time.Second)
		if l, _ := k.channels(id); len(l) != 2400 {
			t.Errorf("a tape of at most 300 ms has %d samples", len(l))
		}
	}
	k.far.Hangup(t.Context())
	if err := k.over(); err != nil {
		t.Fatal(err)
	}
	_, err := k.call.StartTape(t.Context(), voice.TapeSpec{})
	k.fails(voice.Conflict, "a tape of a call that is over", err)
}

// TestPlayOverATalk has sound over either leg, mixed and covering, keys to the far
// one, and each party on hold.
func TestPlayOverATalk(t *testing.T) {
	t.Parallel()
	k := twoTalk(t, voice.DialSpec{}, nil)
	ctx, c := t.Context(), k.call
	high := []voice.Prompt{speech("abcdefghijk", time.Second)} // 1,400 Hz
	if err := c.PlayOver(ctx, voice.OverSpec{Prompts: high, Mix: true, Loop: true}); err != nil {
		t.Fatal(err)
	}
	k.expect("mixed", []float64{900, 1400}, []float64{500})
	if err := c.PlayOver(ctx, voice.OverSpec{Leg: "b1", Prompts: high, Loop: true}); err != nil {
		t.Fatal(err)
	}
	k.expect("covering the other too", []float64{900, 1400}, []float64{1400})
	for _, leg := range []voice.LegID{"", "b1"} {
		if err := c.StopOver(ctx, leg); err != nil {
			t.Fatal(err)
		}
	}
	k.expect("stopped", []float64{900}, []float64{500})
	k.fails(voice.NotExist, "nothing sounds", c.StopOver(ctx, "a"))
	k.fails(voice.NotExist, "no leg", c.PlayOver(ctx, voice.OverSpec{Leg: "b7", Prompts: high}))
	k.fails(voice.NotExist, "no leg", c.SendKeys(ctx, "b7", "1"))
	k.fails(voice.Invalid, "no keys", c.SendKeys(ctx, "b1", "x"))
	k.fails(voice.Unavailable, "no sound", c.PlayOver(ctx, voice.OverSpec{Prompts: []voice.Prompt{speech("missing", 0)}}))
	if err := c.SendKeys(ctx, "b1", "1wAD#"); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; i < 100 && k.far.KeysHeard() != "1AD#"; i++ {
		<-tick.C
	}
	if got := k.far.KeysHeard(); got != "1AD#" {
		t.Errorf("the far phone hears keys %q", got)
	}
	if err := c.HoldTalk(ctx, "", high); err != nil {
		t.Fatal(err)
	}
	k.expect("the caller on hold", []float64{1400}, nil)
	if err := c.HoldTalk(ctx, voice.FarParty, high); err != nil {
		t.Fatal(err)
	}
	k.expect("both on hold", []float64{1400}, []float64{1400})
	if err := c.ResumeTalk(ctx, ""); err != nil {
		t.Fatal(err)
	}
	k.fails(voice.Conflict, "resumed", c.ResumeTalk(ctx, ""))
	k.fails(voice.NotExist, "no leg", c.HoldTalk(ctx, "b7", high))
	k.fails(voice.Unavailable, "no music", c.HoldTalk(ctx, "", []voice.Prompt{speech("missing", 0)}))
	k.expect("the called party on hold", nil, []float64{1400})
	if err := c.ResumeTalk(ctx, "b1"); err != nil {
		t.Fatal(err)
	}
	k.expect("again", []float64{900}, []float64{500})
	k.noted(voice.EventTalkHeld, "is on hold")
	k.noted(voice.EventTalkResumed, "talks again")
	k.far.Hangup(ctx)
	if err := k.over(); err != nil {
		t.Fatal(err)
	}
	k.fails(voice.Conflict, "nobody talks", c.HoldTalk(ctx, "", high))
	k.fails(voice.Conflict, "nobody is there to talk", c.ResumeTalk(ctx, voice.FarParty))
	k.fails(voice.NotExist, "over", c.PlayOver(ctx, voice.OverSpec{Prompts: high}))
}

// TestWatchedKeys are seen first during a prompt, a wait and a talk; what is taken
// goes nowhere else.
func TestWatchedKeys(t *testing.T) {
	t.Parallel()
	var seen []byte
	played := make(chan struct{})
	k := twoTalk(t, voice.DialSpec{}, func(ctx context.Context, c *engine.Call) error {
		c.WatchKeys(func(key byte) bool { seen = append(seen, key); return key != '9' })
		res, err := c.Play(ctx, voice.PlaySpec{Prompts: []voice.Prompt{speech("ab", 900*time.Millisecond)}, BargeIn: true})
		if res.End != voice.PlayFinished {
			t.Errorf("the prompt: %+v", res)
		}
		close(played)
		return err
	})
	<-played
	for _, key := range []string{"1", "9", "2"} {
		k.near.Press(t.Context(), key, phone.PressOptions{})
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; i < 60 && k.far.KeysHeard() == ""; i++ {
		<-tick.C
	}
	k.near.Hangup(t.Context())
	k.over()
	if string(seen) != "192" || k.far.KeysHeard() != "9" {
		t.Errorf("seen %q, passed on %q", seen, k.far.KeysHeard())
	}
}
