package sonetel_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// python finds an interpreter that has requests, or fails the test.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import requests").Run() == nil {
			return name
		}
	}
	t.Fatal("no python3 with the package requests (Debian: python3-requests); scripts/setup-test.sh installs it")
	return ""
}

// The sample scripts make and change a menu.
func TestSampleScripts(t *testing.T) {
	interpreter := python(t)
	f := newFixture(t)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	mail := f.ok("GET", "/account/100200/voiceapp", "").([]any)[1].(map[string]any)["app_id"].(string)
	env := map[string]string{
		"SONETEL_URL": srv.URL + "/sonetel/", "SONETEL_ACCOUNT": account, "SONETEL_USERNAME": email, "SONETEL_PASSWORD": password,
		"IVR_NAME": "From Python", "USER_ID": ownerID, "PHONE_NUMBER": "+46850000000", "APP_ID": mail,
	}
	run := func(script string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, interpreter, "../../../test/samples/sonetel/"+script)
		cmd.Env = append(os.Environ(), "no_proxy=*")
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	token, err := run("get_token.py")
	if err != nil || !strings.HasPrefix(token, "eyJ") {
		t.Fatalf("get_token.py: %v\n%s", err, token)
	}
	env["SONETEL_TOKEN"] = token
	if out, err := run("create_ivr.py"); err != nil || !strings.Contains(out, "IVR Created successfully") {
		t.Fatalf("create_ivr.py: %v\n%s", err, out)
	}
	for _, item := range f.ok("GET", "/account/100200/voiceapp", "").([]any) {
		if a := item.(map[string]any); a["name"] == "From Python" {
			env["IVR_ID"] = a["app_id"].(string)
		}
	}
	env["IVR_NAME"] = "Changed"
	if out, err := run("update_ivr.py"); err != nil || !strings.Contains(out, "IVR updated successfully") {
		t.Fatalf("update_ivr.py: %v\n%s", err, out)
	}
	a := f.okMap("GET", "/account/100200/voiceapp/"+env["IVR_ID"], "")
	menu := a["menu"].(map[string]any)
	want := map[string]string{"digit_0": ownerID, "digit_1": "+46850000000", "digit_2": ownerID, "digit_3": mail, "digit_4": ""}
	for key, id := range want {
		if got := menu[key].(map[string]any)["id"]; got != id {
			t.Errorf("%s leads to %v, want %q", key, got, id)
		}
	}
	if a["name"] != "Changed" {
		t.Errorf("name %v", a["name"])
	}
	env["USER_ID"] = "999"
	if out, err := run("update_ivr.py"); err == nil || !strings.Contains(out, "menu.digit_2.id") {
		t.Errorf("an unknown user: %v\n%s", err, out)
	}
	env["SONETEL_PASSWORD"] = "wrong"
	if out, err := run("get_token.py"); err == nil || !strings.Contains(out, "not found") {
		t.Errorf("a wrong password: %v\n%s", err, out)
	}
}
