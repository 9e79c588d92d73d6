package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tandem/internal/config"
)

const example = "../../tandem.example.conf"

// The shipped example is the manual: with its comment marks taken away it must
// say exactly the defaults, and hold every key.
func TestExampleFile(t *testing.T) {
	raw, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if err := config.WriteExample(&want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(raw)); diff != "" {
		t.Fatalf("the example is not what the table of settings gives (-want +got):\n%s", diff)
	}
	plain := regexp.MustCompile(`(?m)^#([a-z_]+ =)`).ReplaceAllString(string(raw), "$1")
	got, err := config.Parse(example, strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got); diff != "" {
		t.Errorf("example against config.Default (-want +got):\n%s", diff)
	}
	for _, s := range config.Settings() {
		if s.Help == "" || s.Unit == "" {
			t.Errorf("%s has no help or no unit", s.Key)
		}
		if !strings.Contains(string(raw), s.Env()+".") {
			t.Errorf("the example does not name %s", s.Env())
		}
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	file := "http = :1001\nsip = :1002\n\n[smtp]\nhost = mail.example\npassword = \"a # b\"\n[log]\nlevel=debug\n"
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TANDEM_SIP": ":2002", "TANDEM_RTP": "30000-30100", "TANDEM_ALLOW_LOOPBACK": "1", "TANDEM_DATA": dir}
	got, err := config.Load(config.Sources{
		Flags: map[string]string{"rtp": "40000-40100"},
		Env:   func(k string) (string, bool) { v, ok := env[k]; return v, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Data = dir
	want.HTTP, want.SIP = ":1001", ":2002"
	want.RTP = config.PortRange{Low: 40000, High: 40100}
	want.AllowLoopback = true
	want.SMTP.Host, want.SMTP.Password, want.Log.Level = "mail.example", "a # b", "debug"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"unknown key", "http = :1\nhtpp = :2\n", `x:2: unknown key "htpp"`},
		{"unknown key in section", "[smtp]\nhosts = a\n", `x:2: unknown key "smtp.hosts"`},
		{"no equals sign", "\nhttp\n", `x:2: "http" is not of the form key = value`},
		{"twice", "http = :1\nhttp = :2\n", "x:2: http stands in line 1 too"},
		{"bad address", "http = 8080\n", `x:1: http: "8080" is not HOST:PORT or :PORT`},
		{"bad port", "sip = :99999\n", "ports are 0 to 65535"},
		{"ports reversed", "rtp = 20000-10000\n", "the lower first"},
		{"every address as one", "rtp_host = 0.0.0.0\n", `rtp_host: "0.0.0.0" is not one address`},
		{"every address in the other form", "rtp_host = ::ffff:0.0.0.0\n", "is not one address"},
		{"a name for an address", "rtp_host = a.example\n", "leave it empty for every one"},
		{"not a number", "[smtp]\nport = x\n", `x:2: smtp.port: "x" is not a number from 1 to 65535`},
		{"not a choice", "[log]\nlevel = loud\n", `x:2: log.level: "loud" is none of debug`},
		{"not yes or no", "sample = maybe\n", `"maybe" is neither yes nor no`},
		{"open quotes", "realm = \"a\n", "x:1: realm: the quotes are not closed"},
		{"open section", "[smtp\n", "has no closing bracket"},
		{"engine", "[speech]\nengines = espeak, festival\n", `"festival" is none of`},
		{"engine twice", "[speech]\nengines = espeak, espeak\n", "listed twice"},
		{"realm", "realm = a:b\n", "is no realm"},
		{"host with port", "public = a.example:5060\n", "has a port"},
		{"host with scheme", "public = http://a\n", "is not a host name"},
		{"sender", "[smtp]\nfrom = me\n", "is not an e-mail address"},
		{"user without host", "[smtp]\nuser = a\n", "smtp.host is not"},
		{"password in clear", "[smtp]\nhost = a\nuser = a\ntls = none\n", "travel in clear"},
		{"gateway that is told nothing", "[sms]\nurl = https://sms.example/\nmethod = GET\n", "holds {to} and {text}"},
		{"gateway's method", "[sms]\nmethod = PUT\n", `"PUT" is none of`},
		{"secret not repeated", "postgres = mysql://u:hunter2@h/d\n", "not a URL that begins with postgres://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("x", strings.NewReader(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a password: %v", err)
			}
		})
	}
}

func TestPostgresOnASocket(t *testing.T) {
	const url = "postgres://tandem@/tandem?host=/run/postgresql"
	if c, err := config.Parse("x", strings.NewReader("postgres = "+url+"\n")); err != nil || c.Postgres != url {
		t.Errorf("%q, %v", c.Postgres, err)
	}
}

func TestLoadErrorsNameTheSource(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, config.FileName)
	if err := os.WriteFile(inside, []byte("data = /elsewhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := func(string) (string, bool) { return "", false }
	for _, tt := range []struct {
		name string
		src  config.Sources
		want string
	}{
		{"flag", config.Sources{Flags: map[string]string{"allow_loopback": "x", "data": t.TempDir()}, Env: none}, "flag --allow-loopback:"},
		{"unknown flag", config.Sources{Flags: map[string]string{"nope": "x", "data": t.TempDir()}}, `unknown key "nope"`},
		{"environment", config.Sources{Env: func(k string) (string, bool) { return "x", k == "TANDEM_SMTP_PORT" }}, "environment variable TANDEM_SMTP_PORT:"},
		{"missing file", config.Sources{File: filepath.Join(dir, "none")}, "settings file:"},
		{"data in data", config.Sources{Flags: map[string]string{"data": dir}}, "cannot be named in a file inside it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := config.Load(tt.src); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestURL(t *testing.T) {
	for _, tt := range []struct {
		c    config.Config
		want string
	}{
		{config.Config{Public: "ivr.example", HTTP: ":8080"}, "http://ivr.example:8080"},
		{config.Config{Public: "ivr.example", HTTP: ":80"}, "http://ivr.example"},
		{config.Config{Public: "2001:db8::1", HTTP: ":80"}, "http://[2001:db8::1]"},
		{config.Config{Public: "2001:db8::1", HTTP: ":81"}, "http://[2001:db8::1]:81"},
		{config.Config{SIP: "192.0.2.7:5060", HTTP: ":81"}, "http://192.0.2.7:81"},
		{config.Config{BaseURL: "https://ivr.example/", HTTP: ":81"}, "https://ivr.example"},
	} {
		if got := tt.c.URL(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("http = :1\n[smtp]\nhost = a\n")
	f.Add("realm = \"\\x00\"\n")
	f.Add("[\n]\n=")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := config.Parse("x", strings.NewReader(s))
		if err == nil && c.RTP.Low >= c.RTP.High {
			t.Errorf("accepted the port range %v", c.RTP)
		}
	})
}
