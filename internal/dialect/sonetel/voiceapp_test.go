package sonetel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tandem/internal/dialect"
	"tandem/internal/dialect/dialecttest"
	"tandem/internal/dialect/sonetel"
	"tandem/internal/flow"
	"tandem/internal/interp/interptest"
	"tandem/internal/voice"
)

// An app outlives what it refers to: it can be read, sent back and changed, but
// nothing new may refer to what is gone.
func TestDanglingReferences(t *testing.T) {
	f := newFixture(t)
	apps := "/account/100200/voiceapp"
	a := f.okMap("POST", apps, `{"app_type":"ivr","name":"a"}`)["app_id"].(string)
	b := f.okMap("POST", apps, `{"app_type":"ivr","name":"b","menu":{"digit_1":{"action":"connect","to":"app","id":"`+a+`"}}}`)["app_id"].(string)
	f.ok("DELETE", apps+"/"+a, "")
	whole, err := json.Marshal(f.ok("GET", apps+"/"+b, ""))
	if err != nil {
		t.Fatal(err)
	}
	f.ok("PUT", apps+"/"+b, string(whole))
	f.ok("PUT", apps+"/"+b, `{"name":"c","menu":{"digit_2":{"action":"disconnect"}}}`)
	f.fails("PUT", apps+"/"+b, `{"menu":{"digit_3":{"action":"connect","to":"app","id":"`+a+`"}}}`, 200, "10130007", "menu.digit_3.id")
	app, err := f.store.App(t.Context(), account, voice.AppID(b))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := f.dialect.Compile(t.Context(), app, f.resolver())
	if err != nil {
		t.Fatal(err)
	}
	interptest.Run(t, &p, &interptest.MemoryHost{}, func(c *interptest.Caller) {
		c.Hears("main-menu")
		c.Presses("1")
		c.Hears("invalid-menu-entry")
		c.HangsUp()
	})
}

func (f *fixture) resolver() dialect.Resolver {
	return dialect.StoreResolver{Tenant: account, UserStore: f.store, AppStore: f.store, SoundStore: f.store}
}

// Clients that change different keys of one menu at once lose nothing, and apps
// made at once get shortcodes and record ids of their own.
func TestConcurrentClients(t *testing.T) {
	f := newFixture(t)
	main := "/account/100200/voiceapp/" + f.mainApp()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 20 { // "try again" is a good answer to a busy app
				_, body := f.call("PUT", main, fmt.Sprintf(`{"menu":{"digit_%d":{"action":"disconnect"}}}`, i))
				if body["status"] == "success" {
					return
				}
			}
			t.Errorf("digit_%d was never saved", i)
		})
		wg.Go(func() { f.ok("POST", "/account/100200/voiceapp", fmt.Sprintf(`{"app_type":"ivr","name":"app %d"}`, i)) })
		wg.Go(func() { f.ok("POST", main+"/prompt", fmt.Sprintf(`{"name":"prompt %d"}`, i)) })
	}
	wg.Wait()
	menu := f.okMap("GET", main, "")["menu"].(map[string]any)
	for i := range 4 {
		if menu[fmt.Sprintf("digit_%d", i)].(map[string]any)["action"] != "disconnect" {
			t.Errorf("digit_%d is lost: %v", i, menu)
		}
	}
	codes, refs := map[string]bool{}, map[string]bool{}
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range apps {
		if a.Shortcode != "" && codes[a.Shortcode] {
			t.Errorf("shortcode %s twice", a.Shortcode)
		}
		codes[a.Shortcode] = true
	}
	sounds, err := f.store.Sounds(t.Context(), account, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sounds {
		if refs[s.Ref] {
			t.Errorf("record id %s twice", s.Ref)
		}
		refs[s.Ref] = true
	}
}

// An app has room for 70 custom prompts; the next one is refused in words.
func TestManyPrompts(t *testing.T) {
	f := newFixture(t)
	path := "/account/100200/voiceapp/" + f.mainApp() + "/prompt"
	for i := range 70 {
		f.ok("POST", path, fmt.Sprintf(`{"name":"p%d"}`, i))
	}
	f.fails("POST", path, `{"name":"one more"}`, 200, "10130010", "70 custom prompts")
}

