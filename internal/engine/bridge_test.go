package engine_test

import (
	"context"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"tandem/internal/audiomatch"
	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// talk is a caller and a far end that talk with each other.
type talk struct {
	*rig
	near, far *phone.Call
	result    voice.DialResult
	dialErr   error
}

func newTalk(t *testing.T, s voice.DialSpec, change ...func(*engine.Config)) *talk {
	t.Helper()
	k := &talk{}
	p := farPhone(t, phone.Options{})
	s.Targets = sipTo(p)
	k.rig = newRig(t, func(ctx context.Context, c *engine.Call) error {
		k.result, k.dialErr = c.Dial(ctx, s)
		return k.dialErr
	}, change...)
	k.near = k.call(phone.Options{})
	k.far = incoming(t, p)
	if err := k.far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-k.near.Answered():
	case <-time.After(5 * time.Second):
		t.Fatalf("the caller is not answered\n%s", k.timeline())
	}
	return k
}

// hear lets each side play a tone and says whether the other hears it.
func (k *talk) hear() bool {
	ctx, stop := context.WithCancel(k.t.Context())
	defer stop()
	go k.near.Play(ctx, sine(700, 3*time.Second))
	go k.far.Play(ctx, sine(1100, 3*time.Second))
	return lastTone(k.near, 1100) && lastTone(k.far, 700)
}

func TestHoldByTheFarPhoneKeepsTheCall(t *testing.T) {
	t.Parallel()
	k := newTalk(t, voice.DialSpec{}, func(c *engine.Config) { c.MediaTimeout = time.Second })
	if !k.hear() {
		t.Errorf("no audio\n%s", k.timeline())
	}
	if err := k.far.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.noted(voice.EventHold, "put us on hold")
	// The caller goes on speaking for longer than audio may be missing.
	if err := k.near.Play(t.Context(), sine(700, 1500*time.Millisecond)); err != nil {
		t.Errorf("the call ended on hold: %v\n%s", err, k.timeline())
	}
	if err := k.far.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.noted(voice.EventHold, "took us off hold")
	if !k.hear() {
		t.Errorf("no audio after the hold\n%s", k.timeline())
	}
	k.far.Hangup(t.Context())
	if err := k.over(); err != nil || k.result.End != voice.DialCompleted {
		t.Errorf("%+v %v", k.result, err)
	}
}

func TestCallerHangsUpTheBridge(t *testing.T) {
	t.Parallel()
	k := newTalk(t, voice.DialSpec{})
	k.near.Hangup(t.Context())
	if err := k.over(); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("the flow ended with %v", err)
	}
	select {
	case <-k.far.Done():
	case <-time.After(5 * time.Second):
		t.Fatalf("the far end is still up\n%s", k.timeline())
	}
	if got := k.causes(); got != "a normal after an answer; b1 normal after an answer" {
		t.Errorf("legs: %s", got)
	}
	k.noted(voice.EventBridgeEnded, "the bridge ended")
	k.noted(voice.EventLegEnded, "leg to sip:far@")
}

func TestLongestTimeEndsTheFarLegAlone(t *testing.T) {
	t.Parallel()
	told := false
	k := newTalk(t, voice.DialSpec{MaxDuration: 400 * time.Millisecond, OnAnswer: func() { told = true }})
	if err := k.over(); err != nil {
		t.Fatal(err)
	}
	if !told {
		t.Error("nobody was told of the answer")
	}
	if k.result.End != voice.DialMaxDuration || k.result.Cause != voice.CauseMaxDuration || k.result.Talked < 400*time.Millisecond {
		t.Errorf("result: %+v", k.result)
	}
	<-k.far.Done()
	if got := k.causes(); got != "a normal after an answer; b1 max duration after an answer" {
		t.Errorf("legs: %s", got)
	}
}

func TestServerStopsDuringTheBridge(t *testing.T) {
	t.Parallel()
	k := newTalk(t, voice.DialSpec{})
	k.stop(voice.Errorf("test", voice.Unavailable, "the server is stopping"))
	if err := k.over(); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("the flow ended with %v", err)
	}
	<-k.far.Done()
	<-k.near.Done()
	if got := k.causes(); got != "a normal after an answer; b1 shutdown after an answer" {
		t.Errorf("legs: %s", got)
	}
}

// TestKeysByInfoPassTheBridge has phones that send keys by INFO.
func TestKeysByInfoPassTheBridge(t *testing.T) {
	t.Parallel()
	k := newTalk(t, voice.DialSpec{})
	for _, side := range []struct {
		from, to *phone.Call
	}{{k.near, k.far}, {k.far, k.near}} {
		if err := side.from.Press(t.Context(), "15", phone.PressOptions{Method: phone.KeyInfo}); err != nil {
			t.Fatal(err)
		}
		side.from.Press(t.Context(), "#", phone.PressOptions{Method: phone.KeyInfo})
		tick := time.NewTicker(20 * time.Millisecond)
		for n := 0; n < 150 && len(side.to.KeysHeard()) < 3; n++ {
			<-tick.C
		}
		tick.Stop()
		if keys := side.to.KeysHeard(); keys != "15#" {
			t.Errorf("heard %q\n%s", keys, k.timeline())
		}
	}
	k.far.Hangup(t.Context())
	k.over()
}

