package phone_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// take answers the next call in the background.
func take(t *testing.T, p *phone.Phone, how func(context.Context, *phone.Call) error) <-chan *phone.Call {
	taken := make(chan *phone.Call, 1)
	ctx := limit(t, 15*time.Second)
	go func() {
		defer close(taken)
		select {
		case c := <-p.Incoming():
			if err := how(ctx, c); err != nil {
				t.Error(err)
			}
			taken <- c
		case <-ctx.Done():
		}
	}()
	return taken
}

func answer(ctx context.Context, c *phone.Call) error {
	return errors.Join(c.Ring(false), c.Answer(ctx))
}

func successor(t *testing.T, c *phone.Call) *phone.Call {
	t.Helper()
	select {
	case next := <-c.Successor():
		return next
	case <-time.After(10 * time.Second):
		t.Fatalf("no call took the place: %v", c.Timeline())
		return nil
	}
}

func answered(t *testing.T, c *phone.Call) {
	t.Helper()
	select {
	case <-c.Answered():
	case <-time.After(10 * time.Second):
		t.Fatalf("not answered: %v", c.Timeline())
	}
}

// notices are the NOTIFYs that a call has got, in words.
func notices(c *phone.Call) (texts []string) {
	for _, e := range c.Timeline() {
		if e.Kind == phone.KindReceived && e.Method == "NOTIFY" {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

func TestBlindTransfer(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			a, b, c := newPhone(t, phone.Options{Transport: transport}), newPhone(t, phone.Options{Transport: transport}), newPhone(t, phone.Options{Transport: transport})
			out, in := connect(t, a, b, phone.CallOptions{})
			rung := take(t, c, func(_ context.Context, c *phone.Call) error { return c.Ring(false) })
			ctx := limit(t, 15*time.Second)
			result := make(chan error, 1)
			go func() {
				status, err := in.Refer(ctx, c.URI())
				if status != 200 {
					err = errors.Join(err, fmt.Errorf("status %d", status))
				}
				result <- err
			}()
			far := <-rung
			if far == nil {
				t.Fatal("no call arrived")
			}
			want := []string{"100 Trying, active;expires=60", "180 Ringing, active;expires=60", "200 OK, terminated;reason=noresource"}
			waitFor(t, "180", func() bool { return slices.Equal(notices(in), want[:2]) })
			if err := far.Answer(ctx); err != nil {
				t.Fatal(err)
			}
			if err := <-result; err != nil {
				t.Fatalf("transfer gave %v: %v", err, out.Timeline())
			}
			if got := notices(in); !slices.Equal(got, want) {
				t.Errorf("notices %q", got)
			}
			next := successor(t, out)
			answered(t, next)
			if far.Header("Referred-By") == "" {
				t.Error("the target is not told who transfers")
			}
			if err := in.Hangup(ctx); err != nil {
				t.Fatal(err)
			}
			over(t, out)
			if _, ended := next.Ending(); ended {
				t.Error("the new call ended with the old one")
			}
		})
	}
}

func TestTransferFails(t *testing.T) {
	a, b, c := newPhone(t, phone.Options{}), newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	out, in := connect(t, a, b, phone.CallOptions{})
	ctx := limit(t, 15*time.Second)
	take(t, c, func(_ context.Context, c *phone.Call) error { return c.Reject(486) })
	if status, err := in.Refer(ctx, c.URI()); err != nil || status != 486 {
		t.Errorf("busy gave %d, %v", status, err)
	}
	taken := take(t, c, answer) // the second names its REFER by its number
	if status, err := in.Refer(ctx, c.URI()); err != nil || status != 200 {
		t.Errorf("the second gave %d, %v", status, err)
	}
	<-taken
	for _, bad := range []string{"", "102", "tel:+123"} {
		if _, err := in.Refer(ctx, bad); err == nil {
			t.Errorf("%q was transferred to", bad)
		}
	}
	rings := take(t, c, func(_ context.Context, c *phone.Call) error { return c.Ring(false) })
	failed := make(chan error, 1)
	go func() {
		_, err := in.Refer(ctx, c.URI())
		failed <- err
	}()
	<-rings
	if err := out.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("a far end that left has transferred")
	}
}

