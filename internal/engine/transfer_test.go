package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"tandem/internal/engine"
	"tandem/internal/phone"
	"tandem/internal/voice"
)

// transferring is an engine whose callers to "test" are transferred, and what came
// of it. Calls to anything else are calls of a telephone that follows the REFER.
type transferring struct {
	*rig
	desk  *phone.Phone // of extension 101, registered
	res   chan voice.TransferResult
	errs  chan error
	calls chan *engine.Call // that was transferred
}

func newTransferring(t *testing.T, s voice.TransferSpec, o phone.Options) *transferring {
	t.Helper()
	x := &transferring{res: make(chan voice.TransferResult, 1), errs: make(chan error, 1), calls: make(chan *engine.Call, 2)}
	x.rig = newRig(t, func(ctx context.Context, c *engine.Call) error {
		switch c.Info().To {
		case "test":
			return x.transfer(ctx, c, s)
		case "busy":
			return c.Hangup(ctx, voice.CauseBusy, "busy")
		case "rings":
			if err := c.Ring(ctx); err != nil {
				return err
			}
			return c.Wait(ctx, time.Minute)
		}
		if err := c.Answer(ctx); err != nil {
			return err
		}
		return c.Wait(ctx, time.Minute)
	})
	sum := sha256.Sum256([]byte("desk:tandem:secret"))
	if err := x.store.AddExtension(t.Context(), voice.Extension{Tenant: tenant, Number: "101", Username: "desk", Realm: "tandem", HA1SHA256: hex.EncodeToString(sum[:])}); err != nil {
		t.Fatal(err)
	}
	o.Username, o.Password, o.Domain, o.Proxy = "desk", "secret", "tandem", x.agent.Addr().String()
	x.desk = farPhone(t, o)
	if _, err := x.desk.Register(t.Context(), "sip:"+x.agent.Addr().String(), time.Hour); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *transferring) transfer(ctx context.Context, c *engine.Call, s voice.TransferSpec) error {
	res, err := c.Transfer(ctx, s)
	x.calls <- c
	x.res <- res
	x.errs <- err
	return nil
}

// from has a telephone call and gives its call, and what came of the transfer.
func (x *transferring) from(p *phone.Phone) *phone.Call {
	x.t.Helper()
	c, err := p.Invite("sip:test@"+x.agent.Addr().String(), phone.CallOptions{})
	if err != nil {
		x.t.Fatal(err)
	}
	return c
}

func (x *transferring) result() (voice.TransferResult, error) {
	x.t.Helper()
	select {
	case res := <-x.res:
		return res, <-x.errs
	case <-time.After(20 * time.Second):
		x.t.Fatalf("the transfer has no result\n%s", x.timeline())
		return voice.TransferResult{}, nil
	}
}

// data gives a member of the data of the first event of a kind, "" when there is none.
func (x *transferring) data(kind voice.EventKind, key string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.events {
		if e.Kind == kind {
			return e.Data[key]
		}
	}
	return ""
}

// waitFor waits until ok.
func (x *transferring) waitFor(ok func() bool) {
	x.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if ok() {
			return
		}
		<-tick.C
	}
	x.t.Fatalf("what is waited for does not come\n%s", x.timeline())
}

// summary gives how the call that was transferred ended.
func (x *transferring) summary() voice.CallSummary {
	x.t.Helper()
	c := <-x.calls
	x.waitFor(func() bool { return c.Summary().Cause != "" })
	return c.Summary()
}

