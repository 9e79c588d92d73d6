package child_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"tandem/internal/child"
	"tandem/internal/voice"
)

func script(t *testing.T, text string) child.Process {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh to play the engine")
	}
	return child.Process{Path: sh, Args: []string{"-c", text}, MaxOutput: 1000}
}

func TestProcess(t *testing.T) {
	const text = "$(echo no) `x` \"q\"\n"
	if out, err := script(t, "cat").Run(t.Context(), strings.NewReader(text)); err != nil || string(out) != text {
		t.Errorf("%q, %v", out, err)
	}
	for _, c := range []struct{ text, problem string }{
		{"echo it broke >&2; exit 3", "exit status 3: it broke"},
		{"head -c 5000 /dev/zero", "wrote more than 1000 bytes"},
		{"kill -9 $$", "signal: killed"},
	} {
		if _, err := script(t, c.text).Run(t.Context(), strings.NewReader("")); !voice.IsKind(err, voice.Unavailable) || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	if _, err := (child.Process{Path: "/does/not/exist"}).Run(t.Context(), strings.NewReader("")); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("without a program: %v", err)
	}
}

func TestProcessIsKilledWithItsChildren(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	// The grandchild holds the pipe open: only killing it too ends Run.
	if _, err := script(t, "sleep 600 & sleep 600").Run(ctx, strings.NewReader(strings.Repeat("unread ", 100_000))); !voice.IsKind(err, voice.Unavailable) {
		t.Errorf("got %v", err)
	}
}
