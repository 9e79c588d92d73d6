package telphin_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"tandem/internal/auth"
	"tandem/internal/dialect/telphin"
	"tandem/internal/voice"
)

func TestRateLimit(t *testing.T) {
	f := newFixture(t, func(c *telphin.Config) { c.HourlyLimit = 2 })
	for i, want := range []int{200, 200, 429} {
		r := f.raw("GET", "/user/", "", "")
		if h := r.Header(); r.Code != want || h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Remaining") != fmt.Sprint(max(0, 1-i)) || h.Get("X-RateLimit-Reset") != "2930" {
			t.Errorf("request %d: %d %v", i, r.Code, h)
		}
	}
	f.fails("GET", "/user/", "", 429, "rate_limit_exceeded", "2 requests")
}

func TestWindows1251(t *testing.T) {
	f := newFixture(t)
	f.menu("071")
	if got := f.object("PUT", "/client/@me/extension/@071", "{\"label\":\"\xcf\xf0\xe8\xe2\xe5\xf2\"}"); got["label"] != "Привет" {
		t.Errorf("label: %v", got)
	}
}

func TestOrderAndDigits(t *testing.T) {
	f := newFixture(t)
	ivr := f.menu("071")
	if got := f.object("PUT", ivr, `[{}]`); got["entry_context"] != 1.0 {
		t.Errorf("[{}]: %v", got)
	}
	for _, digits := range []string{"#", "*"} {
		f.ok("POST", ivr+"/context/1/options", `{"digits":"`+digits+`"}`)
		one := strings.Replace(ivr, "/extension/", "/", 1)
		f.ok("POST", "/ivr"+strings.TrimSuffix(one, "/ivr")+"/context/1/options/"+url.PathEscape(digits)+"/rules", `{"action":"hangup"}`)
	}
	for _, escaped := range []string{"%23", "%2A"} {
		for _, slash := range []string{"", "/"} {
			if rules := f.ok("GET", ivr+"/context/1/options/"+escaped+"/rules"+slash, "").([]any); len(rules) != 1 {
				t.Errorf("%s: %v", escaped, rules)
			}
		}
		f.ok("DELETE", ivr+"/context/1/options/"+escaped, "")
	}
	const start = "/context/1/options/start/rules/"
	a, b := f.object("POST", ivr+start, `{"action":"hangup"}`), f.object("POST", ivr+start, `{"action":"transfer","transfer_dst":"101"}`)
	x, y := numberOf(a["id"]), numberOf(b["id"])
	for _, bad := range []string{`{"order":[` + x + `]}`, `{"order":[` + x + `,` + x + `]}`, `{"order":[` + x + `,99]}`, `{"order":"x"}`, `{}`, `[]`} {
		f.fails("PUT", ivr+start+"order/", bad, 400, "validation_error", "order")
	}
	for _, good := range []string{`{"order":[` + y + `,` + x + `]}`, `[` + y + `,` + x + `]`} {
		f.ok("PUT", ivr+start+"order/", good)
		if got := fmt.Sprint(f.object("GET", ivr+start+"order", "")["order"]); got != "["+y+" "+x+"]" {
			t.Errorf("%s: %s", good, got)
		}
	}
	f.ok("POST", ivr+"/context", `{"name":"Second"}`)
	f.ok("POST", ivr+start, `{"action":"jump_to_context","context":2}`)
	f.fails("DELETE", ivr+"/context/2", "", 409, "in_use", "start")
	f.fails("DELETE", "/client/@me/extension/901", "", 409, "in_use", ownerID)
}

func TestSmallResources(t *testing.T) {
	f := newFixture(t)
	f.ok("POST", "/client/@me/extension/", `{"name":"300","type":"fax","status":"active"}`)
	f.object("GET", "/extension/@300/fax/", "")
	f.fails("GET", "/extension/@101/fax/", "", 400, "validation_error", "type phone")
	if got := f.object("GET", "/extension/@101/ani/", ""); fmt.Sprint(got) != "map[default:<nil>]" {
		t.Errorf("ani: %v", got)
	}
	if got := f.object("GET", "/client/12/limit/", ""); got["max_concurrent_out"] != 10.0 || got["client_id"] != 12.0 {
		t.Errorf("limit: %v", got)
	}
	if got := f.object("GET", "/client/client_info/@me/", ""); got["id"] != 12.0 || got["name"] != "Example Ltd" {
		t.Errorf("client info: %v", got)
	}
	if got := f.ok("GET", "/client/@me/extension_group/", "").([]any); len(got) != 0 {
		t.Errorf("groups: %v", got)
	}
}

