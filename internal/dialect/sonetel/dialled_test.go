package sonetel_test

import (
	"testing"
	"time"

	"tandem/internal/dialect"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

func TestParseDialled(t *testing.T) {
	for _, c := range []struct {
		user    string
		meaning sonetel.Meaning
		value   string
	}{
		{"*21", sonetel.MeansShortcode, "*21"}, {"*21*2", sonetel.MeansShortcode, "*21*2"}, {"%2A12", sonetel.MeansShortcode, "*12"},
		{"*22", sonetel.MeansRecordAsked, ""}, {"VAdhy6q1oioz", sonetel.MeansApp, "VAdhy6q1oioz"},
		{"record#PRx", sonetel.MeansRecord, "PRx"}, {"record%23PRx", sonetel.MeansRecord, "PRx"}, {"play#PRx", sonetel.MeansPlay, "PRx"},
		{"*", "", ""}, {"", "", ""}, {"101", "", ""}, {"+4685000000", "", ""}, {"record#", "", ""}, {"VA", "", ""}, {"%zz", "", ""},
	} {
		meaning, value, ok := sonetel.ParseDialled(c.user)
		if ok != (c.meaning != "") || ok && (meaning != c.meaning || value != c.value) {
			t.Errorf("%q: %q %q %v", c.user, meaning, value, ok)
		}
	}
}

func FuzzParseDialled(f *testing.F) {
	for _, s := range []string{"*21*2", "record%23PR1", "VA0", "%", "play##"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if m, v, ok := sonetel.ParseDialled(s); ok && m != sonetel.MeansRecordAsked && v == "" {
			t.Errorf("%q means %q of nothing", s, m)
		}
	})
}

// library is what the switchboard asks.
func (f *fixture) library() *dialect.Library {
	return dialect.NewLibrary(f.store, func(t voice.TenantID) dialect.Resolver {
		return dialect.StoreResolver{Tenant: t, UserStore: f.store, AppStore: f.store, SoundStore: f.store}
	}, f.clock.Now, f.dialect)
}

func TestDialled(t *testing.T) {
	f := newFixture(t)
	l := f.library()
	main := f.mainApp()
	std := f.ok("GET", "/account/100200/voiceapp/"+main+"/prompt", "").([]any)[0].(map[string]any)["prompt_id"].(string)
	for user, name := range map[string]string{
		"*21": "Main menu", "*12": "Voice Mail", main: "Main menu", "*22": "record a prompt",
		"record#" + std: "record prompt Welcome", "play#" + std: "play prompt Welcome",
	} {
		p, err := l.Dialled(t.Context(), account, user)
		if err != nil {
			t.Errorf("%s: %v", user, err)
			continue
		}
		if p.Name != name {
			t.Errorf("%s: %q, want %q", user, p.Name, name)
		}
		if faults := flow.Validate(p); len(faults) > 0 {
			t.Errorf("%s: %v", user, faults)
		}
	}
	for _, user := range []string{"*99", "101", "VAnone", "record#PRnone", "+4685000000"} {
		if _, err := l.Dialled(t.Context(), account, user); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("%s: %v", user, err)
		}
	}
	// Another account's prompts and apps mean nothing.
	f.account("100201", "300401", "eve@example.com")
	for _, user := range []string{"record#" + std, "play#" + std, main} {
		if _, err := l.Dialled(t.Context(), "100201", user); !voice.IsKind(err, voice.NotExist) {
			t.Errorf("another account's %s: %v", user, err)
		}
	}
}

