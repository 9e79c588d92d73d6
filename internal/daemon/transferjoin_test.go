package daemon_test

import (
	"testing"

	"tandem/internal/admin"
	"tandem/internal/dialect"
	"tandem/internal/flow"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// TestAttendedTransfer has 602 call or be called by 601 and 603, and join them.
func TestAttendedTransfer(t *testing.T) {
	o := newSwitching(t)
	for _, tt := range []struct {
		calledBy1, calls3 bool // 601 called 602; 602 called 603
		legs, others      string
	}{
		{true, true, "a the caller normal; b1 extension 602 normal; b2 extension 603 normal", "a the caller normal; b1 extension 603 normal"},
		{true, false, "a the caller normal; b1 extension 602 normal; b2 extension 603 normal", "a the caller normal; b1 extension 602 normal"},
		{false, true, "a the caller normal; b2 extension 603 normal; b1 extension 601 normal", "a the caller normal; b1 extension 603 normal"},
		{false, false, "a the caller normal; b2 extension 603 normal; b1 extension 601 normal", "a the caller normal; b1 extension 602 normal"},
	} {
		var own1, own3, one, three *phone.Call
		var id1, id3 voice.CallID
		if tt.calledBy1 {
			one, own1, id1 = o.talks("601", "602", nearTone, farTone)
		} else {
			own1, one, id1 = o.talks("602", "601", farTone, nearTone)
		}
		if err := own1.Hold(t.Context()); err != nil {
			t.Fatal(err)
		}
		if tt.calls3 {
			own3, three, id3 = o.talks("602", "603", farTone, bossTone)
		} else {
			three, own3, id3 = o.talks("603", "602", bossTone, farTone)
		}
		told := make(chan outcome, 1)
		go func() {
			status, err := own1.ReferTo(t.Context(), own3)
			told <- outcome{status, err}
		}()
		o.told(told, 200)
		o.over(own1, own3)
		o.hear(one, bossTone)
		o.hear(three, nearTone)
		if c := o.record(id3); c.Cause != voice.CauseNormal || c.Words != "joined with call "+string(id1) {
			t.Errorf("%+v: the second call ended %s: %s", tt, c.Cause, c.Words)
		}
		if !o.noted(id1, voice.EventTransferEnded) || !o.noted(id3, voice.EventTransferStarted) {
			t.Errorf("%+v: the transfer is not on both timelines", tt)
		}
		one.Hangup(t.Context())
		o.over(three)
		if got, others := o.legs(id1), o.legs(id3); got != tt.legs || others != tt.others {
			t.Errorf("%+v: legs %q and %q", tt, got, others)
		}
	}
}

// TestAttendedBeforeAnAnswer transfers to where the second call of the transferor
// is going: an app, and a telephone that rings.
func TestAttendedBeforeAnAnswer(t *testing.T) {
	o := newSwitching(t)
	one, own1, id1 := o.talks("601", "602", nearTone, farTone)
	own3, err := o.desks["602"].Dial(t.Context(), o.uri(appNumber), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan outcome, 1)
	refer := func() {
		status, err := own1.ReferTo(t.Context(), own3)
		told <- outcome{status, err}
	}
	go refer()
	o.told(told, 200)
	o.over(own1, own3)
	if !eventually(func() bool {
		live := o.live()
		return len(live) == 1 && live[0].App == "WAIT" && live[0].Info.ID == id1
	}) {
		t.Errorf("not with the app: %+v", o.live())
	}
	one.Hangup(t.Context())
	o.over(one)

	one, own1, _ = o.talks("601", "602", nearTone, farTone)
	var three *phone.Call
	own3, three, _ = o.invites("602", "603", phone.CallOptions{})
	if !eventually(func() bool { return own3.Replaces().ToTag != "" }) {
		t.Fatal("it does not ring")
	}
	go refer()
	o.over(three, own3) // that ring ends with its call
	three = rings(t, o.desks["603"])
	o.answers(three, bossTone)
	o.told(told, 200)
	o.over(own1)
	o.hear(one, bossTone)
	o.hear(three, nearTone)
}

// TestTakeOver has a telephone take the place of another, in a talk and while it
// rings, and not of one of another account.
func TestTakeOver(t *testing.T) {
	o := newSwitching(t)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	stranger := &switching{office: &office{t: t, d: o.d}, desks: map[string]*phone.Phone{}}
	other, _, err := o.d.Admin().CreateAccount(t.Context(), admin.AccountSpec{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	stranger.owner = other.ID
	for _, n := range []string{"701", "702"} {
		stranger.desks[n] = desk(t, o.d, other.ID, n)
	}
	place := far.Replaces()
	_, err = stranger.desks["701"].Dial(t.Context(), o.uri("602"), phone.CallOptions{Replaces: &place})
	o.declined(err, 481)
	their, _, _ := stranger.talks("701", "702", bossTone, bossTone)
	status, err := their.ReferTo(t.Context(), far)
	if status != 481 || err != nil {
		t.Errorf("joined with another account's call: %d %v", status, err)
	}
	o.hear(near, farTone)

	taker, err := o.desks["604"].Dial(t.Context(), o.uri("602"), phone.CallOptions{Replaces: &place})
	if err != nil {
		t.Fatal(err)
	}
	says(t, taker, bossTone)
	o.over(far)
	o.hear(near, bossTone)
	o.hear(taker, nearTone)
	place = near.Replaces() // of the caller this time
	again, err := o.desks["603"].Dial(t.Context(), o.uri("601"), phone.CallOptions{Replaces: &place})
	if err != nil {
		t.Fatal(err)
	}
	says(t, again, farTone)
	o.over(near)
	o.hear(again, bossTone)
	o.hear(taker, farTone)
	taker.Hangup(t.Context())
	o.over(again)
	o.oneEnds(voice.EndTakenOver)
	if got := o.legs(id); got != "a the caller normal; b1 extension 602 normal; b3 extension 603 normal; b2 extension 604 normal" {
		t.Errorf("legs: %s", got)
	}

	near, far, id = o.invites("601", "602", phone.CallOptions{})
	if err := far.Ring(false); err != nil || !o.noted(id, voice.EventLegRinging) {
		t.Fatalf("it does not ring: %v", err)
	}
	place = far.Replaces()
	taker, err = o.desks["604"].Dial(t.Context(), o.uri("602"), phone.CallOptions{Replaces: &place})
	if err != nil {
		t.Fatal(err)
	}
	says(t, taker, bossTone)
	o.over(far)
	o.hear(near, bossTone)
	near.Hangup(t.Context())
	o.over(taker)
	if got := o.legs(id); got != "a the caller normal; b1 extension 602 cancelled; b2 extension 604 normal" {
		t.Errorf("legs: %s", got)
	}
	if _, err := o.desks["604"].Dial(t.Context(), o.uri("602"), phone.CallOptions{Replaces: &place}); err == nil {
		t.Error("a call that is over was taken over")
	}
}

// TestTransfersByOrder sends a caller elsewhere by order, who talks on with the
// first when nobody answers, and joins the callers of two calls.
func TestTransfersByOrder(t *testing.T) {
	o := newSwitching(t)
	orders := o.d.LiveCalls().(dialect.Transfers)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	to := voice.Destination{Kind: voice.ToExtension, ID: "603"}
	for _, tt := range []struct {
		t    voice.TenantID
		to   voice.Destination
		how  flow.TransferHow
		kind voice.Kind
	}{
		{"1", to, "", voice.NotExist},
		{o.owner, voice.Destination{Kind: voice.ToExtension, ID: "699"}, "", voice.NotExist},
		{o.owner, to, "fax", voice.Invalid},
		{o.owner, voice.Destination{Kind: voice.ToApp, ID: "WAIT"}, flow.TransferByRefer, voice.Invalid},
	} {
		if err := orders.Transfer(t.Context(), tt.t, id, tt.to, tt.how); !voice.IsKind(err, tt.kind) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	order := func() *phone.Call {
		t.Helper()
		if err := orders.Transfer(t.Context(), o.owner, id, to, flow.TransferByDial); err != nil {
			t.Fatal(err)
		}
		return rings(t, o.desks["603"])
	}
	third := order()
	if err := orders.Join(t.Context(), o.owner, id, id); !voice.IsKind(err, voice.Invalid) {
		t.Errorf("joined with itself: %v", err)
	}
	if err := orders.Transfer(t.Context(), o.owner, id, to, ""); !voice.IsKind(err, voice.Conflict) {
		t.Errorf("two at a time: %v", err)
	}
	third.Reject(486)
	o.hear(near, farTone)
	o.hear(far, nearTone)
	third = order()
	o.answers(third, bossTone)
	o.over(far)
	o.hear(near, bossTone)
	o.hear(third, nearTone)

	own, b, id2 := o.talks("604", "602", farTone, farTone)
	if err := orders.Join(t.Context(), "1", id, id2); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account joins calls: %v", err)
	}
	if err := orders.Join(t.Context(), o.owner, id, "gone"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("joined with no call: %v", err)
	}
	if err := orders.Join(t.Context(), o.owner, id, id2); err != nil {
		t.Fatal(err)
	}
	o.over(third, b)
	o.hear(near, farTone)
	o.hear(own, nearTone)
	if c := o.record(id2); c.Words != "joined with call "+string(id) {
		t.Errorf("the second call ended in the words %q", c.Words)
	}
	near.Hangup(t.Context())
	o.over(own)
	if got := o.legs(id); got != "a the caller normal; b2 extension 603 busy; b1 extension 602 normal; b3 extension 603 normal; b4 extension 604 normal" {
		t.Errorf("legs: %s", got)
	}
}

// TestTransferByReferOfACallInATalk asks the caller's telephone to call by itself.
func TestTransferByReferOfACallInATalk(t *testing.T) {
	o := newSwitching(t)
	near, far, id := o.talks("601", "602", nearTone, farTone)
	if err := o.d.LiveCalls().(dialect.Transfers).Transfer(t.Context(), o.owner, id, voice.Destination{Kind: voice.ToExtension, ID: "603"}, flow.TransferByRefer); err != nil {
		t.Fatal(err)
	}
	third := rings(t, o.desks["603"])
	o.answers(third, bossTone)
	o.over(near, far)
	if got := o.legs(id); got != "a the caller normal; b1 extension 602 normal" {
		t.Errorf("legs: %s", got)
	}
}
