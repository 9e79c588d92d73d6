package phone_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tandem/internal/phone"
)

func newPhone(t *testing.T, o phone.Options) *phone.Phone {
	t.Helper()
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return p
}

func limit(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// connect places a call between two phones and answers it.
func connect(t *testing.T, from, to *phone.Phone, o phone.CallOptions) (out, in *phone.Call) {
	t.Helper()
	ctx := limit(t, 10*time.Second)
	out, err := from.Invite(to.URI(), o)
	if err != nil {
		t.Fatal(err)
	}
	in = arrival(t, ctx, to)
	if err := in.Ring(false); err != nil {
		t.Fatal(err)
	}
	if err := in.Answer(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.Answered():
	case <-ctx.Done():
		t.Fatalf("not answered: %v", out.Timeline())
	}
	return out, in
}

func arrival(t *testing.T, ctx context.Context, p *phone.Phone) *phone.Call {
	t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-ctx.Done():
		t.Fatal("no call arrived")
		return nil
	}
}

func over(t *testing.T, c *phone.Call) phone.Ending {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(10 * time.Second):
		t.Fatalf("the call did not end: %v", c.Timeline())
	}
	e, _ := c.Ending()
	return e
}

func TestCallBothTransports(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			a := newPhone(t, phone.Options{Transport: transport, Username: "a", DisplayName: "Anna"})
			b := newPhone(t, phone.Options{Transport: transport, Username: "b"})
			out, in := connect(t, a, b, phone.CallOptions{})
			if in.CallerName() != "Anna" {
				t.Errorf("caller name %q", in.CallerName())
			}
			if err := out.Hangup(limit(t, 5*time.Second)); err != nil {
				t.Fatal(err)
			}
			if e := over(t, in); e.ByUs || e.Method != "BYE" || e.Text != "far end hung up" {
				t.Errorf("far ending %+v", e)
			}
			if e := over(t, out); !e.ByUs || e.Text != "hung up here" {
				t.Errorf("near ending %+v", e)
			}
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, transport := range []string{"udp", "tcp"} {
		a, err := phone.New(phone.Options{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		b, err := phone.New(phone.Options{Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		out, in := connect(t, a, b, phone.CallOptions{SessionExpires: time.Hour})
		ringing, err := a.Invite(b.URI(), phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		arrival(t, limit(t, 5*time.Second), b)
		if err := errors.Join(a.Close(), b.Close(), a.Close()); err != nil {
			t.Error(err)
		}
		for _, c := range []*phone.Call{out, in, ringing} {
			if over(t, c); c.EndReason() == "" {
				t.Error("a call without an end")
			}
		}
		goleak.VerifyNone(t, before)
		if _, err := a.Invite(b.URI(), phone.CallOptions{}); err == nil {
			t.Error("a closed phone called")
		}
	}
}

func TestCalledSideHangsUp(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	out, in := connect(t, a, b, phone.CallOptions{LateOffer: true})
	if err := in.Hangup(limit(t, 5*time.Second)); err != nil {
		t.Fatal(err)
	}
	if e := over(t, out); e.ByUs || e.Method != "BYE" {
		t.Errorf("ending %+v", e)
	}
}

func TestRefused(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	ctx := limit(t, 5*time.Second)
	go func() {
		if c, ok := <-b.Incoming(); ok {
			c.Reject(404)
		}
	}()
	c, err := a.Dial(ctx, b.URI(), phone.CallOptions{})
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Status != 404 || err.Error() != "call refused: 404 Not Found" {
		t.Fatalf("error %v", err)
	}
	if e := over(t, c); e.Status != 404 {
		t.Errorf("ending %+v", e)
	}
}

func TestCancel(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		a, b := newPhone(t, phone.Options{Transport: transport}), newPhone(t, phone.Options{Transport: transport})
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := a.Dial(ctx, b.URI(), phone.CallOptions{})
			failed <- err
		}()
		in := arrival(t, limit(t, 5*time.Second), b)
		if err := in.Ring(false); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", transport, err)
		}
		if e := over(t, in); e.Method != "CANCEL" || e.ByUs {
			t.Errorf("%s: ending %+v", transport, e)
		}
	}
}

func TestHoldAndResume(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	out, in := connect(t, a, b, phone.CallOptions{})
	ctx := limit(t, 10*time.Second)
	if err := out.Hold(ctx); err != nil {
		t.Fatal(err)
	}
	if in.Direction() != phone.RecvOnly || out.Direction() != phone.SendOnly {
		t.Errorf("on hold: %s and %s", out.Direction(), in.Direction())
	}
	if err := out.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	if in.Direction() != phone.SendRecv || out.Direction() != phone.SendRecv {
		t.Errorf("resumed: %s and %s", out.Direction(), in.Direction())
	}
	if err := in.Hold(ctx); err != nil {
		t.Fatalf("hold from the called side: %v", err)
	}
	if out.Direction() != phone.RecvOnly {
		t.Errorf("held by the called side: %s", out.Direction())
	}
}

func TestReliableRingingWithEarlyAudio(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{Reliable: true})
	out, err := a.Invite(b.URI(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := limit(t, 10*time.Second)
	in := arrival(t, ctx, b)
	if err := in.Ring(true); err != nil {
		t.Fatal(err)
	}
	if err := in.Play(ctx, phone.KeyTone('5', 200*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "early audio", func() bool { return len(out.Heard()) > 800 })
	if err := in.Answer(ctx); err != nil {
		t.Fatal(err)
	}
	<-out.Answered()
	waitFor(t, "a PRACK", func() bool {
		for _, e := range in.Timeline() {
			if e.Method == "PRACK" && e.Kind == phone.KindReceived {
				return true
			}
		}
		return false
	})
	// The ACK must carry the INVITE's number although a PRACK came between;
	// if it did not, Answer would not have returned.
	if err := out.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestSessionTimerIsRefreshed(t *testing.T) {
	a, b := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	_, in := connect(t, a, b, phone.CallOptions{SessionExpires: 2 * time.Second})
	waitFor(t, "a refresh", func() bool {
		for _, e := range in.Timeline() {
			if e.Kind == phone.KindReceived && (e.Method == "UPDATE" || strings.Contains(e.Text, "re-INVITE")) {
				return true
			}
		}
		return false
	})
}

// waitFor polls for a state that comes without a channel of its own.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	if _, err := phone.New(phone.Options{Bind: "0.0.0.0:0"}); err == nil {
		t.Error("an unspecified address was taken")
	}
	if _, err := phone.New(phone.Options{Transport: "carrier pigeon"}); err == nil {
		t.Error("an unknown transport was taken")
	}
	p := newPhone(t, phone.Options{})
	for _, uri := range []string{"", "101", "tel:+123", "http://x"} {
		if _, err := p.Invite(uri, phone.CallOptions{}); err == nil {
			t.Errorf("%q was called", uri)
		}
	}
}