// The program of an app is the same one until the app changes or time passes.
func TestLibraryKeepsPrograms(t *testing.T) {
	f := newFixture(t)
	l := f.library()
	main := voice.AppID(f.mainApp())
	get := func() *flow.Program {
		t.Helper()
		p, err := l.Program(t.Context(), account, main)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := get()
	if get() != first {
		t.Error("compiled again without need")
	}
	f.ok("PUT", "/account/100200/voiceapp/"+string(main), `{"menu":{"digit_1":{"action":"disconnect"}}}`)
	second := get()
	if _, ok := second.Node("digit_1"); !ok {
		t.Error("a change is not seen by the next call")
	}
	f.clock.Advance(dialect.CacheAge)
	if get() == second {
		t.Error("kept for ever")
	}
	if _, err := l.Program(t.Context(), account, "VAnone"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("no app: %v", err)
	}
	if err := f.store.CreateApp(t.Context(), voice.App{ID: "X1", Tenant: account, Kind: "other", Document: []byte("{}")}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Program(t.Context(), account, "X1"); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("no dialect: %v", err)
	}
}

// A user's mailbox is an app that no store holds.
func TestUserMailbox(t *testing.T) {
	f := newFixture(t)
	p, err := f.library().Program(t.Context(), account, "mailbox/300400")
	if err != nil {
		t.Fatal(err)
	}
	h := &interptest.MemoryHost{}
	interptest.Run(t, p, h, func(c *interptest.Caller) {
		c.Hears("mailbox-greeting")
		c.Hears("beep")
		c.Speaks(3 * time.Second)
		c.HangsUp()
	})
	if len(h.Delivered) != 1 || h.Delivered[0].Mailbox.User != "300400" {
		t.Errorf("delivered %+v", h.Delivered)
	}
}

func TestRecordByPhone(t *testing.T) {
	f := newFixture(t)
	main := f.mainApp()
	pr := f.okMap("POST", "/account/100200/voiceapp/"+main+"/prompt?name=Promo", "")["prompt_id"].(string)
	program := func(user string) *flow.Program {
		p, err := f.library().Dialled(t.Context(), account, user)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		name, user string
		script     func(c *interptest.Caller)
		saved      int
	}{
		{"save", "record%23" + pr, func(c *interptest.Caller) {
			c.Hears("record-prompt")
			c.Hears("beep")
			c.Waits(300 * time.Millisecond)
			c.Speaks(4 * time.Second)
			c.Presses("#")
			c.Hears("recording-menu")
			c.Presses("1")
			c.Hears("recording-saved")
			c.EndsBecause(voice.CauseNormal, "has been recorded")
		}, 1},
		{"listen, again, save", "record#" + pr, func(c *interptest.Caller) {
			c.Hears("beep")
			c.Waits(300 * time.Millisecond)
			c.Speaks(4 * time.Second)
			c.Presses("#")
			c.Hears("recording-menu")
			c.Presses("2")
			c.Hears("recording-menu")
			c.Presses("3")
			c.Hears("record-prompt")
			c.Hears("beep")
			c.Waits(300 * time.Millisecond)
			c.Speaks(4 * time.Second)
			c.Presses("#")
			c.Hears("recording-menu")
			c.Presses("1")
			c.Hears("recording-saved")
		}, 1},
		{"hang up saves nothing", "record#" + pr, func(c *interptest.Caller) {
			c.Hears("beep")
			c.Waits(300 * time.Millisecond)
			c.Speaks(4 * time.Second)
			c.HangsUp()
		}, 0},
		{"by record id", "*22", func(c *interptest.Caller) {
			c.Hears("enter-record-number")
			c.Presses("9999#")
			c.Hears("invalid-menu-entry")
			c.Hears("enter-record-number")
			c.Presses("1030#")
			c.Hears("record-prompt")
			c.Hears("beep")
			c.Waits(300 * time.Millisecond)
			c.Speaks(4 * time.Second)
			c.Presses("#")
			c.Hears("recording-menu")
			c.Presses("1")
			c.Hears("recording-saved")
		}, 1},
		{"by record id, silent", "*22", func(c *interptest.Caller) {
			c.Hears("enter-record-number")
			c.Hears("enter-record-number")
			c.Hears("enter-record-number")
			c.Hears("too-many-tries")
		}, 0},
		{"play", "play#" + pr, func(c *interptest.Caller) {
			c.Hears(pr)
			c.EndsBecause(voice.CauseNormal, "was played")
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &interptest.MemoryHost{}
			interptest.Run(t, program(c.user), h, c.script)
			if len(h.Saved) != c.saved {
				t.Errorf("saved %+v", h.Saved)
			}
			for _, s := range h.Saved {
				if string(s.Sound) != pr {
					t.Errorf("saved as %s", s.Sound)
				}
			}
		})
	}
}
