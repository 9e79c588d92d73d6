package telphin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"tandem/internal/dialect"
	"tandem/internal/dialect/telphin"
	"tandem/internal/voice"
)

func TestBadInput(t *testing.T) {
	f := newFixture(t)
	ivr := f.menu("071")
	_, s := f.sound("hello", "RIFF x")
	before := f.ok("GET", ivr+"/context/", "")
	const c = "/context/1"
	for _, x := range []struct {
		method, path, body string
		status             int
		code, words        string
	}{
		{"POST", ivr + c + "/options/", `{digits": "1"}`, 400, "validation_error", "not JSON"},
		{"POST", ivr + c + "/options/", `{}`, 400, "validation_error", "digits"},
		{"POST", ivr + c + "/options/", `{"digits":"12345"}`, 400, "validation_error", "digit_len"},
		{"POST", ivr + c + "/options/", `{"digits":"a"}`, 400, "validation_error", "digits"},
		{"POST", ivr + c + "/options/", `{"digits":"start"}`, 409, "already_exists", "start"},
		{"DELETE", ivr + c + "/options/start", ``, 400, "validation_error", "start"},
		{"DELETE", ivr + c + "/options/7", ``, 404, "option_not_found", "7"},
		{"PUT", ivr, `{"sleep_time":"soon"}`, 400, "validation_error", "sleep_time"},
		{"PUT", ivr, `{"sleep_time":-1}`, 400, "validation_error", "sleep_time"},
		{"PUT", ivr, `{"entry_context":9}`, 400, "validation_error", "entry_context"},
		{"PUT", ivr, `{"vm_greeting":12345}`, 400, "validation_error", "vm_greeting"},
		{"PUT", ivr, `{"vm_mailto":"nobody"}`, 400, "validation_error", "vm_mailto"},
		{"PUT", ivr, `{"lifetime_exp_action":"dance"}`, 400, "validation_error", "lifetime_exp_action"},
		{"POST", ivr + "/context/", `{"timeout":5000}`, 400, "validation_error", "name"},
		{"POST", ivr + "/context/", `{"name":"x","allow_any_dial":"maybe"}`, 400, "validation_error", "allow_any_dial"},
		{"DELETE", ivr + c, ``, 409, "in_use", "entry_context"},
		{"GET", ivr + "/context/7", ``, 404, "context_not_found", "7"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"dance"}`, 400, "validation_error", "action"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"play_sound"}`, 400, "validation_error", "sound"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"play_sound","sound":99999}`, 400, "validation_error", "sound 99999"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"jump_to_context","context":9}`, 400, "validation_error", "context 9"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"jump_to_context","context":1,"context_option":"8"}`, 400, "validation_error", "context_option"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"transfer","transfer_dst":"somebody"}`, 400, "validation_error", "transfer_dst"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"transfer","transfer_dst":"` + strings.Repeat("101 ", 11) + `"}`, 400, "validation_error", "at most 10"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"call_interactive","call_interactive_url":"ftp://x"}`, 400, "validation_error", "call_interactive_url"},
		{"POST", ivr + c + "/options/start/rules/", `{"action":"voice_helper","voice_helper_rules":[{"to_option":1,"transcription":"a"}]}`, 403, "voice_helper_unavailable", "recogniser"},
		{"GET", ivr + c + "/options/start/rules/7", ``, 404, "rule_not_found", "7"},
		{"PUT", ivr + c + "/options/start/rules/order/", `{"order":[1]}`, 400, "validation_error", "order"},
		{"POST", "/client/@me/extension/", `{"name":"071","type":"ivr"}`, 409, "already_exists", "071"},
		{"POST", "/client/@me/extension/", `{"name":"101","type":"phone"}`, 409, "already_exists", "101"},
		{"POST", "/client/@me/extension/", `{"name":"x1","type":"ivr"}`, 400, "validation_error", "name"},
		{"POST", "/client/@me/extension/", `{"name":"555*101","type":"ivr"}`, 400, "validation_error", "name"},
		{"POST", "/client/@me/extension/", `{"name":"102","type":"door"}`, 400, "validation_error", "type"},
		{"POST", "/client/99/extension/", `{"name":"102"}`, 404, "client_not_found", "99"},
		{"GET", "/extension/99999/ivr/", ``, 404, "extension_not_found", "99999"},
		{"GET", "/extension/901/ivr/", ``, 400, "validation_error", "type phone"},
		{"GET", "/nothing/", ``, 404, "", "Not found"},
		{"PATCH", ivr, ``, 405, "", "PATCH"},
		{"GET", "/client/@me/sound/?page=0", ``, 400, "validation_error", "page"},
		{"POST", "/client/@me/sound/", `{"title":"x"}`, 400, "validation_error", "multipart"},
		{"POST", "/extension/901/callback/", `{"dst_num":"101"}`, 400, "validation_error", "src_num"},
		{"POST", "/extension/901/event/", `{"url":"x","event_type":"dial-in"}`, 400, "validation_error", "url"},
		{"POST", "/extension/901/event/", `{"url":"http://x","event_type":"sneeze"}`, 400, "validation_error", "event_type"},
	} {
		f.fails(x.method, x.path, x.body, x.status, x.code, x.words)
	}
	if after := f.ok("GET", ivr+"/context/", ""); len(after.([]any)) != len(before.([]any)) {
		t.Errorf("something was saved: %v", after)
	}
	if rules := f.ok("GET", ivr+c+"/options/start/rules/", "").([]any); len(rules) != 0 {
		t.Errorf("rules were saved: %v", rules)
	}
	for _, x := range []struct{ data, words string }{{"not audio", "neither WAV"}, {"RIFF" + strings.Repeat("x", telphin.MaxUpload), "over 10 MB"}} {
		if status, answer := f.sound("t", x.data); status != 400 || !strings.Contains(answer["message"].(string), x.words) {
			t.Errorf("%s: %d %v", x.words, status, answer)
		}
	}
	rule := f.object("POST", ivr+c+"/options/start/rules/", `{"action":"play_sound","sound":`+numberOf(s["id"])+`,"colour":"red"}`)
	if rule["colour"] != "red" || rule["transfer_dst"] != nil {
		t.Errorf("the rule comes back as %v", rule)
	}
	f.fails("DELETE", "/client/@me/sound/"+numberOf(s["id"]), "", 409, "in_use", "071")
}

