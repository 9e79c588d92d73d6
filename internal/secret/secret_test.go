package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tandem/internal/secret"
	"tandem/internal/voice"
)

func TestSealAndOpen(t *testing.T) {
	b := secret.New()
	sealed := b.Seal("trunk/1/a", []byte("s3cret"))
	if strings.Contains(sealed, "s3cret") {
		t.Fatalf("sealed value shows the secret: %q", sealed)
	}
	if again := b.Seal("trunk/1/a", []byte("s3cret")); again == sealed {
		t.Error("sealing twice gave the same text: the nonce repeats")
	}
	plain, err := b.Open("trunk/1/a", sealed)
	if err != nil || string(plain) != "s3cret" {
		t.Fatalf("open gave %q, %v", plain, err)
	}
	id, text, _ := strings.Cut(sealed, ":")
	flipped := []byte(text)
	if flipped[10] != 'A' {
		flipped[10] = 'A'
	} else {
		flipped[10] = 'B'
	}
	cases := []struct {
		name, row, sealed string
		kind              voice.Kind
	}{
		{"another row", "trunk/1/b", sealed, voice.Permission},
		{"altered", "trunk/1/a", id + ":" + string(flipped), voice.Permission},
		{"cut short", "trunk/1/a", id + ":AAAA", voice.Permission},
		{"not base64", "trunk/1/a", id + ":***", voice.Invalid},
		{"not sealed", "trunk/1/a", "s3cret", voice.Invalid},
		{"empty", "trunk/1/a", "", voice.Invalid},
		{"foreign key", "trunk/1/a", secret.New().Seal("trunk/1/a", []byte("x")), voice.NotExist},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, err := b.Open(c.row, c.sealed); voice.KindOf(err) != c.kind {
				t.Errorf("gave %q, %v; want kind %s", got, err, c.kind)
			}
		})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, b); got != "secret.Box" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "secret.key")
	var wg sync.WaitGroup
	boxes := make([]*secret.Box, 8)
	for i := range boxes {
		wg.Go(func() {
			b, err := secret.OpenFile(path)
			if err != nil {
				t.Error(err)
			}
			boxes[i] = b
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for i, b := range boxes {
		if _, err := boxes[0].Open("r", b.Seal("r", []byte("x"))); err != nil {
			t.Errorf("box %d has another key: %v", i, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}

	old := boxes[0].Seal("r", []byte("before"))
	next, err := secret.Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := next.Open("r", old); err != nil || string(plain) != "before" {
		t.Errorf("after rotation the old value gives %q, %v", plain, err)
	}
	if _, err := boxes[0].Open("r", next.Seal("r", nil)); voice.KindOf(err) != voice.NotExist {
		t.Errorf("the old box opens the new key's value: %v", err)
	}

	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.OpenFile(path); voice.KindOf(err) != voice.Permission {
		t.Errorf("a readable key file was accepted: %v", err)
	}
}

func TestBadKeyFiles(t *testing.T) {
	good := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"empty": "", "comment": "# nothing\n", "short": "k1 abcd\n", "no id": " " + good + "\n",
		"not hex": "k1 " + strings.Repeat("zz", 32), "twice": "k1 " + good + "\nk1 " + good + "\n", "colon": "k:1 " + good,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "k")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := secret.OpenFile(path); voice.KindOf(err) != voice.Invalid {
				t.Errorf("gave %v", err)
			}
		})
	}
}
