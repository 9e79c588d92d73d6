package phone_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tandem/internal/phone"
)

// lines is an output that several goroutines may write to.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func TestRun(t *testing.T) {
	b := newPhone(t, phone.Options{Username: "b"})
	heard := make(chan string, 1)
	go func() {
		defer close(heard)
		in := <-b.Incoming()
		ctx := limit(t, 10*time.Second)
		in.Answer(ctx)
		in.Play(ctx, sine(700, 300*time.Millisecond))
		waitFor(t, "three keys", func() bool { return len(in.KeysHeard()) == 3 })
		in.Hangup(ctx)
		heard <- in.KeysHeard()
	}()
	file := filepath.Join(t.TempDir(), "heard.wav")
	var out lines
	err := phone.Run(limit(t, 20*time.Second), phone.RunOptions{URI: b.URI(), Keys: "200ms 12 100ms #",
		Record: file, Sound: sine(900, 5*time.Second), For: 15 * time.Second, JSON: true, Out: &out})
	if err != nil { // that the far end hangs up in the middle of the sound is no error
		t.Error(err)
	}
	if got := <-heard; got != "12#" {
		t.Errorf("far end heard %q", got)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	samples, err := phone.ReadWAV(f)
	if err != nil || level(loud(samples), 700) < 0.25 {
		t.Errorf("recording: %d samples, %v", len(samples), err)
	}
	var last struct {
		Event, Ending string
		Answered      bool
	}
	all := strings.Split(strings.TrimSpace(out.b.String()), "\n")
	for _, line := range all {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	if last.Event != "summary" || !last.Answered || last.Ending != "far end hung up" {
		t.Errorf("last line %+v", last)
	}
}

func TestRunFailures(t *testing.T) {
	b := newPhone(t, phone.Options{Username: "b"})
	go func() {
		for in := range 2 {
			c, ok := <-b.Incoming()
			if !ok {
				return
			}
			if in == 0 {
				c.Reject(486)
			} else {
				c.Ring(false)
			}
		}
	}()
	var out lines
	run := func(o phone.RunOptions) error {
		o.Out = &out
		return phone.Run(limit(t, 10*time.Second), o)
	}
	if err := run(phone.RunOptions{URI: b.URI()}); err == nil || err.Error() != "call refused: 486 Busy Here" {
		t.Errorf("refused: %v", err)
	}
	if err := run(phone.RunOptions{URI: b.URI(), For: 300 * time.Millisecond}); err == nil || !strings.Contains(err.Error(), "not answered within 300ms") {
		t.Errorf("unanswered: %v", err)
	}
	if err := run(phone.RunOptions{URI: "nobody"}); err == nil || !strings.Contains(err.Error(), `"nobody" is not a SIP address`) {
		t.Errorf("bad address: %v", err)
	}
	if err := run(phone.RunOptions{URI: b.URI(), Keys: "1 x"}); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("bad keys: %v", err)
	}
	if err := run(phone.RunOptions{URI: b.URI(), Play: "/nowhere.wav"}); err == nil {
		t.Error("a missing file was played")
	}
	if !strings.Contains(out.b.String(), "received 486 Busy Here (INVITE)") {
		t.Errorf("output:\n%s", out.b.String())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := phone.Run(ctx, phone.RunOptions{URI: b.URI(), Out: &out}); err == nil {
		t.Error("a cancelled call succeeded")
	}
}