func numberOf(v any) string {
	f, _ := v.(float64)
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func TestTokens(t *testing.T) {
	f := newFixture(t)
	app := url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}}
	with := func(set func(r *http.Request), query, body string) int {
		req := httptest.NewRequest("POST", "/telphin/oauth/token"+query, strings.NewReader(body))
		set(req)
		status, _ := f.send(req)
		return status
	}
	header := func(media string) func(*http.Request) {
		return func(r *http.Request) {
			if media != "" {
				r.Header.Set("Content-Type", media)
			}
		}
	}
	part := func(n, v string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + n + "\"\r\n\r\n" + v + "\r\n"
	}
	for name, got := range map[string]int{
		"form":      with(header("application/x-www-form-urlencoded"), "", app.Encode()),
		"query":     with(header(""), "?"+app.Encode(), ""),
		"JSON":      with(header("application/json"), "", `{"grant_type":"client_credentials","client_id":"`+appID+`","client_secret":"`+secret+`"}`),
		"multipart": with(header("multipart/form-data; boundary=b"), "", part("grant_type", "client_credentials")+part("client_id", appID)+part("client_secret", secret)+"--b--"),
		"Basic":     with(func(r *http.Request) { r.SetBasicAuth(appID, secret) }, "?grant_type=client_credentials", ""),
	} {
		if got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
	}
	app.Set("client_secret", "wrong")
	if got := with(header("application/x-www-form-urlencoded"), "", app.Encode()); got != 400 {
		t.Errorf("a wrong secret: %d", got)
	}
	for _, token := range []string{"", strings.Repeat("x", 32)} {
		req := httptest.NewRequest("GET", "/telphin/api/ver1.0/user/", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		if status, answer := f.send(req); status != 401 || answer.(map[string]any)["message"] != "Unauthorized" {
			t.Errorf("token %q: %d %v", token, status, answer)
		}
	}
	f.token = f.login(url.Values{"grant_type": {"password"}, "client_id": {"passapp"}, "client_secret": {secret}, "username": {email}, "password": {password}})
	if u := f.object("GET", "/user", ""); u["login"] != email || u["extension_id"] != 901.0 {
		t.Errorf("user: %v", u)
	}
	f.object("GET", "/extension/@me/phone/", "")
	f.token = f.login(url.Values{"grant_type": {"client_credentials"}, "client_id": {"callsapp"}, "client_secret": {secret}})
	f.fails("GET", "/client/@me/sound/", "", 403, "app_access_type_deny", "Call API")
	f.ok("GET", "/client/@me/call_history/", "")
}

