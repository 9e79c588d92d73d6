package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"tandem/internal/phone"
)

// transfers is an account whose flows transfer their callers.
type transfers struct {
	apiKey
	id    string
	sorry []int16 // heard by whoever can't be transferred
}

func newTransfers(t *testing.T) *transfers {
	t.Helper()
	s := start(t)
	x := &transfers{id: text(t, s.fields("account", "create", "Shop"), "id"), sorry: sweep(500, 1300)}
	x.apiKey = apiKey{s, text(t, s.fields("credential", "create", "--account", x.id, "--for", "api", "--scope", "apps:write", "--scope", "config:write"), "key")}
	x.uploadSound(t, "Sorry", x.sorry)
	return x
}

// telephone makes an extension and registers its telephone.
func (x *transfers) telephone(t *testing.T, number string, o phone.Options) *phone.Phone {
	t.Helper()
	ext := x.fields("extension", "add", number, "--account", x.id)
	o.Username, o.Password, o.Domain, o.Proxy = text(t, ext, "username"), text(t, ext, "password"), text(t, ext, "domain"), x.sip
	p := newPhone(t, o)
	if _, err := p.Register(t.Context(), "sip:"+x.sip, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, x.log)
	}
	return p
}

// front gives a number whose flow transfers its callers, and says sorry to those
// who are still there.
func (x *transfers) front(number, step string) string {
	x.nativeApp("Front "+number, number, "hand", fmt.Sprintf(`
		"hand": {"transfer": {%s, "ring_time": "20s"}, "completed": "bye", "busy": "sorry", "no_answer": "bye", "failed": "failed"},
		"sorry": {"play": [{"sound": "Sorry"}], "then": "bye"},
		"failed": {"hang_up": {"words": "the transfer failed"}},
		"bye": {"hang_up": {"words": "after the transfer"}}`, step))
	return number
}

// successor waits for the call that a telephone makes because it was asked to.
func successor(t *testing.T, c *phone.Call) *phone.Call {
	t.Helper()
	select {
	case next := <-c.Successor():
		return next
	case <-time.After(10 * time.Second):
		t.Fatalf("the telephone calls nobody\n%s", timeline(c))
		return nil
	}
}

func answer(t *testing.T, c *phone.Call) {
	t.Helper()
	if err := c.Answer(t.Context()); err != nil {
		t.Fatalf("answer: %v\n%s", err, timeline(c))
	}
	t.Cleanup(func() { hangUp(c) })
}

