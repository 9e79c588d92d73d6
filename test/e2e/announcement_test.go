package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// announcement makes an app that plays its welcome and ends with an action.
func (a *account) announcement(name string, final any) string {
	doc := map[string]any{"app_type": "ivr", "name": name, "play_welcome": "yes", "play_menu": "no", "get_extension": "no"}
	if final != nil {
		doc["final_action"] = final
	}
	return a.app(doc)
}

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	target := o.app(map[string]any{"app_type": "mailbox", "name": "Box"})
	promo := o.customPrompt(t, target, "Promo", tone(900, 1500*time.Millisecond))
	plain := o.announcement("Plain", nil)
	welcome, greeting := o.sound(plain, "Welcome"), o.sound(target, "Greeting")
	next := 100
	call := func(t *testing.T, app string) *phone.Call {
		next++
		number := "+46850000" + string(rune('0'+next/100)) + string(rune('0'+next/10%10)) + string(rune('0'+next%10))
		o.account.number(number, app)
		c := dial(t, newPhone(t, phone.Options{}), o.server, number)
		t.Cleanup(func() { hangUp(c) })
		return c
	}

	t.Run("without a final action it hangs up", func(t *testing.T) {
		c := call(t, plain)
		hears(t, c, "Welcome", welcome, 0, 5*time.Second)
		ends(t, c, 5*time.Second)
	})
	t.Run("disconnect", func(t *testing.T) {
		for _, final := range []any{map[string]any{"action": "disconnect", "to": nil, "id": nil}, "disconnect"} {
			c := call(t, o.announcement("Ends", final))
			hears(t, c, "Welcome", welcome, 0, 5*time.Second)
			ends(t, c, 5*time.Second)
		}
	})
	t.Run("play prompt, then hang up", func(t *testing.T) {
		c := call(t, o.announcement("Plays", map[string]any{"action": "play", "to": "prompt", "id": promo}))
		at := hears(t, c, "Welcome", welcome, 0, 5*time.Second)
		hears(t, c, "Promo", tone(900, time.Second), at-time.Second, 5*time.Second)
		ends(t, c, 5*time.Second)
	})
	t.Run("connect app", func(t *testing.T) {
		c := call(t, o.announcement("Goes on", map[string]any{"action": "connect", "to": "app", "id": target}))
		at := hears(t, c, "Welcome", welcome, 0, 5*time.Second)
		hears(t, c, "Greeting", greeting, at-time.Second, 5*time.Second)
	})
	t.Run("call user", func(t *testing.T) {
		c := call(t, o.announcement("Rings", map[string]any{"action": "call", "to": "user", "id": o.user}))
		desk := rings(t, o.desk, 15*time.Second)
		if err := desk.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, desk)
		hangUp(desk)
		ends(t, c, 5*time.Second)
	})
	t.Run("call user who is busy: said so, then hung up", func(t *testing.T) {
		c := call(t, o.announcement("Rings in vain", map[string]any{"action": "call", "to": "user", "id": o.user}))
		rings(t, o.desk, 15*time.Second).Reject(486)
		ends(t, c, 20*time.Second)
		v := o.newestEnded(t)
		v.must(t, "sip", "486")
		v.must(t, "prompt.started", "system-error-unreachable")
		if v.Call.Words == "" {
			t.Error("the end has no words")
		}
	})
	t.Run("an address that nobody is at", func(t *testing.T) {
		c := call(t, o.announcement("Nobody", map[string]any{"action": "call", "to": "other", "id": "sip:ghost@" + strings.Replace(freeAddr(t), "127.0.0.1", "127.0.0.2", 1)}))
		ends(t, c, 60*time.Second)
		v := o.newestEnded(t)
		v.must(t, "dial.failed", "")
		if v.Call.Words == "" {
			t.Errorf("the end has no words:\n%s", v)
		}
	})
}

// newestEnded waits for the end of the newest call, and gives it once.
func (s *server) newestEnded(t *testing.T) shown {
	t.Helper()
	id := ""
	if !eventually(10*time.Second, func() bool { id = s.judge(t, ""); return id != "" }) {
		t.Fatalf("the newest call has no end: %s", s.lastCall())
	}
	return s.show(t, id)
}

// customPrompt makes a prompt of an app and uploads its sound.
func (a *account) customPrompt(t *testing.T, app, name string, sound []int16) string {
	t.Helper()
	id := text(t, a.object(http.MethodPost, "/account/"+a.id+"/voiceapp/"+app+"/prompt", map[string]any{"name": name}), "prompt_id")
	if v := a.upload(t, id, name+".wav", wav(t, sound)); v["status"] != "success" {
		t.Fatalf("upload of %s: %v", name, v)
	}
	return id
}

