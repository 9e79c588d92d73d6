package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/config"
)

// Every setting says where it comes from: the last of file, environment and
// command line that gives it.
func TestOrigins(t *testing.T) {
	file := filepath.Join(t.TempDir(), "t.conf")
	if err := os.WriteFile(file, []byte("# a comment\nrealm = here\npublic = a.example\n[smtp]\nhost = mail.example\nuser = u\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TANDEM_SMTP_HOST": "other.example", "TANDEM_PUBLIC": "b.example"}
	c, from, err := config.LoadFrom(config.Sources{File: file, Flags: map[string]string{"public": "c.example"},
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	if err != nil {
		t.Fatal(err)
	}
	if c.Public != "c.example" || c.SMTP.Host != "other.example" || c.Realm != "here" {
		t.Errorf("settings %q %q %q", c.Public, c.SMTP.Host, c.Realm)
	}
	for key, want := range map[string]config.Origin{
		"realm":     {Kind: config.FromFile, Where: file + ":2"},
		"smtp.user": {Kind: config.FromFile, Where: file + ":6"},
		"smtp.host": {Kind: config.FromEnvironment, Where: "TANDEM_SMTP_HOST"},
		"public":    {Kind: config.FromFlags, Where: "public"},
		"http":      {Kind: config.FromDefault},
	} {
		if got := from.Of(key); got != want {
			t.Errorf("%s comes from %+v, want %+v", key, got, want)
		}
	}
}

// What people are shown holds no secret, whatever setting it was put into.
func TestShownHasNoSecrets(t *testing.T) {
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"smtp.host": "mail.example", "smtp.user": "u", "smtp.password": "hidden-1", "postgres": "postgres://u:hidden-2@h/db",
		"sms.url": "https://u:hidden-3@sms.example/{to}/{text}?key=hidden-4", "sms.key": "hidden-5", "sms.headers": "X: hidden-6", "sms.body": "hidden-7",
		"speech.openai_url": "https://h/v1?k=hidden-8", "speech.openai_key": "hidden-9", "metrics.token": "hidden-10-hidden-10"}})
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, s := range config.Settings() {
		v, hidden := s.Shown(c)
		if strings.Contains(v, "hidden") {
			t.Errorf("%s shows %q", s.Key, v)
		}
		if strings.Contains(s.Value(c), "hidden") && !hidden {
			t.Errorf("%s does not say that it hides something", s.Key)
		}
		shown[s.Key] = v
	}
	if shown["sms.url"] != "https://sms.example/{to}/{text}" || shown["smtp.host"] != "mail.example" {
		t.Errorf("shown %q, %q", shown["sms.url"], shown["smtp.host"])
	}
}
