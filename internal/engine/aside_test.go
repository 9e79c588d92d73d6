package engine_test

import (
	"context"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// movable is a call in a talk, whose flow goes on with next when broken off; then
// gives it the flow's context.
type movable struct {
	*talkers
	next chan func(ctx context.Context, c *engine.Call) error
	stop context.CancelCauseFunc // of the talk
}

func newMovable(t *testing.T) *movable {
	t.Helper()
	m := &movable{talkers: &talkers{}, next: make(chan func(context.Context, *engine.Call) error, 1)}
	far := farPhone(t, phone.Options{})
	up := make(chan *engine.Call, 1)
	m.rig = newRig(t, func(ctx context.Context, c *engine.Call) error {
		inner, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		m.stop = stop
		up <- c
		if _, err := c.Dial(inner, voice.DialSpec{Targets: sipTo(far)}); err == nil {
			t.Error("the talk was not broken off")
		}
		return (<-m.next)(ctx, c)
	})
	m.near = m.rig.call(phone.Options{})
	m.call = <-up
	m.far = incoming(t, far)
	if err := m.far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go m.near.Play(t.Context(), sine(500, 60*time.Second))
	go m.far.Play(t.Context(), sine(900, 60*time.Second))
	m.expect("at first", []float64{900}, []float64{500})
	return m
}

// goesOn breaks the talk off and has the flow go on with f.
func (m *movable) goesOn(f func(ctx context.Context, c *engine.Call) error) {
	m.t.Helper()
	if !m.call.Keep(true) {
		m.t.Fatal("nobody talks")
	}
	m.next <- f
	m.stop(voice.Errorf("test", voice.Redirected, "transferred"))
}

// TestPutAside puts either party of a talk aside while a third is rung, who does
// not answer: the two talk again.
func TestPutAside(t *testing.T) {
	t.Parallel()
	for _, by := range []voice.LegID{"a", "b1"} {
		t.Run(string(by), func(t *testing.T) {
			t.Parallel()
			m := newMovable(t)
			third := farPhone(t, phone.Options{})
			if _, err := m.call.StartTape(t.Context(), voice.TapeSpec{}); err != nil {
				t.Fatal(err)
			}
			m.goesOn(func(ctx context.Context, c *engine.Call) error {
				if err := c.PutAside(by); err != nil {
					t.Error(err)
				}
				if res, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(third)}); err != nil || res.End != voice.DialBusy {
					t.Errorf("the third: %+v %v", res, err)
				}
				res, err := c.Recall(ctx)
				if err != nil || res.End != voice.DialCompleted {
					t.Errorf("the second talk: %+v %v", res, err)
				}
				return err
			})
			incoming(t, third).Reject(486)
			m.expect("again", []float64{900}, []float64{500})
			m.far.Hangup(t.Context())
			if err := m.over(); err != nil {
				t.Fatal(err)
			}
			if got := m.causes(); got != "a normal after an answer; b2 busy; b1 normal after an answer" {
				t.Errorf("legs: %s", got)
			}
		})
	}
}

// TestFarPartyStays dismisses the caller once a third has answered: the far party
// and the third talk, and the recording of the call goes on with them.
func TestFarPartyStays(t *testing.T) {
	t.Parallel()
	m := newMovable(t)
	third := farPhone(t, phone.Options{})
	id, err := m.call.StartTape(t.Context(), voice.TapeSpec{})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	m.goesOn(func(ctx context.Context, c *engine.Call) error {
		if err := c.PutAside("a"); err != nil {
			t.Error(err)
		}
		_, err := c.Dial(ctx, voice.DialSpec{Targets: sipTo(third), OnAnswer: func() {
			c.Dismiss(func() { close(told) }, "transferred")
		}})
		return err
	})
	c := incoming(t, third)
	if err := c.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	go c.Play(t.Context(), sine(1400, 60*time.Second))
	<-told
	<-m.near.Done()
	if !hearsOnly(c, []float64{900}) || !hearsOnly(m.far, []float64{1400}) {
		t.Fatalf("those who are left do not talk\n%s", m.timeline())
	}
	c.Hangup(t.Context())
	if err := m.over(); err != nil {
		t.Fatal(err)
	}
	if got := m.causes(); got != "a normal after an answer; b2 normal after an answer; b1 normal after an answer" {
		t.Errorf("legs: %s", got)
	}
	left, right := m.channels(id)
	if end := time.Duration(len(left)) * time.Second / 8000; share(left, 900, end-500*time.Millisecond, end-200*time.Millisecond) < 0.5 ||
		share(right, 1400, end-500*time.Millisecond, end-200*time.Millisecond) < 0.5 {
		t.Error("the recording does not go on with those who are left")
	}
}

