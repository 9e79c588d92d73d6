package httpapi_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/httpapi"
	"tandem/internal/voice"
)

func TestAccountsAreTheOperators(t *testing.T) {
	f := newFixture(t)
	operator := f.newKey("", httpapi.Operator)
	for _, what := range [][3]string{{"GET", "/accounts"}, {"POST", "/accounts", `{"name":"x"}`}, {"GET", "/accounts/" + string(f.tenant)},
		{"POST", "/accounts/" + string(f.tenant) + "/keys", `{"name":"x","scopes":["operator"]}`}} {
		f.fails(403, "has not the scope operator", what[0], what[1], what[2])
	}
	r := f.as(operator, "POST", "/accounts", `{"name":"Three","email":"three@example.com","timezone":"Europe/Stockholm","country":"SE"}`)
	if r.status != 201 || r.body["email"] != "three@example.com" || r.body["owner"] == "" {
		t.Fatalf("create: %d %s", r.status, r.raw)
	}
	path := "/accounts/" + r.body["id"].(string)
	f.refused(f.as(operator, "POST", "/accounts", `{"name":"x","timezone":"Mars/Base"}`), 422, "body.timezone", "no time zone")
	f.refused(f.as(operator, "POST", "/accounts", `{}`), 422, "name", "no name")
	f.refused(f.as(operator, "GET", "/accounts/1", ""), 404, "account 1", "no account")
	if list := f.as(operator, "GET", "/accounts", "").items(); len(list) != 3 {
		t.Errorf("accounts: %v", list)
	}
	r = f.as(operator, "PATCH", path, `{"name":"Drei","limits":{"outbound_calls":3,"calls_per_second":2,"max_queued":9}}`)
	limits, _ := r.body["limits"].(map[string]any)
	if r.status != 200 || r.body["name"] != "Drei" || limits["outbound_calls"] != 3.0 || limits["calls_per_second"] != 2.0 || limits["max_queued"] != 9.0 || r.body["timezone"] != "Europe/Stockholm" {
		t.Errorf("change: %d %s", r.status, r.raw)
	}
	key := f.as(operator, "POST", path+"/keys", `{"name":"first","scopes":["config:read"]}`)
	if key.status != 201 {
		t.Fatalf("key: %d %s", key.status, key.raw)
	}
	own := f.as(key.body["secret"].(string), "GET", "/account", "")
	if own.body["name"] != "Drei" {
		t.Errorf("the new key's account: %d %s", own.status, own.raw)
	}
	f.refused(f.as(operator, "GET", "/numbers", ""), 403, "has not the scope config:read", "an operator's key of no account")
	keyPath := path + "/keys/" + key.body["id"].(string)
	if r := f.as(operator, "DELETE", keyPath, ""); r.status != 204 {
		t.Errorf("delete key: %d %s", r.status, r.raw)
	}
	f.refused(f.as(key.body["secret"].(string), "GET", "/account", ""), 401, "deleted", "a deleted key")
}

func TestOwnAccount(t *testing.T) {
	f := newFixture(t)
	if a := f.ok(200, "GET", "/account", "").body; a["name"] != "One" || a["id"] != string(f.tenant) {
		t.Errorf("account: %v", a)
	}
	f.ok(200, "PATCH", "/account", `{"timezone":"Asia/Kolkata","currency":"INR"}`)
	f.fails(422, "body.limits: unexpected property", "PATCH", "/account", `{"limits":{"outbound_calls":1000}}`)
	f.fails(422, "body.timezone", "PATCH", "/account", `{"timezone":"Local"}`)
	f.fails(422, "body.country", "PATCH", "/account", `{"country":"Sweden"}`)
	apps := f.ok(200, "GET", "/apps", "").items()
	id, _ := apps[0]["id"].(string)
	f.ok(200, "PATCH", "/account", `{"rescue":"`+id+`"}`)
	f.fails(422, "body.rescue", "PATCH", "/account", `{"rescue":"nowhere"}`)
	f.refused(f.as(f.foreign, "PATCH", "/account", `{"rescue":"`+id+`"}`), 422, "body.rescue", "another account's app")
	f.fails(422, "body.allow: unexpected property", "PATCH", "/account", `{"allow":["10.0.0.0/8"]}`)
	if a := f.ok(200, "GET", "/account", "").body; a["rescue"] != id || a["allow"] != nil {
		t.Errorf("account: %v", a)
	}
	if _, err := f.admin.Allow(t.Context(), f.tenant, []string{"10.1.0.0/16"}, false); err != nil {
		t.Fatal(err)
	}
	if a := f.ok(200, "PATCH", "/account", `{"rescue":""}`).body; a["rescue"] != nil || fmt.Sprint(a["allow"]) != "[10.1.0.0/16]" {
		t.Errorf("account: %v", a)
	}
	if a := f.ok(200, "GET", "/account", "").body; a["timezone"] != "Asia/Kolkata" || a["currency"] != "INR" {
		t.Errorf("account: %v", a)
	}
}

