package smartflo_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/dialect/smartflo"
)

func TestLogin(t *testing.T) {
	f := newFixture(t)
	status, answer := f.send("POST", "/v1/auth/login", `{"email":"`+email+`","password":"`+password+`"}`, "")
	if status != http.StatusOK || answer["success"] != true || answer["token_type"] != "bearer" || answer["expires_in"] != 3600.0 || answer["number_of_days_left"] != 30.0 {
		t.Errorf("login: %d %v", status, answer)
	}
	if other := answer["access_token"].(string); other == f.token {
		t.Log("the same token within a second")
	}
	t.Run("both ways to send the token, and every way to write the path", func(t *testing.T) {
		for _, a := range []string{"Bearer " + f.token, "bearer " + f.token, f.token} {
			for _, path := range []string{"/v1/ivrs", "//v1/ivrs/", "/ivrs", "/v1/v1/ivrs"} {
				if status, answer := f.send("GET", path, "", a); status != http.StatusOK {
					t.Errorf("%s with %.10s: %d %v", path, a, status, answer)
				}
			}
		}
	})
	t.Run("bad tokens", func(t *testing.T) {
		for _, a := range []string{"", "Bearer", "Bearer x", "Basic " + f.token, f.token + "x"} {
			if status, answer := f.send("GET", "/v1/ivrs", "", a); status != http.StatusUnauthorized || answer["message"] != "Unauthenticated." {
				t.Errorf("%q: %d %v", a, status, answer)
			}
		}
	})
	t.Run("wrong passwords are counted, and too many refused for a while", func(t *testing.T) {
		for i := 1; i <= 10; i++ {
			status, answer := f.send("POST", "/v1/auth/login", "email=nobody@example.com&password=x", "")
			if status != http.StatusUnauthorized || answer["login_failed_count"] != float64(i) || answer["message"] != "The username or password is incorrect." {
				t.Fatalf("%d: %d %v", i, status, answer)
			}
		}
		status, answer := f.send("POST", "/v1/auth/login", "email=nobody@example.com&password=x", "")
		if status != http.StatusTooManyRequests || answer["retry_after"] != "2026-03-02 12:01:00" {
			t.Errorf("%d %v", status, answer)
		}
	})
	t.Run("a token ends with the hour, and with its credential", func(t *testing.T) {
		fresh := f.ok("POST", "/v1/auth/refresh", "")["access_token"].(string)
		f.ok("POST", "/v1/auth/logout", "")
		f.clock.Advance(time.Hour + time.Minute)
		for _, a := range []string{f.token, fresh} {
			if status, _ := f.send("GET", "/v1/ivrs", "", a); status != http.StatusUnauthorized {
				t.Errorf("after an hour: %d", status)
			}
		}
		f.token = f.login(email)
		list, err := f.store.Tokens(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if err := f.store.DeleteToken(t.Context(), account, k.ID); err != nil {
				t.Fatal(err)
			}
		}
		f.fails("GET", "/v1/ivrs", "", http.StatusUnauthorized, "Deleted or blacklisted token provided")
	})
}

func TestRequestsPerSecond(t *testing.T) {
	f := newFixture(t, func(c *smartflo.Config) { c.RequestsPerSecond = 2 })
	f.ok("GET", "/v1/ivrs", "")
	f.ok("GET", "/v1/ivrs", "")
	status, answer := f.send("GET", "/v1/ivrs", "", f.token)
	if status != http.StatusTooManyRequests || answer["success"] != "false" || answer["message"] != "Too many requests." {
		t.Errorf("%d %v", status, answer)
	}
	f.clock.Advance(time.Second)
	f.ok("GET", "/v1/ivrs", "")
}