// another makes a second account with an application and logs in as it.
func (f *fixture) another() {
	f.t.Helper()
	now := f.clock.Now()
	if err := f.store.CreateTenant(f.t.Context(), voice.Tenant{ID: "13", Name: "Other", Language: "en", Timezone: "UTC", Country: "RU", Currency: "RUB", Created: now}); err != nil {
		f.t.Fatal(err)
	}
	hash, err := auth.NewHasher().Hash(f.t.Context(), secret)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.store.CreateToken(f.t.Context(), voice.Token{ID: "Tother", Tenant: "13", Kind: string(telphin.Kind), Name: "other", Hash: hash,
		Scopes: []string{"type:trusted", "access:all"}, Created: now}); err != nil {
		f.t.Fatal(err)
	}
	f.token = f.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {"other"}, "client_secret": {secret}})
}

// TestAccountsAreApart puts, in every endpoint and for every parameter of its path,
// another account's id in the place of an own one.
func TestAccountsAreApart(t *testing.T) {
	f := newFixture(t)
	things := func(number string) map[string]string {
		ivr := f.menu(number)
		f.ok("POST", ivr+"/context/1/options/start/rules/", `{"action":"hangup"}`)
		_, s := f.sound("s", "RIFF x")
		queue := f.object("POST", "/client/@me/extension/", `{"name":"2`+number+`","type":"queue","status":"active"}`)
		event := f.object("POST", ivr[:len(ivr)-len("/ivr")]+"/event/", `{"url":"http://x.example/e","event_type":"dial-in","method":"GET"}`)
		return map[string]string{"client_id": "@me", "extension_id": strings.Split(ivr, "/")[2], "queue": numberOf(queue["id"]), "sound_id": numberOf(s["id"]),
			"event_id": numberOf(event["id"]), "context_id": "1", "option_digits": "start", "rule_id": "1"}
	}
	theirs := things("071")
	theirs["client_id"], theirs["did_id"], theirs["agent_id"], theirs["call_uuid"], theirs["record_uuid"] = account, "902", "901", "c0", "crec"
	f.past(account, 1, "c")
	f.another()
	own := things("072")
	own["did_id"], own["agent_id"], own["call_uuid"], own["record_uuid"] = "902", "901", "c0", "crec"
	asked := 0
	for _, e := range f.dialect.Describe().Endpoints {
		if e.Open {
			continue
		}
		body := e.Example
		if body == "" && e.Type == "application/json" {
			body = "{}"
		}
		fill := func(foreign string) string {
			path := e.Path
			for name, value := range own {
				if name == foreign {
					value = theirs[name]
				}
				if name == "extension_id" && strings.Contains(path, "/queue/") {
					value = own["queue"]
					if name == foreign {
						value = theirs["queue"]
					}
				}
				path = strings.ReplaceAll(path, "{"+name+"}", value)
			}
			return path
		}
		for _, name := range []string{"client_id", "extension_id", "sound_id", "event_id", "did_id", "agent_id", "call_uuid", "record_uuid"} {
			if !strings.Contains(e.Path, "{"+name+"}") {
				continue
			}
			asked++
			r := f.raw(e.Method, fill(name), e.Type, body)
			if read := e.Method == "GET" || e.Method == "DELETE"; r.Code/100 != 4 || read && r.Code != 404 || r.Code == 405 {
				t.Errorf("%s %s: %d %s", e.Method, fill(name), r.Code, r.Body)
			}
		}
		if e.Method == "DELETE" { // the foreign ids above have shown that it is there
			continue
		}
		if r := f.raw(e.Method, fill(""), "application/json", "{}"); r.Code == 405 || strings.Contains(r.Body.String(), `"Not found"`) {
			t.Errorf("%s %s is described and does not exist", e.Method, e.Path)
		}
	}
	if asked < 50 {
		t.Errorf("only %d requests were made", asked)
	}
}