func TestKeysGiveNoMoreThanTheyHave(t *testing.T) {
	f := newFixture(t)
	r := f.ok(201, "POST", "/keys", `{"name":"shop","scopes":["calls:read","apps:read"],"user":"`+string(f.owner)+`"}`)
	secret, id := r.body["secret"].(string), r.body["id"].(string)
	if len(secret) != 32 {
		t.Errorf("secret %q", secret)
	}
	list := f.ok(200, "GET", "/keys", "")
	if strings.Contains(string(list.raw), secret) || len(list.items()) != 2 {
		t.Errorf("keys: %s", list.raw)
	}
	if r := f.as(secret, "GET", "/apps", ""); r.status != 200 {
		t.Errorf("the new key: %d %s", r.status, r.raw)
	}
	f.refused(f.as(secret, "GET", "/keys", ""), 403, "config:read", "the new key has fewer scopes")
	f.fails(403, "operator itself", "POST", "/keys", `{"name":"more","scopes":["operator"]}`)
	f.fails(422, "body.scopes", "POST", "/keys", `{"name":"odd","scopes":["fly"]}`)
	f.fails(422, "body.user", "POST", "/keys", `{"name":"x","scopes":["calls:read"],"user":"1"}`)
	f.fails(422, "body.expires", "POST", "/keys", `{"name":"x","scopes":["calls:read"],"expires":"2020-01-01T00:00:00Z"}`)
	f.refused(f.as(f.foreign, "DELETE", "/keys/"+id, ""), 404, "no key", "another account's key")
	f.ok(204, "DELETE", "/keys/"+id, "")
	f.refused(f.as(secret, "GET", "/apps", ""), 401, "deleted", "a deleted key")
}

func TestCredentials(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/credentials", `{"for":"sonetel"}`).body
	fields, _ := made["fields"].(map[string]any)
	if fields["username"] == nil || fields["password"] == nil || fields["account_id"] != string(f.tenant) {
		t.Errorf("credential: %v", made)
	}
	list := f.ok(200, "GET", "/credentials", "")
	if len(list.items()) != 1 || list.items()[0]["for"] != "sonetel" || strings.Contains(string(list.raw), "argon2") {
		t.Fatalf("credentials: %s", list.raw)
	}
	path := "/credentials/" + list.items()[0]["id"].(string)
	f.fails(422, "body.for", "POST", "/credentials", `{"for":"api"}`)
	f.fails(422, "body.user", "POST", "/credentials", `{"for":"sonetel","user":"1"}`)
	f.refused(f.as(f.foreign, "DELETE", path, ""), 404, "no credential", "another account's")
	f.refused(f.as(f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite), "POST", "/credentials", `{"for":"sonetel"}`), 403, "calls:read itself",
		"a credential that can do more than the key")
	owner := voice.Token{ID: "web", Tenant: f.tenant, User: f.owner, Kind: "owner", Name: "o@example.com", Hash: "x", Created: time.Now()}
	if err := f.store.CreateToken(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	f.fails(404, "no credential", "DELETE", "/credentials/web", "")
	f.ok(204, "DELETE", path, "")
	if list := f.ok(200, "GET", "/credentials", "").items(); len(list) != 0 {
		t.Errorf("credentials: %v", list)
	}
}

