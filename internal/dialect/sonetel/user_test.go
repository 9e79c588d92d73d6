package sonetel_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"testing"

	"tandem/internal/voice"
)

// The internal number of a user is a telephone line, whose password the reply
// that makes it shows, once.
func TestExtensions(t *testing.T) {
	f := newFixture(t)
	number := func(u map[string]any) map[string]any {
		t.Helper()
		for _, n := range u["numbers"].([]any) {
			if m := n.(map[string]any); m["number_type"] == "internal" {
				return m
			}
		}
		return nil
	}
	path := "/account/100200/user/300400"
	n := number(f.okMap("PUT", path, `{"numbers":[{"number_type":"e.164","number":"46850000000"},{"number_type":"internal","number":"101"}]}`))
	e, err := f.store.Extension(t.Context(), account, "101")
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte(n["sip_username"].(string) + ":tandem:" + n["sip_password"].(string)))
	if e.Username != n["sip_username"] || e.HA1MD5 != hex.EncodeToString(sum[:]) || e.User != ownerID {
		t.Errorf("%+v %v", e, n)
	}
	if n := number(f.okMap("GET", path, "")); n["number"] != "101" || n["sip_password"] != nil {
		t.Errorf("the password is shown again: %v", n)
	}
	// The user sent back changes nothing; another number gives the line up.
	whole, err := json.Marshal(f.ok("GET", path, ""))
	if err != nil {
		t.Fatal(err)
	}
	f.ok("PUT", path, string(whole))
	if again, err := f.store.Extension(t.Context(), account, "101"); err != nil || again.HA1MD5 != e.HA1MD5 {
		t.Errorf("%+v %v", again, err)
	}
	f.ok("PUT", path, `{"numbers":[{"number_type":"internal","number":"105"}]}`)
	if _, err := f.store.Extension(t.Context(), account, "101"); !voice.IsKind(err, voice.NotExist) {
		t.Errorf("the old line is left: %v", err)
	}
	// A telephone that is there already keeps its password.
	if err := f.store.AddExtension(t.Context(), voice.Extension{Tenant: account, Number: "200", Username: "desk", Realm: "tandem", HA1MD5: "kept"}); err != nil {
		t.Fatal(err)
	}
	if n := number(f.okMap("PUT", path, `{"numbers":[{"number_type":"internal","number":"200"}]}`)); n["sip_password"] != nil {
		t.Errorf("%v", n)
	}
	if e, err := f.store.Extension(t.Context(), account, "200"); err != nil || e.HA1MD5 != "kept" || e.User != ownerID {
		t.Errorf("%+v %v", e, err)
	}
	f.ok("PUT", path, `{"numbers":[]}`)
	if n := number(f.okMap("GET", path, "")); n != nil {
		t.Errorf("%v", n)
	}
}

func TestUserShowsNumbers(t *testing.T) {
	f := newFixture(t)
	f.ok("POST", "/account/100200/phonenumbersubscription", `{"phnum":"+12025550000","connect_to_type":"user","connect_to":"300400"}`)
	for i, dest := range []string{`"sip","connect_to":"105@pbx.example"`, `"csg","connect_to":"100200"`, `"phnum","connect_to":"+46850000000"`} {
		f.ok("POST", "/account/100200/phonenumbersubscription", `{"phnum":"4420`+string(rune('0'+i))+`0000000","connect_to_type":`+dest+`}`)
	}
	list := f.ok("GET", "/account/100200/phonenumbersubscription", "").([]any)
	if len(list) != 4 || list[1].(map[string]any)["country_code"] != "44" {
		t.Errorf("%v", list)
	}
	u := f.okMap("GET", "/account/100200/user/300400", "")
	if n := u["numbers"].([]any); len(n) != 1 || n[0].(map[string]any)["number"] != "12025550000" {
		t.Errorf("%v", n)
	}
}

// Every rule of call settings can be written and read back.
func TestCallSettings(t *testing.T) {
	f := newFixture(t)
	f.ok("PUT", "/account/100200/user/300400", `{"phones":[{"phone_id":"77","phnum":"+46700000000","phone_type":"mobile"}]}`)
	path := "/account/100200/user/300400/call"
	for _, c := range []struct{ send, want string }{
		{`{"action":"ring"}`, `{"action":"ring","to":"myphones","id":"","show":"","ring_time":""}`},
		{`{"to":"sipphones","ring_time":5}`, `{"action":"ring","to":"sipphones","id":"","show":"","ring_time":"5"}`},
		{`{"to":"phone","id":"77"}`, `{"action":"ring","to":"phone","id":"77","show":"","ring_time":"5"}`},
		{`{"action":"forward","to":"user","id":300400,"show":"caller"}`, `{"action":"forward","to":"user","id":"300400","show":"caller","ring_time":"5"}`},
		{`{"action":"forward","to":"phnum","id":"+46 70 000 00 01","show":"+46850000000"}`, `{"action":"forward","to":"phnum","id":"+46 70 000 00 01","show":"+46850000000","ring_time":"5"}`},
		{`{"action":"forward","to":"voiceapp","id":"` + f.mainApp() + `"}`, `{"action":"forward","to":"voiceapp","id":"` + f.mainApp() + `","show":"+46850000000","ring_time":"5"}`},
		{`{"action":"forward","to":"sip","id":"bob@pbx.example"}`, `{"action":"forward","to":"sip","id":"bob@pbx.example","show":"+46850000000","ring_time":"5"}`},
		{`{"action":"disconnect"}`, `{"action":"disconnect","to":"","id":"","show":"","ring_time":""}`},
		{`null`, `{"action":"","to":"","id":"","show":"","ring_time":""}`},
	} {
		answer := f.okMap("PUT", path, `{"incoming":{"standard_action":`+c.send+`}}`)
		var want any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(answer["incoming"].(map[string]any)["standard_action"])
		wanted, _ := json.Marshal(want)
		if string(got) != string(wanted) {
			t.Errorf("%s: %s, want %s", c.send, got, wanted)
		}
	}
}

func TestGlobalData(t *testing.T) {
	f := newFixture(t)
	f.token = "" // these lists need none
	for path, least := range map[string]int{"voiceprompts": 12, "timezone": 50, "language": 9, "errors": 30} {
		if list := f.ok("GET", "/globaldata/"+path, "").([]any); len(list) < least {
			t.Errorf("%s: %d", path, len(list))
		}
	}
}
