package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/dialect/native"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// waitFlow answers and waits.
const waitFlow = `flow: 1
name: Wait
start: hold
steps:
  hold:
    play: [{tone: ringback, duration: 60s}]
`

// switching is an office whose telephones transfer calls: 601 to 604, and an app
// behind a number.
type switching struct {
	*office
	desks map[string]*phone.Phone
}

const appNumber = "+46850000009"

func newSwitching(t *testing.T) *switching {
	t.Helper()
	d, _ := run(t, settings(t))
	o := &switching{office: &office{t: t, d: d, owner: account(t, d.Store())}, desks: map[string]*phone.Phone{}}
	for _, n := range []string{"601", "602", "603", "604"} {
		o.desks[n] = desk(t, d, o.owner, n)
	}
	app := voice.App{ID: "WAIT", Tenant: o.owner, Kind: native.Kind, Name: "Wait", Document: native.Document([]byte(waitFlow)), Version: 1, Created: time.Now()}
	if err := d.Store().CreateApp(t.Context(), app, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Admin().AddNumber(t.Context(), o.owner, appNumber, voice.Destination{Kind: voice.ToApp, ID: "WAIT"}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *switching) uri(user string) string { return "sip:" + user + "@" + o.d.SIPAddr().String() }

// invites begins a call, which rings.
func (o *switching) invites(from, to string, opt phone.CallOptions) (near, far *phone.Call, id voice.CallID) {
	o.t.Helper()
	before := map[voice.CallID]bool{}
	for _, v := range o.live() {
		before[v.Info.ID] = true
	}
	near, err := o.desks[from].Invite(o.uri(to), opt)
	if err != nil {
		o.t.Fatal(err)
	}
	far = rings(o.t, o.desks[to])
	for _, v := range o.live() {
		if !before[v.Info.ID] {
			id = v.Info.ID
		}
	}
	return near, far, id
}

// talks is a call that is answered; both say their tones.
func (o *switching) talks(from, to string, nearHz, farHz float64) (near, far *phone.Call, id voice.CallID) {
	o.t.Helper()
	near, far, id = o.invites(from, to, phone.CallOptions{})
	o.answers(far, farHz)
	o.hear(near, farHz)
	says(o.t, near, nearHz)
	o.hear(far, nearHz)
	return near, far, id
}

func (o *switching) answers(c *phone.Call, hz float64) {
	o.t.Helper()
	if err := c.Answer(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	says(o.t, c, hz)
}

func (o *switching) hear(c *phone.Call, tones ...float64) {
	o.t.Helper()
	if !hears(c, tones...) {
		o.t.Fatalf("%s does not hear %v", c.From(), tones)
	}
}

func (o *switching) over(calls ...*phone.Call) {
	o.t.Helper()
	for _, c := range calls {
		select {
		case <-c.Done():
		case <-time.After(10 * time.Second):
			o.t.Fatalf("the call with %s is not over", c.From())
		}
	}
}

// withApp waits until the one call that is up is with the app.
func (o *switching) withApp() {
	o.t.Helper()
	if !eventually(func() bool { live := o.live(); return len(live) == 1 && live[0].App == "WAIT" }) {
		o.t.Errorf("not with the app: %+v", o.live())
	}
}

// outcome is what the transferor is told in the end.
type outcome struct {
	status int
	err    error
}

func (r outcome) String() string { return fmt.Sprintf("%d %v", r.status, r.err) }

func (o *switching) transfers(c *phone.Call, to string) <-chan outcome {
	told := make(chan outcome, 1)
	go func() {
		status, err := c.Refer(o.t.Context(), to)
		told <- outcome{status, err}
	}()
	return told
}

func (o *switching) told(r <-chan outcome, status int) {
	o.t.Helper()
	select {
	case got := <-r:
		if got.status != status || got.err != nil {
			o.t.Fatalf("the transferor is told %v, not %d", got, status)
		}
	case <-time.After(15 * time.Second):
		o.t.Fatal("the transferor is told nothing")
	}
}

func (o *switching) declined(err error, status int) {
	o.t.Helper()
	var refused *phone.RefusedError
	if !errors.As(err, &refused) || refused.Status != status {
		o.t.Errorf("not declined with %d: %v", status, err)
	}
}

// legs gives the legs of a record.
func (o *switching) legs(id voice.CallID) string {
	o.t.Helper()
	var b strings.Builder
	for _, l := range o.record(id).Legs {
		to, _, _ := strings.Cut(l.To, " at ")
		fmt.Fprintf(&b, "%s %s %s; ", l.ID, to, l.Cause)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestCalleeTransfersBlind(t *testing.T) {
	o := newSwitching(t)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	told := o.transfers(far, o.uri("699"))
	o.told(told, 404)
	o.hear(near, farTone)

	told = o.transfers(far, o.uri("603"))
	third := rings(t, o.desks["603"])
	if _, err := near.Refer(t.Context(), o.uri("604")); err == nil {
		t.Error("two transfers at a time")
	} else {
		o.declined(err, 603)
	}
	third.Reject(486)
	o.told(told, 486)
	o.hear(near, farTone)
	o.hear(far, nearTone)

	told = o.transfers(far, o.uri("603"))
	third = rings(t, o.desks["603"])
	if !strings.Contains(third.From(), "601") {
		t.Errorf("the third is rung by %s", third.From())
	}
	o.answers(third, bossTone)
	o.told(told, 200)
	o.over(far)
	o.hear(near, bossTone)
	o.hear(third, nearTone)

	told = o.transfers(third, o.uri(appNumber))
	o.told(told, 200)
	o.over(third)
	o.withApp()
	if _, err := near.Refer(t.Context(), o.uri("604")); err == nil {
		t.Error("an app was transferred")
	} else {
		o.declined(err, 603)
	}
	near.Hangup(t.Context())
	if got := o.legs(id); got != "a the caller normal; b2 extension 603 busy; b1 extension 602 normal; b3 extension 603 normal" {
		t.Errorf("legs: %s", got)
	}
	if !o.noted(id, voice.EventTransferStarted) || !o.noted(id, voice.EventTransferEnded) {
		t.Error("the transfers are not on the timeline")
	}
}

func TestCallerTransfersBlind(t *testing.T) {
	o := newSwitching(t)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	tape, err := o.d.LiveCalls().(interface {
		StartTape(context.Context, voice.TenantID, voice.CallID, voice.TapeSpec) (voice.RecordingID, error)
	}).StartTape(t.Context(), o.owner, id, voice.TapeSpec{})
	if err != nil {
		t.Fatal(err)
	}
	told := o.transfers(near, o.uri("603"))
	rings(t, o.desks["603"]).Reject(486)
	o.told(told, 486)
	o.hear(near, farTone)
	o.hear(far, nearTone)
	told = o.transfers(near, o.uri("603"))
	third := rings(t, o.desks["603"])
	if !strings.Contains(third.From(), "602") {
		t.Errorf("the third is rung by %s", third.From())
	}
	o.answers(third, bossTone)
	o.told(told, 200)
	o.over(near)
	o.hear(far, bossTone)
	o.hear(third, farTone)
	far.Hangup(t.Context())
	o.over(third)
	if got := o.legs(id); got != "a the caller normal; b2 extension 603 busy; b3 extension 603 normal; b1 extension 602 normal" {
		t.Errorf("legs: %s", got)
	}
	if row, err := o.d.Store().Recording(t.Context(), o.owner, tape); err != nil || row.State != voice.RecordingFinished || row.Duration < 2*time.Second {
		t.Errorf("the recording of the call: %+v %v", row, err)
	}
}

// TestTransferorOrTransferredLeaves has one of the two leave while the third is rung.
func TestTransferorOrTransferredLeaves(t *testing.T) {
	o := newSwitching(t)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	told := o.transfers(far, o.uri("603"))
	third := rings(t, o.desks["603"])
	far.Hangup(t.Context())
	<-told
	third.Reject(486)
	o.over(near) // once it has heard that nobody is there
	if c := o.record(id); !strings.Contains(c.Words, "transfer to 603 failed") {
		t.Errorf("the call ended in the words %q", c.Words)
	}

	near, far, id = o.talks("601", "602", nearTone, farTone)
	told = o.transfers(far, o.uri("603"))
	third = rings(t, o.desks["603"])
	near.Hangup(t.Context())
	o.over(third)
	o.told(told, 487)
	o.over(far)
	if got := o.legs(id); got != "a the caller normal; b2 extension 603 cancelled; b1 extension 602 normal" {
		t.Errorf("legs: %s", got)
	}
}

// TestTransfersInCircles has two telephones transfer a call to each other.
func TestTransfersInCircles(t *testing.T) {
	o := newSwitching(t)
	near, far, _ := o.talks("601", "602", nearTone, farTone)
	for i := range 20 {
		to := []string{"603", "602"}[i%2]
		told := o.transfers(far, o.uri(to))
		next := rings(t, o.desks[to])
		if err := next.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.told(told, 200)
		if !eventually(func() bool { live := o.live(); return live[0].State == voice.LiveTalking && live[0].WithID.ID == to }) {
			t.Fatalf("after %d transfers: %+v", i+1, o.live())
		}
		far = next
	}
	_, err := far.Refer(t.Context(), o.uri("603"))
	o.declined(err, 603)
	says(t, far, farTone)
	o.hear(near, farTone)
}

// TestOthersTransferNothing has a caller whom nobody knows ask for a transfer.
func TestOthersTransferNothing(t *testing.T) {
	o := newSwitching(t)
	if _, err := o.d.Admin().AddNumber(t.Context(), o.owner, "+46850000010", voice.Destination{Kind: voice.ToExtension, ID: "601"}); err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	near, err := p.Invite(o.uri("+46850000010"), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	far := rings(t, o.desks["601"])
	o.answers(far, farTone)
	o.hear(near, farTone)
	_, err = near.Refer(t.Context(), o.uri("602"))
	o.declined(err, 603)
	o.hear(near, farTone)
}

// TestTrunkTransfers has a trunk that may transfer ask for what it may dial, and for
// more.
func TestTrunkTransfers(t *testing.T) {
	o := newSwitching(t)
	const number = "+46850000010"
	if _, err := o.d.Admin().AddNumber(t.Context(), o.owner, number, voice.Destination{Kind: voice.ToExtension, ID: "601"}); err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	k := voice.Trunk{Tenant: o.owner, Name: "pbx", Host: p.Addr().String(), Refer: true}
	if _, err := o.d.Admin().AddTrunk(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	var near *phone.Call
	if !eventually(func() bool { // until the server knows the trunk
		if near, err = p.Invite(o.uri(number), phone.CallOptions{}); err != nil {
			return false
		}
		far := rings(t, o.desks["601"])
		o.answers(far, farTone)
		o.hear(near, farTone)
		if live := o.live(); len(live) == 1 && live[0].Info.Trunk != "" {
			return true
		}
		near.Hangup(t.Context())
		o.over(far)
		return false
	}) {
		t.Fatal("the trunk is not known")
	}
	o.told(o.transfers(near, o.uri("602")), 404)
	o.told(o.transfers(near, o.uri("+46700000001")), 404)
	o.hear(near, farTone)
	o.told(o.transfers(near, o.uri(appNumber)), 200)
	o.over(near)
	o.withApp()
}

// oneEnds waits until a call of the account has ended for a reason.
func (o *switching) oneEnds(why voice.EndReason) {
	o.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		list, err := o.d.Store().CDRs(o.t.Context(), voice.CDRFilter{Tenant: o.owner})
		if err != nil {
			o.t.Fatal(err)
		}
		if slices.ContainsFunc(list, func(c voice.CDR) bool { return c.Reason == why }) {
			return
		}
	}
	o.t.Errorf("no call ended for %q", why)
}