func TestUsers(t *testing.T) {
	f := newFixture(t)
	made := f.ok(201, "POST", "/users", `{"first_name":"Anna","last_name":"Berg","email":"anna@example.com","location":"SE",
		"phones":[{"number":"+46 70 555 01 00","receives":true,"id":"7"}],
		"incoming":{"first":{"action":"ring","to":"myphones","ring_seconds":20},"second":{"action":"forward","to":"phone","id":"7"}}}`).body
	path := "/users/" + made["id"].(string)
	incoming, _ := made["incoming"].(map[string]any)
	if first, _ := incoming["first"].(map[string]any); first["ring_seconds"] != 20.0 || made["role"] != "regular" {
		t.Errorf("user: %v", made)
	}
	changed := f.ok(200, "PATCH", path, `{"role":"admin","shows":"none"}`).body
	if changed["first_name"] != "Anna" || changed["role"] != "admin" || changed["shows"] != "none" {
		t.Errorf("changed: %v", changed)
	}
	f.fails(409, "e-mail address", "POST", "/users", `{"first_name":"B","email":"ANNA@example.com"}`)
	f.fails(422, "body.first_name", "POST", "/users", `{}`)
	f.fails(422, "body.email", "PATCH", path, `{"email":"anna"}`)
	f.fails(422, "body.phones[0].number", "PATCH", path, `{"phones":[{"number":"1","receives":true}]}`)
	f.fails(422, "body.incoming.first.id", "PATCH", path, `{"incoming":{"first":{"action":"forward","to":"user","id":"1"}}}`)
	f.fails(422, "body.incoming.first.to", "PATCH", path, `{"incoming":{"first":{"action":"forward"}}}`)
	f.fails(422, "body.incoming.second.action", "PATCH", path, `{"incoming":{"second":{"action":"sing"}}}`)
	f.refused(f.as(f.foreign, "GET", path, ""), 404, "user", "another account's user")
	f.refused(f.as(f.foreign, "PATCH", path, `{"first_name":"x"}`), 404, "user", "another account's user")
	f.refused(f.as(f.foreign, "DELETE", path, ""), 404, "user", "another account's user")
	f.ok(201, "POST", "/numbers", `{"number":"+4685550100","to":{"kind":"user","id":"`+made["id"].(string)+`"}}`)
	f.fails(409, "+4685550100 goes there", "DELETE", path, "")
	f.ok(204, "DELETE", "/numbers/+4685550100", "")
	f.ok(204, "DELETE", path, "")
	f.fails(409, "last administrator", "DELETE", "/users/"+string(f.owner), "")
	f.fails(409, "last administrator", "PATCH", "/users/"+string(f.owner), `{"role":"regular"}`)
}

