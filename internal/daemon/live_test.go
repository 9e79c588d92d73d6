package daemon_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/admin"
	"tandem/internal/audiomatch"
	"tandem/internal/daemon"
	"tandem/internal/media"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// desk is a registered phone of an account.
func desk(t *testing.T, d *daemon.Daemon, owner voice.TenantID, number string) *phone.Phone {
	t.Helper()
	x, err := d.Admin().AddExtension(t.Context(), owner, admin.ExtensionSpec{Number: number})
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{Username: x.Username, Password: x.Password, Domain: x.Domain, Proxy: d.SIPAddr().String(), DisplayName: "Desk " + number})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if _, err := p.Register(t.Context(), "sip:"+d.SIPAddr().String(), time.Minute); err != nil {
		t.Fatal(err)
	}
	return p
}

func rings(t *testing.T, p *phone.Phone) *phone.Call {
	t.Helper()
	select {
	case c := <-p.Incoming():
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("the phone does not ring")
		return nil
	}
}

// Each phone says a tone of its own, in Hz.
const (
	nearTone = 500.0
	farTone  = 900.0
	bossTone = 1400.0
)

// says has a phone say its tone until the call or the test ends.
func says(t *testing.T, c *phone.Call, hz float64) {
	pcm := make([]int16, 30*media.Rate)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/media.Rate))
	}
	go c.Play(t.Context(), pcm)
}

// hears waits until some tones and no others are what a phone hears, for half a
// second on end.
func hears(c *phone.Call, tones ...float64) bool {
	times := 0
	return eventually(func() bool {
		h := c.Heard()
		h = h[max(0, len(h)-media.Rate/4):]
		times++
		for _, hz := range []float64{nearTone, farTone, bossTone} {
			if heard := audiomatch.Tone(h, hz) > 0.3; heard != slices.Contains(tones, hz) {
				times = 0
			}
		}
		return times == 10
	})
}

func eventually(ok func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 160 {
		if ok() {
			return true
		}
		<-tick.C
	}
	return false
}

// office is a server with phones of one account.
type office struct {
	t     *testing.T
	d     *daemon.Daemon
	owner voice.TenantID
}

// calls is a call of p to an extension whose phone answers; both say their tones.
func (o *office) calls(p *phone.Phone, number string, q *phone.Phone) (near, far *phone.Call, live voice.LiveCall) {
	o.t.Helper()
	near, err := p.Invite("sip:"+number+"@"+o.d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		o.t.Fatal(err)
	}
	far = rings(o.t, q)
	if live := o.live(); len(live) != 1 || live[0].State != voice.LiveDialling || !strings.Contains(live[0].With, number) {
		o.t.Errorf("while it rings: %+v", live)
	}
	if err := far.Answer(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	says(o.t, near, nearTone)
	says(o.t, far, farTone)
	if !hears(near, farTone) || !hears(far, nearTone) {
		o.t.Fatal("the two do not hear each other alone")
	}
	all := o.live()
	if len(all) != 1 || all[0].State != voice.LiveTalking || all[0].WithID.ID != number || all[0].Answered.IsZero() {
		o.t.Fatalf("while they talk: %+v", all)
	}
	return near, far, all[0]
}

func (o *office) live() []voice.LiveCall {
	o.t.Helper()
	all, err := o.d.LiveCalls().Live(o.t.Context(), o.owner)
	if err != nil {
		o.t.Fatal(err)
	}
	return all
}

// record waits for the record of a call that is over.
func (o *office) record(id voice.CallID) (c voice.CDR) {
	o.t.Helper()
	if !eventually(func() bool {
		var err error
		c, err = o.d.Store().CDR(o.t.Context(), o.owner, id)
		return err == nil && !c.End.IsZero()
	}) {
		o.t.Fatalf("call %s has no final record: %+v", id, c)
	}
	return c
}

func (o *office) noted(id voice.CallID, kind voice.EventKind) bool {
	return eventually(func() bool {
		events, err := o.d.Store().Events(o.t.Context(), id)
		return err == nil && slices.ContainsFunc(events, func(e voice.Event) bool { return e.Kind == kind })
	})
}

// TestLiveCallsAreOrdered has real phones talk while somebody listens to them,
// speaks to one and to both, takes the caller elsewhere and ends the call.
func TestLiveCallsAreOrdered(t *testing.T) {
	d, _ := run(t, settings(t))
	o := &office{t: t, d: d, owner: account(t, d.Store())}
	one, two, three := desk(t, d, o.owner, "601"), desk(t, d, o.owner, "602"), desk(t, d, o.owner, "603")
	boss := voice.Destination{Kind: voice.ToExtension, ID: "603"}
	near, far, live := o.calls(one, "602", two)
	id := live.Info.ID
	orders := d.LiveCalls()
	if err := orders.Supervise(t.Context(), "1", id, voice.Monitor, boss); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("another account listens: %v", err)
	}
	for _, tt := range []struct {
		mode              voice.SuperviseMode
		hearNear, hearFar []float64
	}{
		{voice.Monitor, []float64{farTone}, []float64{nearTone}},
		{voice.Whisper, []float64{farTone}, []float64{nearTone, bossTone}},
		{voice.Barge, []float64{farTone, bossTone}, []float64{nearTone, bossTone}},
	} {
		if err := orders.Supervise(t.Context(), o.owner, id, tt.mode, boss); err != nil {
			t.Fatal(err)
		}
		s := rings(t, three)
		if !strings.Contains(s.From(), "601") || s.CallerName() != fmt.Sprintf("Desk 601 (%s)", tt.mode) {
			t.Errorf("the supervisor's phone shows %q %q", s.From(), s.CallerName())
		}
		if err := s.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		says(t, s, bossTone)
		if !hears(s, nearTone, farTone) {
			t.Errorf("%s: the supervisor does not hear both", tt.mode)
		}
		if !hears(near, tt.hearNear...) || !hears(far, tt.hearFar...) {
			t.Errorf("%s: the two do not hear what they should", tt.mode)
		}
		if tt.mode == voice.Barge {
			break // and stays for the end of the talk
		}
		s.Hangup(t.Context())
		if !hears(near, farTone) || !hears(far, nearTone) {
			t.Errorf("%s: the two do not talk on", tt.mode)
		}
	}
	if !o.noted(id, voice.EventSuperviseStarted) || !o.noted(id, voice.EventSuperviseEnded) {
		t.Error("the supervised call's timeline does not show it")
	}

	// The caller goes on to the supervisor's phone, which is free by then.
	if err := orders.Redirect(t.Context(), o.owner, id, boss); err != nil {
		t.Fatal(err)
	}
	<-far.Done()
	next := rings(t, three)
	if err := next.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, next, bossTone)
	if !hears(near, bossTone) || !hears(next, nearTone) {
		t.Error("after the redirection the two do not talk")
	}
	if err := orders.Hangup(t.Context(), o.owner, id, "ended by the operator"); err != nil {
		t.Fatal(err)
	}
	<-near.Done()
	<-next.Done()
	c := o.record(id)
	if c.Cause != voice.CauseNormal || c.Words != "ended by the operator" || len(c.Legs) != 3 {
		t.Errorf("record: %+v", c)
	}
	if !o.noted(id, voice.EventCallOrdered) {
		t.Error("the orders are not on the timeline")
	}
	if !eventually(func() bool { return len(o.live()) == 0 }) {
		t.Errorf("still up: %+v", o.live())
	}
}