func TestBootstrapTwice(t *testing.T) {
	f := newFixture(t)
	if err := sonetel.Bootstrap(t.Context(), f.tenant, f.owner.ID, f.store, f.store, f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil || len(apps) != 3 {
		t.Errorf("%d apps, %v", len(apps), err)
	}
}

// documents draws bodies of POST that are good.
func documents(t *rapid.T) map[string]any {
	yes := rapid.SampledFrom([]any{"yes", "no", true, false, "YES"})
	voices := rapid.SampledFrom([]string{"en", "swe", "en-uk-fe", "ara-fe", "se"})
	doc := map[string]any{"name": rapid.StringMatching(`[A-Za-zåäö<&"' 0-9]{0,40}x`).Draw(t, "name")}
	put := func(name string, draw func() any) {
		if rapid.Bool().Draw(t, "has "+name) {
			doc[name] = draw()
		}
	}
	put("voice", func() any { return voices.Draw(t, "voice") })
	if rapid.Bool().Draw(t, "mailbox") {
		doc["app_type"] = "mailbox"
		put("greeting_prompt", func() any { return yes.Draw(t, "greeting") })
		put("goodbye_prompt", func() any { return yes.Draw(t, "goodbye") })
		if rapid.Bool().Draw(t, "email") {
			doc["deliver_to"], doc["deliver_to_details"] = "email", "a@example.com"
		} else {
			put("deliver_to_details", func() any { return 300400 })
		}
		return doc
	}
	doc["app_type"] = "ivr"
	put("play_welcome", func() any { return yes.Draw(t, "welcome") })
	put("get_extension", func() any { return yes.Draw(t, "extension") })
	menu := map[string]any{}
	for _, key := range []string{"digit_0", "digit_1", "digit_5", "digit_9", "timeout"} {
		if rapid.Bool().Draw(t, key) {
			menu[key] = action(t)
		}
	}
	put("menu", func() any { return menu })
	if rapid.Bool().Draw(t, "announcement") {
		doc["play_menu"] = "no"
		put("final_action", func() any { return action(t) })
	}
	return doc
}

func action(t *rapid.T) any {
	return rapid.SampledFrom([]any{
		map[string]any{"action": "call", "to": "user", "id": 300400},
		map[string]any{"action": "call", "to": "phnum", "id": "+46 8 500 00 00"},
		map[string]any{"action": "call", "to": "csg", "id": "100200"},
		map[string]any{"action": "call", "to": "other", "id": "sip:bob@pbx.example:5070"},
		map[string]any{"action": "call", "to": "other", "id": "+4685000000"},
		map[string]any{"action": "connect", "to": "app", "id": "VAchecked"},
		map[string]any{"action": "play", "to": "prompt", "id": "PRx"},
		map[string]any{"action": "disconnect", "to": nil, "id": nil},
		map[string]any{"action": "", "to": "", "id": ""}, map[string]any{}, nil,
	}).Draw(t, "action")
}

// Every good document compiles to a program that is valid, and its normal form
// compiles to the same program.
func TestCompileProperty(t *testing.T) {
	d := compiler(t)
	w := &dialecttest.World{}
	if err := w.Read(sonetel.Kind, "user 300400\ngroup 100200\nsound PRx VAchecked 1030 audio\n"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		body, err := json.Marshal(documents(rt))
		if err != nil {
			rt.Fatal(err)
		}
		p, diags, err := d.Check(t.Context(), body, w)
		if err != nil || len(diags) > 0 || p.Entry == "" {
			rt.Fatalf("%s: %v %v", body, diags, err)
		}
		if faults := flow.Validate(&p); len(faults) > 0 {
			rt.Fatalf("%s: %v", body, faults)
		}
	})
}

// GET gives what was PUT: sending an app back changes nothing, and neither does
// sending its parts one by one.
func TestNormalFormIsStable(t *testing.T) {
	f := newFixture(t)
	apps := "/account/100200/voiceapp"
	main := f.mainApp()
	prompt := f.okMap("POST", apps+"/"+main+"/prompt?name=x", "")["prompt_id"].(string)
	rapid.Check(t, func(rt *rapid.T) {
		body, err := json.Marshal(documents(rt))
		if err != nil {
			rt.Fatal(err)
		}
		text := strings.NewReplacer("VAchecked", main, "PRx", prompt).Replace(string(body))
		_, answer := f.call("POST", apps, text)
		if answer["status"] != "success" {
			rt.Fatalf("POST %s: %v", text, answer)
		}
		first := answer["response"].(map[string]any)
		path := apps + "/" + first["app_id"].(string)
		whole, _ := json.Marshal(first)
		_, answer = f.call("PUT", path, string(whole))
		if diff := cmp.Diff(any(first), answer["response"]); diff != "" {
			rt.Fatalf("PUT of GET changes (-before +after):\n%s", diff)
		}
		if menu, ok := first["menu"].(map[string]any); ok {
			for key, action := range menu {
				one, _ := json.Marshal(map[string]any{"menu": map[string]any{key: action}})
				if _, answer := f.call("PUT", path, string(one)); answer["status"] != "success" {
					rt.Fatalf("PUT of key %s: %v", key, answer)
				}
			}
		}
		if diff := cmp.Diff(any(first), f.ok("GET", path, "")); diff != "" {
			rt.Fatalf("GET differs (-POST +GET):\n%s", diff)
		}
		f.ok("DELETE", path, "")
	})
}
