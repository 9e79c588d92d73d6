// Package blobtest is the conformance suite of blob stores.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"tandem/internal/blob"
	"tandem/internal/voice"
)

// Store is what the suite tests.
type Store interface {
	blob.Store
	blob.Drafts
}

// Run tests the stores that open makes, each empty; open cleans up by t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"put and read": testPut, "limit": testLimit, "keys": testKeys, "list": testList,
		"drafts": testDrafts, "reopen": testReopen, "all at once": testConcurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

const key = "recordings/2026/11/a.wav"

func want(t *testing.T, what string, err error, kind voice.Kind) {
	t.Helper()
	if got := voice.KindOf(err); got != kind {
		t.Errorf("%s: kind %q (%v), want %q", what, got, err, kind)
	}
}

func put(t *testing.T, s Store, key, text string) blob.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, strings.NewReader(text), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func content(t *testing.T, s Store, key string) string {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func testPut(t *testing.T, s Store) {
	ctx := t.Context()
	_, err := s.Open(ctx, key)
	want(t, "open what is not there", err, voice.NotExist)
	_, err = s.Stat(ctx, key)
	want(t, "stat what is not there", err, voice.NotExist)
	want(t, "delete what is not there", s.Delete(ctx, key), voice.NotExist)

	info := put(t, s, key, "hello world")
	sum := sha256.Sum256([]byte("hello world"))
	if info.Key != key || info.Size != 11 || info.SHA256 != hex.EncodeToString(sum[:]) || info.Modified.IsZero() {
		t.Errorf("put gave %+v", info)
	}
	if st, err := s.Stat(ctx, key); err != nil || st.Size != 11 || st.Key != key {
		t.Errorf("stat gave %+v, %v", st, err)
	}
	r, err := s.Open(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 5)
	if _, err := r.Seek(6, io.SeekStart); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(r, part); err != nil || string(part) != "world" {
		t.Errorf("range gave %q, %v", part, err)
	}
	put(t, s, key, "other")
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "hello world" {
		t.Errorf("a reader of the old blob got %q, %v", b, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if got := content(t, s, key); got != "other" {
		t.Errorf("replaced blob holds %q", got)
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Error(err)
	}
	_, err = s.Stat(ctx, key)
	want(t, "stat after delete", err, voice.NotExist)
	put(t, s, "empty", "")
	if got := content(t, s, "empty"); got != "" {
		t.Errorf("empty blob holds %q", got)
	}
}

func testLimit(t *testing.T, s Store) {
	ctx := t.Context()
	put(t, s, key, "old")
	_, err := s.Put(ctx, key, strings.NewReader("12345"), 4)
	want(t, "too long", err, voice.Limit)
	if _, err := s.Put(ctx, "just", strings.NewReader("1234"), 4); err != nil {
		t.Error(err)
	}
	broken := errors.New("the upload broke off")
	if _, err = s.Put(ctx, key, io.MultiReader(strings.NewReader("new"), iotest.ErrReader(broken)), 100); !errors.Is(err, broken) {
		t.Errorf("broken upload gave %v", err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.Put(over, key, strings.NewReader("new"), 100)
	want(t, "caller gone", err, voice.Unavailable)
	if got := content(t, s, key); got != "old" {
		t.Errorf("a failed put left %q", got)
	}
	if list, err := s.List(ctx, ""); err != nil || len(list) != 2 {
		t.Errorf("left: %v, %v", list, err)
	}
}

func testKeys(t *testing.T, s Store) {
	ctx := t.Context()
	for _, bad := range []string{
		"", "/", "/a", "a/", "a//b", "..", "a/../b", "../a", ".hidden", "a/.b", "a b", "a\x00b", "a\\b", "å", "a/b.part",
		"1/2/3/4/5/6/7/8/9", strings.Repeat("a", blob.MaxKey+1), "~", "a:b", "C:/a", "a\n",
	} {
		_, err := s.Put(ctx, bad, strings.NewReader("x"), 9)
		want(t, "put "+bad, err, voice.Invalid)
		_, err = s.Open(ctx, bad)
		want(t, "open "+bad, err, voice.Invalid)
		_, err = s.Stat(ctx, bad)
		want(t, "stat "+bad, err, voice.Invalid)
		want(t, "delete "+bad, s.Delete(ctx, bad), voice.Invalid)
		_, err = s.Create(ctx, bad)
		want(t, "create "+bad, err, voice.Invalid)
		_, _, err = s.Reopen(ctx, bad)
		want(t, "reopen "+bad, err, voice.Invalid)
	}
	put(t, s, "VAk3v0_x-1.2.wav", "x")
	_, err := s.Open(ctx, "recordings")
	want(t, "a folder is no blob", err, voice.NotExist)
}

func testList(t *testing.T, s Store) {
	ctx := t.Context()
	for _, k := range []string{"b/2", "a/1", "b/1/x", "bb"} {
		put(t, s, k, k)
	}
	d, err := s.Create(ctx, "b/3")
	if err != nil {
		t.Fatal(err)
	}
	for prefix, wanted := range map[string]string{
		"": "a/1 b/1/x b/2 bb", "b": "b/1/x b/2 bb", "b/": "b/1/x b/2", "b/1": "b/1/x", "c": "", "c/d/": "",
	} {
		list, err := s.List(ctx, prefix)
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, info := range list {
			have = append(have, info.Key)
			if info.Size != int64(len(info.Key)) {
				t.Errorf("%s has size %d", info.Key, info.Size)
			}
		}
		if got := strings.Join(have, " "); got != wanted {
			t.Errorf("list %q gave %q, want %q", prefix, got, wanted)
		}
	}
	_, err = s.List(ctx, "../")
	want(t, "list outside", err, voice.Invalid)
	if err := d.Discard(); err != nil {
		t.Error(err)
	}
}

func testDrafts(t *testing.T, s Store) {
	ctx := t.Context()
	d, err := s.Create(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Create(ctx, key)
	want(t, "second draft", err, voice.Exists)
	_, err = s.Stat(ctx, key)
	want(t, "a draft is no blob yet", err, voice.NotExist)
	for _, text := range []string{"HEAD", "one", "two"} {
		if _, err := io.WriteString(d, text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.WriteAt([]byte("head"), 0); err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(d, "end"); err != nil {
		t.Error(err)
	}
	if err := d.Truncate(12); err != nil {
		t.Error(err)
	}
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	back := make([]byte, 20)
	if n, err := d.ReadAt(back, 4); err != io.EOF || string(back[:n]) != "onetwoen" {
		t.Errorf("read back %q, %v", back[:n], err)
	}
	info, err := d.Finish()
	sum := sha256.Sum256([]byte("headonetwoen"))
	if err != nil || info.Size != 12 || info.Key != key || info.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("finish gave %+v, %v", info, err)
	}
	if got := content(t, s, key); got != "headonetwoen" {
		t.Errorf("blob holds %q", got)
	}
	_, err = d.Finish()
	want(t, "finish again", err, voice.Conflict)
	if err := d.Discard(); err != nil {
		t.Errorf("discard after finish: %v", err)
	}
	_, err = s.Create(ctx, key)
	want(t, "draft of a blob", err, voice.Exists)
	_, _, err = s.Reopen(ctx, key)
	want(t, "reopen what is finished", err, voice.NotExist)

	d, err = s.Create(ctx, "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(); err != nil {
		t.Error(err)
	}
	_, _, err = s.Reopen(ctx, "x")
	want(t, "reopen what was discarded", err, voice.NotExist)
}

func testReopen(t *testing.T, s Store) {
	ctx := t.Context()
	d, err := s.Create(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(d, "before"); err != nil {
		t.Fatal(err)
	}
	again, size, err := s.Reopen(ctx, key)
	if err != nil || size != 6 {
		t.Fatalf("reopen gave size %d, %v", size, err)
	}
	if _, err := io.WriteString(again, " after"); err != nil {
		t.Error(err)
	}
	if _, err := again.Finish(); err != nil {
		t.Error(err)
	}
	if got := content(t, s, key); got != "before after" {
		t.Errorf("blob holds %q", got)
	}
	if err := d.Discard(); err != nil {
		t.Errorf("discard of the old handle: %v", err)
	}
	if got := content(t, s, key); got != "before after" {
		t.Errorf("after the old handle's discard the blob holds %q", got)
	}
}

func testConcurrent(t *testing.T, s Store) {
	ctx := t.Context()
	text := bytes.Repeat([]byte("x"), 100_000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Put(ctx, key, bytes.NewReader(text), 1<<20); err != nil {
				t.Error(err)
			}
			r, err := s.Open(ctx, key)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			if b, err := io.ReadAll(r); err != nil || !bytes.Equal(b, text) {
				t.Errorf("read %d bytes, %v", len(b), err)
			}
			if _, err := s.List(ctx, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