// TestBothSidesAreRecorded finds the caller left and the far end right.
func TestBothSidesAreRecorded(t *testing.T) {
	t.Parallel()
	k := newTalk(t, voice.DialSpec{}, func(c *engine.Config) { c.RecordCalls = true })
	if !k.hear() {
		t.Fatalf("no audio\n%s", k.timeline())
	}
	k.far.Hangup(t.Context())
	if err := k.over(); err != nil {
		t.Fatal(err)
	}
	rows, err := k.store.Recordings(t.Context(), tenant, voice.RecordingFilter{Purpose: voice.ForCall})
	if err != nil || len(rows) != 1 {
		t.Fatalf("rows: %+v %v", rows, err)
	}
	row := rows[0]
	f, err := k.blobs.Open(t.Context(), row.Blob)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if row.State != voice.RecordingFinished || row.Channels != 2 || row.Size != int64(len(b)) || row.SHA256 == "" || row.Duration < 500*time.Millisecond {
		t.Errorf("row: %+v, file of %d bytes", row, len(b))
	}
	if channels := binary.LittleEndian.Uint16(b[22:]); channels != 2 {
		t.Fatalf("the file has %d channels", channels)
	}
	var sides [2][]int16
	for i := 44; i+4 <= len(b); i += 4 {
		sides[0] = append(sides[0], int16(binary.LittleEndian.Uint16(b[i:])))
		sides[1] = append(sides[1], int16(binary.LittleEndian.Uint16(b[i+2:])))
	}
	for i, hz := range []float64{700, 1100} {
		if _, score := audiomatch.Find(sides[i], sine(hz, 300*time.Millisecond), audiomatch.Options{}); score < 0.8 {
			t.Errorf("side %d is not heard: %.2f", i, score)
		}
	}
}

// TestCallBackPlacesBothLegs begins a call, whose first party is then bridged
// with the second.
func TestCallBackPlacesBothLegs(t *testing.T) {
	t.Parallel()
	one, two := farPhone(t, phone.Options{}), farPhone(t, phone.Options{Codecs: []phone.Codec{phone.PCMA}})
	r := newRig(t, nil)
	call := r.engine.NewCall(voice.CallInfo{ID: "C1", Tenant: tenant, Direction: voice.Outbound, From: "+46111", To: "+46222", Start: time.Now()})
	go func() {
		res, err := call.Place(t.Context(), voice.DialSpec{Targets: sipTo(one)})
		if err == nil && res.End == voice.DialCompleted {
			_, err = call.Dial(t.Context(), voice.DialSpec{Targets: sipTo(two)})
		}
		r.finish(context.Background(), call)
		r.done <- err
	}()
	a := incoming(t, one)
	if !strings.Contains(a.Header("From"), "+46222") {
		t.Errorf("the first party sees %q, not whom it will talk with", a.Header("From"))
	}
	a.Ring(false)
	if err := a.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := incoming(t, two)
	if !strings.Contains(b.Header("From"), "+46111") {
		t.Errorf("the second party sees %q", b.Header("From"))
	}
	b.Ring(false)
	if !lastTone(a, 425) && !lastTone(a, 440) {
		t.Errorf("the first party hears no ringback\n%s", r.timeline())
	}
	if err := b.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	k := &talk{rig: r, near: a, far: b}
	if !k.hear() {
		t.Errorf("no audio\n%s", r.timeline())
	}
	a.Hangup(t.Context())
	if err := r.over(); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("ended with %v", err)
	}
	<-b.Done()
	if got := r.causes(); got != "b1 normal after an answer; b2 normal after an answer" {
		t.Errorf("legs: %s", got)
	}
}

// TestCallBackThatReachesNobody ends without a party.
func TestCallBackThatReachesNobody(t *testing.T) {
	t.Parallel()
	one := farPhone(t, phone.Options{})
	r := newRig(t, nil)
	call := r.engine.NewCall(voice.CallInfo{ID: "C1", Tenant: tenant, Direction: voice.Outbound, Start: time.Now()})
	go func() { incoming(t, one).Reject(486) }()
	res, err := call.Place(t.Context(), voice.DialSpec{Targets: sipTo(one)})
	if err != nil || res.End != voice.DialBusy {
		t.Errorf("%+v %v", res, err)
	}
	if err := call.Hangup(t.Context(), res.Cause, res.Words); err != nil {
		t.Fatal(err)
	}
	if s := call.Summary(); s.Cause != voice.CauseBusy || len(s.Legs) != 1 || s.Legs[0].Cause != voice.CauseBusy || !s.Answered.IsZero() {
		t.Errorf("summary: %+v", s)
	}
}
