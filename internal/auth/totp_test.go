package auth_test

import (
	"encoding/base32"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/voice"
)

// The values of RFC 6238 appendix B for SHA-1, of which six digits are ours.
func TestTOTP(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := auth.TOTP(secret, at/30); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	if got := auth.TOTP("not base32!", 1); got != "" {
		t.Errorf("of no secret: %q", got)
	}
	now := time.Unix(1111111109, 0)
	for off, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		at := now.Unix()/30 + off
		if step, ok := auth.FindTOTP(secret, auth.TOTP(secret, at), now); ok != want || ok && step != at {
			t.Errorf("%d steps off: %d %v, want %v", off, step, ok, want)
		}
	}
	for _, code := range []string{"", "81804", "0818040", "no code"} {
		if _, ok := auth.FindTOTP(secret, code, now); ok {
			t.Errorf("%q is taken", code)
		}
	}
	if _, ok := auth.FindTOTP("", "", now); ok {
		t.Error("nothing fits no secret")
	}
	if a, b := auth.NewTOTPSecret(), auth.NewTOTPSecret(); len(a) != 32 || a == b {
		t.Errorf("secrets %q and %q", a, b)
	}
	if got, want := auth.TOTPURI("Tandem", "a b@x", "S"), "otpauth://totp/Tandem:a%20b@x?secret=S&issuer=Tandem&algorithm=SHA1&digits=6&period=30"; got != want {
		t.Errorf("URI %s, want %s", got, want)
	}
}

func TestAttempts(t *testing.T) {
	c := clock.NewVirtual(time.Unix(1_000_000, 0))
	a := auth.NewAttempts(c)
	wrong := func() (bool, error) { return false, nil }
	for i := range auth.FailuresPerName {
		if err := a.Try("anna", "192.0.2.7:1", wrong); !voice.IsKind(err, voice.Permission) {
			t.Fatalf("failure %d: %v", i, err)
		}
	}
	looked := false
	right := func() (bool, error) { looked = true; return true, nil }
	if err := a.Try("anna", "192.0.2.8:1", right); !voice.IsKind(err, voice.Limit) || looked {
		t.Errorf("after too many failures: %v", err)
	}
	if err := a.Try("bert", "192.0.2.8:1", right); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	broken := voice.Errorf("test", voice.Unavailable, "no database")
	for range 2 * auth.FailuresPerName {
		if err := a.Try("cleo", "192.0.2.9", func() (bool, error) { return false, broken }); err != broken {
			t.Fatalf("an error counts as a guess: %v", err)
		}
	}
}