// TestTransferByRefer has flows transfer callers: telephones that take REFER call
// the destination themselves, others and carriers that are not set to take it are
// bridged here.
func TestTransferByRefer(t *testing.T) {
	t.Parallel()
	x := newTransfers(t)
	carrier, other := newPhone(t, phone.Options{}), newPhone(t, phone.Options{})
	x.cli("trunk", "add", "plain", "--account", x.id, "--host", other.Addr().String())
	x.cli("trunk", "add", "carrier", "--account", x.id, "--host", carrier.Addr().String(), "--priority", "1", "--refer")
	x.stop()
	x.run() // it knows the trunks from its first call on
	desk := x.telephone(t, "101", phone.Options{})
	deaf := x.telephone(t, "102", phone.Options{NoRefer: true, RefuseRefer: 603})
	refuser := x.telephone(t, "103", phone.Options{RefuseRefer: 603})
	target := x.telephone(t, "104", phone.Options{})
	toDesk := x.front("+46850000301", `"extension": "104"`)
	toOutside := x.front("+46850000302", `"number": "+46850000077"`)
	alone := x.front("+46850000303", `"extension": "104", "how": "refer"`)

	t.Run("a telephone follows, and our leg is over", func(t *testing.T) {
		c := dial(t, desk, x.server, toDesk)
		next := successor(t, c)
		t.Cleanup(func() { hangUp(next) })
		answer(t, rings(t, target, 10*time.Second))
		ends(t, c, 10*time.Second)
		v := x.ended(t, toDesk, 10*time.Second)
		v.must(t, "transfer.started", `asked to call extension 104 \(sip:104@`)
		v.must(t, "transfer.ended", "transferred to extension 104")
		if v.Call.Cause != "normal" || v.Call.Words != "transferred to extension 104" || v.has("dial.started", "") {
			t.Errorf("%s", v)
		}
		select {
		case <-next.Done():
			t.Error("the call with the target ended too")
		default:
		}
	})
	t.Run("they talk, and the target sees the caller", func(t *testing.T) {
		c := dial(t, desk, x.server, toDesk)
		next := successor(t, c)
		far := rings(t, target, 10*time.Second)
		answer(t, far)
		talks(t, next, far)
		if name := far.From(); name != "sip:101@127.0.0.1" {
			t.Errorf("the target sees %s", name)
		}
		hangUp(next)
		ends(t, far, 5*time.Second)
		ends(t, c, 5*time.Second)
	})
	t.Run("a busy target, and the flow goes on", func(t *testing.T) {
		c := dial(t, desk, x.server, toDesk)
		rings(t, target, 10*time.Second).Reject(486)
		hears(t, c, "Sorry", x.sorry, 0, 10*time.Second)
		ends(t, c, 10*time.Second)
		v := x.ended(t, toDesk, 10*time.Second)
		v.must(t, "transfer.ended", "486")
		if v.Call.Words != "after the transfer" {
			t.Errorf("%s", v)
		}
	})
	for _, tt := range []struct {
		name, why string
		phone     *phone.Phone
		asked     bool
	}{
		{"a telephone that lists no REFER is bridged", "telephone takes no REFER", deaf, false},
		{"a telephone that refuses REFER is bridged", "says 603", refuser, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := tt.phone.Invite("sip:"+toDesk+"@"+x.sip, phone.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { hangUp(c) })
			far := rings(t, target, 10*time.Second)
			answer(t, far)
			talks(t, c, far)
			hangUp(far)
			ends(t, c, 10*time.Second)
			v := x.ended(t, toDesk, 10*time.Second)
			v.must(t, "transfer.started", "by dialling: a REFER is not possible: .*"+tt.why)
			v.must(t, "transfer.ended", "somebody answered")
			if v.Call.Words != "after the transfer" || v.has("transfer.started", "is asked to call") != tt.asked {
				t.Errorf("%s", v)
			}
		})
	}
	t.Run("by REFER alone, and refused", func(t *testing.T) {
		c, err := deaf.Invite("sip:"+alone+"@"+x.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ends(t, c, 10*time.Second)
		if v := x.ended(t, alone, 10*time.Second); v.Call.Words != "the transfer failed" || v.has("dial.started", "") {
			t.Errorf("%s", v)
		}
	})
	t.Run("the caller leaves while the target rings", func(t *testing.T) {
		c := dial(t, desk, x.server, toDesk)
		next := successor(t, c)
		rings(t, target, 10*time.Second)
		hangUp(c)
		v := x.ended(t, toDesk, 10*time.Second)
		v.must(t, "transfer.ended", "left before")
		if v.Call.Cause != "normal" {
			t.Errorf("%s", v)
		}
		hangUp(next)
	})

	t.Run("a trunk that is set to take REFER", func(t *testing.T) {
		c := dial(t, carrier, x.server, toOutside)
		successor(t, c)
		outside := rings(t, carrier, 10*time.Second) // the carrier calls the number itself
		answer(t, outside)
		ends(t, c, 10*time.Second)
		v := x.ended(t, toOutside, 10*time.Second)
		v.must(t, "transfer.started", `\(sip:\+46850000077@`+carrier.Addr().String())
		if v.Call.Words != "transferred to number +46850000077" || v.has("dial.started", "") {
			t.Errorf("%s", v)
		}
	})
	t.Run("which can't call an extension", func(t *testing.T) {
		c, err := carrier.Invite("sip:"+toDesk+"@"+x.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		far := rings(t, target, 10*time.Second)
		answer(t, far)
		talks(t, c, far)
		hangUp(c)
		ends(t, far, 10*time.Second)
		x.ended(t, toDesk, 10*time.Second).must(t, "transfer.started", "trunk carrier can't call extension 104")
	})
	t.Run("a trunk that is not", func(t *testing.T) {
		c, err := other.Invite("sip:"+toOutside+"@"+x.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		outside := rings(t, other, 10*time.Second) // the first trunk
		answer(t, outside)
		talks(t, c, outside)
		hangUp(outside)
		ends(t, c, 10*time.Second)
		v := x.ended(t, toOutside, 10*time.Second)
		v.must(t, "transfer.started", "by dialling: .*trunk plain is not set to take REFER")
		if v.Call.Words != "after the transfer" {
			t.Errorf("%s", v)
		}
	})
}

// TestTransferOfBaresip transfers a telephone of another make.
func TestTransferOfBaresip(t *testing.T) {
	t.Parallel()
	x := newTransfers(t)
	target := x.telephone(t, "104", phone.Options{})
	number := x.front("+46850000301", `"extension": "104"`)
	ext := x.fields("extension", "add", "101", "--account", x.id)
	b := startBaresip(t, fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;regint=60",
		text(t, ext, "username"), x.sip, text(t, ext, "username"), text(t, ext, "password")), tone(700, 40*time.Second))
	b.says(t, "200 OK", 10*time.Second)

	b.command("dial", "sip:"+number+"@"+x.sip)
	far := rings(t, target, 10*time.Second)
	answer(t, far)
	v := x.ended(t, number, 10*time.Second)
	if v.Call.Words != "transferred to extension 104" {
		t.Errorf("%s", v)
	}
	hearsTone(t, far, 700)
	back := melody(900, 1100, 950, 1050)
	if err := far.Play(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	b.hears(t, "what the target plays", back, 10*time.Second)
	hangUp(far)
	x.ended(t, "104", 10*time.Second)
}