// TestTransferByTelephone asks an extension's telephone to call elsewhere.
func TestTransferByTelephone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		phone phone.Options
		to    voice.Target
		most  time.Duration
		want  voice.TransferResult // Words is a part of them
	}{
		"answered": {to: voice.Target{Kind: voice.ToExtension, ID: "102"},
			want: voice.TransferResult{End: voice.TransferDone, Cause: voice.CauseNormal, Words: "transferred to extension 102", Asked: true}},
		"a number": {to: voice.Target{Kind: voice.ToNumber, ID: "+46850000077"},
			want: voice.TransferResult{End: voice.TransferDone, Cause: voice.CauseNormal, Words: "transferred to number +46850000077", Asked: true}},
		"busy": {to: voice.Target{Kind: voice.ToExtension, ID: "busy"},
			want: voice.TransferResult{End: voice.TransferBusy, Cause: voice.CauseBusy, Words: "486 Busy Here", Asked: true}},
		"nobody in time": {to: voice.Target{Kind: voice.ToExtension, ID: "rings"}, most: time.Second,
			want: voice.TransferResult{End: voice.TransferNoAnswer, Cause: voice.CauseNoAnswer, Words: "not told in time", Asked: true}},
		"refused": {phone: phone.Options{RefuseRefer: 603}, to: voice.Target{Kind: voice.ToExtension, ID: "102"},
			want: voice.TransferResult{End: voice.TransferRefused, Cause: voice.CauseRejected, Words: "the caller's side says 603", Asked: true}},
		"not listed": {phone: phone.Options{NoRefer: true}, to: voice.Target{Kind: voice.ToExtension, ID: "102"},
			want: voice.TransferResult{End: voice.TransferRefused, Cause: voice.CausePolicy, Words: "takes no REFER"}},
		"a SIP address": {to: voice.Target{Kind: voice.ToSIP, ID: "x@sip.example"},
			want: voice.TransferResult{End: voice.TransferRefused, Cause: voice.CauseNotFound, Words: "not called through this server"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTransferring(t, voice.TransferSpec{Target: tt.to, MaxTime: tt.most}, tt.phone)
			near := x.from(x.desk)
			res, err := x.result()
			words := res.Words
			res.Words = tt.want.Words
			if err != nil || res != tt.want || !strings.Contains(words, tt.want.Words) {
				t.Errorf("got %+v %q, %v\n%s", res, words, err, x.timeline())
			}
			if end := x.data(voice.EventTransferEnded, "end"); tt.want.Asked && end != string(tt.want.End) || !tt.want.Asked && end != "" {
				t.Errorf("the timeline says %q\n%s", end, x.timeline())
			}
			<-near.Done()
			sum := x.summary()
			if done := tt.want.End == voice.TransferDone; done != (sum.Words == words) || sum.Cause != voice.CauseNormal {
				t.Errorf("the call ended: %+v", sum)
			}
			if !tt.want.Asked && !sum.Answered.IsZero() {
				t.Error("the caller was answered for nothing")
			}
			select {
			case next := <-near.Successor():
				if next.Header("Referred-By") == "" {
					t.Error("the telephone is not told on whose behalf")
				}
				next.Hangup(t.Context())
			default:
				if tt.want.Asked && tt.want.End != voice.TransferRefused {
					t.Error("the telephone called nobody")
				}
			}
		})
	}
}

// TestTransferBrokenOff has the caller leave, and an order come, while the target
// rings; keys meanwhile are dropped.
func TestTransferBrokenOff(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]voice.Kind{"the caller leaves": voice.HungUp, "an order": voice.Unavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTransferring(t, voice.TransferSpec{Target: voice.Target{Kind: voice.ToExtension, ID: "rings"}}, phone.Options{})
			near := x.from(x.desk)
			var next *phone.Call
			select {
			case next = <-near.Successor():
			case <-time.After(10 * time.Second):
				t.Fatalf("the telephone does not call\n%s", x.timeline())
			}
			if err := near.Press(t.Context(), "5", phone.PressOptions{}); err != nil {
				t.Fatal(err)
			}
			x.waitFor(func() bool { return x.data(voice.EventDigitDropped, "digit") == "5" })
			if kind == voice.HungUp {
				near.Hangup(t.Context())
			} else {
				x.stop(voice.Errorf("test", voice.Redirected, "the call goes elsewhere"))
			}
			if _, err := x.result(); !voice.IsKind(err, kind) {
				t.Errorf("got %v, not %s\n%s", err, kind, x.timeline())
			}
			want := map[voice.Kind]voice.TransferEnd{voice.HungUp: voice.TransferLeft, voice.Unavailable: voice.TransferFailed}[kind]
			if end := x.data(voice.EventTransferEnded, "end"); end != string(want) {
				t.Errorf("the timeline says %q\n%s", end, x.timeline())
			}
			next.Hangup(t.Context())
			<-near.Done()
		})
	}
}

