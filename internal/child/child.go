// Package child runs other programs: input on standard input, the result on
// standard output, with bounds on time, memory and output. No shell is involved
// and nobody's text reaches a command line.
//
// It keeps nothing and starts no goroutine that outlives Run; a Process is plain
// data that any number of goroutines may use.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tandem/internal/voice"
)

// Niceness of the programs that are run: live calls come first.
const Niceness = 10

// Process is a program to be run.
type Process struct {
	Path      string
	Args      []string
	Dir       string // working folder; "" = this program's
	MaxOutput int    // bytes; more is an error
	// Memory bounds the address space in bytes and CPU the processor time; 0 = no
	// bound of its own.
	Memory uint64
	CPU    time.Duration
}

// Run feeds input and gives what the program wrote. When ctx ends, the program
// and its children are killed. Unavailable when it can't be run, fails or
// writes more than MaxOutput.
func (p Process) Run(ctx context.Context, input io.Reader) ([]byte, error) {
	const op = "child.Run"
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Dir = p.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=/nonexistent"}
	cmd.Stdin = input
	out, problem := &bounded{max: p.MaxOutput}, &bounded{max: 4096, drop: true}
	cmd.Stdout, cmd.Stderr = out, problem
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, voice.E(op, voice.Unavailable, err)
	}
	p.bound(cmd.Process.Pid)
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

// bound sets the limits of a program that runs. One that has ended already, or
// a system that refuses, is no harm.
func (p Process) bound(pid int) {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, Niceness)
	if p.Memory > 0 {
		_ = unix.Prlimit(pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: p.Memory, Max: p.Memory}, nil)
	}
	if s := uint64(p.CPU / time.Second); s > 0 {
		_ = unix.Prlimit(pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: s, Max: s}, nil)
	}
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