func TestAuthorize(t *testing.T) {
	f := newFixture(t)
	ask := func(method, query, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(method, "/telphin/oauth/authorize?"+query, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		f.handler.ServeHTTP(rec, req)
		return rec
	}
	const back = "https://client.example/back?x=1"
	query := url.Values{"response_type": {"code"}, "client_id": {"webapp"}, "redirect_uri": {back}, "state": {"s 1"}}
	if r := ask("GET", query.Encode(), ""); r.Code != 200 || !strings.Contains(r.Body.String(), "<form") {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	for name, value := range map[string]string{"redirect_uri": back + "2", "client_id": "other", "response_type": "token"} {
		bad := url.Values{}
		for k := range query {
			bad.Set(k, query.Get(k))
		}
		bad.Set(name, value)
		if r := ask("GET", bad.Encode(), ""); r.Code != 400 || r.Header().Get("Location") != "" {
			t.Errorf("%s %s: %d", name, value, r.Code)
		}
	}
	if r := ask("POST", query.Encode(), "decision=allow&username="+email+"&password=wrong"); r.Code != 403 {
		t.Errorf("a wrong password: %d", r.Code)
	}
	r := ask("POST", query.Encode(), url.Values{"decision": {"allow"}, "username": {email}, "password": {password}}.Encode())
	u, err := url.Parse(r.Header().Get("Location"))
	if err != nil || r.Code != 302 || u.Query().Get("state") != "s 1" || u.Query().Get("x") != "1" || u.Query().Get("code") == "" {
		t.Fatalf("%d %s", r.Code, r.Header().Get("Location"))
	}
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"webapp"}, "client_secret": {secret}, "code": {u.Query().Get("code")}, "redirect_uri": {back}}
	req := httptest.NewRequest("POST", "/telphin/oauth/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answer := f.send(req)
	tokens, _ := answer.(map[string]any)
	if status != 200 || tokens["refresh_token"] == nil {
		t.Fatalf("%d %v", status, answer)
	}
	again := httptest.NewRequest("POST", "/telphin/oauth/token?"+form.Encode(), nil)
	if status, _ := f.send(again); status != 400 {
		t.Errorf("a code is good twice: %d", status)
	}
	f.token = f.login(url.Values{"grant_type": {"refresh_token"}, "client_id": {"webapp"}, "client_secret": {secret}, "refresh_token": {tokens["refresh_token"].(string)}})
	f.object("GET", "/user/", "")
}

func TestExtensionsNumbersAndQueues(t *testing.T) {
	f := newFixture(t)
	phone := f.object("POST", "/client/@me/extension/", `[{"name":"000*102","type":"phone","status":"active","label":"Desk"}]`)
	if phone["name"] != "000*102" || phone["password"] == nil {
		t.Errorf("phone: %v", phone)
	}
	p := "/extension/" + numberOf(phone["id"])
	if got := f.object("PUT", p+"/phone/", `{"password":"long enough","record_enabled":true}`); got["record_enabled"] != true || got["password"] != nil {
		t.Errorf("phone settings: %v", got)
	}
	queue := f.object("POST", "/client/@me/extension/", `{"name":"200","type":"queue","status":"active"}`)
	q := "/extension/" + numberOf(queue["id"]) + "/queue"
	f.ok("POST", q+"/agent/", `{"extension":"102"}`)
	f.fails("POST", q+"/agent/", `{"extension":"102"}`, 409, "already_exists", "102")
	f.fails("PUT", q+"/", `{"strategy":"loudest"}`, 400, "validation_error", "strategy")
	if got := f.object("PUT", q+"/", `{"max_wait_time":60,"agent_report_wait_time":true}`); got["agent_report_wait_time"] != true || got["max_wait_time"] != 60.0 {
		t.Errorf("queue: %v", got)
	}
	if got := f.object("PUT", "/client/@me/did/902", `{"extension_id":`+numberOf(queue["id"])+`}`); got["extension_id"] != queue["id"] {
		t.Errorf("number: %v", got)
	}
	f.fails("DELETE", "/client/@me/extension/"+numberOf(queue["id"]), "", 409, "in_use", "74950000001")
	f.ok("DELETE", q+"/agent/@102", "")
	f.ok("DELETE", "/client/@me/extension/"+numberOf(phone["id"]), "")
	f.fails("GET", p, "", 404, "extension_not_found", "")
	if e := f.object("GET", "/extension/@200", ""); e["id"] != queue["id"] {
		t.Errorf("by number: %v", e)
	}
}

func TestCallback(t *testing.T) {
	f := newFixture(t)
	got := f.object("POST", "/extension/@101/callback/", `{"src_num":["101","+79876543210"],"dst_num":"071","call_duration":60,"dst_dtmf":"W1"}`)
	if got["call_id"] != "call1" || got["call_api_id"] == "" || len(f.control.orders) != 1 {
		t.Fatalf("%v %v", got, f.control.orders)
	}
	o := f.control.orders[0]
	if o.First != (voice.Destination{Kind: voice.ToDialled, ID: "101"}) || len(o.More) != 1 || o.Program == nil {
		t.Errorf("%+v", o)
	}
	f.control.err = voice.Errorf("x", voice.Permission, "not allowed")
	f.fails("POST", "/extension/@101/callback/", `{"src_num":"101","dst_num":"071"}`, 403, "call_refused", "not allowed")
	f.control.err = voice.Errorf("x", voice.Limit, "1000 ordered calls wait")
	f.fails("POST", "/extension/@101/callback/", `{"src_num":"101","dst_num":"071"}`, 429, "rate_limit_exceeded", "1000 ordered calls wait")
}

func TestEvents(t *testing.T) {
	f := newFixture(t)
	f.menu("071")
	f.ok("POST", "/extension/@071/event/", `{"url":"http://x.example/e?k=1","event_type":"dial-in","method":"GET"}`)
	f.ok("POST", "/extension/@071/event/", `{"url":"http://x.example/h","event_type":"hangup","method":"POST"}`)
	f.ok("POST", "/extension/@101/event/", `{"url":"http://x.example/a","event_type":"answer","method":"POST"}`)
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	call := dialect.CallState{Info: voice.CallInfo{ID: "c1", Tenant: account, From: "+79870000000", To: "+74950000001"}, App: apps[0].ID, Apps: []voice.AppID{apps[0].ID}}
	send := func(e voice.Event) []voice.Delivery {
		list, err := f.dialect.Deliveries(t.Context(), dialect.Fact{Event: e, Call: call})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	in := send(voice.Event{Kind: voice.EventAppEntered, Origin: voice.Origin{App: apps[0].ID}})
	if len(in) != 1 || in[0].Method != "GET" || !strings.Contains(in[0].URL, "k=1&") || !strings.Contains(in[0].URL, "CalledExtension=000%2A071") || !strings.Contains(in[0].URL, "CallStatus=CALLING") {
		t.Errorf("dial-in: %+v", in)
	}
	answer := send(voice.Event{Kind: voice.EventLegAnswered, Data: map[string]string{"kind": "extension", "id": "101"}})
	if len(answer) != 1 || !strings.Contains(answer[0].Body, "EventType=answer") {
		t.Errorf("answer: %+v", answer)
	}
	over := send(voice.Event{Kind: voice.EventCallEnded})
	if len(over) != 1 || !strings.Contains(over[0].Body, "EventType=hangup") || over[0].Type != "application/x-www-form-urlencoded" {
		t.Errorf("hangup: %+v", over)
	}
	f.ok("DELETE", "/extension/@071/event/", "")
	if left := f.ok("GET", "/extension/@071/event/", "").([]any); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