func TestTrunks(t *testing.T) {
	f := newFixture(t)
	f.fails(403, "scope operator", "POST", "/trunks", `{"name":"carrier","host":"sip.example.net"}`)
	f.key = f.newKey(f.tenant, httpapi.Scopes()...)
	r := f.ok(201, "POST", "/trunks", `{"name":"carrier","host":"sip.example.net","username":"u","password":"very secret","register":true,"prefixes":["+46"],"caller_id":"+4685550100"}`)
	if strings.Contains(string(r.raw), "very secret") || r.body["state"] != "registered for 3600 s" || r.body["transport"] != "udp" {
		t.Errorf("trunk: %s", r.raw)
	}
	if pbx := f.ok(201, "POST", "/trunks", `{"name":"pbx","host":"pbx.example.net","refer":true}`); r.body["refer"] != false || pbx.body["refer"] != true {
		t.Errorf("trunks that are asked to transfer: %v, %v", r.body, pbx.body)
	}
	path := "/trunks/" + r.body["id"].(string)
	if strings.Contains(string(f.ok(200, "GET", "/trunks", "").raw), "very secret") {
		t.Error("the password is shown")
	}
	f.ok(200, "GET", path, "")
	f.fails(422, "body.host", "POST", "/trunks", `{"name":"x","host":"a b"}`)
	f.fails(422, "body.host", "POST", "/trunks", `{"name":"x","host":"127.0.0.1"}`)
	f.fails(422, "body.prefixes", "POST", "/trunks", `{"name":"x","host":"sip.example.net","prefixes":["46"]}`)
	f.fails(422, "body.name", "POST", "/trunks", `{"name":"carrier","host":"sip.example.net"}`)
	f.fails(422, "body.caller_id", "POST", "/trunks", `{"name":"x","host":"sip.example.net","caller_id":"1"}`)
	f.fails(422, "body.password", "POST", "/trunks", `{"name":"x","host":"sip.example.net","username":"u"}`)
	f.refused(f.as(f.foreign, "GET", path, ""), 404, "no trunk", "another account's trunk")
	f.refused(f.as(f.foreign, "DELETE", path, ""), 404, "no trunk", "another account's trunk")
	f.refused(f.as(f.foreign, "PATCH", path, `{"name":"mine"}`), 404, "no trunk", "another account's trunk")
	f.refused(f.as(f.foreign, "POST", path+"/test", ""), 404, "no trunk", "another account's trunk")
	changeTrunk(f, t, path)
	if r := f.ok(200, "POST", path+"/test", ""); r.body["reached"] != true || r.body["words"] != "udp sip2.example.net answers: 200 OK." || r.body["state"] != "registered for 3600 s" {
		t.Errorf("test: %s", r.raw)
	}
	f.ok(200, "PATCH", path, `{"username":"","password":"","register":false}`)
	f.ok(204, "DELETE", path, "")
	f.fails(404, "no trunk", "GET", path, "")
	f.fails(404, "no trunk", "PATCH", path, `{"name":"x"}`)
}

// changeTrunk changes the trunk that TestTrunks made, and looks at what stays.
func changeTrunk(f *fixture, t *testing.T, path string) {
	t.Helper()
	before, err := f.store.Trunks(t.Context(), f.tenant)
	if err != nil {
		t.Fatal(err)
	}
	if r := f.ok(200, "PATCH", path, `{}`); r.body["name"] != "carrier" || r.body["username"] != "u" || r.body["register"] != true {
		t.Errorf("nothing is changed: %s", r.raw)
	}
	if after, _ := f.store.Trunks(t.Context(), f.tenant); !reflect.DeepEqual(before, after) {
		t.Errorf("nothing is changed:\n%+v\n%+v", before, after)
	}
	r := f.ok(200, "PATCH", path, `{"host":"sip2.example.net","prefixes":[],"caller_id":"","priority":3,"identity":true}`)
	if r.body["host"] != "sip2.example.net" || r.body["priority"] != 3.0 || r.body["identity"] != true || r.body["caller_id"] != nil || len(r.body["prefixes"].([]any)) != 0 {
		t.Errorf("changed: %s", r.raw)
	}
	after, _ := f.store.Trunks(t.Context(), f.tenant)
	i := slices.IndexFunc(after, func(k voice.Trunk) bool { return k.Name == "carrier" })
	if i < 0 || after[i].Password != "very secret" || after[i].Username != "u" || !after[i].Register {
		t.Errorf("what the change leaves alone: %+v", after)
	}
	f.fails(422, "body.name", "PATCH", path, `{"name":"pbx"}`)
	f.fails(422, "body.host", "PATCH", path, `{"host":"127.0.0.1"}`)
	f.fails(422, "body.srtp", "PATCH", path, `{"srtp":"required"}`)
	f.fails(422, "body.password", "PATCH", path, `{"password":""}`)
	f.fails(422, "body.transport", "PATCH", path, `{"tls_name":"sip.example.net"}`)
	f.refused(f.as(f.newKey(f.tenant, httpapi.ConfigRead, httpapi.ConfigWrite), "PATCH", path, `{"name":"x"}`), 403, "scope operator", "without the scope operator")
}
