package sipua_test

import (
	"context"
	"errors"
	"net/netip"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"tandem/internal/phone"
	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// Transfers between the agent and the test telephone, whose SIP is its own.

func telephone(t *testing.T, o phone.Options) *phone.Phone {
	t.Helper()
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	t.Cleanup(cancel)
	return ctx
}

// leave hangs up the agent's last call and waits until the phone has answered: a
// request that comes while it closes makes sipgo open a socket that nobody closes.
func leave(t *testing.T, a *sipua.Agent, d *sipua.Dialog) {
	t.Helper()
	d.Hangup(voice.CauseNormal, "")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(wait); a.Calls() > 0; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%d calls are left", a.Calls())
		}
	}
}

func TestPhoneRefersUs(t *testing.T) {
	calls := make(chan *sipua.Incoming, 2)
	orders := make(chan *sipua.ReferOrder, 1)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		inc.OnRefer(func(o *sipua.ReferOrder) { orders <- o })
		answering(4000, func(inc *sipua.Incoming) { calls <- inc })(inc)
	}})
	p := telephone(t, phone.Options{Username: "101"})
	ctx := bounded(t)
	dial := func() (*phone.Call, *sipua.Incoming) {
		c, err := p.Dial(ctx, uri("100", a), phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return c, receive(t, calls, "the call")
	}
	type result struct {
		status int
		err    error
	}
	results := make(chan result, 1)
	refer := func(f func() (int, error)) *sipua.ReferOrder {
		go func() {
			status, err := f()
			results <- result{status, err}
		}()
		return receive(t, orders, "the order")
	}
	first, inc := dial()
	blind := func() (int, error) { return first.Refer(ctx, "sip:*21%23@home") }
	for _, status := range []int{200, 486} { // the second REFER's NOTIFYs have an id
		o := refer(blind)
		if o.User != "*21%23" || o.Host != "home" || o.Replaces != nil || o.By == "" {
			t.Errorf("order is %+v", o)
		}
		o.Accept()
		o.Result(status, "Whatever")
		if r := receive(t, results, "the result"); r.err != nil || r.status != status {
			t.Errorf("the phone got %+v", r)
		}
	}
	refer(blind).Decline(404, "Not Found")
	var refused *phone.RefusedError
	if r := receive(t, results, "the result"); !errors.As(r.err, &refused) || refused.Status != 404 {
		t.Errorf("the phone got %+v", r)
	}

	second, other := dial()
	o := refer(func() (int, error) { return first.ReferTo(ctx, second) })
	if o.Replaces == nil || a.Match(*o.Replaces) != other.Dialog {
		t.Fatalf("order is %+v with %+v", o, o.Replaces)
	}
	o.Accept()
	o.Result(200, "OK")
	inc.Hangup(voice.CauseNormal, "transferred") // after the result, which the phone has
	other.Hangup(voice.CauseNormal, "transferred")
	if r := receive(t, results, "the result"); r.err != nil || r.status != 200 {
		t.Errorf("the phone got %+v", r)
	}
	receive(t, first.Done(), "BYE")
	receive(t, second.Done(), "BYE")
}

func TestWeReferPhone(t *testing.T) {
	a := start(t, sipua.Config{})
	ctx := bounded(t)
	for _, c := range []struct {
		name   string
		o      phone.Options
		reject int
		want   sipua.Referral
	}{
		{"answered", phone.Options{}, 0, sipua.Referral{Status: 200, Reason: "OK"}},
		{"over TCP", phone.Options{Transport: "tcp"}, 0, sipua.Referral{Status: 200, Reason: "OK"}},
		{"busy", phone.Options{}, 486, sipua.Referral{Status: 486, Reason: "Busy Here"}},
		{"refused", phone.Options{RefuseRefer: 405, NoRefer: true}, 0, sipua.Referral{Status: 405, Reason: "REFER Is Refused", Refused: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := telephone(t, c.o)
			target := telephone(t, phone.Options{Transport: c.o.Transport})
			go func() {
				for in := range through(ctx, p.Incoming()) {
					_ = in.Answer(ctx)
				}
			}()
			go func() {
				for in := range through(ctx, target.Incoming()) {
					if c.reject != 0 {
						_ = in.Reject(c.reject)
					} else {
						_ = in.Answer(ctx)
					}
				}
			}()
			d, err := a.Dial(ctx, sipua.Target{URI: p.URI()}, sdp(5000), nil)
			if err != nil {
				t.Fatal(err)
			}
			if d.TakesRefer() == c.o.NoRefer {
				t.Errorf("TakesRefer is %v", d.TakesRefer())
			}
			got, err := d.Refer(ctx, target.URI())
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v", got, err)
			}
			leave(t, a, d)
		})
	}
}