func TestIVR(t *testing.T) {
	f := newFixture(t)
	template := f.id("POST", "/v1/sms_template", `{"name":"Thanks","text":"Thank you, $caller_name"}`)
	id := f.id("POST", "/v1/ivr", f.sample(map[string]any{"sms_template": []int64{template}}))
	want := fmt.Sprintf(`{"added_by":%[7]d,"description":"Election IVR Description","id":%[1]d,"invalid_destination":"050475300101","invalid_destination_type":"extension",`+
		`"invalid_recording":%[5]d,"invalid_retries":2,"invalid_retry_recording":"%[3]d","ivr_menu":[{"destination_id":"05047530000","destination_type":"extension","option":"1","sms_template_id":"%[6]d","webhook_id":"0"}],`+
		`"name":"Election IVR","recording":"%[2]d","recording_type":"recording","timeout":30,"timeout_dest_type":"hangup","timeout_destination":"1","timeout_recording":"%[3]d","timeout_retries":2,"timeout_retry_recording":"%[4]d"}`,
		id, f.sounds[0], f.sounds[1], f.sounds[2], f.sounds[3], template, f.owner().Serial)
	read := func() string {
		raw, err := json.Marshal(f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := read(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	list := f.ok("GET", "/v1/ivrs", "")
	if raw, err := json.Marshal(list["ivrs"]); err != nil || string(raw) != "["+want+"]" {
		t.Errorf("list %s %v", raw, err)
	}
	if first := list["recordings"].([]any)[0].(map[string]any); len(list["recordings"].([]any)) != 4 || first["name"] != "Sound 0" || first["id"] != float64(f.sounds[0]) {
		t.Errorf("recordings %v", list["recordings"])
	}
	t.Run("a change of one field leaves the others", func(t *testing.T) {
		answer := f.ok("PUT", fmt.Sprintf("/v1/ivr/%d", id), `{"timeout":"20"}`)
		if answer["success"] != true {
			t.Error(answer)
		}
		if got := read(); got != strings.Replace(want, `"timeout":30`, `"timeout":20`, 1) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("templates stay with their keys", func(t *testing.T) {
		f.ok("PUT", fmt.Sprintf("/v1/ivr/%d", id), fmt.Sprintf("option[]=2&option[]=1&destination[]=ivr||%d&destination[]=101", id))
		menu := f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), "")["ivr_menu"].([]any)
		first, second := menu[0].(map[string]any), menu[1].(map[string]any)
		if first["sms_template_id"] != "0" || second["sms_template_id"] != fmt.Sprint(template) || first["destination_type"] != "ivr" || second["destination_id"] != "101" {
			t.Errorf("menu %v", menu)
		}
	})
	t.Run("what refers to another is in the way of its deletion", func(t *testing.T) {
		other := f.id("POST", "/v1/ivr", f.sample(map[string]any{"destination": []string{fmt.Sprintf("ivr|%d", id)}}))
		f.fails("DELETE", fmt.Sprintf("/v1/ivr/%d", id), "", http.StatusConflict, "IVR is in use.")
		f.fails("DELETE", fmt.Sprintf("/v1/sms_template/%d", template), "", http.StatusConflict, "in use")
		f.fails("DELETE", fmt.Sprintf("/v1/recording/%d", f.sounds[0]), "", http.StatusConflict, "Recording is in use.")
		number := f.ok("GET", "/v1/my_number", "")["list"].([]any)[0].(map[string]any)["id"]
		f.ok("PUT", fmt.Sprintf("/v1/my_number/%v", number), fmt.Sprintf(`{"destination":"ivr||%d"}`, other))
		f.fails("DELETE", fmt.Sprintf("/v1/ivr/%d", other), "", http.StatusConflict, "IVR is in use.")
		f.ok("PUT", fmt.Sprintf("/v1/my_number/%v", number), `{"destination":"hangup||1"}`)
		f.ok("DELETE", fmt.Sprintf("/v1/ivr/%d", other), "")
		f.ok("DELETE", fmt.Sprintf("/v1/ivr/%d", id), "") // it refers to itself
		f.fails("GET", fmt.Sprintf("/v1/ivr/%d", id), "", http.StatusNotFound, "IVR not found.")
		f.ok("DELETE", fmt.Sprintf("/v1/sms_template/%d", template), "")
	})
}

// The vendor's page lists invalid_recording twice; clients may send it so, or
// once.
func TestInvalidRecordingTwice(t *testing.T) {
	f := newFixture(t)
	one := f.sample(map[string]any{"recording_invalid": nil})
	twice := strings.Replace(one, "{", fmt.Sprintf(`{"invalid_recording":"recording|%d",`, f.sounds[2]), 1)
	final := func(id int64) any { return f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), "")["invalid_recording"] }
	if got := final(f.id("POST", "/v1/ivr", one)); got != float64(f.sounds[1]) {
		t.Errorf("once: %v", got)
	}
	id := f.id("POST", "/v1/ivr", twice)
	if got := final(id); got != float64(f.sounds[1]) || f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), "")["invalid_retry_recording"] != fmt.Sprint(f.sounds[2]) {
		t.Errorf("twice: %v", got)
	}
}

