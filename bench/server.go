package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// serverCommand is the command line of the server as data: words in braces
// are replaced by the values of the run.
type serverCommand struct {
	Binary string
	Args   []string // may hold {data}, {http}, {sip}, {rtp}
	Env    []string
}

func defaultServer(binary string) serverCommand {
	return serverCommand{
		Binary: binary,
		Args:   []string{"serve", "--data", "{data}", "--http", "{http}", "--sip", "{sip}", "--rtp", "{rtp}", "--public", "127.0.0.1"},
		Env:    []string{"TANDEM_ALLOW_LOOPBACK=1"},
	}
}

// server is a running server that this program started.
type server struct {
	command serverCommand
	data    string
	http    string
	sip     string
	tls     string // SIP over TLS
	log     string // file that holds its output
	cmd     *exec.Cmd
	exited  chan error
}

const (
	startTime = 30 * time.Second
	stopTime  = 10 * time.Second
)

// startServer starts the server on one core, before other work when first is
// set, with everything it keeps in dir, and waits until it answers over HTTP.
func startServer(ctx context.Context, c serverCommand, dir, rtp string, core int, first bool) (*server, error) {
	s := &server{command: c, data: filepath.Join(dir, "data"), log: filepath.Join(dir, "server.log"), exited: make(chan error, 1)}
	var err error
	if s.http, err = freePort("tcp"); err != nil {
		return nil, err
	}
	if s.sip, err = freePort("udp"); err != nil {
		return nil, err
	}
	if s.tls, err = freePort("tcp"); err != nil {
		return nil, err
	}
	// What has no flag of its own stands in a file of settings.
	if err := errors.Join(os.MkdirAll(s.data, 0o700), os.WriteFile(filepath.Join(s.data, "tandem.conf"), []byte("sip_tls = "+s.tls+"\n"), 0o600)); err != nil {
		return nil, err
	}
	fill := strings.NewReplacer("{data}", s.data, "{http}", s.http, "{sip}", s.sip, "{rtp}", rtp)
	var args []string
	for _, a := range c.Args {
		args = append(args, fill.Replace(a))
	}
	out, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s.cmd = exec.Command(c.Binary, args...)
	s.cmd.Env = append(os.Environ(), c.Env...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	// A session of its own: a scheduling group, and no Ctrl-C but ours.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := onCore(core, s.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Binary, err)
	}
	go func() { s.exited <- s.cmd.Wait() }()
	if first {
		err = favour(s.cmd.Process.Pid)
	}
	if err == nil {
		err = s.ready(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// freePort finds a port of 127.0.0.1 that is free for the moment.
func freePort(network string) (string, error) {
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		defer c.Close()
		return c.LocalAddr().String(), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+"/", nil)
		if err != nil {
			return err
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			return res.Body.Close()
		}
		select {
		case err := <-s.exited:
			s.exited <- err
			return fmt.Errorf("the server ended at once (%v):\n%s", err, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer at %s:\n%s", s.http, s.tail())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail is the end of what the server printed.
func (s *server) tail() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-3000):])
}

// stop asks the server to end and kills it when it does not.
func (s *server) stop() error {
	select {
	case err := <-s.exited:
		s.exited <- err
		return nil // it has ended already
	default:
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-s.exited:
		s.exited <- err
		return nil
	case <-time.After(stopTime):
		err := s.cmd.Process.Kill()
		<-s.exited
		return errors.Join(errors.New("the server did not end on SIGTERM"), err)
	}
}

// run runs a command of the same binary on the server's data and returns what
// it printed.
func (s *server) run(ctx context.Context, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.command.Binary, append(args, "--data", s.data)...)
	cmd.Env = append(os.Environ(), s.command.Env...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