// TestLiveCallBeforeItsAnswer redirects a caller who hears it ring, and hangs
// up another.
func TestLiveCallBeforeItsAnswer(t *testing.T) {
	d, _ := run(t, settings(t))
	o := &office{t: t, d: d, owner: account(t, d.Store())}
	one, two, three := desk(t, d, o.owner, "601"), desk(t, d, o.owner, "602"), desk(t, d, o.owner, "603")
	near, err := one.Invite("sip:602@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	first := rings(t, two)
	first.Ring(false)
	id := o.live()[0].Info.ID
	if err := d.LiveCalls().Redirect(t.Context(), o.owner, id, voice.Destination{Kind: voice.ToExtension, ID: "603"}); err != nil {
		t.Fatal(err)
	}
	second := rings(t, three)
	<-first.Done()
	second.Ring(false)
	select {
	case <-near.Answered():
		t.Error("the caller was answered by nobody")
	default:
	}
	if err := d.LiveCalls().Hangup(t.Context(), o.owner, id, "not today"); err != nil {
		t.Fatal(err)
	}
	<-near.Done()
	<-second.Done()
	if c := o.record(id); !c.Answered.IsZero() || c.Words != "not today" {
		t.Errorf("record: %+v", c)
	}
}

// TestLiveCallInItsFlow redirects a caller who listens to an app.
func TestLiveCallInItsFlow(t *testing.T) {
	d, _ := run(t, settings(t))
	o := &office{t: t, d: d, owner: account(t, d.Store())}
	two := desk(t, d, o.owner, "602")
	p, err := phone.New(phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	near, err := p.Dial(t.Context(), "sip:+12025550100@"+d.SIPAddr().String(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var live []voice.LiveCall
	if !eventually(func() bool {
		live = o.live()
		return len(live) == 1 && live[0].State == voice.LiveAnswered && live[0].App != ""
	}) {
		t.Fatalf("in its flow: %+v", live)
	}
	if err := d.LiveCalls().Redirect(t.Context(), o.owner, live[0].Info.ID, voice.Destination{Kind: voice.ToExtension, ID: "602"}); err != nil {
		t.Fatal(err)
	}
	far := rings(t, two)
	if err := far.Answer(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, near, nearTone)
	if !hears(far, nearTone) {
		t.Error("the caller is not heard after the redirection")
	}
	far.Hangup(t.Context())
	<-near.Done()
	if c := o.record(live[0].Info.ID); !strings.Contains(c.Words, "hung up") {
		t.Errorf("record: %+v", c)
	}
}