func TestForms(t *testing.T) {
	f := newFixture(t)
	rec := f.sounds[0]
	form := fmt.Sprintf("name=Form&description=x&recording=%d&timeout=5&option=1&destination=05047530000&incorrect_count=0&invalid_recording=outbound_tts||%d"+
		"&invalid_destination=hangup&timeout_tries=0&timeout_retry_recording=recording||%d&timeout_recording=%d&timeout_destination=agent|9876543210", rec, rec, rec, rec)
	id := f.id("POST", "/v1/ivr", form)
	v := f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), "")
	if v["timeout_dest_type"] != "agent" || v["invalid_destination_type"] != "hangup" || len(v["ivr_menu"].([]any)) != 1 {
		t.Errorf("%v", v)
	}
	multi := "--b\r\nContent-Disposition: form-data; name=\"timeout\"\r\n\r\n7\r\n--b--\r\n"
	if status, answer := f.sendAs("PUT", fmt.Sprintf("/v1/ivr/%d", id), "multipart/form-data; boundary=b", multi, f.token); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
	if v := f.ok("GET", fmt.Sprintf("/v1/ivr/%d", id), ""); v["timeout"] != 7.0 {
		t.Errorf("timeout %v", v["timeout"])
	}
}

func TestBadIVRs(t *testing.T) {
	f := newFixture(t)
	required := []string{"name", "description", "recording", "timeout", "option", "destination", "incorrect_count", "invalid_recording",
		"invalid_destination", "timeout_tries", "timeout_retry_recording", "timeout_recording", "timeout_destination"}
	for _, name := range required {
		change := map[string]any{name: nil}
		if name == "option" || name == "destination" {
			change = map[string]any{name: []string{}}
		}
		f.fails("POST", "/v1/ivr", f.sample(change), http.StatusBadRequest, "The "+name+" field is required.")
	}
	tests := []struct {
		change map[string]any
		words  string
	}{
		{map[string]any{"option": []string{"1", "2"}}, "The option and destination fields must have the same number of elements: they have 2 and 1."},
		{map[string]any{"option": []string{"1", "1"}, "destination": []string{"101", "101"}}, "The option field has key 1 twice."},
		{map[string]any{"option": []string{"12"}}, "The option field is invalid: element 0"},
		{map[string]any{"option": []any{map[string]any{}}}, "The option field is invalid"},
		{map[string]any{"timeout": "soon"}, "The timeout field is invalid"},
		{map[string]any{"timeout": 0}, "The timeout field is invalid"},
		{map[string]any{"timeout": 1.5}, "The timeout field is invalid"},
		{map[string]any{"incorrect_count": -1}, "The incorrect_count field is invalid"},
		{map[string]any{"timeout_tries": 99}, "The timeout_tries field is invalid"},
		{map[string]any{"recording": "recording|99999"}, "the recording field refers to recording 99999, which does not exist"},
		{map[string]any{"recording": "song|1"}, "The recording field is invalid"},
		{map[string]any{"recording": "recording|x"}, "The recording field is invalid"},
		{map[string]any{"destination": []string{"extension|999"}}, "Invalid destination: the destination.0 field refers to extension 999, which does not exist."},
		{map[string]any{"destination": []string{"ivr|1"}}, "destination.0 field refers to ivr 1"},
		{map[string]any{"destination": []string{"department|1"}}, "destination.0 field refers to department 1"},
		{map[string]any{"destination": []string{"mars|1"}}, "The destination field is invalid: element 0"},
		{map[string]any{"invalid_destination": "voicemail|5"}, "invalid_destination field refers to voicemail 5"},
		{map[string]any{"timeout_destination": "api_dialplan|abc"}, "timeout_destination field refers to api_dialplan abc"},
		{map[string]any{"timeout_destination": "agent|12"}, "The timeout_destination field is invalid"},
		{map[string]any{"sms_template": []int64{77}}, "sms_template.0"},
		{map[string]any{"sms_template": []int64{0, 0}}, "The sms_template field has 2 elements"},
		{map[string]any{"name": strings.Repeat("x", 101)}, "The name field is invalid"},
		{map[string]any{"name": "a\u0000b"}, "The name field is invalid"},
		{map[string]any{"colour": "red"}, "The colour field is unknown."},
	}
	for _, tt := range tests {
		f.fails("POST", "/v1/ivr", f.sample(tt.change), http.StatusBadRequest, tt.words)
	}
	f.fails("POST", "/v1/ivr", `{"name":`, http.StatusBadRequest, "The request is invalid")
	f.fails("POST", "/v1/ivr", `[]`, http.StatusBadRequest, "The request is invalid")
	f.fails("POST", "/v1/ivr", `{"name":"a","name":"b"}`, http.StatusBadRequest, "name: the field is given twice")
	f.fails("PATCH", "/v1/ivr", `{}`, http.StatusMethodNotAllowed, "PATCH")
	f.fails("GET", "/v1/extensions", "", http.StatusNotFound, "There is no path")
	f.fails("PUT", "/v1/ivr/7", `{"timeout":5}`, http.StatusNotFound, "IVR not found.")
	f.fails("PUT", "/v1/ivr/x", `{"timeout":5}`, http.StatusNotFound, "IVR not found.")
	if list := f.ok("GET", "/v1/ivrs", "")["ivrs"].([]any); len(list) != 0 {
		t.Errorf("something of it was saved: %v", list)
	}
}

