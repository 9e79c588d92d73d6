package smartflo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tandem/internal/voice"
)

func TestRecordings(t *testing.T) {
	f := newFixture(t)
	f.audio.web = map[string]string{"https://cdn.example/a.wav": "RIFF audio", "https://cdn.example/page": "<html>"}
	byURL := f.id("POST", "/v1/recording", `{"audio_name":"By URL","type":"url","data":"https://cdn.example/a.wav","moh_status":1}`)
	spoken := f.id("POST", "/v1/recording", "audio_name=Spoken&type=tts&data=Hello&voice=en-IN-1&speech=en-IN")
	upload := func(method, path, name, data string) (int, map[string]any) {
		return f.sendAs(method, path, "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"audio_name\"\r\n\r\n"+name+
			"\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"+data+"\r\n--b--\r\n", f.token)
	}
	status, answer := upload("POST", "/v1/recording", "Uploaded", "RIFF upload")
	if status != http.StatusOK {
		t.Fatal(answer)
	}
	uploaded := int64(answer["id"].(float64))
	if status, answer := upload("POST", "/v1/recording", "Two", "RIFF one\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.wav\"\r\n\r\nRIFF two"); status != http.StatusBadRequest {
		t.Errorf("two files: %v", answer)
	}
	v := f.ok("GET", fmt.Sprintf("/v1/recording/%d", spoken), "")
	if v["type"] != "tts" || v["data"] != "Hello" || v["voice"] != "en-IN-1" || v["duration"] != 1.0 || f.audio.said[0].Language != "en-IN" || v["created_at"] != "2026-03-02 12:00:00" {
		t.Errorf("spoken %v, said %v", v, f.audio.said)
	}
	if v := f.ok("GET", fmt.Sprintf("/v1/recording/%d", byURL), ""); v["moh_status"] != 1.0 || v["type"] != "file" || v["recording"] != fmt.Sprintf("recording|%d", byURL) {
		t.Errorf("by URL %v", v)
	}
	if list := f.ok("GET", "/v1/recordings", "")["recordings"].([]any); len(list) != 7 {
		t.Errorf("%d recordings", len(list))
	}
	f.ok("PUT", fmt.Sprintf("/v1/recording/%d", uploaded), `{"audio_name":"Renamed","moh_status":"0"}`)
	if status, answer := upload("PUT", fmt.Sprintf("/v1/recording/%d", uploaded), "Again", "RIFF longer upload"); status != http.StatusOK {
		t.Error(answer)
	}
	if v := f.ok("GET", fmt.Sprintf("/v1/recording/%d", uploaded), ""); v["audio_name"] != "Again" {
		t.Errorf("replaced %v", v)
	}
	f.ok("DELETE", fmt.Sprintf("/v1/recording/%d", uploaded), "")
	f.fails("GET", fmt.Sprintf("/v1/recording/%d", uploaded), "", http.StatusNotFound, "Recording not found.")

	bad := []struct{ body, words string }{
		{`{"type":"tts","data":"x"}`, "The audio_name field is required."},
		{`{"audio_name":"x","data":"x"}`, "The type field is required."},
		{`{"audio_name":"x","type":"sung","data":"x"}`, "The type field is invalid"},
		{`{"audio_name":"x","type":"tts"}`, "The data field is required."},
		{`{"audio_name":"x","type":"url"}`, "The data field is required."},
		{`{"audio_name":"x","type":"file"}`, "The file field is required."},
		{`{"audio_name":"x","type":"url","data":"http://10.0.0.1/a.wav"}`, "The data field is invalid: the address is not allowed"},
		{`{"audio_name":"x","type":"url","data":"https://cdn.example/page"}`, "The data field is invalid: it is not a WAV file"},
		{`{"audio_name":"x","type":"tts","data":"x","moh_status":"perhaps"}`, "The moh_status field is invalid"},
		{`{"audio_name":"x","type":"tts","data":"x","pitch":1}`, "The pitch field is unknown."},
		{`{"audio_name":{},"type":"tts","data":"x"}`, "The audio_name field is invalid"},
	}
	for _, tt := range bad {
		f.fails("POST", "/v1/recording", tt.body, http.StatusBadRequest, tt.words)
	}
	if status, answer := upload("POST", "/v1/recording", "x", "MZ"); status != http.StatusBadRequest || answer["message"] != "The file field is invalid: it is not a WAV file." {
		t.Errorf("%d %v", status, answer)
	}
	if status, answer := upload("POST", "/v1/recording", "x", "RIFF"+strings.Repeat("x", 10<<20)); status != http.StatusBadRequest || !strings.Contains(answer["message"].(string), "larger than 10 MB") {
		t.Errorf("%d %v", status, answer)
	}
}

