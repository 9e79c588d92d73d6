package sipua_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/sipua"
	"tandem/internal/voice"
)

// I-11: the scanners of SIPVicious find no account and no password, and no version.
// Debian's package is sipvicious.
func TestSIPVicious(t *testing.T) {
	st := newStore("pbx.example", "alice")
	extension := st.exts["alice"]
	extension.Username = "101"
	st.exts = map[string]voice.Extension{"101": extension}
	cfg := sipua.Config{Realm: "pbx.example", Extensions: st, Bindings: st, UserAgent: "", Handler: answering(4000, nil)}
	cfg.Limits.LimitLoopback, cfg.Limits.Wire.Rate, cfg.Limits.Wire.Burst = true, 50, 200
	a := start(t, cfg)
	port := fmt.Sprint(a.Addr().Port())
	words := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(words, []byte(times(120, "guess%d\n")+"secret-alice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	scan := func(program string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append(args, "127.0.0.1")...)
		cmd.Dir = t.TempDir()
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatalf("%s (scripts/setup-test.sh installs it): %v", program, err)
		}
		return string(out)
	}
	if out := scan("svmap", "-p"+port, "-m", "OPTIONS"); strings.Contains(strings.ToLower(out), "tandem") {
		t.Errorf("svmap is told what we are:\n%s", out)
	}
	for _, method := range []string{"REGISTER", "INVITE"} {
		out := scan("svwar", "-p"+port, "-m", method, "-e100-110", "--force", "--domain=pbx.example", "--maximumtime=5")
		// One line each, and all alike: what is there looks like what is not.
		if has, lacks := strings.Contains(out, " 101 "), strings.Contains(out, " 105 "); has != lacks {
			t.Errorf("svwar by %s tells extensions that are there from others:\n%s", method, out)
		}
	}
	if out := scan("svcrack", "-p"+port, "-u101", "-d"+words, "--maximumtime=6"); strings.Contains(out, "secret-alice") {
		t.Errorf("svcrack has found the password:\n%s", out)
	}
	if n := a.Counters(); n.Panics != 0 {
		t.Errorf("%+v", n)
	}
}