func TestTransferRefused(t *testing.T) {
	a, b := newPhone(t, phone.Options{RefuseRefer: 603, NoRefer: true}), newPhone(t, phone.Options{})
	_, in := connect(t, a, b, phone.CallOptions{})
	_, err := in.Refer(limit(t, 10*time.Second), b.URI())
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Status != 603 || refused.What != "transfer" {
		t.Errorf("error %v", err)
	}
	if allow := in.Header("Allow"); allow == "" || slices.Contains(words(allow), "REFER") {
		t.Errorf("Allow is %q", allow)
	}
	out, _ := connect(t, b, a, phone.CallOptions{})
	if allow := words(out.Header("Allow")); !slices.Contains(allow, "REFER") {
		t.Errorf("Allow is %q", allow)
	}
}

func TestAttendedTransfer(t *testing.T) {
	a, b, c := newPhone(t, phone.Options{}), newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	first, held := connect(t, a, b, phone.CallOptions{})
	ctx := limit(t, 20*time.Second)
	if err := held.Hold(ctx); err != nil {
		t.Fatal(err)
	}
	asking, asked := connect(t, b, c, phone.CallOptions{})
	if status, err := held.ReferTo(ctx, asking); err != nil || status != 200 {
		t.Fatalf("transfer gave %d, %v: %v", status, err, first.Timeline())
	}
	far, near := successor(t, asked), successor(t, first)
	answered(t, near)
	answered(t, far)
	over(t, asked)
	over(t, asking) // its place is taken
	if err := held.Hangup(ctx); err != nil {
		t.Fatal(err)
	}
	over(t, first)
	if err := near.Play(ctx, phone.KeyTone('5', 300*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "sound between the two", func() bool { return len(far.Heard()) > 800 })
}

func TestDialReplaces(t *testing.T) {
	a, b, d := newPhone(t, phone.Options{}), newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	out, in := connect(t, a, b, phone.CallOptions{})
	ctx := limit(t, 15*time.Second)
	r := out.Replaces()
	turned, early, unknown := r, r, r
	turned.ToTag, turned.FromTag = r.FromTag, r.ToTag
	early.EarlyOnly = true
	unknown.CallID = "nobody"
	for name, c := range map[string]struct {
		o      phone.CallOptions
		status int
	}{
		"turned tags":  {phone.CallOptions{Replaces: &turned}, 481},
		"early only":   {phone.CallOptions{Replaces: &early}, 486},
		"unknown call": {phone.CallOptions{Replaces: &unknown}, 481},
		"malformed":    {phone.CallOptions{Headers: []phone.Header{{Name: "Replaces", Value: "nobody"}}}, 400},
		"twice":        {phone.CallOptions{Replaces: &r, Headers: []phone.Header{{Name: "Replaces", Value: r.String()}}}, 400},
	} {
		var refused *phone.RefusedError
		if _, err := d.Dial(ctx, b.URI(), c.o); !errors.As(err, &refused) || refused.Status != c.status {
			t.Errorf("%s gave %v, want %d", name, err, c.status)
		}
	}
	if _, ended := in.Ending(); ended {
		t.Fatal("the call ended by a wrong Replaces")
	}
	picked, err := d.Dial(ctx, b.URI(), phone.CallOptions{Replaces: &r})
	if err != nil {
		t.Fatal(err)
	}
	over(t, out)
	over(t, in)
	next := successor(t, in)
	if _, ended := next.Ending(); ended || picked.ID() != next.ID() {
		t.Errorf("the successor is %s, not %s", next.ID(), picked.ID())
	}

	// A call that rings far away is picked up; one that rings here is not.
	ringing, err := b.Invite(a.URI(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rings := arrival(t, ctx, a)
	if err := rings.Ring(false); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "180", func() bool { return ringing.Replaces().ToTag != "" })
	r = ringing.Replaces()
	var refused *phone.RefusedError
	if _, err := d.Dial(ctx, a.URI(), phone.CallOptions{Replaces: &r}); !errors.As(err, &refused) || refused.Status != 481 {
		t.Errorf("a call that rings here gave %v", err)
	}
	r.ToTag, r.FromTag = r.FromTag, r.ToTag
	if _, err := d.Dial(ctx, b.URI(), phone.CallOptions{Replaces: &r}); err != nil {
		t.Errorf("a call that rings far away gave %v", err)
	}
	if e := over(t, rings); e.Method != "CANCEL" {
		t.Errorf("ending %+v", e)
	}
	over(t, ringing)
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