func TestNumbers(t *testing.T) {
	f := newFixture(t)
	ivr := f.id("POST", "/v1/ivr", f.sample(nil))
	dep := f.id("POST", "/v1/department", `{"name":"Sales","agents":["extension|101","agent|9876543210"]}`)
	template := f.id("POST", "/v1/sms_template", `{"name":"Thanks","text":"Thanks"}`)
	read := func() map[string]any { return f.ok("GET", "/v1/my_number", "")["list"].([]any)[0].(map[string]any) }
	first := read()
	if first["did"] != "911140000001" || first["destination"] != "" {
		t.Errorf("at first %v", first)
	}
	path := fmt.Sprintf("/v1/my_number/%v", first["id"])
	tests := []struct{ to, kind, id string }{
		{fmt.Sprintf("ivr||%d", ivr), "ivr", fmt.Sprint(ivr)},
		{"agent_extension||070411023101", "agent_extension", "070411023101"},
		{"agent||9876543210", "agent", "919876543210"},
		{fmt.Sprintf("department||%d", dep), "department", fmt.Sprint(dep)},
		{fmt.Sprintf("inbound_queue||%d", dep), "inbound_queue", fmt.Sprint(dep)},
		{"hangup||1", "hangup", "1"},
	}
	for _, tt := range tests {
		f.ok("PUT", path, fmt.Sprintf(`{"destination":%q,"name":"Hotline","description":"d","sms_template":[%d]}`, tt.to, template))
		v := f.ok("GET", path, "")
		if v["destination_type"] != tt.kind || v["destination"] != tt.id || v["name"] != "Hotline" || v["description"] != "d" || len(v["sms_template"].([]any)) != 1 {
			t.Errorf("%s: %v", tt.to, v)
		}
	}
	apps, err := f.store.Apps(t.Context(), account)
	if err != nil || len(apps) != 2 { // the IVR and the route to hangup|1
		t.Errorf("%d apps %v", len(apps), err)
	}
	f.ok("PUT", "/v1/my_number/911140000001", "name=Other")
	if v := read(); v["name"] != "Other" || v["destination_type"] != "hangup" || v["description"] != "d" {
		t.Errorf("by its digits: %v", v)
	}
	f.fails("PUT", path, `{"destination":"ivr||999"}`, http.StatusBadRequest, "Invalid destination: the destination field refers to ivr 999")
	f.fails("PUT", path, `{"sms_template":[999]}`, http.StatusBadRequest, "sms_template.0")
	f.fails("PUT", path, `{"colour":1}`, http.StatusBadRequest, "The colour field is unknown.")
	f.fails("DELETE", fmt.Sprintf("/v1/sms_template/%d", template), "", http.StatusConflict, "SMS template is in use.")
	other := voice.App{ID: "VA1", Tenant: account, Kind: "sonetel", Type: "ivr", Name: "Other", Document: []byte("{}"), Created: f.clock.Now()}
	if err := f.store.CreateApp(t.Context(), other, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.store.UpdateNumber(t.Context(), voice.Number{E164: "+911140000001", Tenant: account, Dest: voice.Destination{Kind: voice.ToApp, ID: "VA1"}}); err != nil {
		t.Fatal(err)
	}
	if v := read(); v["destination_type"] != "app" {
		t.Errorf("another API's app: %v", v)
	}
	f.fails("PUT", "/v1/my_number/999", `{}`, http.StatusNotFound, "Number not found.")
}

func TestUsers(t *testing.T) {
	f := newFixture(t)
	for i := range 3 {
		u := voice.User{ID: voice.UserID(fmt.Sprint(i + 1)), Tenant: account, FirstName: fmt.Sprintf("User %d", i), Role: voice.RoleRegular, Created: f.clock.Now()}
		if err := f.store.CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	page := f.ok("GET", "/v1/users?limit=2", "")
	data := page["data"].([]any)
	first := data[0].(map[string]any)
	agent := first["agent"].(map[string]any)
	if page["has_more"] != true || len(data) != 2 || first["login_id"] != email || first["extension"] != "070411023101" || first["intercom"] != "101" ||
		agent["status"] != 4.0 || agent["follow_me_number"] != "919811111111" || first["user_role"].(map[string]any)["name"] != "Admin" {
		t.Errorf("%v", page)
	}
	rest := f.ok("GET", fmt.Sprintf("/v1/users?limit=2&last_seen_id=%v", data[1].(map[string]any)["id"]), "")
	if rest["has_more"] != false || len(rest["data"].([]any)) != 2 {
		t.Errorf("%v", rest)
	}
	f.live.calls = []voice.LiveCall{{Info: voice.CallInfo{Tenant: account}, WithID: voice.Target{Kind: voice.ToExtension, ID: "101"}}}
	if s := f.ok("GET", "/v1/users", "")["data"].([]any)[0].(map[string]any)["agent"].(map[string]any)["status"]; s != 3.0 {
		t.Errorf("in a call: status %v", s)
	}
	f.fails("GET", "/v1/users?limit=x", "", http.StatusBadRequest, "The limit field is invalid")
}

func TestResources(t *testing.T) {
	f := newFixture(t)
	rec := f.sounds[0]
	group := f.id("POST", "/v1/time_group", `{"name":"Office","timezone":"Asia/Kolkata","hours":[{"days":["mon","tue"],"from":"09:00","to":"17:30"}],"holidays":[{"date":"12-25"}],"destination":"101","closed_destination":"hangup|1"}`)
	made := []struct {
		one, many, body string
		change          string
	}{
		{"department", "departments", `{"name":"Sales","agents":["extension|101","agent|9876543210"],"ring_strategy":"round_robin","ring_timeout":20,"max_wait":60,"timeout_destination":"hangup"}`, `{"ring_timeout":25}`},
		{"time_condition", "time_conditions", fmt.Sprintf(`{"name":"When","time_group":[%d],"destination":["101"],"default_destination":"hangup"}`, group), `{"name":"Then"}`},
		{"auto_attendant", "auto_attendants", fmt.Sprintf(`{"name":"Dial","recording":%d,"timeout_tries":1}`, rec), `{"timeout":3}`},
		{"voicemail", "voicemails", fmt.Sprintf(`{"name":"Box","recording":%d,"email":"a@example.com"}`, rec), `{"email":"b@example.com"}`},
		{"sms_template", "sms_templates", `{"name":"Thanks","text":"Hello $caller_name"}`, `{"text":"Bye"}`},
		{"custom_dialplan", "custom_dialplans", `{"name":"plan","url":"https://app.example/route"}`, `{"method":"get"}`},
		{"webhook", "webhooks", `{"name":"hook","url":"https://app.example/hook","trigger":["Call hangup(Missed)"],"template":{"id":"$uuid"}}`, `{"disabled":1}`},
		{"api_key", "api_keys", `{"name":"site","destination":"101"}`, `{"destination":"hangup|1"}`},
	}
	for _, m := range made {
		t.Run(m.one, func(t *testing.T) {
			answer := f.ok("POST", "/v1/"+m.one, m.body)
			id, _ := answer["id"].(float64)
			if (answer["api_key"] != nil) != (m.one == "api_key") {
				t.Errorf("answer %v", answer)
			}
			path := fmt.Sprintf("/v1/%s/%d", m.one, int64(id))
			before := f.ok("GET", path, "")
			f.ok("PUT", path, m.change)
			after := f.ok("GET", path, "")
			if before["id"] != id || fmt.Sprint(before) == fmt.Sprint(after) || before["api_key"] != nil {
				t.Errorf("before %v, after %v", before, after)
			}
			if list := f.ok("GET", "/v1/"+m.many, "")[m.many].([]any); len(list) != 1 {
				t.Errorf("list %v", list)
			}
			if m.one != "api_key" {
				f.fails("POST", "/v1/"+m.one, strings.Replace(m.body, `"When"`, `"Then"`, 1), http.StatusBadRequest, "The name has already been taken.")
			}
			f.fails("POST", "/v1/"+m.one, `{}`, http.StatusBadRequest, "The name field is required.")
			f.fails("PUT", path, `{"name":""}`, http.StatusBadRequest, "The name field is required.")
			f.fails("PUT", path, `{"nonsense":1}`, http.StatusBadRequest, "The nonsense field is unknown.")
			f.fails("GET", fmt.Sprintf("/v1/%s/999999", m.one), "", http.StatusNotFound, "not found.")
			if m.one == "time_condition" {
				f.fails("DELETE", fmt.Sprintf("/v1/time_group/%d", group), "", http.StatusConflict, "Time group is in use.")
			}
			if answer := f.ok("DELETE", path, ""); answer["success"] != true {
				t.Error(answer)
			}
		})
	}
	bad := []struct{ path, body, words string }{
		{"department", `{"name":"x","agents":["ivr|1"]}`, "The agents field is invalid: ivr|1 is neither an extension nor an agent."},
		{"department", `{"name":"x","agents":["extension|999"]}`, "agents.0"},
		{"department", `{"name":"x","agents":["101"],"ring_strategy":"loud"}`, "The ring_strategy field is invalid"},
		{"time_group", `{"name":"x","hours":[{"days":["someday"],"from":"09:00","to":"17:00"}]}`, "The hours.0.days.0 field is invalid"},
		{"time_group", `{"name":"x","hours":[{"days":["mon"],"from":"25:00","to":"17:00"}]}`, "The hours.0.from field is invalid"},
		{"time_group", `{"name":"x","hours":[{"when":1}]}`, "The hours field is invalid"},
		{"time_condition", fmt.Sprintf(`{"name":"x","time_group":[%d],"destination":["101","101"]}`, group), "The time_group and destination fields must have the same number"},
		{"voicemail", `{"name":"x","email":"nobody"}`, "The email field is invalid"},
		{"sms_template", `{"name":"x","text":"$secret"}`, "The text field is invalid: $secret is none of"},
		{"custom_dialplan", `{"name":"x","url":"ftp://a"}`, "The url field is invalid"},
		{"webhook", `{"name":"x","url":"https://a.example","trigger":["Full moon"]}`, "The trigger field is invalid"},
		{"webhook", `{"name":"x","url":"https://a.example","trigger":["DTMF Option"],"template":{"a":"$secret"}}`, "The template field is invalid: $secret"},
		{"webhook", `{"name":"x","url":"https://a.example","trigger":["DTMF Option"],"headers":{"Host":"b"}}`, "The headers field is invalid"},
		{"api_key", `{"name":"x","destination":"department|77"}`, "Invalid destination"},
	}
	for _, tt := range bad {
		f.fails("POST", "/v1/"+tt.path, tt.body, http.StatusBadRequest, tt.words)
	}
}

// What people without the right may not do is refused.
func TestRoles(t *testing.T) {
	f := newFixture(t)
	u := f.owner()
	u.Role = voice.RoleRegular
	if err := f.store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	f.ok("GET", "/v1/ivrs", "")
	f.fails("POST", "/v1/ivr", f.sample(nil), http.StatusForbidden, "Only an administrator")
	f.fails("POST", "/v1/webhook", `{}`, http.StatusForbidden, "Only an administrator")
	f.fails("POST", "/v1/call/options", `{"type":1,"call_id":"c1","agent_id":"101"}`, http.StatusForbidden, "Only an administrator of the account may listen")
}

func TestDescribe(t *testing.T) {
	f := newFixture(t)
	d := f.dialect.Describe()
	if d.Base != "/smartflo" || len(d.Endpoints) < 60 {
		t.Errorf("%s with %d endpoints", d.Base, len(d.Endpoints))
	}
	for _, e := range d.Endpoints {
		if e.Section == "" || e.Title == "" || strings.Contains(e.Path, "//") {
			t.Errorf("%+v", e)
		}
		for _, field := range e.Fields {
			if field.Text == "" || field.Type == "" {
				t.Errorf("%s %s: field %s without words", e.Method, e.Path, field.Name)
			}
		}
		// Every endpoint that is described answers something else than "no path".
		rec := httptest.NewRecorder()
		req := httptest.NewRequest(e.Method, "/smartflo"+strings.ReplaceAll(e.Path, "{id}", "1"), strings.NewReader("{}"))
		req.Header.Set("Authorization", f.token)
		f.handler.ServeHTTP(rec, req)
		if strings.Contains(rec.Body.String(), "There is no path") || rec.Code == http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s", e.Method, e.Path, rec.Code, rec.Body)
		}
	}
}
