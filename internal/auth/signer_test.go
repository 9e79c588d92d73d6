package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tandem/internal/auth"
	"tandem/internal/clock"
	"tandem/internal/secret"
	"tandem/internal/voice"
)

func TestSigner(t *testing.T) {
	s, c, box := openStore(t), clock.NewVirtual(start), secret.New()
	ctx := t.Context()
	signer, err := auth.OpenSigner(ctx, s, box, c)
	ok(t, err)
	again, err := auth.OpenSigner(ctx, s, box, c)
	ok(t, err)
	_, err = auth.OpenSigner(ctx, s, secret.New(), c)
	want(t, "another box", err, voice.Internal)
	if stored, err := s.Setting(ctx, "auth.signing-key"); err != nil || strings.Contains(stored, "PRIVATE") || len(stored) < 1000 {
		t.Errorf("stored key: %d bytes, %v", len(stored), err)
	}

	claims := auth.Claims{
		Issuer: "tandem", Audience: "api.sonetel.com", Kind: auth.AccessToken, Subject: "11", Expires: start.Add(24 * time.Hour),
		Extra: map[string]any{"acc_id": "1", "user_name": "å😀@example.com", "scope": []string{"user.read", "user.write"}, "iss": "forged", "exp": 1},
	}
	token, err := signer.Sign(claims)
	ok(t, err)
	if !strings.HasPrefix(token, "eyJhbGciOiJSUzI") {
		t.Errorf("token begins %.20q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	ok(t, err)
	for _, b := range payload {
		if b >= 0x80 {
			t.Fatalf("payload is not ASCII: %q", payload)
		}
	}
	var plain map[string]any
	ok(t, json.Unmarshal(payload, &plain))
	if plain["user_name"] != "å😀@example.com" || plain["iss"] != "tandem" || plain["exp"] != float64(start.Add(24*time.Hour).Unix()) {
		t.Errorf("a client reads %v", plain)
	}

	back, err := again.Verify(token, "tandem", "api.sonetel.com", auth.AccessToken)
	ok(t, err)
	if back.Subject != "11" || back.Text("acc_id") != "1" || !back.HasScope("user.write") || back.HasScope("user") ||
		!back.Expires.Equal(start.Add(24*time.Hour)) || !back.Issued.Equal(start) {
		t.Errorf("verified claims are %+v", back)
	}
	for what, v := range map[string][3]string{
		"issuer": {"x", "api.sonetel.com", auth.AccessToken}, "audience": {"tandem", "x", auth.AccessToken},
		"kind": {"tandem", "api.sonetel.com", auth.RefreshToken},
	} {
		_, err := signer.Verify(token, v[0], v[1], v[2])
		want(t, "another "+what, err, voice.Permission)
	}
	c.Advance(24*time.Hour - time.Second)
	_, err = signer.Verify(token, "tandem", "api.sonetel.com", auth.AccessToken)
	want(t, "last second", err, "")
	c.Advance(time.Second)
	_, err = signer.Verify(token, "tandem", "api.sonetel.com", auth.AccessToken)
	want(t, "expired", err, voice.Permission)
	_, err = signer.Sign(auth.Claims{Issuer: "x"})
	want(t, "incomplete", err, voice.Invalid)
	claims.Extra = map[string]any{"f": func() {}}
	_, err = signer.Sign(claims)
	want(t, "unwritable", err, voice.Invalid)
}

func TestForgedTokens(t *testing.T) {
	s, c := openStore(t), clock.NewVirtual(start)
	signer, err := auth.OpenSigner(t.Context(), s, secret.New(), c)
	ok(t, err)
	stranger, err := auth.OpenSigner(t.Context(), openStore(t), secret.New(), c)
	ok(t, err)
	claims := auth.Claims{Issuer: "i", Audience: "a", Kind: "access", Expires: start.Add(time.Hour)}
	good, err := signer.Sign(claims)
	ok(t, err)
	theirs, err := stranger.Sign(claims)
	ok(t, err)
	parts := strings.Split(good, ".")
	enc := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	hs := func(header string) string {
		mac := hmac.New(sha256.New, []byte("public key"))
		mac.Write([]byte(enc(header) + "." + parts[1]))
		return enc(header) + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for what, token := range map[string]string{
		"empty": "", "two parts": parts[0] + "." + parts[1], "four parts": good + ".x", "no signature": parts[0] + "." + parts[1] + ".",
		"none":            enc(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"none, signature": enc(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"HS256":           hs(`{"alg":"HS256","typ":"JWT"}`), "embedded key": hs(`{"alg":"RS256","typ":"JWT","jwk":{}}`),
		"stranger's key":    theirs,
		"changed payload":   parts[0] + "." + enc(`{"iss":"i","aud":"a","kind":"access","exp":99999999999}`) + "." + parts[2],
		"a short signature": parts[0] + "." + parts[1] + "." + parts[2][:4], "half a signature": parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])/2],
		"all but its end": good[:len(good)-4], "a signature and more": good + parts[2], "the second of two": theirs + "," + good, "two in one": good + "." + parts[2],
		"padding": good + "=", "space": good + " ", "long": good + strings.Repeat("A", 20<<10),
	} {
		if got, err := signer.Verify(token, "i", "a", "access"); !voice.IsKind(err, voice.Permission) {
			t.Errorf("%s: gave %+v, %v", what, got, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA")
	f.Add("a.b.c")
	f.Add("..")
	var signer *auth.Signer
	f.Fuzz(func(t *testing.T, token string) {
		if signer == nil {
			s, err := auth.OpenSigner(t.Context(), openStore(t), secret.New(), clock.NewVirtual(start))
			ok(t, err)
			signer = s
		}
		if c, err := signer.Verify(token, "i", "a", "access"); err == nil {
			t.Errorf("%q passes as %+v", token, c)
		}
	})
}

func TestHasScope(t *testing.T) {
	for what, c := range map[string]struct {
		scope any
		want  bool
	}{
		"list": {[]any{"a", "b"}, true}, "own list": {[]string{"b"}, true}, "text": {"a b", true},
		"part of a word": {"ab bb", false}, "none": {nil, false}, "number": {7, false}, "another": {[]any{"a"}, false},
	} {
		claims := auth.Claims{Extra: map[string]any{"scope": c.scope}}
		if got := claims.HasScope("b"); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