// through gives what comes from a channel that is never closed until ctx ends.
func through[T any](ctx context.Context, c <-chan T) func(func(T) bool) {
	return func(yield func(T) bool) {
		for {
			select {
			case v := <-c:
				if !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// A phone asks us to call another of our calls in its place: the Replaces of
// the REFER is that of an INVITE to the phone at its other end.
func TestPhoneReplaces(t *testing.T) {
	calls := make(chan *sipua.Incoming, 4)
	var allow atomic.Pointer[netip.AddrPort]
	a := start(t, sipua.Config{
		TakesOver: func(inc *sipua.Incoming, d *sipua.Dialog) bool { return inc.Source() == *allow.Load() },
		Handler: func(inc *sipua.Incoming) {
			answering(4000, func(inc *sipua.Incoming) { calls <- inc })(inc)
		},
	})
	p, q, stranger := telephone(t, phone.Options{}), telephone(t, phone.Options{}), telephone(t, phone.Options{})
	entitled := q.Addr()
	allow.Store(&entitled)
	ctx := bounded(t)
	c, err := p.Dial(ctx, uri("100", a), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	old := receive(t, calls, "the call")
	r := c.Replaces()
	var refused *phone.RefusedError
	if _, err := stranger.Dial(ctx, uri("100", a), phone.CallOptions{Replaces: &r}); !errors.As(err, &refused) || refused.Status != 481 {
		t.Errorf("a stranger got %v", err)
	}
	if _, err := q.Dial(ctx, uri("100", a), phone.CallOptions{Replaces: &r}); err != nil {
		t.Fatal(err)
	}
	inc := receive(t, calls, "the other call")
	if got := inc.Replaces(); got == nil || a.Match(*got) != old.Dialog {
		t.Errorf("it replaces %+v", got)
	}
	old.Hangup(voice.CauseNormal, "replaced")
	receive(t, c.Done(), "BYE")
	if _, err := q.Dial(ctx, uri("100", a), phone.CallOptions{Replaces: &r}); !errors.As(err, &refused) || (refused.Status != 603 && refused.Status != 481) {
		t.Errorf("a call that is over gave %v", err)
	}

	// And the other way round: an INVITE of ours takes a call's place at a phone.
	side, err := p.Invite(q.URI(), phone.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var far *phone.Call
	select {
	case far = <-q.Incoming():
	case <-ctx.Done():
		t.Fatal("no call arrived")
	}
	if err := far.Answer(ctx); err != nil {
		t.Fatal(err)
	}
	receive(t, side.Answered(), "the answer")
	d, err := a.Dial(ctx, sipua.Target{URI: q.URI(), Headers: map[string]string{"Replaces": side.Replaces().String()}}, sdp(5000), nil)
	if err != nil {
		t.Fatal(err)
	}
	receive(t, far.Successor(), "the successor")
	receive(t, side.Done(), "BYE")
	inc.Hangup(voice.CauseNormal, "")
	leave(t, a, d)
}

// Phones that hang up at once after the 202 still have their transfer done.
func TestTransferorLeavesEarly(t *testing.T) {
	orders := make(chan *sipua.ReferOrder, 1)
	x := referring(t, sipua.Config{}, func(o *sipua.ReferOrder) { orders <- o })
	x.ask("REFER", "Refer-To: <sip:1@h>")
	o := receive(t, orders, "the order")
	o.Accept()
	x.until("SIP/2.0 202", "REFER")
	x.ask("BYE")
	x.until("SIP/2.0 200", "BYE")
	receive(t, x.inc.Done(), "the end")
	go o.Result(200, "OK")
	for n := x.until("NOTIFY ", "NOTIFY"); ; n = x.until("NOTIFY ", "NOTIFY") {
		x.respond(n, 200, "OK", "", "") // the subscription outlives the call (RFC 5057)
		if n.header("Subscription-State") == "terminated;reason=noresource" {
			return
		}
	}
}

// SIPp refers by the same rules in its own words.
func TestSIPpRefers(t *testing.T) {
	path, err := exec.LookPath("sipp")
	if err != nil {
		t.Fatal("sipp is not installed")
	}
	scenario, err := filepath.Abs("testdata/refer.xml")
	if err != nil {
		t.Fatal(err)
	}
	named := make(chan sipua.Replaces, 20)
	a := start(t, sipua.Config{Handler: func(inc *sipua.Incoming) {
		inc.OnRefer(func(o *sipua.ReferOrder) {
			named <- *o.Replaces
			o.Accept()
			o.Result(200, "OK")
		})
		answering(4000, nil)(inc)
	}})
	for _, mode := range []string{"u1", "t1"} {
		cmd := exec.CommandContext(t.Context(), path, a.Addr().String(), "-sf", scenario, "-t", mode, "-m", "10", "-r", "10", "-i", "127.0.0.1", "-timeout", "20s", "-nostdin")
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("mode %s: %v\n%s", mode, err, out[max(0, len(out)-1500):])
		}
	}
	for range cap(named) {
		if r := receive(t, named, "an order"); r != (sipua.Replaces{CallID: "a@b", ToTag: "1", FromTag: "2"}) {
			t.Errorf("Replaces is %+v", r)
		}
	}
}
