package mailer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of the child process that makes MP3.
const (
	lameTime   = 2 * time.Minute
	lameMemory = 512 << 20 // bytes of address space
	lameNice   = 10        // live calls come first
)

// mp3 turns a stored WAV file into MP3 by lame, run as a child process with
// bounds on time, memory and output. No text of anybody reaches its command
// line.
func (m *Mailer) mp3(ctx context.Context, blobKey string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lameTime, fmt.Errorf("lame did not end within %s", lameTime))
	defer cancel()
	file, err := m.cfg.Blobs.Open(ctx, blobKey)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	cmd := exec.CommandContext(ctx, m.cfg.Lame, "--silent", "-m", "m", "-b", "32", "-", "-")
	out, problem := &bounded{max: MaxAttachment}, &bounded{max: 1000}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, out, problem
	cmd.Env = []string{"LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// A process that has ended already needs no bounds.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, lameNice)
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_AS, &unix.Rlimit{Cur: lameMemory, Max: lameMemory}, nil)
	_ = unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: 120, Max: 120}, nil)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case out.over:
		return nil, fmt.Errorf("the MP3 is larger than %d bytes", MaxAttachment)
	case err != nil:
		return nil, fmt.Errorf("lame failed: %w: %s", err, strings.TrimSpace(problem.b.String()))
	case out.b.Len() == 0:
		return nil, errors.New("lame made no sound")
	}
	return out.b.Bytes(), nil
}

// bounded keeps up to max bytes and refuses more.
type bounded struct {
	b    bytes.Buffer
	max  int
	over bool
}

func (w *bounded) Write(p []byte) (int, error) {
	if len(p) > w.max-w.b.Len() {
		w.over = true
		return 0, errors.New("too much output")
	}
	return w.b.Write(p)
}
