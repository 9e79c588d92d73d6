package fileblob_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tandem/internal/blob"
	"tandem/internal/blob/blobtest"
	"tandem/internal/blob/fileblob"
	"tandem/internal/voice"
)

func open(t *testing.T, dir string) *fileblob.Store {
	t.Helper()
	s, err := fileblob.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Store { return open(t, filepath.Join(t.TempDir(), "blobs")) })
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := s.Put(t.Context(), "a/b.wav", strings.NewReader("12345"), 3); !voice.IsKind(err, voice.Limit) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	stale, fresh := filepath.Join(dir, ".tmp", "STALE"), filepath.Join(dir, ".tmp", "FRESH")
	for _, name := range []string{stale, fresh} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("stale temporary file is still there: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("another process's temporary file is gone: %v", err)
	}
}

func TestDraftSurvivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	d, err := first.Create(t.Context(), "recordings/x.wav")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, "audio"); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir) // the first is never told
	again, size, err := second.Reopen(t.Context(), "recordings/x.wav")
	if err != nil || size != 5 {
		t.Fatalf("reopen: %d, %v", size, err)
	}
	if info, err := again.Finish(); err != nil || info.Size != 5 {
		t.Fatalf("finish: %+v, %v", info, err)
	}
	if err := d.(*fileblob.Draft).Close(); err != nil {
		t.Error(err)
	}
}

func TestLinksLeadNowhere(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Open(t.Context(), "link"); err == nil {
		t.Error("a link out of the folder was opened", r.Close())
	}
	if list, err := s.List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("list shows %v, %v", list, err)
	}
	info, err := s.Put(t.Context(), "link", strings.NewReader("mine"), 10)
	if err != nil || info.Size != 4 {
		t.Fatal(info, err)
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "secret" {
		t.Errorf("outside file holds %q, %v", b, err)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	s := open(t, dir)
	key := blob.NewKey("recordings", "wav", time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
	if !strings.HasPrefix(key, "recordings/2026/11/") || !strings.HasSuffix(key, ".wav") || blob.CheckKey(key) != nil {
		t.Fatalf("key %q", key)
	}
	if _, err := s.Put(t.Context(), key, strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{key: 0o600, filepath.Dir(key): 0o700 | os.ModeDir, ".": 0o700 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}