func TestNumbersGoStraight(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	far := newPhone(t, phone.Options{Bind: "127.0.0.2:0"}) // a machine of its own: the server's own domain is 127.0.0.1
	add := func(number string, to ...string) {
		o.cli(append([]string{"number", "add", number, "--account", o.id}, to...)...)
	}
	add("+46850000201", "--user", o.user)
	add("+46850000202", "--to-number", o.outside)
	add("+46850000203", "--sip", "someone@"+far.Addr().String())
	add("+46850000204")
	add("+46850000205", "--extension", "101")

	straight := func(name, number string, to *phone.Phone) {
		t.Run(name, func(t *testing.T) {
			from := newPhone(t, phone.Options{})
			c, err := from.Invite("sip:"+number+"@"+o.sip, phone.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { hangUp(c) })
			in := rings(t, to, 10*time.Second)
			select {
			case <-c.Answered():
				t.Error("the caller was answered before the far end")
			default:
			}
			if err := in.Answer(t.Context()); err != nil {
				t.Fatal(err)
			}
			select {
			case <-c.Answered():
			case <-time.After(5 * time.Second):
				t.Fatalf("not answered\n%s", timeline(c))
			}
			talks(t, c, in)
			hangUp(c)
			ends(t, in, 5*time.Second)
		})
	}
	straight("to a user", "+46850000201", o.desk)
	straight("to a number", "+46850000202", o.carrier)
	straight("to a SIP address", "+46850000203", far)
	straight("to an extension", "+46850000205", o.desk)
	refused := func(name, number string, status int, cause string) {
		t.Run(name, func(t *testing.T) {
			c, err := newPhone(t, phone.Options{}).Dial(t.Context(), "sip:"+number+"@"+o.sip, phone.CallOptions{})
			if err == nil {
				hangUp(c)
				t.Fatal("the call was answered")
			}
			if e, _ := c.Ending(); e.Status != status {
				t.Errorf("refused with %d %s, not %d", e.Status, e.Phrase, status)
			}
			if v := o.ended(t, number, 10*time.Second); v.Call.Words == "" || cause != "" && v.Call.Cause != cause {
				t.Errorf("the record: %+v", v.Call)
			}
		})
	}
	refused("to nowhere", "+46850000204", 404, "")
	refused("a number nobody has", "+46850000299", 404, "")
	t.Run("busy is passed on", func(t *testing.T) {
		c, err := newPhone(t, phone.Options{}).Invite("sip:+46850000203@"+o.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rings(t, far, 10*time.Second).Reject(486)
		ends(t, c, 10*time.Second)
		if e, _ := c.Ending(); e.Status != 486 {
			t.Errorf("refused with %d %s, not 486", e.Status, e.Phrase)
		}
	})
	t.Run("the API sends a number elsewhere", func(t *testing.T) {
		plain := o.announcement("Plain", nil)
		n := o.object(http.MethodPut, "/account/"+o.id+"/phonenumbersubscription/46850000204",
			map[string]any{"connect_to_type": "app", "connect_to": map[string]any{"app_type": "ivr", "app_id": plain}})
		if n["connect_to_type"] != "app" {
			t.Errorf("the number: %v", n)
		}
		c := dial(t, newPhone(t, phone.Options{}), o.server, "+46850000204")
		hears(t, c, "Welcome", o.sound(plain, "Welcome"), 0, 5*time.Second)
	})
}

func TestTrunks(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	box := o.app(map[string]any{"app_type": "mailbox", "name": "Box"})
	o.account.number(o.number, box)
	greeting := o.sound(box, "Greeting")

	t.Run("a call from the trunk reaches the app of its number", func(t *testing.T) {
		c := dial(t, o.carrier, o.server, o.number)
		hears(t, c, "Greeting", greeting, 0, 5*time.Second)
	})
	t.Run("an extension calls out", func(t *testing.T) {
		c, err := o.desk.Invite("sip:"+o.outside+"@"+o.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { hangUp(c) })
		in := rings(t, o.carrier, 10*time.Second)
		if err := in.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, in)
		hangUp(c)
		ends(t, in, 5*time.Second)
	})
	t.Run("a stranger does not call out", func(t *testing.T) {
		c, err := newPhone(t, phone.Options{}).Dial(t.Context(), "sip:"+o.outside+"@"+o.sip, phone.CallOptions{})
		if err == nil {
			hangUp(c)
			t.Fatal("the call was answered")
		}
		if e, _ := c.Ending(); e.Status != 404 && e.Status != 401 && e.Status != 403 {
			t.Errorf("refused with %d", e.Status)
		}
	})
	t.Run("the next trunk is tried when the first fails", func(t *testing.T) {
		broken := newPhone(t, phone.Options{})
		o.cli("trunk", "add", "first", "--account", o.id, "--host", broken.Addr().String(), "--priority=-1")
		c, err := o.desk.Invite("sip:+46850000078@"+o.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { hangUp(c) })
		rings(t, broken, 10*time.Second).Reject(503)
		in := rings(t, o.carrier, 10*time.Second)
		if err := in.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, in)
		hangUp(in)
		ends(t, c, 5*time.Second)
		o.newestEnded(t).must(t, "dial.failed", "trunk first failed.*503.*trying the next")
	})
	t.Run("a busy number does not go to the next trunk", func(t *testing.T) {
		broken := newPhone(t, phone.Options{})
		o.cli("trunk", "add", "zeroth", "--account", o.id, "--host", broken.Addr().String(), "--priority=-2")
		c, err := o.desk.Invite("sip:+46850000079@"+o.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rings(t, broken, 10*time.Second).Reject(486)
		ends(t, c, 10*time.Second)
		if e, _ := c.Ending(); e.Status != 486 {
			t.Errorf("the caller was refused with %d: %s", e.Status, e.Text)
		}
	})
	t.Run("a menu whose trunk refuses goes on", func(t *testing.T) {
		menu := o.app(map[string]any{"app_type": "ivr", "name": "Out", "play_welcome": "no", "play_menu": "yes"})
		o.account.number("+46850000210", menu)
		far := newPhone(t, phone.Options{Bind: "127.0.0.2:0"})
		o.assign(menu, "digit_1", map[string]any{"action": "call", "to": "other", "id": "sip:x@" + far.Addr().String()})
		c := dial(t, newPhone(t, phone.Options{}), o.server, "+46850000210")
		press(t, c, "1")
		rings(t, far, 10*time.Second).Reject(480)
		at := time.Duration(len(c.Heard())) * time.Second / phone.Rate
		hears(t, c, "Main Menu", o.sound(menu, "Main Menu"), at, 20*time.Second)
		if strings.Contains(c.EndReason(), "BYE") {
			t.Errorf("the call ended: %s", c.EndReason())
		}
	})
}
