package tts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"tandem/internal/voice"
)

// Niceness of the processes that Process runs: live calls come first.
const Niceness = 10

// Process is an engine that runs as a program of its own: text in on standard
// input, sound out on standard output. No shell is involved.
type Process struct {
	Path      string
	Args      []string
	Dir       string // working folder; "" = the program's
	MaxOutput int    // bytes; more is an error
}

// Run feeds input and gives what the program wrote. When ctx ends, the program
// and its children are killed. Unavailable when it can't be run, fails or
// writes more than MaxOutput.
func (p Process) Run(ctx context.Context, input string) ([]byte, error) {
	const op = "tts.Process"
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Dir = p.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=/nonexistent"}
	cmd.Stdin = strings.NewReader(input)
	out, problem := &bounded{max: p.MaxOutput}, &bounded{max: 4096, drop: true}
	cmd.Stdout, cmd.Stderr = out, problem
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, voice.E(op, voice.Unavailable, err)
	}
	// A process that has ended already, or a system that refuses, is no harm.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, Niceness)
	err := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, voice.Errorf(op, voice.Unavailable, "%s was stopped: %w", p.Path, context.Cause(ctx))
	case out.over:
		return nil, voice.Errorf(op, voice.Unavailable, "%s wrote more than %d bytes", p.Path, p.MaxOutput)
	case err != nil:
		if words := problem.words(); words != "" {
			err = fmt.Errorf("%w: %s", err, words)
		}
		return nil, voice.Errorf(op, voice.Unavailable, "%s failed: %w", p.Path, err)
	}
	return out.b.Bytes(), nil
}

var errTooMuch = errors.New("too much output")

// bounded keeps up to max bytes; what comes after is dropped or an error.
type bounded struct {
	b    bytes.Buffer
	max  int
	drop bool
	over bool // there was more
}

func (w *bounded) Write(p []byte) (int, error) {
	if room := w.max - w.b.Len(); len(p) > room {
		w.over = true
		if !w.drop {
			return 0, errTooMuch
		}
		w.b.Write(p[:max(room, 0)])
		return len(p), nil
	}
	return w.b.Write(p)
}

// words gives the first line of what the program complained.
func (w *bounded) words() string {
	line, _, _ := strings.Cut(strings.TrimSpace(w.b.String()), "\n")
	return strings.ToValidUTF8(line, "?")
}
