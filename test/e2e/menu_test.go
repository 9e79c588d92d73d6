package e2e_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"tandem/internal/phone"
)

// office is an account with a menu that its tests call, as a customer would
// set it up: a user with a phone, a trunk to a carrier, numbers.
type office struct {
	*account
	menu    string       // the voice app behind number
	number  string       // E.164
	user    string       // id of the user of extension 101
	desk    *phone.Phone // the phone of extension 101
	carrier *phone.Phone // whoever answers behind the trunk
	outside string       // a number that the carrier reaches
	sounds  map[string][]int16
}

func newOffice(t *testing.T, more ...string) *office {
	t.Helper()
	s := start(t, more...)
	o := &office{account: newAccount(t, s), number: "+46850000001", outside: "+46850000077"}
	ext := s.fields("extension", "add", "101", "--account", o.id)
	o.user = text(t, ext, "user_id")
	o.desk = newPhone(t, phone.Options{Username: text(t, ext, "username"), Password: text(t, ext, "password"), Domain: text(t, ext, "domain")})
	if _, err := o.desk.Register(t.Context(), "sip:"+s.sip, time.Hour); err != nil {
		t.Fatalf("register: %v\n%s", err, s.log)
	}
	o.carrier = newPhone(t, phone.Options{})
	s.cli("trunk", "add", "carrier", "--account", o.id, "--host", o.carrier.Addr().String())
	return o
}

// makeMenu makes the menu that the vendor's sample makes, by the sample script.
func (o *office) makeMenu() {
	o.t.Helper()
	mailbox := o.defaultApp("Voice Mail")
	out := o.script("create_ivr.py", "IVR_NAME=Front desk", "USER_ID="+o.user,
		"PHONE_NUMBER="+o.outside, "APP_ID="+mailbox)
	if !strings.Contains(out, "IVR Created") {
		o.t.Fatalf("the sample script: %s", out)
	}
	o.menu = o.defaultApp("Front desk")
	o.account.number(o.number, o.menu)
	o.load(o.menu, "Welcome", "Main Menu", "Enter Extension", "Please Wait", "Invalid Menu Entry", "Invalid Extension")
	o.load(mailbox, "Greeting")
}

func (o *office) load(app string, names ...string) {
	o.t.Helper()
	if o.sounds == nil {
		o.sounds = map[string][]int16{}
	}
	for _, n := range names {
		o.sounds[n] = o.sound(app, n)
	}
}

// script runs one of the sample scripts with Debian's Python.
func (o *office) script(name string, env ...string) string {
	o.t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import requests").Run(); err != nil {
		o.t.Fatal("python3-requests is not installed; scripts/setup-test.sh installs it")
	}
	cmd := exec.Command(python, "../samples/sonetel/"+name)
	cmd.Env = append(o.env, "SONETEL_URL=http://"+o.http+"/sonetel/", "SONETEL_TOKEN="+o.token, "SONETEL_ACCOUNT="+o.id)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// call calls the menu from outside.
func (o *office) call(t *testing.T) *phone.Call {
	t.Helper()
	return dial(t, newPhone(t, phone.Options{}), o.server, o.number)
}

func TestMenu(t *testing.T) {
	o := newOffice(t)
	o.makeMenu()

	t.Run("every prompt is heard and no key repeats the menu", func(t *testing.T) {
		c := o.call(t)
		at := hears(t, c, "Welcome", o.sounds["Welcome"], 0, 5*time.Second)
		at = hears(t, c, "Main Menu", o.sounds["Main Menu"], at-time.Second, 5*time.Second)
		at = hears(t, c, "Enter Extension", o.sounds["Enter Extension"], at-time.Second, 5*time.Second)
		hears(t, c, "Main Menu again", o.sounds["Main Menu"], at, 10*time.Second)
	})
	t.Run("0 rings the user, who talks with the caller", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "0")
		desk := rings(t, o.desk, 10*time.Second)
		if err := desk.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, desk)
		hangUp(desk)
		ends(t, c, 5*time.Second)
		hears(t, c, "Please Wait", o.sounds["Please Wait"], 0, 0)
	})
	t.Run("1 reaches the number through the trunk", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "1")
		far := rings(t, o.carrier, 10*time.Second)
		if err := far.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, far)
		hangUp(c)
		ends(t, far, 5*time.Second)
	})
	t.Run("2 goes on in the mailbox", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "2")
		hears(t, c, "Greeting", o.sounds["Greeting"], 0, 5*time.Second)
	})
	t.Run("an extension is dialled", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "101")
		desk := rings(t, o.desk, 10*time.Second)
		if err := desk.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		talks(t, c, desk)
	})
	t.Run("a wrong key and a wrong extension are said to be wrong", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "9")
		at := hears(t, c, "Invalid Menu Entry", o.sounds["Invalid Menu Entry"], 0, 5*time.Second)
		at = hears(t, c, "Main Menu", o.sounds["Main Menu"], at-time.Second, 5*time.Second) // the rest of what was mistyped does not count
		press(t, c, "199")
		hears(t, c, "Invalid Extension", o.sounds["Invalid Extension"], at, 10*time.Second)
	})
	t.Run("a busy user brings the caller back to the menu", func(t *testing.T) {
		c := o.call(t)
		press(t, c, "0")
		desk := rings(t, o.desk, 10*time.Second)
		desk.Reject(486)
		at := hears(t, c, "Please Wait", o.sounds["Please Wait"], 0, 5*time.Second)
		hears(t, c, "Main Menu", o.sounds["Main Menu"], at, 20*time.Second)
	})
	t.Run("the other sample script changes the menu", func(t *testing.T) {
		out := o.script("update_ivr.py", "IVR_ID="+o.menu, "IVR_NAME=Front desk", "USER_ID="+o.user,
			"PHONE_NUMBER="+o.outside, "APP_ID="+o.defaultApp("Voice Mail"))
		if !strings.Contains(out, "IVR updated") {
			t.Fatalf("the sample script: %s", out)
		}
		c := o.call(t)
		press(t, c, "3")
		hears(t, c, "Greeting", o.sounds["Greeting"], 0, 5*time.Second)
		again := o.call(t)
		press(t, again, "2")
		desk := rings(t, o.desk, 10*time.Second)
		desk.Answer(t.Context())
		talks(t, again, desk)
	})
}