// TestTransferByTrunk asks a carrier, where its trunk is set to be asked.
func TestTransferByTrunk(t *testing.T) {
	t.Parallel()
	number := voice.Target{Kind: voice.ToNumber, ID: "+46850000077"}
	for name, tt := range map[string]struct {
		trunk voice.Trunk
		to    voice.Target
		limit int    // outbound calls a minute before this one
		want  string // "" = it is transferred
	}{
		"set":              {trunk: voice.Trunk{Refer: true}, to: number},
		"not set":          {to: number, want: "trunk carrier is not set to take REFER"},
		"an extension":     {trunk: voice.Trunk{Refer: true}, to: voice.Target{Kind: voice.ToExtension, ID: "102"}, want: "trunk carrier can't call extension 102"},
		"another prefix":   {trunk: voice.Trunk{Refer: true, Prefixes: []string{"+47"}}, to: number, want: "does not take +46850000077"},
		"premium":          {trunk: voice.Trunk{Refer: true}, to: voice.Target{Kind: voice.ToNumber, ID: "+469001234567"}, want: "high-risk range"},
		"over the account": {trunk: voice.Trunk{Refer: true}, to: number, limit: -1, want: "its limit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTransferring(t, voice.TransferSpec{Target: tt.to}, phone.Options{})
			carrier := farPhone(t, phone.Options{NoRefer: true}) // the setting says it, whatever is listed
			k := tt.trunk
			k.ID, k.Tenant, k.Name, k.Host, k.Created = "tr", tenant, "carrier", carrier.Addr().String(), time.Now()
			if err := x.store.AddTrunk(t.Context(), k); err != nil {
				t.Fatal(err)
			}
			x.agent.SetTrunks([]voice.Trunk{k})
			if tt.limit < 0 {
				if err := x.store.UpdateTenant(t.Context(), voice.Tenant{ID: tenant, Name: "Test", Limits: voice.Limits{OutboundPerMinute: 1}}); err != nil {
					t.Fatal(err)
				}
				x.from(carrier)
				outside := incoming(t, carrier)
				outside.Reject(486)
				if res, err := x.result(); err != nil || res.End != voice.TransferBusy {
					t.Fatalf("the first: %+v, %v", res, err)
				}
			}
			near := x.from(carrier)
			if tt.want == "" {
				in := incoming(t, carrier)
				if err := in.Answer(t.Context()); err != nil {
					t.Fatal(err)
				}
				defer in.Hangup(t.Context())
			}
			res, err := x.result()
			if err != nil || !strings.Contains(res.Words, tt.want) || (res.End == voice.TransferDone) != (tt.want == "") || res.Asked != (tt.want == "") {
				t.Errorf("got %+v, %v\n%s", res, err, x.timeline())
			}
			<-near.Done()
		})
	}
}

// TestTransferOfOthers: nobody is asked who is neither at an extension nor behind a
// trunk; the first party of a call that we begin is asked like a caller.
func TestTransferOfOthers(t *testing.T) {
	t.Parallel()
	to := voice.TransferSpec{Target: voice.Target{Kind: voice.ToExtension, ID: "102"}}
	t.Run("a stranger", func(t *testing.T) {
		t.Parallel()
		x := newTransferring(t, to, phone.Options{})
		x.from(farPhone(t, phone.Options{}))
		if res, err := x.result(); err != nil || res.End != voice.TransferRefused || res.Asked {
			t.Errorf("got %+v, %v", res, err)
		}
	})
	t.Run("the first party", func(t *testing.T) {
		t.Parallel()
		x := newTransferring(t, to, phone.Options{})
		go func() {
			c := x.engine.NewCall(voice.CallInfo{ID: "out", Tenant: tenant, Direction: voice.Outbound, To: "102"})
			if _, err := c.Place(context.Background(), voice.DialSpec{Targets: []voice.Target{{Kind: voice.ToExtension, ID: "101"}}}); err != nil {
				t.Error(err)
			}
			x.transfer(context.Background(), c, to)
			x.finish(context.Background(), c)
			x.done <- nil
		}()
		in := incoming(t, x.desk)
		if err := in.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		if res, err := x.result(); err != nil || res.End != voice.TransferDone {
			t.Errorf("got %+v, %v\n%s", res, err, x.timeline())
		}
		<-in.Done()
		if sum := x.summary(); sum.Words != "transferred to extension 102" {
			t.Errorf("the call ended: %+v", sum)
		}
		(<-in.Successor()).Hangup(t.Context())
	})
}
