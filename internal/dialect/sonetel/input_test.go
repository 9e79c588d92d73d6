package sonetel_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/voice"
)

// Whatever is wrong is named, with the field, and nothing is saved.
func TestBadInput(t *testing.T) {
	f := newFixture(t)
	apps := "/account/100200/voiceapp"
	list := f.ok("GET", apps, "").([]any)
	main := apps + "/" + list[0].(map[string]any)["app_id"].(string)
	mail := apps + "/" + list[1].(map[string]any)["app_id"].(string)
	system := list[2].(map[string]any)["app_id"].(string)
	before := fmt.Sprint(f.ok("GET", apps, ""))
	prompts := fmt.Sprint(f.ok("GET", main+"/prompt", ""))
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	key := func(action string) string { return `{"menu":{"digit_4":` + action + `}}` }

	for _, c := range []struct{ method, path, body, code, words string }{
		{"POST", apps, `{"app_type":"ivr","name":"x"`, "10130014", "not JSON"},
		{"POST", apps, `[1]`, "10130014", "not a JSON object"},
		{"POST", apps, `null`, "10130014", "not a JSON object"},
		{"POST", apps, `{} {}`, "10130014", "goes on"},
		{"POST", apps, "{\"name\":\"\xff\"}", "10130014", "UTF-8"},
		{"POST", apps, deep, "10130014", "nested"},
		{"POST", apps, `{"app_type":"ivr","name":"x","name":"y"}`, "10130014", "name: the field is given twice"},
		{"POST", apps, `{"app_type":"ivr","name":"x","menu":{"digit_1":{"to":"user","to":"app"}}}`, "10130014", "menu.digit_1.to: the field is given twice"},
		{"POST", apps, `{"app_type":"ivr","name":"` + strings.Repeat("x", 2<<20) + `"}`, "10130014", "larger than"},
		{"POST", apps, ``, "10130004", "app_type"},
		{"POST", apps, `{"app_type":"fax","name":"x"}`, "10130004", "fax"},
		{"POST", apps, `{"app_type":{},"name":"x"}`, "10130004", "app_type"},
		{"POST", apps, `{"app_type":"sysprompt","name":"x"}`, "10130004", "can't be created"},
		{"POST", apps, `{"app_type":"ivr"}`, "10130003", "name"},
		{"POST", apps, `{"app_type":"ivr","name":"  "}`, "10130003", "name"},
		{"POST", apps, `{"app_type":"ivr","name":["x"]}`, "10130003", "name: text is needed, not a list"},
		{"POST", apps, `{"app_type":"ivr","name":"` + strings.Repeat("é", 101) + `"}`, "10130003", "101 characters"},
		{"POST", apps, `{"app_type":"ivr","name":"a\u0007b"}`, "10130003", "control"},
		{"POST", apps, `{"app_type":"ivr","name":"x","voice":"klingon"}`, "10130005", "voice: \"klingon\""},
		{"POST", apps, `{"app_type":"ivr","name":"x","play_menu":"maybe"}`, "10130013", "play_menu"},
		{"POST", apps, `{"app_type":"ivr","name":"x","colour":"red"}`, "10130013", "colour: the field is unknown"},
		{"POST", apps, `{"app_type":"ivr","name":"x","deliver_to":"user"}`, "10130013", "deliver_to"},
		{"POST", apps, `{"app_type":"ivr","name":"x","menu":{"digit_10":{}}}`, "10130006", "menu.digit_10"},
		{"POST", apps, `{"app_type":"ivr","name":"x","menu":[]}`, "10130006", "menu: an object is needed, not a list"},
		{"PUT", main, key(`"disconnect"`), "10130006", "menu.digit_4"},
		{"PUT", main, key(`{"action":"fly","to":"user","id":"1"}`), "10130006", "menu.digit_4.action"},
		{"PUT", main, key(`{"action":"call","to":"moon","id":"1"}`), "10130006", "menu.digit_4.to"},
		{"PUT", main, key(`{"action":"call","to":"app","id":"1"}`), "10130006", "menu.digit_4.to"},
		{"PUT", main, key(`{"action":"call","to":"user"}`), "10130006", "menu.digit_4.id"},
		{"PUT", main, key(`{"to":"user","id":"1"}`), "10130006", "menu.digit_4.action"},
		{"PUT", main, key(`{"action":"call","to":"user","id":"1","x":1}`), "10130006", "menu.digit_4.x"},
		{"PUT", main, key(`{"action":"call","to":"user","id":{}}`), "10130006", "menu.digit_4.id: text is needed"},
		{"PUT", main, key(`{"action":"call","to":"user","id":"999"}`), "10130007", "menu.digit_4.id: user \"999\""},
		{"PUT", main, key(`{"action":"call","to":"user","id":"anna"}`), "10130007", "menu.digit_4.id"},
		{"PUT", main, key(`{"action":"call","to":"csg","id":"9"}`), "10130007", "menu.digit_4.id: team"},
		{"PUT", main, key(`{"action":"call","to":"phnum","id":"12"}`), "10130006", "menu.digit_4.id"},
		{"PUT", main, key(`{"action":"call","to":"phnum","id":"+4685000000;ext=1"}`), "10130006", "menu.digit_4.id"},
		{"PUT", main, key(`{"action":"call","to":"other","id":"sip:bob@"}`), "10130006", "menu.digit_4.id"},
		{"PUT", main, key(`{"action":"call","to":"other","id":"sip:b\r\nVia: x@h"}`), "10130006", "menu.digit_4.id"},
		{"PUT", main, key(`{"action":"connect","to":"app","id":"VAx"}`), "10130007", "menu.digit_4.id: voice app"},
		{"PUT", main, key(`{"action":"connect","to":"app","id":"` + system + `"}`), "10130007", "takes no calls"},
		{"PUT", main, key(`{"action":"play","to":"prompt","id":"PRx"}`), "10130010", "menu.digit_4.id: prompt"},
		{"PUT", main, `{"menu":{"digit_1":{"action":"disconnect"},"digit_4":{"action":"fly"}}}`, "10130006", "digit_4"},
		{"PUT", main, `{"final_action":{"action":"disconnect"}}`, "10130008", "final_action"},
		{"PUT", main, `{"play_menu":"no","final_action":{"action":"call","to":"user","id":"9"}}`, "10130007", "final_action.id"},
		{"PUT", main, `{"app_type":"mailbox"}`, "10130004", "can't be changed"},
		{"PUT", main, `{"name":null}`, "10130003", "name"},
		{"PUT", mail, `{"deliver_to":"email"}`, "10130013", "deliver_to_details"},
		{"PUT", mail, `{"deliver_to":"email","deliver_to_details":"A <a@b.c>"}`, "10130013", "deliver_to_details"},
		{"PUT", mail, `{"deliver_to":"pigeon"}`, "10130013", "deliver_to"},
		{"PUT", mail, `{"deliver_to_details":"999"}`, "10130007", "deliver_to_details: user"},
		{"PUT", apps + "/" + system, `{"error_voice":"xx"}`, "10130005", "error_voice"},
		{"PUT", apps + "/VAnone", `{}`, "10130001", "VAnone"},
		{"GET", apps + "/..%2F..%2Fx", ``, "10130001", "voice app"},
		{"POST", main + "/prompt", ``, "10130003", "name"},
		{"POST", main + "/prompt", `{"name":"x","colour":1}`, "10130013", "colour"},
		{"POST", apps + "/" + system + "/prompt", `{"name":"x"}`, "10130010", "system prompts"},
		{"POST", "/tts/prompt/convert", `{}`, "10130015", "text"},
		{"POST", "/tts/prompt/convert", `{"text":"…!?"}`, "10130015", "nothing that can be spoken"},
		{"POST", "/tts/prompt/convert", `{"text":"` + strings.Repeat("x", 1001) + `"}`, "10130015", "1001 characters"},
		{"POST", "/tts/prompt/convert", `{"text":"x","voice":"nobody"}`, "10130005", "voice"},
		{"POST", "/tts/prompt/convert", `{"text":"x","gender":"robot"}`, "10130013", "gender"},
		{"POST", "/tts/prompt/convert", `{"text":"x","prompt_id":"PRx"}`, "10130010", "PRx"},
		{"POST", "/tts/prompt/convert", `{"text":"x","speed":"9"}`, "10130013", "speed"},
		{"PUT", "/account/100200", `{"timezone_details":{"zone_id":"9999"}}`, "10060003", "timezone_details.zone_id"},
		{"PUT", "/account/100200", `{"language":"tlh"}`, "10060003", "language"},
		{"PUT", "/account/100200", `{"motto":"x"}`, "10060003", "motto"},
		{"POST", "/account/100200/phonenumbersubscription", `{}`, "10080002", "phnum"},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"abc"}`, "10080002", "phnum"},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"4685000000","connect_to":"5"}`, "10080002", "connect_to_type"},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"4685000000","connect_to_type":"fax","connect_to":"5"}`, "10080002", "connect_to_type"},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"4685000000","connect_to_type":"sip","connect_to":"bob"}`, "10080002", "connect_to"},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"4685000000","connect_to_type":"app","connect_to":{"app_type":"ivr","app_id":"VAx"}}`, "10130007", "connect_to: app"},
		{"PUT", "/account/100200/user/300400/call", `{"incoming":{"first_action":{"action":"forward","to":"user","id":"9"}}}`, "10130007", "incoming.first_action.id"},
		{"PUT", "/account/100200/user/300400/call", `{"incoming":{"first_action":{"action":"forward"}}}`, "10070004", "incoming.first_action.to"},
		{"PUT", "/account/100200/user/300400/call", `{"incoming":{"third_action":{}}}`, "10070004", "incoming.third_action"},
		{"PUT", "/account/100200/user/300400/call", `{"outgoing":{"show":"someone"}}`, "10070004", "outgoing.show"},
		{"PUT", "/account/100200/user/300400", `{"call":{"incoming":{"first_action":{"action":"forward","to":"voiceapp","id":"VAx"}}}}`, "10130007", "call.incoming.first_action.id"},
		{"POST", "/account/100200/user", `{"user_fname":"x","email":"x@example.com","call":{"incoming":{"second_action":{"action":"ring","to":"phone","id":"5"}}}}`, "10070004", "call.incoming.second_action.id"},
		{"PUT", "/account/100200/user/9/call", `{}`, "10070001", "user"},
		{"GET", "/call-recording", ``, "10140002", "account_id"},
		{"GET", "/call-recording/?account_id=100200&created_date_min=yesterday", ``, "10140002", "created_date_min"},
		{"GET", "/call-recording/REx", ``, "10140001", "Invalid recording id"},
		{"POST", "/make-calls/call/call-back", `{"call1":"+46850000000","call2":"bob"}`, "10150001", "call2"},
	} {
		f.fails(c.method, c.path, c.body, 200, c.code, c.words)
	}
	for _, c := range []struct{ body, words string }{
		{`{"user_fname":"x","email":"no address"}`, "email"},
		{`{"user_fname":"x","email":"a@b.c","type":"king"}`, "type"},
		{`{"user_fname":"x","email":"a@b.c","numbers":[{"number_type":"internal","number":"12"}]}`, "numbers.number"},
		{`{"user_fname":"x","email":"a@b.c","phones":[{"phnum":"1"}]}`, "digits"},
		{`{"user_fname":"x","email":"a@b.c","password":"short"}`, "password"},
		{`{"user_fname":"x","email":"a@b.c","shoe":44}`, "shoe"},
	} {
		f.fails("POST", "/account/100200/user", c.body, 400, "10070002", c.words)
	}
	if after := fmt.Sprint(f.ok("GET", apps, "")); after != before {
		t.Errorf("something was saved:\n%s\n%s", before, after)
	}
	if after := fmt.Sprint(f.ok("GET", main+"/prompt", "")); after != prompts {
		t.Error("a prompt was saved")
	}
}

// One account sees and changes nothing of another's.
func TestIsolation(t *testing.T) {
	f := newFixture(t)
	mine := f.okMap("POST", "/account/100200/voiceapp", `{"app_type":"ivr","name":"mine"}`)
	prompt := f.okMap("POST", "/account/100200/voiceapp/"+mine["app_id"].(string)+"/prompt?name=x", "")
	f.ok("POST", "/account/100200/phonenumbersubscription", `{"phnum":"+46850000000"}`)
	_, _, f.token = f.account("100201", "300401", "eve@example.com")

	app, pr := mine["app_id"].(string), prompt["prompt_id"].(string)
	own := f.ok("GET", "/account/100201/voiceapp", "").([]any)[0].(map[string]any)["app_id"].(string)
	f.fails("GET", "/account/100200/voiceapp", "", 200, "10130002", "100200")
	f.fails("GET", "/account/100201/voiceapp/"+app, "", 200, "10130001", app)
	f.fails("PUT", "/account/100201/voiceapp/"+app, `{"name":"stolen"}`, 200, "10130001", app)
	f.fails("DELETE", "/account/100201/voiceapp/"+app, "", 200, "10130001", app)
	f.fails("GET", "/prompt/"+pr, "", 200, "10130010", pr)
	f.fails("DELETE", "/prompt/"+pr, "", 200, "10130010", pr)
	f.fails("POST", "/tts/prompt/convert", `{"prompt_id":"`+pr+`","text":"x"}`, 200, "10130010", pr)
	f.fails("PUT", "/account/100201/voiceapp/"+own, `{"menu":{"digit_1":{"action":"connect","to":"app","id":"`+app+`"}}}`, 200, "10130007", app)
	f.fails("PUT", "/account/100201/voiceapp/"+own, `{"menu":{"digit_1":{"action":"play","to":"prompt","id":"`+pr+`"}}}`, 200, "10130010", pr)
	f.fails("PUT", "/account/100201/voiceapp/"+own, `{"menu":{"digit_1":{"action":"call","to":"user","id":"300400"}}}`, 200, "10130007", "300400")
	f.fails("GET", "/account/100201/phonenumbersubscription/46850000000", "", 200, "10080001", "46850000000")
	f.fails("DELETE", "/account/100201/phonenumbersubscription/46850000000", "", 200, "10080001", "46850000000")
	f.fails("GET", "/call-recording?account_id=100200", "", 200, "10130002", "100200")
	if got := f.ok("GET", "/account/100201/user/300400", ""); got != nil {
		t.Errorf("another account's user: %v", got)
	}
}

// A regular user may not do what administrators do.
func TestRoles(t *testing.T) {
	f := newFixture(t)
	u := f.okMap("POST", "/account/100200/user", `{"user_fname":"Bo","email":"bo@example.com","password":"long enough","numbers":[{"number_type":"internal","number":"103"}]}`)
	if e, err := f.store.Extension(t.Context(), account, "103"); err != nil || string(e.User) != u["user_id"] || e.HA1SHA256 == "" || e.Realm != "tandem" {
		t.Fatalf("extension %+v %v", e, err)
	}
	f.fails("POST", "/account/100200/user", `{"user_fname":"Cy","email":"cy@example.com","numbers":[{"number_type":"internal","number":"103"}]}`, 409, "10070003", "103")
	status, body := f.tokenRequest("grant_type=password&username=bo@example.com&password=long+enough", "", "")
	if status != 200 {
		t.Fatalf("%d %v", status, body)
	}
	admin := f.token
	f.token = body["access_token"].(string)
	f.ok("GET", "/account/100200/voiceapp", "")
	id := u["user_id"].(string)
	f.ok("PUT", "/account/100200/user/"+id, `{"user_lname":"Ek"}`)
	for _, c := range [][3]string{
		{"POST", "/account/100200/user", `{"user_fname":"x","email":"x@example.com"}`},
		{"PUT", "/account/100200/user/" + id, `{"type":"admin"}`},
		{"PUT", "/account/100200/user/300400", `{"user_fname":"x"}`},
		{"DELETE", "/account/100200/user/300400", ``},
		{"PUT", "/account/100200", `{"name":"x"}`},
		{"POST", "/account/100200/phonenumbersubscription", `{"phnum":"+46850000000"}`},
		{"GET", "/call-recording?account_id=100200", ``},
	} {
		f.fails(c[0], c[1], c[2], 200, "10010004", "administrator")
	}
	f.token = admin
	f.fails("DELETE", "/account/100200/user/300400", "", 200, "10010004", "yourself")
	f.ok("DELETE", "/account/100200/user/"+id, "")
	if _, err := f.store.Extension(t.Context(), account, "103"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("the extension is left: %v", err)
	}
	if status, _ := f.tokenRequest("grant_type=password&username=bo@example.com&password=long+enough", "", ""); status != 401 {
		t.Errorf("the credential is left: %d", status)
	}
}

// The vendor's host names are served at the root.
func TestRoot(t *testing.T) {
	f := newFixture(t)
	req := httptest.NewRequest("GET", "/account/100200", nil)
	req.Host = f.dialect.HostNames()[0]
	req.Header.Set("Authorization", "Bearer "+f.token)
	f.handler = f.dialect.Handler("")
	if status, body := f.send(req); status != 200 || body["status"] != "success" {
		t.Errorf("%d %v", status, body)
	}
}