// TestPutAsideOfWhoIsAlone says so when the party that was to stay has left.
func TestPutAsideOfWhoIsAlone(t *testing.T) {
	t.Parallel()
	m := newMovable(t)
	if !m.call.Keep(true) {
		t.Fatal("nobody talks")
	}
	m.next <- func(ctx context.Context, c *engine.Call) error {
		if _, err := c.Recall(ctx); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("nobody is aside: %v", err)
		}
		return c.PutAside("b1")
	}
	m.near.Hangup(t.Context())
	if err := m.over(); !voice.IsKind(err, voice.HungUp) {
		t.Errorf("the caller has left: %v", err)
	}
	<-m.far.Done()
	if got := m.causes(); got != "a normal after an answer; b1 normal after an answer" {
		t.Errorf("legs: %s", got)
	}
}

// TestHandover joins the first party of one call with either of another, whose
// call ends; who is not given is hung up with it.
func TestHandover(t *testing.T) {
	t.Parallel()
	for _, except := range []voice.LegID{"", "a"} {
		t.Run("except "+string(except), func(t *testing.T) {
			t.Parallel()
			far := farPhone(t, phone.Options{})
			given, first := make(chan voice.Party, 1), make(chan *engine.Call, 1)
			taken := make(chan bool, 1)
			var stop context.CancelCauseFunc
			r := newRig(t, func(ctx context.Context, c *engine.Call) error {
				select {
				case taken <- true:
				default: // the second call
					_, err := c.Join(ctx, <-given)
					return err
				}
				var inner context.Context
				inner, stop = context.WithCancelCause(ctx)
				first <- c
				if _, err := c.Dial(inner, voice.DialSpec{Targets: sipTo(far)}); !voice.IsKind(err, voice.Unavailable) {
					t.Errorf("the talk was not broken off: %v", err)
				}
				p, err := c.Give(ctx, except, "joined with another call")
				if err == nil {
					given <- p
				}
				return err
			})
			one := r.call(phone.Options{})
			c := <-first
			b := incoming(t, far)
			if err := b.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			go one.Play(t.Context(), sine(500, 60*time.Second))
			go b.Play(t.Context(), sine(900, 60*time.Second))
			if !hearsOnly(one, []float64{900}) || !hearsOnly(b, []float64{500}) || !c.Keep(true) {
				t.Fatalf("the two do not talk\n%s", r.timeline())
			}
			two := r.call(phone.Options{})
			go func() { <-two.Answered(); two.Play(t.Context(), sine(1400, 60*time.Second)) }()
			stop(voice.Errorf("test", voice.Redirected, "joined"))
			stays, goes, hz := one, b, 500.0
			if except == "a" {
				stays, goes, hz = b, one, 900.0
			}
			<-goes.Done()
			if err := r.over(); err != nil { // of the call that gave
				t.Error(err)
			}
			if !hearsOnly(two, []float64{hz}) || !hearsOnly(stays, []float64{1400}) {
				t.Errorf("the joined do not talk\n%s", r.timeline())
			}
			stays.Hangup(t.Context())
			if err := r.over(); err != nil {
				t.Error(err)
			}
			<-two.Done()
		})
	}
}
