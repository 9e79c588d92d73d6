package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

func TestShortcodes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	mainMenu, voiceMail := o.defaultApp("Main menu"), o.defaultApp("Voice Mail")
	second := o.object(http.MethodPost, "/account/"+o.id+"/voiceapp", map[string]any{"app_type": "ivr", "name": "Second", "play_welcome": "no", "play_menu": "yes"})
	id := text(t, second, "app_id")
	if code := text(t, second, "shortcode"); code != "*21*2" {
		t.Errorf("the second menu has the shortcode %q", code)
	}
	p := o.customPrompt(t, id, "Greeting", melody(600, 900, 700, 800))
	o.assign(id, "digit_1", map[string]any{"action": "play", "to": "prompt", "id": p})
	address := text(t, second, "sip_address")
	user, domain, _ := strings.Cut(address, "@")
	if user != id || domain == "" {
		t.Errorf("sip_address %q", address)
	}

	t.Run("*21 is the main menu", func(t *testing.T) {
		hears(t, dial(t, o.desk, o.server, "*21"), "Welcome", o.sound(mainMenu, "Welcome"), 0, 5*time.Second)
	})
	t.Run("*12 is the voice mail", func(t *testing.T) {
		hears(t, dial(t, o.desk, o.server, "*12"), "Greeting", o.sound(voiceMail, "Greeting"), 0, 5*time.Second)
	})
	for name, dialled := range map[string]string{"*21*2": "*21*2", "the app's address": user, "the app's address in small letters": strings.ToLower(user)} {
		t.Run(name+" is the second menu", func(t *testing.T) {
			c := dial(t, o.desk, o.server, dialled)
			press(t, c, "1")
			hears(t, c, "the prompt of the second menu", melody(600, 900, 700, 800), 0, 8*time.Second)
		})
	}
	t.Run("the own extension and own numbers", func(t *testing.T) {
		o.account.number("+46850000301", id)
		c := dial(t, o.desk, o.server, "+46850000301")
		hears(t, c, "Main Menu", o.sound(id, "Main Menu"), 0, 5*time.Second)
	})
	t.Run("what is nothing", func(t *testing.T) {
		for _, dialled := range []string{"*99", "*21*9", "VAnothing", "record%23PRnothing", "999"} {
			c, err := o.desk.Invite("sip:"+dialled+"@"+o.sip, phone.CallOptions{})
			if err != nil {
				t.Fatal(err)
			}
			ends(t, c, 5*time.Second)
			if e, _ := c.Ending(); e.Status != 404 {
				t.Errorf("%s: %d %s", dialled, e.Status, e.Text)
			}
		}
	})
	t.Run("an app that is deleted", func(t *testing.T) {
		o.api(http.MethodDelete, "/account/"+o.id+"/voiceapp/"+id, nil)
		c, err := o.desk.Invite("sip:*21*2@"+o.sip, phone.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ends(t, c, 5*time.Second)
		if e, _ := c.Ending(); e.Status != 404 {
			t.Errorf("%d %s", e.Status, e.Text)
		}
	})
}
