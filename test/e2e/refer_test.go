package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/internal/phone"
)

// TestBaresipTransfers has a telephone of another make transfer its call. One that
// fails says nothing here: baresip 1.0 hangs up by itself then.
func TestBaresipTransfers(t *testing.T) {
	t.Parallel()
	x := newTransfers(t)
	caller, target := x.telephone(t, "102", phone.Options{}), x.telephone(t, "103", phone.Options{})
	ext := x.fields("extension", "add", "101", "--account", x.id)
	b := startBaresip(t, fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=auto;regint=60",
		text(t, ext, "username"), x.sip, text(t, ext, "username"), text(t, ext, "password")), tone(700, 60*time.Second))
	b.says(t, "200 OK", 10*time.Second)

	c := dial(t, caller, x.server, "101")
	hearsTone(t, c, 700)
	b.command("transfer", "sip:103@"+x.sip)
	far := rings(t, target, 10*time.Second)
	answer(t, far)
	talks(t, c, far)
	b.says(t, "Call transfered", 10*time.Second)
	hangUp(far)
	ends(t, c, 10*time.Second)
	v := x.ended(t, "101", 10*time.Second)
	v.must(t, "transfer.started", "103")
	v.must(t, "transfer.ended", "")
	if v.Call.Cause != "normal" {
		t.Errorf("%s", v)
	}
}

// TestAttendedTransfer has a telephone ask a third one first; then another takes
// its place by Replaces, and a stranger may not.
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	x := newTransfers(t)
	a, b, c, d := x.telephone(t, "101", phone.Options{}), x.telephone(t, "102", phone.Options{}), x.telephone(t, "103", phone.Options{}), x.telephone(t, "104", phone.Options{})
	near, err := a.Invite("sip:102@"+x.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(near) })
	held := rings(t, b, 10*time.Second)
	answer(t, held)
	if err := held.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	asking, err := b.Invite("sip:103@"+x.sip, phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	asked := rings(t, c, 10*time.Second)
	answer(t, asked)
	talks(t, asking, asked)
	if status, err := held.ReferTo(t.Context(), asking); err != nil || status != 200 {
		t.Fatalf("the transfer gave %d, %v\n%s", status, err, timeline(held))
	}
	ends(t, held, 10*time.Second)
	ends(t, asking, 10*time.Second)
	talks(t, near, asked)

	r := asked.Replaces()
	stranger := newPhone(t, phone.Options{})
	if _, err := stranger.Dial(t.Context(), "sip:103@"+x.sip, phone.CallOptions{Replaces: &r}); err == nil {
		t.Error("a stranger took the place of a telephone")
	}
	taken, err := d.Dial(t.Context(), "sip:103@"+x.sip, phone.CallOptions{Replaces: &r})
	if err != nil {
		t.Fatalf("the call is not taken over: %v", err)
	}
	t.Cleanup(func() { hangUp(taken) })
	ends(t, asked, 10*time.Second)
	talks(t, near, taken)
	hangUp(near)
	ends(t, taken, 10*time.Second)
}
