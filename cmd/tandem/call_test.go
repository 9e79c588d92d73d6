package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/internal/phone"
)

// TestCallCommand calls a telephone that hangs up once it has heard key 5.
func TestCallCommand(t *testing.T) {
	p, err := phone.New(phone.Options{Username: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string, 1)
	go func() {
		c := <-p.Incoming()
		if err := c.Answer(context.Background()); err != nil {
			done <- err.Error()
			return
		}
		<-c.Done()
		done <- c.KeysHeard()
	}()
	defer p.Close()

	var out, errs bytes.Buffer
	wav := filepath.Join(t.TempDir(), "heard.wav")
	status := run([]string{"call", p.URI(), "--keys", "100ms 5", "--for", "1500ms", "--record", wav, "--say", "one two three"}, &out, &errs)
	if status != 0 || errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	if keys := <-done; keys != "5" {
		t.Errorf("the far end heard %q, want key 5", keys)
	}
	if !strings.Contains(out.String(), "200 OK (INVITE)") {
		t.Errorf("the timeline has no answer:\n%s", out.String())
	}
	if st, err := os.Stat(wav); err != nil || st.Size() < 8000 {
		t.Errorf("recording: %v, %v", st, err)
	}
}

func TestCallCommandRefused(t *testing.T) {
	p, err := phone.New(phone.Options{Username: "bob"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	done := make(chan error, 1)
	go func() { done <- (<-p.Incoming()).Reject(486) }()
	var out, errs bytes.Buffer
	if status := run([]string{"call", p.URI(), "--json"}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "486") {
		t.Errorf("status %d: %s", status, errs.String())
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{
		{"call", "not an address"},
		{"call", p.URI(), "--keys", "x!"},
		{"call", p.URI(), "--say", "a", "--play", "b"},
		{"call", p.URI(), "--play", filepath.Join(t.TempDir(), "none.wav")},
	} {
		errs.Reset()
		if status := run(args, &out, &errs); status == 0 || !strings.HasPrefix(errs.String(), "tandem: ") {
			t.Errorf("%v: status %d, %q", args, status, errs.String())
		}
	}
}