// Another account sees and changes nothing of this one.
func TestOtherAccount(t *testing.T) {
	f := newFixture(t)
	id := f.id("POST", "/v1/ivr", f.sample(nil))
	dep := f.id("POST", "/v1/department", `{"name":"Sales","agents":["101"]}`)
	f.populate("200", "900", "other@example.com", auth.NewHasher())
	f.token = f.login("other@example.com")
	if list := f.ok("GET", "/v1/ivrs", ""); len(list["ivrs"].([]any))+len(list["recordings"].([]any)) != 0 {
		t.Errorf("%v", list)
	}
	for _, call := range []string{"GET /v1/ivr/%d", "DELETE /v1/ivr/%d", "GET /v1/recording/%d", "GET /v1/department/%d"} {
		method, path, _ := strings.Cut(call, " ")
		n := map[bool]int64{true: dep, false: id}[strings.Contains(path, "department")]
		if strings.Contains(path, "recording") {
			n = f.sounds[0]
		}
		f.fails(method, fmt.Sprintf(path, n), "", http.StatusNotFound, "not found")
	}
	f.fails("POST", "/v1/ivr", f.sample(nil), http.StatusBadRequest, "which does not exist")
	if !slices.Contains(f.dialect.HostNames(), "api-smartflo.tatateleservices.com") {
		t.Error("the vendor's host is missing")
	}
}
